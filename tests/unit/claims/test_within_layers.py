"""Claim 3 on models whose synergy within layers is known."""

import numpy as np
import pytest
from artifacts import FLAT, HEADS, LAYERS, measured

from synergy.claims.networks import claim_within_layers, differences
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED, decided


def verdicts(claim):
    row = decided([claim], "m", 0.05).iloc[0]
    return row["verdict"], row["verdict_after_control"]


@pytest.mark.parametrize(
    ("within", "null_within", "raw", "control"),
    [
        (0.3, 0.0, SUPPORTED, SUPPORTED),
        (0.3, 0.3, SUPPORTED, UNDECIDED),  # all of it in heads without coupling too
        (-0.3, 0.0, OPPOSITE, UNDECIDED),
        (0.0, 0.0, UNDECIDED, UNDECIDED),
    ],
)
def test_claim_3(within, null_within, raw, control):
    claim = claim_within_layers(measured(FLAT, within=within, null_within=null_within, seed=1), LAYERS, HEADS)
    assert verdicts(claim) == (raw, control)
    assert claim.test.ci_low < claim.test.estimate < claim.test.ci_high
    assert claim.test.estimate == pytest.approx(within, abs=0.06)


def test_layers_count_by_their_defined_pairs():
    atoms = {"within_prompt_sts": np.array([[1.0, np.nan, 4.0]]), "within_prompt_pairs": np.array([[3, 0, 1]])}
    atoms["between_prompt_sts"] = np.array([0.5])
    np.testing.assert_allclose(differences(atoms, "prompt", "sts"), [7 / 4 - 0.5])


def test_what_cannot_be_tested():
    assert verdicts(claim_within_layers(measured(FLAT), 1, LAYERS * HEADS)) == (NOT_TESTABLE, NOT_TESTABLE)
    assert verdicts(claim_within_layers(measured(FLAT, within=0.3, surrogates=0), LAYERS, HEADS))[1] == NOT_TESTABLE
    assert verdicts(claim_within_layers(measured(FLAT, within=0.3, outside=0.2), LAYERS, HEADS))[1] == NOT_TESTABLE


def test_prompts_without_a_difference_are_decided_no_more_often_than_the_level():
    decisions = [claim_within_layers(measured(FLAT, seed=seed), LAYERS, HEADS).test.p_value for seed in range(300)]
    assert (np.array(decisions) <= 0.05).mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)
