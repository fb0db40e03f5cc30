"""What each variant of the series keeps and what it takes away, on series for which that is known."""

import numpy as np
import pytest
from artifacts import ar1, full
from vary_series import vary_series

from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import n_pairs
from synergy.recording.activations import autocorrelations
from synergy.recording.series_variants import (
    FEWEST_TOKENS,
    VARIANTS,
    after_output,
    detrended,
    first_differences,
    half_of_prompts,
    natural_length,
)


def recorded(series, **arrays):
    return {"activations": series.astype(np.float32), "n_tokens": full(series)} | arrays


def test_a_linear_trend_is_removed_exactly():
    series = ar1(0, 5, 80, n_prompts=3)
    slopes = np.random.default_rng(1).normal(size=(3, 5, 1))
    plain = detrended({"activations": series, "n_tokens": full(series)}, 0)
    drifting = detrended({"activations": series + 7 + slopes * np.arange(80), "n_tokens": full(series)}, 0)
    np.testing.assert_allclose(drifting["activations"], plain["activations"], atol=1e-6)
    time = np.arange(80) - 39.5
    np.testing.assert_allclose(drifting["activations"].astype(float) @ time, 0, atol=1e-3)
    np.testing.assert_allclose(drifting["activations"].astype(float).mean(axis=2), 0, atol=1e-7)


def test_a_series_that_is_a_line_becomes_constant_and_so_undefined():
    series = ar1(0, 4, 50, n_prompts=2) + 3
    series[:, 1] = 5 + 0.3 * np.arange(50)
    series[:, 2] = 2.0
    found = detrended(recorded(series), 0)
    assert (found["activations"][:, 1:3] == 0).all()
    assert (np.ptp(found["activations"][:, [0, 3]], axis=2) > 1).all()
    lost = Decomposition(found["activations"], found["n_tokens"], Settings()).run(range(n_pairs(4)))["n_undefined"]
    assert lost.tolist() == [2, 2, 0, 2, 2, 2]  # all pairs but that of heads 0 and 3


def test_detrending_fits_each_prompt_over_its_own_tokens():
    series = ar1(2, 3, 60, n_prompts=2)
    series[0, :, 40:] = np.nan
    n_tokens = np.array([40, 60])
    found = detrended({"activations": series, "n_tokens": n_tokens}, 0)
    alone = detrended({"activations": series[:1, :, :40], "n_tokens": n_tokens[:1]}, 0)
    np.testing.assert_array_equal(found["activations"][0, :, :40], alone["activations"][0])
    assert np.isnan(found["activations"][0, :, 40:]).all()
    assert np.isfinite(found["activations"][1]).all()


def test_differences_of_a_random_walk_are_white():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(20, 4, 400)), axis=2)
    found = first_differences(recorded(walk), 0)
    assert found["activations"].shape == (20, 4, 399)
    assert found["n_tokens"].tolist() == [399] * 20
    assert (autocorrelations(walk, full(walk)).mean(axis=0) > 0.95).all()
    found_mean = autocorrelations(found["activations"], found["n_tokens"]).mean(axis=0)
    np.testing.assert_allclose(found_mean, 0, atol=0.05)
    np.testing.assert_allclose(found["activations"], np.diff(walk, axis=2), atol=1e-4)


def test_differences_end_one_token_before_the_padding():
    series = ar1(3, 2, 30, n_prompts=2)
    series[0, :, 20:] = np.nan
    found = first_differences({"activations": series, "n_tokens": np.array([20, 30])}, 0)
    assert found["n_tokens"].tolist() == [19, 29]
    assert np.isfinite(found["activations"][0, :, :19]).all()
    assert np.isnan(found["activations"][0, :, 19:]).all()


def test_truncation_keeps_what_comes_before_the_natural_end_and_nothing_after():
    series = ar1(4, 3, 100, n_prompts=5)
    natural = np.array([100, 60, FEWEST_TOKENS, FEWEST_TOKENS - 1, 99])
    found = natural_length(recorded(series, natural_length=natural), 0)
    assert found["n_tokens"].tolist() == [100, 60, FEWEST_TOKENS, 99]  # the fourth is too short
    for row, origin in enumerate([0, 1, 2, 4]):
        n = found["n_tokens"][row]
        np.testing.assert_array_equal(found["activations"][row, :, :n], series[origin, :, :n].astype(np.float32))
        assert np.isnan(found["activations"][row, :, n:]).all()


def test_short_recordings_that_were_not_cut_are_kept():
    series = ar1(4, 3, 12, n_prompts=2)
    found = natural_length(recorded(series, natural_length=np.array([12, 11])), 0)
    assert found["n_tokens"].tolist() == [12]
    with pytest.raises(InputError, match="an answer of 20 tokens"):
        natural_length(recorded(series, natural_length=np.array([0, 11])), 0)


def test_half_is_stratified_and_seeded():
    category = np.repeat(["a", "b", "c", "d", "e", "f"], 10)
    series = np.broadcast_to(np.arange(60.0)[:, None, None], (60, 2, 8))
    draws = [
        half_of_prompts(recorded(series, category=category), seed)["activations"][:, 0, 0].astype(int)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert draws[0].tolist() != draws[2].tolist()
    for kept in draws:
        assert len(set(kept)) == 30
        assert (np.diff(kept) > 0).all()
        assert [np.count_nonzero(category[kept] == name) for name in "abcdef"] == [5] * 6


def test_half_of_uneven_categories_is_still_half():
    category = np.array(["a"] * 3 + ["b"] * 3 + ["c"])
    series = np.broadcast_to(np.arange(7.0)[:, None, None], (7, 2, 8))
    for seed in range(5):
        kept = half_of_prompts(recorded(series, category=category), seed)["activations"][:, 0, 0].astype(int)
        assert len(kept) == 4
        for name, n in (("a", 3), ("b", 3)):
            assert n // 2 <= np.count_nonzero(category[kept] == name) <= n // 2 + 1


def test_after_output_takes_the_other_norm():
    series = ar1(5, 3, 20, n_prompts=2)
    found = after_output(recorded(series, activations_after_output=2 * series), 0)
    np.testing.assert_array_equal(found["activations"], (2 * series).astype(np.float32))


@pytest.mark.parametrize("variant", VARIANTS)
def test_files_of_others_do_for_all_variants_but_those_that_need_more(tmp_path, variant):
    series = ar1(6, 4, 40, n_prompts=4)
    write_npz(tmp_path / "given.npz", {}, activations=series.astype(np.float32), n_tokens=full(series))
    run = {"activations": str(tmp_path / "given.npz"), "variant": variant, "seed": 0, "varied": str(tmp_path / "v.npz")}
    needed = {
        "natural_length": "natural_length",
        "half_of_prompts": "category",
        "after_output": "activations_after_output",
    }
    if variant in needed:
        with pytest.raises(InputError, match=f"an array {needed[variant]} beside") as error:
            vary_series(**run)
        assert "leave the variant out of robustness.variants" in error.value.hint
        assert not (tmp_path / "v.npz").exists()
    else:
        vary_series(**run)
        arrays, note = read_npz(tmp_path / "v.npz", ("activations", "n_tokens"))
        assert arrays["activations"].dtype == np.float32
        assert note["parameters"]["variant"] == variant
