"""Reading CSV tables into plain arrays, without the start-up time of a data-frame library."""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from synergy.files.errors import InputError

Table = dict[str, np.ndarray]
TEXT = {  # columns of words; all others that a rule requires hold numbers
    *("model", "condition", "order", "order_type", "method", "network", "quantity", "level", "variant", "other"),
    *("verdict", "verdict_default", "verdict_after_control", "verdict_after_control_default"),
    *("statement", "statistic", "rule", "control", "note"),
}
REMAKE = "delete it and run the workflow again"


def read_table(path: str | Path, required: Sequence[str] = (), fewest_rows: int = 1) -> Table:
    """Read a CSV into one array a column.

    Columns whose every cell is a number or empty become float64, an empty cell NaN; all others are strings.

    Parameters
    ----------
    path : str or Path
        A CSV with a header line.
    required : sequence of str
        Columns that must be there, with numbers or empty cells in all but those of `TEXT`.
    fewest_rows : int
        Rows that must be there, where columns are `required`.

    Returns
    -------
    dict of str to ndarray, each (n_rows,)

    Raises
    ------
    InputError
        Naming the file, if it is missing or no CSV, has a ragged row, two columns of one name, lacks a `required`
        column, or has a word where a number belongs.
    """
    header, body = read_rows(path)
    missing = [name for name in required if name not in header]
    if missing:
        raise InputError(
            f"columns {', '.join(required)} in {path}",
            f"no {', '.join(missing)}",
            REMAKE,
        )
    if required and len(body) < fewest_rows:
        raise InputError(f"at least {fewest_rows} row under the header of {path}", f"{len(body)}", REMAKE)
    cells = {name: [row[index] for row in body] for index, name in enumerate(header)}
    for name in required:
        for number, cell in enumerate(cells[name] if name not in TEXT else [], start=1):
            if not _is_number(cell):
                found = repr(cell[:40])
                raise InputError(f"a number or nothing for {name} in data row {number} of {path}", found, REMAKE)
    return {name: _column(own) for name, own in cells.items()}


def read_rows(path: str | Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV, as they stand, each row as long as the header.

    Raises
    ------
    InputError
        Naming the file, if it is missing or no CSV, has a ragged row or two columns of one name.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise InputError(f"a CSV table at {path}", "no such file", "run the rule that makes it") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"a CSV table in UTF-8 at {path}", f"{error}", REMAKE) from None
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(f"columns of different names in {path}", f"{twice!r} twice", REMAKE)
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise InputError(f"{len(header)} cells in data row {number} of {path}", f"{len(row)}", REMAKE)
    return header, body


def read_records(
    path: str | Path, columns: Sequence[str], words: Mapping[str, Collection[str]]
) -> list[dict[str, str]]:
    """Read a CSV that is shown or copied as it stands, a dict of texts a row.

    Parameters
    ----------
    path : str or Path
        A CSV with a header line.
    columns : sequence of str
        Its columns, exactly.
    words : mapping of str to collection of str
        What the cells of some columns can be.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, has other columns or another word in a cell.
    """
    header, body = read_rows(path)
    if header != list(columns):
        found = ", ".join(header) or "an empty file"
        raise InputError(f"columns {', '.join(columns)} in {path}", found, REMAKE)
    records = [dict(zip(header, row, strict=True)) for row in body]
    for number, record in enumerate(records, start=1):
        for name, known in words.items():
            if record[name] not in known:
                expected = f"one of {', '.join(known)} for {name} in data row {number} of {path}"
                raise InputError(expected, repr(record[name][:40]), REMAKE)
    return records


def select(table: Table, **conditions: object) -> Table:
    """Rows of `table` where every named column equals the given value, in their order."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for name, value in conditions.items():
        keep &= table[name] == value
    return {name: column[keep] for name, column in table.items()}


def _is_number(cell: str) -> bool:
    """Whether a cell is empty, NaN or a finite number."""
    try:
        return not cell.strip() or not np.isinf(float(cell))
    except ValueError:
        return False


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) if cell.strip() else np.nan for cell in cells])
    except ValueError:
        return np.array(cells)
