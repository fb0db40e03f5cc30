"""Claims, the rules that decide them, and their table. How and why is told in docs/inference.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, isfinite, nan

import numpy as np
import pandas as pd

from synergy.statistics.inference import holm

SUPPORTED, OPPOSITE, UNDECIDED, NOT_TESTABLE = "supported", "opposite", "undecided", "not testable"
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
    "decided_by",
    "rule",
    "verdict",
    "control",
    "control_estimate",
    "control_p_value",
    "control_p_value_holm",
    "control_decided_by",
    "verdict_after_control",
    "note",
)
SMALLEST_TOLD = 1e-4  # p in words; below it digits tell nothing
BEST_TO_WORST = (SUPPORTED, UNDECIDED, OPPOSITE, NOT_TESTABLE)
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
    """An effect that is positive when the claim holds (or above `neutral`), with its interval and p.

    p_value is two-sided; where `one_sided`, it asks only whether the effect is above, and the opposite cannot be found.
    """

    estimate: float = nan
    p_value: float = nan
    ci_low: float = nan
    ci_high: float = nan
    neutral: float = 0.0
    obstacle: str = ""  # why nothing could be tested, if so
    floor: float = 0.0  # the smallest p possible; 0: there is none
    n_draws: int = 0  # among how many the value took a rank, if it did
    draws: str = ""  # and what they are, in the plural: "random orders", "surrogates"
    decided_by: str = ""  # in words, as "Student's t over 60 prompts"
    one_sided: bool = False
    withheld: str = ""  # why the effect is no support for the claim, whatever its p, if so

    @property
    def testable(self) -> bool:
        """Whether there are an estimate and a p, and no obstacle."""
        return not self.obstacle and isfinite(self.estimate) and isfinite(self.p_value)

    def verdict(self, corrected_p: float, significance: float) -> str:
        """Apply the rule that `direction_rule` words: direction by the estimate, decision by the corrected p."""
        if not self.testable:
            return NOT_TESTABLE
        if not corrected_p <= significance or self.estimate == self.neutral:
            return UNDECIDED
        if self.estimate > self.neutral:
            return UNDECIDED if self.withheld else SUPPORTED
        return UNDECIDED if self.one_sided else OPPOSITE


@dataclass(frozen=True)
class Claim:
    """What one claim rests on. Verdicts need all claims of a model: see `decided`."""

    claim: int
    statistic: str
    test: Effect
    control: str
    control_test: Effect
    rule: str = ""  # what makes it testable, if more than an estimate and a p
    notes: tuple[str, ...] = field(default=())


def decided(claims: Sequence[Claim], model: str, significance: float) -> pd.DataFrame:
    """The table of one model's claims, with the columns `CLAIM_COLUMNS`.

    p is corrected (Holm) over the claims that were tested, and again over the controls that were. The verdict after
    the control is that of the control's own test.
    """
    tests, controls = [claim.test for claim in claims], [claim.control_test for claim in claims]
    rows = []
    for claim, own, controlled in zip(
        claims, corrected(tests, significance), corrected(controls, significance), strict=True
    ):
        rows.append(
            {
                "model": model,
                "claim": claim.claim,
                "statement": STATEMENTS[claim.claim],
                "statistic": claim.statistic,
                "estimate": claim.test.estimate,
                "ci_low": claim.test.ci_low,
                "ci_high": claim.test.ci_high,
                "p_value": claim.test.p_value,
                "p_value_holm": own.p_value,
                "decided_by": own.decided_by,
                "rule": f"{direction_rule(claim.test, significance)}{'; ' * bool(claim.rule)}{claim.rule}",
                "verdict": own.verdict,
                "control": claim.control,
                "control_estimate": claim.control_test.estimate,
                "control_p_value": claim.control_test.p_value,
                "control_p_value_holm": controlled.p_value,
                "control_decided_by": controlled.decided_by,
                "verdict_after_control": controlled.verdict,
                "note": " ".join(
                    filter(None, (control_in_words(claim, own.verdict, controlled.verdict), *claim.notes))
                ),
            }
        )
    return pd.DataFrame(rows, columns=CLAIM_COLUMNS)


@dataclass(frozen=True)
class Decision:
    """A corrected p, the verdict that it gives, and what decided, in words."""

    p_value: float
    verdict: str
    decided_by: str


def corrected(effects: Sequence[Effect], significance: float) -> list[Decision]:
    """Each effect's corrected p, its verdict, and what decided it, in words."""
    raw = np.array([effect.p_value if effect.testable else nan for effect in effects])
    n_tested = np.count_nonzero(np.isfinite(raw))
    decisions = []
    for effect, p_value in zip(effects, holm(raw), strict=True):
        verdict = effect.verdict(p_value, significance)
        multiplier = n_tested - np.count_nonzero(raw < effect.p_value)
        decisions.append(Decision(p_value, verdict, _in_words(effect, verdict, multiplier, significance)))
    return decisions


def _in_words(effect: Effect, verdict: str, multiplier: int, significance: float) -> str:
    """What decided, or why nothing did: the obstacle, the draws that it would take, or what withholds support."""
    if verdict == NOT_TESTABLE:
        return effect.obstacle or "no estimate or no p"
    words = [f"{effect.decided_by or 'p'}: {p_in_words(effect.p_value, effect.floor)}"]
    if verdict == UNDECIDED and effect.floor * multiplier > significance * (1 + 1e-9):
        needed = needed_draws(effect, multiplier, significance)
        words.append(f"undecided: {needed:,} {effect.draws} needed, {effect.n_draws:,} drawn")
    if verdict == UNDECIDED and effect.withheld and effect.estimate > effect.neutral:
        words.append(effect.withheld)
    return "; ".join(words)


def needed_draws(effect: Effect, multiplier: int, significance: float) -> int:
    """Draws with which the most extreme rank passes a test whose p is multiplied by m.

    They are 2 m / level - 1 for a rank and m / level - 1 for a share; a floor multiplied before keeps its factor.
    """
    in_draws = effect.floor * (1 + effect.n_draws)  # 2 for a rank, 1 for a share
    return ceil(in_draws * multiplier / significance - 1 - 1e-9)


def p_in_words(p_value: float, floor: float = 0.0) -> str:
    """A p as ``p = 0.03``, ``p < 0.0001``, or ``p ≤ 0.05`` where draws could give none that is smaller."""
    if p_value < SMALLEST_TOLD:
        return f"p < {SMALLEST_TOLD:g}"
    return f"p {'≤' if p_value <= floor * (1 + 1e-9) else '='} {p_value:.2g}"


def all_of(effects: Sequence[Effect], any_opposite: bool = False) -> Effect:
    """One effect for several tests that must agree: an intersection-union test, which needs no correction of its own.

    In favour of the claim, all must be above neutral, and the largest p counts. Against it, all must be below, and
    the largest p counts again; with `any_opposite` one is enough, and its p is multiplied by the number of tests.
    Where they point different ways (or, with `any_opposite`, none points down), p is 1.

    The estimate and its interval are those of the test whose p counts. An obstacle of one test is an obstacle of all.
    """
    if not effects:
        return Effect(obstacle="nothing to compare with")
    if blocked := [effect for effect in effects if not effect.testable]:
        return replace(blocked[0], obstacle=blocked[0].obstacle or "no estimate or no p")
    below = [effect for effect in effects if effect.estimate < effect.neutral]
    if below and any_opposite:
        least = min(below, key=lambda effect: effect.p_value)
        k = len(effects)
        return replace(least, p_value=min(1.0, k * least.p_value), floor=min(1.0, k * least.floor))
    largest = max(effects, key=lambda effect: effect.p_value)
    if len(below) in (0, len(effects)):
        highest = max(effects, key=lambda effect: effect.floor)  # below it no p of all can be
        return replace(largest, floor=highest.floor, n_draws=highest.n_draws, draws=highest.draws)
    largest = max(below, key=lambda effect: effect.p_value)
    return replace(largest, p_value=1.0, decided_by=f"{largest.decided_by}, and the tests point different ways")


def direction_rule(effect: Effect, significance: float) -> str:
    """The common rule in words."""
    against = "" if effect.one_sided else f"opposite if it is below and p ≤ {significance:g}; "
    return (
        f"supported if the estimate is above {effect.neutral:g} and p, corrected over the claims of the model (Holm), "
        f"≤ {significance:g}; {against}otherwise undecided; not testable without an estimate and a p"
    )


def control_in_words(claim: Claim, before: str, after: str) -> str:
    """Say what the control did to the claim."""
    reasons = [test.obstacle for test in (claim.test, claim.control_test) if test.obstacle]
    why = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
    if before == NOT_TESTABLE:
        return f"This claim could not be tested{why}."
    if after == NOT_TESTABLE:
        return f"The control ({claim.control}) could not be applied{why}."
    if before == after:
        return f"The control ({claim.control}) leaves the verdict as it was: {after}."
    if before == SUPPORTED and after == UNDECIDED:
        return f"The control ({claim.control}) shows no more than its null gives: {after} once it is applied."
    return f"The control ({claim.control}) changes the verdict from {before} to {after}."


def of_estimate(estimate: Sequence[float], decided_by: str, obstacle: str, neutral: float = 0.0) -> Effect:
    """The effect of a `synergy.statistics.inference.Estimate`, with an obstacle where it has no p."""
    value, _, low, high, p_value = estimate
    obstacle = "" if isfinite(p_value) else obstacle
    return Effect(value, p_value, low, high, neutral, obstacle, decided_by=decided_by)
