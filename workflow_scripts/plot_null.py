"""Plot observed synergy and redundancy beside their null, by layer."""

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.layer_profiles import layer_means
from synergy.heads.ranking_table import read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.layer_figures import draw_quantity
from synergy.report.style import REDUNDANCY, SYNERGY, TWO_COLUMNS, layer_axis, new_figure

QUANTITIES = (
    ("synergy", "avg_synergy", "head_null_sts", SYNERGY),
    ("redundancy", "avg_redundancy", "head_null_rtr", REDUNDANCY),
)


def plot_null(pairwise: str, ranking: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw layer means of both atoms, observed and under the null, and below them the excess over the null."""
    atoms, upstream = read_pairwise(pairwise, [null for *_, null, _ in QUANTITIES], layers * heads)
    table = read_ranking(ranking, layers * heads, [column for _, column, *_ in QUANTITIES])
    canvas = new_figure(TWO_COLUMNS, 4.7, f"{model}: information of each layer's heads, beside its null")
    panels = canvas.subplots(2, 2, sharex=True, height_ratios=(3, 2))
    for column, (name, observed, null, colour) in enumerate(QUANTITIES):
        above, below = panels[:, column]
        draws = layer_means(atoms[null], layers, heads)  # (surrogates, layers)
        draw_quantity(above, below, name, layer_means(table[observed].to_numpy(), layers, heads), draws, colour)
        layer_axis(above, layers, label=False)
        layer_axis(below, layers)
    handles = {}
    for axes in panels.flat:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    save_figure(figure, canvas, provenance("plot_null", {"model": model}, upstream))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_null(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
