"""Panels of a network of heads: the strongest edges on a ring, and the mean degree of each layer."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.path import Path as MatplotlibPath

from synergy.profiles import layer_means
from synergy.ring import chords, layer_angles, on_circle, ring_positions
from synergy.style import DIVERGING, NULL, layer_axis, layer_ticks, limits_around, robust_limits, zero_line

BEZIER = [MatplotlibPath.MOVETO, MatplotlibPath.CURVE3, MatplotlibPath.CURVE3]
MOST_DRAWN = 500  # more edges than this fill the ring and show nothing


def draw_ring(
    axes: Axes, kept: np.ndarray, scores: np.ndarray, layers: int, heads: int, colour: str, name: str
) -> PathCollection:
    """Draw the strongest of the `kept` edges, the stronger the more opaque, over a ring of heads coloured by score.

    Parameters
    ----------
    kept : float (n_heads_total, n_heads_total)
        Symmetric weights in nats, zero where there is no edge.
    scores : float (n_heads_total,)
        From 0, redundant, to 1, synergistic.

    Returns
    -------
    PathCollection
        The heads, for a colour bar.
    """
    rows, columns = np.nonzero(np.triu(kept))
    strongest_last = np.argsort(kept[rows, columns])[-MOST_DRAWN:]
    rows, columns = rows[strongest_last], columns[strongest_last]
    places = ring_positions(layers, heads)
    strength = opacity(kept[rows, columns])
    curves = PathCollection(
        [MatplotlibPath(chord, BEZIER) for chord in chords(places[rows], places[columns])],
        facecolors="none",
        edgecolors=[to_rgba(colour, alpha) for alpha in strength],
        linewidths=0.35 + 0.7 * strength,
    )
    axes.add_collection(curves)
    size = float(np.clip(2400 / (layers * heads), 4, 30))
    low, high = limits_around(scores, 0.5)
    dots = axes.scatter(
        *places.T,
        s=size,
        c=scores,
        cmap=DIVERGING,
        vmin=low,
        vmax=high,
        linewidths=0.2 if size > 6 else 0,
        edgecolors="k",
        zorder=3,
    )
    shown = layer_ticks(layers)
    for layer, (x, y) in zip(shown, on_circle(layer_angles(layers)[shown], 1.12), strict=True):
        axes.text(x, y, f"{layer}", ha="center", va="center", fontsize=6.5, color=NULL)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    axes.set_axis_off()
    axes.set_title(f"{name}: strongest {len(rows):,} of {np.count_nonzero(kept) // 2:,} edges", fontsize=8)
    return dots


def opacity(weights: np.ndarray) -> np.ndarray:
    """From faint for the weakest drawn edge to nearly opaque for the strongest, in proportion to weight."""
    low, high = robust_limits(weights)
    faintest = float(np.clip(50 / max(len(weights), 1), 0.05, 0.4))  # few edges need not be faint to be told apart
    return faintest + (0.75 - faintest) * np.clip((weights - low) / (high - low), 0, 1)


def draw_degrees(axes: Axes, kept: np.ndarray, top_fraction: float, layers: int, heads: int, colour: str) -> None:
    """Mean number of edges of the heads in each layer, all `kept` edges (n_heads_total, n_heads_total) counted."""
    degrees = layer_means((kept > 0).sum(axis=1).astype(float), layers, heads)
    axes.bar(np.arange(layers), degrees, color=colour, width=0.8)
    zero_line(axes, degrees.mean())
    axes.set_ylabel("edges a head")
    layer_axis(axes, layers)
    axes.set_title(f"all edges of the top {top_fraction:.0%}; line: mean", fontsize=7, fontweight="normal")
