"""Areas and ratios of ablation curves whose answers are known."""

import numpy as np
import pytest

from synergy.ablation_statistics import area_under_curve, bootstrap_means, compare_orders, curve_rows
from synergy.errors import InputError


def curve(kind, slope, seed=0, n_prompts=40, spread=0.1):
    """KL = slope · fraction, times a factor of each prompt's own that all orders share."""
    removed = np.array([0, 10, 20, 50])
    factor = 1 + spread * np.random.default_rng(0).standard_normal(n_prompts)
    return {
        "kind": kind,
        "seed": seed,
        "kl_nats": slope * removed[:, None] / 100 * factor,
        "num_heads_removed": removed,
        "n_heads_total": np.array(100),
        "prompt_id": np.array([f"p{i}" for i in range(n_prompts)]),
    }


def test_area_of_a_straight_line_is_its_mean_height():
    areas = area_under_curve(curve("random", 2.0, spread=0))
    np.testing.assert_allclose(areas, 0.5)  # mean of 2·f over f in [0, 0.5]


def test_ratio_of_paired_curves_is_exact_whatever_the_prompts():
    summary = compare_orders([curve("synergistic", 3.0), curve("random", 2.0), curve("random", 1.0, seed=1)], seed=0)
    ratio = summary["ratios"]["synergistic/random"]
    assert ratio["estimate"] == pytest.approx(2.0)
    assert ratio["ci_low"] == pytest.approx(2.0)
    assert ratio["ci_high"] == pytest.approx(2.0)
    assert ratio["p_value"] < 0.001
    assert ratio["n_seeds"] == 2


def test_less_harmful_order_has_a_large_p_value():
    summary = compare_orders([curve("synergistic", 1.0), curve("redundant", 2.0)], seed=0)
    assert summary["ratios"]["synergistic/redundant"]["p_value"] == 1.0
    assert set(summary["auc"]) == {"synergistic", "redundant"}


def test_bootstrap_mean_has_the_standard_error_of_the_mean():
    values = np.random.default_rng(1).standard_normal(400)
    samples = bootstrap_means(values, seed=2)
    assert samples.mean() == pytest.approx(values.mean(), abs=0.01)
    assert samples.std() == pytest.approx(values.std() / 20, rel=0.1)


def test_rows_hold_the_mean_over_prompts_and_its_interval():
    rows = curve_rows(curve("synergistic", 1.0), seed=0)
    assert [row[0] for row in rows] == [0, 10, 20, 50]
    assert [row[3] for row in rows] == [0, 0.1, 0.2, 0.5]
    for _, mean, kind, _, _, _, low, high in rows:
        assert kind == "synergistic"
        assert low <= mean <= high


def test_orders_of_other_prompts_are_refused():
    other = curve("random", 1.0)
    other["prompt_id"] = other["prompt_id"][::-1]
    with pytest.raises(InputError, match="same prompt_id"):
        compare_orders([curve("synergistic", 1.0), other], seed=0)
