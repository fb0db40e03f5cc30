"""Which score a ranking was configured with, and the colour scale that scores share."""

import numpy as np

from synergy.rankings import SCORES
from synergy.style import limits_around
from synergy.tables import Table


def configured_score(table: Table) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")


def score_limits(scores: np.ndarray) -> tuple[float, float]:
    """Colour limits equally far from 0.5, where neither synergy nor redundancy prevails; the extreme 1 % lie beyond."""
    return limits_around(scores, 0.5)
