"""Two sources of chance in the area under a random order's curve: which prompts were asked, which orders were drawn.

Prompts are resampled; the draws of a random order are too few to be resampled (five seeds leave 126 different samples,
and their variance comes out a fifth too small), so their mean gets an error of Student's t instead.
"""

from dataclasses import dataclass
from math import ceil, isfinite, nan, sqrt

import numpy as np

N_BOOTSTRAP = 2000
HALF, TENTH = 0.5, 0.1


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of one kind of order, (n_seeds, n_prompts), nats."""

    values: np.ndarray

    @property
    def mean(self) -> float:
        """Over seeds and prompts."""
        return float(self.values.mean())

    @property
    def by_prompt(self) -> np.ndarray:
        """Mean over seeds, (n_prompts,)."""
        return self.values.mean(axis=0)

    @property
    def n_seeds(self) -> int:
        """How many orders of the kind were drawn."""
        return len(self.values)

    @property
    def seed_sd(self) -> float:
        """Standard deviation over seeds of the mean over prompts, nats; NaN for a single one."""
        return float(self.values.mean(axis=1).std(ddof=1)) if self.n_seeds > 1 else nan

    @property
    def seed_error(self) -> float:
        """Standard error of the logarithm of the mean that the draw of orders makes (delta method); 0 for one."""
        return self.seed_sd / sqrt(self.n_seeds) / self.mean if self.n_seeds > 1 and self.mean > 0 else 0.0

    def log_means(self, counts: np.ndarray) -> np.ndarray:
        """Logarithm of the mean with the prompts taken as often as `counts` (n_resamples, n_prompts) says."""
        with np.errstate(divide="ignore"):
            return np.log(counts @ self.by_prompt / counts.shape[1])

    def seed_errors(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Draws of the error that the choice of seeds gives the logarithm of the mean, (n,)."""
        if self.n_seeds < 2:
            return np.zeros(n)
        return self.seed_error * generator.standard_t(self.n_seeds - 1, size=n)


def prompt_counts(n_prompts: int, seed: int) -> np.ndarray:
    """How often each prompt is taken in each of `N_BOOTSTRAP` resamples, (N_BOOTSTRAP, n_prompts)."""
    return np.random.default_rng(seed).multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=N_BOOTSTRAP)


def seeds_needed(prompt_variance: float, seed_variance_of_one: float, share: float) -> int | None:
    """Seeds with which the seed part of an interval is at most `share` of its length.

    With V = `prompt_variance` + `seed_variance_of_one` / n the interval's length goes as √V and its seed part as the
    root of the second term; the widening by Student's t for few seeds is not counted. None where there is no variance
    over prompts to compare with.
    """
    if not (isfinite(prompt_variance) and isfinite(seed_variance_of_one) and prompt_variance > 0):
        return None
    return max(1, ceil(seed_variance_of_one * (1 - share**2) / (share**2 * prompt_variance)))
