"""Plot the synergy and the redundancy network side by side, heads on a ring by depth."""

import numpy as np
import pandas as pd

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import strongest_edges, weighted_graph
from synergy.heads.scores import read_ranking
from synergy.phiid.decomposition import as_configured
from synergy.phiid.pairwise import read_decomposed, read_pairwise
from synergy.report.network_figure import graph_cores_figure

MATRICES = {"synergy": "sts_matrix", "redundancy": "rtr_matrix"}


def plot_graph_cores(
    pairwise: str,
    ranking: str,
    activations: str | None,
    decomposition: dict,
    layers: int,
    heads: int,
    top_fraction: float,
    model: str,
    figure: str,
) -> None:
    """Draw both networks on the same layout, strongest edges only, and the mean degree of each layer below.

    The graphs keep `top_fraction` of the pairs; the strongest of these are drawn. Small beside them are those of the
    first surrogate, decomposed anew from the `activations` as the config's `decomposition` says, if there is a null.
    """
    atoms, upstream = read_pairwise(pairwise, [*MATRICES.values(), "fingerprint"], layers * heads)
    scores = read_ranking(ranking, layers * heads, ("syn_red_score",))["syn_red_score"].to_numpy()
    networks, broken = {name: edges_of(atoms[matrix], top_fraction) for name, matrix in MATRICES.items()}, None
    if activations and decomposition["null_model"]["surrogates"]:
        recorded = read_decomposed(activations, pairwise, str(atoms["fingerprint"]))
        series = as_configured((recorded["activations"], recorded["n_tokens"]), decomposition, 1)
        (surrogate,) = series.surrogate_matrices(range(1), all_prompts=True)
        broken = {
            name: edges_of(surrogate[matrix.removesuffix("_matrix")], top_fraction) for name, matrix in MATRICES.items()
        }
    drawn = graph_cores_figure(model, networks, scores, layers, heads, top_fraction, broken)
    made = provenance("plot_graph_cores", {"top_fraction": top_fraction, "model": model}, upstream)
    save_figure(figure, drawn, made)


def edges_of(atoms: np.ndarray, top_fraction: float) -> pd.DataFrame:
    """The strongest edges of a matrix of atoms: ``source``, ``target`` and ``weight``."""
    kept = np.triu(strongest_edges(weighted_graph(atoms), top_fraction))
    source, target = np.nonzero(kept)
    return pd.DataFrame({"source": source, "target": target, "weight": kept[source, target]})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_graph_cores(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            activations=snakemake.input.get("activations"),
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
