"""Merging shards refuses what does not belong together."""

from pathlib import Path

import numpy as np
import pytest
from decompose_pairs import decompose_pairs
from merge_pairs import merge_pairs
from pair_shards import HOW, make_shards, record

from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recorded") / "activations.npz")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (0, "330 pairs missing before .*2-of-3"),
        (1, "330 pairs missing before .*3-of-3.* after .*1-of-3"),
        (2, "330 pairs missing after .*2-of-3"),
    ],
)
def test_merge_refuses_a_gap(tmp_path, recorded, missing, message):
    shards = make_shards(tmp_path, recorded, 3)
    del shards[missing]
    with pytest.raises(InputError, match=message):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_an_overlap(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 3) + make_shards(tmp_path, recorded, 2)[:1]
    with pytest.raises(InputError, match=r"overlaps .* by 330 pairs.*\n.*delete both"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_shards_of_other_activations(tmp_path, recorded):
    other = record(tmp_path / "other.npz", seed=1)
    shards = [*make_shards(tmp_path, recorded, 2)[:1], make_shards(tmp_path / "other", other, 2)[1]]
    with pytest.raises(InputError, match=r"fingerprint .*other/2-of-2.npz\.\n.*delete .*other/2-of-2.npz"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lag": 2}, "lag = 1 as in .*found lag = 2 in .*changed/2-of-2"),
        ({"seed": 1}, "seed = 0 .*seed = 1"),
        ({"redundancy": "ccs"}, "redundancy = mmi .*redundancy = ccs"),
        (
            {"null_model": {"kind": "phase", "surrogates": 4}},
            "null_kind = circular_shift, surrogates = 3 .*surrogates = 4",
        ),
    ],
)
def test_merge_refuses_mixed_parameters(tmp_path, recorded, change, message):
    shards = [*make_shards(tmp_path, recorded, 2)[:1], make_shards(tmp_path / "changed", recorded, 2, **change)[1]]
    with pytest.raises(InputError, match=message):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_another_version_of_the_library(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2)
    arrays, note = read_npz(shards[1])
    write_npz(shards[1], note | {"library_version": "0.0.9+0123"}, **arrays)
    with pytest.raises(InputError, match=r"library_version = .*found library_version = 0.0.9\+0123"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["sts", "tdmi", "rtr_null_mean", "sts_null_sd"])
def test_merge_refuses_values_that_are_not_accounted_for(tmp_path, recorded, name, value):
    shards = make_shards(tmp_path, recorded, 2)
    arrays, note = read_npz(shards[1])
    arrays[name][7] = value
    write_npz(shards[1], note, **arrays)
    with pytest.raises(InputError, match=rf"finite {name} in .*2-of-2.npz.* found {value} for pair 502.*\n.*delete"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_undefined_pairs_that_hold_values(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2)
    arrays, note = read_npz(shards[1])
    arrays["n_undefined"][7] = 4
    write_npz(shards[1], note, **arrays)
    with pytest.raises(InputError, match="counted as undefined"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_arrays_of_another_size(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2)
    arrays, note = read_npz(shards[1])
    arrays["rtr"] = arrays["rtr"][:-1]
    write_npz(shards[1], note, **arrays)
    with pytest.raises(InputError, match=r"rtr of 495 pairs in .*2-of-2.npz"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_a_truncated_shard(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2)
    Path(shards[1]).write_bytes(Path(shards[1]).read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"complete npz .*2-of-2.npz[\s\S]*delete .*2-of-2.npz"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))


def test_merge_refuses_no_shards(tmp_path, recorded):
    with pytest.raises(InputError, match="at least one shard"):
        merge_pairs([], recorded, str(tmp_path / "pairwise.npz"))


def test_truncated_activations_are_refused(tmp_path, recorded):
    broken = tmp_path / "activations.npz"
    broken.write_bytes(Path(recorded).read_bytes()[:-2000])
    with pytest.raises(InputError, match="complete npz"):
        decompose_pairs(str(broken), "1-of-1", **HOW, seed=0, threads=1, shard=str(tmp_path / "shard.npz"))
    assert not (tmp_path / "shard.npz").exists()
