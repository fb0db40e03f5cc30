"""Figure of the training trajectory: layers by checkpoints as maps, and what is lost by scaling as lines."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.report.style import (
    DIVERGING,
    FAINT,
    INK,
    MARKED,
    NULL,
    REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    SYNERGY,
    TWO_COLUMNS,
    band,
    heat_map,
    layer_step,
    limits_around,
    new_figure,
    robust_limits,
    say,
    zero_line,
)

CHANCE = 0.05  # above this p, the step is written in grey
STEP_SIZE = 5  # of the letters of a training step, of which there are many
NO_NULL = "no null was computed"


def trajectory_figure(
    model: str, trajectory: pd.DataFrame, checkpoints: pd.DataFrame, identical_weights: Sequence[Sequence[str]]
) -> Figure:
    """Layer profiles over training, scaled as in the paper and unscaled; beneath, what scaling hides.

    Parameters
    ----------
    model : str
    trajectory : DataFrame
        A row a checkpoint and layer, in order, with `synergy.heads.training.TRAJECTORY_COLUMNS`.
    checkpoints : DataFrame
        A row a checkpoint, in the same order: the records of ``trace_training``, keys of keys joined by a dot.
    identical_weights : sequence of sequences of str
        Checkpoints that should differ and do not.
    """
    title = f"{model}: layer profile over training"
    for group in identical_weights:
        title += f"\nCAUTION: {', '.join(group)} have identical weights"
    figure = new_figure(TWO_COLUMNS, 7.2 + 0.15 * title.count("\n"), title)
    panels = figure.subplots(3, 3)
    maps = (
        (panels[0, 0], "score_scaled", "score, scaled", "each step scaled to 0-1"),
        (panels[0, 1], "excess_score_scaled", "minus null, scaled", ""),
        (panels[0, 2], "published_score_scaled", "published, scaled", ""),
        (panels[1, 0], "score", "score", "layer mean"),
        (panels[1, 1], "excess_score", "minus null", ""),
        (panels[1, 2], "synergy", "synergy", "nats"),
    )
    steps = [short(step) for step in checkpoints["training_step"]]
    for axes, column, title, label in maps:
        axes.set_title(title, fontsize=8)
        values = trajectory[column].to_numpy().reshape(len(steps), -1).T  # (layers, n_checkpoints)
        if not np.isfinite(values).any():
            say(axes, "not in the paper" if column.startswith("published") else NO_NULL)
            continue
        _draw_layer_map(figure, axes, pd.DataFrame(values, columns=steps), column, label)
        scores = column.removesuffix("_scaled")
        if scores in ("score", "excess_score"):
            for tick, p_value in zip(axes.get_xticklabels(), checkpoints[f"{scores}.p_value"], strict=True):
                tick.set_color(INK if p_value <= CHANCE else FAINT)
    for axes, draw in zip(panels[2], (_draw_extents, _draw_extents_in_nats, _draw_agreements), strict=True):
        draw(axes, checkpoints)
        axes.set_xlim(-0.5, len(steps) - 0.5)
        axes.set_xticks(range(len(steps)), steps, rotation=90, size=STEP_SIZE)
        axes.set_xlabel("training step")
        if axes.get_legend():
            seaborn.move_legend(axes, "upper center", bbox_to_anchor=(0.5, -0.38), fontsize=6.5)
    return figure


def short(step: int) -> str:
    """A training step as a label: 512, 16k."""
    return f"{step // 1000}k" if step >= 1000 and step % 1000 == 0 else f"{step}"


def _draw_layer_map(figure: Figure, axes: Axes, cells: pd.DataFrame, column: str, label: str) -> None:
    """Draw values, layers by checkpoints, first layer at the bottom: scaled, around 0.5, or from weak to strong."""
    colours, limits, extend = DIVERGING, limits_around(cells.to_numpy(), 0.5), "both"
    if column.endswith("_scaled"):
        limits, extend = (0.0, 1.0), "neither"
    elif column == "synergy":
        colours, limits = SEQUENTIAL_SYNERGY, robust_limits(cells.to_numpy())
    every = layer_step(len(cells))
    heat_map(figure, axes, cells, colours, limits, label, extend=extend, xticklabels=True, yticklabels=every)
    axes.set_ylabel("layer")
    axes.tick_params(axis="x", labelrotation=90, labelsize=STEP_SIZE)


def _draw_extents(axes: Axes, checkpoints: pd.DataFrame) -> None:
    """Extent of the layer means of the score, with what heads dealt to layers at random give in 95 % of cases."""
    band(axes, checkpoints.index, 0, checkpoints["score.extent_by_chance_95"], NULL, 0.3, label="chance, 95 %")
    names = {"score.extent": "score", "excess_score.extent": "score minus null"}
    palette = {"score": INK, "score minus null": SYNERGY}
    _draw_lines(axes, _lines(checkpoints, names), palette, dashes=False, **MARKED)
    axes.set_ylim(0, 1)
    axes.set_ylabel("largest minus smallest layer")
    axes.set_title("what scaling hides: in score", fontsize=8)


def _draw_extents_in_nats(axes: Axes, checkpoints: pd.DataFrame) -> None:
    """Extent of the layer means of synergy, of its null and of the excess, on a logarithmic axis."""
    names = {
        "extent_nats.null_synergy": "its null",
        "extent_nats.synergy": "synergy",
        "extent_nats.excess_synergy": "synergy minus null",
        "extent_nats.redundancy": "redundancy",
    }
    lines = _lines(checkpoints, names)
    lines = lines.where(lines > 0).dropna(axis="columns", how="all")
    # Wide and beneath, so that it shows even where synergy lies on it.
    _draw_lines(axes, lines.filter(["its null"]), {"its null": FAINT}, linewidth=4)
    palette = {"synergy": SYNERGY, "synergy minus null": INK, "redundancy": REDUNDANCY}
    _draw_lines(
        axes,
        lines.filter(list(palette)),
        palette,
        dashes={"synergy": "", "synergy minus null": (3.7, 1.6), "redundancy": ""},
        markers={"synergy": "o", "synergy minus null": "s", "redundancy": "^"},
        linewidth=1.2,
        markeredgewidth=0,
    )
    if axes.lines:
        axes.set_yscale("log")
    axes.set_ylabel("largest minus smallest (nats)")
    axes.set_title("and in nats", fontsize=8)


def _draw_agreements(axes: Axes, checkpoints: pd.DataFrame) -> None:
    """Rank correlation over layers with the last checkpoint and with the paper's profile at the same step."""
    zero_line(axes)
    names, palette, dashes = {}, {}, {}
    for kind, style, label in (("last", "", "last step"), ("published", (1, 1.65), "published")):
        for scores, colour, of in (("score", INK, "score"), ("excess_score", SYNERGY, "minus null")):
            name = f"{of} with {label}"
            names[f"{scores}.spearman_with_{kind}"], palette[name], dashes[name] = name, colour, style
    _draw_lines(axes, _lines(checkpoints, names), palette, dashes=dashes, **MARKED)
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("rank correlation over layers")
    axes.set_title("agreement", fontsize=8)


def _lines(checkpoints: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Columns of the checkpoints under other names, without those that hold nothing."""
    return checkpoints[list(names)].rename(columns=names).astype(float).dropna(axis="columns", how="all")


def _draw_lines(axes: Axes, lines: pd.DataFrame, palette: dict[str, str], **how) -> None:
    """A line a column of `lines`, if there is one."""
    if len(lines.columns):
        seaborn.lineplot(lines, palette=palette, ax=axes, **how)
