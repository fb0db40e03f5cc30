"""Claim 6, both ways: how fast the divergence rises in synergistic order."""

import numpy as np
import pandas as pd
import pytest
from artifacts import ablation_table, ratio

from synergy.ablation.curves import compare_orders, ratio_of_areas
from synergy.claims.behaviour import MATCHED_ORDERS, claim_ablation
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED, decided

LEAST = 2 / 120


def claimed(orders, table=None):
    statistics = {"ratios": {f"synergistic/{order}": ratio(*values) for order, values in orders.items()}}
    return claim_ablation(statistics, ablation_table() if table is None else table)


def row_of(claim, significance=0.05):
    return decided([claim], "m", significance).iloc[0]


@pytest.mark.parametrize(
    ("random", "by_layer", "by_autocorrelation", "before", "after"),
    [
        ((1.5, LEAST), (1.3, LEAST), (1.2, 0.05), SUPPORTED, SUPPORTED),
        ((1.5, LEAST), (1.3, LEAST), (1.1, 0.06), SUPPORTED, UNDECIDED),
        ((1.5, LEAST), (1.3, LEAST), (0.9, 0.4), SUPPORTED, UNDECIDED),
        ((1.5, LEAST), (1.3, LEAST), (0.7, 0.02), SUPPORTED, OPPOSITE),  # one is enough, its p times two
        ((1.5, LEAST), (1.3, LEAST), (0.7, 0.03), SUPPORTED, UNDECIDED),
        ((1.1, 0.08), (1.1, 0.08), (1.1, 0.08), UNDECIDED, UNDECIDED),
        ((0.6, LEAST), (0.7, LEAST), (0.7, LEAST), OPPOSITE, OPPOSITE),
    ],
)
def test_ablation(random, by_layer, by_autocorrelation, before, after):
    orders = {"random": random, "random_layer_matched": by_layer, "random_autocorrelation_matched": by_autocorrelation}
    claim = claimed(orders)
    row = row_of(claim)
    assert (row["verdict"], row["verdict_after_control"]) == (before, after)
    assert claim.test.neutral == claim.control_test.neutral == 1
    assert "rank among 119 random orders" in row["decided_by"]


def test_ablation_with_too_few_orders_says_how_many_it_takes():
    row = row_of(claimed({"random": (2, 0.5, 3), "random_layer_matched": (2, 0.5, 3)}))
    assert row["verdict"] == row["verdict_after_control"] == UNDECIDED
    assert "39 random orders needed, 3 drawn" in row["decided_by"]
    assert "39 random orders matched by layer needed, 3 drawn" in row["control_decided_by"]


@pytest.mark.parametrize(
    "ratios",
    [{}, {"synergistic/redundant": ratio(2, 0.001)}, {"synergistic/random": {**ratio(2, 0.001), "estimate": None}}],
)
def test_ablation_without_the_random_order_is_not_testable(ratios):
    row = row_of(claim_ablation({"ratios": ratios}, ablation_table(("synergistic",))))
    assert row["verdict"] == row["verdict_after_control"] == NOT_TESTABLE


def test_ablation_without_matched_orders_has_no_control():
    row = row_of(claimed({"random": (2, 0.001)}))
    assert (row["verdict"], row["verdict_after_control"]) == (SUPPORTED, NOT_TESTABLE)
    assert "no matched order was run" in row["note"]


def test_ablation_by_other_methods_is_told_apart():
    zero = ablation_table()
    table = pd.concat([zero, zero.assign(method="mean", mean_kl_div=9 * zero["mean_kl_div"])])
    note = row_of(claimed({"random": (2, 0.001)}, table))["note"]
    assert "replaced by: zero (tested); mean" in note
    assert "synergistic 0.251 at 25%" in note


def areas(generator, n_orders, sd_of_log, n_prompts=12):
    """Areas (n_orders, n_prompts) of orders whose logarithms are alike but for the draw of the order."""
    of_prompt = generator.gamma(8, 1 / 8, n_prompts)
    return np.exp(sd_of_log * generator.standard_normal((n_orders, 1))) * of_prompt


@pytest.mark.parametrize("sd_of_log", [0.02, 0.1, 0.2])
def test_an_order_like_any_other_is_rarely_called_one(sd_of_log):
    """500 data sets without effect: all orders come from one distribution, as many as the smallest verdict takes."""
    generator, wrong = np.random.default_rng(7), []
    for _ in range(500):
        drawn = areas(generator, 1 + 39 * 4, sd_of_log)
        kinds = ("random", *MATCHED_ORDERS)
        ratios = {
            f"synergistic/{kind}": ratio_of_areas(drawn[:1], drawn[1 + 39 * k : 40 + 39 * k], kind)
            for k, kind in enumerate(kinds)
        }
        row = row_of(claim_ablation({"ratios": ratios}, ablation_table()))
        wrong.append([row[name] in (SUPPORTED, OPPOSITE) for name in ("verdict", "verdict_after_control")])
    assert (np.mean(wrong, axis=0) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 500)).all()


def test_an_order_that_harms_more_than_all_is_found():
    generator, found = np.random.default_rng(8), 0
    for _ in range(50):
        drawn = areas(generator, 40, 0.1)
        ratios = {"synergistic/random": ratio_of_areas(1.5 * drawn[:1], drawn[1:], "random")}
        found += row_of(claim_ablation({"ratios": ratios}, ablation_table()))["verdict"] == SUPPORTED
    assert found >= 45


def test_statistics_of_orders_are_what_the_claim_reads():
    kl = np.linspace(0, 1, 3)[:, None] * np.random.default_rng(0).gamma(8, 1 / 8, 12)
    steps = {"num_heads_removed": np.arange(3), "compared": np.arange(3), "n_heads_total": np.array(4)}
    curves = [{**steps, "kind": "synergistic", "kl_nats": 2 * kl}]
    curves += [{**steps, "kind": "random", "kl_nats": kl * (1 + k / 100)} for k in range(39)]
    row = row_of(claim_ablation(compare_orders(curves), ablation_table()))
    assert row["verdict"] == SUPPORTED
    assert row["p_value"] == pytest.approx(0.05)
    assert row["ci_low"] is not None
