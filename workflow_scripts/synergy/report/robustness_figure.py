"""Figure of the variants of the analysis: how far they agree, as triangles of numbers, and the verdicts under each."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED
from synergy.report.style import (
    DIVERGING,
    FAINT,
    INK,
    TWO_COLUMNS,
    VERDICT_OPPOSITE,
    VERDICT_SUPPORTED,
    colour_bar,
    new_figure,
)

BELOW, ABOVE = "syn_red_score", "excess_score"
TITLES = {"heads": "scores of heads", "layers": "layer profiles"}
SIGNS = {NOT_TESTABLE: "", UNDECIDED: "0", SUPPORTED: "+", OPPOSITE: "–"}
CELLS = ["white", "#E6E6E6", VERDICT_SUPPORTED, VERDICT_OPPOSITE]  # colours, in the order of the signs
LEGEND = "+ supported      0 undecided      – opposite      empty: not testable"
CLAIM_NAMES = {1: "inverted U", 2: "absent untrained", 3: "within layers", 4: "efficiency", 5: "modularity"}


def robustness_figure(model: str, agreement: pd.DataFrame, claims: pd.DataFrame) -> Figure:
    """Rank correlations of head scores and of layer profiles, and a sign a claim and variant.

    Parameters
    ----------
    model : str
    agreement : DataFrame
        ``quantity``, ``level``, ``variant``, ``other`` and ``spearman``, a row a pair of variants.
    claims : DataFrame
        ``claim``, ``variant``, ``verdict`` and ``verdict_after_control``; the default variant comes first.
    """
    variants = claims["variant"].unique().tolist()
    figure = new_figure(TWO_COLUMNS, 2.6 + 0.3 * len(variants), f"{model}: {_unanimity_in_words(claims)}")
    above, below = figure.subfigures(2, 1, height_ratios=(3.6, 2))
    numbers = claims["claim"].unique()
    for axes, number in zip(below.subplots(1, len(numbers), sharey=True), numbers, strict=True):
        _draw_verdicts(axes, claims[claims["claim"] == number])
        axes.set_title(f"{number:g} {CLAIM_NAMES[number]}", fontsize=7, loc="center")
    below.supxlabel(LEGEND, fontsize=8)
    panels = above.subplots(1, 2)
    for axes, (level, title) in zip(panels, TITLES.items(), strict=True):
        _draw_agreement(axes, agreement[agreement["level"] == level], variants)
        axes.set_title(title)
    panels[1].set_yticklabels([])
    colour_bar(above, panels[0].collections[0], list(panels), "rank correlation", extend="neither")
    above.supxlabel("below the diagonal the score, above it the score of what exceeds the null", fontsize=8)
    return figure


def _unanimity_in_words(claims: pd.DataFrame) -> str:
    """What the figure shows: for how many claims that some variant tests the verdict does not hang on the variant."""
    variants, told = f"{claims['variant'].nunique()} variants of the analysis", []
    for column in ("verdict", "verdict_after_control"):
        tested = claims[column].ne(NOT_TESTABLE).groupby(claims["claim"]).any()
        alike = claims.groupby("claim")[column].nunique().eq(1) & tested
        told.append(f"{alike.sum()} of {tested.sum()}")
    return f"{variants} agree on {told[0]} tested verdicts, on {told[1]} after the control"


def agreement_matrix(agreement: pd.DataFrame, variants: list[str]) -> pd.DataFrame:
    """Rank correlations of the score below the diagonal and of the null-subtracted score above it.

    Parameters
    ----------
    agreement : DataFrame
        Rows of one level.
    variants : list of str
        Row and column names wanted; the diagonal stays undefined.
    """
    matrices = []
    for quantity in (BELOW, ABOVE):
        rows = agreement[agreement["quantity"] == quantity]
        one_side = rows.pivot(index="variant", columns="other", values="spearman").reindex(variants, columns=variants)
        matrices.append(one_side.fillna(one_side.T).to_numpy(dtype=float))
    matrix = np.where(np.tri(len(variants), k=-1, dtype=bool), *matrices)
    np.fill_diagonal(matrix, np.nan)
    names = [name.replace("_", " ") for name in variants]
    return pd.DataFrame(matrix, index=names, columns=names)


def _draw_agreement(axes: Axes, agreement: pd.DataFrame, variants: list[str]) -> None:
    n = len(variants)
    matrix = agreement_matrix(agreement, variants)
    written = matrix.map(lambda value: f"{value:.2f}".replace("0.", "."))
    size = float(np.clip(56 / n, 3.5, 7))
    seaborn.heatmap(
        matrix,
        annot=written,
        fmt="",
        annot_kws={"size": size},
        cmap=DIVERGING,
        vmin=-1,
        vmax=1,
        cbar=False,
        square=True,
        xticklabels=True,
        yticklabels=True,
        ax=axes,
    )
    axes.plot([0, n], [0, n], color=INK, linewidth=0.7)
    axes.tick_params(axis="x", length=0, labelrotation=90)
    axes.tick_params(axis="y", length=0, labelrotation=0)


def _draw_verdicts(axes: Axes, verdicts: pd.DataFrame) -> None:
    """Draw a sign a variant for one claim, before and after its control."""
    verdicts = verdicts.set_index("variant")[["verdict", "verdict_after_control"]]
    seaborn.heatmap(
        verdicts.map(list(SIGNS).index),
        annot=verdicts.map(SIGNS.get),
        fmt="",
        annot_kws={"size": 8, "weight": "bold"},
        cmap=CELLS,
        vmin=0,
        vmax=len(CELLS) - 1,
        cbar=False,
        linewidths=0.5,
        linecolor=FAINT,
        clip_on=False,
        xticklabels=["raw", "control"],
        yticklabels=verdicts.index.str.replace("_", " "),
        ax=axes,
    )
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="x", length=0, labelrotation=0, labelsize=6)
    axes.tick_params(axis="y", length=0, labelrotation=0)
