"""Figures that hold several models: layer profiles, ablation curves, graph metrics."""

import math

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.ablation.curves import methods, noise_floor
from synergy.heads.layer_profiles import FEWEST_LAYERS, depths, layer_means, template_correlation
from synergy.report.ablation_figure import FLOOR_LINE, at_largest_fraction, draw_curves, order_curves, random_exceeded
from synergy.report.style import (
    FAINT,
    INK,
    MARKED,
    NETWORK_COLOURS,
    NULL,
    ORDER_STYLES,
    TWO_COLUMNS,
    new_figure,
    say,
    shared_legend,
    zero_line,
)
from synergy.statistics.descriptive import rank_quantiles

Published = dict[str, tuple[str | None, pd.DataFrame]]
METRICS = {"global_efficiency": "global efficiency", "modularity": "modularity"}
WIDE = 20
SIDES = np.array([-0.2, 0.2])  # of a model's place, where its two networks stand
SHOWN = (
    ("top_fraction", "strongest edges, unweighted paths", ""),
    ("dense_weighted", "all edges, weighted paths", " (nats)"),
)


def profiles_figure(
    rankings: dict[str, pd.DataFrame], study: list[str], controls: dict[str, str], published: Published
) -> Figure:
    """One row a model: score and excess score over depth with the untrained control, and the paper's layer ranks.

    Parameters
    ----------
    rankings : dict of str to DataFrame
        Head ranking of each model. Models may differ in their numbers of layers: all are drawn over relative depth.
    study : list of str
        The models that have a row of their own.
    controls : dict of str to str
        Untrained model that is drawn with a model, by the key of that model.
    published : dict of str to (str or None, DataFrame)
        The paper's name of each model of the study, and its ``depth_fraction`` and ``layer_rank_quantile``.
    """
    any_published = any(published[model][0] for model in study)
    figure = new_figure(TWO_COLUMNS, 0.9 + 1.75 * len(study), _amplitudes_in_words(rankings, study, controls))
    panels = figure.subplots(len(study), 4 if any_published else 3, squeeze=False, sharex=True)
    for row, model in zip(panels, study, strict=True):
        for axes, column in zip(row, ("syn_red_score", "excess_score", "avg_synergy"), strict=False):
            _draw_with_control(axes, rankings[model], rankings.get(controls.get(model)), column)
        row[0].set_ylabel(f"{model}\nmean score")
        if any_published:
            _draw_ranks(row[3], by_layer(rankings[model], "syn_red_score"), *published[model])
    titles = ("score", "null subtracted", "synergy (nats)", "rank of the layer")
    for axes, title in zip(panels[0], titles, strict=False):
        axes.set_title(title, fontsize=8)
    for axes in panels[-1]:
        axes.set_xlabel("relative depth")
    shared_legend(figure, ncols=3)
    return figure


def _amplitudes_in_words(rankings: dict[str, pd.DataFrame], study: list[str], controls: dict[str, str]) -> str:
    """What the figure shows: how much synergy untrained models have beside the trained, or else the profiles' shape."""
    means = {model: ranking["avg_synergy"].mean() for model, ranking in rankings.items()}
    ratios = [means[controls[model]] / means[model] for model in study if controls.get(model) in means]
    if ratios and all(0 < ratio < np.inf for ratio in ratios):
        return f"Layer profiles: untrained models have {_span(ratios, '.2g')} times the synergy of the trained"
    profiles = [by_layer(rankings[model], "syn_red_score") for model in study]
    fits = [float(template_correlation(own)) for own in profiles if len(own) >= FEWEST_LAYERS]
    fits = [fit for fit in fits if np.isfinite(fit)]
    return (
        f"Layer profiles fit an inverted U by {_span(fits, '+.2f')}" if fits else "No layer profile that a U could fit"
    )


def _span(values: list[float], form: str) -> str:
    """The lowest and the highest of the values in words, or the one there is."""
    ends = [format(value, form) for value in (min(values), max(values))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def ablations_figure(ablations: dict[str, pd.DataFrame]) -> Figure:
    """One panel a model: KL against the fraction removed, every order that was run, from its table of the ablation."""
    columns = min(3, max(1, len(ablations)))
    rows = math.ceil(max(1, len(ablations)) / columns)
    figure = new_figure(TWO_COLUMNS, 0.9 + 2.3 * rows - 0.7 * (columns == 1), _harm_in_words(ablations))
    one_scale = not spans_decades(pd.Series([ablation["mean_kl_div"].max() for ablation in ablations.values()]))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=one_scale).ravel()
    for axes, (model, ablation) in zip(panels, ablations.items(), strict=False):
        curves = order_curves(ablation, methods(ablation)[0])
        draw_curves(axes, curves.assign(label=curves["order"].map(lambda order: ORDER_STYLES[order][2])))
        if (floor := noise_floor(ablation)) > 0:
            axes.axhline(floor, label="noise floor", **FLOOR_LINE)
        of_random = curves[curves["order"] == "random"]
        told = [] if of_random.empty else [f"{of_random['n_seeds'].max()} random orders"]
        told += [] if one_scale else ["own scale"]
        axes.set_title("\n".join([model, ", ".join(told)]).strip(), fontsize=8)
        axes.set(xlabel="fraction of heads removed", ylabel="KL (nats per token)", xlim=(0, None), ylim=(0, None))
    for axes in panels[len(ablations) :]:
        say(axes, "" if ablations else "no model's heads were removed")
    if ablations:
        shared_legend(figure, **({"loc": "outside right center"} if columns == 1 else {"ncols": 3}))
    return figure


def _harm_in_words(ablations: dict[str, pd.DataFrame]) -> str:
    """What the figure shows: where the synergistic order stands among the random ones, at the largest fraction."""
    drawn = [at_largest_fraction(ablation, methods(ablation)[0]) for ablation in ablations.values()]
    shares = [exceeded / n_random for exceeded, n_random in map(random_exceeded, drawn) if n_random]
    if not shares:
        return "No model's synergistic heads were removed beside random ones"
    return f"Removing synergistic heads first does more harm than {_span(shares, '.0%')} of random orders"


def graph_metrics_figure(metrics: dict[str, dict], study: list[str], published: Published) -> Figure:
    """Efficiency and modularity of both networks under two definitions, one with its shuffled null.

    Parameters
    ----------
    metrics : dict of str to dict
        What ``measure_graphs`` wrote for each model.
    study : list of str
        The models that the title counts: all but the untrained.
    published : dict of str to (str or None, DataFrame)
        The paper's name of each model, and its ``network``, ``global_efficiency`` and ``modularity``.
    """
    figure = new_figure(TWO_COLUMNS, 5.6, _networks_in_words({model: metrics[model] for model in study}))
    panels = figure.subplots(2, 2, sharex=True)
    n_models = len(metrics)
    for row, (definition, meaning, unit) in zip(panels, SHOWN, strict=True):
        for axes, (metric, label) in zip(row, METRICS.items(), strict=True):
            _draw_metric(axes, measured_metric(metrics, definition, metric))
            if definition == "dense_weighted":
                _draw_published_metric(axes, list(metrics), published, metric)
            is_efficiency = metric == "global_efficiency"
            axes.set(xlabel="", ylabel=label + (unit if is_efficiency else ""))
            axes.set_title(meaning if is_efficiency else meaning.split(",")[0] + ", weights", fontsize=8)
            axes.set_xlim(min(-0.5, n_models / 2 - 2), max(n_models - 0.5, n_models / 2 + 1))
    turned = {"rotation": 20, "ha": "right"} if n_models > 2 else {}
    for axes in panels[-1]:
        axes.set_xticks(range(n_models), metrics, **turned)
    shared_legend(figure, ncols=2)
    return figure


def _networks_in_words(metrics: dict[str, dict]) -> str:
    """What the figure shows: in how many models the networks differ as the paper says."""
    values = {}
    for metric in METRICS:
        measured = measured_metric(metrics, SHOWN[0][0], metric)
        values[metric] = measured.pivot(index="model", columns="network", values="value")
    efficient = (values["global_efficiency"]["synergy"] > values["global_efficiency"]["redundancy"]).sum()
    modular = (values["modularity"]["redundancy"] > values["modularity"]["synergy"]).sum()
    return (
        f"Strongest edges: the synergy network is the more efficient in {efficient} of {len(metrics)} "
        f"models of the study, the redundancy network the more modular in {modular}"
    )


def measured_metric(metrics: dict[str, dict], definition: str, metric: str) -> pd.DataFrame:
    """One metric, a row a model and network: ``model``, ``network``, ``value``; ``null_mean``, ``null_sd`` or NaN."""
    rows = [
        {"model": model, "network": network} | record["definitions"][definition][network][metric]
        for model, record in metrics.items()
        for network in NETWORK_COLOURS
    ]
    table = pd.DataFrame(rows, columns=["model", "network", "value", "null_mean", "null_sd"])
    return table.astype({"value": float, "null_mean": float, "null_sd": float})


def _draw_metric(axes: Axes, measured: pd.DataFrame) -> None:
    """A dot a network, two side by side a model; beside it mean and spread (± 2 sd) of its shuffled null."""
    places = np.arange(len(measured)) // 2 + np.tile(SIDES, len(measured) // 2)
    for network, colour in NETWORK_COLOURS.items():
        own = (measured["network"] == network).to_numpy()
        axes.plot(places[own], measured["value"][own], "o", color=colour, markersize=7, label=f"{network} network")
    null = measured["null_mean"].notna().to_numpy()
    if null.any():
        how = {
            "fmt": "_",
            "color": INK,
            "markersize": 9,
            "elinewidth": 0.9,
            "label": "weight-shuffled null, mean ± 2 sd",
        }
        axes.errorbar(places[null] + 0.12, measured["null_mean"][null], 2 * measured["null_sd"][null], **how)
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    if spans_decades(measured["value"]):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=min(0.0, np.nanmin(measured["value"])))


def _draw_published_metric(axes: Axes, models: list[str], published: Published, metric: str) -> None:
    for place, model in enumerate(models):
        name, theirs = published[model]
        if name:
            values = theirs.set_index("network")[metric].reindex(NETWORK_COLOURS)
            label = "published (definition not stated)"
            axes.plot(place + SIDES, values, "D", color="white", markeredgecolor=INK, markersize=4, label=label)


def spans_decades(values: pd.Series) -> bool:
    """Whether a linear axis would hide the smaller values: all are positive, and some are 20 times others."""
    return bool(values.min() > 0 and values.max() > WIDE * values.min())


def by_layer(ranking: pd.DataFrame, column: str) -> np.ndarray:
    """Layer means of a column of a ranking, (layers,)."""
    layers = int(ranking["layer"].max()) + 1
    return layer_means(ranking[column].to_numpy(), layers, len(ranking) // layers)


def _draw_with_control(axes: Axes, ranking: pd.DataFrame, control: pd.DataFrame | None, column: str) -> None:
    profile = by_layer(ranking, column)
    if not np.isfinite(profile).any():
        say(axes, "no null was computed")
        return
    if column == "avg_synergy":
        axes.set_yscale("log")
    else:
        zero_line(axes, 0.5)
    if control is not None:
        untrained = by_layer(control, column)
        depth = depths(len(untrained))
        seaborn.lineplot(x=depth, y=untrained, linestyle="--", color=NULL, label="untrained control", ax=axes)
    seaborn.lineplot(x=depths(len(profile)), y=profile, **MARKED, color=INK, label="model", ax=axes)


def _draw_ranks(axes: Axes, profile: np.ndarray, name: str | None, theirs: pd.DataFrame) -> None:
    if name:
        seaborn.lineplot(
            theirs, x="depth_fraction", y="layer_rank_quantile", color=FAINT, linewidth=3, label="published", ax=axes
        )
        axes.text(0.5, 0.02, name, transform=axes.transAxes, ha="center", fontsize=6.5, color=NULL)
    ranks = rank_quantiles(profile)
    seaborn.lineplot(x=depths(len(profile)), y=ranks, **MARKED, color=INK, label="model", ax=axes)
    axes.set(xlabel="", ylabel="")
