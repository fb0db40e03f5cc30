"""The speed table: its page, its rows, and the measurements that want a GPU, tried small."""

import pytest
from measuring import Row
from places import REPOSITORY
from speed_gpu import NOT_MEASURED, gpu_rows
from speed_table import COLUMNS, MARKS, put_into, table

MET = COLUMNS.index("met")
PAGE = REPOSITORY / "docs/speed.md"
ROW = Row("stage", "size", "1 s", "2 s", "2.0", "≤ 3 s", True)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_row_of_the_page_is_complete_and_every_stage_is_there():
    block = PAGE.read_text().split(MARKS[0])[1].split(MARKS[1])[0]
    lines = [cells(line) for line in block.splitlines() if line.startswith("|")]
    assert lines[0] == list(COLUMNS)
    rows = lines[2:]
    assert {row[0].split(",")[0] for row in rows} >= {
        "PhiID", "ablation", "recording", "answering", "graph metrics", "start of an analysis script",
        "`make demo` after installation",
    }  # fmt: skip
    assert all(len(row) == len(COLUMNS) and all(row) and row[MET] in ("yes", "**no**", "–") for row in rows)
    assert all((row[MET] == "–") == row[2].startswith("not measured") for row in rows)


def test_a_missed_target_stands_out():
    lines = table([(ROW._replace(met=met), 0.24) for met in (True, False, None)]).splitlines()
    assert [cells(line)[MET] for line in lines[2:]] == ["yes", "**no**", "–"]
    assert {cells(line)[COLUMNS.index("load")] for line in lines[2:]} == {"0.2"}


def test_the_table_replaces_the_one_before_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARKS[0]}\nold\n{MARKS[1]}\nafter\n")
    put_into(page, "new")
    put_into(page, "newer")
    assert page.read_text() == f"before\n{MARKS[0]}\nnewer\n{MARKS[1]}\nafter\n"


def test_a_page_without_marks_is_refused_and_kept(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("prose")
    with pytest.raises(SystemExit, match=r"Expected the marks .* found none\. Put them"):
        put_into(page, "new")
    assert page.read_text() == "prose"


def test_rows_for_a_gpu_are_measured_by_code_that_runs_anywhere():
    small = {"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 64}
    measured = gpu_rows(True, 3, 4, **small)
    assert all(row[2].split()[0].replace(".", "").isdigit() and row[-1] in (True, False) for row in measured)
    missing = gpu_rows(False)
    assert [row[:2] for row in missing] == [row[:2] for row in measured]
    assert all(row[2] == NOT_MEASURED and row[-1] is None for row in missing)
