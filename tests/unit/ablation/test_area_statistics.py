"""Areas, ratios, intervals and tests of ablation curves whose answers are known."""

import numpy as np
import pytest
from scipy import stats

from synergy.ablation.curves import area_under_curve, compare_orders, curve_rows, prompt_counts


def curve(kind, slope, seed=0, n_prompts=40, spread=0.1, own=0.0):
    """KL = slope · fraction, times a factor of each prompt that all orders share, and one (`own`) that they do not."""
    removed = np.array([0, 10, 20, 50])
    factor = 1 + spread * np.random.default_rng(0).standard_normal(n_prompts)
    factor = factor * (1 + own * np.random.default_rng([1, seed, len(kind)]).standard_normal(n_prompts))
    return {
        "kind": kind,
        "seed": seed,
        "method": "zero",
        "kl_nats": slope * removed[:, None] / 100 * factor,
        "num_heads_removed": removed,
        "compared": removed,
        "n_heads_total": np.array(100),
        "prompt_id": np.array([f"p{i}" for i in range(n_prompts)]),
    }


def test_area_of_a_straight_line_is_its_mean_height():
    areas = area_under_curve(curve("random", 2.0, spread=0))
    np.testing.assert_allclose(areas, 0.5)  # mean of 2·f over f in [0, 0.5]


def test_area_weighs_steps_by_their_width():
    uneven = curve("random", 0.0, spread=0)
    uneven["kl_nats"][1:] = 1.0
    np.testing.assert_allclose(area_under_curve(uneven), (0.5 * 10 + 10 + 30) / 50)


def test_steps_that_only_some_orders_have_do_not_change_an_area():
    coarse = curve("random", 1.0)
    fine = {**coarse, "num_heads_removed": np.array([0, 3, 10, 20, 35, 50])}
    fine["kl_nats"] = np.insert(coarse["kl_nats"], [1, 3], 9.0, axis=0)
    np.testing.assert_array_equal(area_under_curve(fine), area_under_curve(coarse))


def test_ratio_of_paired_curves_is_exact_whatever_the_prompts():
    summary = compare_orders([curve("synergistic", 3.0), curve("random", 1.5)])
    ratio = summary["ratios"]["synergistic/random"]
    assert ratio["estimate"] == pytest.approx(2.0)
    assert np.isnan(ratio["ci_low"])  # nothing varies
    assert ratio["p_value"] == ratio["floor"] == 1  # of one other order
    assert ratio["sd_of_log"] is None
    assert len(summary["auc_by_prompt_nats"]["random"]) == 40


def test_a_drawn_kind_is_compared_by_rank_and_the_redundant_order_over_prompts():
    orders = [curve("synergistic", 1.0), curve("redundant", 2.0, own=0.1)]
    orders += [curve("random", 2 + seed / 10, seed, own=0.1) for seed in range(19)]
    ratios = compare_orders(orders)["ratios"]
    by_rank, over_prompts = ratios["synergistic/random"], ratios["synergistic/redundant"]
    assert by_rank["p_value"] == by_rank["floor"] == pytest.approx(2 / 20)
    assert by_rank["test"] == "rank among 19 random orders"
    assert by_rank["ci_high"] < 1
    assert over_prompts["p_value"] == over_prompts["p_over_prompts"] < 0.001
    assert over_prompts["ci_high"] < 1


def test_orders_that_harm_alike_are_rarely_told_apart_over_prompts():
    p_values = []
    for trial in range(200):
        orders = [curve("synergistic", 1.0, trial, own=0.3), curve("redundant", 1.0, trial, own=0.3)]
        p_values.append(compare_orders(orders)["ratios"]["synergistic/redundant"]["p_value"])
    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.08)


def test_interval_of_a_ratio_is_students_t_of_the_prompts():
    """Of orders that differ by a factor of each prompt, log ratio ± t · sd of the factor / √n, to first order."""
    synergistic, random = curve("synergistic", 1.0, own=0.05), curve("random", 1.0, spread=0.1)
    ratio = compare_orders([synergistic, random])["ratios"]["synergistic/random"]
    own, theirs = (area_under_curve(one) for one in (synergistic, random))
    error = np.std(own / own.mean() - theirs / theirs.mean(), ddof=1) / np.sqrt(40)
    reach = stats.t.ppf(0.975, 39) * error
    center = np.log(ratio["estimate"])
    assert np.log([ratio["ci_low"], ratio["ci_high"]]) == pytest.approx([center - reach, center + reach], rel=0.05)


def test_area_of_a_kind_is_the_geometric_mean_over_its_orders():
    auc = compare_orders([curve("synergistic", 2.0), curve("random", 1.0), curve("random", 4.0, 1)])["auc"]
    assert auc["random"]["estimate"] == pytest.approx(auc["synergistic"]["estimate"])
    assert auc["random"]["n_seeds"] == 2
    assert auc["random"]["sd_of_log"] == pytest.approx(np.log(4) / np.sqrt(2))
    assert auc["random"]["ci_low"] < auc["random"]["estimate"] < auc["random"]["ci_high"]
    assert auc["synergistic"]["sd_of_log"] is None


def test_interval_covers_the_truth_over_prompts():
    covered = []
    for trial in range(200):
        orders = [curve("synergistic", 1.0, trial, own=0.3), curve("random", 1.0, 1000 + trial, own=0.3)]
        ratio = compare_orders(orders)["ratios"]["synergistic/random"]
        covered.append(ratio["ci_low"] <= 1 <= ratio["ci_high"])
    assert np.mean(covered) == pytest.approx(0.95, abs=2.5 * np.sqrt(0.05 * 0.95 / 200))


def test_curves_without_any_divergence_have_no_ratio():
    ratio = compare_orders([curve("synergistic", 0.0), curve("random", 0.0)])["ratios"]["synergistic/random"]
    assert np.isnan([ratio["estimate"], ratio["ci_low"], ratio["p_over_prompts"]]).all()
    assert ratio["p_value"] == 1


def test_one_prompt_is_no_sample_but_breaks_nothing():
    orders = [curve("synergistic", 2.0, n_prompts=1), curve("random", 1.0, n_prompts=1)]
    ratio = compare_orders(orders)["ratios"]["synergistic/random"]
    assert ratio["estimate"] == pytest.approx(2)
    assert np.isnan([ratio["ci_low"], ratio["p_over_prompts"]]).all()
    assert curve_rows(orders[0], seed=0)["kl_sd"].isna().all()


def test_resamples_take_as_many_prompts_as_there_are():
    counts = prompt_counts(40, seed=2)
    assert (counts.sum(axis=1) == 40).all()
    assert counts.mean() == pytest.approx(1)


def test_rows_hold_the_mean_over_prompts_and_its_interval():
    rows = curve_rows(curve("synergistic", 1.0), seed=0)
    assert rows["num_heads_removed"].tolist() == [0, 10, 20, 50]
    assert rows["fraction_removed"].tolist() == [0, 0.1, 0.2, 0.5]
    assert rows["mean_kl_div"].between(rows["kl_ci_low"], rows["kl_ci_high"]).all()
    assert set(rows["order_type"]) == {"synergistic"}
