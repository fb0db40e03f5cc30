"""Remove heads in one order and measure the KL divergence after each step."""

from synergy.ablation.order_files import write_order
from synergy.ablation.recorded_answers import read_answers
from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to, progress
from synergy.files.kept_results import Kept, Unfinished
from synergy.files.provenance import provenance, versions_of
from synergy.heads.orders import layer_share, ordered_heads, step_counts
from synergy.models.model_folder import model_identity


def ablate_heads(
    model: str,
    record: str,
    tokens: str,
    ranking: str,
    order: str,
    dtype: str,
    n_prompts: int,
    step: float,
    max_fraction: float,
    batch_size: int,
    residual_cache: str,
    threads: int,
    output: str,
    kept: str | None = None,
) -> None:
    """Measure KL(original ‖ ablated) in nats per number of heads removed and prompt.

    `order` is kind and seed (``random-3``), after ``mean-`` if heads give their mean output instead of zeros; `step` is
    a number of heads, below 1 a share. A curve that was measured before and lies in the folder `kept` is taken from
    there. An interrupted run goes on after its finished batches.
    """
    fetched = read_json(record, "model_record")
    answered = read_answers(tokens, fetched, n_prompts)
    layers, heads_in_layer = fetched["geometry"]["layers"], fetched["geometry"]["heads"]
    method, heads = ordered_heads(order, ranking, layers * heads_in_layer)
    counts = step_counts(len(heads), step, max_fraction)
    ideal = layer_share(heads, counts, layers, heads_in_layer)
    print(f"layers that must run at a step, on average: {ideal:.0%} of all")

    parameters = {"order": order, "step": step, "max_fraction": max_fraction, "dtype": dtype, "batch_size": batch_size}
    result = Kept(
        kept,
        "order",
        {
            **model_identity(model, fetched),
            **parameters,
            "answers": answered.fingerprint,
            "method": method,
            "removed": heads[: counts[-1]].tolist(),
            "counts": counts,
            "code": [
                library_code("models.loading", "load_model"),
                library_code("ablation.sweep", "measure_curve"),
                library_code("ablation.order_files", "write_order"),
            ],
            "packages": versions_of("torch", "transformers"),
        },
    )
    if result.find({"kl": output}):
        Unfinished(output, result.key).remove()
        return
    import torch

    from synergy.ablation.sweep import decided_by, measure_curve
    from synergy.models.loading import load_model

    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], dtype)
    unfinished = Unfinished(output, decided_by(language_model, result.key))
    done = unfinished.load((len(counts), n_prompts))
    with progress(None, f"ablating {order}", "step", total=len(counts) * n_prompts) as bar:
        kl_nats = measure_curve(
            language_model,
            answered.prompts,
            answered.answers,
            heads,
            counts,
            batch_size,
            method,
            residual_cache,
            bar.update,
            done,
            unfinished.save,
        )
    made_by = provenance("ablate_heads", parameters, answered.provenance)
    write_order(output, made_by, kl_nats, answered, heads, counts, method, ideal)
    unfinished.remove()
    result.keep({"kl": output}, made_by)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        ablate_heads(
            model=snakemake.input.model,
            record=snakemake.input.record,
            tokens=snakemake.input.tokens,
            ranking=snakemake.input.ranking,
            order=snakemake.wildcards.order,
            residual_cache=snakemake.params.residual_cache,
            threads=snakemake.threads,
            output=snakemake.output.kl,
            kept=snakemake.params.kept,
            **snakemake.params.settings,
        )
