"""Claims 3 to 5: pairs within layers against pairs between them, and the two networks against each other."""

from math import nan

import numpy as np

from synergy.claims.measured import INTEGRATION, Measured, against_surrogates, without_each
from synergy.claims.verdicts import Claim, Effect, of_estimate
from synergy.statistics.inference import Estimate, jackknife

NO_SPREAD_OF_GROUPS = "fewer than three groups of prompts, or no spread over them"
NO_SPREAD = "fewer than three prompts, or no spread over them"


def claim_efficiency(metrics: dict, outside: str = "") -> Claim:
    """Claim 4: global efficiency of the strongest edges, synergy minus redundancy.

    Raw: over groups of prompts. Control: the same difference in every surrogate.

    Parameters
    ----------
    metrics : dict
        The graph metrics.
    outside : str
        Why the null of the coupling cannot be trusted, if so.
    """
    return _graph_claim(4, "global_efficiency", metrics, outside, sign=1)


def claim_modularity(metrics: dict, outside: str = "") -> Claim:
    """Claim 5: Louvain modularity of the strongest edges, redundancy minus synergy, tested as claim 4 is."""
    return _graph_claim(5, "modularity", metrics, outside, sign=-1)


def _graph_claim(claim: int, metric: str, metrics: dict, outside: str, sign: int) -> Claim:
    name, difference = metric.replace("_", " "), "synergy minus redundancy" if sign > 0 else "redundancy minus synergy"
    statistic = f"{name} of the strongest {metrics['top_fraction']:.0%} of pairs, {difference}"
    control_name = "surrogates without coupling between heads"
    rule = "not testable where the two networks have not as many edges"
    notes = _definitions_in_words(metrics["definitions"], metric, sign)
    if obstacle := _unequal(metrics["definitions"]["top_fraction"]):
        missing = Effect(obstacle=obstacle)
        return Claim(claim, statistic, missing, control_name, missing, rule, notes)
    contrast = metrics["contrasts_synergy_minus_redundancy"][metric]
    estimate, error, low, high, p_value = (_number(contrast[key]) for key in Estimate._fields)
    bounds = (low, high) if sign > 0 else (-high, -low)
    decided_by = f"Student's t over {metrics['n_groups']} groups of prompts"
    test = of_estimate(Estimate(sign * estimate, error, *bounds, p_value), decided_by, NO_SPREAD_OF_GROUPS)
    draws = sign * np.array([_number(draw) for draw in contrast["surrogates"]])
    if n_unequal := np.count_nonzero(np.isnan(draws)):
        outside = outside or f"in {n_unequal} of {len(draws)} surrogates the networks have not as many edges"
    control = against_surrogates(sign * estimate, draws, outside)
    return Claim(claim, statistic, test, control_name, control, rule, notes)


def _unequal(networks: dict) -> str:
    """Why two networks cannot be compared, if they cannot."""
    first, second = (networks[name]["n_edges"] for name in ("synergy", "redundancy"))
    return "" if first == second else f"the networks have {first:,} and {second:,} edges"


def _number(value: float | None) -> float:
    return nan if value is None else float(value)


def _definitions_in_words(definitions: dict, metric: str, sign: int) -> tuple[str, ...]:
    """Values under every definition, raw and relative to shuffled weights where there are any, and if they agree."""
    words, directions = [], set()
    for name, record in definitions.items():
        synergy, redundancy = record["synergy"][metric], record["redundancy"][metric]
        values = np.array([synergy["value"], redundancy["value"]], dtype=float)
        relative = np.array([synergy.get("relative_to_null"), redundancy.get("relative_to_null")], dtype=float)
        words.append(
            f"{name.replace('_', ' ')} {values[0]:.3g} / {values[1]:.3g}"
            + (f" (over shuffled weights {relative[0]:.3g} / {relative[1]:.3g})" if np.isfinite(relative).all() else "")
        )
        directions |= {np.sign(pair[0] - pair[1]) * sign > 0 for pair in (values, relative) if np.isfinite(pair).all()}
    verdict = "All point the same way." if len(directions) < 2 else "They do not all point the same way."
    return (f"Synergy / redundancy network by definition: {'; '.join(words)}. {verdict}",)


def claim_within_layers(measured: Measured, layers: int, heads: int) -> Claim:
    """Claim 3: mean synergy of pairs within a layer minus that of pairs between layers.

    Raw: over prompts. Control: the same difference in every surrogate. Where integration stands for synergy, it is
    that of Phi_R.
    """
    atom, name = ("phi_r", "integration") if measured.score == INTEGRATION else ("sts", "synergy")
    statistic = f"mean {name} of pairs within layers minus that of pairs between layers (nats)"
    control_name = "surrogates without coupling between heads"
    if layers < 2 or heads < 2:
        missing = Effect(obstacle="fewer than two layers, or one head a layer")
        return Claim(3, statistic, missing, control_name, missing)
    by_prompt = differences(measured.atoms, "prompt", atom)
    defined = by_prompt[np.isfinite(by_prompt)]
    if not defined.size:
        missing = Effect(obstacle="no defined pairs within or between layers")
        return Claim(3, statistic, missing, control_name, missing)
    observed = float(defined.mean())
    decided_by = f"Student's t over {len(defined)} prompts"
    test = of_estimate(jackknife(observed, without_each(defined)), decided_by, NO_SPREAD)
    control = against_surrogates(observed, differences(measured.atoms, "null", atom), measured.obstacle)
    between = float(np.nanmean(measured.atoms[f"between_prompt_{atom}"]))
    share = observed / between if between else nan
    note = f"Between layers the mean is {between:.4g} nats; the difference is {share:+.0%} of it."
    return Claim(3, statistic, test, control_name, control, notes=(note,))


def differences(atoms: dict[str, np.ndarray], kind: str, atom: str) -> np.ndarray:
    """Within minus between layers, (n,) for each prompt or surrogate; `kind` is ``prompt`` or ``null``.

    Pairs of all layers count alike, so that a layer with fewer defined pairs counts for less.
    """
    pairs = atoms[f"within_{kind}_pairs"]
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.nansum(atoms[f"within_{kind}_{atom}"] * pairs, axis=1) / pairs.sum(axis=1)
    return within - atoms[f"between_{kind}_{atom}"]
