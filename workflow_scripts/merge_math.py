"""Merge the noise conditions of a model into one table of accuracies."""

from collections.abc import Sequence

import numpy as np

from synergy.artifacts import read_json, read_jsonl, write_csv
from synergy.console import logged_to
from synergy.errors import InputError
from synergy.intervals import wilson_interval

COLUMNS = (
    "condition",
    "sigma",
    "seed",
    "n_problems",
    "n_correct",
    "accuracy",
    "accuracy_ci_low",
    "accuracy_ci_high",
    "truncated_fraction",
    "solution_nll",
    "accuracy_strict",
)


def merge_math(records: Sequence[str], conditions: Sequence[str], table: str) -> None:
    """Write a row a condition: accuracy with its Wilson interval, truncated fraction, solution NLL in nats per token.

    Raises
    ------
    InputError
        If two conditions were asked other problems.
    """
    rows, asked = [], None
    for path, condition_path in zip(records, conditions, strict=True):
        graded = read_jsonl(path, ("id", "correct", "correct_strict", "truncated", "solution_nll"))
        condition = read_json(condition_path)
        ids = [record["id"] for record in graded]
        if asked is not None and ids != asked:
            raise InputError(
                "the same problems in every condition",
                f"others in {path}",
                f"delete {path} and run the workflow again",
            )
        asked = ids
        n_correct = sum(record["correct"] for record in graded)
        rows.append(
            (
                condition["condition"],
                condition["sigma"],
                condition["seed"],
                len(graded),
                n_correct,
                n_correct / len(graded),
                *wilson_interval(n_correct, len(graded)),
                np.mean([record["truncated"] for record in graded]),
                np.mean([record["solution_nll"] for record in graded]),
                np.mean([record["correct_strict"] for record in graded]),
            )
        )
    write_csv(table, COLUMNS, rows)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_math(
            records=snakemake.input.records,
            conditions=snakemake.input.conditions,
            table=snakemake.output.math,
        )
