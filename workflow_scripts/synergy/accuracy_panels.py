"""Panels of accuracy under noise: over sigma, as bars at one sigma, and the likelihood of the solutions."""

import numpy as np
from matplotlib.axes import Axes

from synergy.proportions import Accuracy, pooled_accuracy, sigmas
from synergy.style import CONDITION_STYLES, INK, NULL, say
from synergy.tables import Table

NOISY = ("redundant", "random", "synergistic")


def draw_swept(axes: Axes, table: Table) -> None:
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


def draw_bars(axes: Axes, table: Table, sigma: float, theirs: Table, name: str | None) -> None:
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


def draw_likelihood(axes: Axes, table: Table) -> None:
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


def sweeps(table: Table) -> list[tuple[str, np.ndarray, list[Accuracy]]]:
    """Condition, its sigmas and its accuracies at them, for each noisy condition that was run."""
    found = [(condition, sigmas(table, condition)) for condition in NOISY]
    return [
        (condition, x, [pooled_accuracy(table, condition, sigma) for sigma in x]) for condition, x in found if x.size
    ]


def error_bars(accuracies: list[Accuracy]) -> np.ndarray:
    """Lengths of the Wilson intervals below and above, in percent, (2, n)."""
    reaches = [(a.value - a.interval[0], a.interval[1] - a.value) for a in accuracies]
    return 100 * np.clip(np.array(reaches).T, 0, None)
