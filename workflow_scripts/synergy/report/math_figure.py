"""Figure of the MATH problems under noise: accuracy, answers cut off and likelihood of the solutions, by sigma."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.perturbation.outcomes import pooled_accuracy, sigmas
from synergy.report.style import CONDITION_STYLES, INK, MARKED, NULL, TWO_COLUMNS, new_figure, say, shared_legend

PALETTE = {condition: colour for condition, (colour, _) in CONDITION_STYLES.items()}
SHIFTS = {"redundant": -0.012, "random": 0.0, "synergistic": 0.012}  # of the places, as a share of the largest sigma
SIGMA = "noise sigma (sd of weights)"


def math_figure(
    model: str, math: pd.DataFrame, sigma: float, published: pd.DataFrame, published_name: str | None
) -> Figure:
    """Accuracy, answers cut off and solution likelihood against sigma, and the accuracies of one `sigma` as bars.

    Parameters
    ----------
    model : str
    math : DataFrame
        A row a condition, sigma and seed, with the columns `synergy.perturbation.outcomes.POOLED_COLUMNS`.
    sigma : float
        Where the bars stand.
    published : DataFrame
        The paper's ``condition`` and ``accuracy_percent``.
    published_name : str or None
        The paper's name of the model; None where it does not have it.
    """
    n_problems = int(math["n_problems"].iloc[0])
    accuracies = pooled_accuracies(math)
    is_baseline = accuracies["condition"] == "baseline"
    baseline, noisy = accuracies[is_baseline], accuracies[~is_baseline]
    at_sigma = noisy[np.isclose(noisy["sigma"], sigma)]
    title = f"{model}: {costs_in_words(baseline, at_sigma, sigma)}"
    figure = new_figure(TWO_COLUMNS, 3.1, title)
    swept, bars, cut_off, likelihood = figure.subplots(1, 4, width_ratios=(3, 3, 2, 3))
    _draw_swept(swept, baseline, noisy)
    shared_legend(
        figure, ncols=5, title=f"{n_problems} problems; bars and bands: 95 % Wilson intervals", title_fontsize=7
    )
    if len(at_sigma):
        _draw_bars(bars, pd.concat([baseline, at_sigma]), published, published_name)
        bars.set_title(f"at sigma = {sigma:g}")
    else:
        say(bars, f"sigma = {sigma:g} was not tried")
    _draw_cut_off(cut_off, baseline, noisy)
    _draw_likelihood(likelihood, baseline, noisy)
    return figure


def costs_in_words(baseline: pd.DataFrame, at_sigma: pd.DataFrame, sigma: float) -> str:
    """What the figure shows: accuracy without noise, and with noise in each set of heads."""
    if not len(baseline) or not len(at_sigma):
        return "answers under noise in chosen heads"
    named = at_sigma.set_index("condition")["accuracy"]
    words = ", ".join(f"{name} heads {value:.0f} %" for name, value in named.items())
    return f"{baseline['accuracy'].iloc[0]:.0f} % right; with noise in {words}"


def pooled_accuracies(math: pd.DataFrame) -> pd.DataFrame:
    """A row a condition and sigma, its seeds pooled, in the order of `CONDITION_STYLES`.

    Returns
    -------
    DataFrame
        ``condition``, ``sigma``; ``accuracy`` with its Wilson interval ``low`` to ``high``, ``by_seed`` (a list a row)
        and ``cut_off`` in percent; ``solution_nll`` in nats per token.
    """
    rows = []
    for condition in CONDITION_STYLES:
        for sigma in sigmas(math, condition):
            pooled = pooled_accuracy(math, condition, sigma)
            low, high = pooled.interval
            rows.append(
                {
                    "condition": condition,
                    "sigma": sigma,
                    "accuracy": 100 * pooled.value,
                    "low": 100 * low,
                    "high": 100 * high,
                    "by_seed": [100 * share for share in pooled.by_seed],
                    "cut_off": 100 * pooled.truncated,
                    "solution_nll": pooled.solution_nll,
                }
            )
    return pd.DataFrame(rows)


def _draw_swept(axes: Axes, baseline: pd.DataFrame, noisy: pd.DataFrame) -> None:
    """Accuracy against sigma, one line a condition, with Wilson intervals."""
    for row in baseline.itertuples():
        axes.axhline(row.accuracy, color=NULL, linestyle="--", label=CONDITION_STYLES["baseline"][1])
        axes.axhspan(row.low, row.high, color=NULL, alpha=0.15, linewidth=0)
    for condition, own in noisy.groupby("condition", sort=False):
        colour, label = CONDITION_STYLES[condition]
        # Side by side, since equal sigmas would hide each other's intervals.
        x = own["sigma"] + SHIFTS[condition] * own["sigma"].max()
        axes.errorbar(x, own["accuracy"], _reaches(own), color=colour, label=label, elinewidth=0.9, **MARKED)
    axes.set(xlabel=SIGMA, ylabel="accuracy (%)", title="accuracy")
    axes.set_xlim(0, 1.1 * noisy["sigma"].max())
    axes.set_ylim(0, 100)


def _draw_bars(axes: Axes, shown: pd.DataFrame, published: pd.DataFrame, published_name: str | None) -> None:
    """Accuracies at one sigma, seeds as dots, beside the paper's where it has the model."""
    places = range(len(CONDITION_STYLES))
    bars = {"x": "condition", "order": list(CONDITION_STYLES), "ax": axes, "legend": False}
    seaborn.barplot(shown, y="accuracy", hue="condition", palette=PALETTE, saturation=1, width=0.7, **bars)
    seeds = shown[shown["by_seed"].map(len) > 1].explode("by_seed").astype({"by_seed": float})
    seeds["seed"] = seeds.groupby("condition").cumcount()
    if len(seeds):
        seaborn.stripplot(
            seeds,
            y="by_seed",
            hue="seed",
            palette=["white"] * seeds["seed"].nunique(),
            dodge=True,
            jitter=False,
            size=2.5,
            edgecolor=INK,
            linewidth=0.5,
            **bars,
        )
    shown = shown.set_index("condition").reindex(CONDITION_STYLES)
    axes.errorbar(places, shown["accuracy"], _reaches(shown), fmt="none", ecolor=INK, elinewidth=0.9)
    names = ["no noise", *list(CONDITION_STYLES)[1:]]
    axes.set_xticks(places, names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(xlabel="", ylabel="accuracy (%)", ylim=(0, 100))
    if published_name:
        theirs = published.set_index("condition")["accuracy_percent"].reindex(CONDITION_STYLES)
        label = f"published,\n{published_name}"
        axes.plot(places, theirs, "D", color="white", markeredgecolor=INK, markersize=3.5, label=label)
        axes.set_ylim(0, 120)
        axes.legend(loc="upper right", handletextpad=0.2)


def _draw_cut_off(axes: Axes, baseline: pd.DataFrame, noisy: pd.DataFrame) -> None:
    """Share of the answers that were cut off at the longest length allowed: above half, accuracy says nothing."""
    seaborn.lineplot(noisy, y="cut_off", **MARKED, **_by_condition(axes))
    for share in baseline["cut_off"].dropna():
        axes.axhline(share, color=NULL, linestyle="--")
    axes.axhline(50, color=INK, linewidth=0.7, linestyle=":")
    axes.set(xlabel="sigma", ylabel="answers cut off (%)", title="unfinished", ylim=(0, 100))
    axes.set_xlim(0, 1.1 * noisy["sigma"].max())


def _draw_likelihood(axes: Axes, baseline: pd.DataFrame, noisy: pd.DataFrame) -> None:
    """Mean negative log-likelihood of the reference solutions, which needs no answer to be finished."""
    if noisy["solution_nll"].isna().all():
        say(axes, "no solution likelihood was measured")
        return
    seaborn.lineplot(noisy, y="solution_nll", **MARKED, **_by_condition(axes))
    for nll in baseline["solution_nll"].dropna():
        axes.axhline(nll, color=NULL, linestyle="--")
    axes.set(xlabel="sigma", ylabel="NLL of solutions (nats per token)", title="higher is worse")
    axes.set_xlim(0, 1.1 * noisy["sigma"].max())


def _by_condition(axes: Axes) -> dict:
    """How seaborn draws a line a condition against sigma; the legend is the first panel's."""
    return {"x": "sigma", "hue": "condition", "palette": PALETTE, "estimator": None, "legend": False, "ax": axes}


def _reaches(accuracies: pd.DataFrame) -> np.ndarray:
    """Lengths of the intervals below and above the accuracies, (2, n)."""
    below, above = accuracies["accuracy"] - accuracies["low"], accuracies["high"] - accuracies["accuracy"]
    return np.clip([below, above], 0, None)
