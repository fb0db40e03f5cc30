"""Which score a ranking was configured with, and the colour scale that scores share."""

import numpy as np

from synergy.rankings import SCORES
from synergy.tables import Table


def configured_score(table: Table) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")


def score_limits(scores: np.ndarray) -> tuple[float, float]:
    """Colour limits around 0.5, where neither synergy nor redundancy prevails: 0 to 1 where that holds the scores."""
    finite = scores[np.isfinite(scores)]
    reach = max(0.5, float(np.percentile(np.abs(finite - 0.5), 99))) if finite.size else 0.5
    return 0.5 - reach, 0.5 + reach
