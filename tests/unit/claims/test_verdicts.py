"""The rule that decides a claim, and the note that says what its control did."""

import numpy as np
import pytest

from synergy.claims.verdicts import (
    CLAIM_COLUMNS,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    OPPOSITE,
    STATEMENTS,
    SUPPORTED,
    Effect,
    decided,
    from_standard_error,
    with_holm,
    worst,
)


@pytest.mark.parametrize(
    ("effect", "verdict"),
    [
        (Effect(0.5, 0.01), SUPPORTED),
        (Effect(-0.5, 0.01), OPPOSITE),
        (Effect(0.5, 0.05), NOT_SUPPORTED),
        (Effect(0.0, 0.01), NOT_SUPPORTED),
        (Effect(0.5, 0.01, neutral=1.0), OPPOSITE),
        (Effect(0.5), NOT_TESTABLE),
        (Effect(0.5, 0.01, obstacle="something is missing"), NOT_TESTABLE),
    ],
)
def test_rule(effect, verdict):
    assert effect.verdict(0.05) == verdict


@pytest.mark.parametrize(
    ("control", "words"),
    [
        (Effect(0.5, 0.01), "leaves the verdict as it was"),
        (Effect(0.5, 0.5), "removes the effect"),
        (Effect(-0.5, 0.01), "reverses the effect"),
        (Effect(obstacle="no null was computed"), "could not be applied (no null was computed)"),
    ],
)
def test_note_says_what_the_control_did(control, words):
    row = decided(1, "", Effect(0.5, 0.01), "the control", control, 0.05).row("model")
    assert words in row["note"]
    assert tuple(row) == CLAIM_COLUMNS
    assert row["statement"] == STATEMENTS[1]


def test_standard_error_gives_a_normal_test():
    assert from_standard_error(1.96, 1.0).p_value == pytest.approx(0.05, abs=1e-4)
    assert from_standard_error(1.0, 0.0).verdict(0.05) == NOT_TESTABLE
    assert from_standard_error(1.0, float("nan")).verdict(0.05) == NOT_TESTABLE


def test_worst_is_the_test_least_in_favour():
    for_it, undecided, against = Effect(2, 0.01), Effect(1, 0.5), Effect(-1, 0.01)
    assert worst([for_it, undecided, against], 0.05) == against
    assert worst([for_it, undecided], 0.05) == undecided
    assert worst([for_it, Effect(obstacle="missing")], 0.05) == for_it
    assert worst([], 0.05).verdict(0.05) == NOT_TESTABLE


def rows(*pairs):
    return [{"p_value": p, "verdict": verdict, "note": "A note."} for p, verdict in pairs]


def test_the_note_tells_which_verdict_the_correction_undoes():
    table = rows((0.001, SUPPORTED), (0.03, SUPPORTED), (0.5, NOT_SUPPORTED), (0.001, NOT_TESTABLE))
    first, second, third, fourth = with_holm(table, 0.05)
    assert (first["p_value_holm"], first["note"]) == (0.003, "A note.")
    assert second["p_value_holm"] == 0.06
    assert "Corrected for the 3 claims that were tested (Holm), p = 0.06" in second["note"]
    assert third["note"] == "A note."
    assert np.isnan(fourth["p_value_holm"])  # had it been counted, the first would be 0.004
