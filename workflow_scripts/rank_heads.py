"""Heads ranked from redundant to synergistic, with nulls, intervals and reliability, from pairwise atoms."""

import numpy as np
import pandas as pd

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.files.provenance import provenance
from synergy.files.tables import write_table
from synergy.heads.scores import ranking_columns, reliability
from synergy.phiid.pairwise import read_pairwise
from synergy.recording.activations import constant_heads, fingerprint, mean_autocorrelation, mean_norm, read_activations
from synergy.statistics.ranks import pearson

ATOMS = (
    "sts_matrix",
    "rtr_matrix",
    "sts_null_mean",
    "rtr_null_mean",
    "n_undefined",
    "fingerprint",
    "head_prompt_sts",
    "head_prompt_rtr",
    "head_null_sts",
    "head_null_rtr",
)


def rank_heads(
    pairwise: str,
    activations: str,
    layers: int,
    heads: int,
    score: str,
    bootstrap: int,
    seed: int,
    ranking: str,
    summary: str,
) -> None:
    """Write a row a head to the CSV `ranking` and what holds for all of them to the JSON `summary`.

    InputError: layers x heads are not the heads of the artifacts, or these do not belong together.
    """
    atoms, note = read_pairwise(pairwise, ATOMS)
    series, _ = read_activations(activations)
    recorded = series["activations"], series["n_tokens"]
    n_heads = atoms["sts_matrix"].shape[0]
    if layers * heads != n_heads:
        expected, found = f"{layers} layers x {heads} heads = {layers * heads} heads", f"{n_heads} in {pairwise}"
        raise InputError(expected, found, "correct layers and heads of the model in the config")
    if fingerprint(*recorded) != str(atoms["fingerprint"]):
        found = f"{pairwise} made from other activations than {activations}"
        raise InputError("artifacts that belong together", found, f"delete {pairwise} and run the workflow again")
    autocorrelation, norm = mean_autocorrelation(*recorded), mean_norm(*recorded)
    index = np.arange(n_heads)
    places = pd.DataFrame({"head_idx": index, "layer": index // heads, "head_in_layer": index % heads})
    scores = ranking_columns(atoms, score, bootstrap, seed)
    signal = pd.DataFrame({"autocorrelation": autocorrelation, "mean_norm": norm})
    interval = ["score_ci_low", "score_ci_high"]
    write_table(ranking, pd.concat([places, scores.drop(columns=interval), signal, scores[interval]], axis=1))
    parameters = {"layers": layers, "heads": heads, "score": score, "bootstrap": bootstrap, "seed": seed}
    write_json(
        summary,
        {
            "provenance": provenance("rank_heads", parameters, note) | {"decomposition": note.get("parameters")},
            "split_half": reliability(atoms, score, seed),
            "n_undefined": int(np.triu(atoms["n_undefined"]).sum()),
            "constant_heads": constant_heads(*recorded),
            "correlation_synergy_autocorrelation": pearson(scores["avg_synergy"].to_numpy(), autocorrelation),
        },
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        rank_heads(
            pairwise=snakemake.input.pairwise,
            activations=snakemake.input.activations,
            ranking=snakemake.output.ranking,
            summary=snakemake.output.summary,
            **snakemake.params.settings,
        )
