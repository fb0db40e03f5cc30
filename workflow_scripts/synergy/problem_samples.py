"""Samples of problems in which every type and level has its share."""

import hashlib
from collections.abc import Sequence

from synergy.errors import InputError
from synergy.problems import Problem


def sample_problems(problems: Sequence[Problem], n: int, seed: int) -> list[Problem]:
    """Draw `n` problems so that every type and level has its share.

    The problems are ordered by type, level and a hash of seed and id; then every (N/n)-th is taken from a random start.
    Each type, and each level of a type, gets its proportional number rounded up or down, and each problem has the same
    chance n/N, so that the accuracy on the sample estimates that on the whole set without bias. The order of the file
    plays no part.

    Parameters
    ----------
    problems : sequence of Problem
        The whole set.
    n : int
        How many to draw.
    seed : int
        The same seed draws the same problems, on every machine.

    Returns
    -------
    list of Problem
        In the order of `problems`.

    Raises
    ------
    InputError
        If `n` is below 1 or above the size of the set.
    """
    if not 1 <= n <= len(problems):
        found = f"n = {n}, with {len(problems)} problems in the set"
        raise InputError("a number of problems between 1 and the size of the set", found, "lower it in the config")
    strata = sorted(problems, key=lambda problem: (problem.type, problem.level, _hash(seed, problem.id), problem.id))
    # Integers throughout, so that no rounding can shift the grid: place k is floor((k + start) * N / n).
    start = _hash(seed, "start") % len(problems)
    chosen = {strata[(k * len(problems) + start) // n].id for k in range(n)}
    return [problem for problem in problems if problem.id in chosen]


def _hash(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
