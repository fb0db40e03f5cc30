"""Data sets of problems from the hub, through the same door as models."""

import json

import pytest

from synergy.files.errors import InputError
from synergy.perturbation.problem_sets import read_problem_set

ROWS = [
    {"problem": f"{n} + {n}?", "solution": f"\\boxed{{{2 * n}}}", "level": "Level 1", "type": "Algebra"}
    for n in range(4)
]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def parquet(rows):
    import io

    import pyarrow
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def by_subject(names):
    """A data set with one configuration a subject, as the card of such a repository declares them."""
    lines = ["---", "configs:"]
    for name in names:
        lines += [f"- config_name: {name}", "  data_files:", "  - split: test", f"    path: {name}/test-*.parquet"]
    card = "\n".join([*lines, "---", ""]).encode()
    return {"README.md": card} | {f"{name}/test-00000-of-00001.parquet": parquet(ROWS) for name in names}


@pytest.mark.parametrize(
    ("files", "configs", "ids"),
    [
        ({"README.md": b"# Problems", "test.jsonl": JSONL}, None, ["test-00000", "test-00003"]),
        (by_subject(["algebra", "geometry"]), ["algebra", "geometry"], ["algebra-00000", "geometry-00003"]),
    ],
    ids=["jsonl", "parquet by subject"],
)
def test_a_data_set_comes_through_the_same_door(hub, tmp_path, files, configs, ids):
    commit = hub.add("org/problems", files, kind="datasets")
    source = {"hub": "org/problems", "revision": "main", "split": "test"} | ({"configs": configs} if configs else {})
    problems, origin = read_problem_set(source, None, tmp_path / "cache")
    assert origin["revision"] == commit
    assert origin["n_problems_available"] == len(problems)
    assert [problems[0].id, problems[-1].id] == ids
    rows = [{key: getattr(problem, key) for key in ROWS[0]} for problem in problems]
    assert rows == ROWS * len(configs or [1])


@pytest.mark.parametrize(
    ("trouble", "source", "found"),
    [
        ({"gated": True}, {}, "gated repository and no token"),
        ({"private": True}, {}, "no such repository, or a private one"),
        ({}, {"hub": "org/nothing"}, "no such repository, or a private one"),
        ({}, {"revision": "v7"}, "no such revision"),
        ({}, {"split": "tset"}, "tset"),
        ({}, {"configs": ["algebra"]}, "algebra"),
    ],
)
def test_refused_data_sets_have_the_same_messages(hub, tmp_path, trouble, source, found):
    hub.add("org/problems", {"test.jsonl": JSONL}, kind="datasets", **trouble)
    asked = {"hub": "org/problems", "revision": "main", "split": "test"} | source
    with pytest.raises(InputError, match=found) as raised:
        read_problem_set(asked, None, tmp_path / "cache")
    assert raised.value.expected == f"data set {asked['hub']} at revision {asked['revision']} from the hub"
