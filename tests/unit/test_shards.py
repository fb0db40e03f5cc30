"""Shards: bit-identical however cut and however often interrupted; merge refuses what does not belong together."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from decompose_pairs import decompose_pairs
from merge_pairs import merge_pairs
from simulated import ar1

from synergy.artifacts import read_npz, write_npz
from synergy.errors import InputError

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
HOW = {"lag": 1, "redundancy": "mmi", "estimator": "gaussian", "null": {"kind": "circular_shift", "surrogates": 3}}


def record(path, seed=0):
    """Ragged activations with a head that is constant in one prompt and two that are copies in another."""
    series = ar1(seed, 45, 40, 0.6, 4).astype(np.float32)
    series[2, 3] = 1.0
    series[1, 40] = series[1, 7]
    n_tokens = np.array([40, 40, 31, 35])
    for p, n in enumerate(n_tokens):
        series[p, :, n:] = np.nan
    write_npz(path, {"model": {"source": "test"}}, activations=series, n_tokens=n_tokens, category=np.array(["a"] * 4))
    return str(path)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recorded") / "activations.npz")


def make_shards(folder, recorded, n_shards, threads=1, **changes):
    paths = []
    for k in range(1, n_shards + 1):
        paths.append(str(folder / f"{k}-of-{n_shards}.npz"))
        decompose_pairs(
            recorded, f"{k}-of-{n_shards}", **(HOW | {"seed": 0} | changes), threads=threads, shard=paths[-1]
        )
    return paths


def digests(path):
    arrays, _ = read_npz(path)
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


def merged(folder, recorded, shards):
    merge_pairs(shards, recorded, str(folder / "pairwise.npz"))
    return digests(folder / "pairwise.npz")


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
        {"estimator": "gaussian_copula", "null": {"kind": "phase", "surrogates": 2}},
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
        "tdmi_matrix",
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
    once = merged(tmp_path, recorded, make_shards(tmp_path, recorded, 1))
    assert merged(tmp_path, recorded, make_shards(tmp_path, recorded, 7)) == once


def test_surrogates_0_are_accounted_for(tmp_path, recorded):
    shards = make_shards(tmp_path, recorded, 2, null={"kind": "circular_shift", "surrogates": 0})
    merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))
    arrays, _ = read_npz(tmp_path / "pairwise.npz")
    assert np.isnan(arrays["sts_null_mean"]).all()
    assert arrays["head_null_sts"].shape == (0, 45)


KILLED = """
import os, signal, sys
sys.path.insert(0, {scripts!r})
import numpy as np
import synergy.decomposition as decomposition
from decompose_pairs import decompose_pairs

def die(*arguments, **keywords):
    os.kill(os.getpid(), signal.SIGKILL)

def die_half_written(file, **arrays):
    file.write(b"PK" + bytes(1000))
    file.flush()
    die()

if {moment!r} == "computing":
    decomposition.finish_surrogate = die
else:
    np.savez_compressed = die_half_written
decompose_pairs({recorded!r}, "3-of-7", 1, "mmi", "gaussian", {null!r}, 0, 1, {shard!r})
"""


@pytest.mark.parametrize("moment", ["computing", "writing"])
def test_kill_9_in_a_shard_loses_only_that_shard(tmp_path, recorded, whole, moment):
    shards = make_shards(tmp_path, recorded, 7)
    Path(shards[2]).unlink()
    code = KILLED.format(scripts=str(SCRIPTS), moment=moment, recorded=recorded, null=HOW["null"], shard=shards[2])
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert not Path(shards[2]).exists()
    assert (len(list(tmp_path.glob(".*"))) == 1) == (moment == "writing")  # a temporary file under another name
    with pytest.raises(InputError, match="no such file"):
        merge_pairs(shards, recorded, str(tmp_path / "pairwise.npz"))
    decompose_pairs(recorded, "3-of-7", **HOW, seed=0, threads=1, shard=shards[2])
    assert merged(tmp_path, recorded, shards) == whole


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
        ({"null": {"kind": "phase", "surrogates": 4}}, "null_kind = circular_shift, surrogates = 3 .*surrogates = 4"),
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
