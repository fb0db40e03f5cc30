"""The rule that decides a claim, and the note that says what its control did."""

import numpy as np
import pandas as pd
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


def test_the_note_tells_which_verdict_the_correction_undoes():
    verdicts = [SUPPORTED, SUPPORTED, NOT_SUPPORTED, NOT_TESTABLE]
    claims = pd.DataFrame({"p_value": [0.001, 0.03, 0.5, 0.001], "verdict": verdicts, "note": "A note."})
    corrected = with_holm(claims, 0.05)
    # Had the last been counted, the first would be 0.004.
    np.testing.assert_allclose(corrected["p_value_holm"], [0.003, 0.06, 0.5, np.nan])
    undone = corrected["note"].str.contains("Corrected for the 3 claims that were tested (Holm), p = 0.06", regex=False)
    assert undone.tolist() == [False, True, False, False]
    assert set(corrected["note"][~undone]) == {"A note."}
