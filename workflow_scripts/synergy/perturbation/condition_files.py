"""Files of noise conditions: graded answers with what was done to the weights, and likelihoods of solutions."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from synergy.files.artifacts import read_npz, write_json, write_jsonl, write_npz
from synergy.files.errors import InputError
from synergy.files.kept_results import digest_of
from synergy.heads.orders import Condition
from synergy.perturbation.problems import Problem

SOLUTION_ARRAYS = ("solution_nll", "condition", "problem_id", "fingerprint")


def answers_fingerprint(problems: Sequence[Problem], exemplars: Sequence[dict], fetched: dict) -> str:
    """SHA-256 of what the answers of all conditions depend on, settings aside.

    Parameters
    ----------
    problems : the problems asked.
    exemplars : solved problems that may be shown before each.
    fetched : dict
        The record of the model's fetching.
    """
    weights = {key: fetched.get(key) for key in ("weights", "revision", "sha256")}
    return digest_of([asdict(problem) for problem in problems], exemplars, weights)


def write_condition(
    records_path: str | Path,
    condition_path: str | Path,
    records: Sequence[dict],
    condition: Condition,
    fingerprint: str,
    noise: dict,
    provenance: dict,
) -> None:
    """Write the two files of a condition, as `synergy.perturbation.outcomes.read_scores` reads them.

    Parameters
    ----------
    records : see `synergy.perturbation.answering.answer_and_grade`.
    fingerprint : see `answers_fingerprint`.
    noise : see `synergy.perturbation.noise.noise_in_heads`.
    """
    write_jsonl(records_path, records)
    described = {
        "condition": condition.kind,
        "sigma": condition.sigma,
        "seed": condition.seed,
        "heads": condition.heads.tolist(),
        "n_problems": len(records),
        "fingerprint": fingerprint,
    }
    write_json(condition_path, {**described, "noise": noise, "provenance": provenance})


def write_solutions(
    path: str, provenance: dict, names: Sequence[str], problems: Sequence[Problem], nll: np.ndarray, fingerprint: str
) -> None:
    """Write likelihoods to an npz.

    Parameters
    ----------
    names : the sets of heads, named as conditions are.
    problems : those whose solutions were measured.
    nll : float64 (n_sets, n_problems)
        Negative log-likelihood, nats per token.
    fingerprint : see `synergy.perturbation.condition_files.answers_fingerprint`.
    """
    write_npz(
        path,
        provenance,
        solution_nll=nll,
        condition=np.array(names, dtype=str),
        problem_id=np.array([problem.id for problem in problems], dtype=str),
        fingerprint=np.array(fingerprint),
    )


def merge_solutions(paths: Sequence[str], names: Sequence[str]) -> tuple[dict[str, np.ndarray], dict]:
    """Put ranges together, sets in the order of `names`.

    Returns
    -------
    arrays : ``solution_nll`` (n_sets, n_problems), ``condition`` (n_sets,), ``problem_id`` (n_problems,),
        ``fingerprint``.
    provenance : of the first range.

    Raises
    ------
    InputError
        Naming the file, if one cannot be read, is made from other problems, weights or settings than the first, or
        holds what is no likelihood; or if a set is in none of them, or in two.
    """
    rows: dict[str, np.ndarray] = {}
    first, first_note = None, {}
    for path in paths:
        arrays, note = read_npz(path, SOLUTION_ARRAYS)
        remake = f"delete {path} and run the workflow again"
        if first is None:
            first, first_note = arrays, note
        for key in ("problem_id", "fingerprint"):
            if not np.array_equal(arrays[key], first[key]):
                raise InputError(f"the {key} of {paths[0]} in every range", f"another in {path}", remake)
        if note.get("parameters") != first_note.get("parameters"):
            found = f"{note.get('parameters')} in {path}, {first_note.get('parameters')} in {paths[0]}"
            raise InputError("every range measured in the same way", found, remake)
        nll, sets = arrays["solution_nll"], arrays["condition"]
        shape = sets.size, arrays["problem_id"].size
        if nll.shape != shape or sets.ndim != 1 or nll.dtype.kind != "f" or not np.isfinite(nll).all():
            found = f"{nll.dtype} of shape {nll.shape}"
            raise InputError(f"finite solution_nll, a row a set and a column a problem, in {path}", found, remake)
        for name, row in zip(sets.tolist(), nll, strict=True):
            if name in rows or name not in names:
                where = f"{name} once more in {path}" if name in rows else f"{name} in {path}"
                raise InputError("each set of heads once, and no other", where, remake)
            rows[name] = row
    if missing := [name for name in names if name not in rows]:
        hint = f"delete {', '.join(map(str, paths))} and run the workflow again"
        raise InputError("every set of heads in one of the ranges", f"none of {missing[0]}", hint)
    merged = np.array([rows[name] for name in names]).reshape(len(names), first["problem_id"].size)
    return {**first, "solution_nll": merged, "condition": np.array(names, dtype=str)}, first_note
