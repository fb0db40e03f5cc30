"""Claims 6 to 8: what removing heads, and noise in them, does to behaviour."""

from math import isfinite, nan

import pandas as pd

from synergy.ablation.curves import curve_of_order, methods, noise_floor
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, Claim, Effect, decided, worst
from synergy.perturbation.outcomes import Accuracy, pooled_accuracy, pooled_difference, seed_differences, sigmas

MATCHED_ORDERS = ("random_layer_matched", "random_autocorrelation_matched", "random_norm_matched")
NOISY = ("synergistic", "random", "redundant")


def claim_ablation(statistics: dict, table: pd.DataFrame, significance: float) -> Claim:
    """Claim 6: area under the KL curve in synergistic order, divided by that in random order.

    Two tests must agree, and the larger p counts: of the ratio, over prompts and drawn orders; and of the paired
    differences, over prompts.

    Control: random orders matched to the synergistic one by layer, autocorrelation or norm; the one least in favour
    of the claim decides.
    """
    ratios = statistics.get("ratios", {})
    test = _ratio(ratios, "random")
    matched = {order: _ratio(ratios, order) for order in MATCHED_ORDERS if f"synergistic/{order}" in ratios}
    control = worst(list(matched.values()), significance)
    if not matched:
        control = Effect(obstacle="no matched order was run", neutral=1.0)
    told = {"random": test, **matched, "redundant": _ratio(ratios, "redundant")}
    notes = [
        "Synergistic order over " + "; ".join(_ratio_in_words(*item, ratios) for item in told.items()) + ".",
        _curves_in_words(table),
    ]
    statistic = (
        "area under the KL curve, synergistic over random order (ratio); bootstrap over prompts with the spread of the "
        "random orders, and sign-flip test of the paired prompts, two-sided, larger p of the two"
    )
    return decided(6, statistic, test, "random orders matched to the synergistic one", control, significance, notes)


def claim_noise_synergistic(table: pd.DataFrame, statistics: dict, sigma: float, significance: float) -> Claim:
    """Claim 7: accuracy with noise in the synergistic heads against the next worst condition."""
    return _noise_claim(7, table, statistics, sigma, significance, "synergistic", costs_most=True)


def claim_noise_redundant(table: pd.DataFrame, statistics: dict, sigma: float, significance: float) -> Claim:
    """Claim 8: accuracy with noise in the redundant heads against the next best condition."""
    return _noise_claim(8, table, statistics, sigma, significance, "redundant", costs_most=False)


def _curves_in_words(table: pd.DataFrame) -> str:
    """KL of each order at the removed fraction nearest to a quarter, and the noise floor."""
    words = []
    first, *others = methods(table)
    for order in ("synergistic", "redundant", "random", *MATCHED_ORDERS):
        if curve := curve_of_order(table, order, first):
            step = abs(curve.fraction - 0.25).argmin()
            words.append(f"{order.replace('_', ' ')} {curve.kl[step]:.3g} at {curve.fraction[step]:.0%}")
    also = f" Heads were replaced by: {first} (tested); {', '.join(others)} (in the JSON)." if others else ""
    return f"KL in nats: {'; '.join(words)} of the heads removed; noise floor {noise_floor(table):.2g}.{also}"


def _noise_claim(
    claim: int, table: pd.DataFrame, statistics: dict, sigma: float, significance: float, subject: str, costs_most: bool
) -> Claim:
    others = [condition for condition in NOISY if condition != subject]
    direction = "lower" if costs_most else "higher"
    statistic = (
        f"accuracy at sigma = {sigma:g}, by how much {subject} is {direction} than the nearer of "
        f"{' and '.join(others)}; seeds averaged per problem, sign-flip permutation over problems, larger p of the two"
    )
    rule = (
        f"supported if {subject} is {direction} than both others, each with p < {significance:g}; opposite if it lies "
        f"on the other side of both, each with p < {significance:g}; otherwise not supported; not testable if a "
        "condition is missing or nothing is solved without noise"
    )
    control_name = "likelihood of the reference solutions, by the same rule, which truncated answers cannot affect"
    accuracies = {condition: pooled_accuracy(table, condition, sigma) for condition in NOISY}
    obstacle = _obstacle(table, accuracies, sigma)
    if obstacle:
        missing = Effect(obstacle=obstacle)
        return Claim(claim, statistic, missing, rule, NOT_TESTABLE, control_name, missing, NOT_TESTABLE)
    tests, controls = (
        [_effect(statistics, subject, other, sigma, measure, costs_most) for other in others]
        for measure in ("accuracy", "solution_nll")
    )
    if table["solution_nll"].isna().all():
        controls = [Effect(obstacle="the problems have no reference solutions")] * len(others)
    notes = (
        "Correct: " + "; ".join(_accuracy_in_words(name, item) for name, item in accuracies.items()) + ".",
        "Seed by seed: " + "; ".join(_seeds_in_words(statistics, subject, other, sigma) for other in others) + ".",
        "p values hold for other problems under these draws of the noise, not for other draws.",
    )
    test, control = worst(tests, significance), worst(controls, significance)
    verdict, after = _verdict_on_both(tests, significance), _verdict_on_both(controls, significance)
    return Claim(claim, statistic, test, rule, verdict, control_name, control, after, notes)


def _verdict_on_both(effects: list[Effect], significance: float) -> str:
    """The verdict that both comparisons give; without one, the claim is not supported."""
    verdicts = {effect.verdict(significance) for effect in effects}
    if NOT_TESTABLE in verdicts:
        return NOT_TESTABLE
    return verdicts.pop() if len(verdicts) == 1 else NOT_SUPPORTED


def _obstacle(table: pd.DataFrame, accuracies: dict[str, Accuracy | None], sigma: float) -> str:
    missing = [condition for condition, accuracy in accuracies.items() if accuracy is None]
    if missing:
        tried = ", ".join(f"{value:g}" for value in sigmas(table, missing[0])) or "none"
        return f"{missing[0]} was not run at sigma = {sigma:g} (sigmas run: {tried})"
    baseline = pooled_accuracy(table, "baseline", 0.0)
    if baseline is not None and baseline.n_correct == 0:
        return "no problem is solved without noise"
    return ""


def _effect(statistics: dict, subject: str, other: str, sigma: float, measure: str, costs_most: bool) -> Effect:
    """By how much noise in `subject` costs more (or less, where it is to cost the least) than noise in `other`."""
    # A lower accuracy and a higher NLL are costs.
    first, second = (subject, other) if costs_most == (measure == "solution_nll") else (other, subject)
    found = pooled_difference(statistics, first, second, sigma, measure)
    if found is None:
        return Effect(obstacle=f"{subject} and {other} were not compared at sigma = {sigma:g}")
    return Effect(found.estimate, found.p_value, found.ci_low, found.ci_high)


def _seeds_in_words(statistics: dict, subject: str, other: str, sigma: float) -> str:
    differences = seed_differences(statistics, subject, other, sigma, "accuracy")
    return f"{subject} less {other} " + (", ".join(f"{value:+.1%}" for value in differences) or "not compared")


def _accuracy_in_words(name: str, accuracy: Accuracy) -> str:
    truncated = f", {accuracy.truncated:.0%} truncated" if isfinite(accuracy.truncated) else ""
    return f"{name} {accuracy.n_correct}/{accuracy.n_problems}{truncated}"


def _ratio(ratios: dict, order: str) -> Effect:
    """A ratio of areas with the larger of its two p values."""
    record = ratios.get(f"synergistic/{order}")
    if not record:
        return Effect(obstacle=f"{order.replace('_', ' ')} order was not run", neutral=1.0)
    estimate, low, high, p_value = (
        nan if record.get(key) is None else float(record[key]) for key in ("estimate", "ci_low", "ci_high", "p_value")
    )
    paired = record.get("paired", {}).get("p_value")
    if not isfinite(p_value) or paired is None:
        return Effect(estimate, nan, low, high, neutral=1.0, obstacle=f"the ratio to {order} has no p")
    return Effect(estimate, max(p_value, paired), low, high, neutral=1.0)


def _ratio_in_words(order: str, effect: Effect, ratios: dict) -> str:
    if effect.obstacle:
        return effect.obstacle
    record = ratios[f"synergistic/{order}"]
    words = f"{order.replace('_', ' ')} {effect.estimate:.2f} [{effect.ci_low:.2f}, {effect.ci_high:.2f}]"
    words += f", p = {record['p_value']:.2g} and {record['paired']['p_value']:.2g}"
    n_seeds, needed = record.get("n_seeds"), record.get("n_seeds_for_half_of_interval")
    if order.startswith("random") and n_seeds == 1:
        words += " (one drawn order: its chance is not in the interval)"
    elif order.startswith("random") and needed is not None:
        words += f" ({n_seeds} drawn orders; with {needed} they make half of the interval or less)"
    return words
