"""Claims 6 to 8: what removing heads, and noise in them, does to behaviour."""

from math import isfinite, nan

from synergy.claims import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, Claim, Effect, decided, worst
from synergy.curves import ablation_curve, methods, noise_floor
from synergy.proportions import Accuracy, difference_interval, fisher_exact, pooled_accuracy, sigmas
from synergy.tables import Table

MATCHED_ORDERS = ("random_layer_matched", "random_autocorrelation_matched", "random_norm_matched")
NOISY = ("synergistic", "random", "redundant")


def claim_ablation(statistics: dict, table: Table, significance: float) -> Claim:
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


def claim_noise_synergistic(table: Table, sigma: float, significance: float) -> Claim:
    """Claim 7: accuracy with noise in the synergistic heads against the next worst condition."""
    return _noise_claim(7, table, sigma, significance, "synergistic", costs_most=True)


def claim_noise_redundant(table: Table, sigma: float, significance: float) -> Claim:
    """Claim 8: accuracy with noise in the redundant heads against the next best condition."""
    return _noise_claim(8, table, sigma, significance, "redundant", costs_most=False)


def _curves_in_words(table: Table) -> str:
    """KL of each order at the removed fraction nearest to a quarter, and the noise floor."""
    words = []
    first, *others = methods(table)
    for order in ("synergistic", "redundant", "random", *MATCHED_ORDERS):
        if curve := ablation_curve(table, order, first):
            step = abs(curve.fraction - 0.25).argmin()
            words.append(f"{order.replace('_', ' ')} {curve.kl[step]:.3g} at {curve.fraction[step]:.0%}")
    also = f" Heads were replaced by: {first} (tested); {', '.join(others)} (in the JSON)." if others else ""
    return f"KL in nats: {'; '.join(words)} of the heads removed; noise floor {noise_floor(table):.2g}.{also}"


def _noise_claim(claim: int, table: Table, sigma: float, significance: float, subject: str, costs_most: bool) -> Claim:
    others = [condition for condition in NOISY if condition != subject]
    accuracies = {condition: pooled_accuracy(table, condition, sigma) for condition in NOISY}
    direction = "lower" if costs_most else "higher"
    statistic = (
        f"accuracy at sigma = {sigma:g}, by how much {subject} is {direction} than the nearer of "
        f"{' and '.join(others)}; Fisher exact, seeds pooled, larger p of the two"
    )
    rule = (
        f"supported if {subject} is {direction} than both others, each with p < {significance:g}; opposite if it lies "
        f"on the other side of both, each with p < {significance:g}; otherwise not supported; not testable if a "
        "condition is missing or nothing is solved without noise"
    )
    control_name = "likelihood of the reference solutions, which truncated answers cannot affect"
    obstacle = _obstacle(table, accuracies, sigma)
    if obstacle:
        missing = Effect(obstacle=obstacle)
        return Claim(claim, statistic, missing, rule, NOT_TESTABLE, control_name, missing, NOT_TESTABLE)
    test = worst(
        [_accuracy_effect(accuracies[subject], accuracies[other], costs_most) for other in others], significance
    )
    opposite = all(
        _accuracy_effect(accuracies[subject], accuracies[other], not costs_most).verdict(significance) == SUPPORTED
        for other in others
    )
    verdict = test.verdict(significance)
    if verdict not in (SUPPORTED, NOT_TESTABLE) and not opposite:
        verdict = NOT_SUPPORTED
    sign = 1 if costs_most else -1
    nll = min(sign * (accuracies[subject].solution_nll - accuracies[other].solution_nll) for other in others)
    control, after = Effect(estimate=nll), verdict
    if not isfinite(nll):
        control, after = Effect(obstacle="no solution likelihood was measured"), NOT_TESTABLE
    elif verdict == SUPPORTED and nll <= 0:
        after = NOT_SUPPORTED
    notes = (
        "Correct: " + "; ".join(_accuracy_in_words(name, item) for name, item in accuracies.items()) + ".",
        "Pooled seeds answer the same problems, so the p values are approximate.",
        "The control has no p of its own; it keeps the verdict unless the mean solution NLL contradicts it.",
    )
    return Claim(claim, statistic, test, rule, verdict, control_name, control, after, notes)


def _obstacle(table: Table, accuracies: dict[str, Accuracy | None], sigma: float) -> str:
    missing = [condition for condition, accuracy in accuracies.items() if accuracy is None]
    if missing:
        tried = ", ".join(f"{value:g}" for value in sigmas(table, missing[0])) or "none"
        return f"{missing[0]} was not run at sigma = {sigma:g} (sigmas run: {tried})"
    baseline = pooled_accuracy(table, "baseline", 0.0)
    if baseline is not None and baseline.n_correct == 0:
        return "no problem is solved without noise"
    return ""


def _accuracy_effect(subject: Accuracy, other: Accuracy, costs_most: bool) -> Effect:
    first, second = (other, subject) if costs_most else (subject, other)
    low, high = difference_interval(first, second)
    return Effect(first.value - second.value, fisher_exact(first, second), low, high)


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
