"""A claim, the rule that decides it, and its row in the claims table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import erfc, isfinite, nan, sqrt

import numpy as np
import pandas as pd

from synergy.statistics.inference import holm

SUPPORTED, NOT_SUPPORTED, OPPOSITE, NOT_TESTABLE = "supported", "not supported", "opposite", "not testable"
CLAIM_COLUMNS = (
    "model",
    "claim",
    "statement",
    "statistic",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_value_holm",
    "rule",
    "verdict",
    "control",
    "control_estimate",
    "control_p_value",
    "verdict_after_control",
    "note",
)
BEST_TO_WORST = (SUPPORTED, NOT_SUPPORTED, OPPOSITE, NOT_TESTABLE)
VERDICTS = {"verdict": BEST_TO_WORST, "verdict_after_control": BEST_TO_WORST}  # words of those columns
STATEMENTS = {
    1: "The layer profile of the score is an inverted U: middle layers synergistic, early and late layers redundant.",
    2: "The inverted-U profile is absent in the untrained model.",
    3: "Pairs of heads within a layer have higher synergy than pairs between layers.",
    4: "Global efficiency is higher in the synergy network than in the redundancy network.",
    5: "Modularity is higher in the redundancy network than in the synergy network.",
    6: "Removing heads in synergistic order raises the KL divergence faster than in random order.",
    7: "Noise in the most synergistic heads costs the most accuracy.",
    8: "Noise in the most redundant heads costs the least accuracy.",
}
WORDS = VERDICTS | {"claim": [str(number) for number in STATEMENTS]}  # of the columns of a table of claims


@dataclass(frozen=True)
class Effect:
    """An effect that is positive when the claim holds (or above `neutral`), with its interval and two-sided p."""

    estimate: float = nan
    p_value: float = nan
    ci_low: float = nan
    ci_high: float = nan
    neutral: float = 0.0
    obstacle: str = ""  # why nothing could be tested, if so

    def verdict(self, significance: float) -> str:
        """Apply the rule that `direction_rule` words: direction by the estimate, decision by p."""
        if self.obstacle or not (isfinite(self.estimate) and isfinite(self.p_value)):
            return NOT_TESTABLE
        if self.p_value >= significance or self.estimate == self.neutral:
            return NOT_SUPPORTED
        return SUPPORTED if self.estimate > self.neutral else OPPOSITE


@dataclass(frozen=True)
class Claim:
    """One row of the claims table, but for the model."""

    claim: int
    statistic: str
    test: Effect
    rule: str
    verdict: str
    control: str
    control_test: Effect
    verdict_after_control: str
    notes: tuple[str, ...] = field(default=())

    def row(self, model: str) -> dict:
        """The row as a dict whose keys are `CLAIM_COLUMNS`."""
        return {
            "model": model,
            "claim": self.claim,
            "statement": STATEMENTS[self.claim],
            "statistic": self.statistic,
            "estimate": self.test.estimate,
            "ci_low": self.test.ci_low,
            "ci_high": self.test.ci_high,
            "p_value": self.test.p_value,
            "p_value_holm": nan,  # known when all claims of the model are: see `with_holm`
            "rule": self.rule,
            "verdict": self.verdict,
            "control": self.control,
            "control_estimate": self.control_test.estimate,
            "control_p_value": self.control_test.p_value,
            "verdict_after_control": self.verdict_after_control,
            "note": " ".join((control_in_words(self), *self.notes)),
        }


def decided(
    claim: int,
    statistic: str,
    test: Effect,
    control: str,
    control_test: Effect,
    significance: float,
    notes: Sequence[str] = (),
) -> Claim:
    """A claim whose two verdicts both follow the common rule."""
    return Claim(
        claim,
        statistic,
        test,
        direction_rule(test.neutral, significance),
        test.verdict(significance),
        control,
        control_test,
        control_test.verdict(significance),
        tuple(note for note in notes if note),
    )


def direction_rule(neutral: float, significance: float) -> str:
    """The common rule in words."""
    return (
        f"supported if estimate > {neutral:g} and p < {significance:g}; opposite if estimate < {neutral:g} and "
        f"p < {significance:g}; otherwise not supported; not testable without an estimate and a p"
    )


def control_in_words(claim: Claim) -> str:
    """Say what the control did to the claim."""
    before, after = claim.verdict, claim.verdict_after_control
    reasons = [test.obstacle for test in (claim.test, claim.control_test) if test.obstacle]
    why = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
    if before == NOT_TESTABLE:
        return f"This claim could not be tested{why}."
    if after == NOT_TESTABLE:
        return f"The control ({claim.control}) could not be applied{why}."
    if before == after:
        return f"The control ({claim.control}) leaves the verdict as it was: {after}."
    if before == SUPPORTED:
        turned = "reverses" if after == OPPOSITE else "removes"
        return f"The control ({claim.control}) {turned} the effect: {after} once it is applied."
    return f"The control ({claim.control}) changes the verdict from {before} to {after}."


def from_standard_error(estimate: float, error: float) -> Effect:
    """Two-sided normal test of an estimate with a standard error; without a usable error nothing is testable."""
    if not (isfinite(estimate) and isfinite(error) and error > 0):
        return Effect(estimate=estimate, obstacle="no standard error")
    p_value = erfc(abs(estimate) / error / sqrt(2))
    return Effect(estimate, p_value, estimate - 1.96 * error, estimate + 1.96 * error)


def worst(tests: Sequence[Effect], significance: float) -> Effect:
    """The test least in favour of the claim, tests that could not be made left out unless there are no others."""
    possible = [test for test in tests if test.verdict(significance) != NOT_TESTABLE]
    if not possible:
        return tests[0] if tests else Effect(obstacle="nothing to compare with")

    def favour(test: Effect) -> tuple:
        return -BEST_TO_WORST.index(test.verdict(significance)), test.estimate - test.neutral

    return min(possible, key=favour)


UNDONE = "by itself this verdict could be chance"  # in the note of a claim that the correction would not decide


def with_holm(claims: pd.DataFrame, significance: float) -> pd.DataFrame:
    """One model's claims with ``p_value_holm``, and a note where the correction undoes a verdict.

    Verdicts stay those of the single tests, which answer each claim by itself. Only claims that were tested count.
    """
    tested = claims["p_value"].where(claims["verdict"] != NOT_TESTABLE)
    corrected = holm(tested.to_numpy())
    undone = ~claims["verdict"].isin((NOT_SUPPORTED, NOT_TESTABLE)) & (corrected >= significance)
    words = [
        f" Corrected for the {tested.count()} claims that were tested (Holm), p = {p_value:.2g}: {UNDONE}."
        for p_value in corrected
    ]
    return claims.assign(p_value_holm=corrected, note=claims["note"] + np.where(undone, words, ""))
