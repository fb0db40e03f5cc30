"""Measure global efficiency and modularity of the synergy and redundancy networks from the pairwise atoms."""

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import DESCRIPTIONS, NULL_IN_WORDS, measure_networks
from synergy.phiid.pairwise import read_pairwise

NETWORKS = ("sts_matrix", "rtr_matrix")  # synergy, redundancy


def measure_graphs(
    pairwise: str, top_fraction: float, seed: int, null_networks: int, metrics: str, threads: int = 1
) -> None:
    """Write the metrics of both networks under every definition, the headline ones beside their weight-shuffled null.

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
    threads : int
        Graphs measured side by side.
    """
    atoms, upstream = read_pairwise(pairwise, NETWORKS)
    synergy, redundancy = (atoms[name] for name in NETWORKS)
    print(f"Two networks of {len(synergy)} heads, {null_networks} shuffles of each", flush=True)
    measured = measure_networks(synergy, redundancy, top_fraction, seed, null_networks, threads)
    headline = measured["definitions"]["top_fraction"]
    write_json(
        metrics,
        {
            "syn_global_efficiency": headline["synergy"]["global_efficiency"]["value"],
            "red_global_efficiency": headline["redundancy"]["global_efficiency"]["value"],
            "syn_modularity": headline["synergy"]["modularity"]["value"],
            "red_modularity": headline["redundancy"]["modularity"]["value"],
            "top_fraction": top_fraction,
            "n_heads_total": len(synergy),
            "contrasts_synergy_minus_redundancy": measured["contrasts_synergy_minus_redundancy"],
            "definitions": {
                definition: {"description": DESCRIPTIONS[definition], **networks}
                for definition, networks in measured["definitions"].items()
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
            threads=snakemake.threads,
            **snakemake.params.settings,
        )
