"""Accuracies under noise: pooled counts, their intervals, and comparisons of two of them."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from synergy.intervals import wilson_interval
from synergy.tables import Table


@dataclass(frozen=True)
class Accuracy:
    """Correct answers of one condition at one sigma, its seeds pooled.

    `solution_nll` is in nats per token and, like `truncated`, the mean over seeds; NaN where the table has none.
    """

    n_correct: int
    n_problems: int
    truncated: float
    solution_nll: float

    @property
    def value(self) -> float:
        """Share correct."""
        return self.n_correct / self.n_problems

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval."""
        return wilson_interval(self.n_correct, self.n_problems)


def difference_interval(first: Accuracy, second: Accuracy) -> tuple[float, float]:
    """95 % interval of ``first.value - second.value`` from the two Wilson intervals (Newcombe's method 10).

    Treats the two as independent; since the problems are the same, the interval is rather too wide.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    (low_1, high_1), (low_2, high_2) = first.interval, second.interval
    difference = first.value - second.value
    below = sqrt((first.value - low_1) ** 2 + (high_2 - second.value) ** 2)
    above = sqrt((high_1 - first.value) ** 2 + (second.value - low_2) ** 2)
    return difference - below, difference + above


def fisher_exact(first: Accuracy, second: Accuracy) -> float:
    """Two-sided p of Fisher's exact test that two accuracies are equal."""
    from scipy.stats import fisher_exact as exact  # slow to import, and only claims need it

    counts = [[accuracy.n_correct, accuracy.n_problems - accuracy.n_correct] for accuracy in (first, second)]
    return float(exact(counts).pvalue)


def pooled_accuracy(table: Table, condition: str, sigma: float) -> Accuracy | None:
    """Pool the seeds of a condition at one sigma; None where it was not run."""
    rows = (table["condition"] == condition) & np.isclose(table["sigma"], sigma)
    if not rows.any():
        return None
    return Accuracy(
        n_correct=int(table["n_correct"][rows].sum()),
        n_problems=int(table["n_problems"][rows].sum()),
        truncated=_mean(table["truncated_fraction"][rows]),
        solution_nll=_mean(table["solution_nll"][rows]),
    )


def sigmas(table: Table, condition: str) -> np.ndarray:
    """The sigmas at which a condition was run, ascending."""
    return np.unique(table["sigma"][table["condition"] == condition])


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")
