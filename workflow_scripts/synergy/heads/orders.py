"""Orders in which heads are removed, and sets of heads that noise goes into."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from synergy.files.errors import InputError
from synergy.heads.scores import read_ranking

METHODS = ("zero", "mean")  # what removed heads give
# ASSUME: Beside the paper's synergistic and random orders, heads are removed in the redundant order and in random
# orders that are matched to the synergistic one by layer, autocorrelation or norm.
MATCHED_ON = {
    "random_layer_matched": "layer",
    "random_autocorrelation_matched": "autocorrelation",
    "random_norm_matched": "mean_norm",
}
ORDERS = ("synergistic", "redundant", "random", *MATCHED_ON)
# ASSUME: In orders matched by autocorrelation or norm, heads of the same tenth of its distribution are exchangeable.
N_BINS = 10


def parse_order(order: str) -> tuple[str, str, int]:
    """Method, kind and seed of an order's name: ``random-3``, or ``mean-random-3`` for another method than zeros.

    Raises
    ------
    InputError
        If it is not of that form, or the method or the kind is unknown.
    """
    what, _, seed = order.rpartition("-")
    method, _, kind = what.rpartition("-")
    if kind not in ORDERS or not seed.isdecimal():
        known = f"an order out of {', '.join(ORDERS)}, with a seed as in random-3"
        raise InputError(known, repr(order), "mend ablation.orders in the config, or the path that was asked for")
    if (method or METHODS[0]) not in METHODS:
        hint = "mend ablation.methods in the config, or the path that was asked for"
        raise InputError(f"a method out of {', '.join(METHODS)}", repr(method), hint)
    return method or METHODS[0], kind, int(seed)


@dataclass(frozen=True)
class NamedOrder:
    """An order in which heads are removed.

    Attributes
    ----------
    name, method, kind : see `parse_order`.
    heads : flat indices of all heads in order of removal, (n_heads_total,).
    counts : ascending numbers of heads removed at which it is measured, the first 0.
    compared : those among them at which all orders are measured.
    layer_share : share of the layers that must run at a step, see `layer_share`.
    """

    name: str
    method: str
    kind: str
    heads: np.ndarray
    counts: list[int]
    compared: list[int]
    layer_share: float

    def is_complete(self, measured: np.ndarray) -> bool:
        """Whether what was measured, (n_counts, n_prompts), lacks nothing."""
        return bool(np.isfinite(measured).all())


def named_orders(
    names: Sequence[str],
    fine: Sequence[str],
    ranking: str,
    geometry: tuple[int, int],
    step: float,
    fine_step: float,
    max_fraction: float,
) -> list[NamedOrder]:
    """The named orders of a ranking (CSV).

    Parameters
    ----------
    names, fine : names of the orders, and of those that are measured at every `fine_step` beside every `step`.
    geometry : (layers, heads)
    step, fine_step, max_fraction : see `step_counts`.

    Raises
    ------
    InputError
        If a name is wrong, or the ranking is not one of a model of that geometry.
    """
    n_heads_total, orders = geometry[0] * geometry[1], []
    table = read_ranking(ranking, n_heads_total, ("head_idx", "syn_red_score", *MATCHED_ON.values()))
    compared = step_counts(n_heads_total, step, max_fraction)
    finely = sorted({*compared, *step_counts(n_heads_total, fine_step, max_fraction)}) if fine else compared
    for name in names:
        method, kind, seed = parse_order(name)
        heads, counts = removal_order(kind, seed, table), finely if name in fine else compared
        orders.append(NamedOrder(name, method, kind, heads, counts, compared, layer_share(heads, counts, *geometry)))
    return orders


def removal_order(kind: str, seed: int, ranking: pd.DataFrame) -> np.ndarray:
    """Return all flat head indices in the order in which they are removed.

    Parameters
    ----------
    kind : str
        ``synergistic`` (highest score first), ``redundant`` (lowest first), ``random``, or a random order matched to
        the synergistic one: at every step it has removed as many heads of each layer (``random_layer_matched``), or of
        each tenth of lag-1 autocorrelation (``random_autocorrelation_matched``) or norm (``random_norm_matched``).
    seed : int
        Of the random orders; the other two do not use it.
    ranking : DataFrame
        A row a head, with the columns ``syn_red_score``, ``layer``, ``autocorrelation``, ``mean_norm``
        of the head rankings.

    Raises
    ------
    InputError
        If `kind` is unknown, or a score is NaN so that there is no order.
    """
    score = ranking["syn_red_score"].to_numpy()
    if kind not in ORDERS:
        raise InputError(f"an order out of {', '.join(ORDERS)}", repr(kind), "mend ablation.orders in the config")
    if np.isnan(score).any():
        raise InputError(
            "a score for every head",
            f"NaN for heads {np.flatnonzero(np.isnan(score))[:10].tolist()}",
            "look in the rankings' companion JSON for constant heads and undefined pairs",
        )
    synergistic = np.argsort(-score, kind="stable")
    if kind == "synergistic":
        return synergistic
    if kind == "redundant":
        return synergistic[::-1].copy()
    generator = np.random.default_rng([seed, ORDERS.index(kind)])
    if kind == "random":
        return generator.permutation(len(score))
    return _matched(synergistic, _groups(ranking[MATCHED_ON[kind]].to_numpy(), kind), generator)


def _groups(values: np.ndarray, kind: str) -> np.ndarray:
    """Group number of each head: its layer, or the tenth of the distribution its value falls into."""
    if kind == "random_layer_matched":
        return values.astype(int)
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return ranks * N_BINS // len(values)


def _matched(order: np.ndarray, groups: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Replace each head of `order` by a random one of its group, each head once."""
    pools = {group: list(generator.permutation(np.flatnonzero(groups == group))) for group in np.unique(groups)}
    return np.array([pools[groups[head]].pop() for head in order])


def parse_condition(condition: str) -> tuple[str, float, int]:
    """Kind of heads, σ and seed of a noise condition's name: ``synergistic-0.5-0``; ``baseline`` is without noise.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    if condition == "baseline":
        return condition, 0.0, 0
    named = re.fullmatch(r"(synergistic|redundant|random)-(\d+\.\d+(?:e-\d+)?)-(\d+)", condition)
    if not named:
        known = "baseline, or a condition such as random-0.5-0"
        raise InputError(known, repr(condition), "mend the name, or the path that was asked for")
    return named[1], float(named[2]), int(named[3])


@dataclass(frozen=True)
class Condition:
    """A condition of noise: its name, see `parse_condition` for the parts, and the sorted flat indices of its heads."""

    name: str
    kind: str
    sigma: float
    seed: int
    heads: np.ndarray


def named_conditions(names: Sequence[str], fraction: float, ranking: str, n_heads_total: int) -> list[Condition]:
    """The named conditions of a ranking (CSV), with `fraction` of the heads in each set.

    Raises
    ------
    InputError
        If the ranking is not one of `n_heads_total` heads.
    """
    table, conditions = read_ranking(ranking, n_heads_total, ("syn_red_score",)), []
    for name in names:
        kind, sigma, seed = parse_condition(name)
        conditions.append(Condition(name, kind, sigma, seed, noisy_heads(kind, seed, fraction, table)))
    return conditions


def noisy_heads(kind: str, seed: int, fraction: float, ranking: pd.DataFrame) -> np.ndarray:
    """Return the sorted flat indices of the heads that noise goes into.

    Parameters
    ----------
    kind : ``synergistic`` (highest scores), ``redundant`` (lowest), ``random`` or ``baseline`` (none).
    fraction : of all heads, rounded to the nearest whole number.
    """
    if kind == "baseline":
        return np.array([], dtype=int)
    n_chosen = round(fraction * len(ranking))
    return np.sort(removal_order(kind, seed, ranking)[:n_chosen])


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
            "lower ablation.step_fraction, ablation.fine_step or ablation_step, or raise ablation.max_fraction",
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
