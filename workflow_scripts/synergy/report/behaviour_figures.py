"""Parts of an ablation figure: a line an order, the paper's orders, the noise floor."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synergy.ablation.curves import curve_of_order
from synergy.perturbation.outcomes import Accuracy, pooled_accuracy, sigmas
from synergy.report.style import CONDITION_STYLES, INK, NULL, ORDER_STYLES, band, say

BAND, WIDE_BAND = 0.16, 0.08  # opacity; bands that span seeds are wide and lie upon one another
FEW_STEPS = 12  # up to so many, each step gets a marker
ROOM_BELOW = 2.0  # on a logarithmic axis, below the lowest KL of any step
SIMILAR = 1000.0  # a noise floor that lies further below the lowest KL than this factor is told, not drawn


def draw_curves(axes: Axes, table: pd.DataFrame, method: str, lowest: float) -> None:
    """One line an order from the fraction `lowest` on, with its intervals and seeds as a band."""
    for order, (colour, dashes, label) in ORDER_STYLES.items():
        curve = curve_of_order(table, order, method)
        if curve is None:
            continue
        seeds = f" (mean of {curve.n_seeds})" if curve.n_seeds > 1 else ""
        marker = "o" if len(curve.fraction) <= FEW_STEPS else None
        shown = curve.fraction >= lowest
        x = curve.fraction[shown]
        axes.plot(x, curve.kl[shown], dashes, color=colour, marker=marker, label=label + seeds, zorder=3)
        low = np.maximum(curve.low[shown], np.nanmin(curve.kl) / 10)
        band(axes, x, low, curve.high[shown], colour, BAND if curve.n_seeds == 1 else WIDE_BAND)


def draw_published_orders(axes: Axes, theirs: pd.DataFrame, name: str, lowest: float) -> None:
    """The paper's two orders, faintly."""
    for order in np.unique(theirs["order"]):
        rows = theirs[(theirs["order"] == order) & (theirs["fraction_removed"] >= lowest)]
        colour, *_ = ORDER_STYLES[str(order)]
        label = f"published, {name}, {order}"
        drawn = rows["fraction_removed"], rows["kl_nats"]
        axes.plot(*drawn, color=colour, linewidth=3.5, alpha=0.4, label=label, zorder=2)


def draw_floor(axes: Axes, floor: float, lowest_kl: float) -> None:
    """Line at the KL measured with nothing removed, on a logarithmic axis that begins below it and the lowest KL.

    A floor far below every step (float32) would leave the curves no room: it is named in the legend alone.
    """
    if not lowest_kl > 0:
        return
    near = floor > lowest_kl / SIMILAR
    where = "" if near else f" {floor:.0e}, below the axis"
    line = {"color": NULL, "linewidth": 0.8, "linestyle": (0, (2, 2)), "label": f"noise floor (0 heads removed){where}"}
    if near:
        axes.axhline(floor, **line)
    elif floor >= 0:
        axes.plot([], [], **line)
    axes.set_ylim(bottom=min(floor / 2, lowest_kl / ROOM_BELOW) if near else lowest_kl / ROOM_BELOW)


NOISY = ("redundant", "random", "synergistic")


def draw_swept(axes: Axes, table: pd.DataFrame) -> None:
    """Accuracy against sigma, one line a condition, with Wilson intervals; dotted, the share of answers cut off."""
    baseline = pooled_accuracy(table, "baseline", 0.0)
    if baseline:
        axes.axhline(100 * baseline.value, color=NULL, linestyle="--", label="no noise")
        axes.axhspan(*(100 * edge for edge in baseline.interval), color=NULL, alpha=0.15, linewidth=0)
    for shift, (condition, x, accuracies) in enumerate(sweeps(table)):
        colour, label = CONDITION_STYLES[condition]
        values = np.array([accuracy.value for accuracy in accuracies])
        # Side by side, since equal sigmas would hide each other's intervals.
        places = x + (shift - 1) * 0.012 * (x.max() if x.size else 0)
        axes.errorbar(places, 100 * values, error_bars(accuracies), fmt="o-", color=colour, label=label, elinewidth=0.9)
        cut_off = [100 * accuracy.truncated for accuracy in accuracies]
        axes.plot(x, cut_off, ":", color=colour, linewidth=1.0)
    axes.plot([], [], ":", color=INK, linewidth=1.0, label="answers cut off")
    axes.set(xlabel="noise sigma (x sd of the weights)", ylabel="accuracy (%)", title="accuracy")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def draw_bars(axes: Axes, table: pd.DataFrame, sigma: float, theirs: pd.DataFrame, name: str | None) -> None:
    """Accuracies at one sigma, seeds as dots, beside the paper's where it has the model; the share cut off below."""
    if not any(pooled_accuracy(table, condition, sigma) for condition in NOISY):
        say(axes, f"sigma = {sigma:g} was not tried")
        return
    shown, labels = [("baseline", 0.0), *((condition, sigma) for condition in NOISY)], []
    for place, (condition, at) in enumerate(shown):
        accuracy = pooled_accuracy(table, condition, at)
        labels.append("no noise" if condition == "baseline" else condition)
        if accuracy:
            colour, _ = CONDITION_STYLES[condition]
            bar = {"color": colour, "width": 0.7, "ecolor": INK, "error_kw": {"elinewidth": 0.9}}
            axes.bar(place, 100 * accuracy.value, yerr=error_bars([accuracy]), **bar)
            if len(accuracy.by_seed) > 1:
                places = place + np.linspace(-0.22, 0.22, len(accuracy.by_seed))
                axes.plot(
                    places, 100 * np.array(accuracy.by_seed), "o", color="white", markersize=2.5, mec=INK, mew=0.5
                )
            if np.isfinite(accuracy.truncated):
                labels[-1] += f"\n{accuracy.truncated:.0%} cut off"
        if name:
            values = theirs["accuracy_percent"][theirs["condition"] == condition]
            axes.plot(np.full(len(values), float(place)), values, "D", color="white", markeredgecolor=INK)
    axes.set_xticks(range(len(shown)), labels, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(ylabel="accuracy (%)", title=f"at sigma = {sigma:g}")
    if name:
        axes.plot([], [], "D", color="white", markeredgecolor=INK, label=f"published,\n{name}")
        axes.set_ylim(top=1.2 * axes.get_ylim()[1])
        axes.legend(loc="upper right", handletextpad=0.2)


def draw_likelihood(axes: Axes, table: pd.DataFrame) -> None:
    """Mean negative log-likelihood of the reference solutions, which needs no answer to be finished."""
    drawn = False
    for condition, x, accuracies in sweeps(table):
        nll = np.array([accuracy.solution_nll for accuracy in accuracies])
        if np.isfinite(nll).any():
            axes.plot(x, nll, "o-", color=CONDITION_STYLES[condition][0])
            drawn = True
    baseline = pooled_accuracy(table, "baseline", 0.0)
    if not drawn:
        say(axes, "no solution likelihood was measured")
        return
    if baseline and np.isfinite(baseline.solution_nll):
        axes.axhline(baseline.solution_nll, color=NULL, linestyle="--")
    axes.set(
        xlabel="noise sigma (x sd of the weights)", ylabel="solution NLL (nats per token)", title="solution likelihood"
    )
    axes.set_xlim(left=0)


def sweeps(table: pd.DataFrame) -> list[tuple[str, np.ndarray, list[Accuracy]]]:
    """Condition, its sigmas and its accuracies at them, for each noisy condition that was run."""
    found = [(condition, sigmas(table, condition)) for condition in NOISY]
    return [
        (condition, x, [pooled_accuracy(table, condition, sigma) for sigma in x]) for condition, x in found if x.size
    ]


def error_bars(accuracies: list[Accuracy]) -> np.ndarray:
    """Lengths of the Wilson intervals below and above, in percent, (2, n)."""
    reaches = [(a.value - a.interval[0], a.interval[1] - a.value) for a in accuracies]
    return 100 * np.clip(np.array(reaches).T, 0, None)
