"""Plot the score of each head as a layer-by-head map, before and after subtracting the null, and the paper's."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.ranking_table import configured_score, read_ranking
from synergy.heads.scores import SCORES
from synergy.report.head_figures import draw_head_map, published_map
from synergy.report.style import TWO_COLUMNS, new_figure, say

MAPS = (("syn_red_score", "score"), ("excess_score", "score of what exceeds the null"))


def plot_head_ranking(ranking: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw one cell a head of the `ranking`, layers from left to right: blue is redundant, orange synergistic.

    The `published` ranks of heads are drawn faintly below where the paper has the model.
    """
    table = read_ranking(ranking, layers * heads, (*SCORES, *dict(MAPS)))
    name, theirs = read_published(published, model, ("layer", "head_in_layer", "syn_red_rank"))
    definition = configured_score(table)
    maps = [
        (table[column].to_numpy().reshape(layers, heads).T, title, f"score ({definition})") for column, title in MAPS
    ]
    if name and (ranks := published_map(theirs, layers, heads)) is not None:
        maps.append((ranks, f"published, {name}: ranks of the heads", "rank, scaled to 0-1"))
    panel_height = float(np.clip(0.9 + 0.055 * heads, 1.4, 2.9))
    canvas = new_figure(TWO_COLUMNS, len(maps) * panel_height + 0.9, f"{model}: heads from redundant to synergistic")
    for axes, (scores, title, label) in zip(canvas.subplots(len(maps), 1), maps, strict=True):
        if not np.isfinite(scores).any():
            say(axes, "no null was computed")
            continue
        draw_head_map(canvas, axes, scores, label, faint=title.startswith("published"))
        axes.set_title(title)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    save_figure(figure, canvas, provenance("plot_head_ranking", {"model": model, "score": definition}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_head_ranking(
            ranking=snakemake.input.ranking,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
