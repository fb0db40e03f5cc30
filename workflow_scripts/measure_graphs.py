"""Measure global efficiency and modularity of the synergy and redundancy networks from the pairwise atoms."""

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import DESCRIPTIONS, NULL_IN_WORDS, headline_contrasts, network_definitions
from synergy.phiid.pairwise import read_pairwise

NETWORKS = {"synergy": "sts_matrix", "redundancy": "rtr_matrix"}


def measure_graphs(pairwise: str, top_fraction: float, seed: int, null_networks: int, metrics: str) -> None:
    """Write the metrics of both networks, every definition beside its weight-shuffled null.

    Parameters
    ----------
    pairwise : str
        The pairwise atoms (npz).
    top_fraction : float
        Share of pairs that the headline graphs keep.
    seed : int
        Seeds Louvain, the shuffles and the jackknife.
    null_networks : int
        Weight shuffles a network.
    metrics : str
        Where to write the JSON.
    """
    atoms, upstream = read_pairwise(pairwise, tuple(NETWORKS.values()))
    measured = {}
    for network, matrix in NETWORKS.items():
        print(f"{network} network: {len(atoms[matrix])} heads, {null_networks} shuffled networks", flush=True)
        measured[network] = network_definitions(atoms[matrix], top_fraction, seed, null_networks)
    headline = {network: measured[network]["top_fraction"] for network in NETWORKS}
    write_json(
        metrics,
        {
            "syn_global_efficiency": headline["synergy"]["global_efficiency"]["value"],
            "red_global_efficiency": headline["redundancy"]["global_efficiency"]["value"],
            "syn_modularity": headline["synergy"]["modularity"]["value"],
            "red_modularity": headline["redundancy"]["modularity"]["value"],
            "top_fraction": top_fraction,
            "n_heads_total": len(atoms["sts_matrix"]),
            "contrasts_synergy_minus_redundancy": headline_contrasts(
                atoms["sts_matrix"], atoms["rtr_matrix"], top_fraction, seed
            ),
            "definitions": {
                definition: {
                    "description": description,
                    **{network: measured[network][definition] for network in NETWORKS},
                }
                for definition, description in DESCRIPTIONS.items()
            },
            "null": NULL_IN_WORDS,
            "null_networks": null_networks,
            "provenance": provenance(
                "measure_graphs",
                {"top_fraction": top_fraction, "seed": seed, "null_networks": null_networks},
                upstream,
            ),
        },
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        measure_graphs(
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.output.metrics,
            **snakemake.params.settings,
        )
