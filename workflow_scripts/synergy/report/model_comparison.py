"""Figures that hold several models: layer profiles, ablation curves, graph metrics."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.ablation.curves import curve_of_order, methods, noise_floor
from synergy.heads.layer_profiles import depths, layer_means
from synergy.report.style import (
    FAINT,
    INK,
    NULL,
    ONE_COLUMN,
    ORDER_STYLES,
    REDUNDANCY,
    SYNERGY,
    TWO_COLUMNS,
    band,
    new_figure,
    say,
    zero_line,
)
from synergy.statistics.ranks import rank_quantiles

Published = dict[str, tuple[str | None, pd.DataFrame]]
METRICS = (("global_efficiency", "global efficiency"), ("modularity", "modularity"))
NETWORKS = ("synergy", "redundancy")
WIDE = 20
SHOWN = (
    ("top_fraction", "strongest edges, unweighted paths", ""),
    ("dense_weighted", "all edges, weighted paths", " (nats)"),
)


def draw_profiles(
    rankings: dict[str, pd.DataFrame], study: list[str], controls: dict[str, str], published: Published
) -> Figure:
    """One row a model: score and excess score over depth with the untrained control, and the paper's layer ranks.

    Models may differ in their numbers of layers: all are drawn over relative depth. `controls` maps models to the
    untrained ones drawn with them; only the models of the `study` have a row of their own.
    """
    any_published = any(published[model][0] for model in study)
    canvas = new_figure(TWO_COLUMNS, 0.9 + 1.75 * len(study), "Layer profiles of all models")
    panels = canvas.subplots(len(study), 3 if any_published else 2, squeeze=False, sharex=True)
    for row, model in zip(panels, study, strict=True):
        for axes, column in zip(row, ("syn_red_score", "excess_score"), strict=False):
            _draw_with_control(axes, rankings[model], rankings.get(controls.get(model)), column)
        row[0].set_ylabel(f"{model}\nmean score")
        if any_published:
            _draw_ranks(row[2], by_layer(rankings[model], "syn_red_score"), *published[model])
    for axes, title in zip(panels[0], ("score", "score, null subtracted", "rank of the layer"), strict=False):
        axes.set_title(title)
    for axes in panels[-1]:
        axes.set_xlabel("relative depth")
    handles = {
        label: handle for axes in panels.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return canvas


def draw_ablations(ablations: dict[str, pd.DataFrame]) -> Figure:
    """One panel a model: KL against the fraction removed, every order that was run."""
    columns = min(3, max(1, len(ablations)))
    rows = math.ceil(max(1, len(ablations)) / columns)
    alone = columns == 1
    width, height = (ONE_COLUMN, 3.8) if alone else (TWO_COLUMNS, 0.9 + 2.3 * rows)
    canvas = new_figure(width, height, "Removing heads, all models")
    panels = canvas.subplots(rows, columns, squeeze=False).ravel()
    handles = {}
    for axes, (model, table) in zip(panels, ablations.items(), strict=False):
        for order, (colour, dashes, label) in ORDER_STYLES.items():
            curve = curve_of_order(table, order, methods(table)[0])
            if curve:
                (handles[label],) = axes.plot(curve.fraction, curve.kl, dashes, color=colour)
                band(axes, curve.fraction, curve.low, curve.high, colour, 0.12)
        if (floor := noise_floor(table)) > 0:
            handles["noise floor"] = axes.axhline(floor, color=NULL, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.set_title(model, fontsize=8)
        axes.set(xlabel="fraction of heads removed", ylabel="KL (nats per token)", xlim=(0, None), ylim=(0, None))
    for axes in panels[len(ablations) :]:
        say(axes, "" if ablations else "no model's heads were removed")
    if handles:
        canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=1 if alone else 3)
    return canvas


def draw_graph_metrics(metrics: dict[str, dict], published: Published) -> Figure:
    """Efficiency and modularity of both networks under two definitions, one with the mean of its shuffled null."""
    canvas = new_figure(TWO_COLUMNS, 5.6, "Synergy and redundancy networks of all models")
    panels = canvas.subplots(2, 2, sharex=True)
    for row, (definition, meaning, unit) in zip(panels, SHOWN, strict=True):
        for axes, (metric, label) in zip(row, METRICS, strict=True):
            logarithmic = spans_decades(metrics, definition, metric)
            for place, (model, record) in enumerate(metrics.items()):
                for shift, network, colour in ((-0.2, "synergy", SYNERGY), (0.2, "redundancy", REDUNDANCY)):
                    measured = record["definitions"][definition][network][metric]
                    if logarithmic:  # where a bar has no foot to stand on
                        axes.plot(place + shift, _number(measured["value"]), "o", color=colour, markersize=8)
                    else:
                        axes.bar(place + shift, _number(measured["value"]), width=0.36, color=colour)
                    if "null_mean" in measured:
                        null = _number(measured["null_mean"])
                        axes.plot([place + shift - 0.18, place + shift + 0.18], [null, null], color=INK, linewidth=1.4)
                    name, theirs = published[model]
                    if name and definition == "dense_weighted":
                        value = theirs[metric][theirs["network"] == network]
                        axes.plot(place + shift, value, "D", color="white", markeredgecolor=INK, markersize=4)
            if logarithmic:
                axes.set_yscale("log")
                axes.grid(axis="y", color=FAINT, linewidth=0.4)
            else:
                zero_line(axes)
            axes.set_ylabel(label + (unit if metric == "global_efficiency" else ""))
            axes.set_title(
                meaning if metric == "global_efficiency" else meaning.split(",")[0] + ", weights", fontsize=8
            )
            axes.set_xlim(min(-0.5, len(metrics) / 2 - 2), max(len(metrics) - 0.5, len(metrics) / 2 + 1))
    for axes in panels[-1]:
        axes.set_xticks(
            range(len(metrics)),
            metrics,
            rotation=20 if len(metrics) > 2 else 0,
            ha="right" if len(metrics) > 2 else "center",
        )
    key = panels[0, 0]
    handles = [
        key.bar([0], [0], color=SYNERGY, label="synergy network"),
        key.bar([0], [0], color=REDUNDANCY, label="redundancy network"),
        *key.plot([], [], color=INK, label="mean of the weight-shuffled null"),
    ]
    if any(name for name, _ in published.values()):
        handles += key.plot(
            [], [], "D", color="white", markeredgecolor=INK, markersize=4, label="published (definition not stated)"
        )
    canvas.legend(handles=handles, loc="outside lower center", ncols=2)
    return canvas


def spans_decades(metrics: dict[str, dict], definition: str, metric: str) -> bool:
    """Whether a linear axis would hide the smaller values: all are positive, and some are 20 times others."""
    networks = [record["definitions"][definition][name] for record in metrics.values() for name in NETWORKS]
    values = np.array([_number(network[metric]["value"]) for network in networks])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > WIDE * values.min())


def by_layer(table: pd.DataFrame, column: str) -> np.ndarray:
    """Layer means of a column of a ranking, (layers,)."""
    layers = int(table["layer"].max()) + 1
    return layer_means(table[column].to_numpy(), layers, len(table) // layers)


def _draw_with_control(axes: Axes, ranking: pd.DataFrame, control: pd.DataFrame | None, column: str) -> None:
    profile = by_layer(ranking, column)
    if not np.isfinite(profile).any():
        say(axes, "no null was computed")
        return
    zero_line(axes, 0.5)
    if control is not None:
        untrained = by_layer(control, column)
        axes.plot(depths(len(untrained)), untrained, "--", color=NULL, label="untrained control")
    axes.plot(depths(len(profile)), profile, "o-", color=INK, label="model")


def _draw_ranks(axes: Axes, profile: np.ndarray, name: str | None, theirs: pd.DataFrame) -> None:
    if name:
        axes.plot(theirs["depth_fraction"], theirs["layer_rank_quantile"], color=FAINT, linewidth=3, label="published")
        axes.text(0.5, 0.02, name, transform=axes.transAxes, ha="center", fontsize=6.5, color=NULL)
    axes.plot(depths(len(profile)), rank_quantiles(profile), "o-", color=INK, label="model")


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
