"""Remove heads in one range of the orders and measure the KL divergence after each step."""

from collections.abc import Sequence
from pathlib import Path

from synergy.ablation.order_files import write_order
from synergy.ablation.recorded_answers import Answered, read_answers
from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to, progress
from synergy.files.folders import atomic_folder
from synergy.files.kept_results import Kept, Unfinished
from synergy.files.provenance import provenance, versions_of
from synergy.files.shards import dealt
from synergy.heads.orders import NamedOrder, named_orders
from synergy.models.model_folder import model_identity


def ablate_heads(
    model: str,
    record: str,
    tokens: str,
    ranking: str,
    names: Sequence[str],
    fine: Sequence[str],
    scatteritem: str,
    dtype: str,
    n_prompts: int,
    step: float,
    fine_step: float,
    max_fraction: float,
    batch_size: int,
    residual_cache: str,
    threads: int,
    folder: str,
    checksums: str,
    kept: str | None = None,
    gpus: int = 1,
) -> None:
    """Measure KL(original ‖ ablated) in nats per number of heads removed and prompt, an npz an order into `folder`.

    The model is loaded once. An order that was measured before and lies in the folder `kept` is taken from there, and
    each is kept there once it is measured; an interrupted run goes on after the batches that its orders have.

    Parameters
    ----------
    names, fine : all orders (``random-3``, or ``mean-random-3`` if heads give their mean output instead of zeros), and
        those among them that are measured at every `fine_step` as well.
    scatteritem : the range of the orders, ``k-of-n``, dealt in turns.
    step, fine_step : numbers of heads, below 1 shares.
    """
    fetched = read_json(record, "model_record")
    answered = read_answers(tokens, fetched, n_prompts)
    asked = {"step": step, "max_fraction": max_fraction, "dtype": dtype, "batch_size": batch_size}
    layers, heads = (fetched["geometry"][axis] for axis in ("layers", "heads"))
    own = named_orders(dealt(scatteritem, names), fine, ranking, (layers, heads), step, fine_step, max_fraction)
    results = {order.name: Kept(kept, "order", _made_of(order, model, fetched, answered, asked)) for order in own}
    with atomic_folder(folder, checksums) as partial:
        paths = {order.name: partial / f"{order.name}.npz" for order in own}
        left = [order for order in own if not results[order.name].find({"kl": paths[order.name]})]
        if not left:
            return
        import torch

        from synergy.ablation.sweep import Removal, decided_by, measure_curves
        from synergy.models.loading import load_model

        torch.set_num_threads(threads)
        language_model = load_model(model, fetched["weights"], dtype, gpus=gpus)
        begun = {
            name: Unfinished(Path(folder).with_name(name), decided_by(language_model, result.key))
            for name, result in results.items()
        }

        def save(order: NamedOrder, kl_nats) -> None:
            begun[order.name].save(kl_nats)
            if order.is_complete(kl_nats):
                made_by = provenance("ablate_heads", {"order": order.name, **asked}, answered.provenance)
                write_order(paths[order.name], made_by, kl_nats, answered, order)
                results[order.name].keep({"kl": paths[order.name]}, made_by)

        total = sum(len(order.counts) for order in left) * n_prompts
        with progress(None, f"ablating {len(left)} orders", "step", total=total) as bar:
            for method in dict.fromkeys(order.method for order in left):
                alike = [order for order in left if order.method == method]
                done = [begun[order.name].load((len(order.counts), n_prompts)) for order in alike]
                for order, kl_nats in zip(alike, done, strict=True):
                    if kl_nats is not None and order.is_complete(kl_nats):
                        save(order, kl_nats)
                measure_curves(
                    language_model,
                    answered.prompts,
                    answered.answers,
                    [Removal(order.heads, order.counts) for order in alike],
                    batch_size,
                    method,
                    residual_cache,
                    bar.update,
                    done,
                    lambda place, kl_nats, alike=alike: save(alike[place], kl_nats),
                )
    for unfinished in begun.values():
        unfinished.remove()


def _made_of(order: NamedOrder, model: str, fetched: dict, answered: Answered, asked: dict) -> dict:
    """Everything that decides the file of an order."""
    return {
        **model_identity(model, fetched),
        **asked,
        "order": order.name,
        "answers": answered.fingerprint,
        "method": order.method,
        "removed": order.heads[: order.counts[-1]].tolist(),
        "counts": order.counts,
        "compared": order.compared,
        "code": [
            library_code("models.loading", "load_model"),
            library_code("ablation.sweep", "measure_curves"),
            library_code("ablation.order_files", "write_order"),
        ],
        "packages": versions_of("torch", "transformers"),
    }


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        ablate_heads(
            model=snakemake.input.model,
            record=snakemake.input.record,
            tokens=snakemake.input.tokens,
            ranking=snakemake.input.ranking,
            scatteritem=snakemake.wildcards.scatteritem,
            residual_cache=snakemake.params.residual_cache,
            threads=snakemake.threads,
            folder=snakemake.output.folder,
            checksums=snakemake.output.checksums,
            kept=snakemake.params.kept,
            gpus=snakemake.params.gpus,
            **snakemake.params.settings,
        )
