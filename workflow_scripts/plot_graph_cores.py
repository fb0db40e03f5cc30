"""Plot the synergy and the redundancy network side by side, heads on a ring by depth."""

import numpy as np
from matplotlib.collections import LineCollection

from synergy.artifacts import read_npz, save_figure
from synergy.console import logged_to
from synergy.graphs import strongest_edges, weighted_graph
from synergy.profiles import layer_means
from synergy.provenance import provenance
from synergy.ring import chords, layer_angles, on_circle, ring_positions
from synergy.scores_shown import score_limits
from synergy.style import (
    DIVERGING,
    NULL,
    REDUNDANCY,
    SYNERGY,
    TWO_COLUMNS,
    colour_bar,
    layer_axis,
    layer_ticks,
    new_figure,
    robust_limits,
    zero_line,
)
from synergy.tables import read_table

MOST_DRAWN = 1000  # more edges than this fill the ring and show nothing
NETWORKS = (("synergy", "sts_matrix", SYNERGY), ("redundancy", "rtr_matrix", REDUNDANCY))


def plot_graph_cores(
    pairwise: str, ranking: str, layers: int, heads: int, top_fraction: float, model: str, figure: str
) -> None:
    """Draw both networks on the same layout, strongest edges only, and the mean degree of each layer below.

    Parameters
    ----------
    pairwise, ranking : str
        The pairwise atoms (npz) and the head ranking (CSV).
    layers, heads : int
        Geometry of the model.
    top_fraction : float
        Share of pairs that the graphs keep; of these at most `MOST_DRAWN` are drawn.
    model : str
        Key of the model.
    figure : str
        Where to write the PNG.
    """
    atoms, upstream = read_npz(pairwise, required=[matrix for _, matrix, _ in NETWORKS])
    scores = read_table(ranking, required=("syn_red_score",))["syn_red_score"]
    canvas = new_figure(TWO_COLUMNS, 5.4, f"{model}: the synergy and the redundancy network")
    panels = canvas.subplots(2, 2, height_ratios=(5, 1))
    for (name, matrix, colour), rings, profile in zip(NETWORKS, panels[0], panels[1], strict=True):
        kept = strongest_edges(weighted_graph(atoms[matrix]), top_fraction)
        nodes = draw_ring(rings, kept, scores, layers, heads, colour, name)
        draw_degrees(profile, kept, top_fraction, layers, heads, colour)
    panels[1, 1].sharey(panels[1, 0])
    below = {"location": "bottom", "fraction": 0.03, "pad": 0.01, "shrink": 0.35, "aspect": 30}
    colour_bar(canvas, nodes, list(panels[0]), "score of the head (dots)", **below)
    save_figure(
        figure, canvas, provenance("plot_graph_cores", {"top_fraction": top_fraction, "model": model}, upstream)
    )


def draw_ring(axes, kept: np.ndarray, scores: np.ndarray, layers: int, heads: int, colour: str, name: str):
    """Draw the strongest of the `kept` edges, the stronger the more opaque, over a ring of heads coloured by score."""
    rows, columns = np.nonzero(np.triu(kept))
    strongest_last = np.argsort(kept[rows, columns])[-MOST_DRAWN:]
    rows, columns = rows[strongest_last], columns[strongest_last]
    places = ring_positions(layers, heads)
    strength = opacity(kept[rows, columns])
    curves = LineCollection(
        chords(places[rows], places[columns]), colors=colour, alpha=strength, linewidths=0.35 + 0.7 * strength
    )
    axes.add_collection(curves)
    size = float(np.clip(2400 / (layers * heads), 4, 30))
    low, high = score_limits(scores)
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


def draw_degrees(axes, kept: np.ndarray, top_fraction: float, layers: int, heads: int, colour: str) -> None:
    """Mean number of edges of the heads in each layer, all `kept` edges counted."""
    degrees = layer_means((kept > 0).sum(axis=1).astype(float), layers, heads)
    axes.bar(np.arange(layers), degrees, color=colour, width=0.8)
    zero_line(axes, degrees.mean())
    axes.set_ylabel("edges a head")
    layer_axis(axes, layers)
    axes.set_title(f"all edges of the top {top_fraction:.0%}; line: mean", fontsize=7, fontweight="normal")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_graph_cores(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            top_fraction=snakemake.params.top_fraction,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
