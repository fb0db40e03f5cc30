"""Claims 4 and 5: efficiency and modularity of the synergy network against the redundancy network."""

from math import floor

import numpy as np

from synergy.claims.verdicts import Claim, Effect, decided, from_standard_error
from synergy.statistics.inference import share_as_extreme


def claim_efficiency(metrics: dict, significance: float) -> Claim:
    """Claim 4: global efficiency of the strongest edges, synergy minus redundancy.

    Control: the same after division by the mean of each network's weight-shuffled null.
    """
    return _graph_claim(4, "global_efficiency", metrics, significance, sign=1)


def claim_modularity(metrics: dict, significance: float) -> Claim:
    """Claim 5: Louvain modularity of the strongest edges, redundancy minus synergy, with the control of claim 4."""
    return _graph_claim(5, "modularity", metrics, significance, sign=-1)


def _graph_claim(claim: int, metric: str, metrics: dict, significance: float, sign: int) -> Claim:
    name, difference = metric.replace("_", " "), "synergy minus redundancy" if sign > 0 else "redundancy minus synergy"
    contrast = metrics["contrasts_synergy_minus_redundancy"][metric]
    estimate, error = np.array([contrast["estimate"], contrast["standard_error"]], dtype=float)  # of None, NaN
    test = from_standard_error(sign * estimate, error)
    headline = metrics["definitions"]["top_fraction"]
    control = _relative_to_null(headline["synergy"][metric], headline["redundancy"][metric], significance, sign)
    statistic = (
        f"{name} of the strongest {metrics['top_fraction']:.0%} of pairs, {difference}; "
        "normal test, jackknife over groups of heads"
    )
    notes = _definitions_in_words(metrics["definitions"], metric, sign)
    return decided(claim, statistic, test, "weight-shuffled graphs", control, significance, notes)


def _relative_to_null(synergy: dict, redundancy: dict, significance: float, sign: int) -> Effect:
    """Difference of the two networks, each divided by its null mean, against the same difference of null draws."""
    draws = [np.array(network["null_draws"], dtype=float) for network in (synergy, redundancy)]
    needed = floor(1 / significance)  # the smallest p that n draws can give is 1 / (n + 1)
    if min(len(null) for null in draws) < needed:
        return Effect(obstacle=f"p < {significance:g} needs at least {needed} shuffled networks")
    means = [null.mean() for null in draws]
    if not all(np.isfinite(means)) or 0 in means:
        return Effect(obstacle="the null has no value to divide by")
    values = np.array([synergy["value"], redundancy["value"]], dtype=float)
    observed = sign * (values[0] / means[0] - values[1] / means[1])
    null = draws[0] / means[0] - draws[1] / means[1]
    return Effect(float(observed), share_as_extreme(null, observed))


def _definitions_in_words(definitions: dict, metric: str, sign: int) -> list[str]:
    """Values under every definition, raw and relative to the null where there is one, and whether they agree."""
    words, directions = [], set()
    for name, record in definitions.items():
        synergy, redundancy = record["synergy"][metric], record["redundancy"][metric]
        values = np.array([synergy["value"], redundancy["value"]], dtype=float)
        relative = np.array([synergy.get("relative_to_null"), redundancy.get("relative_to_null")], dtype=float)
        words.append(
            f"{name.replace('_', ' ')} {values[0]:.3g} / {values[1]:.3g}"
            + (f" (over null {relative[0]:.3g} / {relative[1]:.3g})" if np.isfinite(relative).all() else "")
        )
        directions |= {np.sign(pair[0] - pair[1]) * sign > 0 for pair in (values, relative) if np.isfinite(pair).all()}
    verdict = "All point the same way." if len(directions) < 2 else "They do not all point the same way."
    return [f"Synergy / redundancy network by definition: {'; '.join(words)}. {verdict}"]
