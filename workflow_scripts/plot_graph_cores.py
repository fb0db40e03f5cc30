"""Plot the synergy and the redundancy network side by side, heads on a ring by depth."""

import numpy as np
import pandas as pd

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import strongest_edges, weighted_graph
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.network_figure import graph_cores_figure

MATRICES = {"synergy": "sts_matrix", "redundancy": "rtr_matrix"}


def plot_graph_cores(
    pairwise: str, ranking: str, layers: int, heads: int, top_fraction: float, model: str, figure: str
) -> None:
    """Draw both networks on the same layout, strongest edges only, and the mean degree of each layer below.

    The graphs keep `top_fraction` of the pairs; the strongest of these are drawn.
    """
    atoms, upstream = read_pairwise(pairwise, list(MATRICES.values()), layers * heads)
    scores = read_ranking(ranking, layers * heads, ("syn_red_score",))["syn_red_score"].to_numpy()
    networks = {}
    for name, matrix in MATRICES.items():
        kept = np.triu(strongest_edges(weighted_graph(atoms[matrix]), top_fraction))
        source, target = np.nonzero(kept)
        networks[name] = pd.DataFrame({"source": source, "target": target, "weight": kept[source, target]})
    drawn = graph_cores_figure(model, networks, scores, layers, heads, top_fraction)
    made = provenance("plot_graph_cores", {"top_fraction": top_fraction, "model": model}, upstream)
    save_figure(figure, drawn, made)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_graph_cores(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
