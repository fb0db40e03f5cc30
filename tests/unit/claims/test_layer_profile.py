"""Claims 1 and 2, both ways: the inverted U over depth, and its absence without training."""

import numpy as np
import pytest
from artifacts import DRAWN, FLAT, GEOMETRY, HEADS, LAYERS, UNDEFINED, VALLEY, U, ranking

from synergy.claims.layer_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED


@pytest.mark.parametrize(
    ("profile", "excess", "before", "after"),
    [
        (U, U, SUPPORTED, SUPPORTED),
        (U, FLAT, SUPPORTED, NOT_SUPPORTED),
        (U, VALLEY, SUPPORTED, OPPOSITE),
        (VALLEY, U, OPPOSITE, SUPPORTED),
        (FLAT, FLAT, NOT_SUPPORTED, NOT_SUPPORTED),
        (U, UNDEFINED, SUPPORTED, NOT_TESTABLE),
    ],
)
def test_inverted_u(profile, excess, before, after):
    claim = claim_inverted_u(ranking(profile, excess), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)


def test_inverted_u_shows_every_score_and_names_the_configured_one():
    table = ranking(FLAT, balance=U, value_difference=VALLEY)
    table["rank_difference"] = table["syn_red_score"]
    note = claim_inverted_u(table, **GEOMETRY).row("m")["note"]
    assert "Configured score: rank difference." in note
    for name, verdict in (("rank difference", NOT_SUPPORTED), ("value difference", OPPOSITE), ("balance", SUPPORTED)):
        described = next(part for part in note.split("Every definition: ")[1].split("; ") if part.startswith(name))
        assert described.removesuffix(".").endswith(f", {verdict}")


def test_inverted_u_interval_holds_the_estimate_of_a_clear_profile():
    test = claim_inverted_u(ranking(U), **GEOMETRY).test
    assert test.ci_low < test.estimate < test.ci_high + 1e-3
    assert test.ci_low > 0.9


def test_too_few_layers_are_not_testable():
    table = {name: column[: 2 * HEADS] for name, column in ranking(U).items()}
    claim = claim_inverted_u(table, layers=2, heads=HEADS, **DRAWN)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
    assert "could not be tested" in claim.row("m")["note"]


@pytest.mark.parametrize(
    ("trained", "untrained", "verdict"),
    [
        (U, FLAT, SUPPORTED),
        (U, VALLEY, SUPPORTED),
        (U, U, NOT_SUPPORTED),
        (FLAT, FLAT, NOT_TESTABLE),
        (FLAT, U, OPPOSITE),
    ],
)
def test_absent_in_the_untrained_model(trained, untrained, verdict):
    claim = claim_absent_untrained(ranking(trained, seed=1), ranking(untrained, seed=2), **GEOMETRY)
    if trained is U and untrained is U:
        # Which of two equal fits is the better is chance.
        assert claim.verdict in (NOT_SUPPORTED, OPPOSITE)
    else:
        assert claim.verdict == verdict


@pytest.mark.parametrize(
    ("trained", "untrained", "after"),
    [
        (U, FLAT, SUPPORTED),
        (0.3 * U + 0.7 * FLAT, U, OPPOSITE),  # what is left after the null is the better arch without training
        (FLAT, FLAT, NOT_TESTABLE),
        (UNDEFINED, UNDEFINED, NOT_TESTABLE),
    ],
)
def test_absence_is_tested_again_on_the_null_subtracted_scores(trained, untrained, after):
    claim = claim_absent_untrained(ranking(U, trained, seed=1), ranking(FLAT, untrained, seed=2), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, after)
    if after == OPPOSITE:
        assert "reverses the effect" in claim.row("m")["note"]


def test_inverted_u_tells_the_quadratic_contrast_and_the_stricter_rotations():
    slope = np.linspace(0, 1, LAYERS)
    arch, straight = (claim_inverted_u(ranking(profile), **GEOMETRY).row("m") for profile in (0.2 + 0.7 * U, slope))
    assert "Quadratic contrast (rise from the ends to the middle) 0.7" in arch["note"]
    assert straight["verdict"] == NOT_SUPPORTED
    assert "under rotations of the layer order" in straight["note"]


@pytest.mark.parametrize("control", [None, {name: values[:8] for name, values in ranking(FLAT).items()}])
def test_absence_without_a_fitting_untrained_model_is_not_testable(control):
    claim = claim_absent_untrained(ranking(U), control, **GEOMETRY)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE
    assert "untrained model" in claim.row("m")["note"]


def test_exchanges_without_a_shape_count_for_nothing_and_are_told():
    # Two profiles of one raised layer each: to exchange one of these layers alone leaves a flat profile, and all other
    # exchanges are as extreme as what was found.
    trained, untrained = ranking(U), ranking(U)
    for table, layer in ((trained, 5), (untrained, 0)):
        table["syn_red_score"] = np.repeat(np.eye(LAYERS)[layer], HEADS)
    claim = claim_absent_untrained(trained, untrained, **GEOMETRY)
    assert claim.test.p_value == 1
    exchanged = np.random.default_rng(0).random((199, LAYERS)) < 0.5
    flat = np.count_nonzero(exchanged[:, 5] != exchanged[:, 0])
    assert f"{flat} of 199 exchanges made a profile flat and are left out" in claim.row("m")["note"]
