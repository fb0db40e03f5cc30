"""The two files of a condition: the graded answers, and what was done to the weights while they were given."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from synergy.files.artifacts import write_json, write_jsonl
from synergy.files.kept_results import digest_of
from synergy.heads.orders import Condition
from synergy.perturbation.problems import Problem


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
