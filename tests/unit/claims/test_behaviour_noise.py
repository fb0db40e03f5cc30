"""Claims 7 and 8, both ways: what noise costs in the heads that matter and in those that do not."""

from math import nan

import numpy as np
import pandas as pd
import pytest
from artifacts import accuracies, compared

from synergy.claims.behaviour import claim_noise_redundant, claim_noise_synergistic
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED, decided
from synergy.perturbation.outcomes import Accuracy, Scores, compare_with_sets, pooled_accuracy


def noise_claims(table, statistics=None):
    statistics = compared(table) if statistics is None else statistics
    return [claim_of(table, statistics, 0.5) for claim_of in (claim_noise_synergistic, claim_noise_redundant)]


def verdicts(claims, column="verdict"):
    """Of each claim by itself."""
    return [decided([claim], "m", 0.05).iloc[0][column] for claim in claims]


@pytest.mark.parametrize(
    ("correct", "seventh", "eighth"),
    [
        ({"synergistic": 30, "random": 60, "redundant": 85}, SUPPORTED, SUPPORTED),
        ({"synergistic": 60, "random": 30, "redundant": 60}, UNDECIDED, UNDECIDED),
        ({"synergistic": 85, "random": 60, "redundant": 30}, OPPOSITE, OPPOSITE),
        ({"synergistic": 30, "random": 85, "redundant": 84}, SUPPORTED, UNDECIDED),
        ({"synergistic": 60, "random": 60, "redundant": 61}, UNDECIDED, UNDECIDED),
        # Eight problems fewer, and never another one more: nothing for independent samples, plain when paired.
        ({"synergistic": 52, "random": 60, "redundant": 68}, SUPPORTED, SUPPORTED),
    ],
)
def test_noise(correct, seventh, eighth):
    claims = noise_claims(accuracies(n_sets=39, **correct))
    assert verdicts(claims) == [seventh, eighth]
    # The solution NLL of these tables is worst for synergistic and best for redundant heads.
    assert verdicts(claims, "verdict_after_control") == [SUPPORTED, SUPPORTED]


def test_effects_point_in_the_direction_of_the_claim():
    seventh, eighth = noise_claims(accuracies(n_sets=39, synergistic=30, random=60, redundant=85))
    assert (seventh.test.estimate, eighth.test.estimate) == pytest.approx((0.3, 0.25))
    assert seventh.control_test.estimate == pytest.approx(0.5, abs=0.1)
    assert eighth.control_test.estimate == pytest.approx(0.5, abs=0.1)
    for claim in (seventh, eighth):
        assert 0 < claim.test.ci_low < claim.test.estimate < claim.test.ci_high
        assert claim.test.p_value == pytest.approx(0.05)
    note = decided([seventh], "m", 0.05).iloc[0]["note"]
    assert "synergistic less redundant: -55.0%, -55.0%" in note
    assert "synergistic 60/200, 10% cut off, 40% without a box" in note
    assert "39 random sets 60.0% to 60.0%, p ≤ 0.05" in note


def test_too_few_random_sets_decide_nothing_and_say_how_many_it_takes():
    claims = noise_claims(accuracies(n_sets=3, synergistic=30, random=60, redundant=85))
    assert verdicts(claims) == verdicts(claims, "verdict_after_control") == [UNDECIDED, UNDECIDED]
    for words in verdicts(claims, "decided_by"):
        assert "39 random sets of heads needed, 3 drawn" in words


@pytest.mark.parametrize(
    ("nll", "seventh", "eighth"),
    [
        ((1.0, 1.5, 2.0), OPPOSITE, OPPOSITE),
        ((2.0, 2.0, 2.0), UNDECIDED, UNDECIDED),
        ((2.0, 1.5, 2.5), UNDECIDED, OPPOSITE),
    ],
)
def test_likelihood_of_the_solutions_is_the_control(nll, seventh, eighth):
    claims = noise_claims(accuracies(nll=nll, n_sets=39, synergistic=30, random=60, redundant=85))
    assert verdicts(claims) == [SUPPORTED, SUPPORTED]
    assert verdicts(claims, "verdict_after_control") == [seventh, eighth]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (accuracies(nll=(2.0, 1.0), synergistic=30, random=60), "redundant was not run"),
        (accuracies(sigmas=(1.0,), synergistic=30, random=60, redundant=85), "sigmas run: 1"),
        (accuracies(baseline=0, synergistic=0, random=0, redundant=0), "no problem is solved without noise"),
        (accuracies(truncated=0.6, synergistic=3, random=6, redundant=8), "synergistic 60%, random 60%, redundant 60%"),
    ],
)
def test_noise_that_was_not_measured_or_cut_off_is_not_testable(table, why):
    claims = noise_claims(table)
    assert verdicts(claims) == [NOT_TESTABLE] * 2
    assert all(why in words for words in verdicts(claims, "decided_by"))


def test_answers_that_were_cut_off_leave_the_likelihood_testable():
    claims = noise_claims(accuracies(n_sets=39, truncated=0.6, synergistic=3, random=6, redundant=8))
    assert verdicts(claims, "verdict_after_control") == [SUPPORTED, SUPPORTED]


def test_without_reference_solutions_the_control_is_not_testable():
    claims = noise_claims(accuracies(nll=(nan, nan, nan), n_sets=39, synergistic=30, random=60, redundant=85).assign(
        solution_nll=nan))  # fmt: skip
    assert verdicts(claims) == [SUPPORTED, SUPPORTED]
    assert verdicts(claims, "verdict_after_control") == [NOT_TESTABLE, NOT_TESTABLE]


def test_seeds_are_pooled():
    pooled = pooled_accuracy(accuracies(synergistic=30, random=60, redundant=85), "random", 0.5)
    assert (pooled.n_correct, pooled.n_problems, pooled.by_seed) == (120, 200, (0.6, 0.6))
    assert pooled.found == {"boxed": 120, "stated": 40, "fallback": 30, "none": 10}
    # Twice the same answers are no more certain than once.
    assert pooled.interval == pytest.approx(Accuracy(60, 100, 0, 0, (0.6,), {}).interval)
    assert pooled_accuracy(accuracies(synergistic=1, random=1, redundant=1), "random", 0.7) is None


def measured(generator, n_draws, n_problems, sd_of_set):
    """Scores and likelihoods of sets of one distribution: names, share solved, NLL (n_draws, n_problems)."""
    ease = generator.normal(0, 1.5, n_problems)
    set_effects = generator.normal(0, sd_of_set, (n_draws, 1))
    solved = generator.random((n_draws, n_problems)) < 1 / (1 + np.exp(-(ease + set_effects)))
    return solved, 1 - set_effects - 0.2 * ease + generator.normal(0, 0.05, (n_draws, n_problems))


@pytest.mark.parametrize("sd_of_set", [0.05, 0.3])
def test_cores_like_any_other_set_are_rarely_called_ones(sd_of_set):
    """500 data sets without effect: both cores are sets like the 39 random ones."""
    generator, wrong = np.random.default_rng(3), []
    names = ["synergistic-0.5-0", "redundant-0.5-0", *(f"random-0.5-{k}" for k in range(39))]
    table = accuracies(n_sets=39, synergistic=50, random=50, redundant=50)
    for _ in range(500):
        solved, nll = measured(generator, len(names), 60, sd_of_set)
        scores = [
            Scores(name.split("-")[0], 0.5, k, pd.DataFrame({"correct": own}), {})
            for k, (name, own) in enumerate(zip(names, solved, strict=True))
        ]
        among = compare_with_sets(scores, {"condition": np.array(names), "solution_nll": nll}, 0.5, 200, 0)
        claims = noise_claims(table, {"pooled": [], "among_random_sets": among})
        wrong.append(
            [
                verdict in (SUPPORTED, OPPOSITE)
                for column in ("verdict", "verdict_after_control")
                for verdict in verdicts(claims, column)
            ]
        )
    assert (np.mean(wrong, axis=0) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 500)).all()
