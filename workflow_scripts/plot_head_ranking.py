"""Plot the score of each head as a layer-by-head map, before and after subtracting the null, and the paper's."""

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.scores import SCORES, configured_score, read_ranking
from synergy.report.head_figures import head_ranking_figure


def plot_head_ranking(ranking: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw one cell a head of the `ranking`, and the `published` ranks of heads where the paper has the model."""
    table = read_ranking(ranking, layers * heads, (*SCORES, "syn_red_score", "excess_score"), without_null=True)
    name, theirs = read_published(published, model, ("layer", "head_in_layer", "syn_red_rank"))
    drawn = head_ranking_figure(model, table, layers, heads, theirs, name)
    save_figure(figure, drawn, provenance("plot_head_ranking", {"model": model, "score": configured_score(table)}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_head_ranking(
            ranking=snakemake.input.ranking,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
