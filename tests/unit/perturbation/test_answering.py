"""Answering: each row to its own end, whatever its company, and nothing lost when memory runs out."""

import re

import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.files.errors import InputError
from synergy.models.generation import GreedyDecoding
from synergy.perturbation.answering import Answer, answer_prompts
from synergy.perturbation.stopping import Stop

N_TOKENS = 12


def alone(model, prompts=PROMPTS, n_tokens=N_TOKENS, stop=None):
    """The answers to prompts asked one at a time."""
    return [answer_prompts(model, [prompt], n_tokens, 1, stop)[0] for prompt in prompts]


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


def test_answers_do_not_depend_on_the_batch_and_end_where_they_end(model):
    model.stop_ids = []
    free = alone(model)
    assert all(
        answer_prompts == Answer(answer_prompts.ids, True) and len(answer_prompts.ids) == N_TOKENS
        for answer_prompts in free
    )
    model.stop_ids = [free[1].ids[3], free[2].ids[7]]
    expected = alone(model)
    assert not expected[1].truncated
    assert expected[1].ids == free[1].ids[: len(expected[1].ids)]
    assert len(expected[1].ids) <= 3
    for batch_size in (2, 3, 64):
        assert answer_prompts(model, PROMPTS, N_TOKENS, batch_size) == expected


def test_answers_are_those_of_the_librarys_own_generation(model):
    model.stop_ids = []
    for prompt, (ids, _) in zip(PROMPTS, answer_prompts(model, PROMPTS, N_TOKENS, 3), strict=True):
        generated = model.model.generate(
            torch.tensor([prompt]), max_new_tokens=N_TOKENS, do_sample=False, eos_token_id=None, pad_token_id=0
        )
        assert generated[0, len(prompt) :].tolist() == ids


@pytest.mark.parametrize("batch_size", [1, 3])
def test_an_answer_ends_with_the_token_that_completes_a_stop(batch_size):
    model = tiny_model("qwen3")
    free = alone(model)
    text = model.tokenizer.decode(free[0].ids)
    stop = text[4:6]
    pattern = re.compile(f"nowhere to be found|{re.escape(stop)}")
    cut = answer_prompts(model, PROMPTS, N_TOKENS, batch_size, Stop(pattern, stop[-1]))
    assert not cut[0].truncated
    assert cut[0].ids == free[0].ids[: text.index(stop) + 2]
    assert [a.truncated for a in cut] == [stop not in model.tokenizer.decode(a.ids) for a in free]


def test_a_finished_row_costs_nothing_more(monkeypatch):
    model = tiny_model("llama")
    free = alone(model)
    model.stop_ids = [free[0].ids[0]]
    sizes = []
    append = GreedyDecoding.append
    monkeypatch.setattr(GreedyDecoding, "append", lambda self, t: (sizes.append(len(t)), append(self, t))[1])
    answers = answer_prompts(model, PROMPTS, N_TOKENS, 3)
    lengths = [len(a.ids) for a in answers]
    assert lengths[0] == 0
    # A row takes part in the passes after its own tokens alone, but for the last one.
    assert sum(sizes) == sum(lengths) - sum(a.truncated for a in answers)
    assert sizes == sorted(sizes, reverse=True)


def test_answers_are_told_as_they_end():
    model = tiny_model("llama")
    model.stop_ids = [alone(model)[2].ids[4]]
    told = []
    answers = answer_prompts(model, PROMPTS, N_TOKENS, 3, ended=lambda row, a: told.append((row, a)))
    assert sorted(told) == list(enumerate(answers))
    lengths = [len(a.ids) for _, a in told]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("capacity", [40, 64, 90])
def test_nothing_is_lost_when_memory_runs_out(monkeypatch, capsys, capacity):
    model = tiny_model("qwen3")
    prompts = [[5 + i, *range(20, 20 + i)] for i in range(6)]
    expected = alone(model, prompts)
    appended = []
    first, append = GreedyDecoding.__init__, GreedyDecoding.append

    def limited(self, tokens):
        rows, length = self._mask.shape
        if rows * (length + 1) > capacity:
            raise torch.cuda.OutOfMemoryError("out of memory")
        appended.append(rows)
        append(self, tokens)

    monkeypatch.setattr(GreedyDecoding, "append", limited)
    prefills = []
    monkeypatch.setattr(GreedyDecoding, "__init__", lambda s, m, p: (prefills.append(len(p)), first(s, m, p))[1])
    assert answer_prompts(model, prompts, N_TOKENS, 6) == expected
    assert "going on with batches of 3" in capsys.readouterr().out
    # Every token comes from one prefill or one pass: none was generated twice.
    assert sum(prefills) + sum(appended) == 6 * N_TOKENS


def test_memory_for_less_than_one_answer_is_said(monkeypatch):
    def full(self, tokens):
        raise torch.cuda.OutOfMemoryError("out of memory")

    monkeypatch.setattr(GreedyDecoding, "append", full)
    with pytest.raises(InputError, match=r"memory for one answer.*\n.*max_new_tokens"):
        answer_prompts(tiny_model("llama"), PROMPTS, N_TOKENS, 4)
