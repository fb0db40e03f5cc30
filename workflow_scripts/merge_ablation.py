"""Merge the ablation orders of a model into one table and its statistics."""

from collections.abc import Sequence

import numpy as np

from synergy.ablation_statistics import compare_orders, curve_rows
from synergy.artifacts import read_npz, write_csv, write_json
from synergy.console import logged_to
from synergy.provenance import provenance

COLUMNS = (
    "num_heads_removed",
    "mean_kl_div",
    "order_type",
    "fraction_removed",
    "seed",
    "kl_sd",
    "kl_ci_low",
    "kl_ci_high",
)


def merge_ablation(orders: Sequence[str], names: Sequence[str], seed: int, table: str, statistics: str) -> None:
    """Write the curves of all orders (KL in nats) to `table`, areas and ratios with intervals to `statistics`.

    Parameters
    ----------
    orders, names : files and their orders (``random-3``).
    seed : of the bootstrap over prompts.
    """
    curves = []
    for path, name in zip(orders, names, strict=True):
        curve, made_by = read_npz(path, ("kl_nats", "num_heads_removed", "n_heads_total", "prompt_id"))
        kind, order_seed = name.rsplit("-", 1)
        curves.append({**curve, "kind": kind, "seed": int(order_seed)})
    rows = [row for curve in curves for row in curve_rows(curve, seed)]
    write_csv(table, COLUMNS, rows)
    noise_floor = float(np.mean([curve["kl_nats"][0].mean() for curve in curves]))
    summary = {**compare_orders(curves, seed), "noise_floor_nats": noise_floor, "orders": list(names)}
    write_json(
        statistics,
        {
            **summary,
            "n_prompts": len(curves[0]["prompt_id"]),
            "provenance": provenance("merge_ablation", {"seed": seed}, made_by),
        },
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_ablation(
            orders=snakemake.input.orders,
            names=snakemake.params.names,
            seed=snakemake.params.seed,
            table=snakemake.output.ablation,
            statistics=snakemake.output.statistics,
        )
