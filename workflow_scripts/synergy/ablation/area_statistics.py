"""From KL per step and prompt to curves, areas under them, and ratios between orders.

Prompts are a sample, and so are the draws of a random order. Intervals are 95 % percentile intervals of a bootstrap
over prompts; those of areas and ratios hold the chance of the drawn orders too, where several were drawn. The same
resampled prompts serve all orders, so that comparisons are paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, nan, sqrt

import numpy as np
import pandas as pd

from synergy.statistics.inference import percentile_interval, sign_flip_test

N_BOOTSTRAP = 2000
HALF, TENTH = 0.5, 0.1


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of one kind of order, (n_seeds, n_prompts), nats."""

    values: np.ndarray

    @property
    def mean(self) -> float:
        """Over seeds and prompts."""
        return float(self.values.mean())

    @property
    def by_prompt(self) -> np.ndarray:
        """Mean over seeds, (n_prompts,)."""
        return self.values.mean(axis=0)

    @property
    def n_seeds(self) -> int:
        """How many orders of the kind were drawn."""
        return len(self.values)

    @property
    def seed_sd(self) -> float:
        """Standard deviation over seeds of the mean over prompts, nats; NaN for a single one."""
        return float(self.values.mean(axis=1).std(ddof=1)) if self.n_seeds > 1 else nan

    @property
    def seed_error(self) -> float:
        """Standard error of the logarithm of the mean that the draw of orders makes (delta method); 0 for one."""
        return self.seed_sd / sqrt(self.n_seeds) / self.mean if self.n_seeds > 1 and self.mean > 0 else 0.0

    def log_means(self, counts: np.ndarray) -> np.ndarray:
        """Logarithm of the mean with the prompts taken as often as `counts` (n_resamples, n_prompts) says."""
        with np.errstate(divide="ignore"):
            return np.log(counts @ self.by_prompt / counts.shape[1])

    def seed_errors(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Draws of the error that the choice of seeds gives the logarithm of the mean, (n,)."""
        if self.n_seeds < 2:
            return np.zeros(n)
        return self.seed_error * generator.standard_t(self.n_seeds - 1, size=n)


def prompt_counts(n_prompts: int, seed: int) -> np.ndarray:
    """How often each prompt is taken in each of `N_BOOTSTRAP` resamples, (N_BOOTSTRAP, n_prompts)."""
    return np.random.default_rng(seed).multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=N_BOOTSTRAP)


def seeds_needed(prompt_variance: float, seed_variance_of_one: float, share: float) -> int | None:
    """Seeds with which the seed part of an interval is at most `share` of its length.

    With V = `prompt_variance` + `seed_variance_of_one` / n the interval's length goes as √V and its seed part as the
    root of the second term; the widening by Student's t for few seeds is not counted. None where there is no variance
    over prompts to compare with.
    """
    if not (isfinite(prompt_variance) and isfinite(seed_variance_of_one) and prompt_variance > 0):
        return None
    return max(1, ceil(seed_variance_of_one * (1 - share**2) / (share**2 * prompt_variance)))


N_FLIPS = 9999  # assignments of signs that are drawn where there are too many to try all


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

    By the trapezoid rule, so that steps of unlike size count by their width. It is the mean KL on the way to the last
    step, and depends on where that is: areas up to different fractions do not compare.
    """
    fraction = curve["num_heads_removed"] / curve["n_heads_total"]
    return np.trapezoid(curve["kl_nats"], fraction, axis=0) / (fraction[-1] - fraction[0])


def compare_orders(curves: Sequence[dict], seed: int) -> dict:
    """Areas under the curves per kind of order, and the ratio of the synergistic order's to each other kind's.

    Parameters
    ----------
    curves : orders of one method, as `synergy.ablation.order_files.read_orders` gives them.
    seed : int
        Of the bootstrap and of the draws of the paired test.

    Returns
    -------
    dict
        ``auc`` by kind, ``ratios`` by pair of kinds (``synergistic/random``), ``auc_by_prompt_nats`` by kind. Every
        key is described in docs/ablation.md.
    """
    kinds = list(dict.fromkeys(curve["kind"] for curve in curves))
    areas = {k: Areas(np.array([area_under_curve(c) for c in curves if c["kind"] == k])) for k in kinds}
    counts = prompt_counts(len(curves[0]["prompt_id"]), seed)
    compared = [kind for kind in kinds if kind != "synergistic" and "synergistic" in kinds]
    return {
        "auc": {kind: _area(areas[kind], counts, seed) for kind in kinds},
        "ratios": {f"synergistic/{k}": _ratio(areas["synergistic"], areas[k], counts, seed) for k in compared},
        "auc_by_prompt_nats": {kind: areas[kind].by_prompt.tolist() for kind in kinds},
    }


def _area(areas: Areas, counts: np.ndarray, seed: int) -> dict:
    generator = np.random.default_rng([seed, 1])
    samples = areas.log_means(counts) + areas.seed_errors(generator, len(counts))
    low, high = np.exp(percentile_interval(samples)) if np.isfinite(samples).all() else (np.nan, np.nan)
    return {
        "estimate": areas.mean,
        "ci_low": float(low),
        "ci_high": float(high),
        "n_seeds": areas.n_seeds,
        "seed_sd_nats": areas.seed_sd,
        "by_seed_nats": areas.values.mean(axis=1).tolist(),
    }


def _ratio(synergistic: Areas, other: Areas, counts: np.ndarray, seed: int) -> dict:
    """Ratio of two areas: interval and p over prompts and seeds, paired test over prompts, and the share of each."""
    with np.errstate(invalid="ignore", divide="ignore"):
        by_prompts = synergistic.log_means(counts) - other.log_means(counts)
        estimate = float(np.divide(synergistic.mean, other.mean))
    samples = by_prompts + other.seed_errors(np.random.default_rng([seed, 2]), len(counts))
    low = high = p_value = prompt_variance = np.nan
    if np.isfinite(samples).all():
        low, high = np.exp(percentile_interval(samples))
        tails = np.count_nonzero(samples <= 0), np.count_nonzero(samples >= 0)
        p_value = min(1.0, 2 * (1 + min(tails)) / (1 + N_BOOTSTRAP))
        prompt_variance = float(by_prompts.var())
    differences = synergistic.by_prompt - other.by_prompt
    paired_p, statement = sign_flip_test(differences, N_FLIPS, seed)
    difference_low, difference_high = percentile_interval(counts @ differences / counts.shape[1])
    return {
        "estimate": estimate,
        "ci_low": float(low),
        "ci_high": float(high),
        "p_value": p_value,
        "paired": {
            "mean_difference_nats": float(differences.mean()),
            "ci_low": difference_low,
            "ci_high": difference_high,
            "p_value": float(paired_p),
            "test": statement,
        },
        "n_seeds": other.n_seeds,
        "seed_sd_nats": other.seed_sd,
        **_decomposed(prompt_variance, other.seed_error**2, other.n_seeds),
    }


def _decomposed(prompt_variance: float, seed_variance: float, n_seeds: int) -> dict:
    """Where the variance of the logarithm of a ratio comes from, and how many seeds would make their part small."""
    total = prompt_variance + seed_variance
    several = n_seeds > 1
    needed = {
        share: seeds_needed(prompt_variance, seed_variance * n_seeds, share) if several else None
        for share in (HALF, TENTH)
    }
    return {
        "prompt_sd_of_log": float(np.sqrt(prompt_variance)),
        "seed_sd_of_log": float(np.sqrt(seed_variance)) if several else None,
        "seed_share_of_variance": seed_variance / total if several and total > 0 else None,
        "n_seeds_for_half_of_interval": needed[HALF],
        "n_seeds_for_tenth_of_interval": needed[TENTH],
    }
