"""The rules that decide claims: correction, floors of p, tests that must agree, and what is said of them."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from synergy.claims.verdicts import (
    CLAIM_COLUMNS,
    NOT_TESTABLE,
    OPPOSITE,
    STATEMENTS,
    SUPPORTED,
    UNDECIDED,
    Claim,
    Effect,
    all_of,
    decided,
    needed_draws,
    p_in_words,
)
from synergy.statistics.inference import exceedance_floor, holm, rank_floor

CLEAR = Effect(0.5, 0.001)
NOTHING = Effect(obstacle="something is missing")


def table(tests, controls=None):
    controls = controls or [CLEAR] * len(tests)
    claims = [Claim(n, "", *pair) for n, pair in enumerate(zip(tests, ["it"] * len(tests), controls, strict=True), 1)]
    return decided(claims, "model", 0.05)


def ranked(p_value, n_draws, estimate=0.5):
    floor = rank_floor(n_draws)
    return Effect(estimate, p_value or floor, floor=floor, n_draws=n_draws, draws="orders", decided_by="rank")


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect(0.5, 0.01), SUPPORTED),
        (Effect(-0.5, 0.01), OPPOSITE),
        (Effect(0.5, 0.05), SUPPORTED),
        (Effect(0.5, 0.051), UNDECIDED),
        (Effect(0.0, 0.01), UNDECIDED),
        (Effect(0.5, 0.01, neutral=1.0), OPPOSITE),
        (Effect(-0.5, 0.01, one_sided=True), UNDECIDED),
        (Effect(0.5, 0.01, withheld="another shows it too"), UNDECIDED),
        (Effect(-0.5, 0.01, withheld="another shows it too"), OPPOSITE),
        (Effect(0.5), NOT_TESTABLE),
        (Effect(nan, 0.01), NOT_TESTABLE),
        (replace(CLEAR, obstacle="something is missing"), NOT_TESTABLE),
    ],
)
def test_rule(effect, verdict):
    assert effect.verdict(effect.p_value, 0.05) == verdict


def test_verdicts_follow_p_corrected_over_the_claims_that_were_tested():
    rows = table([Effect(0.5, 0.03), Effect(0.5, 0.01), NOTHING, Effect(-0.5, 0.04)])
    assert rows["p_value_holm"].to_numpy() == pytest.approx(holm([0.03, 0.01, nan, 0.04]), nan_ok=True)
    assert rows["verdict"].tolist() == [UNDECIDED, SUPPORTED, NOT_TESTABLE, UNDECIDED]
    assert table([Effect(0.5, 0.03)])["verdict"].tolist() == [SUPPORTED]


def test_controls_are_corrected_among_themselves():
    rows = table([CLEAR] * 3, [Effect(0.5, 0.02), Effect(0.5, 0.02), NOTHING])
    assert rows["control_p_value_holm"].to_numpy() == pytest.approx([0.04, 0.04, nan], nan_ok=True)
    assert rows["verdict_after_control"].tolist() == [SUPPORTED, SUPPORTED, NOT_TESTABLE]
    rows = table([CLEAR] * 3, [Effect(0.5, 0.02)] * 3)
    assert set(rows["verdict_after_control"]) == {UNDECIDED}
    assert set(rows["verdict"]) == {SUPPORTED}


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (Effect(0.5, 0.01), "leaves the verdict as it was"),
        (Effect(0.5, 0.5), "shows no more than its null gives"),
        (Effect(-0.5, 0.01), "from supported to opposite"),
        (Effect(obstacle="no null was computed"), "could not be applied (no null was computed)"),
    ],
)
def test_note_says_what_the_control_did(control, words):
    rows = table([CLEAR], [control])
    assert words in rows["note"][0]
    assert tuple(rows) == CLAIM_COLUMNS
    assert rows["statement"][0] == STATEMENTS[1]


@pytest.mark.parametrize(("n_others", "n_draws", "needed"), [(0, 3, 39), (0, 39, 0), (1, 39, 79), (7, 119, 319)])
def test_a_floor_above_the_level_says_how_many_draws_it_takes(n_others, n_draws, needed):
    rows = table([ranked(None, n_draws), *[Effect(0.5, 0.9)] * n_others])
    told = f"undecided: {needed} orders needed, {n_draws} drawn"
    assert (told in rows["decided_by"][0]) == bool(needed)
    assert rows["verdict"][0] == (UNDECIDED if needed else SUPPORTED)
    if needed:
        assert table([ranked(None, needed), *[Effect(0.5, 0.9)] * n_others])["verdict"][0] == SUPPORTED


def test_the_multiplier_is_the_one_that_the_correction_used():
    rows = table([ranked(None, 39), CLEAR, CLEAR])  # the two others come first, and 39 orders are enough for the last
    assert rows["verdict"].tolist() == [SUPPORTED] * 3
    assert "needed" not in rows["decided_by"][0]


@pytest.mark.parametrize("multiplier", [1, 2, 5, 8])
def test_needed_draws_are_the_fewest_that_pass(multiplier):
    for floor in (rank_floor, exceedance_floor):
        needed = needed_draws(Effect(0.5, 1.0, floor=floor(19), n_draws=19), multiplier, 0.05)
        assert multiplier * floor(needed) <= 0.05 * (1 + 1e-9) < multiplier * floor(needed - 1)


def test_p_at_its_floor_is_said_to_be_no_larger():
    assert p_in_words(0.05, 0.05) == "p ≤ 0.05"
    assert p_in_words(0.1, 0.05) == "p = 0.1"
    assert p_in_words(0.001) == "p = 0.001"
    assert p_in_words(3e-9) == "p < 0.0001"


# ---- tests that must agree


@pytest.mark.parametrize(
    ("estimates", "p_values", "estimate", "p_value"),
    [
        ((0.5, 0.2, 0.4), (0.01, 0.04, 0.02), 0.2, 0.04),
        ((-0.5, -0.2, -0.4), (0.01, 0.04, 0.02), -0.2, 0.04),
        ((0.5, -0.2, 0.4), (0.01, 0.04, 0.02), -0.2, 1.0),
    ],
)
def test_all_must_agree_and_the_largest_p_counts(estimates, p_values, estimate, p_value):
    found = all_of(list(map(Effect, estimates, p_values)))
    assert (found.estimate, found.p_value) == (estimate, p_value)


@pytest.mark.parametrize(
    ("estimates", "p_values", "estimate", "p_value"),
    [
        ((0.5, 0.2, 0.4), (0.01, 0.04, 0.02), 0.2, 0.04),
        ((-0.5, 0.2, -0.4), (0.01, 0.04, 0.02), -0.5, 0.03),
        ((0.5, -0.2, 0.4), (0.01, 0.5, 0.02), -0.2, 1.0),
    ],
)
def test_one_may_speak_against_all_at_a_price(estimates, p_values, estimate, p_value):
    found = all_of(list(map(Effect, estimates, p_values)), any_opposite=True)
    assert (found.estimate, found.p_value) == (estimate, pytest.approx(p_value))


def test_the_smallest_p_of_all_is_that_of_the_fewest_draws():
    found = all_of([ranked(None, 39), ranked(None, 119)])
    assert (found.floor, found.n_draws) == (rank_floor(39), 39)
    found = all_of([ranked(None, 39, -0.5), ranked(None, 39)], any_opposite=True)
    assert needed_draws(found, 1, 0.05) == 79


def test_an_obstacle_of_one_is_an_obstacle_of_all():
    assert all_of([CLEAR, NOTHING]).obstacle == NOTHING.obstacle
    assert not all_of([CLEAR, Effect()]).testable
    assert not all_of([]).testable


@pytest.mark.parametrize("any_opposite", [False, True])
def test_no_more_than_the_level_is_decided_where_there_is_nothing(any_opposite):
    generator = np.random.default_rng(3)
    verdicts = []
    for _ in range(2000):
        values, shared = generator.standard_normal((3, 40)), generator.standard_normal(40) * generator.choice([0, 3])
        effects = []
        for own in values + shared:
            above = np.count_nonzero(own[1:] >= own[0])
            p_value = min(1, 2 * (1 + min(above, 39 - above)) / 40)
            effects.append(Effect(own[0] - np.median(own[1:]), p_value))
        found = all_of(effects, any_opposite)
        verdicts.append(found.verdict(found.p_value, 0.05))
    assert np.mean(np.array(verdicts) != UNDECIDED) <= 0.05 + 2 * (0.05 * 0.95 / 2000) ** 0.5
