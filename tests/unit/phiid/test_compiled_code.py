"""Compiled code is kept, per version of the kernels, in the first folder that can be written to, and made once."""

import os
import subprocess
import sys
import time

import pytest
from places import SCRIPTS

from synergy.phiid.decomposition import alone
from synergy.phiid.kernels import compiled_code as jit

CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from synergy.phiid.decomposition import Settings, compile_kernels
compile_kernels(Settings(surrogates=2))
"""

ROTATE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from synergy.phiid.nulls import rotate
rotate(np.zeros((4, 2, 8)), np.ones(4, dtype=np.int64), 6, np.zeros((4, 2, 8)))
print(sum(rotate.stats.cache_hits.values()), sum(rotate.stats.cache_misses.values()))
"""


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Leave numba's folder as it was."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(jit.keep_compiled_code()))
    yield
    monkeypatch.undo()
    jit.keep_compiled_code()


def test_given_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert jit.keep_compiled_code() == tmp_path / jit.kernel_digest()
    assert jit.keep_compiled_code() == tmp_path / jit.kernel_digest()  # not nested the second time


def test_folder_that_cannot_be_made_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(jit, "HERE", tmp_path / "file")
    monkeypatch.setattr(jit, "kernel_digest", lambda: "0123")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert jit.keep_compiled_code() == tmp_path / "user" / "synergy" / "0123"


def test_digest_changes_with_any_kernel(tmp_path, monkeypatch):
    before = jit.kernel_digest()
    copies = [tmp_path / path.name for path in jit.KERNELS]
    for path, copy in zip(jit.KERNELS, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(jit, "KERNELS", copies)
    assert jit.kernel_digest() == before
    (tmp_path / "ccs.py").write_text("changed")
    assert jit.kernel_digest() != before


def test_every_module_that_compiles_counts():
    compiling = {path for path in (SCRIPTS / "synergy").rglob("*.py") if "@njit" in path.read_text()}
    assert compiling <= set(jit.KERNELS)


def rotated(folder):
    """Cache hits and misses of a process that runs one kernel, counted by numba itself."""
    command, environment = [sys.executable, "-c", ROTATE, str(SCRIPTS)], os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_second_process_compiles_nothing(tmp_path):
    assert [rotated(tmp_path) for _ in range(2)] == [["0", "1"], ["1", "0"]]


@pytest.mark.parametrize("lost", ["*.nbi", "*.nbc"])
def test_an_index_or_code_of_no_bytes_is_compiled_anew(lost, tmp_path):
    """As a disk that lost its power leaves them."""
    rotated(tmp_path)
    (found,) = tmp_path.rglob(lost)
    found.write_bytes(b"")
    assert [rotated(tmp_path) for _ in range(2)] == [["0", "1"], ["1", "0"]]
    assert found.stat().st_size


@pytest.mark.parametrize("script", ["merge_pairs", "rank_heads"])
def test_scripts_that_compile_nothing_start_light(script):
    """Neither numba nor torch, which analysis does not need here."""
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {script}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, str(SCRIPTS)], capture_output=True, text=True, check=True)
    assert not {"numba", "torch"} & set(run.stdout.split())


def test_of_processes_that_start_together_one_compiles(tmp_path):
    command = [sys.executable, "-c", CODE, str(SCRIPTS)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(3)]
    said = [process.communicate()[0] for process in processes]
    assert not any(process.returncode for process in processes)
    assert sorted("data saved" in text for text in said) == [False, False, True]


def test_lock_is_waited_for_but_not_for_ever(tmp_path):
    with alone(tmp_path):
        before = time.monotonic()
        with alone(tmp_path, patience_s=0.3):
            assert time.monotonic() - before >= 0.3
    with alone(tmp_path, patience_s=100):
        assert time.monotonic() - before < 10
