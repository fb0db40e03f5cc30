"""From KL per step and prompt to curves, areas under them, and ratios between orders.

Prompts are the sampling unit: every interval is a 95 % percentile interval of a bootstrap over prompts, and the same
resampled prompts serve both orders of a ratio, so that the comparison is paired.
"""

from collections.abc import Sequence

import numpy as np

from synergy.errors import InputError

N_BOOTSTRAP = 2000


def bootstrap_means(values: np.ndarray, seed: int) -> np.ndarray:
    """Means over the last axis (prompts) of `values` under resampling, shape (N_BOOTSTRAP, *values.shape[:-1])."""
    generator = np.random.default_rng(seed)
    n_prompts = values.shape[-1]
    counts = generator.multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=N_BOOTSTRAP)
    return np.moveaxis(values @ counts.T / n_prompts, -1, 0)


def percentile_interval(samples: np.ndarray) -> tuple[float, float]:
    """Central 95 % of samples."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)


def curve_rows(curve: dict, seed: int) -> list[tuple]:
    """Rows of the ablation table for one order.

    Parameters
    ----------
    curve : dict
        ``kind``, ``seed``, ``kl_nats`` (n_steps, n_prompts), ``num_heads_removed`` (n_steps,), ``n_heads_total``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    list of (num_heads_removed, mean_kl_div, order_type, fraction_removed, seed, kl_sd, kl_ci_low, kl_ci_high), KL in
    nats; sd over prompts.
    """
    kl = curve["kl_nats"]
    intervals = [percentile_interval(samples) for samples in bootstrap_means(kl, seed).T]
    sd = kl.std(axis=1, ddof=1) if kl.shape[1] > 1 else np.full(len(kl), np.nan)
    return [
        (int(n), kl[i].mean(), curve["kind"], n / curve["n_heads_total"], curve["seed"], sd[i], *intervals[i])
        for i, n in enumerate(curve["num_heads_removed"])
    ]


def area_under_curve(curve: dict) -> np.ndarray:
    """Mean KL over the fraction of heads removed (trapezoid area / width), nats, one value a prompt."""
    fraction = curve["num_heads_removed"] / curve["n_heads_total"]
    return np.trapezoid(curve["kl_nats"], fraction, axis=0) / (fraction[-1] - fraction[0])


def compare_orders(curves: Sequence[dict], seed: int) -> dict:
    """Areas under the curves per kind of order, and the synergistic order's ratio to each other kind.

    A kind's area is the mean over its seeds. The p value of a ratio is the one-sided share of resampled prompts in
    which the synergistic order is not the more harmful one, (1 + count)/(1 + N).

    Raises
    ------
    InputError
        If the orders were measured on different prompts or steps.
    """
    first = curves[0]
    for curve in curves:
        for key in ("prompt_id", "num_heads_removed"):
            if not np.array_equal(curve[key], first[key]):
                raise InputError(
                    f"the same {key} in every order",
                    f"{curve['kind']}-{curve['seed']} differs from {first['kind']}-{first['seed']}",
                    "delete the older files in results/ablation/orders and run the workflow again",
                )
    kinds = list(dict.fromkeys(curve["kind"] for curve in curves))
    areas = {k: np.mean([area_under_curve(c) for c in curves if c["kind"] == k], axis=0) for k in kinds}
    resampled = dict(zip(kinds, bootstrap_means(np.array([areas[k] for k in kinds]), seed).T, strict=True))

    def summary(estimate: float, samples: np.ndarray) -> dict:
        low, high = percentile_interval(samples)
        return {"estimate": float(estimate), "ci_low": low, "ci_high": high}

    auc = {kind: summary(areas[kind].mean(), resampled[kind]) for kind in kinds}
    ratios = {}
    for kind in kinds:
        if kind == "synergistic" or "synergistic" not in kinds:
            continue
        samples = resampled["synergistic"] / resampled[kind]
        ratio = summary(areas["synergistic"].mean() / areas[kind].mean(), samples)
        p_value = (1 + np.count_nonzero(samples <= 1)) / (1 + N_BOOTSTRAP)
        n_seeds = sum(curve["kind"] == kind for curve in curves)
        ratios[f"synergistic/{kind}"] = {**ratio, "p_value": p_value, "n_seeds": n_seeds}
    return {"auc": auc, "ratios": ratios}
