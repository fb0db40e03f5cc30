"""The real embedded model, from its wheel to the verdicts, with few prompts and steps."""

import json

import pytest
from workflow_run import check_results

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(embedded_run):
    """The folder of the finished run that the tests share."""
    return embedded_run


def test_artifacts_are_right(run):
    check_results(run)


def test_answers_are_those_of_the_librarys_own_generation(run):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(run / "resources/models/smollm2-135m", local_files_only=True)
    prompt = json.loads((run / "results/activations/smollm2-135m_tokens.json").read_text())["prompts"][0]
    generated = model.generate(
        torch.tensor([prompt["prompt_ids"]]),
        attention_mask=torch.ones(1, len(prompt["prompt_ids"]), dtype=torch.long),
        max_new_tokens=32,
        min_new_tokens=32,  # suppresses end-of-sequence
        do_sample=False,
        repetition_penalty=1.0,
    )
    assert generated[0, len(prompt["prompt_ids"]) :].tolist() == prompt["generated_ids"]


def test_the_trained_model_knows_more_than_its_untrained_control(run):
    def mean_logprob(model):
        import numpy as np

        with np.load(run / f"results/activations/{model}_logits.npz", allow_pickle=False) as logits:
            return logits["token_logprob"].mean()

    assert mean_logprob("smollm2-135m") > mean_logprob("smollm2-135m-random") + 1


def test_the_model_solves_some_of_the_problems_and_noise_in_many_heads_shows(run):
    records = (run / "results/ablation/math/smollm2-135m/baseline.jsonl").read_text().splitlines()
    correct = [json.loads(record)["correct"] for record in records]
    assert 0 < sum(correct) < len(correct)

    def nll(condition):
        lines = (run / f"results/ablation/math/smollm2-135m/{condition}.jsonl").read_text().splitlines()
        return sum(json.loads(line)["solution_nll"] for line in lines)

    assert nll("random-0.5-0") > nll("baseline")


@pytest.mark.parametrize(("method", "step"), [("zero", 27), ("zero", 90), ("mean", 90)])
def test_ablation_equals_plain_passes_of_one_prompt_at_a_time(run, method, step):
    """To 1e-5 nats with PyTorch's linear layers; oneDNN's round otherwise, by up to 4e-6 of a divergence of 8 nats."""
    import numpy as np
    from plain_ablation import plain_curve

    from synergy.ablation.sweep import Removal, measure_curves
    from synergy.files.tables import read_table
    from synergy.heads.orders import removal_order
    from synergy.models.loading import faster_linears, load_model

    model = load_model(run / "resources/models/smollm2-135m", {"kind": "trained"}, "float32", "cpu")
    for module in model.model.modules():
        module.__dict__.pop("forward", None)  # PyTorch's own linear layers
    recorded = json.loads((run / "results/activations/smollm2-135m_tokens.json").read_text())["prompts"][:3]
    prompts, answers = [p["prompt_ids"] for p in recorded], [p["generated_ids"] for p in recorded]
    ranking = read_table(run / "results/phiid_scores/smollm2-135m_head_rankings.csv")
    heads = removal_order("random" if step == 27 else "synergistic", 0, ranking)
    counts = [0, step, 2 * step, 270]
    slow = plain_curve(model, prompts, answers, heads, counts, method)
    (fast,) = measure_curves(model, prompts, answers, [Removal(heads, counts)], 2, method)
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-5)
    assert (fast[0] < 1e-9).all()
    faster_linears(model.model)
    (faster,) = measure_curves(model, prompts, answers, [Removal(heads, counts)], 2, method)
    np.testing.assert_allclose(faster, slow, rtol=1e-5, atol=1e-5)
