"""Figures of a model by layer: the layer profile of the score, and both atoms beside their null."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.heads.layer_profiles import (
    FEWEST_LAYERS,
    depth_p,
    depths,
    layer_means,
    resampled_profiles,
    template_correlation,
)
from synergy.heads.scores import SCORES, configured_score
from synergy.report.style import (
    FAINT,
    INK,
    MARKED,
    NETWORK_COLOURS,
    NULL,
    REDUNDANCY,
    SYNERGY,
    TWO_COLUMNS,
    band,
    layer_axis,
    new_figure,
    say,
    shared_legend,
    zero_line,
)
from synergy.statistics.descriptive import pearson, rank_quantiles

BOOTSTRAPS, DEPTH_DRAWS = 1000, 2000
SHOWN_BESIDE_NULL = ("avg_synergy", "avg_redundancy", "excess_synergy", "excess_redundancy", "outside_calibration")
OTHER_DASHES = ((3, 1), (1, 1), (5, 1))


def profile_figure(
    model: str, ranking: pd.DataFrame, layers: int, heads: int, published: pd.DataFrame, published_name: str | None
) -> Figure:
    """Layer profile of the score, of its excess over the null, and the paper's where it has the model.

    Parameters
    ----------
    model : str
    ranking : DataFrame
        A row a head, in order, with ``syn_red_score``, ``excess_score`` and every definition of the score.
    layers, heads : int
    published : DataFrame
        ``depth_fraction`` and ``layer_rank_quantile``, a row a layer.
    published_name : str or None
        The paper's name of the model; None where it does not have it.
    """
    figure = new_figure(TWO_COLUMNS, 3.2, f"{model}: {_fit_in_words(ranking, layers, heads)}")
    panels = figure.subplots(1, 3 if published_name else 2)
    _draw_score(panels[0], ranking, layers, heads)
    _draw_excess(panels[1], ranking, layers, heads)
    if published_name:
        profile = layer_means(ranking["syn_red_score"].to_numpy(), layers, heads)
        _draw_published_ranks(panels[2], profile, published, published_name)
    for axes in panels:
        if axes.get_legend():
            seaborn.move_legend(axes, "upper center", bbox_to_anchor=(0.5, -0.22))
    return figure


def _fit_in_words(ranking: pd.DataFrame, layers: int, heads: int) -> str:
    """What the figure shows: how far the profile is an inverted U, and how often one as smooth is by chance."""
    profile = layer_means(ranking["syn_red_score"].to_numpy(), layers, heads)
    if layers < FEWEST_LAYERS or not np.isfinite(profile).all() or not np.ptp(profile):
        return "from redundant to synergistic, over depth"
    p_value = depth_p(profile, DEPTH_DRAWS, seed=0)
    return (
        f"inverted-U fit {float(template_correlation(profile)):+.2f} over depth (p = {p_value:.2g} for one as smooth)"
    )


def _draw_score(axes: Axes, ranking: pd.DataFrame, layers: int, heads: int) -> None:
    """Configured score with its 95 % interval, and faintly the rank of the heads under the other definitions."""
    configured = configured_score(ranking)
    _draw_profile(axes, ranking["syn_red_score"], layers, heads, "score", configured)
    others = {name.replace("_", " "): ranking[name].to_numpy() for name in SCORES}
    others = {
        f"{name} (ranks of heads)": layer_means(rank_quantiles(values), layers, heads)
        for name, values in others.items()
        if name != configured
    }
    dashes = dict(zip(others, OTHER_DASHES, strict=False))
    how = {"palette": dict.fromkeys(others, FAINT), "dashes": dashes, "linewidth": 0.7, "zorder": 1}
    seaborn.lineplot(pd.DataFrame(others), **how, ax=axes)


def _draw_excess(axes: Axes, ranking: pd.DataFrame, layers: int, heads: int) -> None:
    """The configured score computed on what exceeds the null."""
    if ranking["excess_score"].isna().all():
        say(axes, "no null was computed")
        return
    label = "the same score, of what exceeds the null"
    _draw_profile(axes, ranking["excess_score"], layers, heads, "excess", label)


def _draw_profile(axes: Axes, scores: pd.Series, layers: int, heads: int, title: str, label: str) -> None:
    """Layer means coloured from redundant to synergistic, with a bootstrap interval and the fit to an inverted U."""
    scores = scores.to_numpy()
    profile, x = layer_means(scores, layers, heads), np.arange(layers)
    low, high = np.nanpercentile(resampled_profiles(scores, layers, heads, BOOTSTRAPS, seed=0), [2.5, 97.5], axis=0)
    zero_line(axes, 0.5)
    if layers >= FEWEST_LAYERS and np.isfinite(profile).all():
        # What the profiles are that its p counts: as smooth over depth, about the same mean, and as wide.
        reach = 1.96 * profile.std()
        middle, words = profile.mean(), "95 % of profiles as smooth by chance"
        band(axes, x, middle - reach, middle + reach, NULL, 0.15, label=words)
    band(axes, x, low, high, INK, 0.25, label="95 % interval, heads of the layer resampled")
    seaborn.lineplot(x=x, y=profile, color=INK, label=label, zorder=2, ax=axes)
    sides = {True: SYNERGY, False: REDUNDANCY}
    seaborn.scatterplot(
        x=x, y=profile, hue=profile > 0.5, palette=sides, s=20, linewidth=0, legend=False, zorder=3, ax=axes
    )
    axes.set_ylabel("mean score of the layer's heads")
    fit = float(template_correlation(profile)) if layers >= FEWEST_LAYERS else np.nan
    axes.set_title(title + (f": inverted-U fit {fit:+.2f}" if np.isfinite(fit) else ""), fontsize=8)
    layer_axis(axes, layers)


def _draw_published_ranks(axes: Axes, profile: np.ndarray, published: pd.DataFrame, name: str) -> None:
    """Ours and the paper's on the paper's scale: the rank of each layer among the layers."""
    seaborn.lineplot(
        published,
        x="depth_fraction",
        y="layer_rank_quantile",
        **MARKED,
        color=FAINT,
        label=f"published, {name}",
        ax=axes,
    )
    seaborn.lineplot(x=depths(len(profile)), y=rank_quantiles(profile), **MARKED, color=INK, label="here", ax=axes)
    axes.set(xlabel="relative depth", ylabel="rank of the layer, scaled to 0-1")
    axes.set_title("beside the paper", fontsize=8)


def null_figure(model: str, ranking: pd.DataFrame, draws: dict[str, np.ndarray], layers: int, heads: int) -> Figure:
    """Layer means of both atoms, observed and under the null, and below them the excess over the null.

    Parameters
    ----------
    model : str
    ranking : DataFrame
        A row a head, in order, with the columns `SHOWN_BESIDE_NULL`: atoms and excesses in nats, and the share of its
        series for which the null is not calibrated.
    draws : dict of str to ndarray (n_surrogates, n_heads_total)
        Mean ``synergy`` and ``redundancy`` of each head in every surrogate, in nats.
    layers, heads : int
    """
    observed = {name: layer_means(ranking[f"avg_{name}"].to_numpy(), layers, heads) for name in NETWORK_COLOURS}
    nulls = {name: layer_means(draws[name], layers, heads) for name in NETWORK_COLOURS}
    figure = new_figure(TWO_COLUMNS, 4.7, f"{model}: {_exceeding_in_words(observed, nulls)}")
    panels = figure.subplots(2, 2, sharex=True, height_ratios=(3, 2))
    for (above, below), (name, colour) in zip(panels.T, NETWORK_COLOURS.items(), strict=True):
        _draw_beside_null(above, below, name, observed[name], nulls[name], colour)
        lowest = below if below.axison else above
        lowest.tick_params(labelbottom=True)
        layer_axis(above, layers, label=lowest is above)
        layer_axis(below, layers)
    words = None
    if np.isfinite(draws["synergy"]).any():
        words = f"{len(draws['synergy'])} surrogates; "
        words += f"{ranking['outside_calibration'].mean():.0%} of all series are outside the null's calibration"
        together = pearson(ranking["excess_synergy"].to_numpy(), ranking["excess_redundancy"].to_numpy())
        if np.isfinite(together):
            words += f"; over heads, excess synergy and excess redundancy correlate by {together:.2f}"
    shared_legend(figure, ncols=4, title=words, title_fontsize=7)
    return figure


def _exceeding_in_words(observed: dict[str, np.ndarray], nulls: dict[str, np.ndarray]) -> str:
    """What the figure shows: in how many layers each atom is above its null's 95 % band."""
    if not all(np.isfinite(draws).any() for draws in nulls.values()):
        return "information of each layer's heads"
    above = {name: np.count_nonzero(observed[name] > np.percentile(nulls[name], 97.5, axis=0)) for name in observed}
    words = ", ".join(f"{name} in {n or 'none'}" for name, n in above.items())
    return f"above the null, of {len(observed['synergy'])} layers: {words}"


def _draw_beside_null(
    above: Axes, below: Axes, name: str, observed: np.ndarray, draws: np.ndarray, colour: str
) -> None:
    """Draw one atom: `observed` (layers,) with its null `draws` (n_surrogates, layers) above, the excess below."""
    x = np.arange(len(observed))
    seaborn.lineplot(x=x, y=observed, **MARKED, color=colour, label=f"observed {name}", zorder=3, ax=above)
    above.set_ylabel(f"mean {name} (nats)")
    above.set_ylim(0, 1.08 * np.nanmax(observed))
    if not np.isfinite(draws).any():
        above.set_title(name)
        say(below, "no null was computed")
        return
    mean = draws.mean(axis=0)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    # Wide and beneath, so that it shows even where the observed line lies on it.
    seaborn.lineplot(x=x, y=mean, color=FAINT, linewidth=5, label="null: same series, coupling broken", ax=above)
    above.set_ylim(min(0, np.nanmin(observed), np.nanmin(low)), 1.08 * max(np.nanmax(observed), np.nanmax(high)))
    above.set_title(f"{name}: the null gives {np.nanmean(mean) / np.nanmean(observed):.0%} of it", pad=15)
    agreement = pearson(rank_quantiles(observed), rank_quantiles(mean))
    if np.isfinite(agreement):
        words = f"rank correlation of the two layer profiles {agreement:.2f}"
        above.text(0, 1.03, words, transform=above.transAxes, va="bottom")
    zero_line(below)
    band(below, x, low - mean, high - mean, NULL, 0.35, label="null's 95 % band")
    seaborn.lineplot(x=x, y=observed - mean, **MARKED, color=colour, zorder=3, ax=below)
    below.margins(y=0.12)
    below.set_ylabel("excess over null (nats)")
    beyond = np.count_nonzero(observed > high)
    below.set_title(f"above the null's 95 % band in {beyond} of {len(x)} layers", fontsize=8, fontweight="normal")
