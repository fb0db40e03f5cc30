"""Claim 6, both ways: how fast the divergence rises in synergistic order."""

import pandas as pd
import pytest
from artifacts import ablation_table, ratio

from synergy.ablation.area_statistics import N_BOOTSTRAP
from synergy.claims.behaviour import claim_ablation
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED

SMALLEST = 2 / (1 + N_BOOTSTRAP)


@pytest.mark.parametrize(
    ("random", "by_layer", "by_autocorrelation", "before", "after"),
    [
        ((1.5, SMALLEST), (1.3, 0.001), (1.2, 0.01), SUPPORTED, SUPPORTED),
        ((1.5, SMALLEST), (1.3, 0.001), (1.0, 0.4), SUPPORTED, NOT_SUPPORTED),
        ((1.5, SMALLEST), (1.3, 0.001), (0.7, 0.001), SUPPORTED, OPPOSITE),
        ((1.1, 0.08), (1.1, 0.08), (1.1, 0.08), NOT_SUPPORTED, NOT_SUPPORTED),
        ((1.1, 0.01, 0.08), (1.1, 0.01), (1.1, 0.01), NOT_SUPPORTED, SUPPORTED),  # the paired test disagrees
        ((0.6, SMALLEST), (0.7, SMALLEST), (0.7, SMALLEST), OPPOSITE, OPPOSITE),
    ],
)
def test_ablation(random, by_layer, by_autocorrelation, before, after):
    orders = {"random": random, "random_layer_matched": by_layer, "random_autocorrelation_matched": by_autocorrelation}
    statistics = {"ratios": {f"synergistic/{order}": ratio(*values) for order, values in orders.items()}}
    claim = claim_ablation(statistics, ablation_table(), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (before, after)
    assert claim.test.neutral == 1
    assert claim.control_test.estimate == min(by_layer[0], by_autocorrelation[0])


@pytest.mark.parametrize(
    "ratios",
    [
        {},
        {"synergistic/redundant": ratio(2, 0.001)},
        {"synergistic/random": {"estimate": 2}},
        {"synergistic/random": {**ratio(2, 0.001), "paired": {}}},
    ],
)
def test_ablation_without_the_random_order_is_not_testable(ratios):
    claim = claim_ablation({"ratios": ratios}, ablation_table(("synergistic",)), 0.05)
    assert claim.verdict == claim.verdict_after_control == NOT_TESTABLE


def test_ablation_without_matched_orders_has_no_control():
    claim = claim_ablation({"ratios": {"synergistic/random": ratio(2, 0.001)}}, ablation_table(), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)
    assert "no matched order was run" in claim.row("m")["note"]


@pytest.mark.parametrize(
    ("n_seeds", "said"), [(1, "one drawn order: its chance is not in the interval"), (5, "5 drawn orders; with 7 they")]
)
def test_ablation_says_what_its_seeds_are_worth(n_seeds, said):
    statistics = {"ratios": {"synergistic/random": ratio(2, 0.001, n_seeds=n_seeds)}}
    assert said in claim_ablation(statistics, ablation_table(), 0.05).row("m")["note"]


def test_ablation_by_other_methods_is_told_apart():
    zero = ablation_table()
    table = pd.concat([zero, zero.assign(method="mean", mean_kl_div=9 * zero["mean_kl_div"])])
    note = claim_ablation({"ratios": {"synergistic/random": ratio(2, 0.001)}}, table, 0.05).row("m")["note"]
    assert "replaced by: zero (tested); mean" in note
    assert "synergistic 0.251 at 25%" in note
