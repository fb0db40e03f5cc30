"""Plot one answer as text, coloured by the norms of the heads of the most synergistic and the most redundant pairs."""

import numpy as np
import pandas as pd

from synergy.files.artifacts import read_json, save_figure
from synergy.files.console import logged_to
from synergy.files.errors import InputError, set_aside
from synergy.files.provenance import provenance
from synergy.phiid.pairwise import read_decomposed, read_pairwise
from synergy.report.head_figures import examples_figure
from synergy.statistics.descriptive import mean_defined, pearson

N_PAIRS = 3  # of each kind
KINDS = {"synergistic": "sts", "redundant": "rtr"}  # pairs with most of an atom
SHOWN = [f"{atom}_{what}" for atom in ("sts", "rtr", "phi_r") for what in ("matrix", "null_mean")]


def plot_examples(
    pairwise: str, activations: str, tokens: str, layers: int, heads: int, model: str, figure: str
) -> None:
    """Draw the answer that repeats itself least, for pairs of which no two of a kind share a head."""
    atoms, upstream = read_pairwise(pairwise, [*SHOWN, "fingerprint"], layers * heads)
    recorded = read_decomposed(activations, pairwise, str(atoms["fingerprint"]))
    series, n_tokens = recorded["activations"], recorded["n_tokens"]
    answers = read_json(tokens, "tokens")["prompts"]
    if len(answers) != len(series) or not all("pieces" in answer for answer in answers):
        expected = f"a prompt with pieces of text for each of the {len(series)} of {activations} in {tokens}"
        raise InputError(expected, f"{len(answers)} prompts, or none with pieces", set_aside(tokens))
    shown = int(np.argmin([answer.get("repeated_8grams") or 0.0 for answer in answers]))
    pieces = answers[shown]["pieces"][: n_tokens[shown]]
    pairs = pd.DataFrame(
        [
            {"kind": kind, "head": one, "other": other, **{name: atoms[name][one, other] for name in SHOWN}}
            | {"correlation": mean_correlation(series[:, [one, other]], n_tokens)}
            for kind, atom in KINDS.items()
            for one, other in strongest_pairs(atoms[f"{atom}_matrix"], N_PAIRS)
        ]
    )
    drawn = examples_figure(model, answers[shown]["id"], pieces, series[shown][:, : len(pieces)], pairs, heads)
    save_figure(figure, drawn, provenance("plot_examples", {"model": model}, upstream))


def strongest_pairs(matrix: np.ndarray, n_pairs: int) -> list[tuple[int, int]]:
    """The pairs of highest value in a symmetric matrix (n, n), no two of which share a head; at most `n_pairs`."""
    rows, columns = np.triu_indices(len(matrix), k=1)
    values, found = matrix[rows, columns], []
    for place in np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable"):
        pair = int(rows[place]), int(columns[place])
        if np.isfinite(values[place]) and not {*pair} & {head for own in found for head in own}:
            found.append(pair)
        if len(found) == n_pairs:
            break
    return found


def mean_correlation(series: np.ndarray, n_tokens: np.ndarray) -> float:
    """Mean over prompts of the correlation of two heads (n_prompts, 2, n_tokens) at the same token."""
    each = [pearson(*two[:, :n].astype(float)) for two, n in zip(series, n_tokens, strict=True)]
    return float(mean_defined(np.array(each), axis=0))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_examples(
            pairwise=snakemake.input.pairwise,
            activations=snakemake.input.activations,
            tokens=snakemake.input.tokens,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
