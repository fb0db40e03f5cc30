"""Claim 3, both ways: synergy of pairs within a layer against pairs between layers."""

import numpy as np
import pytest
from artifacts import GEOMETRY, HEADS, LAYERS, atoms

from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.claims.within_layers import claim_within_layers, within_minus_between


@pytest.mark.parametrize(
    ("within", "null_within", "before", "after"),
    [
        (0.3, 0.0, SUPPORTED, SUPPORTED),
        (0.3, 0.3, SUPPORTED, NOT_SUPPORTED),
        (0.3, 0.6, SUPPORTED, OPPOSITE),
        (-0.3, 0.0, OPPOSITE, OPPOSITE),
        (0.0, 0.0, NOT_SUPPORTED, NOT_SUPPORTED),
    ],
)
def test_within_layers(within, null_within, before, after):
    claim = claim_within_layers(atoms(within, null_within), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)
    assert claim.test.estimate == pytest.approx(within, abs=0.03)
    assert claim.test.ci_low < claim.test.estimate < claim.test.ci_high


def test_within_layers_without_a_null():
    claim = claim_within_layers(atoms(0.3, null=False), **GEOMETRY)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)


def test_within_layers_leaves_out_undefined_pairs():
    matrix = atoms(0.3)["sts_matrix"]
    blunted = matrix.copy()
    blunted[0, 1] = blunted[1, 0] = blunted[0, 9] = blunted[9, 0] = np.nan
    defined = np.isfinite(blunted)
    same = np.kron(np.eye(LAYERS), np.ones((HEADS, HEADS))) > 0
    expected = blunted[same & defined].mean() - blunted[~same & defined].mean()
    assert within_minus_between(blunted, LAYERS, HEADS, 19, 0).estimate == pytest.approx(expected)
    assert within_minus_between(np.full_like(matrix, np.nan), LAYERS, HEADS, 19, 0).verdict(0.05) == NOT_TESTABLE
    assert within_minus_between(matrix, 1, LAYERS * HEADS, 19, 0).verdict(0.05) == NOT_TESTABLE


def test_within_layers_under_noise_is_rarely_significant():
    p_values = [
        within_minus_between(atoms(0, seed=seed)["sts_matrix"], LAYERS, HEADS, 99, seed).p_value for seed in range(60)
    ]
    assert np.mean(np.array(p_values) < 0.05) < 0.15
    assert 0.35 < np.mean(p_values) < 0.65
