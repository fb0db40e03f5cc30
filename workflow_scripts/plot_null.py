"""Plot observed synergy and redundancy beside their null, by layer."""

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.layer_figures import SHOWN_BESIDE_NULL, null_figure


def plot_null(pairwise: str, ranking: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw layer means of both atoms, observed and under the null, and below them the excess over the null."""
    atoms, upstream = read_pairwise(pairwise, ["head_null_sts", "head_null_rtr"], layers * heads)
    table = read_ranking(ranking, layers * heads, SHOWN_BESIDE_NULL)
    draws = {"synergy": atoms["head_null_sts"], "redundancy": atoms["head_null_rtr"]}
    drawn = null_figure(model, table, draws, layers, heads)
    save_figure(figure, drawn, provenance("plot_null", {"model": model}, upstream))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_null(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
