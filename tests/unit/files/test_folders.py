"""Folders that are made whole or not at all, and disks that fill."""

import errno
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synergy.files.errors import InputError
from synergy.files.folders import atomic_folder, disk_is_full, room_on_disk
from synergy.files.shards import read_checksums, take_from_ranges


def test_a_folder_is_replaced_whole_or_left_as_it_was(tmp_path):
    with atomic_folder(tmp_path / "model") as partial:
        (partial / "a").write_text("old")
    with pytest.raises(IsADirectoryError), atomic_folder(tmp_path / "model") as partial:
        partial.write_text("stops half way")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["a"]
    with atomic_folder(tmp_path / "model") as partial:
        (partial / "c").write_text("new")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["c"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_sha256sum_finds_the_files_as_they_are_listed(tmp_path):
    with atomic_folder(tmp_path / "1-of-2", tmp_path / "1-of-2.sha256") as partial:
        (partial / "a").write_text("some")
        (partial / "b c").write_text("other")
    check = ["sha256sum", "-c", "--strict", "1-of-2.sha256"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True, check=True).stdout.count(b": OK") == 2
    outputs = [tmp_path / "taken" / name for name in ("a", "b c")]
    take_from_ranges([tmp_path / "1-of-2"], [tmp_path / "1-of-2.sha256"], outputs)
    assert [path.read_text() for path in outputs] == ["some", "other"]


@pytest.mark.parametrize("spoil", [lambda f: f.write_text("so"), lambda f: f.unlink()], ids=["changed", "gone"])
def test_a_file_that_is_not_as_its_job_left_it_is_not_taken(tmp_path, spoil):
    with atomic_folder(tmp_path / "1-of-1", tmp_path / "1-of-1.sha256") as partial:
        (partial / "a").write_text("some")
    spoil(tmp_path / "1-of-1/a")
    with pytest.raises(InputError, match="1-of-1"):
        take_from_ranges([tmp_path / "1-of-1"], [tmp_path / "1-of-1.sha256"], [tmp_path / "a"])
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("line", ["", "0  a", "g" * 64 + "  a", "0" * 64 + " a", "\x00"])
def test_a_list_of_checksums_that_is_none_is_refused(tmp_path, line):
    (tmp_path / "1-of-1.sha256").write_text(f"{'0' * 64}  1-of-1/a\n{line}\n")
    with pytest.raises(InputError, match=r"1-of-1\.sha256"):
        read_checksums(tmp_path / "1-of-1.sha256")


def _make_often(path, number):
    for _ in range(50):
        with atomic_folder(path) as partial:
            for name in "abc":
                (partial / name).write_text(str(number))


def test_processes_that_make_the_same_folder_do_not_mix(tmp_path):
    start = multiprocessing.get_context("fork").Process
    processes = [start(target=_make_often, args=(tmp_path / "model", number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert len({(tmp_path / "model" / name).read_text() for name in "abc"}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_killed_process_left_is_deleted_and_what_a_living_one_makes_is_not(tmp_path):
    host = os.uname().nodename
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for process in (dead.pid, os.getppid()):
        (tmp_path / f".model-{host}-{process}").mkdir()
    with atomic_folder(tmp_path / "model"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"model", f".model-{host}-{os.getppid()}"}


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (RuntimeError("I/O error: No space left on device (os error 28)"), True),
        (OSError(errno.EACCES, "denied"), False),
        (ValueError("something else"), False),
    ],
)
def test_full_disks_are_told_from_other_troubles(tmp_path, error, full):
    assert disk_is_full(error) == full
    with pytest.raises(InputError if full else type(error)), room_on_disk(tmp_path / "not/yet/there"):
        raise error
    if full:
        assert disk_is_full(chained(RuntimeError("wrapped"), error))


def test_a_disk_that_fills_while_weights_are_saved(tmp_path):
    """The real thing: /dev/full takes no byte."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(InputError, match="room on the disk"), room_on_disk(tmp_path):
        Path("/dev/full").write_text("a")
