"""Panels of the robustness figure: agreement between variants as triangles of numbers, verdicts as a grid of signs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.report.style import DIVERGING, FAINT, INK, REDUNDANCY, SYNERGY

BELOW, ABOVE = "syn_red_score", "excess_score"
SIGNS = {  # of a verdict: sign, colour of the cell, colour of the sign
    SUPPORTED: ("+", SYNERGY, "white"),
    NOT_SUPPORTED: ("0", "#E6E6E6", INK),
    OPPOSITE: ("–", REDUNDANCY, "white"),
    NOT_TESTABLE: ("", "white", INK),
}
LEGEND = "+ supported      0 not supported      – opposite      empty: not testable"
CLAIM_NAMES = {1: "inverted U", 2: "absent untrained", 3: "within layers", 4: "efficiency", 5: "modularity"}


def variant_names(claims: pd.DataFrame) -> list[str]:
    """Variants in their order, the default first."""
    return [str(name) for name in dict.fromkeys(claims["variant"])]


def agreement_matrix(agreement: pd.DataFrame, quantity: str, level: str, variants: list[str]) -> np.ndarray:
    """Symmetric matrix (n_variants, n_variants) of the rank correlations of one quantity, 1 on the diagonal."""
    place = {name: index for index, name in enumerate(variants)}
    matrix = np.eye(len(variants))
    rows = agreement[(agreement["quantity"] == quantity) & (agreement["level"] == level)]
    for one, other, value in zip(rows["variant"], rows["other"], rows["spearman"], strict=True):
        matrix[place[one], place[other]] = matrix[place[other], place[one]] = value
    return matrix


def draw_agreement(axes: Axes, agreement: pd.DataFrame, level: str, variants: list[str]):
    """Draw rank correlations of the score below the diagonal and of the null-subtracted score above it.

    Returns
    -------
    The image, for a colour bar.
    """
    lower, upper = (agreement_matrix(agreement, quantity, level, variants) for quantity in (BELOW, ABOVE))
    matrix = np.tril(lower, -1) + np.triu(upper, 1)
    np.fill_diagonal(matrix, np.nan)
    image = axes.imshow(matrix, cmap=DIVERGING, vmin=-1, vmax=1)
    size = float(np.clip(56 / len(variants), 3.5, 7))
    for row, column in np.argwhere(np.isfinite(matrix)):
        value = matrix[row, column]
        colour = "white" if abs(value) > 0.6 else INK
        axes.text(column, row, f"{value:.2f}".replace("0.", "."), ha="center", va="center", size=size, color=colour)
    axes.plot([-0.5, len(variants) - 0.5], [-0.5, len(variants) - 0.5], color=INK, linewidth=0.7)
    names = [name.replace("_", " ") for name in variants]
    axes.set_xticks(range(len(variants)), names, rotation=90)
    axes.set_yticks(range(len(variants)), names)
    axes.tick_params(length=0)
    return image


def draw_verdicts(axes: Axes, claims: pd.DataFrame, variants: list[str]) -> None:
    """Draw a sign a claim and variant, before and after the control, as pairs of columns."""
    numbers = [int(number) for number in dict.fromkeys(claims["claim"])]
    for row, variant in enumerate(variants):
        for column, number in enumerate(numbers):
            found = claims[(claims["claim"] == number) & (claims["variant"] == variant)].iloc[0]
            for side, verdict in enumerate((found["verdict"], found["verdict_after_control"])):
                sign, colour, ink = SIGNS[str(verdict)]
                x = 2.3 * column + side
                axes.add_patch(_cell(x, row, colour))
                axes.text(x, row, sign, ha="center", va="center", color=ink, size=8, weight="bold")
    axes.set_xlim(-0.6, 2.3 * len(numbers) - 0.7)
    axes.set_ylim(len(variants) - 0.4, -0.6)
    axes.set_yticks(range(len(variants)), [name.replace("_", " ") for name in variants])
    ends = [
        (2.3 * column + side, word) for column in range(len(numbers)) for side, word in enumerate(("raw", "control"))
    ]
    axes.set_xticks([x for x, _ in ends], [word for _, word in ends], size=6)
    for column, number in enumerate(numbers):
        axes.text(
            2.3 * column + 0.5,
            -0.75,
            f"{number} {CLAIM_NAMES[number]}",
            ha="center",
            va="bottom",
            size=7,
            weight="bold",
        )
    axes.set_xlabel(LEGEND)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _cell(x: float, y: float, colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour, edgecolor=FAINT, linewidth=0.5)
