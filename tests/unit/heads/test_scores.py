"""Scores as the design defines them, on heads whose order is known."""

import numpy as np
import pytest
from artifacts import ar1, full

from synergy.files.errors import InputError
from synergy.heads.scores import (
    SCORES,
    balance,
    bootstrap_interval,
    rank_difference,
    ranking_columns,
    reliability,
    split_half,
    value_difference,
)
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import head_means, n_pairs, symmetric


def atoms_of(series, surrogates=5):
    n_heads = series.shape[1]
    found = Decomposition(series, full(series), Settings(surrogates=surrogates)).run(range(n_pairs(n_heads)))
    prompts = head_means(found["head_prompt_sums"])
    null = head_means(found["head_null_sums"])
    return {
        "sts_matrix": symmetric(found["sts"], n_heads),
        "rtr_matrix": symmetric(found["rtr"], n_heads),
        "phi_r_matrix": symmetric(found["phi_r"], n_heads),
        "sts_null_mean": symmetric(found["sts_null_mean"], n_heads),
        "rtr_null_mean": symmetric(found["rtr_null_mean"], n_heads),
        "head_prompt_sts": prompts[0],
        "head_prompt_rtr": prompts[1],
        "head_null_sts": null[0],
        "head_null_rtr": null[1],
        "head_null_phi_r": null[2],
    }


def test_rank_difference_spans_0_to_1():
    synergy, redundancy = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    assert rank_difference(synergy, redundancy).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert rank_difference(synergy, synergy).tolist() == [0.5] * 5


def test_value_difference_is_the_rank_of_the_difference():
    assert value_difference(np.array([1.0, 2.0, 9.0]), np.array([0.0, 5.0, 1.0])).tolist() == [0.5, 0, 1]


def test_scores_differ_where_ranks_and_values_disagree():
    """Synergy spreads over nats, redundancy over millinats: values follow synergy alone, ranks follow both."""
    synergy, redundancy = np.array([1.0, 2.0, 3.0]), np.array([1e-3, 2e-3, 3e-3])
    assert rank_difference(synergy, redundancy).tolist() == [0.5, 0.5, 0.5]
    assert value_difference(synergy, redundancy).tolist() == [0, 0.5, 1]


def test_balance_is_a_mean_of_quotients_over_partners():
    sts = np.array([[np.nan, 1.0, 3.0], [1.0, np.nan, -2.0], [3.0, -2.0, np.nan]])
    rtr = np.array([[np.nan, 1.0, 1.0], [1.0, np.nan, 1.0], [1.0, 1.0, np.nan]])
    assert balance(sts, rtr).tolist() == [(1 / 2 + 3 / 4) / 2, 1 / 2, 3 / 4]  # 1-2 has no positive sum


@pytest.mark.parametrize("score", SCORES)
def test_table(score):
    atoms = atoms_of(ar1(0, 6, 60, np.linspace(0, 0.9, 6), 8))
    columns = ranking_columns(atoms, score, 200, 0)
    assert columns["syn_red_score"].tolist() == columns[score].tolist()
    assert columns["syn_rank"][0] == 1  # the least autocorrelated head
    assert columns["syn_rank"][4:].min() >= 4
    np.testing.assert_allclose(columns["avg_synergy"], np.nanmean(atoms["sts_matrix"], axis=1))
    np.testing.assert_allclose(columns["excess_synergy"], columns["avg_synergy"] - columns["null_avg_synergy"])
    np.testing.assert_allclose(columns["null_avg_synergy"], np.nanmean(atoms["sts_null_mean"], axis=1))
    expected = columns["excess_redundancy"] / atoms["head_null_rtr"].std(axis=0, ddof=1)
    np.testing.assert_allclose(columns["z_redundancy"], expected)
    assert (columns["score_ci_low"] <= columns["score_ci_high"]).all()
    inside = (columns["score_ci_low"] <= columns[score] + 1e-9) & (columns[score] - 1e-9 <= columns["score_ci_high"])
    assert inside.mean() > 0.8


def test_table_without_surrogates_has_no_null():
    columns = ranking_columns(atoms_of(ar1(1, 4, 30, n_prompts=3), surrogates=0), "rank_difference", 0, 0)
    for name in ("null_avg_synergy", "excess_redundancy", "z_synergy", "excess_score", "score_ci_low"):
        assert np.isnan(columns[name]).all()
    assert np.isfinite(columns["syn_red_score"]).all()


def test_undefined_head_stays_undefined_and_takes_no_rank():
    series = ar1(2, 5, 40, n_prompts=3)
    series[:, 2] = 1.0
    columns = ranking_columns(atoms_of(series), "rank_difference", 50, 0)
    for name in ("avg_synergy", "syn_rank", "syn_red_score", "balance", "z_synergy", "score_ci_high"):
        assert np.flatnonzero(np.isnan(columns[name])).tolist() == [2]
    assert sorted(columns["syn_rank"][[0, 1, 3, 4]]) == [1, 2, 3, 4]


def test_unknown_score_is_refused():
    with pytest.raises(InputError, match="score among rank_difference, value_difference, balance; found median"):
        ranking_columns(atoms_of(ar1(3, 3, 30)), "median", 10, 0)


def heads_and_noise(noise, n_prompts=40):
    """Per-prompt values of ten heads that differ by one unit each, with noise."""
    generator = np.random.default_rng(0)
    sts = np.arange(10.0) + noise * generator.normal(size=(n_prompts, 10))
    return {"sts": sts, "rtr": noise * generator.normal(size=(n_prompts, 10))}


def test_bootstrap_interval_of_a_mean_has_its_standard_error():
    values = heads_and_noise(1.0)
    low, high = bootstrap_interval(lambda synergy, redundancy: synergy, values, 2000, 0)
    width = 2 * 1.96 * values["sts"].std(axis=0) / np.sqrt(40)
    np.testing.assert_allclose(high - low, width, rtol=0.15)
    assert ((low < values["sts"].mean(axis=0)) & (values["sts"].mean(axis=0) < high)).all()


def test_bootstrap_interval_of_few_prompts_covers_what_it_says():
    """The mean of six normal values, 2,000 times."""
    sts = np.random.default_rng(1).normal(size=(6, 2000))
    low, high = bootstrap_interval(lambda synergy, redundancy: synergy, {"sts": sts, "rtr": sts}, 1000, 0)
    assert 0.92 < ((low < 0) & (high > 0)).mean() < 0.97


def test_bootstrap_is_reproducible_and_seeded():
    values = heads_and_noise(1.0)
    first, again, other = (bootstrap_interval(rank_difference, values, 50, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_bootstrap_leaves_out_undefined_prompts():
    values = heads_and_noise(0.0)
    values["sts"][5:, 3] = np.nan
    low, high = bootstrap_interval(lambda synergy, redundancy: synergy, values, 300, 0)
    assert low[3] == pytest.approx(3)
    assert high[3] == pytest.approx(3)


@pytest.mark.parametrize(("noise", "n_prompts"), [(0.01, 40), (20.0, 40), (20.0, 400)])
def test_split_half_estimates_reliability(noise, n_prompts):
    """The reliability of a mean over n prompts is var / (var + noise² / n)."""
    found = split_half(rank_difference, heads_and_noise(noise, n_prompts), 0)["avg_synergy"]
    variance = np.arange(10.0).var(ddof=1)
    assert found == pytest.approx(variance / (variance + noise**2 / n_prompts), abs=0.25)


def test_split_half_needs_two_prompts():
    assert np.isnan(list(split_half(rank_difference, heads_and_noise(1.0, 1), 0).values())).all()


def test_reliability_names_the_score():
    atoms = atoms_of(ar1(4, 8, 80, np.linspace(0, 0.9, 8), 10))
    found = reliability(atoms, "value_difference", 0)
    assert found["avg_synergy"] > 0.8
    assert set(found) == {"avg_synergy", "avg_redundancy", "score"}
