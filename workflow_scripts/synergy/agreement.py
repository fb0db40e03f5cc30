"""How far what was measured here agrees with what the paper shows of the same model."""

from dataclasses import dataclass

import numpy as np

from synergy.profiles import rank_quantiles, share_as_extreme
from synergy.resampling import pearson

COLUMNS = (
    *("model", "published_model", "figure", "quantity", "unit", "n", "rank_correlation", "p_value"),
    *("mean_abs_difference", "mean_difference", "agreement", "note"),
)
AGREES, UNSHOWN, OPPOSITE = "agrees", "no agreement shown", "opposite"
SAME_ORDER, OTHER_ORDER, REVERSED = "same order", "another order", "reversed order"
NOT_COMPARABLE = "not comparable"
FEWEST = 5  # with fewer values not even the most extreme order has p < 0.05, so only the order is compared


@dataclass(frozen=True)
class Quantity:
    """Values here and in the paper, element by element; ``monotone`` where both rise by construction."""

    figure: str
    name: str
    unit: str
    ours: np.ndarray
    theirs: np.ndarray
    monotone: bool = False
    note: str = ""


def agreement_rule(significance: float) -> str:
    """In words, how `judged` decides."""
    return (
        f"{AGREES} if the rank correlation is positive with p < {significance:g} (permutation, two-sided), {OPPOSITE} "
        f"if negative with p < {significance:g}, else {UNSHOWN}; with fewer than {FEWEST} values only their order is "
        f"compared ({SAME_ORDER}, {REVERSED}, {OTHER_ORDER}); curves that rise by construction have differences alone"
    )


def judged(quantity: Quantity, significance: float, permutations: int, seed: int) -> dict:
    """Rank correlation, differences (here minus paper) and the word for them, keyed by the last of `COLUMNS`.

    Parameters
    ----------
    quantity : Quantity
        Pairs where either is NaN are left out.
    significance : float
        Two-sided level.
    permutations, seed : int
        Draws that permute one side, and their seed.
    """
    both = np.isfinite(quantity.ours) & np.isfinite(quantity.theirs)
    ours, theirs = quantity.ours[both], quantity.theirs[both]
    n = int(both.sum())
    correlation, p_value = np.nan, np.nan
    if n > 1 and not quantity.monotone:
        x, y = rank_quantiles(ours), rank_quantiles(theirs)
        correlation = pearson(x, y)
        if n >= FEWEST and np.isfinite(correlation):
            p_value = share_as_extreme(_permuted(x, y, permutations, seed), correlation)
    difference = ours - theirs
    return {
        "figure": quantity.figure,
        "quantity": quantity.name,
        "unit": quantity.unit,
        "n": n,
        "rank_correlation": correlation,
        "p_value": p_value,
        "mean_abs_difference": float(np.abs(difference).mean()) if n else np.nan,
        "mean_difference": float(difference.mean()) if n else np.nan,
        "agreement": _word(n, correlation, p_value, significance, quantity.monotone),
        "note": quantity.note,
    }


def _word(n: int, correlation: float, p_value: float, significance: float, monotone: bool) -> str:
    if monotone and n:
        return ""
    if not np.isfinite(correlation):
        return NOT_COMPARABLE
    if n < FEWEST:
        if abs(correlation) > 1 - 1e-9:
            return SAME_ORDER if correlation > 0 else REVERSED
        return OTHER_ORDER
    if p_value >= significance:
        return UNSHOWN
    return AGREES if correlation > 0 else OPPOSITE


def _permuted(x: np.ndarray, y: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Correlations of x with `permutations` random orders of y."""
    x, y = (values - values.mean() for values in (x, y))
    shuffled = np.random.default_rng(seed).permuted(np.tile(y, (permutations, 1)), axis=1)
    return shuffled @ x / np.sqrt((x @ x) * (y @ y))
