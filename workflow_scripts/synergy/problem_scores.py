"""The outcomes of one condition, problem by problem, and the tables that count them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synergy.artifacts import read_json, read_jsonl
from synergy.errors import InputError
from synergy.forms import CONDITION, GRADED, require_form
from synergy.intervals import wilson_interval

COUNTS = ("n_problems", "n_correct", "accuracy")
SHARES = ("accuracy_ci_low", "accuracy_ci_high", "truncated_fraction", "solution_nll")
GROUP_COLUMNS = ("condition", "sigma", "seed", "grouping", "group", *COUNTS, *SHARES)
REQUIRED = ("id", "type", "level", "correct", "correct_strict", "truncated", "grading", "solution_nll")


@dataclass(frozen=True, eq=False)
class Scores:
    """Outcomes under one condition.

    Attributes
    ----------
    condition : str
        ``baseline``, ``synergistic``, ``redundant`` or ``random``.
    sigma : float
        Strength of the noise; 0 for the baseline.
    seed : int
    correct, strict, truncated : bool (n_problems,)
    nll : float (n_problems,)
        Of the reference solutions, nats per token.
    ids, subjects, levels, grading : str (n_problems,)
    parameters : dict
        How the problems were asked.
    """

    condition: str
    sigma: float
    seed: int
    correct: np.ndarray
    strict: np.ndarray
    truncated: np.ndarray
    nll: np.ndarray
    ids: np.ndarray
    subjects: np.ndarray
    levels: np.ndarray
    grading: np.ndarray
    parameters: dict


def read_scores(records: Sequence[str], conditions: Sequence[str]) -> list[Scores]:
    """Read the conditions of a model.

    Parameters
    ----------
    records, conditions : sequence of str
        Graded answers (JSONL) and what was done to the weights (JSON), one of each a condition.

    Raises
    ------
    InputError
        If two conditions were asked other problems, or asked them otherwise.
    """
    scores: list[Scores] = []
    for path, condition_path in zip(records, conditions, strict=True):
        graded, made = read_jsonl(path, REQUIRED), read_json(condition_path, CONDITION)
        for number, record in enumerate(graded, start=1):
            require_form(record, GRADED, f"{path}:{number}")
        columns = {key: np.array([record[key] for record in graded]) for key in REQUIRED}
        own = Scores(
            *(made["condition"], made["sigma"], made["seed"]),
            *(columns[key].astype(bool) for key in ("correct", "correct_strict", "truncated")),
            columns["solution_nll"].astype(float),
            *(columns[key].astype(str) for key in ("id", "type", "level", "grading")),
            made["provenance"]["parameters"],
        )
        first, remake = scores[0] if scores else own, f"delete {path} and run the workflow again"
        if own.ids.tolist() != first.ids.tolist():
            raise InputError("the same problems in every condition", f"others in {path}", remake)
        if own.parameters != first.parameters:
            found = f"{own.parameters} in {path}, {first.parameters} in {records[0]}"
            raise InputError("every condition asked in the same way", found, remake)
        scores.append(own)
    return scores


def counted(scores: Scores, rows: np.ndarray | slice = slice(None)) -> dict:
    """Counts of the problems in `rows`: `COUNTS` and `SHARES`, accuracy with its 95 % Wilson interval."""
    n, n_correct = len(scores.correct[rows]), int(scores.correct[rows].sum())
    low, high = wilson_interval(n_correct, n)
    return {
        "n_problems": n,
        "n_correct": n_correct,
        "accuracy": n_correct / n,
        "accuracy_ci_low": low,
        "accuracy_ci_high": high,
        "truncated_fraction": scores.truncated[rows].mean(),
        "solution_nll": scores.nll[rows].mean(),
    }


def group_rows(scores: Scores) -> list[dict]:
    """A row a subject and a row a level, with the keys `GROUP_COLUMNS`."""
    named = {"condition": scores.condition, "sigma": scores.sigma, "seed": scores.seed}
    return [
        {**named, "grouping": grouping, "group": str(group), **counted(scores, values == group)}
        for grouping, values in (("subject", scores.subjects), ("level", scores.levels))
        for group in np.unique(values)
    ]
