"""Tables are read with the types that are declared, written with every digit, and refused by name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.files.errors import InputError
from synergy.files.tables import read_records, read_table, write_table


@given(values=st.lists(st.floats(allow_infinity=False), min_size=1))
def test_every_digit_and_every_gap_are_kept(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    written = pd.DataFrame({"model": 'a "model", 007', "seed": range(len(values)), "estimate": values})
    write_table(path, written)
    pd.testing.assert_frame_equal(read_table(path, required=tuple(written)), written, check_exact=True)


def test_what_is_not_a_number_is_an_empty_cell(tmp_path):
    write_table(tmp_path / "a.csv", pd.DataFrame({"estimate": [np.nan, np.inf, 0.1], "note": ["", None, "x"]}))
    assert (tmp_path / "a.csv").read_bytes() == b"estimate,note\n,\n,\n0.1,x\n"
    assert read_table(tmp_path / "a.csv")["note"].tolist() == ["", "", "x"]


def test_columns_without_rows_keep_their_types(tmp_path):
    (tmp_path / "a.csv").write_text("model,claim,estimate,mine\n")
    table = read_table(tmp_path / "a.csv", required=("claim",), fewest_rows=0)
    assert [dtype.kind for dtype in table.dtypes[1:]] == ["i", "f", "f"]


def test_words_stand_where_nobody_requires_numbers(tmp_path):
    (tmp_path / "a.csv").write_text("estimate,seed,mine\n1,1,x\nNA,1.5,2\n")
    assert read_table(tmp_path / "a.csv").to_numpy().tolist() == [["1", "1", "x"], ["NA", "1.5", "2"]]


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        (None, "a CSV table at", "no such file"),
        ("", "in UTF-8", "No columns"),
        ("\xff", "in UTF-8", "decode"),
        ("seed,seed\n1,1\n", "different names", "'seed' twice"),
        ("seed,estimate\n1,2\n1\n", "2 cells in data row 2", "1"),
        ("seed,estimate\n1,2\n1,2,3\n", "in UTF-8", "Expected 2 fields in line 3, saw 3"),
        ("seed\n1\n", "columns seed, estimate", "no estimate"),
        ("seed,estimate\n", "at least 1 row", "0"),
        ("seed,estimate\n1,2\n1,two\n", "a number or nothing for estimate in data row 2", "'two'"),
        ("seed,estimate\n1,nan\n", "a number or nothing for estimate in data row 1", "'nan'"),
        ("seed,estimate\n1,-inf\n", "a number or nothing for estimate in data row 1", "'-inf'"),
        ("seed,estimate\n,2\n", "a whole number for seed in data row 1", "''"),
        ("seed,estimate\n1.5,2\n", "a whole number for seed in data row 1", "'1.5'"),
        (f"seed,estimate\n{10**20},2\n", "a whole number for seed in data row 1", "'1000"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path, text, expected, found):
    path = tmp_path / "a.csv"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as refusal:
        read_table(path, required=("seed", "estimate"))
    assert expected in refusal.value.expected
    assert str(path) in refusal.value.expected
    assert found in refusal.value.found


def test_records_are_texts_in_known_columns_and_words(tmp_path):
    (tmp_path / "a.csv").write_text("claim,verdict\n01,supported\n")
    words = {"verdict": ("supported", "opposite")}
    assert read_records(tmp_path / "a.csv", ("claim", "verdict"), words).to_numpy().tolist() == [["01", "supported"]]
    with pytest.raises(InputError, match=r"columns verdict in .*found claim, verdict"):
        read_records(tmp_path / "a.csv", ("verdict",), words)
    with pytest.raises(InputError, match=r"one of opposite for verdict in data row 1 of .*found 'supported'"):
        read_records(tmp_path / "a.csv", ("claim", "verdict"), {"verdict": ("opposite",)})
