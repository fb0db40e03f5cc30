"""Plot the synergy-redundancy score of each layer over depth, with every definition of the score beside it."""

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.scores import SCORES, read_ranking
from synergy.report.layer_figures import profile_figure


def plot_profile(ranking: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw the layer profile of the score, of its excess over the null, and the `published` one where there is one."""
    table = read_ranking(ranking, layers * heads, ("syn_red_score", "excess_score", *SCORES), without_null=True)
    name, theirs = read_published(published, model, ("layer", "depth_fraction", "layer_rank_quantile"))
    drawn = profile_figure(model, table, layers, heads, theirs, name)
    save_figure(figure, drawn, provenance("plot_profile", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_profile(
            ranking=snakemake.input.ranking,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
