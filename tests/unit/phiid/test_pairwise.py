"""Shards: bit-identical however cut and however often interrupted."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from artifacts import HOW, ar1, make_shards, merged, record
from decompose_pairs import decompose_pairs
from merge_pairs import merge_pairs
from places import SCRIPTS

from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError
from synergy.phiid import decomposition
from synergy.recording import activations


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recorded") / "activations.npz")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, recorded):
    folder = tmp_path_factory.mktemp("whole")
    return merged(folder, recorded, make_shards(folder, recorded, 1))


@pytest.mark.parametrize(("n_shards", "threads"), [(7, 1), (64, 1), (1, 3), (7, 2)])
def test_bits_do_not_depend_on_shards_or_threads(tmp_path, recorded, whole, n_shards, threads):
    shards = make_shards(tmp_path, recorded, n_shards, threads)
    assert merged(tmp_path, recorded, shards[::-1]) == whole


@pytest.mark.parametrize(
    "how",
    [
        {"redundancy": "ccs"},
        {"estimator": "gaussian_copula", "null_model": {"kind": "phase", "surrogates": 2}},
        {"estimator": "discrete"},
        {"estimator": "discrete", "redundancy": "ccs"},
    ],
)
def test_bits_do_not_depend_on_shards_for_any_engine(tmp_path, recorded, how):
    one, seven = tmp_path / "one", tmp_path / "seven"
    once = merged(one, recorded, make_shards(one, recorded, 1, **how))
    assert merged(seven, recorded, make_shards(seven, recorded, 7, 2, **how)) == once


def test_merged_arrays_are_those_promised(tmp_path, recorded):
    merge_pairs(make_shards(tmp_path, recorded, 2), recorded, str(tmp_path / "pairwise.npz"))
    arrays, note = read_npz(tmp_path / "pairwise.npz")
    matrices = (
        "sts_matrix",
        "rtr_matrix",
        "phi_r_matrix",
        "tdmi_matrix",
        "phi_r_null_mean",
        "phi_r_null_sd",
        "sts_null_mean",
        "sts_null_sd",
        "rtr_null_mean",
        "rtr_null_sd",
    )
    for name in matrices:
        assert arrays[name].shape == (45, 45)
        assert arrays[name].dtype == np.float64
        assert np.array_equal(arrays[name], arrays[name].T, equal_nan=True)
        assert np.isnan(np.diag(arrays[name])).all()
        assert np.isfinite(arrays[name][np.triu_indices(45, 1)]).all()
    assert arrays["head_prompt_sts"].shape == (4, 45)
    assert arrays["head_null_rtr"].shape == (3, 45)
    undefined = arrays["n_undefined"]
    assert undefined[3, 4] == 1
    assert undefined[7, 40] == 1
    assert undefined[0, 1] == 0
    assert undefined.sum() == 2 * (44 + 1)
    assert np.isnan(arrays["head_prompt_sts"]).sum() == 1  # the constant head in its prompt
    assert note["made_by"] == "merge_pairs"
    assert note["model"] == {"source": "test"}
    assert note["parameters"]["surrogates"] == 3


def test_more_shards_than_pairs(tmp_path):
    recorded = str(tmp_path / "activations.npz")
    write_npz(
        recorded, {}, activations=ar1(0, 3, 20, 0.5, 2), n_tokens=np.array([20, 20]), category=np.array(["a"] * 2)
    )
    once = merged(tmp_path, recorded, make_shards(tmp_path, recorded, 1, heads=3))
    assert merged(tmp_path, recorded, make_shards(tmp_path, recorded, 7, heads=3)) == once


def test_surrogates_0_are_accounted_for(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2, null_model={"kind": "circular_shift", "surrogates": 0})
    merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))
    arrays, _ = read_npz(tmp_path / "pairwise.npz")
    assert np.isnan(arrays["sts_null_mean"]).all()
    assert arrays["head_null_sts"].shape == (0, 45)


KILLED = """
import os, signal, sys
sys.path.insert(0, {scripts!r})
import numpy as np
import synergy.phiid.decomposition as decomposition
from decompose_pairs import decompose_pairs

def die(*arguments, **keywords):
    os.kill(os.getpid(), signal.SIGKILL)

def die_half_written(file, array, **keywords):
    file.write(bytes(1000))
    die()

if {moment!r} == "computing":
    decomposition.finish_surrogate = die
else:
    np.lib.format.write_array = die_half_written
decompose_pairs({recorded!r}, "3-of-7", 1, "mmi", "gaussian", {null!r}, 0, 9, 1, {shard!r})
"""


@pytest.mark.parametrize("moment", ["computing", "writing"])
def test_kill_9_in_a_shard_loses_only_that_shard(tmp_path, recorded, whole, moment):
    shards = make_shards(tmp_path, recorded, 7)
    Path(shards[2]).unlink()
    code = KILLED.format(
        scripts=str(SCRIPTS), moment=moment, recorded=recorded, null=HOW["null_model"], shard=shards[2]
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert not Path(shards[2]).exists()
    assert (len(list(tmp_path.glob(".*"))) == 1) == (moment == "writing")  # a temporary file under another name
    with pytest.raises(InputError, match="no such file"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))
    decompose_pairs(recorded, "3-of-7", **HOW, seed=0, threads=1, shard=shards[2])
    assert merged(tmp_path, recorded, shards) == whole


def test_each_script_looks_at_the_series_once(recorded, tmp_path, monkeypatch):
    looked_at, check_series = [], activations.check_series

    def counted(series, *rest):
        looked_at.append(len(series))
        check_series(series, *rest)

    for module in (activations, decomposition):
        monkeypatch.setattr(module, "check_series", counted)
    shards = make_shards(tmp_path, recorded, 2)
    assert len(looked_at) == 2
    merged(tmp_path, recorded, shards)
    assert len(looked_at) == 3
