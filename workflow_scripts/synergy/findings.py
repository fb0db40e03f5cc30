"""What the claims table says, in words: every sentence follows from its rows, none is written beforehand."""

from collections import Counter

import numpy as np

from synergy.claims import BEST_TO_WORST, NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.multiplicity import UNDONE
from synergy.profiles import layer_means, rank_quantiles
from synergy.resampling import pearson
from synergy.tables import Table

# The questions that a reader comes with, and the claims that answer them.
QUESTIONS = {
    "Does it have a synergistic core?": (1, 2, 3),
    "Do its two networks differ as published?": (4, 5),
    "Does the core matter for behaviour?": (6, 7, 8),
}


def tally(rows: list[dict]) -> str:
    """How many claims of one model have which verdict, and how many of the supported ones outlast their control."""
    counts = Counter(row["verdict"] for row in rows)
    parts = [f"{counts[verdict]} {verdict}" for verdict in BEST_TO_WORST if counts[verdict]]
    kept = sum(row["verdict"] == row["verdict_after_control"] == SUPPORTED for row in rows)
    supported = counts[SUPPORTED]
    after = f" Of the {supported} supported, {kept} {'is' if kept == 1 else 'are'} supported after the control too."
    undone = [row["claim"] for row in rows if UNDONE in row["note"]]
    names = f"claim{'s' if len(undone) > 1 else ''} {' and '.join(undone)}"
    chance = f" Corrected for the number of claims, {names} would not be decided." if undone else ""
    return f"Of {len(rows)} published claims: {', '.join(parts)}.{after if supported else ''}{chance}"


def answer(row: dict) -> str:
    """One claim answered, with its control, in a clause."""
    before, after, control = row["verdict"], row["verdict_after_control"], row["control"]
    if before == NOT_TESTABLE:
        return "Could not be tested"
    if before == SUPPORTED:
        return {
            SUPPORTED: "Yes, and its control leaves it",
            NOT_SUPPORTED: f"Only until its control ({control}) removes it",
            OPPOSITE: f"Only until its control ({control}) reverses it",
            NOT_TESTABLE: "Yes, but its control could not be applied",
        }[after]
    first = "No, the opposite" if before == OPPOSITE else "Not shown"
    return (
        first
        + {
            SUPPORTED: f"; supported only once its control ({control}) is applied",
            OPPOSITE: "" if before == OPPOSITE else f"; the opposite once its control ({control}) is applied",
            NOT_SUPPORTED: f"; nothing is left after its control ({control})" if before == OPPOSITE else "",
            NOT_TESTABLE: "",
        }[after]
    )


def number(value: float | str | None, form: str = ".3g") -> str:
    """A number to print, a dash where there is none."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return "–"
    return format(value, form) if np.isfinite(value) else "–"


def p_words(value: float | str | None) -> str:
    """A p value to print: two digits, and no false precision below 0.0001."""
    text = number(value, ".2g")
    return "< 0.0001" if text != "–" and float(value) < 1e-4 else text


def measured(row: dict) -> str:
    """Estimate, interval, p and corrected p of a claim, and estimate and p after its control."""
    parts = []
    for estimate, p_value, prefix in (("estimate", "p_value", ""), ("control_estimate", "control_p_value", "control ")):
        if number(row[estimate]) != "–":
            p = p_words(row[p_value])
            interval = f" [{number(row['ci_low'])}, {number(row['ci_high'])}]" if not prefix else ""
            interval = "" if "–" in interval else interval
            p = f", p {p}" if p.startswith("<") else f", p = {p}" if p != "–" else ""
            corrected = p_words(row["p_value_holm"])
            if p and not prefix and corrected not in ("–", p_words(row["p_value"])):
                p += f" (corrected {corrected})"
            parts.append(f"{prefix}{number(row[estimate])}{interval}{p}")
    return "; ".join(parts)


def null_in_words(ranking: Table, layers: int, heads: int) -> list[str]:
    """How much of each atom two unrelated heads give, whether its layer profile is theirs, and where more is left."""
    sentences = []
    for name, observed, null in (
        ("synergy", "avg_synergy", "null_avg_synergy"),
        ("redundancy", "avg_redundancy", "null_avg_redundancy"),
    ):
        profile, baseline = (layer_means(ranking[column], layers, heads) for column in (observed, null))
        if not np.isfinite(baseline).any():
            return ["No null was computed, so nothing here says how much of it unrelated heads would show."]
        share = np.nanmean(ranking[null]) / np.nanmean(ranking[observed])
        same = pearson(rank_quantiles(profile), rank_quantiles(baseline))
        above = int(np.count_nonzero(profile > baseline))
        sentences.append(
            f"Mean {name} is {np.nanmean(ranking[observed]):.3g} nats, of which surrogates without coupling between "
            f"heads give {share:.0%}; the layer profiles of the two have a rank correlation of {number(same, '+.2f')}, "
            f"and the observed exceeds the null in {above} of {layers} layers."
        )
    return sentences
