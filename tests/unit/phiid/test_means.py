"""Means over partners, within layers, between layers and over some prompts are those of the matrices."""

import numpy as np
import pytest
from artifacts import HOW, ar1, full, make_shards, record
from merge_pairs import merge_pairs

from synergy.files.artifacts import read_npz
from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import n_pairs, symmetric
from synergy.recording.activations import read_activations
from synergy.statistics.descriptive import mean_defined

LAYERS, HEADS = 5, 9
SAME = np.kron(np.eye(LAYERS), np.ones((HEADS, HEADS))).astype(bool)
ABOVE = np.triu(np.ones_like(SAME), 1)


def of_layer(matrix):
    """Values of the pairs within each layer, (layers, pairs)."""
    return np.stack([matrix[k : k + HEADS, k : k + HEADS][np.triu_indices(HEADS, 1)] for k in range(0, 45, HEADS)])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What three shards of a ragged recording merge into, and the recording."""
    folder = tmp_path_factory.mktemp("means")
    recorded = record(folder / "activations.npz")
    merge_pairs(make_shards(folder, recorded, 3), recorded, str(folder / "pairwise.npz"))
    return read_npz(folder / "pairwise.npz")[0], read_activations(recorded)[0]


def check(arrays, draw, k, matrices):
    """Compare the means of one prompt or surrogate with its matrices."""
    for name in ("sts", "rtr", "phi_r"):
        within, between = of_layer(matrices[name]), matrices[name][~SAME & ABOVE]
        expected = {"within": np.nanmean(within, axis=1), "between": np.nanmean(between)}
        expected["head"] = mean_defined(matrices[name], axis=1)
        for place, means in expected.items():
            np.testing.assert_allclose(arrays[f"{place}_{draw}_{name}"][k], means, atol=1e-11)
    assert arrays[f"within_{draw}_pairs"][k].tolist() == np.isfinite(within).sum(axis=1).tolist()
    assert arrays[f"between_{draw}_pairs"][k] == np.isfinite(between).sum()


def test_means_of_each_prompt(made):
    arrays, recorded = made
    for prompt in range(4):
        one = {name: recorded[name][prompt : prompt + 1] for name in ("activations", "n_tokens")}
        found = Decomposition(*one.values(), Settings()).run(range(n_pairs(45)))
        check(arrays, "prompt", prompt, {name: symmetric(found[name], 45) for name in ("sts", "rtr", "phi_r")})


def test_means_of_each_surrogate(made):
    arrays, recorded = made
    settings = Settings(surrogates=HOW["null_model"]["surrogates"])
    drawn = Decomposition(recorded["activations"], recorded["n_tokens"], settings).surrogate_matrices(range(3))
    for surrogate, matrices in enumerate(drawn):
        check(arrays, "null", surrogate, matrices)


def test_one_layer_has_no_pairs_between_layers():
    series = ar1(0, 4, 40)
    found = Decomposition(series, full(series), Settings(heads=4)).run(range(6))
    assert found["layer_prompt_sums"].shape == (1, 4, 1)
    assert found["layer_prompt_sums"][0, :3, 0].tolist() == (found["head_prompt_sums"][0, :3].sum(axis=1) / 2).tolist()


def test_heads_that_make_no_whole_layers_are_refused():
    series = ar1(0, 5, 40)
    with pytest.raises(InputError, match="layers of 4 heads; found 5 heads in all"):
        Decomposition(series, full(series), Settings(heads=4))


@pytest.mark.parametrize("redundancy", ["mmi", "ccs"])
def test_leaving_out_a_group_is_decomposing_the_others(made, redundancy):
    activations, lengths = made[1]["activations"], made[1]["n_tokens"]
    settings, groups = Settings(redundancy=redundancy), [np.array([2]), np.array([3, 0]), np.array([1])]
    found = list(Decomposition(activations, lengths, settings, threads=2).leave_out(groups))
    assert len(found) == len(groups)
    for group, matrices in zip(groups, found, strict=True):
        others = np.setdiff1d(np.arange(4), group)
        expected = Decomposition(activations[others], lengths[others], settings).run(range(n_pairs(45)))
        for name in ("sts", "rtr", "phi_r"):
            np.testing.assert_allclose(matrices[name], symmetric(expected[name], 45), atol=1e-12)


def test_a_pair_that_only_the_group_left_out_defines_is_undefined():
    series = ar1(1, 3, 40, n_prompts=3)
    series[1:, 2] = 0.0
    first, second = Decomposition(series, full(series), Settings()).leave_out([np.array([0]), np.array([1, 2])])
    assert np.isnan(first["sts"][2]).all()
    assert np.isfinite(second["sts"][2, :2]).all()


@pytest.mark.parametrize("groups", [[[0], [1]], [[0, 1], [1, 2]], []])
def test_groups_that_are_no_partition_are_refused(groups):
    series = ar1(2, 3, 40, n_prompts=3)
    with pytest.raises(InputError, match="each of 3 prompts once"):
        list(Decomposition(series, full(series), Settings()).leave_out([np.array(group) for group in groups]))
