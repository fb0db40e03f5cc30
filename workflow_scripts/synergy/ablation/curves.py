"""Ablation curves: lines over several seeds, areas under them, ratios between orders, and the noise floor beneath.

Prompts are a sample, and so are the draws of a random order. Intervals are over prompts: of the steps of a curve a
bootstrap, of areas and their ratios a delete-one jackknife of the logarithm. Whether the synergistic order stands out
is asked by its rank among drawn ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synergy.files.errors import InputError
from synergy.files.folders import is_own
from synergy.files.tables import read_table
from synergy.statistics.inference import Estimate, jackknife, rank_floor, rank_p

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
OTHER_NAMES = {"syn_red": "synergistic", "red_syn": "redundant"}  # orders as other pipelines call them
N_BOOTSTRAP = 2000


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


def read_curves(path: str, n_heads_total: int) -> pd.DataFrame:
    """Read the table of ``merge_ablation``, or one of another pipeline with its first three columns.

    There ``syn_red`` is the synergistic order, ``red_syn`` the redundant one, and ``random_3`` a random one of seed 3;
    removed heads are taken to give zeros, and there are no intervals.

    Parameters
    ----------
    path : str
        The CSV.
    n_heads_total : int
        Heads of the model.

    Returns
    -------
    DataFrame
        With the columns `CURVE_COLUMNS`.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks a column, names another order or removes more heads than there are.
    """
    if not is_own(path):
        return read_table(path, required=CURVE_COLUMNS)
    table = read_table(path, required=CURVE_COLUMNS[:3])
    named = table["order_type"].replace(OTHER_NAMES).str.extract(r"^(synergistic|redundant|random)(?:_(\d+))?$")
    if named[0].isna().any():
        known = ", ".join(("synergistic", "redundant", "random", *OTHER_NAMES))
        found = table.loc[named[0].isna(), "order_type"].iloc[0]
        raise InputError(f"an order_type among {known}, random_0, random_1 … in {path}", repr(found), "rename it there")
    if table["num_heads_removed"].max() > n_heads_total:
        found = f"{table['num_heads_removed'].max()} removed"
        raise InputError(f"at most {n_heads_total} heads removed in {path}", found, "correct layers and heads")
    table["order_type"], table["seed"] = named[0], named[1].fillna("0").astype(int)
    table["fraction_removed"] = table["num_heads_removed"] / n_heads_total
    return table.assign(method="zero", kl_ci_low=np.nan, kl_ci_high=np.nan)


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


def prompt_counts(n_prompts: int, seed: int) -> np.ndarray:
    """How often each prompt is taken in each of `N_BOOTSTRAP` resamples, (N_BOOTSTRAP, n_prompts)."""
    return np.random.default_rng(seed).multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=N_BOOTSTRAP)


def curve_rows(curve: dict, seed: int) -> pd.DataFrame:
    """Rows of the ablation table for one order, a row a step.

    Parameters
    ----------
    curve : dict
        As `synergy.ablation.order_files.read_orders` gives it.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        The published columns in their order: KL in nats, mean, sd and interval over prompts.
    """
    kl = curve["kl_nats"]  # (n_steps, n_prompts)
    n_prompts = kl.shape[1]
    resampled = kl @ prompt_counts(n_prompts, seed).T / n_prompts  # (n_steps, N_BOOTSTRAP)
    low, high = np.percentile(resampled, [2.5, 97.5], axis=1)
    return pd.DataFrame(
        {
            "num_heads_removed": curve["num_heads_removed"],
            "mean_kl_div": kl.mean(axis=1),
            "order_type": curve["kind"],
            "fraction_removed": curve["num_heads_removed"] / curve["n_heads_total"],
            "seed": curve["seed"],
            "kl_sd": kl.std(axis=1, ddof=1) if n_prompts > 1 else np.nan,
            "kl_ci_low": low,
            "kl_ci_high": high,
            "method": curve["method"],
        }
    )


def area_under_curve(curve: dict) -> np.ndarray:
    """Area under KL against the fraction removed, divided by the fraction at which removal ends: nats, (n_prompts,).

    By the trapezoid rule over the steps that all orders have (``compared``), so that an order which is measured at
    more of them compares with the others. It is the mean KL on the way to the last step, and depends on where that is:
    areas up to different fractions do not compare.
    """
    common = np.isin(curve["num_heads_removed"], curve["compared"])
    fraction = curve["num_heads_removed"][common] / curve["n_heads_total"]
    return np.trapezoid(curve["kl_nats"][common], fraction, axis=0) / (fraction[-1] - fraction[0])


def compare_orders(curves: Sequence[dict]) -> dict:
    """Areas under the curves per kind of order, and the ratio of the synergistic order's to each other kind's.

    Parameters
    ----------
    curves : orders of one method, as `synergy.ablation.order_files.read_orders` gives them.

    Returns
    -------
    dict
        ``auc`` by kind, ``ratios`` by pair of kinds (``synergistic/random``), ``auc_by_prompt_nats`` by kind. Every
        key is described in docs/ablation.md.
    """
    kinds = list(dict.fromkeys(curve["kind"] for curve in curves))
    areas = {k: np.array([area_under_curve(c) for c in curves if c["kind"] == k]) for k in kinds}
    compared = [kind for kind in kinds if kind != "synergistic" and "synergistic" in kinds]
    return {
        "auc": {kind: _area(areas[kind]) for kind in kinds},
        "ratios": {f"synergistic/{kind}": ratio_of_areas(areas["synergistic"], areas[kind], kind) for kind in compared},
        "auc_by_prompt_nats": {kind: areas[kind].mean(axis=0).tolist() for kind in kinds},
    }


def orders_in_words(kind: str) -> str:
    """Orders of a kind in the plural: ``random_norm_matched`` are random orders matched by norm."""
    drawn, _, matched_by = kind.removesuffix("_matched").partition("_")
    return f"{drawn} orders{' matched by ' * bool(matched_by)}{matched_by}"


def ratio_of_areas(synergistic: np.ndarray, others: np.ndarray, kind: str) -> dict:
    """Area of the synergistic order over the geometric mean of the orders of a kind.

    The interval is over prompts: delete-one jackknife of the logarithm. p is that of the rank of the synergistic order
    among orders that were drawn; of the redundant one, which was not drawn, Student's t of the jackknife.

    Parameters
    ----------
    synergistic, others : areas of the orders of two kinds, (n_orders, n_prompts), nats.
    kind : name of the other kind.
    """
    own, theirs = _log_means(synergistic), _log_means(others)
    found = _jackknifed(synergistic, others)
    rank = {"p_value": found.p_value, "test": f"Student's t over {others.shape[1]} prompts", "floor": 0.0}
    if kind.startswith("random"):
        rank = {
            "p_value": rank_p(theirs, own[0]),
            "test": f"rank among {len(theirs)} {orders_in_words(kind)}",
            "floor": rank_floor(len(theirs)),
        }
    return {
        "estimate": float(np.exp(found.estimate)),
        "ci_low": float(np.exp(found.ci_low)),
        "ci_high": float(np.exp(found.ci_high)),
        **rank,
        "p_over_prompts": found.p_value,
        "n_seeds": len(others),
        "sd_of_log": _spread(theirs),
    }


def _area(areas: np.ndarray) -> dict:
    """Geometric mean over the orders of a kind, with its interval over prompts, and each order's area."""
    found = _jackknifed(areas)
    return {
        "estimate": float(np.exp(found.estimate)),
        "ci_low": float(np.exp(found.ci_low)),
        "ci_high": float(np.exp(found.ci_high)),
        "n_seeds": len(areas),
        "sd_of_log": _spread(_log_means(areas)),
        "by_seed_nats": areas.mean(axis=1).tolist(),
    }


def _jackknifed(areas: np.ndarray, others: np.ndarray | None = None) -> Estimate:
    """Logarithm of the geometric mean of areas, or of its ratio to that of others, over prompts."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        """(n,) for prompts taken as (n, n_prompts) says."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.log(weights @ areas.T).mean(axis=1)
            return own if others is None else own - np.log(weights @ others.T).mean(axis=1)

    n_prompts = areas.shape[1]
    each_left_out = (1 - np.eye(n_prompts)) / max(1, n_prompts - 1)
    return jackknife(float(statistic(np.full((1, n_prompts), 1 / n_prompts))[0]), statistic(each_left_out))


def _log_means(areas: np.ndarray) -> np.ndarray:
    """Logarithm of each order's mean over prompts, (n_orders,)."""
    with np.errstate(divide="ignore"):
        return np.log(areas.mean(axis=1))


def _spread(values: np.ndarray) -> float | None:
    """Standard deviation; None for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else None
