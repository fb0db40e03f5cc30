"""Claims 7 and 8, both ways: what noise costs in the heads that matter and in those that do not."""

from math import nan

import pytest
from artifacts import accuracies, compared

from synergy.claims.behaviour import claim_noise_redundant, claim_noise_synergistic
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.perturbation.outcomes import Accuracy, pooled_accuracy


def noise_claims(table, statistics=None):
    statistics = compared(table) if statistics is None else statistics
    return [claim_of(table, statistics, 0.5, 0.05) for claim_of in (claim_noise_synergistic, claim_noise_redundant)]


@pytest.mark.parametrize(
    ("correct", "seventh", "eighth"),
    [
        ({"synergistic": 30, "random": 60, "redundant": 85}, SUPPORTED, SUPPORTED),
        ({"synergistic": 60, "random": 30, "redundant": 60}, NOT_SUPPORTED, NOT_SUPPORTED),
        ({"synergistic": 85, "random": 60, "redundant": 30}, OPPOSITE, OPPOSITE),
        ({"synergistic": 30, "random": 85, "redundant": 84}, SUPPORTED, NOT_SUPPORTED),
        ({"synergistic": 58, "random": 60, "redundant": 62}, NOT_SUPPORTED, NOT_SUPPORTED),
        # Eight problems fewer, and never another one more: nothing for independent samples, plain when paired.
        ({"synergistic": 52, "random": 60, "redundant": 68}, SUPPORTED, SUPPORTED),
    ],
)
def test_noise(correct, seventh, eighth):
    claims = noise_claims(accuracies(**correct))
    assert [claim.verdict for claim in claims] == [seventh, eighth]
    # The solution NLL of these tables is worst for synergistic and best for redundant heads.
    assert [claim.verdict_after_control for claim in claims] == [SUPPORTED, SUPPORTED]


def test_effects_point_in_the_direction_of_the_claim():
    seventh, eighth = noise_claims(accuracies(synergistic=30, random=60, redundant=85))
    assert (seventh.test.estimate, eighth.test.estimate) == pytest.approx((0.3, 0.25))
    assert seventh.control_test.estimate == pytest.approx(0.5, abs=0.1)
    assert eighth.control_test.estimate == pytest.approx(0.5, abs=0.1)
    for claim in (seventh, eighth):
        assert 0 < claim.test.ci_low < claim.test.estimate < claim.test.ci_high
        assert claim.test.p_value < 0.01
    assert "synergistic less random -30.0%, -30.0%" in seventh.row("m")["note"]
    assert "60/200" in seventh.row("m")["note"]


@pytest.mark.parametrize(
    ("nll", "seventh", "eighth"),
    [
        ((1.0, 1.5, 2.0), OPPOSITE, OPPOSITE),
        ((2.0, 2.0, 2.0), NOT_SUPPORTED, NOT_SUPPORTED),
        ((2.0, 1.5, 2.5), NOT_SUPPORTED, OPPOSITE),
    ],
)
def test_likelihood_of_the_solutions_is_the_control(nll, seventh, eighth):
    claims = noise_claims(accuracies(nll=nll, synergistic=30, random=60, redundant=85))
    assert [claim.verdict for claim in claims] == [SUPPORTED, SUPPORTED]
    assert [claim.verdict_after_control for claim in claims] == [seventh, eighth]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (accuracies(nll=(2.0, 1.0), synergistic=30, random=60), "redundant was not run"),
        (accuracies(sigmas=(1.0,), synergistic=30, random=60, redundant=85), "sigmas run: 1"),
        (accuracies(baseline=0, synergistic=0, random=0, redundant=0), "no problem is solved without noise"),
    ],
)
def test_noise_that_was_not_measured_is_not_testable(table, why):
    for claim in noise_claims(table):
        assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
        assert why in claim.row("m")["note"]


def test_without_reference_solutions_the_control_is_not_testable():
    table = accuracies(nll=(nan, nan, nan), synergistic=30, random=60, redundant=85).assign(solution_nll=nan)
    for claim in noise_claims(table):
        assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)
        assert "could not be applied (the problems have no reference solutions)" in claim.row("m")["note"]


def test_conditions_that_were_not_compared_are_not_testable():
    table = accuracies(synergistic=30, random=60, redundant=85)
    statistics = compared(table)
    statistics["pooled"] = [record for record in statistics["pooled"] if record["first"] != "redundant"]
    for claim in noise_claims(table, statistics):
        assert claim.verdict == NOT_TESTABLE


def test_seeds_are_pooled():
    pooled = pooled_accuracy(accuracies(synergistic=30, random=60, redundant=85), "random", 0.5)
    assert (pooled.n_correct, pooled.n_problems, pooled.by_seed) == (120, 200, (0.6, 0.6))
    # Twice the same answers are no more certain than once.
    assert pooled.interval == pytest.approx(Accuracy(60, 100, 0, 0, (0.6,)).interval)
    assert pooled_accuracy(accuracies(synergistic=1, random=1, redundant=1), "random", 0.7) is None
