"""Take the ablation orders of a model from their ranges; merge them into one table and its statistics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synergy.ablation.curves import compare_orders, curve_rows
from synergy.ablation.order_files import read_orders
from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.kept_results import require_ours
from synergy.files.provenance import provenance
from synergy.files.shards import take_from_ranges
from synergy.files.tables import write_table


def merge_ablation(
    ranges: Sequence[str],
    checksums: Sequence[str],
    names: Sequence[str],
    seed: int,
    orders: Sequence[str],
    table: str,
    statistics: str,
) -> None:
    """Write the curves of all orders (KL in nats) to `table`, areas and ratios with intervals to `statistics`.

    Parameters
    ----------
    ranges, checksums : folders of `ablate_heads`, which together hold all orders, and the sha256 of their files.
    names, orders : the orders (``random-3``, ``mean-random-3``), and where the file of each is put.
    seed : of the bootstrap over prompts, for the intervals of the curves.

    InputError: a user's table lies at `table`.
    """
    require_ours(table)
    take_from_ranges(ranges, checksums, orders)
    curves, made_by = read_orders(orders, names)
    write_table(table, pd.concat([curve_rows(curve, seed) for curve in curves]))
    of_method = {}
    for curve in curves:
        of_method.setdefault(curve["method"], []).append(curve)
    compared = {
        method: {**compare_orders(own), "noise_floor_nats": float(np.mean([c["kl_nats"][0] for c in own]))}
        for method, own in of_method.items()
    }
    first, *others = compared
    summary = {
        "method": first,
        **compared[first],
        "other_methods": {method: compared[method] for method in others},
        "orders": list(names),
        "layer_share": {curve["name"]: float(curve["layer_share"]) for curve in curves},
        "compared_at": curves[0]["compared"].tolist(),
        "max_fraction_removed": float(curves[0]["compared"][-1] / curves[0]["n_heads_total"]),
        "n_prompts": len(curves[0]["prompt_id"]),
        "prompt_id": curves[0]["prompt_id"].tolist(),
    }
    for name, ratio in summary["ratios"].items():
        print(f"area, {name}: {ratio['estimate']:.3f} [{ratio['ci_low']:.3f}, {ratio['ci_high']:.3f}]", end="")
        print(f", p = {ratio['p_value']:.2g} ({ratio['test']})")
    write_json(statistics, {**summary, "provenance": provenance("merge_ablation", {"seed": seed}, made_by)})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_ablation(
            ranges=snakemake.input.ranges,
            checksums=snakemake.input.checksums,
            orders=snakemake.output.orders,
            table=snakemake.output.ablation,
            statistics=snakemake.output.statistics,
            **snakemake.params.settings,
        )
