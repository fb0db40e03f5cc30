"""Figure of both networks of heads: the strongest edges on a ring, and the mean degree of each layer."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path as MatplotlibPath

from synergy.report.style import (
    DIVERGING,
    NETWORK_COLOURS,
    NULL,
    TWO_COLUMNS,
    colour_bar,
    layer_axis,
    layer_ticks,
    limits_around,
    new_figure,
    robust_limits,
    zero_line,
)

SCORE_RING = 1.05  # radius of the second ring of dots, beside the first of 1
BEZIER = [MatplotlibPath.MOVETO, MatplotlibPath.CURVE3, MatplotlibPath.CURVE3]
MOST_DRAWN = 500  # of more heads than `FEW_HEADS`, whose edges would fill the ring and show nothing
FEW_HEADS = 300  # up to so many, all edges are drawn


def graph_cores_figure(
    model: str, networks: dict[str, pd.DataFrame], scores: np.ndarray, layers: int, heads: int, top_fraction: float
) -> Figure:
    """Both networks on the same ring of heads, strongest edges only, and the mean degree of each layer below.

    Parameters
    ----------
    model : str
    networks : dict of str to DataFrame
        Of ``synergy`` and ``redundancy`` an edge a row: the heads ``source`` and ``target``, ``weight`` in nats. They
        are the strongest `top_fraction` of all pairs; the strongest of these are drawn.
    scores : float (n_heads_total,)
        From 0, redundant, to 1, synergistic.
    layers, heads : int
    top_fraction : float
    """
    figure = new_figure(TWO_COLUMNS, 5.4, f"{model}: {_depths_in_words(networks, layers, heads)}")
    panels = figure.subplots(2, 2, height_ratios=(5, 1))
    panels[1, 1].sharey(panels[1, 0])
    for (ring, profile), (name, colour) in zip(panels.T, NETWORK_COLOURS.items(), strict=True):
        dots = _draw_ring(ring, networks[name], scores, layers, heads, colour, name)
        _draw_degrees(profile, networks[name], layers, heads, colour)
        profile.set_title(f"all edges of the top {top_fraction:.0%}; line: mean", fontsize=7, fontweight="normal")
    colour_bar(
        figure,
        dots,
        list(panels[0]),
        "outer ring: score of the head (inner ring: depth, dark to light)",
        location="bottom",
        fraction=0.03,
        pad=0.01,
        shrink=0.35,
        aspect=30,
    )
    return figure


def _depths_in_words(networks: dict[str, pd.DataFrame], layers: int, heads: int) -> str:
    """What the figure shows: at which depth the ends of the edges lie on average, from 0 to 1."""
    depths = {
        name: (edges[["source", "target"]].to_numpy(dtype=float) // heads).mean() / max(layers - 1, 1)
        for name, edges in networks.items()
        if len(edges)
    }
    if len(depths) < len(networks):
        return "the synergy and the redundancy network"
    return "mean depth of the edges: " + ", ".join(f"{name} {depth:.2f}" for name, depth in depths.items())


def _draw_ring(
    axes: Axes, edges: pd.DataFrame, scores: np.ndarray, layers: int, heads: int, colour: str, name: str
) -> PathCollection:
    """Draw the strongest edges, the stronger the more opaque, over a ring of heads coloured by score.

    Returns
    -------
    PathCollection
        The heads, for a colour bar.
    """
    most = len(edges) if layers * heads <= FEW_HEADS else MOST_DRAWN
    drawn = edges.sort_values("weight", kind="stable").tail(most)  # the strongest last, and so on top
    places = ring_positions(layers, heads)
    strength = opacity(drawn["weight"].to_numpy())
    curves = chords(places[drawn["source"]], places[drawn["target"]])
    axes.add_collection(
        PathCollection(
            [MatplotlibPath(curve, BEZIER) for curve in curves],
            facecolors="none",
            edgecolors=[to_rgba(colour, alpha) for alpha in strength],
            linewidths=0.35 + 0.7 * strength,
        )
    )
    size = float(np.clip(2400 / (layers * heads), 4, 30))
    low, high = limits_around(scores, 0.5)
    depth = np.repeat(np.arange(layers), heads)
    axes.scatter(*places.T, s=size, c=depth, cmap="viridis", linewidths=0, zorder=3)
    dots = axes.scatter(
        *(SCORE_RING * places).T,
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
    for layer, (x, y) in zip(shown, on_circle(layer_angles(layers)[shown], 1.15), strict=True):
        axes.text(x, y, f"{layer}", ha="center", va="center", fontsize=6.5, color=NULL)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    axes.set_axis_off()
    axes.text(0, 1.12, "layer", ha="center", va="center", fontsize=6.5, color=NULL)
    number = f"all {len(edges):,}" if len(drawn) == len(edges) else f"strongest {len(drawn):,} of {len(edges):,}"
    axes.set_title(f"{name}: {number} edges", fontsize=8)
    return dots


def opacity(weights: np.ndarray) -> np.ndarray:
    """From faint for the weakest drawn edge to nearly opaque for the strongest, in proportion to weight."""
    low, high = robust_limits(weights)
    faintest = float(np.clip(50 / max(len(weights), 1), 0.05, 0.4))  # few edges need not be faint to be told apart
    strongest = float(np.clip(400 / max(len(weights), 1), 0.2, 0.75))
    return faintest + (strongest - faintest) * np.clip((weights - low) / (high - low), 0, 1)


def _draw_degrees(axes: Axes, edges: pd.DataFrame, layers: int, heads: int, colour: str) -> None:
    """Mean number of edges of the heads in each layer, drawn or not."""
    degrees = np.bincount(edges[["source", "target"]].to_numpy(dtype=int).ravel(), minlength=layers * heads)
    layer = np.repeat(np.arange(layers), heads)
    seaborn.barplot(
        x=layer, y=degrees, errorbar=None, color=colour, saturation=1, linewidth=0, native_scale=True, ax=axes
    )
    zero_line(axes, degrees.mean())
    axes.set_ylabel("edges a head")
    layer_axis(axes, layers)


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
