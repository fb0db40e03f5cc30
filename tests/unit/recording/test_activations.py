"""A file of activations, which users may bring: whatever is wrong with its arrays is refused in three parts."""

import numpy as np
import pytest

from synergy.files.artifacts import write_npz
from synergy.files.errors import InputError
from synergy.recording.activations import prompt_groups, read_activations

SERIES, LENGTHS = np.ones((4, 3, 8), np.float32), np.full(4, 8)


def put(array, value, *place):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("arrays", "expected", "found"),
    [
        ({"activations": put(SERIES, np.nan, 1, 2, 3)}, "finite activations", "nan in prompt 1, head 2, token 3"),
        ({"activations": put(SERIES, np.inf, 0, 0, 0)}, "finite activations", "inf in prompt 0, head 0, token 0"),
        ({"activations": SERIES[0]}, "activations (n_prompts, n_heads_total, n_tokens)", "shapes (3, 8)"),
        ({"activations": SERIES.astype(int)}, "floats for activations", "int64"),
        ({"activations": SERIES + 1j}, "floats for activations", "complex"),
        ({"activations": SERIES.astype(str)}, "floats for activations", "types <U"),
        ({"activations": None}, "arrays activations", "no activations"),
        ({"n_tokens": None, "activations": SERIES[0]}, "activations (n_prompts, n_heads_total, n_tokens)", "shapes"),
        ({"n_tokens": None, "activations": SERIES.astype(int)}, "floats for activations", "int64"),
        ({"n_tokens": None, "activations": put(SERIES, np.nan, 1, 2, 7)}, "finite activations", "head 2, token 7"),
        ({"n_tokens": None, "activations": put(SERIES, np.nan, 1, slice(None), 3)}, "finite activations", "token 3"),
        ({"n_tokens": None, "activations": put(SERIES, np.nan, 1)}, "n_tokens of at least 1", "found 0"),
        ({"n_tokens": LENGTHS + 0.5}, "whole numbers for n_tokens", "float64"),
        ({"n_tokens": put(LENGTHS, 0, 0)}, "n_tokens of at least 1", "found 0"),
        ({"n_tokens": put(LENGTHS, 9, 0)}, "n_tokens of at most 8", "found 9"),
        ({"n_tokens": LENGTHS[:-1]}, "n_tokens (n_prompts,)", "(3,)"),
        ({"activations": SERIES[:0], "n_tokens": LENGTHS[:0]}, "at least 1 prompt", "0 prompts"),
        ({"category": np.array(["a", "b"])}, "category (4,)", "shape (2,)"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, arrays, expected, found):
    path = tmp_path / "own.npz"
    arrays = {"activations": SERIES, "n_tokens": LENGTHS, **arrays}
    write_npz(path, {}, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(InputError) as error:
        read_activations(str(path))
    assert str(path) in error.value.expected
    assert expected in error.value.expected
    assert found in f"found {error.value.found}"
    assert "record the activations again" in error.value.hint or "run the workflow again" in error.value.hint


def test_padding_beyond_a_prompts_length_may_be_anything(tmp_path):
    write_npz(tmp_path / "own.npz", {}, activations=put(SERIES, np.nan, 1, slice(None), 7), n_tokens=put(LENGTHS, 7, 1))
    arrays, _ = read_activations(str(tmp_path / "own.npz"))
    assert np.isnan(arrays["activations"][1, :, 7]).all()


@pytest.mark.parametrize(("sizes", "n_groups"), [((10,) * 6, 12), ((10,) * 6, 7), ((3, 1, 9), 4), ((2, 2), 12)])
def test_groups_of_prompts_are_balanced_and_hold_every_prompt_once(sizes, n_groups):
    category = np.random.default_rng(0).permutation(np.repeat([f"c{k}" for k in range(len(sizes))], sizes))
    groups = prompt_groups(category, n_groups)
    assert len(groups) == min(n_groups, len(category))
    assert sorted(np.concatenate(groups)) == list(range(len(category)))
    sizes_found = [len(group) for group in groups]
    assert max(sizes_found) - min(sizes_found) <= 1
    for name in set(category):
        held = [(category[group] == name).sum() for group in groups]
        assert max(held) - min(held) <= 1


@pytest.mark.parametrize("n_tokens", [[8, 8, 8, 8], [8, 5, 1, 7]])
def test_lengths_follow_from_what_pads_the_series(tmp_path, n_tokens):
    """As other pipelines write them: the series alone."""
    series = SERIES.copy()
    for prompt, n in enumerate(n_tokens):
        series[prompt, :, n:] = np.nan
    np.savez(tmp_path / "own.npz", activations=series)
    arrays, note = read_activations(str(tmp_path / "own.npz"))
    assert arrays["n_tokens"].tolist() == n_tokens
    assert note == {}
