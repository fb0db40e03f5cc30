"""Record every attention head of a model while it answers the prompts."""

import numpy as np

from synergy.artifacts import read_json, write_json, write_npz
from synergy.console import logged_to, progress
from synergy.forms import MODEL_RECORD
from synergy.prompts import load_prompts
from synergy.provenance import provenance


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

    from synergy.generation import in_batches
    from synergy.models import load_model, prompt_ids
    from synergy.recording import Recording, record

    asked = load_prompts(prompts)
    fetched = read_json(prefetched, MODEL_RECORD)
    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], stanza["dtype"])
    template_arguments = stanza["chat_template_arguments"]
    ids = [prompt_ids(language_model.tokenizer, p.text, stanza["prompt_format"], template_arguments) for p in asked]

    recorded: list[Recording] = []
    with progress(None, "recording", "token", total=n_tokens * len(ids)) as bar:

        def record_batch(batch: list) -> Recording:
            # Tokens of a batch that ran out of memory do not count.
            bar.update(n_tokens * sum(len(done.generated) for done in recorded) - bar.n)
            return record(language_model, batch, n_tokens, top_logprobs, bar.update)

        for _, batch in in_batches(ids, batch_size, record_batch):
            recorded.append(batch)

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(batch, name) for batch in recorded])

    generated, natural_length = joined("generated"), joined("natural_length")
    parameters = {"n_tokens": n_tokens, "dtype": stanza["dtype"], "prompt_format": stanza["prompt_format"]}
    made_by = provenance("record_activations", parameters, fetched["provenance"])
    write_npz(
        activations,
        made_by,
        activations=joined("activations"),
        n_tokens=np.full(len(ids), n_tokens),
        category=np.array([p.category for p in asked]),
        natural_length=natural_length,
        activations_after_output=joined("activations_after_output"),
    )
    names = ("token_logprob", "entropy", "topk_ids", "topk_logprobs")
    write_npz(logits, made_by, **{name: joined(name) for name in names})
    answers = [
        {
            "id": p.id,
            "category": p.category,
            "text": p.text,
            "prompt_ids": ids[row],
            "generated_ids": generated[row].tolist(),
            "natural_length": int(natural_length[row]),
            "answer": language_model.tokenizer.decode(generated[row]),
        }
        for row, p in enumerate(asked)
    ]
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
