"""What an interrupted job leaves is used where it is its own, and ignored with a word where it is not."""

import numpy as np
import pytest

from synergy.files.artifacts import write_npz
from synergy.files.unfinished import Unfinished, digest_of

RESULTS = np.array([[1.0, np.nan], [2.0, np.nan]])


@pytest.fixture
def checkpoint(tmp_path):
    return Unfinished(tmp_path / "orders" / "random-3.npz", "mark")


def test_results_come_back_and_go_with_the_output(checkpoint, capsys):
    assert checkpoint.load((2, 2)) is None
    checkpoint.save(RESULTS)
    np.testing.assert_array_equal(checkpoint.load((2, 2)), RESULTS)
    assert "1 of 2 are done" in capsys.readouterr().out
    assert [path.name for path in checkpoint.path.parent.iterdir()] == [".random-3.unfinished.npz"]
    checkpoint.remove()
    assert checkpoint.load((2, 2)) is None
    checkpoint.remove()  # another copy of the job may have been faster


def test_orders_do_not_share_a_checkpoint(tmp_path):
    names = ("random-1.npz", "random-10.npz", "mean-random-1.npz")
    assert len({Unfinished(tmp_path / name, "mark").path for name in names}) == 3


def test_results_of_other_inputs_are_ignored(checkpoint, tmp_path, capsys):
    checkpoint.save(RESULTS)
    assert Unfinished(tmp_path / "orders" / "random-3.npz", "another").load((2, 2)) is None
    assert "other inputs or settings" in capsys.readouterr().out
    assert checkpoint.load((3, 2)) is None


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "foreign"])
def test_damaged_results_are_ignored(checkpoint, damage, capsys):
    checkpoint.save(RESULTS)
    whole = checkpoint.path.read_bytes()
    if damage == "foreign":
        write_npz(checkpoint.path, {}, something=np.zeros(2))
    else:
        checkpoint.path.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"x" * 99, "empty": b""}[damage])
    assert checkpoint.load((2, 2)) is None
    assert "cannot be read" in capsys.readouterr().out


def test_two_copies_of_a_job_replace_each_others_whole_results(checkpoint, tmp_path):
    copy = Unfinished(tmp_path / "orders" / "random-3.npz", "mark")
    other = np.array([[np.nan, 3.0], [np.nan, 4.0]])
    checkpoint.save(RESULTS)
    copy.save(other)
    np.testing.assert_array_equal(checkpoint.load((2, 2)), other)
    copy.remove()
    checkpoint.save(RESULTS)
    np.testing.assert_array_equal(copy.load((2, 2)), RESULTS)


def test_digest_tells_values_apart():
    assert digest_of([1, 2], "a") == digest_of([1, 2], "a")
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert len({digest_of(*parts) for parts in ([[1, 2]], [[2, 1]], ["12"], [1, 2], [12])}) == 5
