"""Plot observed synergy and redundancy beside their null, by layer."""

import numpy as np

from synergy.artifacts import read_npz, save_figure
from synergy.console import logged_to
from synergy.profiles import layer_means, rank_quantiles
from synergy.provenance import provenance
from synergy.resampling import pearson
from synergy.style import (
    FAINT,
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
from synergy.tables import read_table

QUANTITIES = (
    ("synergy", "avg_synergy", "head_null_sts", SYNERGY),
    ("redundancy", "avg_redundancy", "head_null_rtr", REDUNDANCY),
)


def plot_null(pairwise: str, ranking: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw layer means of both atoms, observed and under the null, and below them the excess over the null.

    Parameters
    ----------
    pairwise, ranking : str
        The pairwise atoms (npz) and the head ranking (CSV).
    layers, heads : int
        Geometry of the model.
    model : str
        Key of the model, for the title.
    figure : str
        Where to write the PNG.
    """
    atoms, upstream = read_npz(pairwise, required=[null for *_, null, _ in QUANTITIES])
    table = read_table(ranking, required=[column for _, column, *_ in QUANTITIES])
    canvas = new_figure(TWO_COLUMNS, 4.7, f"{model}: information of each layer's heads, beside its null")
    panels = canvas.subplots(2, 2, sharex=True, height_ratios=(3, 2))
    for column, (name, observed, null, colour) in enumerate(QUANTITIES):
        above, below = panels[:, column]
        draws = layer_means(atoms[null], layers, heads)  # (surrogates, layers)
        draw_quantity(above, below, name, layer_means(table[observed], layers, heads), draws, colour)
        layer_axis(above, layers, label=False)
        layer_axis(below, layers)
    handles = {}
    for axes in panels.flat:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    save_figure(figure, canvas, provenance("plot_null", {"model": model}, upstream))


def draw_quantity(above, below, name: str, observed: np.ndarray, draws: np.ndarray, colour: str) -> None:
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


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_null(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
