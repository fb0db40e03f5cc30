"""Merging shards refuses what does not belong together."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from artifacts import make_shards, record
from merge_pairs import merge_pairs

from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small recording, and all its pairs in two shards and in three."""
    folder = tmp_path_factory.mktemp("made")
    recorded = record(folder / "activations.npz")
    return recorded, make_shards(folder, recorded, 2), make_shards(folder, recorded, 3)


def refused(made, folder, shards, message):
    with pytest.raises(InputError, match=message):
        merge_pairs(shards, made[0], str(folder / "pairwise.npz"))
    assert not (folder / "pairwise.npz").exists()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (0, "330 pairs missing before .*2-of-3"),
        (1, "330 pairs missing before .*3-of-3.* after .*1-of-3"),
        (2, "330 pairs missing after .*2-of-3"),
    ],
)
def test_merge_refuses_a_gap(made, tmp_path, missing, message):
    refused(made, tmp_path, made[2][:missing] + made[2][missing + 1 :], message)


def test_merge_refuses_an_overlap_and_nothing_at_all(made, tmp_path):
    refused(made, tmp_path, made[2] + made[1][:1], r"overlaps .* by 330 pairs.*\n.*delete both")
    refused(made, tmp_path, [], "at least one shard")


def test_merge_refuses_shards_of_other_activations(made, tmp_path):
    other = record(tmp_path / "other.npz", seed=1)
    shards = [made[1][0], make_shards(tmp_path / "other", other, 2)[1]]
    refused(made, tmp_path, shards, r"fingerprint .*other/2-of-2.npz\.\n.*delete .*other/2-of-2.npz")


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
def test_merge_refuses_mixed_parameters(made, tmp_path, change, message):
    refused(made, tmp_path, [made[1][0], make_shards(tmp_path / "changed", made[0], 2, **change)[1]], message)


def put(name, value):
    return lambda arrays, note: arrays[name].__setitem__(7, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(
            (put(name, value), rf"finite {name} in .*2-of-2.npz.* found {value} for pair 502.*\n.*delete")
            for name in ("sts", "tdmi", "rtr_null_mean", "sts_null_sd")
            for value in (np.nan, np.inf)
        ),
        (put("n_undefined", 4), "counted as undefined"),
        (lambda arrays, note: arrays.update(rtr=arrays["rtr"][:-1]), r"rtr of 495 pairs in .*2-of-2.npz"),
        (
            lambda arrays, note: note.update(library_version="0.0.9+0123"),
            r"library_version = .*found library_version = 0.0.9\+0123",
        ),
    ],
)
def test_merge_refuses_what_is_not_accounted_for(made, tmp_path, change, message):
    arrays, note = read_npz(made[1][1])
    change(arrays, note)
    write_npz(tmp_path / "2-of-2.npz", note, **arrays)
    refused(made, tmp_path, [made[1][0], str(tmp_path / "2-of-2.npz")], message)


def test_merge_refuses_a_truncated_shard(made, tmp_path):
    cut = Path(shutil.copy(made[1][1], tmp_path))
    cut.write_bytes(cut.read_bytes()[:-2000])
    refused(made, tmp_path, [made[1][0], str(cut)], r"complete npz .*2-of-2.npz[\s\S]*mv .*2-of-2.npz")
