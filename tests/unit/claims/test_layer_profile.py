"""Claims 1 and 2 on layer profiles of which it is known what they are."""

import numpy as np
import pytest
from artifacts import DRAWN, FLAT, HEADS, LAYERS, UNDEFINED, VALLEY, U, measured

from synergy.claims.layer_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED, decided
from synergy.heads.layer_profiles import depth_p, inverted_u
from synergy.statistics.descriptive import autoregression, coefficient

DRAWS = DRAWN["permutations"], DRAWN["seed"]


def verdicts(claim):
    row = decided([claim], "m", DRAWN["significance"]).iloc[0]
    return row["verdict"], row["verdict_after_control"]


@pytest.mark.parametrize(
    ("profile", "null", "raw", "control"),
    [
        (U, FLAT, SUPPORTED, SUPPORTED),
        (U, U, SUPPORTED, UNDECIDED),  # the surrogates show the same
        (FLAT, FLAT, UNDECIDED, UNDECIDED),
        (VALLEY, FLAT, OPPOSITE, UNDECIDED),  # below the null is not the opposite of the claim
        (VALLEY, VALLEY, OPPOSITE, UNDECIDED),
    ],
)
def test_claim_1(profile, null, raw, control):
    claim = claim_inverted_u(measured(profile, null), LAYERS, HEADS, *DRAWS)
    assert verdicts(claim) == (raw, control)
    assert claim.test.ci_low <= claim.test.estimate <= claim.test.ci_high
    assert -1 <= claim.test.ci_low < claim.test.ci_high <= 1


def test_claim_1_without_a_null_or_beyond_its_calibration_has_no_control():
    for own, word in ((measured(U, surrogates=0), "no null"), (measured(U, outside=0.06), "6 %")):
        claim = claim_inverted_u(own, LAYERS, HEADS, *DRAWS)
        assert verdicts(claim) == (SUPPORTED, NOT_TESTABLE)
        assert word.replace(" ", "") in claim.control_test.obstacle.replace(" ", "")


@pytest.mark.parametrize(
    ("trained", "untrained", "raw"),
    [
        (U, [FLAT], SUPPORTED),
        (U, [FLAT, VALLEY, FLAT], SUPPORTED),
        (U, [U, U], UNDECIDED),
        (FLAT, [FLAT], NOT_TESTABLE),  # nothing that could be absent
        (VALLEY, [FLAT], NOT_TESTABLE),
    ],
)
def test_claim_2(trained, untrained, raw):
    twins = [measured(profile, seed=number + 1) for number, profile in enumerate(untrained)]
    claim = claim_absent_untrained(measured(trained), twins, LAYERS, HEADS, *DRAWS, DRAWN["significance"])
    assert verdicts(claim)[0] == raw
    assert f"twin {len(untrained)}" in " ".join(claim.notes)


def test_claim_2_needs_twins_of_the_same_shape_and_prompts():
    whole, level = measured(U), DRAWN["significance"]
    for twins in ([], [measured(FLAT, prompts=5)]):
        claim = claim_absent_untrained(whole, twins, LAYERS, HEADS, *DRAWS, level)
        assert verdicts(claim) == (NOT_TESTABLE, NOT_TESTABLE)


@pytest.mark.parametrize("layers", [10, 30])
@pytest.mark.parametrize("phi", [0.0, 0.6, 0.9])
def test_smooth_profiles_are_called_an_arch_no_more_often_than_the_level(layers, phi):
    shocks = np.random.default_rng([layers, int(10 * phi)]).standard_normal((400, layers))
    p_values = np.array([depth_p(profile, 2999, 0) for profile in autoregression(shocks, phi)])
    assert (p_values <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_an_arch_is_found_in_noise():
    shocks = np.random.default_rng(0).standard_normal((100, 30))
    p_values = np.array([depth_p(shock + 4 * inverted_u(30), 199, 0) for shock in shocks])
    assert (p_values <= 0.05).mean() > 0.8


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
def test_the_coefficient_of_short_series_has_no_bias(phi):
    shocks = np.random.default_rng(1).standard_normal((4000, 30))
    found = coefficient(autoregression(shocks, phi))
    assert np.mean(found) == pytest.approx(max(phi, 0.07), abs=0.05)  # not below 0, so that 0 itself is not reached


def test_a_profile_with_few_layers_or_none_is_not_testable():
    assert np.isnan(depth_p(U[:4], 99, 0))
    assert np.isnan(depth_p(np.ones(LAYERS), 99, 0))
    assert np.isnan(depth_p(UNDEFINED, 99, 0))
