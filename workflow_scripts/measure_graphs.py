"""Measure global efficiency and modularity of the synergy and redundancy networks, with intervals and surrogates."""

from collections.abc import Iterable, Iterator

import numpy as np

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.networks import DESCRIPTIONS, NULL_IN_WORDS, Matrices, measure_networks
from synergy.phiid.decomposition import as_configured
from synergy.phiid.pairwise import read_decomposed, read_pairwise
from synergy.recording.activations import prompt_groups


def measure_graphs(
    pairwise: str,
    activations: str | None,
    synergy: str,
    top_fraction: float,
    seed: int,
    null_networks: int,
    surrogates: int,
    decomposition: dict,
    metrics: str,
    threads: int = 1,
) -> None:
    """Write the metrics of both networks under every definition; the headline ones with an interval over prompts.

    The matrices without each group of prompts, and those of each surrogate, are computed anew from the activations.
    Matrices of another pipeline come without: their networks have neither interval nor surrogates.

    Parameters
    ----------
    pairwise, activations : str
        The pairwise atoms (npz) and the activations that they were made from (npz), if these are known.
    synergy : str
        The atom of the synergy network: ``sts``, or ``phi_r`` in its place.
    top_fraction : float
        Share of pairs that the headline graphs keep.
    seed : int
        Seeds Louvain and the shuffles.
    null_networks : int
        Weight shuffles a network, which describe and decide nothing.
    surrogates : int
        Surrogates of which both networks are measured.
    decomposition : dict
        As in the config.
    metrics : str
        Where to write the JSON.
    threads : int
        Graphs measured side by side.

    Raises
    ------
    InputError
        If the atoms were made from other activations.
    """
    names = f"{synergy}_matrix", "rtr_matrix"
    atoms, upstream = read_pairwise(pairwise, (*names, "fingerprint"))
    groups, partial, drawn = [], (), ()
    if activations:
        arrays = read_decomposed(activations, pairwise, str(atoms["fingerprint"]))
        recorded = arrays["activations"], arrays["n_tokens"]
        groups = prompt_groups(arrays.get("category", np.zeros(len(recorded[1]))))
        series = as_configured(recorded, decomposition, surrogates, threads)
        partial = series.leave_out(groups) if len(groups) > 1 else ()
        drawn = series.surrogate_matrices(range(surrogates), all_prompts=True) if surrogates else ()
    else:
        surrogates = 0
    n_heads = len(atoms["rtr_matrix"])
    print(f"Two networks of {n_heads} heads, {len(groups)} groups of prompts, {surrogates} surrogates", flush=True)
    measured = measure_networks(
        (atoms[names[0]], atoms[names[1]]),
        top_fraction,
        seed,
        null_networks,
        _both(partial, synergy),
        [len(group) for group in groups] if len(groups) > 1 else None,
        _both(drawn, synergy),
        threads,
    )
    headline = measured["definitions"]["top_fraction"]
    settings = {"synergy": synergy, "top_fraction": top_fraction, "seed": seed, "null_networks": null_networks}
    write_json(
        metrics,
        {
            "syn_global_efficiency": headline["synergy"]["global_efficiency"]["value"],
            "red_global_efficiency": headline["redundancy"]["global_efficiency"]["value"],
            "syn_modularity": headline["synergy"]["modularity"]["value"],
            "red_modularity": headline["redundancy"]["modularity"]["value"],
            "synergy": synergy,
            "top_fraction": top_fraction,
            "n_heads_total": n_heads,
            "n_groups": len(groups),
            "surrogates": surrogates,
            "contrasts_synergy_minus_redundancy": measured["contrasts_synergy_minus_redundancy"],
            "definitions": {
                definition: {"description": DESCRIPTIONS[definition], **networks}
                for definition, networks in measured["definitions"].items()
            },
            "null": NULL_IN_WORDS,
            "null_networks": null_networks,
            "provenance": provenance("measure_graphs", settings | {"surrogates": surrogates}, upstream),
        },
    )


def _both(matrices: Iterable[dict[str, np.ndarray]], synergy: str) -> Iterator[Matrices]:
    return ((own[synergy], own["rtr"]) for own in matrices)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        measure_graphs(
            pairwise=snakemake.input.pairwise,
            activations=snakemake.input.get("activations"),
            metrics=snakemake.output.metrics,
            threads=snakemake.threads,
            **snakemake.params.settings,
        )
