"""Figures of heads: the score of each as a map, the atoms of every pair as matrices, and what pairs do in an answer."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from synergy.heads.scores import configured_score
from synergy.report.style import (
    DIVERGING,
    EXCESS_REDUNDANCY,
    EXCESS_SYNERGY,
    INK,
    NORM,
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
from synergy.statistics.descriptive import rank_quantiles, spearman

MAPS = {"syn_red_score": "score", "excess_score": "score of what exceeds the null"}
RANKS = "rank, scaled to 0-1"
MATRICES = (
    ("synergy", "sts", SEQUENTIAL_SYNERGY, EXCESS_SYNERGY),
    ("redundancy", "rtr", SEQUENTIAL_REDUNDANCY, EXCESS_REDUNDANCY),
)


def head_ranking_figure(
    model: str, ranking: pd.DataFrame, layers: int, heads: int, published: pd.DataFrame, published_name: str | None
) -> Figure:
    """One cell a head, layers from left to right: blue is redundant, orange synergistic.

    Beside published ranks the scores are ranks too, so that all maps have one scale.

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
    theirs = published_map(published, layers, heads) if published_name else None
    label = f"score ({configured_score(ranking)})" if theirs is None else RANKS
    maps = []
    for column, title in MAPS.items():
        values = ranking[column].to_numpy() if theirs is None else rank_quantiles(ranking[column].to_numpy())
        maps.append((values.reshape(layers, heads).T, title))
    if theirs is not None:
        maps.append((theirs, f"published, {published_name}"))
    panel_height = float(np.clip(0.9 + 0.055 * heads, 1.4, 2.9))
    figure = new_figure(TWO_COLUMNS, len(maps) * panel_height + 0.9, f"{model}: {_ranking_in_words(ranking, heads)}")
    for axes, (scores, title) in zip(figure.subplots(len(maps), 1), maps, strict=True):
        if np.isfinite(scores).any():
            _draw_head_map(figure, axes, scores, label, faint=title.startswith("published"))
            axes.set_title(title)
        else:
            say(axes, "no null was computed")
    return figure


def _ranking_in_words(ranking: pd.DataFrame, heads: int) -> str:
    """What the figure shows: share of variance between layers, and the rank correlation with the excess."""
    scores = ranking["syn_red_score"].dropna()
    if scores.nunique() < 2:
        return "all heads have the same score"
    of_layers = scores.groupby(scores.index // heads).transform("mean")
    layers_in_words = f"layers make {of_layers.var() / scores.var():.0%} of the score's variance"
    agreement = spearman(*ranking[["syn_red_score", "excess_score"]].to_numpy().T)
    if not np.isfinite(agreement):
        return layers_in_words
    return f"{layers_in_words}; its rank correlation with what exceeds the null is {agreement:+.2f}"


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
        (0.0, 1.0) if label == RANKS else limits_around(scores, 0.5),
        label,
        extend="neither" if label == RANKS else "both",
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


CHARACTERS = 144  # in a line of an answer
LINE_HEIGHT, STRIP = 1.0, 0.36  # of a line of text, and of the partner's strip beneath it, in units of an axis
MISSING = str.maketrans({"\n": "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\t": " ", "\r": " "})


def examples_figure(
    model: str, prompt: str, pieces: list[str], norms: np.ndarray, pairs: pd.DataFrame, heads: int
) -> Figure:
    """One answer as text, once a pair of heads: on the norms of one head, with those of its partner beneath.

    Parameters
    ----------
    model : str
    prompt : str
        Its name.
    pieces : list of str
        What each token adds to the answer.
    norms : (n_heads_total, n_tokens)
        Of every head in that answer.
    pairs : DataFrame
        A row a pair: ``kind``, flat indices ``head`` and ``other``, ``sts_matrix``, ``sts_null_mean`` and so on in
        nats, and ``correlation`` of the two heads at the same token, mean over prompts.
    heads : int
        Of a layer.
    """
    kinds = pairs.groupby("kind", sort=False)["correlation"].mean()
    words = " and ".join(f"{round(value, 2) + 0.0:+.2f} in {kind} pairs" for kind, value in kinds.items())
    starts, lines = line_breaks(pieces)
    step = LINE_HEIGHT + STRIP + 0.35
    height = 0.105 * step * (lines + 1) + 0.2
    figure = new_figure(
        TWO_COLUMNS,
        1.0 + height * max(len(pairs), 1),
        f"{model}: at the same token, norms correlate by {words or 'nothing'}",
    )
    if pairs.empty:
        say(figure.subplots(), "no pair of heads has atoms")
        return figure
    for axes, pair in zip(figure.subplots(len(pairs), 1, squeeze=False)[:, 0], pairs.itertuples(), strict=True):
        own = [scaled_to_range(norms[head]) for head in (pair.head, pair.other)]
        _draw_answer(axes, pieces, starts, lines, step, *own)
        names = " and ".join(f"L{head // heads}.{head % heads}" for head in (pair.head, pair.other))
        told = [
            f"{name} {getattr(pair, f'{atom}_matrix'):.3f}{_beside(getattr(pair, f'{atom}_null_mean'))}"
            for name, atom in (("synergy", "sts"), ("redundancy", "rtr"), ("integrated information", "phi_r"))
        ]
        axes.set_title(f"{pair.kind}: {names}", fontsize=7, pad=3)
        axes.set_title(f"{', '.join(told)} nats", fontsize=6.5, fontweight="normal", loc="right", pad=3)
    colour_bar(
        figure,
        ScalarMappable(Normalize(0, 1), NORM),
        figure.axes,
        f"norm of a head, from its lowest to its highest in this answer ({prompt}); strips: the partner named second",
        location="bottom",
        extend="neither",
        shrink=0.35,
        aspect=30,
        fraction=0.02,
        pad=0.01,
    )
    return figure


def line_breaks(pieces: list[str]) -> tuple[list[tuple[int, int]], int]:
    """Where each token starts, (line, character), if lines are filled one after the other; number of lines."""
    starts, line, place = [], 0, 0
    for piece in pieces:
        width = min(max(len(piece), 1), CHARACTERS)
        if place + width > CHARACTERS:
            line, place = line + 1, 0
        starts.append((line, place))
        place += width
    return starts, line + 1


def scaled_to_range(values: np.ndarray) -> np.ndarray:
    """Values (n,) scaled to [0, 1], from the lowest to the highest; 0 where they do not vary."""
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread else np.zeros_like(values)


def _draw_answer(
    axes: Axes,
    pieces: list[str],
    starts: list[tuple[int, int]],
    lines: int,
    step: float,
    above: np.ndarray,
    beneath: np.ndarray,
) -> None:
    cells, strips = [], []
    for piece, (line, place) in zip(pieces, starts, strict=True):
        width, top = min(max(len(piece), 1), CHARACTERS), line * step
        cells.append(Rectangle((place, top), width, LINE_HEIGHT))
        strips.append(Rectangle((place, top + LINE_HEIGHT), width, STRIP))
        text = "".join(c if c.isprintable() else " " for c in piece.translate(MISSING)[:CHARACTERS])
        axes.text(
            place, top + LINE_HEIGHT / 2, text, family="DejaVu Sans Mono", fontsize=5.6, va="center_baseline",
            parse_math=False,
        )  # fmt: skip
    for patches, values in ((cells, above), (strips, beneath)):
        axes.add_collection(PatchCollection(patches, cmap=NORM, norm=Normalize(0, 1), array=values, linewidth=0))
    axes.set(xlim=(0, CHARACTERS), ylim=(lines * step, -0.1))
    axes.set_axis_off()


def _beside(null: float) -> str:
    return f" (null {null:.3f})" if np.isfinite(null) else ""
