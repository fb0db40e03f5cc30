"""Holm's correction on textbook numbers and by its defining properties, and what it does to a claims table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, SUPPORTED, holm, with_holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)


def test_holm_multiplies_by_the_number_of_hypotheses_left_and_never_falls():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1, 1])


def test_what_was_not_tested_does_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
    assert np.isnan(holm([np.nan, np.nan])).all()


@given(p_values)
def test_corrected_values_lie_between_the_raw_and_bonferroni_and_keep_the_order(raw):
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1, len(raw) * raw) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(raw)]) >= 0).all()


def test_false_decisions_are_rarer_than_the_level_among_all_eight():
    generator = np.random.default_rng(0)
    wrong = [(holm(generator.random(8)) < 0.05).any() for _ in range(2000)]
    assert np.mean(wrong) == pytest.approx(0.05, abs=0.015)


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
