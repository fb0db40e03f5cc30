"""Whatever bytes a file holds, its reader returns a value of its form or names the file in an InputError."""

import contextlib
import io
import json
import resource
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synergy.ablation.order_files import FORMS, read_orders
from synergy.files.artifacts import read_json, read_npz, write_json, write_jsonl, write_npz
from synergy.files.errors import InputError
from synergy.files.tables import read_records, read_table, write_table
from synergy.heads.scores import read_ranking
from synergy.perturbation.condition_files import SOLUTION_ARRAYS, merge_solutions
from synergy.perturbation.outcomes import read_scores
from synergy.perturbation.problems import load_problems
from synergy.phiid.pairwise import COUNTS, MADE_OF, PAIR_VALUES, SUMS, merge_shards, read_pairwise
from synergy.recording.activations import read_activations
from synergy.recording.prompts import load_prompts
from synergy.report.summary import rule_costs

FAST = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
N_HEADS, N_PAIRS, N_PROMPTS = 3, 3, 2
IDS = ["a", "b"]
MARK = "0" * 64
MATRIX = np.full((N_HEADS, N_HEADS), 0.1)
GRADE = dict.fromkeys(("correct", "correct_strict", "truncated"), True) | {
    "solution_nll": 0.5,
    "grading": "graded",
    "extraction": "boxed",
}
ANSWERS = [dict.fromkeys(("type", "level", "generated", "extracted"), "x") | GRADE | {"id": name} for name in IDS]
CONDITION = {"condition": "baseline", "sigma": 0.0, "seed": 0, "fingerprint": MARK, "provenance": {"parameters": {}}}
RANKING = pd.DataFrame({"head_idx": [0, 1, 2], "layer": [0, 0, 0], "syn_red_score": [0.1, 0.5, 0.9]})


def pair_shard() -> dict[str, np.ndarray]:
    arrays = dict.fromkeys(PAIR_VALUES, np.full(N_PAIRS, 0.1)) | dict.fromkeys(COUNTS, np.zeros(N_PAIRS, np.int32))
    arrays["n_null"] = np.full(N_PAIRS, 2, np.int32)
    arrays |= dict.fromkeys(SUMS, np.zeros((N_PROMPTS, 4, N_HEADS), np.int64))
    return arrays | dict(zip(MADE_OF, map(np.array, (0, N_PAIRS, N_HEADS, N_PROMPTS, MARK)), strict=True))


def order() -> dict[str, np.ndarray]:
    shared = np.zeros((2, 2)), np.arange(2), np.arange(2), np.array(3), np.array(IDS)
    return dict(zip(FORMS, (*shared, np.array("zero"), np.array("x"), np.array(0.5)), strict=True))


def read_both(path):
    condition = path.with_name("baseline.json")
    write_json(condition, CONDITION)
    return read_scores([str(path)], [str(condition)])


def solutions() -> dict[str, np.ndarray]:
    values = np.ones((1, 2)), np.array(["baseline"]), np.array(IDS), np.array(MARK)
    return dict(zip(SOLUTION_ARRAYS, values, strict=True))


# Name, how a valid file is written, and how it is read.
NPZ = {
    "activations": (
        lambda path: write_npz(path, {}, activations=np.ones((2, 3, 8), np.float32), n_tokens=np.array([8, 8])),
        lambda path: read_activations(str(path)),
    ),
    "pairwise": (
        lambda path: write_npz(path, {}, sts_matrix=MATRIX, head_null_sts=MATRIX, fingerprint=np.array(MARK)),
        lambda path: read_pairwise(str(path), ("sts_matrix", "head_null_sts", "fingerprint")),
    ),
    "pair shard": (lambda path: write_npz(path, {}, **pair_shard()), lambda path: merge_shards([str(path)], MARK)),
    "solutions": (
        lambda path: write_npz(path, {"parameters": {}}, **solutions()),
        lambda path: merge_solutions([str(path)], ["baseline"]),
    ),
    "order": (lambda path: write_npz(path, {}, **order()), lambda path: read_orders([str(path)], ["random-0"])),
}
TEXTS = {
    "table": (
        lambda path: write_table(path, RANKING),
        lambda path: read_table(path, required=tuple(RANKING)),
    ),
    "ranking": (
        lambda path: write_table(path, RANKING),
        lambda path: read_ranking(str(path), N_HEADS, ("syn_red_score",)),
    ),
    "layers": (
        lambda path: write_table(path, RANKING),
        lambda path: read_ranking(str(path), None, ("layer", "syn_red_score")),
    ),
    "records": (
        lambda path: write_table(path, pd.DataFrame({"claim": [1], "verdict": ["supported"]})),
        lambda path: read_records(path, ("claim", "verdict"), {"verdict": ("supported",)}),
    ),
    "JSON": (
        lambda path: write_json(path, {"exemplars": [{"problem": "1 + 1?", "solution": "2"}]}),
        lambda path: read_json(path, "problems_record"),
    ),
    "problems": (
        lambda path: write_jsonl(path, [{"question": "1 + 1?", "answer": "#### 2"}] * 2),
        lambda path: load_problems(path),
    ),
    "scores": (lambda path: write_jsonl(path, ANSWERS), read_both),
    "prompts": (
        lambda path: write_json(path, {"prompts": [{"id": i, "category": "c", "text": f"{i}?"} for i in IDS]}),
        lambda path: load_prompts(path),
    ),
    "costs": (
        lambda path: write_jsonl(path, [{"s": 1.5, "max_rss": 3.0}]),
        lambda path: rule_costs(path.parent),
    ),
}
READERS = NPZ | TEXTS


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder of its own for each reader."""
    return {name: tmp_path_factory.mktemp(name.replace(" ", "_")) for name in READERS}


def valid(folders, name: str) -> tuple:
    """Path, content and reader of a valid file."""
    write, read = READERS[name]
    path = folders[name] / "baseline.jsonl"
    write(path)
    return path, path.read_bytes(), read


def refused_or_read(path, read) -> None:
    """The reader returns, or raises an InputError of three parts that names the file."""
    refusals = []
    try:
        read(path)
    except InputError as error:
        refusals.append(error)
    assert all(path.name in error.expected + error.found and error.hint for error in refusals)


@pytest.mark.parametrize("name", READERS)
def test_a_valid_file_is_read(folders, name):
    path, _, read = valid(folders, name)
    assert read(path) is not None


TEXT = st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))


@st.composite
def cut_and_flipped(draw, content: bytes) -> bytes:
    """The first bytes of a file, some of them changed."""
    spoilt = bytearray(content[: draw(st.integers(0, len(content)))])
    for place in draw(st.lists(st.integers(0, len(spoilt) - 1), max_size=4)) if spoilt else []:
        spoilt[place] ^= draw(st.integers(1, 255))
    return bytes(spoilt)


@pytest.mark.parametrize("name", READERS)
@FAST
@given(data=st.data())
def test_cut_damaged_and_foreign_bytes(folders, name, data):
    path, content, read = valid(folders, name)
    path.write_bytes(data.draw(cut_and_flipped(content) | st.binary(max_size=400) | TEXT, "bytes"))
    refused_or_read(path, read)


ARRAYS = st.sampled_from(
    [
        *(np.array(value) for value in (0, -1, 2**62, 0.5, np.nan, np.inf, "text", "", True, 1j, b"bytes")),
        *(
            np.zeros(shape)
            for shape in ((0,), (1,), (3,), (2, 3), (3, 3), (0, 3, 8), (2, 3, 0), (2, 3, 8), (1, 1, 1, 1))
        ),
        *(np.full((3, 3), value) for value in (np.nan, -np.inf, 1e308)),
        *(np.array(value) for value in ([2**62, 1], [-5, 8], [8, 9], [0, 8], ["a", "b"], ["2020-01-01"])),
        np.array([("a", 1)], dtype=[("name", "U1"), ("n", int)]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.zeros(3, np.uint64) - np.uint64(1),
    ]
)


@pytest.mark.parametrize("name", NPZ)
@FAST
@given(data=st.data())
def test_arrays_missing_added_and_of_another_kind(folders, name, data):
    path, _, read = valid(folders, name)
    arrays, note = read_npz(path)
    for spoilt in data.draw(st.lists(st.sampled_from(sorted(arrays)), min_size=1, max_size=2, unique=True), "arrays"):
        arrays[spoilt] = data.draw(st.none() | ARRAYS, spoilt)
    arrays = {key: array for key, array in arrays.items() if array is not None}
    write_npz(path, data.draw(st.sampled_from([note, {"parameters": {}}, {"model": 5}, {"parameters": 5}])), **arrays)
    refused_or_read(path, read)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.just(10**400)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("name", ["JSON", "problems", "scores", "prompts", "costs"])
@FAST
@given(data=st.data())
def test_keys_missing_shuffled_and_of_another_kind(folders, name, data):
    path, content, read = valid(folders, name)
    lines = [content.decode()] if name in ("JSON", "prompts") else content.decode().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1), "line")
    record = json.loads(lines[number])
    inner = record
    while True:  # down to a dict at some depth
        own = data.draw(st.sampled_from(sorted(inner)), "key")
        below = inner[own][0] if isinstance(inner[own], list) and inner[own] else inner[own]
        if not isinstance(below, dict) or not below or data.draw(st.booleans(), "stop"):
            break
        inner = below
    if data.draw(st.booleans(), "delete"):
        del inner[own]
    else:
        inner[own] = data.draw(VALUES, "value")
    lines[number] = json.dumps(dict(data.draw(st.permutations(list(record.items())), "order")))
    lines = data.draw(st.permutations(lines), "lines") + data.draw(st.sampled_from([[], lines[:1]]), "twice")
    path.write_text("\n".join(lines))
    refused_or_read(path, read)


CELLS = st.sampled_from(
    ["", " ", "nan", "inf", "-inf", "1e999", "9" * 400, "0x1", "1_0", "é", "\ufeff1", "\x00", "a,b", '"', "٣"]
)


@pytest.mark.parametrize("name", ["table", "ranking", "layers", "records"])
@FAST
@given(data=st.data())
def test_columns_missing_twice_shuffled_and_odd_cells(folders, name, data):
    path, content, read = valid(folders, name)
    table = pd.read_csv(io.BytesIO(content), header=None, dtype="str")
    table = table[data.draw(st.lists(st.sampled_from(list(table)), max_size=table.shape[1] + 1), "columns")]
    if table.size:
        row, column = (data.draw(st.integers(0, length - 1)) for length in table.shape)
        table.iloc[row, column] = data.draw(CELLS, "cell")
    table.to_csv(path, header=False, index=False)
    refused_or_read(path, read)


class Exploit:
    """A pickle of this would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("name", NPZ)
def test_no_pickle_is_executed(folders, name):
    path, _, read = valid(folders, name)
    planted = folders[name] / "planted"
    arrays, _ = read_npz(path)
    first = next(iter(arrays))
    with open(path, "wb") as file:
        np.savez(file, **{**arrays, first: np.array([Exploit(planted)], dtype=object)})
    with pytest.raises(InputError, match="without pickles"):
        read(path)
    assert not planted.exists()


@contextlib.contextmanager
def little_room():
    """No more than 1 GiB of addresses beyond what the process has now."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**30, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("shape", [(10**15,), (2**40, 2**40), (4_000_000_000,), (-1,), (3, -3)])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_forged_header_makes_no_room_for_what_is_not_there(tmp_path, shape, method):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "forged.npz", "w", method) as archive:
        archive.writestr("activations.npy", header.getvalue() + bytes(64))
    with little_room(), pytest.raises(InputError, match=r"forged\.npz; found ValueError: .* other than it holds"):
        read_npz(tmp_path / "forged.npz")
