"""Plot the synergy-redundancy score of each layer over depth, with every definition of the score beside it."""

import numpy as np

from synergy.artifacts import save_figure
from synergy.console import logged_to
from synergy.profiles import (
    FEWEST_LAYERS,
    depths,
    layer_means,
    rank_quantiles,
    resampled_profiles,
    template_correlation,
)
from synergy.provenance import provenance
from synergy.published import read_published
from synergy.rankings import SCORES
from synergy.scores_shown import configured_score
from synergy.style import (
    FAINT,
    INK,
    NULL,
    REDUNDANCY,
    SYNERGY,
    TWO_COLUMNS,
    band,
    layer_axis,
    new_figure,
    say,
    zero_line,
)
from synergy.tables import Table, read_table

BOOTSTRAPS = 1000
DASHES = {"rank_difference": (5, 1), "value_difference": (3, 1), "balance": (1, 1)}


def plot_profile(ranking: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw the layer profile of the score, of its excess over the null, and of the paper where it has the model.

    Parameters
    ----------
    ranking : str
        The head ranking (CSV).
    published : str
        The paper's layer profiles (CSV).
    layers, heads : int
        Geometry of the model.
    model : str
        Key of the model.
    figure : str
        Where to write the PNG.
    """
    table = read_table(ranking, required=("syn_red_score", "excess_score", *SCORES))
    name, theirs = read_published(published, model, ("layer", "depth_fraction", "layer_rank_quantile"))
    canvas = new_figure(TWO_COLUMNS, 3.0, f"{model}: from redundant to synergistic, over depth")
    panels = canvas.subplots(1, 3 if name else 2)
    draw_score(panels[0], table, layers, heads)
    draw_excess(panels[1], table, layers, heads)
    if name:
        draw_published(panels[2], layer_means(table["syn_red_score"], layers, heads), theirs, name)
    save_figure(figure, canvas, provenance("plot_profile", {"model": model, "published": name}))


def draw_score(axes, table: Table, layers: int, heads: int) -> None:
    """Configured score with its 95 % interval, and faintly the rank of the heads under the other definitions."""
    configured = configured_score(table)
    draw_profile(axes, table["syn_red_score"], layers, heads, "score", configured)
    for name, dashes in DASHES.items():
        label = name.replace("_", " ")
        if label != configured:
            profile = layer_means(rank_quantiles(table[name]), layers, heads)
            axes.plot(profile, color=NULL, linewidth=1, dashes=dashes, label=f"{label} (ranks of heads)")
    axes.set_ylabel("mean score of the layer's heads")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=1)


def draw_excess(axes, table: Table, layers: int, heads: int) -> None:
    """The configured score computed on what exceeds the null."""
    if not np.isfinite(table["excess_score"]).any():
        say(axes, "no null was computed")
        return
    draw_profile(axes, table["excess_score"], layers, heads, "excess", "the same score, of what exceeds the null")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))


def draw_profile(axes, scores: np.ndarray, layers: int, heads: int, title: str, label: str) -> None:
    """Layer means coloured from redundant to synergistic, with a bootstrap interval and the fit to an inverted U."""
    profile, x = layer_means(scores, layers, heads), np.arange(layers)
    low, high = np.nanpercentile(resampled_profiles(scores, layers, heads, BOOTSTRAPS, seed=0), [2.5, 97.5], axis=0)
    zero_line(axes, 0.5)
    band(axes, x, low, high, INK, 0.12)
    axes.plot(x, profile, color=INK, label=label, zorder=2)
    axes.scatter(x, profile, s=14, c=[SYNERGY if value > 0.5 else REDUNDANCY for value in profile], zorder=3)
    fit = float(template_correlation(profile)) if layers >= FEWEST_LAYERS else np.nan
    axes.set_title(title + (f": inverted-U fit {fit:+.2f}" if np.isfinite(fit) else ""), fontsize=8)
    layer_axis(axes, layers)


def draw_published(axes, profile: np.ndarray, theirs: Table, name: str) -> None:
    """Ours and the paper's on the paper's scale: the rank of each layer among the layers."""
    axes.plot(theirs["depth_fraction"], theirs["layer_rank_quantile"], "o-", color=FAINT, label=f"published, {name}")
    axes.plot(depths(len(profile)), rank_quantiles(profile), "o-", color=INK, label="here")
    axes.set(
        xlabel="relative depth",
        ylabel="rank of the layer, scaled to 0-1",
    )
    axes.set_title("beside the paper", fontsize=8)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_profile(
            ranking=snakemake.input.ranking,
            published=snakemake.input.published,
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
