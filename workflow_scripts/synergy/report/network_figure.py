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
    INK,
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
    model: str,
    networks: dict[str, pd.DataFrame],
    scores: np.ndarray,
    layers: int,
    heads: int,
    top_fraction: float,
    broken: dict[str, pd.DataFrame] | None = None,
) -> Figure:
    """Both networks on the same ring of heads, strongest edges only, and the mean degree of each layer below.

    Small beside each, if it is given, the same network of one surrogate.

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
    broken : dict of str to DataFrame, optional
        As `networks`, of series whose coupling is broken.
    """
    figure = new_figure(TWO_COLUMNS, 5.0, f"{model}: {_finding(networks, broken, layers, heads)}")
    panels = figure.subplots(2, 2, height_ratios=(5, 1))
    panels[1, 1].sharey(panels[1, 0])
    for (ring, profile), (name, colour) in zip(panels.T, NETWORK_COLOURS.items(), strict=True):
        dots = _draw_ring(ring, networks[name], scores, layers, heads, colour, name)
        _draw_degrees(profile, networks[name], layers, heads, colour)
        lines = "line: mean"
        if broken:
            inset = ring.inset_axes((0.9, 0.0, 0.28, 0.28))
            _draw_edges(inset, broken[name], ring_positions(layers, heads), colour, 0.4)
            inset.text(0, -1.45, "coupling\nbroken", ha="center", va="center", fontsize=6)
            _draw_degrees(profile, broken[name], layers, heads, None)
            lines = "curve: coupling broken; line: mean"
        profile.set_title(f"all edges of the top {top_fraction:.0%}; {lines}", fontsize=7, fontweight="normal")
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


def _finding(networks: dict[str, pd.DataFrame], broken: dict[str, pd.DataFrame] | None, layers: int, heads: int) -> str:
    """What the figure shows: how many edges need no coupling, or where there is no null, how deep they lie, 0 to 1."""
    if broken and all(map(len, networks.values())):
        stay = {
            name: len(edges.merge(broken[name], on=["source", "target"])) / len(edges)
            for name, edges in networks.items()
        }
        words = " and ".join(f"{share:.0%} of the {name}" for name, share in stay.items())
        return f"with coupling broken, {words} edges are still there"
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
    places = ring_positions(layers, heads)
    n_drawn = _draw_edges(axes, edges, places, colour)
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
    axes.text(0, 1.12, "layer", ha="center", va="center", fontsize=6.5, color=NULL)
    number = f"all {len(edges):,}" if n_drawn == len(edges) else f"strongest {n_drawn:,} of {len(edges):,}"
    axes.set_title(f"{name}: {number} edges", fontsize=8)
    return dots


def _draw_edges(axes: Axes, edges: pd.DataFrame, places: np.ndarray, colour: str, widths: float = 1.0) -> int:
    """Draw the strongest edges between heads at `places` (n_heads_total, 2); how many these are."""
    most = len(edges) if len(places) <= FEW_HEADS else MOST_DRAWN
    drawn = edges.sort_values("weight", kind="stable").tail(most)  # the strongest last, and so on top
    strength = opacity(drawn["weight"].to_numpy())
    curves = chords(places[drawn["source"]], places[drawn["target"]])
    axes.add_collection(
        PathCollection(
            [MatplotlibPath(curve, BEZIER) for curve in curves],
            facecolors="none",
            edgecolors=[to_rgba(colour, alpha) for alpha in strength],
            linewidths=widths * (0.35 + 0.7 * strength),
        )
    )
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
    axes.set_axis_off()
    return len(drawn)


def opacity(weights: np.ndarray) -> np.ndarray:
    """From faint for the weakest drawn edge to nearly opaque for the strongest, in proportion to weight."""
    low, high = robust_limits(weights)
    faintest = float(np.clip(50 / max(len(weights), 1), 0.05, 0.4))  # few edges need not be faint to be told apart
    strongest = float(np.clip(400 / max(len(weights), 1), 0.2, 0.75))
    return faintest + (strongest - faintest) * np.clip((weights - low) / (high - low), 0, 1)


def _draw_degrees(axes: Axes, edges: pd.DataFrame, layers: int, heads: int, colour: str | None) -> None:
    """Mean number of edges of the heads in each layer, drawn or not; without a colour, a line for a surrogate's."""
    degrees = np.bincount(edges[["source", "target"]].to_numpy(dtype=int).ravel(), minlength=layers * heads)
    layer = np.repeat(np.arange(layers), heads)
    if colour is None:
        seaborn.lineplot(
            x=layer, y=degrees, errorbar=None, color=INK, linewidth=1, label="coupling broken", legend=False, ax=axes
        )
        return
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
