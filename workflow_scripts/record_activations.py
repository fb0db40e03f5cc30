"""Record every attention head of a model while it answers the prompts."""

from dataclasses import asdict
from pathlib import Path

from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to
from synergy.files.kept_results import Kept, digest_of, require_ours
from synergy.files.provenance import provenance, versions_of
from synergy.models.model_folder import model_identity
from synergy.recording.prompts import load_prompts, text_pieces


def record_activations(
    model: str,
    prefetched: str,
    prompts: str,
    dtype: str,
    prompt_format: str,
    template_arguments: dict,
    n_tokens: int,
    top_logprobs: int,
    batch_size: int,
    threads: int,
    activations: str,
    logits: str,
    tokens: str,
    kept: str | None = None,
    gpus: int = 1,
) -> None:
    """Generate `n_tokens` greedily for each prompt; write head norms, token statistics and tokens.

    A recording that was made before and lies in the folder `kept` is taken from there. InputError: a file at
    `activations` that this workflow did not make, or did not keep.
    """
    require_ours(activations)
    asked = load_prompts(prompts)
    fetched = read_json(prefetched, "model_record")
    parameters = {"n_tokens": n_tokens, "dtype": dtype, "prompt_format": prompt_format}
    result = Kept(
        kept,
        "recording",
        {
            **model_identity(model, fetched),
            **parameters,
            "prompts": digest_of([asdict(prompt) for prompt in asked]),
            "template_arguments": template_arguments,
            "top_logprobs": top_logprobs,
            "batch_size": batch_size,
            "code": [
                library_code("models.loading", "load_model", "prompt_ids"),
                library_code("recording.recorder", "record_in_batches", "write_recording"),
            ],
            "packages": versions_of("torch", "transformers", "tokenizers"),
        },
    )
    outputs = {"activations": activations, "logits": logits, "tokens": tokens}
    if (result.stands(activations) and Path(logits).exists() and Path(tokens).exists()) or result.find(outputs):
        return
    import torch

    from synergy.models.loading import load_model, prompt_ids
    from synergy.recording.recorder import record_in_batches, write_recording

    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], dtype, gpus=gpus)
    tokenizer = language_model.tokenizer
    ids = [prompt_ids(tokenizer, prompt.text, prompt_format, template_arguments) for prompt in asked]
    language_model.require_room(ids, n_tokens)
    recorded = record_in_batches(language_model, ids, n_tokens, top_logprobs, batch_size)
    texts = [tokenizer.decode(answer) for answer in recorded.generated]
    pieces = [text_pieces(tokenizer.decode, answer) for answer in recorded.generated]
    made_by = provenance("record_activations", parameters, fetched["provenance"]) | {"key": result.key}
    write_recording(recorded, asked, ids, texts, pieces, made_by, **outputs)
    result.keep(outputs, made_by)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        record_activations(
            model=snakemake.input.model,
            prefetched=snakemake.input.record,
            prompts=snakemake.input.prompts,
            threads=snakemake.threads,
            activations=snakemake.output.activations,
            logits=snakemake.output.logits,
            tokens=snakemake.output.tokens,
            kept=snakemake.params.kept,
            gpus=snakemake.params.gpus,
            **snakemake.params.settings,
        )
