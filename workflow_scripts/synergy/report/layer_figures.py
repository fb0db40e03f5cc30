"""Panels of a layer profile: the score with its interval, its excess over the null, and the paper's."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from synergy.heads.layer_profiles import FEWEST_LAYERS, depths, layer_means, resampled_profiles, template_correlation
from synergy.heads.ranking_table import configured_score
from synergy.report.style import FAINT, INK, NULL, REDUNDANCY, SYNERGY, band, layer_axis, say, zero_line
from synergy.statistics.ranks import pearson, rank_quantiles

BOOTSTRAPS = 1000
DASHES = {"rank_difference": (5, 1), "value_difference": (3, 1), "balance": (1, 1)}


def draw_score(axes: Axes, table: pd.DataFrame, layers: int, heads: int) -> None:
    """Configured score with its 95 % interval, and faintly the rank of the heads under the other definitions."""
    configured = configured_score(table)
    draw_profile(axes, table["syn_red_score"].to_numpy(), layers, heads, "score", configured)
    for name, dashes in DASHES.items():
        label = name.replace("_", " ")
        if label != configured:
            profile = layer_means(rank_quantiles(table[name].to_numpy()), layers, heads)
            axes.plot(profile, color=NULL, linewidth=1, dashes=dashes, label=f"{label} (ranks of heads)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=1)


def draw_excess(axes: Axes, table: pd.DataFrame, layers: int, heads: int) -> None:
    """The configured score computed on what exceeds the null."""
    if not np.isfinite(table["excess_score"]).any():
        say(axes, "no null was computed")
        return
    draw_profile(
        axes, table["excess_score"].to_numpy(), layers, heads, "excess", "the same score, of what exceeds the null"
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))


def draw_profile(axes: Axes, scores: np.ndarray, layers: int, heads: int, title: str, label: str) -> None:
    """Layer means coloured from redundant to synergistic, with a bootstrap interval and the fit to an inverted U."""
    profile, x = layer_means(scores, layers, heads), np.arange(layers)
    low, high = np.nanpercentile(resampled_profiles(scores, layers, heads, BOOTSTRAPS, seed=0), [2.5, 97.5], axis=0)
    zero_line(axes, 0.5)
    band(axes, x, low, high, INK, 0.12)
    axes.plot(x, profile, color=INK, label=label, zorder=2)
    axes.scatter(x, profile, s=14, c=[SYNERGY if value > 0.5 else REDUNDANCY for value in profile], zorder=3)
    axes.set_ylabel("mean score of the layer's heads")
    fit = float(template_correlation(profile)) if layers >= FEWEST_LAYERS else np.nan
    axes.set_title(title + (f": inverted-U fit {fit:+.2f}" if np.isfinite(fit) else ""), fontsize=8)
    layer_axis(axes, layers)


def draw_published_ranks(axes: Axes, profile: np.ndarray, theirs: pd.DataFrame, name: str) -> None:
    """Ours and the paper's on the paper's scale: the rank of each layer among the layers."""
    axes.plot(theirs["depth_fraction"], theirs["layer_rank_quantile"], "o-", color=FAINT, label=f"published, {name}")
    axes.plot(depths(len(profile)), rank_quantiles(profile), "o-", color=INK, label="here")
    axes.set(
        xlabel="relative depth",
        ylabel="rank of the layer, scaled to 0-1",
    )
    axes.set_title("beside the paper", fontsize=8)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))


def draw_quantity(above: Axes, below: Axes, name: str, observed: np.ndarray, draws: np.ndarray, colour: str) -> None:
    """Draw one atom: `observed` (layers,) with its null `draws` (surrogates, layers) above, the excess below."""
    x = np.arange(len(observed))
    above.plot(x, observed, "o-", color=colour, label=f"observed {name}", zorder=3)
    above.set_ylabel(f"mean {name} (nats)")
    above.set_ylim(0, 1.08 * np.nanmax(observed))
    if not np.isfinite(draws).any():
        above.set_title(name)
        say(below, "no null was computed")
        return
    mean = draws.mean(axis=0)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    # Wide and beneath, so that it shows even where the observed line lies on it.
    above.plot(x, mean, color=FAINT, linewidth=5, solid_capstyle="round", label="null: same series, coupling broken")
    above.set_ylim(min(0, np.nanmin(observed), np.nanmin(low)), 1.08 * max(np.nanmax(observed), np.nanmax(high)))
    above.set_title(f"{name}: the null gives {np.nanmean(mean) / np.nanmean(observed):.0%} of it", pad=15)
    agreement = pearson(rank_quantiles(observed), rank_quantiles(mean))
    if np.isfinite(agreement):
        words = f"rank correlation of the two layer profiles {agreement:.2f}"
        above.text(0, 1.03, words, transform=above.transAxes, va="bottom")
    zero_line(below)
    band(below, x, low - mean, high - mean, NULL, 0.35, label="null's 95 % band")
    below.plot(x, observed - mean, "o-", color=colour, zorder=3)
    below.margins(y=0.12)
    below.set_ylabel("excess over null (nats)")
    beyond = np.count_nonzero(observed > high)
    below.set_title(f"above the null's 95 % band in {beyond} of {len(x)} layers", fontsize=8, fontweight="normal")
