"""Artifacts are written whole or not at all, and damaged ones are refused by name."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.ablation.recorded_answers import stratified
from synergy.files.artifacts import (
    STORED_FROM,
    atomic_path,
    read_json,
    read_jsonl,
    read_npz,
    save_figure,
    write_json,
    write_jsonl,
    write_npz,
)
from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.files.provenance import package_versions, provenance


def test_a_figure_is_saved_as_image_and_as_vectors_with_its_text_and_the_same_bytes_again(tmp_path):
    from synergy.report.style import new_figure

    def drawn(name):
        figure = new_figure(3, 2, "a title")
        axes = figure.subplots()
        axes.imshow(np.eye(40), rasterized=True)
        axes.set_xlabel("layer of one head")
        save_figure(tmp_path / f"{name}.png", figure, {"made_by": "a rule"})
        return (tmp_path / f"{name}.png").read_bytes(), (tmp_path / f"{name}.pdf").read_bytes()

    first, second = drawn("first"), drawn("second")
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.pdf", "first.png", "second.pdf", "second.png"]
    assert b"made_by" in first[1]
    assert b"/Type /Font" in first[1]
    assert b"/FontFile2" in first[1]  # TrueType, embedded: text that can be searched and edited
    assert b"/Type3" not in first[1].replace(b" ", b"")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "artifact.txt"
    path.write_text("old")

    def fail_half_way():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_npz_keeps_arrays_and_provenance(tmp_path):
    path = tmp_path / "a.npz"
    note = provenance("rule", {"lag": 1}, {"model": {"key": "m"}})
    write_npz(path, note, x=np.arange(3), name=np.array(["a", "β"]))
    arrays, read = read_npz(path, ("x",))
    np.testing.assert_array_equal(arrays["x"], [0, 1, 2])
    assert read == note
    assert read["model"] == {"key": "m"}


def test_large_arrays_of_floats_are_stored_and_others_shrink(tmp_path):
    path, kinds = tmp_path / "a.npz", {"f8": STORED_FROM // 8, "f4": STORED_FROM // 8, "i8": STORED_FROM // 8}
    arrays = {kind: np.arange(size, dtype=kind) for kind, size in kinds.items()}
    write_npz(path, {}, **arrays)
    with zipfile.ZipFile(path) as archive:
        shrunk = {member.filename for member in archive.infolist() if member.compress_size < member.file_size}
    assert {"f4.npy", "i8.npy"} <= shrunk
    assert "f8.npy" not in shrunk
    read, _ = read_npz(path, tuple(arrays))
    for kind, array in arrays.items():
        np.testing.assert_array_equal(read[kind], array)
        assert read[kind].dtype == array.dtype


def test_an_environment_that_lacks_a_package_is_a_normal_one(capfd, monkeypatch):
    monkeypatch.setattr("synergy.files.provenance.PACKAGES", ("numpy", "no-such-package"))
    assert package_versions.__wrapped__() == {"numpy": np.__version__}
    assert capfd.readouterr() == ("", "")


@given(cut=st.just(1.0) | st.floats(0.0, 0.99), place=st.floats(0.1, 0.8), value=st.integers(0, 255))
def test_cut_or_damaged_npz_is_refused_or_whole(tmp_path_factory, cut, place, value):
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    x = np.random.default_rng(0).random(1000)
    write_npz(path, {}, x=x)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= value
    path.write_bytes(content[: int(cut * len(content))])
    try:
        arrays, _ = read_npz(path, ("x",))
    except InputError:
        return
    assert cut == 1.0
    np.testing.assert_array_equal(arrays["x"], x)


def test_pickles_and_missing_arrays_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="without pickles"):
        read_npz(path)
    write_npz(path, {}, x=np.zeros(1))
    with pytest.raises(InputError, match="found no y"):
        read_npz(path, ("x", "y"))
    with pytest.raises(InputError, match="no such file"):
        read_npz(tmp_path / "b.npz")


def test_json_has_null_for_nan_and_plain_numbers_for_numpy(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": np.float64("nan"), "y": [np.int64(3)], "z": np.array([1.5])})
    assert json.loads(path.read_text()) == {"x": None, "y": [3], "z": [1.5]}
    path.write_text("{")
    with pytest.raises(InputError, match="valid JSON"):
        read_json(path)


def test_jsonl_keeps_broken_unicode_and_names_the_bad_line(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(path, [{"text": "lone \ud800 surrogate\u2028line"}, {"text": "b"}])
    assert [record["text"] for record in read_jsonl(path)] == ["lone \ud800 surrogate\u2028line", "b"]
    path.write_text('{"text": "a"}\nnonsense\n')
    with pytest.raises(InputError, match=r"a\.jsonl:2"):
        read_jsonl(path)
    path.write_text('{"text": "a"}\n[1]\n')
    with pytest.raises(InputError, match="found list"):
        read_jsonl(path)


def test_log_holds_prints_warnings_and_the_message_of_bad_input(tmp_path):
    import warnings

    path = tmp_path / "logs" / "a.log"
    with logged_to(path):
        print("hello")
        warnings.warn("careful", stacklevel=1)
    assert "hello" in path.read_text()
    assert "careful" in path.read_text()
    with pytest.raises(SystemExit) as stopped, logged_to(path):
        raise InputError("an egg", "a hen", "wait")
    assert stopped.value.code == 1
    assert path.read_text() == "ERROR: Expected an egg; found a hen.\n  Hint: wait\n"
    with pytest.raises(ZeroDivisionError), logged_to(path):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in path.read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without a full device")
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("print('hello')", ""),
        ("raise InputError('an egg', 'a hen', 'wait')", "Expected an egg; found a hen."),
        ("raise ValueError('the cause')", "ValueError: the cause"),
    ],
)
def test_where_a_log_takes_nothing_the_cause_is_on_the_screen(body, cause):
    lines = ["from synergy.files.console import logged_to", "from synergy.files.errors import InputError"]
    script = "\n".join([*lines, "with logged_to('/dev/full'):", f"    {body}"])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert cause in done.stderr


def test_stratified_takes_groups_in_turns():
    groups = ["a"] * 4 + ["b"] * 4 + ["c"]
    assert stratified(groups, 3) == [0, 4, 8]
    assert stratified(groups, 6) == [0, 1, 2, 4, 5, 8]
    assert stratified(groups, 9) == list(range(9))
    with pytest.raises(InputError, match="at least 10"):
        stratified(groups, 10)
