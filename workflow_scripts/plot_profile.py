"""Plot the synergy-redundancy score of each layer over depth, with every definition of the score beside it."""

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.layer_profiles import layer_means
from synergy.heads.ranking_table import read_ranking
from synergy.heads.scores import SCORES
from synergy.report.layer_figures import draw_excess, draw_published_ranks, draw_score
from synergy.report.style import TWO_COLUMNS, new_figure


def plot_profile(ranking: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw the layer profile of the score, of its excess over the null, and the `published` one where there is one."""
    table = read_ranking(ranking, layers * heads, ("syn_red_score", "excess_score", *SCORES))
    name, theirs = read_published(published, model, ("layer", "depth_fraction", "layer_rank_quantile"))
    canvas = new_figure(TWO_COLUMNS, 3.0, f"{model}: from redundant to synergistic, over depth")
    panels = canvas.subplots(1, 3 if name else 2)
    draw_score(panels[0], table, layers, heads)
    draw_excess(panels[1], table, layers, heads)
    if name:
        draw_published_ranks(panels[2], layer_means(table["syn_red_score"].to_numpy(), layers, heads), theirs, name)
    save_figure(figure, canvas, provenance("plot_profile", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_profile(
            ranking=snakemake.input.ranking,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
