"""Claims 6 to 8: what removing heads, and noise in them, does to behaviour."""

from math import isfinite, nan

import pandas as pd

from synergy.ablation.curves import curve_of_order, methods, noise_floor, orders_in_words
from synergy.claims.verdicts import Claim, Effect, all_of, p_in_words
from synergy.perturbation.outcomes import Accuracy, pooled_accuracy, seed_differences, sigmas

MATCHED_ORDERS = ("random_layer_matched", "random_autocorrelation_matched", "random_norm_matched")
NOISY = ("synergistic", "random", "redundant")
MOST_CUT_OFF = 0.5  # of the answers of a condition whose accuracy may decide a claim


def claim_ablation(statistics: dict, table: pd.DataFrame) -> Claim:
    """Claim 6: area under the KL curve in synergistic order, divided by the geometric mean of random orders.

    It is decided by the rank of the synergistic order among the random ones. Control: its ranks among random orders
    that are matched to it by layer, autocorrelation and norm. All must agree in favour of the claim; against it one is
    enough, and its p is multiplied by their number (Holm).

    Parameters
    ----------
    statistics : dict
        ``ratios`` of `synergy.ablation.curves.compare_orders`.
    table : DataFrame
        KL in nats at each number of heads removed, with the columns `synergy.ablation.curves.CURVE_COLUMNS`.
    """
    ratios = statistics.get("ratios", {})
    matched = [_ratio(ratios, order) for order in MATCHED_ORDERS if f"synergistic/{order}" in ratios]
    control = all_of(matched, any_opposite=True)
    if not matched:
        control = Effect(obstacle="no matched order was run", neutral=1.0)
    told = [order for order in ("random", *MATCHED_ORDERS, "redundant") if f"synergistic/{order}" in ratios]
    notes = (
        "Area in synergistic order over that in other orders [95 % over prompts]: "
        + ("; ".join(_ratio_in_words(order, ratios[f"synergistic/{order}"]) for order in told) or "none")
        + ".",
        _curves_in_words(table),
    )
    return Claim(
        claim=6,
        statistic="area under the KL curve in synergistic order over the geometric mean of random orders; interval "
        "over prompts",
        test=_ratio(ratios, "random"),
        control="random orders matched to the synergistic one by layer, autocorrelation or norm; all must agree",
        control_test=control,
        notes=notes,
    )


def claim_noise_synergistic(table: pd.DataFrame, statistics: dict, sigma: float) -> Claim:
    """Claim 7: accuracy with noise in the synergistic heads, against random sets and against the redundant heads."""
    return _noise_claim(7, table, statistics, sigma, "synergistic", costs_most=True)


def claim_noise_redundant(table: pd.DataFrame, statistics: dict, sigma: float) -> Claim:
    """Claim 8: accuracy with noise in the redundant heads, against random sets and against the synergistic heads."""
    return _noise_claim(8, table, statistics, sigma, "redundant", costs_most=False)


def _ratio(ratios: dict, order: str) -> Effect:
    """The rank of the synergistic order among the drawn orders of a kind."""
    record = ratios.get(f"synergistic/{order}")
    orders = orders_in_words(order)
    if not record:
        return Effect(obstacle=f"no {orders} were run", neutral=1.0)
    estimate, low, high, p_value = (_number(record[key]) for key in ("estimate", "ci_low", "ci_high", "p_value"))
    if not (isfinite(estimate) and isfinite(p_value)):
        return Effect(estimate, nan, low, high, neutral=1.0, obstacle=f"an area in {orders} is 0")
    return Effect(
        estimate,
        p_value,
        low,
        high,
        neutral=1.0,
        floor=record["floor"],
        n_draws=record["n_seeds"],
        draws=orders,
        decided_by=record["test"],
    )


def _ratio_in_words(order: str, record: dict) -> str:
    estimate, low, high, p_value = (_number(record[key]) for key in ("estimate", "ci_low", "ci_high", "p_value"))
    words = f"{order.replace('_', ' ')} {estimate:.2f} [{low:.2f}, {high:.2f}], "
    return words + f"{record['test']}, {p_in_words(p_value, record['floor'])}"


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
    claim: int, table: pd.DataFrame, statistics: dict, sigma: float, subject: str, costs_most: bool
) -> Claim:
    other = "redundant" if subject == "synergistic" else "synergistic"
    direction = "lower" if costs_most else "higher"
    accuracies = {condition: pooled_accuracy(table, condition, sigma) for condition in NOISY}
    obstacle = _not_run(table, accuracies, sigma) or _not_solved(table) or _cut_off(accuracies)
    test = Effect(obstacle=obstacle) if obstacle else _among_sets(statistics, subject, "accuracy", costs_most)
    notes = [
        "Correct: " + "; ".join(_accuracy_in_words(name, found) for name, found in accuracies.items()) + ".",
        f"Draws of the noise one by one, {subject} less {other}: {_seeds_in_words(statistics, subject, other, sigma)}.",
        _sets_in_words(statistics, subject),
    ]
    return Claim(
        claim=claim,
        statistic=f"accuracy at sigma = {sigma:g}, by how much it is {direction} with noise in {subject} heads than in "
        f"random sets of heads, and than in {other} heads; draws of the noise averaged; interval over problems; the "
        "comparison with the larger p is shown",
        test=test,
        control="likelihood of the reference solutions, by the same rule, which truncated answers cannot affect",
        control_test=_among_sets(statistics, subject, "solution_nll", costs_most),
        rule="both comparisons must agree; not testable if a condition is missing, nothing is solved without noise, or "
        f"noise cut off more than {MOST_CUT_OFF:.0%} of the answers of a condition",
        notes=tuple(filter(None, notes)),
    )


def _record(statistics: dict, subject: str, measure: str) -> dict | None:
    found = statistics.get("among_random_sets", [])
    return next((own for own in found if (own["core"], own["measure"]) == (subject, measure)), None)


def _among_sets(statistics: dict, subject: str, measure: str, costs_most: bool) -> Effect:
    """A core's rank among random sets of heads and its difference from the other core, which must agree."""
    record = _record(statistics, subject, measure)
    if record is None:
        missing = "no likelihood of reference solutions was measured" if measure == "solution_nll" else "no random sets"
        return Effect(obstacle=missing)
    # A lower accuracy and a higher NLL are costs.
    sign = 1 if costs_most == (measure == "solution_nll") else -1
    n_sets, paired = len(record["by_set"]), record["from_other_core"]
    rank = Effect(
        sign * record["difference"],
        record["p_value"],
        *_bounds(record, sign),
        floor=record["floor"],
        n_draws=n_sets,
        draws="random sets of heads",
        decided_by=f"rank among {n_sets} random sets of heads",
    )
    over_problems = Effect(
        sign * paired["difference"],
        paired["p_value"],
        *_bounds(paired, sign),
        decided_by=f"sign flips over {record['n_problems']} problems, against the other core",
    )
    return all_of([rank, over_problems])


def _bounds(record: dict, sign: int) -> tuple[float, float]:
    low, high = sorted((sign * record["ci_low"], sign * record["ci_high"]))
    return low, high


def _not_run(table: pd.DataFrame, accuracies: dict[str, Accuracy | None], sigma: float) -> str:
    missing = [condition for condition, accuracy in accuracies.items() if accuracy is None]
    if not missing:
        return ""
    tried = ", ".join(f"{value:g}" for value in sigmas(table, missing[0])) or "none"
    return f"{missing[0]} was not run at sigma = {sigma:g} (sigmas run: {tried})"


def _not_solved(table: pd.DataFrame) -> str:
    baseline = pooled_accuracy(table, "baseline", 0.0)
    return "no problem is solved without noise" if baseline is not None and baseline.n_correct == 0 else ""


def _cut_off(accuracies: dict[str, Accuracy]) -> str:
    """Which conditions cut off too many answers, in words."""
    told = [f"{name} {own.truncated:.0%}" for name, own in accuracies.items() if own.truncated > MOST_CUT_OFF]
    return f"more than {MOST_CUT_OFF:.0%} of the answers were cut off: {', '.join(told)}" if told else ""


def _seeds_in_words(statistics: dict, subject: str, other: str, sigma: float) -> str:
    differences = seed_differences(statistics, subject, other, sigma, "accuracy")
    return ", ".join(f"{value:+.1%}" for value in differences) or "not compared"


def _sets_in_words(statistics: dict, subject: str) -> str:
    """Where the core stands by both measures."""
    words = []
    for measure, form in (("accuracy", ".1%"), ("solution_nll", ".3f")):
        if record := _record(statistics, subject, measure):
            sets = record["by_set"]
            words.append(
                f"{'NLL' if measure == 'solution_nll' else measure} {record['value']:{form}}, {len(sets)} random sets "
                f"{min(sets):{form}} to {max(sets):{form}}, {p_in_words(record['p_value'], record['floor'])}"
            )
    return f"Among random sets of heads: {'; '.join(words)}." if words else ""


def _accuracy_in_words(name: str, accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return f"{name} not run"
    n_answers = max(1, sum(accuracy.found.values()))
    unboxed = (
        f", {1 - accuracy.found['boxed'] / n_answers:.0%} without a box" if accuracy.found["boxed"] else ", no box"
    )
    return f"{name} {accuracy.n_correct}/{accuracy.n_problems}, {accuracy.truncated:.0%} cut off{unboxed}"


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
