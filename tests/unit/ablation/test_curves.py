"""One curve an order, from the rows of all its seeds."""

import numpy as np
import pandas as pd
import pytest
from artifacts import ablation_table

from synergy.ablation.curves import curve_of_order, methods, noise_floor, read_curves
from synergy.claims.published import divergences
from synergy.files.errors import InputError

FRACTIONS = np.arange(5) / 4


def test_curve_averages_seeds_and_spans_their_intervals():
    table = ablation_table(("random",), seeds=2)
    table.loc[table["seed"] == 1, ["mean_kl_div", "kl_ci_high"]] *= 3
    curve = curve_of_order(table, "random", "zero")
    np.testing.assert_allclose(curve.fraction, FRACTIONS)
    np.testing.assert_allclose(curve.kl, 2 * (FRACTIONS + 0.001))
    np.testing.assert_allclose(curve.low, 0.9 * (FRACTIONS + 0.001))
    np.testing.assert_allclose(curve.high, 3.3 * (FRACTIONS + 0.001))
    assert curve.n_seeds == 2
    alone = curve_of_order(table[table["seed"] == 0].assign(kl_ci_low=np.nan, kl_ci_high=np.nan), "random", "zero")
    np.testing.assert_array_equal(alone.low, alone.kl)
    np.testing.assert_array_equal(alone.high, alone.kl)
    assert curve_of_order(table, "synergistic", "zero") is None
    assert noise_floor(table) == pytest.approx(0.002)


def test_methods_are_told_apart():
    zero = ablation_table()
    table = pd.concat([zero, zero.assign(method="mean", mean_kl_div=9 * zero["mean_kl_div"])])
    assert methods(table) == ["zero", "mean"]
    curves = [curve_of_order(table, "random", method).kl for method in methods(table)]
    np.testing.assert_allclose(9 * curves[0], curves[1])


def test_only_fractions_that_every_seed_has_are_averaged_here_and_beside_the_paper():
    """Where one seed lacks a step, the mean of the others would be of other orders than its neighbours are."""
    table = ablation_table(("random",), seeds=2)
    table.loc[table["seed"] == 1, "mean_kl_div"] += 1
    table = table[(table["seed"] == 0) | (table["fraction_removed"] != 0.5)]
    curve = curve_of_order(table, "random", "zero")
    np.testing.assert_allclose(curve.fraction, [0, 0.25, 0.75, 1])
    np.testing.assert_allclose(curve.kl, curve.fraction + 0.501)
    published = pd.DataFrame({"order": "random", "fraction_removed": FRACTIONS, "kl_nats": FRACTIONS})
    (quantity,) = divergences(table, published)
    np.testing.assert_allclose(quantity.ours, FRACTIONS + 0.501)


THEIRS = "num_heads_removed,mean_kl_div,order_type\n"  # the columns of other pipelines


def test_a_table_of_another_pipeline_becomes_curves(tmp_path):
    rows = [
        f"{n},{n * k},{order}"
        for k, order in enumerate(("syn_red", "red_syn", "random_0", "random_7"))
        for n in (0, 2, 4)
    ]
    (tmp_path / "m_ablation.csv").write_text(THEIRS + "\n".join(rows))
    table = read_curves(tmp_path / "m_ablation.csv", 8)
    assert methods(table) == ["zero"]
    for order, kl, n_seeds in (("synergistic", 0, 1), ("redundant", 1, 1), ("random", 2.5, 2)):
        curve = curve_of_order(table, order, "zero")
        np.testing.assert_allclose(curve.fraction, [0, 0.25, 0.5])
        np.testing.assert_allclose(curve.kl, [0, 2 * kl, 4 * kl])
        assert curve.n_seeds == n_seeds


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("1,0.5,syn_rand", "an order_type among synergistic, .*; found 'syn_rand'"),
        ("1,0.5,random_x", "found 'random_x'"),
        ("9,0.5,random_0", "at most 8 heads removed .*; found 9 removed"),
        ("1,much,random_0", "a number or nothing for mean_kl_div"),
        ("1.5,0.5,random_0", "a whole number for num_heads_removed"),
    ],
)
def test_what_a_table_of_another_pipeline_cannot_mean_is_named(tmp_path, row, found):
    (tmp_path / "m_ablation.csv").write_text(f"{THEIRS}0,0,syn_red\n{row}\n")
    with pytest.raises(InputError, match=found):
        read_curves(tmp_path / "m_ablation.csv", 8)
