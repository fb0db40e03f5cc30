"""Heads ranked from redundant to synergistic, with nulls, intervals and reliability, from pairwise atoms."""

import numpy as np
import pandas as pd

from synergy.files.artifacts import write_json
from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.files.kept_results import require_ours
from synergy.files.provenance import provenance
from synergy.files.tables import write_table
from synergy.heads.scores import ranking_columns, reliability
from synergy.phiid.numit import numit_matrices
from synergy.phiid.pairwise import read_decomposed, read_pairwise
from synergy.recording.activations import (
    LARGEST_AUTOCORRELATION,
    LARGEST_TREND,
    autocorrelations,
    constant_heads,
    mean_norm,
    outside_calibration,
    trends,
)
from synergy.statistics.descriptive import mean_defined, pearson

ATOMS = (
    *(f"{name}_matrix" for name in ("sts", "rtr", "phi_r", "tdmi")),
    *(f"{name}_null_mean" for name in ("sts", "rtr", "phi_r")),
    "n_undefined",
    "fingerprint",
    "head_prompt_sts",
    "head_prompt_rtr",
    *(f"head_null_{name}" for name in ("sts", "rtr", "phi_r")),
)


def rank_heads(
    pairwise: str,
    activations: str | None,
    layers: int,
    heads: int,
    score: str,
    bootstrap: int,
    seed: int,
    ranking: str,
    summary: str,
) -> None:
    """Write a row a head to the CSV `ranking` and what holds for all of them to the JSON `summary`.

    Matrices of another pipeline come without `activations`: what is of series or of their null is then left empty.

    InputError: layers x heads are not the heads of the artifacts, or these do not belong together, or a user's table
    lies at `ranking`.
    """
    require_ours(ranking)
    atoms, note = read_pairwise(pairwise, ATOMS)
    n_heads = atoms["sts_matrix"].shape[0]
    if layers * heads != n_heads:
        expected, found = f"{layers} layers x {heads} heads = {layers * heads} heads", f"{n_heads} in {pairwise}"
        raise InputError(expected, found, "correct layers and heads of the model in the config")
    signal, outside, of_all = _of_series(activations, n_heads, str(atoms["fingerprint"]), pairwise)
    index = np.arange(n_heads)
    places = pd.DataFrame({"head_idx": index, "layer": index // heads, "head_in_layer": index % heads})
    scores = ranking_columns(atoms, score, bootstrap, seed)
    interval = ["score_ci_low", "score_ci_high"]
    last = ["avg_phi_r", "null_avg_phi_r", "excess_phi_r", "z_phi_r", "integration"]
    undefined = (np.full((n_heads, n_heads), np.nan),) * 2
    numit = numit_matrices(atoms, note.get("parameters", {})) if activations else undefined
    further = {name: mean_defined(of, axis=1) for name, of in zip(("numit", "null_numit"), numit, strict=True)}
    further["outside_calibration"] = outside
    columns = [places, scores.drop(columns=interval + last), signal, scores[interval + last], pd.DataFrame(further)]
    write_table(ranking, pd.concat(columns, axis=1))
    parameters = {"layers": layers, "heads": heads, "score": score, "bootstrap": bootstrap, "seed": seed}
    write_json(
        summary,
        {
            "provenance": provenance("rank_heads", parameters, note) | {"decomposition": note.get("parameters")},
            "split_half": reliability(atoms, score, seed),
            "n_undefined": int(np.triu(atoms["n_undefined"]).sum()),
            **of_all,
            "correlation_synergy_autocorrelation": pearson(
                scores["avg_synergy"].to_numpy(), signal["autocorrelation"].to_numpy()
            ),
            "correlation_of_excesses": pearson(
                *(scores[f"excess_{atom}"].to_numpy() for atom in ("synergy", "redundancy"))
            ),
        },
    )


def _of_series(
    activations: str | None, n_heads: int, mark: str, pairwise: str
) -> tuple[pd.DataFrame, np.ndarray, dict]:
    """What the series say of each head, its share of prompts outside the null's calibration, and what holds for all."""
    shares = dict.fromkeys(("share", "share_autocorrelation", "share_trend"), float("nan"))
    if not activations:
        nothing = np.full(n_heads, np.nan)
        signal = pd.DataFrame({"autocorrelation": nothing, "mean_norm": nothing})
        return signal, nothing, {"constant_heads": [], "outside_calibration": shares}
    series = read_decomposed(activations, pairwise, mark)
    recorded = series["activations"], series["n_tokens"]
    lag_1 = autocorrelations(*recorded)
    varies = ~np.isnan(lag_1)
    outside = np.where(varies, outside_calibration(*recorded), np.nan)
    kinds = outside, lag_1 > LARGEST_AUTOCORRELATION, trends(*recorded) > LARGEST_TREND
    shares = {name: float(np.mean(of[varies])) for name, of in zip(shares, kinds, strict=True)}
    signal = pd.DataFrame({"autocorrelation": mean_defined(lag_1, axis=0), "mean_norm": mean_norm(*recorded)})
    of_all = {"constant_heads": constant_heads(*recorded), "outside_calibration": shares}
    return signal, mean_defined(outside, axis=0), of_all


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        rank_heads(
            pairwise=snakemake.input.pairwise,
            activations=snakemake.input.get("activations"),
            ranking=snakemake.output.ranking,
            summary=snakemake.output.summary,
            **snakemake.params.settings,
        )
