"""Plot the score of each head as a layer-by-head map, before and after subtracting the null."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from synergy.artifacts import save_figure
from synergy.configured import configured_score
from synergy.console import logged_to
from synergy.provenance import provenance
from synergy.style import DIVERGING, TWO_COLUMNS, colour_bar, layer_axis, limits_around, new_figure, say
from synergy.tables import read_table

MAPS = (("syn_red_score", "score"), ("excess_score", "score of what exceeds the null"))


def plot_head_ranking(ranking: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw one cell a head, layers from left to right: blue is redundant, orange synergistic.

    Parameters
    ----------
    ranking : str
        The head ranking (CSV).
    layers, heads : int
        Geometry of the model.
    model : str
        Key of the model.
    figure : str
        Where to write the PNG.
    """
    table = read_table(ranking, required=("rank_difference", "value_difference", "balance", *dict(MAPS)))
    definition = configured_score(table)
    panel_height = float(np.clip(0.9 + 0.055 * heads, 1.4, 2.9))
    canvas = new_figure(TWO_COLUMNS, 2 * panel_height + 0.9, f"{model}: heads from redundant to synergistic")
    for axes, (column, title) in zip(canvas.subplots(2, 1), MAPS, strict=True):
        scores = table[column].reshape(layers, heads).T  # (heads, layers)
        if not np.isfinite(scores).any():
            say(axes, "no null was computed")
            continue
        low, high = limits_around(scores, 0.5)
        image = axes.imshow(
            scores, cmap=DIVERGING, vmin=low, vmax=high, aspect="auto", interpolation="nearest", origin="lower"
        )
        colour_bar(canvas, image, axes, f"score ({definition})", fraction=0.03)
        axes.set_title(title)
        axes.set_ylabel("head in layer")
        layer_axis(axes, layers)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        for edge in np.arange(1, layers) - 0.5:
            axes.axvline(edge, color="white", linewidth=0.6)
        for edge in np.arange(1, heads) - 0.5:
            axes.axhline(edge, color="white", linewidth=0.3)
    save_figure(figure, canvas, provenance("plot_head_ranking", {"model": model, "score": definition}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_head_ranking(
            ranking=snakemake.input.ranking,
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
