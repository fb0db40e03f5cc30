"""Accuracies under noise, averaged over the seeds of a condition, with their intervals."""

from dataclasses import dataclass

import numpy as np

from synergy.intervals import wilson_interval
from synergy.tables import Table

# Of the table of accuracies, that conditions are pooled from.
COLUMNS = ("condition", "sigma", "n_problems", "n_correct", "truncated_fraction", "solution_nll")


@dataclass(frozen=True)
class Accuracy:
    """Correct answers of one condition at one sigma over all its seeds.

    `n_correct` and `n_problems` count every seed's answers; `by_seed` are the shares correct. `solution_nll` is in nats
    per token and, like `truncated`, the mean over seeds; NaN where the table has none.
    """

    n_correct: int
    n_problems: int
    truncated: float
    solution_nll: float
    by_seed: tuple[float, ...]

    @property
    def value(self) -> float:
        """Share correct."""
        return self.n_correct / self.n_problems

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the mean over seeds.

        All seeds answer the same problems, so they count as one run of as many problems as a single seed has: pooled as
        if their answers were independent, three seeds of one seed's outcomes would look three times as certain.
        """
        n_seeds = len(self.by_seed)
        return wilson_interval(self.n_correct / n_seeds, self.n_problems / n_seeds)


def pooled_accuracy(table: Table, condition: str, sigma: float) -> Accuracy | None:
    """Pool the seeds of a condition at one sigma; None where it was not run."""
    rows = (table["condition"] == condition) & np.isclose(table["sigma"], sigma)
    if not rows.any():
        return None
    correct, asked = table["n_correct"][rows], table["n_problems"][rows]
    return Accuracy(
        n_correct=int(correct.sum()),
        n_problems=int(asked.sum()),
        truncated=_mean(table["truncated_fraction"][rows]),
        solution_nll=_mean(table["solution_nll"][rows]),
        by_seed=tuple((correct / asked).tolist()),
    )


def sigmas(table: Table, condition: str) -> np.ndarray:
    """The sigmas at which a condition was run, ascending."""
    return np.unique(table["sigma"][table["condition"] == condition])


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
