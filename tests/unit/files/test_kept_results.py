"""What a job leaves is used where it is the same result's, and passed over with a word where it is damaged or not."""

import json
import os
import shutil
from contextlib import nullcontext

import numpy as np
import pytest

from synergy.files.artifacts import write_json, write_npz
from synergy.files.errors import InputError
from synergy.files.folders import HALLMARKS, is_own
from synergy.files.kept_results import Kept, Unfinished, digest_of, require_ours

MADE_OF = {"heads": [3, 1], "dtype": "float32", "sigma": 0.5}
MADE_BY = {"made_by": "ablate_heads", "code_version": "1.2.3+abc"}
RESULTS = np.array([[1.0, np.nan], [2.0, np.nan]])


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "kept", "order", MADE_OF)


@pytest.fixture
def outputs(kept, tmp_path):
    """Two files of a job, kept."""
    paths = {"kl": tmp_path / "results/random-1.npz", "tokens": tmp_path / "results/tokens.json"}
    write_npz(paths["kl"], {}, kl_nats=np.arange(3.0))
    write_json(paths["tokens"], {"prompts": []})
    kept.keep(paths, MADE_BY)
    return paths


def content(paths):
    return {name: path.read_bytes() for name, path in paths.items()}


def lost(paths):
    """Bytes of the outputs, which are deleted."""
    before = content(paths)
    for path in paths.values():
        path.unlink()
    return before


@pytest.mark.parametrize("links", [True, False])
def test_a_deleted_output_is_found_again_and_says_what_made_it(kept, outputs, links, monkeypatch, capsys):
    if not links:  # another disk
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(18, "Invalid cross-device link")))
    before = lost(outputs)
    assert kept.find(outputs)
    assert content(outputs) == before
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert f"Found: order in {kept.folder}, made by ablate_heads, version 1.2.3+abc; nothing was computed" in said
    assert outputs["kl"].samefile(kept.folder / "kl.npz") == links
    assert sorted(path.name for path in outputs["kl"].parent.iterdir()) == ["random-1.npz", "tokens.json"]
    assert kept.find(outputs)  # over what is there


def test_nothing_is_found_that_was_not_kept(kept, tmp_path, capsys):
    output = {"kl": tmp_path / "own.npz"}
    output["kl"].write_bytes(b"a user's")
    nowhere = Kept(None, "order", MADE_OF)
    nowhere.keep(output, MADE_BY)
    assert not nowhere.find(output)
    assert not kept.find(output)
    assert output["kl"].read_bytes() == b"a user's"
    assert list(tmp_path.iterdir()) == [output["kl"]]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "others",
    [{"heads": [1, 3]}, {"dtype": "bfloat16"}, {"sigma": 1.0}, {"seed": 0}, {"kind": "answers"}],
    ids=lambda others: next(iter(others)),
)
def test_each_part_of_a_key_changes_it(kept, outputs, tmp_path, others):
    other = Kept(tmp_path / "kept", others.pop("kind", "order"), MADE_OF | others)
    assert other.key != kept.key
    assert not other.find(outputs)


def test_an_output_that_is_written_anew_leaves_what_is_kept_as_it_was(kept, outputs):
    assert outputs["kl"].samefile(kept.folder / "kl.npz")
    before = content(outputs)
    write_npz(outputs["kl"], {}, kl_nats=np.zeros(3))
    assert outputs["kl"].read_bytes() != before["kl"]
    assert kept.find(outputs)
    assert content(outputs) == before


@pytest.mark.parametrize(
    "damage", ["cut", "written into", "no file", "no manifest", "half a manifest", "other form", "other key"]
)
def test_a_damaged_result_is_passed_over_and_kept_anew(kept, outputs, damage, capsys):
    file, manifest = kept.folder / "tokens.json", kept.folder / "manifest.json"
    whole = manifest.read_text()
    if damage == "cut":
        os.truncate(file, 3)
    elif damage == "written into":  # as a programme does that does not rename: the two names are one file
        outputs["tokens"].write_text("mended by hand")
    elif damage.startswith("no "):
        (file if damage == "no file" else manifest).unlink()
    elif damage == "half a manifest":
        manifest.write_text(whole[:100])
    elif damage == "other form":
        manifest.write_text("[]")
    else:
        manifest.write_text(json.dumps(json.loads(whole) | {"made_of": {}}))
    for path in outputs.values():
        path.unlink()
    assert not kept.find(outputs)
    assert "Computing again" in capsys.readouterr().out
    assert not any(path.exists() for path in outputs.values())
    write_npz(outputs["kl"], {}, kl_nats=np.ones(3))
    write_json(outputs["tokens"], {"prompts": [1]})
    kept.keep(outputs, MADE_BY)
    before = lost(outputs)
    assert kept.find(outputs)
    assert content(outputs) == before


def test_a_job_killed_while_it_keeps_leaves_nothing_that_is_found(kept, outputs, monkeypatch):
    shutil.rmtree(kept.folder)
    with monkeypatch.context() as patch:
        patch.setattr("synergy.files.kept_results.write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kept.keep(outputs, MADE_BY)
    assert not kept.find(outputs)
    kept.keep(outputs, MADE_BY)
    assert kept.find(outputs)
    assert [path.name for path in kept.folder.parent.iterdir()] == [kept.key]


def test_two_jobs_that_keep_the_same_result_leave_one_whole(kept, outputs, monkeypatch):
    """The second runs from start to end while the first is about to put its folder in place."""
    keep, inside = Kept.keep, []

    def interleaved(path, record):
        if not inside:
            inside.append(True)
            with monkeypatch.context() as patch:
                patch.setattr(os, "getpid", lambda: 1)  # of another process, which is alive
                keep(kept, outputs, MADE_BY)
        write_json(path, record)

    monkeypatch.setattr("synergy.files.kept_results.write_json", interleaved)
    kept.keep(outputs, MADE_BY)
    assert inside
    before = lost(outputs)
    assert kept.find(outputs)
    assert content(outputs) == before
    assert [path.name for path in kept.folder.parent.iterdir()] == [kept.key]


def test_a_store_that_cannot_be_written_fails_no_job(tmp_path, outputs, capsys):
    (tmp_path / "full").write_text("a file where the store should be")
    Kept(tmp_path / "full", "order", MADE_OF).keep(outputs, MADE_BY)
    assert "Not kept for later runs" in capsys.readouterr().out
    assert all(path.exists() for path in outputs.values())


@pytest.fixture
def unfinished(tmp_path):
    return Unfinished(tmp_path / "orders" / "random-3.npz", "mark")


def test_results_come_back_and_go_with_the_output(unfinished, capsys):
    assert unfinished.load((2, 2)) is None
    unfinished.save(RESULTS)
    np.testing.assert_array_equal(unfinished.load((2, 2)), RESULTS)
    assert "1 of 2 are done" in capsys.readouterr().out
    assert [path.name for path in unfinished.path.parent.iterdir()] == [".random-3.unfinished.npz"]
    unfinished.remove()
    assert unfinished.load((2, 2)) is None
    unfinished.remove()  # another copy of the job may have been faster


def test_orders_do_not_share_what_is_unfinished(tmp_path):
    names = ("random-1.npz", "random-10.npz", "mean-random-1.npz")
    assert len({Unfinished(tmp_path / name, "mark").path for name in names}) == 3


def test_results_of_other_inputs_are_ignored(unfinished, tmp_path, capsys):
    unfinished.save(RESULTS)
    assert Unfinished(tmp_path / "orders" / "random-3.npz", "another").load((2, 2)) is None
    assert "other inputs or settings" in capsys.readouterr().out
    assert unfinished.load((3, 2)) is None


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "foreign"])
def test_damaged_results_are_ignored(unfinished, damage, capsys):
    unfinished.save(RESULTS)
    whole = unfinished.path.read_bytes()
    if damage == "foreign":
        write_npz(unfinished.path, {}, something=np.zeros(2))
    else:
        unfinished.path.write_bytes({"cut": whole[: len(whole) // 2], "garbage": b"x" * 99, "empty": b""}[damage])
    assert unfinished.load((2, 2)) is None
    assert "cannot be read" in capsys.readouterr().out


def test_two_copies_of_a_job_replace_each_others_whole_results(unfinished, tmp_path):
    copy = Unfinished(tmp_path / "orders" / "random-3.npz", "mark")
    other = np.array([[np.nan, 3.0], [np.nan, 4.0]])
    unfinished.save(RESULTS)
    copy.save(other)
    np.testing.assert_array_equal(unfinished.load((2, 2)), other)
    copy.remove()
    unfinished.save(RESULTS)
    np.testing.assert_array_equal(copy.load((2, 2)), RESULTS)


def test_digest_tells_values_apart():
    assert digest_of([1, 2], "a") == digest_of([1, 2], "a")
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert len({digest_of(*parts) for parts in ([[1, 2]], [[2, 1]], ["12"], [1, 2], [12])}) == 5


@pytest.mark.parametrize(("name", "column"), HALLMARKS.items())
@pytest.mark.parametrize(("header", "refused"), [("a,{},c", False), ("a,{}\r", False), ("a", True), ("", True)])
def test_a_table_that_lacks_our_columns_is_a_users(tmp_path, name, column, header, refused):
    path = tmp_path / f"m{name}"
    require_ours(path)  # nothing is there
    path.write_text(f"{header.format(column)}\n1,2\n")
    with pytest.raises(InputError, match=rf"mv .*{name}") if refused else nullcontext():
        require_ours(path)


def test_an_npz_that_does_not_say_what_made_it_or_is_cut_is_a_users(tmp_path):
    write_npz(tmp_path / "ours.npz", {"made_by": "a rule"}, a=np.zeros(3))
    np.savez(tmp_path / "theirs.npz", a=np.zeros(3))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "theirs.npz").read_bytes()[:-30])
    own = {name: is_own(tmp_path / f"{name}.npz") for name in ("none", "ours", "theirs", "cut")}
    assert own == {"none": False, "ours": False, "theirs": True, "cut": True}
