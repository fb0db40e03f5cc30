"""Which of the scores a ranking was configured with."""

import numpy as np

from synergy.rankings import SCORES
from synergy.tables import Table


def configured_score(table: Table) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")
