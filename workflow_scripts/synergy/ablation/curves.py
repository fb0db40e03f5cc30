"""Ablation curves: one line an order from several seeds, and the noise floor beneath them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

CURVE_COLUMNS = (  # of the ablation table, that curves are drawn from
    "num_heads_removed",
    "mean_kl_div",
    "order_type",
    "fraction_removed",
    "seed",
    "kl_ci_low",
    "kl_ci_high",
    "method",
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


def methods(table: pd.DataFrame) -> list[str]:
    """What removed heads gave in the orders of a table, the configured one first."""
    return table["method"].unique().tolist()


def curve_of_order(table: pd.DataFrame, order: str, method: str) -> Curve | None:
    """Mean over the seeds of one order, at the fractions that every seed has; None where the order was not run."""
    rows = table[(table["order_type"] == order) & (table["method"] == method)]
    if rows.empty:
        return None
    n_seeds = rows["seed"].nunique()
    low = rows[["kl_ci_low", "mean_kl_div"]].min(axis=1)
    high = rows[["kl_ci_high", "mean_kl_div"]].max(axis=1)
    steps = rows.assign(low=low, high=high).groupby("fraction_removed")
    steps = steps.agg(kl=("mean_kl_div", "mean"), low=("low", "min"), high=("high", "max"), seeds=("seed", "nunique"))
    fraction, kl, low, high, _ = steps[steps["seeds"] == n_seeds].reset_index().to_numpy().T
    return Curve(fraction, kl, low, high, n_seeds)


def noise_floor(table: pd.DataFrame) -> float:
    """KL measured with no head removed, in nats: what rounding alone does. NaN where it was not measured."""
    return float(table.loc[table["num_heads_removed"] == 0, "mean_kl_div"].mean())
