"""Numbers of heads removed, and what a step costs at the least."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from synergy.errors import InputError


def step_counts(n_heads_total: int, step: float, max_fraction: float) -> list[int]:
    """Ascending numbers of heads removed, from 0 to the nearest number to `max_fraction` of all.

    Parameters
    ----------
    step : float
        Heads removed at a step: a count from 1 on, below 1 a share of all heads (at least one head). The last step may
        be smaller.

    Raises
    ------
    InputError
        If one step removes more heads than are removed in all, or is a count that is not whole.
    """
    last = max(1, round(max_fraction * n_heads_total))
    size = int(step) if step >= 1 else max(1, round(step * n_heads_total))
    if step >= 1 and size != step:
        raise InputError(
            "a whole number of heads at a step, or a share below 1",
            f"{step:g}",
            "mend ablation_step in the model's stanza",
        )
    if size > last:
        raise InputError(
            f"steps of at most {last} heads, {max_fraction:g} of the model's {n_heads_total}",
            f"steps of {size} heads",
            "lower ablation_step in the model's stanza or ablation.step_fraction, or raise ablation.max_fraction",
        )
    return [*range(0, last, size), last]


def lowest_changed(order: Sequence[int], counts: Sequence[int], heads: int) -> np.ndarray:
    """Lowest layer whose heads change at each step, (n_steps,); 0 at the step that removes nothing.

    Parameters
    ----------
    order : flat head indices in order of removal.
    counts : ascending numbers of heads removed, the first 0.
    heads : query heads in a layer.
    """
    layers = np.asarray(order) // heads
    return np.array([0, *(layers[before:after].min() for before, after in pairwise(counts))])


def layer_share(order: Sequence[int], counts: Sequence[int], layers: int, heads: int) -> float:
    """Share of the layers that must run at a step, on average over the steps that remove heads.

    A layer must run as often as the heads in it or below it differ, and no order of visiting the steps, nor any number
    of kept residual streams, can spare it that; going through the steps in order and restarting at the lowest changed
    layer runs each layer exactly so often.
    """
    return float((layers - lowest_changed(order, counts, heads)[1:]).mean() / layers) if len(counts) > 1 else 1.0
