"""Figures of a model head by head: the score of every head as a map, and the atoms of every pair as matrices."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from synergy.heads.scores import configured_score
from synergy.report.style import (
    DIVERGING,
    EXCESS_REDUNDANCY,
    EXCESS_SYNERGY,
    INK,
    SEQUENTIAL_REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    TWO_COLUMNS,
    colour_bar,
    heat_map,
    layer_step,
    layer_ticks,
    limits_around,
    new_figure,
    robust_limits,
    say,
)
from synergy.statistics.descriptive import rank_quantiles

MAPS = {"syn_red_score": "score", "excess_score": "score of what exceeds the null"}
MATRICES = (
    ("synergy", "sts", SEQUENTIAL_SYNERGY, EXCESS_SYNERGY),
    ("redundancy", "rtr", SEQUENTIAL_REDUNDANCY, EXCESS_REDUNDANCY),
)


def head_ranking_figure(
    model: str, ranking: pd.DataFrame, layers: int, heads: int, published: pd.DataFrame, published_name: str | None
) -> Figure:
    """One cell a head, layers from left to right: blue is redundant, orange synergistic.

    Parameters
    ----------
    model : str
    ranking : DataFrame
        A row a head, in order, with ``syn_red_score``, ``excess_score`` and every definition of the score.
    layers, heads : int
    published : DataFrame
        ``layer``, ``head_in_layer`` and ``syn_red_rank``, a row a head.
    published_name : str or None
        The paper's name of the model; its ranks are drawn faintly if its geometry is the same.
    """
    definition = configured_score(ranking)
    maps = [
        (ranking[column].to_numpy().reshape(layers, heads).T, title, f"score ({definition})")
        for column, title in MAPS.items()
    ]
    if published_name and (ranks := published_map(published, layers, heads)) is not None:
        maps.append((ranks, f"published, {published_name}: ranks of the heads", "rank, scaled to 0-1"))
    panel_height = float(np.clip(0.9 + 0.055 * heads, 1.4, 2.9))
    figure = new_figure(TWO_COLUMNS, len(maps) * panel_height + 0.9, f"{model}: heads from redundant to synergistic")
    for axes, (scores, title, label) in zip(figure.subplots(len(maps), 1), maps, strict=True):
        if np.isfinite(scores).any():
            _draw_head_map(figure, axes, scores, label, faint=title.startswith("published"))
            axes.set_title(title)
        else:
            say(axes, "no null was computed")
    return figure


def published_map(published: pd.DataFrame, layers: int, heads: int) -> np.ndarray | None:
    """The paper's ranks scaled to [0, 1], (heads, layers); None where its model has another geometry."""
    layer, head = (published[name].to_numpy(dtype=int) for name in ("layer", "head_in_layer"))
    if (layer.max() + 1, head.max() + 1) != (layers, heads):
        return None
    ranks = np.full((heads, layers), np.nan)
    ranks[head, layer] = rank_quantiles(published["syn_red_rank"].to_numpy())
    return ranks


def _draw_head_map(figure: Figure, axes: Axes, scores: np.ndarray, label: str, faint: bool) -> None:
    """Scores (heads, layers) around 0.5, blue below and orange above, with lines between heads and layers."""
    heads, layers = scores.shape
    cells = pd.DataFrame(scores).rename_axis(index="head in layer", columns="layer (first to last)")
    heat_map(
        figure,
        axes,
        cells,
        DIVERGING,
        limits_around(scores, 0.5),
        label,
        alpha=0.6 if faint else None,
        linewidths=0.2,
        xticklabels=layer_step(layers),
        yticklabels=layer_step(heads),
    )


def heatmaps_figure(model: str, atoms: dict[str, np.ndarray], layers: int, heads: int) -> Figure:
    """Both atoms for each pair of heads, and below them the excess over the null.

    Parameters
    ----------
    model : str
    atoms : dict of str to ndarray (n_heads_total, n_heads_total)
        ``sts_matrix``, ``rtr_matrix``, ``sts_null_mean``, ``rtr_null_mean``, in nats.
    layers, heads : int
    """
    means = [np.nanmean(atoms[f"{atom}_matrix"]) for _, atom, _, _ in MATRICES]
    title = f"{model}: over pairs of {layers * heads:,} heads, synergy is {means[0] / means[1]:.2g} times redundancy"
    figure = new_figure(TWO_COLUMNS, 6.5, title, layout="compressed")
    for (above, below), (name, atom, colours, of_excess) in zip(figure.subplots(2, 2).T, MATRICES, strict=True):
        observed, null = atoms[f"{atom}_matrix"], atoms[f"{atom}_null_mean"]
        image = _draw_matrix(above, observed, layers, heads, colours, robust_limits(observed))
        colour_bar(figure, image, above, f"{name} ({atom}, nats)")
        above.set_title(f"{name}: {np.nanmean(observed):.2g} nats on average", fontsize=8)
        above.set_ylabel("layer of one head")
        if np.isfinite(null).any():
            excess = observed - null
            image = _draw_matrix(below, excess, layers, heads, of_excess, limits_around(excess, 0.0))
            colour_bar(figure, image, below, f"{name} - null mean (nats)")
            below.set_title(f"minus its null: {np.nanmean(excess):+.2g} nats; scales differ", fontsize=8)
            below.set(xlabel="layer of the other head", ylabel="layer of one head")
        else:
            say(below, "no null was computed")
            above.set_xlabel("layer of the other head")
    return figure


def _draw_matrix(
    axes: Axes, matrix: np.ndarray, layers: int, heads: int, colours: Colormap, limits: tuple[float, float]
) -> AxesImage:
    """Draw a matrix (n_heads_total, n_heads_total) with thin lines between the layers; both axes are labelled by layer.

    An image, not seaborn's heatmap, whose mesh of 1,152 x 1,152 cells takes three times as long, makes the PDF twice as
    large and, where there are more heads than pixels, drops heads that the image averages.
    """
    image = axes.imshow(
        matrix, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="antialiased", interpolation_stage="data"
    )
    alpha = float(np.clip(6 / layers, 0.12, 0.5))
    for edge in np.arange(1, layers) * heads - 0.5:
        axes.axhline(edge, color=INK, linewidth=0.25, alpha=alpha)
        axes.axvline(edge, color=INK, linewidth=0.25, alpha=alpha)
    ticks = layer_ticks(layers)
    centres = ticks * heads + (heads - 1) / 2
    axes.set_xticks(centres, ticks)
    axes.set_yticks(centres, ticks)
    axes.tick_params(length=2)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.5)
    return image
