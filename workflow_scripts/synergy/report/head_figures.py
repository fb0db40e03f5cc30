"""Maps with one cell a head: layers from left to right, heads from bottom to top."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.report.style import DIVERGING, colour_bar, layer_axis, limits_around
from synergy.statistics.ranks import rank_quantiles


def draw_head_map(figure: Figure, axes: Axes, scores: np.ndarray, label: str, faint: bool = False) -> None:
    """Draw scores (heads, layers) around 0.5, blue below and orange above, with lines between heads and layers."""
    heads, layers = scores.shape
    low, high = limits_around(scores, 0.5)
    image = axes.imshow(
        scores,
        cmap=DIVERGING,
        vmin=low,
        vmax=high,
        alpha=0.6 if faint else None,
        aspect="auto",
        interpolation="nearest",
        origin="lower",
    )
    colour_bar(figure, image, axes, label, fraction=0.03)
    axes.set_ylabel("head in layer")
    layer_axis(axes, layers)
    for edge in np.arange(1, layers) - 0.5:
        axes.axvline(edge, color="white", linewidth=0.6)
    for edge in np.arange(1, heads) - 0.5:
        axes.axhline(edge, color="white", linewidth=0.3)


def published_map(theirs: pd.DataFrame, layers: int, heads: int) -> np.ndarray | None:
    """The paper's ranks scaled to [0, 1], (heads, layers); None where its model has another geometry."""
    layer, head = theirs["layer"].to_numpy(), theirs["head_in_layer"].to_numpy()
    if (layer.max() + 1, head.max() + 1) != (layers, heads):
        return None
    ranks = np.full((heads, layers), np.nan)
    ranks[head, layer] = rank_quantiles(theirs["syn_red_rank"].to_numpy())
    return ranks
