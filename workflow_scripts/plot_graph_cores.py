"""Plot the synergy and the redundancy network side by side, heads on a ring by depth."""

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import strongest_edges, weighted_graph
from synergy.heads.ranking_table import read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.network_figures import draw_degrees, draw_ring
from synergy.report.style import REDUNDANCY, SYNERGY, TWO_COLUMNS, colour_bar, new_figure

NETWORKS = (("synergy", "sts_matrix", SYNERGY), ("redundancy", "rtr_matrix", REDUNDANCY))


def plot_graph_cores(
    pairwise: str, ranking: str, layers: int, heads: int, top_fraction: float, model: str, figure: str
) -> None:
    """Draw both networks on the same layout, strongest edges only, and the mean degree of each layer below.

    The graphs keep `top_fraction` of the pairs; the strongest of these are drawn.
    """
    atoms, upstream = read_pairwise(pairwise, [matrix for _, matrix, _ in NETWORKS], layers * heads)
    scores = read_ranking(ranking, layers * heads, ("syn_red_score",))["syn_red_score"]
    canvas = new_figure(TWO_COLUMNS, 5.4, f"{model}: the synergy and the redundancy network")
    panels = canvas.subplots(2, 2, height_ratios=(5, 1))
    for (name, matrix, colour), rings, profile in zip(NETWORKS, panels[0], panels[1], strict=True):
        kept = strongest_edges(weighted_graph(atoms[matrix]), top_fraction)
        nodes = draw_ring(rings, kept, scores, layers, heads, colour, name)
        draw_degrees(profile, kept, top_fraction, layers, heads, colour)
    panels[1, 1].sharey(panels[1, 0])
    below = {"location": "bottom", "fraction": 0.03, "pad": 0.01, "shrink": 0.35, "aspect": 30}
    colour_bar(canvas, nodes, list(panels[0]), "score of the head (dots)", **below)
    save_figure(
        figure, canvas, provenance("plot_graph_cores", {"top_fraction": top_fraction, "model": model}, upstream)
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_graph_cores(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
