"""Surrogates keep what they must keep, and draws depend on their key alone."""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest
from artifacts import ar1, full

from synergy.files.errors import InputError
from synergy.phiid import decomposition as decomposition_module
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.estimators import HeadSeries, prepare
from synergy.phiid.nulls import KINDS, least_offset, offsets, phases, randomise_phases, sources, surrogate_prompt, words
from synergy.phiid.pairs import head_means, n_pairs


def surrogate_of(recording, kind, seed=0, surrogate=0):
    series = prepare(recording)
    out = series.blank()
    for prompt in range(len(series.n_samples)):
        surrogate_prompt(recording, series, kind, seed, surrogate, prompt, out, prompt)
    return series, out


def recording(estimator="gaussian", n_prompts=4):
    series = ar1(0, 5, 40, 0.6, n_prompts)
    return HeadSeries(series, full(series), 2, estimator)


def test_draws_depend_on_every_part_of_the_key_and_on_nothing_else():
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    draws = [words(*key, 6).tolist() for key in keys]
    assert len({tuple(draw) for draw in draws}) == 4
    assert words(0, 1, 2, 6)[:3].tolist() == words(0, 1, 2, 3).tolist()


def test_offsets_cover_all_rotations_evenly():
    drawn = offsets(3, 0, 0, 90_000, 10)
    counts = np.bincount(drawn, minlength=10)
    assert counts[0] == 0
    assert np.abs(counts[1:] - 10_000).max() < 500


def test_sources_are_permutations_within_equal_lengths():
    lengths = (50, 50, 30, 50, 30)
    drawn = sources(0, 0, 200, lengths)
    for head in range(200):
        assert sorted(drawn[:, head]) == [0, 1, 2, 3, 4]
    assert all(lengths[p] == lengths[q] for p, row in enumerate(drawn) for q in row)
    assert len({tuple(column) for column in drawn.T}) == 12


def test_phases_are_uniform():
    drawn = phases(0, 0, 0, 100, 100)
    assert drawn.min() >= 0
    assert drawn.max() < 2 * np.pi
    assert abs(drawn.mean() - np.pi) < 0.1


def test_circular_shift_rotates_samples_and_keeps_past_with_future():
    series, out = surrogate_of(recording(), "circular_shift")
    for p in range(4):
        drawn = offsets(0, 0, p, 5, 38)
        for h in range(5):
            expected = np.roll(series.z[p, h, :, :38], -drawn[h], axis=1)
            assert np.array_equal(out.z[p, h, :, :38], expected)
    assert np.array_equal(out.self_correlation, series.self_correlation, equal_nan=True)
    assert not out.z[:, :, :, 38:].any()


def test_cross_prompt_takes_whole_prompts():
    series, out = surrogate_of(recording(), "cross_prompt")
    drawn = sources(0, 0, 5, (38,) * 4)
    for p in range(4):
        for h in range(5):
            assert np.array_equal(out.z[p, h], series.z[drawn[p, h], h])
            assert out.self_correlation[p, h] == series.self_correlation[drawn[p, h], h]


@pytest.mark.parametrize("n_tokens", [40, 41])
def test_phase_keeps_periodogram_and_mean(n_tokens):
    values = ar1(1, 3, n_tokens)[0] + 5
    changed = randomise_phases(values, 0, 0, 0)
    np.testing.assert_allclose(np.abs(np.fft.rfft(changed)), np.abs(np.fft.rfft(values)), atol=1e-9)
    assert np.abs(changed - values).max() > 0.1


@pytest.mark.parametrize("estimator", ["gaussian", "gaussian_copula", "discrete"])
@pytest.mark.parametrize("kind", KINDS)
def test_null_of_coupled_heads_breaks_the_coupling_and_keeps_the_synergy_of_independent_ones(kind, estimator):
    """Noisy copies of one driver: observed redundancy is far above every null, of every kind and estimator."""
    series = ar1(2, 1, 100, 0.8, 30) + 0.2 * np.random.default_rng(3).normal(size=(30, 4, 100))
    settings = Settings(estimator=estimator, null_kind=kind, surrogates=10)
    found = Decomposition(series, full(series), settings).run(range(n_pairs(4)))
    assert (found["rtr"] > found["rtr_null_mean"] + 10 * found["rtr_null_sd"]).all()
    assert (found["sts_null_mean"] > 0.1).all()


def test_circular_shift_is_centred_for_independent_heads():
    """Head means over 8 partners and 40 prompts stay within 4 standard deviations of the null, and average to it."""
    series = ar1(4, 9, 100, 0.5, 40)
    found = Decomposition(series, full(series), Settings(surrogates=60)).run(range(n_pairs(9)))
    for atom in (0, 1):
        partners = found["head_prompt_sums"].sum(axis=0)[atom] / 40
        null = found["head_null_sums"][:, atom]
        z = (partners - null.mean(axis=0)) / null.std(axis=0)
        assert np.abs(z).max() < 4
        assert abs(z.mean()) < 1


def test_mean_and_sd_over_surrogates_are_those_of_single_surrogates():
    """Streaming moments against surrogates computed one by one."""
    series = ar1(5, 4, 50, n_prompts=3)
    found = Decomposition(series, full(series), Settings(surrogates=4, seed=7)).run(range(6))
    single = [surrogate_of(HeadSeries(series, full(series)), "circular_shift", 7, s)[1] for s in range(4)]
    means = np.array([[pass_over(out, pair) for pair in range(6)] for out in single])
    np.testing.assert_allclose(found["sts_null_mean"], means.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found["sts_null_sd"], means.std(axis=0, ddof=1), atol=1e-12)


def pass_over(series, pair):
    """Mean sts over the prompts of prepared series."""
    from synergy.phiid.kernels.ranges import gaussian_range

    sums, lost, (n_prompts, n_padded) = np.zeros((3, 1)), np.zeros(1, dtype=np.int32), series.self_correlation.shape
    unused = np.zeros((n_prompts, 4, n_padded), dtype=np.int64), np.zeros((n_prompts, 4, 1), dtype=np.int64)
    gaussian_range(
        *(series.z, series.self_correlation, series.autocorrelation, series.n_samples, False, True),
        series.information(),
        *(series.rotation, least_offset(series.n_samples), series.n_heads, series.n_heads),
        *(pair, pair + 1, pair, sums, lost, *unused),
    )
    own = series.information()[:, list(combinations(range(series.n_heads), 2))[pair]]
    return sums[0, 0] / (n_prompts - lost[0]) + 2 * own.min(axis=1).mean()


def test_pairs_rotated_to_within_the_least_offset_are_left_out_of_that_prompt():
    """Two copies of white noise with a little noise of their own: a rotation by the same offset finds the copy."""
    common, own = ar1(8, 1, 61, 0.0, 200), ar1(9, 2, 61, 0.0, 200)
    series = common + 0.01 * own
    decomposition = Decomposition(series, full(series), Settings(surrogates=1, seed=3))
    drawn = np.array([offsets(3, 0, prompt, 2, 60) for prompt in range(200)])
    apart = np.abs(drawn[:, 0] - drawn[:, 1])
    near = np.minimum(apart, 60 - apart) < 6
    assert (apart == 0).any(), "without a least offset the copy is found"
    (matrices,) = decomposition.surrogate_matrices(range(1))
    assert matrices["rtr"][0, 1] < 0.05
    _, undefined, *_ = decomposition._pass(range(1), 3, ThreadPoolExecutor(1), 0)
    assert undefined[0] == near.sum()


def test_what_is_left_out_does_not_decide_which_prompts_count():
    """Prompts differ in autocorrelation: the null of independent heads scatters as without a least offset."""
    series = ar1(11, 8, 100, np.linspace(0, 0.9, 40)[:, None], 40)
    found = Decomposition(series, full(series), Settings(surrogates=60)).run(range(28))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decomposition_module, "least_offset", np.zeros_like)
        every = Decomposition(series, full(series), Settings(surrogates=60)).run(range(28))
    np.testing.assert_allclose(found["sts_null_mean"], every["sts_null_mean"], atol=4e-3)
    assert found["sts_null_sd"].mean() < 1.15 * every["sts_null_sd"].mean()


@pytest.mark.parametrize(("n_samples", "least"), [(99, 6), (48, 6), (47, 5), (23, 2), (7, 0)])
def test_least_offset_of_short_series_is_an_eighth(n_samples, least):
    assert least_offset(np.array([n_samples])).tolist() == [least]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("estimator", ["gaussian", "discrete"])
def test_matrices_of_single_surrogates_are_those_that_the_null_is_of(kind, estimator):
    series = ar1(10, 5, 60, 0.6, 7)
    settings = Settings(null_kind=kind, estimator=estimator, surrogates=4, seed=2, heads=5)
    decomposition = Decomposition(series, full(series), settings, threads=2)
    found, above = decomposition.run(range(10)), np.triu_indices(5, 1)
    matrices = list(decomposition.surrogate_matrices(range(4)))
    for k, name in enumerate(("sts", "rtr", "phi_r")):
        drawn = np.array([matrix[name] for matrix in matrices])
        np.testing.assert_allclose(drawn.mean(axis=0)[above], found[f"{name}_null_mean"], atol=1e-12)
        np.testing.assert_allclose(np.nanmean(drawn, axis=2), head_means(found["head_null_sums"])[k], atol=1e-11)
    (last,) = decomposition.surrogate_matrices(range(3, 4))
    assert np.array_equal(last["tdmi"], matrices[3]["tdmi"], equal_nan=True)


def null_of(series, lengths, settings, pairs, threads, looked_up):
    """What a null is made of, either from a table of all rotations or surrogate by surrogate."""
    decomposition = Decomposition(series, lengths, settings, threads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Decomposition, "_looks_up", lambda _: looked_up)
        found = decomposition.run(pairs)
    return {name: array for name, array in found.items() if "null" in name}


@pytest.mark.parametrize(
    ("n_tokens", "shorter", "settings", "threads"),
    [
        (40, 0, Settings(surrogates=50, heads=8), 1),
        (41, 20, Settings(surrogates=90, seed=3), 2),
        (30, 12, Settings(surrogates=31, heads=20, lag=2, estimator="gaussian_copula"), 3),
        (12, 4, Settings(surrogates=20, heads=10), 2),  # so short that no rotations are left out
    ],
)
def test_more_surrogates_than_rotations_are_looked_up_and_are_the_same(n_tokens, shorter, settings, threads):
    series = ar1(3, 40, n_tokens, 0.5, 5)
    series[1, 7] = 1.0  # a head that does not vary in one prompt
    lengths = full(series)
    lengths[2] -= shorter
    series[2, :, lengths[2] :] = np.nan
    pairs = range(100, 741)
    found, one_by_one = (null_of(series, lengths, settings, pairs, threads, how) for how in (True, False))
    assert set(found) == set(one_by_one)
    for name, array in found.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(array, one_by_one[name], rtol=0, atol=1e-13)
        elif name.endswith("sums"):  # in units of 2^-40 nats, rounded once a pair
            np.testing.assert_allclose(array, one_by_one[name], rtol=0, atol=40)
        else:
            assert np.array_equal(array, one_by_one[name])


@pytest.mark.parametrize(
    ("settings", "looked_up"),
    [
        (Settings(surrogates=39), False),
        (Settings(surrogates=40), True),
        (Settings(surrogates=40, redundancy="ccs"), False),
        (Settings(surrogates=40, estimator="discrete"), False),
        (Settings(surrogates=40, null_kind="phase"), False),
    ],
)
def test_rotations_are_looked_up_where_they_are_fewer_than_surrogates(settings, looked_up):
    series = ar1(3, 4, 40)
    assert Decomposition(series, full(series), settings)._looks_up() == looked_up


def test_no_surrogates_leave_the_null_undefined_not_zero():
    series = ar1(6, 3, 30)
    found = Decomposition(series, full(series), Settings(surrogates=0)).run(range(3))
    for name in ("sts_null_mean", "sts_null_sd", "rtr_null_mean", "rtr_null_sd"):
        assert np.isnan(found[name]).all()
    assert found["head_null_sums"].shape == (0, 4, 3)


def test_one_surrogate_has_no_standard_deviation():
    series = ar1(6, 3, 30, n_prompts=6)
    found = Decomposition(series, full(series), Settings(surrogates=1)).run(range(3))
    assert np.isfinite(found["sts_null_mean"]).all()
    assert np.isnan(found["sts_null_sd"]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(null_kind="shuffle"), "kind of null among circular_shift, cross_prompt, phase; found shuffle"),
        (Settings(surrogates=-1), "0 or more surrogates; found -1"),
        (Settings(redundancy="broja"), "redundancy among mmi, ccs; found broja"),
        (Settings(null_kind="cross_prompt", surrogates=5), "2 prompts of every length .* found one prompt of 30"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    series = ar1(7, 3, 40, n_prompts=3)
    with pytest.raises(InputError, match=message):
        Decomposition(series, np.array([40, 30, 40]), settings)
