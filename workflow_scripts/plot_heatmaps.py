"""Plot the pairwise synergy and redundancy of all heads as matrices, and what exceeds their null."""

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.phiid.pairwise import read_pairwise
from synergy.report.head_figures import heatmaps_figure


def plot_heatmaps(pairwise: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw both `pairwise` atoms for each pair of heads, and below them the excess over the null."""
    required = ["sts_matrix", "sts_null_mean", "rtr_matrix", "rtr_null_mean"]
    atoms, upstream = read_pairwise(pairwise, required, layers * heads)
    drawn = heatmaps_figure(model, atoms, layers, heads)
    save_figure(figure, drawn, provenance("plot_heatmaps", {"model": model}, upstream))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_heatmaps(
            pairwise=snakemake.input.pairwise,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
