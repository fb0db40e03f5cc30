"""Panels of the training trajectory: layers by checkpoints as maps, and what is lost by scaling as lines."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from synergy.report.style import (
    DIVERGING,
    FAINT,
    INK,
    NULL,
    REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    SYNERGY,
    band,
    colour_bar,
    limits_around,
    robust_limits,
    say,
    zero_line,
)


def grid(table: pd.DataFrame, column: str) -> np.ndarray:
    """Values as (layers, n_checkpoints), checkpoints in the order of the table."""
    layers = int(table["layer"].max()) + 1
    return table[column].to_numpy().reshape(-1, layers).T


def short(step: int) -> str:
    """A training step as a label: 512, 16k."""
    return f"{step // 1000}k" if step >= 1000 and step % 1000 == 0 else f"{step}"


def checkpoint_axis(axes: Axes, steps: list[int], noise: np.ndarray | None = None, label: bool = True) -> None:
    """Make x the checkpoints, evenly spaced, pale where `noise` (n_checkpoints,) holds."""
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.set_xticks(range(len(steps)), [short(step) for step in steps], rotation=90, size=5)
    for tick, pale in zip(axes.get_xticklabels(), noise if noise is not None else [], strict=False):
        tick.set_color(FAINT if pale else INK)
    if label:
        axes.set_xlabel("training step")


def draw_layer_map(
    figure: Figure, axes: Axes, values: np.ndarray, steps: list[int], title: str, label: str, **how
) -> None:
    """Draw values (layers, n_checkpoints), first layer at the bottom.

    `how` is one of ``scaled=True`` (0 to 1), ``centre=`` (diverging around a value) or neither (sequential), and
    ``noise=`` for :func:`checkpoint_axis`.
    """
    axes.set_title(title, fontsize=8)
    if not np.isfinite(values).any():
        say(axes, how.get("absent", "no null was computed"))
        return
    if how.get("scaled"):
        colours, limits, extend = DIVERGING, (0.0, 1.0), "neither"
    elif "centre" in how:
        colours, limits, extend = DIVERGING, limits_around(values, how["centre"]), "both"
    else:
        colours, limits, extend = SEQUENTIAL_SYNERGY, robust_limits(values), "both"
    image = axes.imshow(
        values, cmap=colours, vmin=limits[0], vmax=limits[1], origin="lower", aspect="auto", interpolation="nearest"
    )
    colour_bar(figure, image, axes, label, extend=extend)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_ylabel("layer")
    checkpoint_axis(axes, steps, how.get("noise"), label=False)


def draw_extents(axes: Axes, checkpoints: list[dict], steps: list[int]) -> None:
    """Extent of the layer means of the score, with what heads dealt to layers at random give in 95 % of cases."""
    x = np.arange(len(steps))
    chance = np.array([_number(record["score"]["extent_by_chance_95"]) for record in checkpoints])
    band(axes, x, np.zeros(len(x)), chance, NULL, 0.3, label="chance, 95 %")
    for name, colour, label in (("score", INK, "score"), ("excess_score", SYNERGY, "score minus null")):
        values = [_number(record[name]["extent"]) for record in checkpoints]
        if np.isfinite(values).any():
            axes.plot(x, values, "o-", color=colour, label=label)
    axes.set_ylim(0, 1)
    axes.set_ylabel("largest minus smallest layer")
    axes.set_title("what scaling hides: in score", fontsize=8)
    _finish(axes, steps)


def draw_extents_in_nats(axes: Axes, checkpoints: list[dict], steps: list[int]) -> None:
    """Extent of the layer means of synergy, of its null and of the excess, on a logarithmic axis."""
    lines = (
        ("synergy", SYNERGY, "o-", "synergy"),
        ("null_synergy", FAINT, "-", "its null"),
        ("excess_synergy", INK, "s--", "synergy minus null"),
        ("redundancy", REDUNDANCY, "^-", "redundancy"),
    )
    for name, colour, style, label in lines:
        values = np.array([_number(record["extent_nats"][name]) for record in checkpoints])
        if np.isfinite(values).any() and np.nanmax(values) > 0:
            width = 4 if name == "null_synergy" else 1.2
            axes.plot(np.where(values > 0, values, np.nan), style, color=colour, label=label, linewidth=width)
    if axes.lines:
        axes.set_yscale("log")
    axes.set_ylabel("largest minus smallest (nats)")
    axes.set_title("and in nats", fontsize=8)
    _finish(axes, steps)


def draw_agreements(axes: Axes, checkpoints: list[dict], steps: list[int]) -> None:
    """Rank correlation over layers with the last checkpoint and with the paper's profile at the same step."""
    zero_line(axes)
    for kind, style, label in (("last", "-", "last step"), ("published", ":", "published")):
        for name, colour, of in (("score", INK, "score"), ("excess_score", SYNERGY, "minus null")):
            values = [_number(record[name][f"spearman_with_{kind}"]) for record in checkpoints]
            if np.isfinite(values).any():
                axes.plot(values, "o", linestyle=style, color=colour, label=f"{of} with {label}")
    axes.set_ylim(-1.05, 1.05)
    axes.set_ylabel("rank correlation over layers")
    axes.set_title("agreement", fontsize=8)
    _finish(axes, steps)


def _finish(axes: Axes, steps: list[int]) -> None:
    checkpoint_axis(axes, steps)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.38), fontsize=6.5)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
