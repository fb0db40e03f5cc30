"""Record every attention head of a model while it answers the prompts."""

import numpy as np

from synergy.files.artifacts import read_json, write_json, write_npz
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.schemas import MODEL_RECORD
from synergy.recording.prompts import answer_records, load_prompts


def record_activations(
    model: str,
    prefetched: str,
    prompts: str,
    stanza: dict,
    n_tokens: int,
    top_logprobs: int,
    batch_size: int,
    threads: int,
    activations: str,
    logits: str,
    tokens: str,
) -> None:
    """Generate `n_tokens` greedily for each prompt; write head norms, token statistics and tokens."""
    import torch

    from synergy.models.loading import load_model, prompt_ids
    from synergy.recording.recorder import record_in_batches

    asked = load_prompts(prompts)
    fetched = read_json(prefetched, MODEL_RECORD)
    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], stanza["dtype"])
    template_arguments = stanza["chat_template_arguments"]
    ids = [prompt_ids(language_model.tokenizer, p.text, stanza["prompt_format"], template_arguments) for p in asked]

    recorded = record_in_batches(language_model, ids, n_tokens, top_logprobs, batch_size)
    parameters = {"n_tokens": n_tokens, "dtype": stanza["dtype"], "prompt_format": stanza["prompt_format"]}
    made_by = provenance("record_activations", parameters, fetched["provenance"])
    write_npz(
        activations,
        made_by,
        activations=recorded.activations,
        n_tokens=np.full(len(ids), n_tokens),
        category=np.array([p.category for p in asked]),
        natural_length=recorded.natural_length,
        activations_after_output=recorded.activations_after_output,
    )
    names = ("token_logprob", "entropy", "topk_ids", "topk_logprobs")
    write_npz(logits, made_by, **{name: getattr(recorded, name) for name in names})
    texts = [language_model.tokenizer.decode(answer) for answer in recorded.generated]
    answers = answer_records(asked, ids, recorded.generated, recorded.natural_length, texts)
    write_json(tokens, {"prompts": answers, "provenance": made_by})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        record_activations(
            model=snakemake.input.model,
            prefetched=snakemake.input.record,
            prompts=snakemake.input.prompts,
            stanza=snakemake.params.stanza,
            n_tokens=snakemake.params.n_tokens,
            top_logprobs=snakemake.params.top_logprobs,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            activations=snakemake.output.activations,
            logits=snakemake.output.logits,
            tokens=snakemake.output.tokens,
        )
