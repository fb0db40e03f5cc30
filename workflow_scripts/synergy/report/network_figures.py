"""Panels of a network of heads: the strongest edges on a ring, and the mean degree of each layer."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.path import Path as MatplotlibPath

from synergy.heads.layer_profiles import layer_means
from synergy.report.style import DIVERGING, NULL, layer_axis, layer_ticks, limits_around, robust_limits, zero_line

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


GAP = 0.35  # empty angle between two layers, as a share of a layer's angle
OPENING = np.pi / 6  # empty angle at the top, between the last layer and the first


def ring_positions(layers: int, heads: int) -> np.ndarray:
    """Place heads on the unit circle, clockwise from the top, first layer to last.

    Parameters
    ----------
    layers, heads : int

    Returns
    -------
    ndarray (layers * heads, 2)
    """
    slot = (2 * np.pi - OPENING) / layers
    start = OPENING / 2 + slot * np.arange(layers)[:, None]
    within = (np.arange(heads)[None, :] + 0.5) / heads * (1 - GAP) + GAP / 2
    return on_circle((start + slot * within).ravel())


def layer_angles(layers: int) -> np.ndarray:
    """Angle of the middle of each layer, clockwise from the top, in radians, (layers,)."""
    return OPENING / 2 + (2 * np.pi - OPENING) / layers * (np.arange(layers) + 0.5)


def on_circle(angles: np.ndarray, radius: float = 1.0) -> np.ndarray:
    """Points at `angles` clockwise from the top, (n, 2)."""
    return radius * np.column_stack([np.sin(angles), np.cos(angles)])


def chords(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Curves from `start` to `end` that bend towards the centre the more, the further apart the two points are.

    Quadratic Bezier curves; the control point is the middle of the chord, pulled inwards, so that neighbours are
    joined by a shallow loop and distant layers through the middle of the ring.

    Parameters
    ----------
    start, end : ndarray (n_edges, 2)

    Returns
    -------
    ndarray (n_edges, 3, 2)
        Start, control point, end.
    """
    middle = (start + end) / 2
    distance = np.linalg.norm(start - end, axis=1, keepdims=True)  # 0 .. 2
    control = middle * np.clip(0.82 - 0.35 * distance, 0.15, None)
    return np.stack([start, control, end], axis=1)
