"""Ablation curves: one line an order from several seeds, and the area under it."""

from dataclasses import dataclass

import numpy as np

from synergy.files.tables import Table, select

CURVE_COLUMNS = (  # of the ablation table, that curves are drawn from
    *("num_heads_removed", "mean_kl_div", "order_type", "fraction_removed"),
    *("seed", "kl_ci_low", "kl_ci_high", "method"),
)


@dataclass(frozen=True)
class Curve:
    """KL in nats against the fraction of heads removed, all arrays (n_steps,).

    `low` and `high` hold the intervals and the spread over seeds together: the lowest `kl_ci_low` and the highest
    `kl_ci_high` of any seed.
    """

    fraction: np.ndarray
    kl: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_seeds: int


def methods(table: Table) -> list[str]:
    """What removed heads gave in the orders of a table, the configured one first."""
    return list(dict.fromkeys(map(str, table["method"])))


def curve_of_order(table: Table, order: str, method: str) -> Curve | None:
    """Mean over the seeds of one order, at the fractions that every seed has; None where the order was not run."""
    rows = select(table, order_type=np.str_(order), method=np.str_(method))
    seeds = np.unique(rows["seed"])
    if not seeds.size:
        return None
    fractions, counts = np.unique(rows["fraction_removed"], return_counts=True)
    fractions = fractions[counts == len(seeds)]
    at = [rows["fraction_removed"] == fraction for fraction in fractions]
    low = [np.fmin.reduce([*rows["kl_ci_low"][rows_at], *rows["mean_kl_div"][rows_at]]) for rows_at in at]
    high = [np.fmax.reduce([*rows["kl_ci_high"][rows_at], *rows["mean_kl_div"][rows_at]]) for rows_at in at]
    means = [rows["mean_kl_div"][rows_at].mean() for rows_at in at]
    return Curve(fractions, np.array(means), np.array(low), np.array(high), len(seeds))


def noise_floor(table: Table) -> float:
    """KL measured with no head removed, in nats: what rounding alone does. NaN where it was not measured."""
    at_zero = table["mean_kl_div"][table["num_heads_removed"] == 0]
    return float(at_zero.mean()) if at_zero.size else float("nan")
