"""Areas, ratios, intervals and tests of ablation curves whose answers are known."""

import numpy as np
import pytest
from scipy import stats

from synergy.ablation.area_statistics import (
    Areas,
    area_under_curve,
    compare_orders,
    curve_rows,
    prompt_counts,
    seeds_needed,
)


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


def test_ratio_of_paired_curves_is_exact_whatever_the_prompts():
    summary = compare_orders([curve("synergistic", 3.0), curve("random", 1.5)], seed=0)
    ratio = summary["ratios"]["synergistic/random"]
    assert ratio["estimate"] == pytest.approx(2.0)
    assert ratio["ci_low"] == pytest.approx(2.0)
    assert ratio["ci_high"] == pytest.approx(2.0)
    assert ratio["p_value"] < 0.002
    assert ratio["paired"]["p_value"] < 0.001
    assert ratio["n_seeds"] == 1
    assert ratio["seed_sd_of_log"] is None
    assert ratio["n_seeds_for_half_of_interval"] is None
    assert len(summary["auc_by_prompt_nats"]["random"]) == 40


def test_less_harmful_order_is_significant_the_other_way():
    ratio = compare_orders([curve("synergistic", 1.0), curve("redundant", 2.0)], seed=0)["ratios"][
        "synergistic/redundant"
    ]
    assert ratio["ci_high"] < 1
    assert ratio["p_value"] < 0.002
    assert ratio["paired"]["mean_difference_nats"] == pytest.approx(-0.25, rel=0.1)


def test_orders_that_harm_alike_are_rarely_told_apart():
    p_values = []
    for trial in range(60):
        orders = [curve("synergistic", 1.0, trial, own=0.3), curve("redundant", 1.0, trial, own=0.3)]
        ratio = compare_orders(orders, seed=0)["ratios"]["synergistic/redundant"]
        p_values.append((ratio["p_value"], ratio["paired"]["p_value"]))
    assert (np.mean(np.array(p_values) < 0.05, axis=0) <= 0.15).all()
    assert (np.mean(p_values, axis=0) > 0.35).all()


def test_spread_over_seeds_widens_the_interval_as_students_t_says():
    """Prompts that agree exactly leave the seeds as the only chance."""
    slopes = [0.8, 0.9, 1.0, 1.1, 1.2]
    orders = [curve("synergistic", 2.0)] + [curve("random", slope, seed) for seed, slope in enumerate(slopes)]
    ratio = compare_orders(orders, seed=0)["ratios"]["synergistic/random"]
    error = np.std(slopes, ddof=1) / np.sqrt(5)
    assert ratio["estimate"] == pytest.approx(2.0)
    assert ratio["seed_sd_of_log"] == pytest.approx(error, rel=1e-6)
    assert ratio["seed_share_of_variance"] == pytest.approx(1.0)
    reach = stats.t.ppf(0.975, 4) * error
    assert np.log([ratio["ci_low"] / 2, ratio["ci_high"] / 2]) == pytest.approx([-reach, reach], rel=0.15)
    narrow = compare_orders(orders[:2], seed=0)["ratios"]["synergistic/random"]
    assert narrow["ci_high"] - narrow["ci_low"] < 1e-9  # one seed cannot show its own chance


def test_two_seeds_that_differ_tell_nothing():
    orders = [curve("synergistic", 1.5), curve("random", 0.8), curve("random", 1.2, 1)]
    ratio = compare_orders(orders, seed=0)["ratios"]["synergistic/random"]
    assert ratio["ci_low"] < 1 < ratio["ci_high"]
    assert ratio["p_value"] > 0.05


def test_area_of_a_kind_is_the_mean_over_its_seeds():
    auc = compare_orders([curve("synergistic", 2.0), curve("random", 1.0), curve("random", 3.0, 1)], seed=0)["auc"]
    assert auc["random"]["estimate"] == pytest.approx(auc["synergistic"]["estimate"])
    assert auc["random"]["n_seeds"] == 2
    assert auc["random"]["seed_sd_nats"] == pytest.approx(np.std(auc["random"]["by_seed_nats"], ddof=1))
    assert auc["random"]["ci_low"] < auc["random"]["estimate"] < auc["random"]["ci_high"]
    assert np.isnan(auc["synergistic"]["seed_sd_nats"])


def test_interval_covers_the_truth_over_prompts_and_seeds(monkeypatch):
    """A ratio of 1 between orders drawn from one distribution is inside the 95 % interval about as often as it says."""
    monkeypatch.setattr("synergy.ablation.area_statistics.N_FLIPS", 9)  # of the paired test, which is not asked here
    generator = np.random.default_rng(3)
    covered = []
    for trial in range(200):
        slopes = 1 + 0.1 * generator.standard_normal(5)
        orders = [curve("synergistic", 1.0, seed=trial, own=0.3)]
        orders += [curve("random", slope, seed=1000 + 5 * trial + i, own=0.3) for i, slope in enumerate(slopes)]
        ratio = compare_orders(orders, seed=0)["ratios"]["synergistic/random"]
        covered.append(ratio["ci_low"] <= 1 <= ratio["ci_high"])
    assert 0.90 <= np.mean(covered) <= 0.99


def test_seeds_needed_are_just_enough():
    for share in (0.5, 0.1):
        n = seeds_needed(0.02, 0.05, share)
        part = [np.sqrt(0.05 / k / (0.02 + 0.05 / k)) for k in (n, n - 1)]
        assert part[0] <= share < part[1]
    assert seeds_needed(1.0, 0.0, 0.1) == 1
    assert seeds_needed(0.0, 1.0, 0.1) is None
    assert seeds_needed(float("nan"), 1.0, 0.1) is None


def test_curves_without_any_divergence_have_no_ratio():
    ratio = compare_orders([curve("synergistic", 0.0), curve("random", 0.0)], seed=0)["ratios"]["synergistic/random"]
    assert np.isnan([ratio["estimate"], ratio["ci_low"], ratio["p_value"]]).all()
    assert ratio["paired"]["p_value"] == 1


def test_one_prompt_is_no_sample_but_breaks_nothing():
    orders = [curve("synergistic", 2.0, n_prompts=1), curve("random", 1.0, n_prompts=1)]
    summary = compare_orders(orders, seed=0)
    assert summary["ratios"]["synergistic/random"]["paired"]["p_value"] == 1
    assert curve_rows(orders[0], seed=0)["kl_sd"].isna().all()


def test_bootstrap_mean_has_the_standard_error_of_the_mean():
    values = np.random.default_rng(1).gamma(4, 1, 400)
    samples = np.exp(Areas(values[None]).log_means(prompt_counts(400, seed=2)))
    assert samples.mean() == pytest.approx(values.mean(), rel=0.01)
    assert samples.std() == pytest.approx(values.std() / 20, rel=0.1)


def test_rows_hold_the_mean_over_prompts_and_its_interval():
    rows = curve_rows(curve("synergistic", 1.0), seed=0)
    assert rows["num_heads_removed"].tolist() == [0, 10, 20, 50]
    assert rows["fraction_removed"].tolist() == [0, 0.1, 0.2, 0.5]
    assert rows["mean_kl_div"].between(rows["kl_ci_low"], rows["kl_ci_high"]).all()
    assert set(rows["order_type"]) == {"synergistic"}
