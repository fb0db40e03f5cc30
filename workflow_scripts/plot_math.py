"""Plot MATH accuracy and the likelihood of the solutions under noise in chosen heads."""

import numpy as np

from synergy.artifacts import save_figure
from synergy.console import logged_to
from synergy.proportions import Accuracy, pooled_accuracy, sigmas
from synergy.provenance import provenance
from synergy.published import read_published
from synergy.style import CONDITION_STYLES, NULL, TWO_COLUMNS, new_figure, say
from synergy.tables import Table, read_table

COLUMNS = ("condition", "sigma", "n_problems", "n_correct", "truncated_fraction", "solution_nll")
NOISY = ("redundant", "random", "synergistic")


def plot_math(math: str, published: str, sigma: float, model: str, figure: str) -> None:
    """Draw accuracy and solution likelihood against sigma, and the accuracies of one sigma as bars.

    Parameters
    ----------
    math : str
        The table of accuracies (CSV).
    published : str
        The paper's accuracies (CSV).
    sigma : float
        The noise whose accuracies are shown as bars.
    model : str
        Key of the model.
    figure : str
        Where to write the PNG.
    """
    table = read_table(math, required=COLUMNS)
    name, theirs = read_published(published, model, ("condition", "accuracy_percent", "half_error_bar"))
    canvas = new_figure(TWO_COLUMNS, 3.1, f"{model}: answers under noise in a quarter of the heads")
    swept, bars, likelihood = canvas.subplots(1, 3)
    draw_swept(swept, table)
    draw_bars(bars, table, sigma, theirs, name)
    draw_likelihood(likelihood, table)
    handles, labels = swept.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    save_figure(figure, canvas, provenance("plot_math", {"model": model, "published": name}))


def draw_swept(axes, table: Table) -> None:
    """Accuracy against sigma, one line a condition, with Wilson intervals."""
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
    axes.set(xlabel="noise sigma (x sd of the weights)", ylabel="accuracy (%)", title="accuracy")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def draw_bars(axes, table: Table, sigma: float, theirs: Table, name: str | None) -> None:
    """Accuracies at one sigma, beside the paper's where it has the model."""
    if not any(pooled_accuracy(table, condition, sigma) for condition in NOISY):
        say(axes, f"sigma = {sigma:g} was not tried")
        return
    shown = [("baseline", 0.0), *((condition, sigma) for condition in NOISY)]
    for place, (condition, at) in enumerate(shown):
        accuracy = pooled_accuracy(table, condition, at)
        if accuracy:
            colour, _ = CONDITION_STYLES[condition]
            bar = {"color": colour, "width": 0.7, "ecolor": "#262626", "error_kw": {"elinewidth": 0.9}}
            axes.bar(place, 100 * accuracy.value, yerr=error_bars([accuracy]), **bar)
        if name:
            rows = theirs["condition"] == condition
            axes.plot(
                place + 0.0 * rows[rows],
                theirs["accuracy_percent"][rows],
                "D",
                color="white",
                markeredgecolor="#262626",
            )
    axes.set_xticks(range(len(shown)), ["no noise", *NOISY], rotation=25, ha="right", rotation_mode="anchor")
    axes.set(ylabel="accuracy (%)", title=f"at sigma = {sigma:g}")
    if name:
        axes.plot([], [], "D", color="white", markeredgecolor="#262626", label=f"published,\n{name}")
        axes.legend(loc="upper right", handletextpad=0.2)


def draw_likelihood(axes, table: Table) -> None:
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


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_math(
            math=snakemake.input.math,
            published=snakemake.input.published,
            sigma=snakemake.params.sigma,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
