"""Reading CSV tables into plain arrays, without the start-up time of a data-frame library."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synergy.errors import InputError

Table = dict[str, np.ndarray]


def read_table(path: str | Path, required: Sequence[str] = ()) -> Table:
    """Read a CSV into one array a column.

    Columns whose every cell is a number or empty become float64, an empty cell NaN; all others are strings.

    Parameters
    ----------
    path : str or Path
        A CSV with a header line.
    required : sequence of str
        Columns that must be there.

    Returns
    -------
    dict of str to ndarray, each (n_rows,)

    Raises
    ------
    InputError
        If the file is missing, has a ragged row or lacks a `required` column.
    """
    try:
        with open(path, newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        raise InputError(f"a CSV table at {path}", "no such file", "run the rule that makes it") from None
    header, body = (rows[0], rows[1:]) if rows else ([], [])
    missing = [name for name in required if name not in header]
    if missing:
        raise InputError(
            f"columns {', '.join(required)} in {path}",
            f"no {', '.join(missing)}",
            "delete it and run the workflow again",
        )
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise InputError(
                f"{len(header)} cells in data row {number} of {path}",
                f"{len(row)}",
                "delete it and run the workflow again",
            )
    return {name: _column([row[index] for row in body]) for index, name in enumerate(header)}


def select(table: Table, **conditions: object) -> Table:
    """Rows of `table` where every named column equals the given value, in their order."""
    keep = np.ones(len(next(iter(table.values()))), dtype=bool)
    for name, value in conditions.items():
        keep &= table[name] == value
    return {name: column[keep] for name, column in table.items()}


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) if cell.strip() else np.nan for cell in cells])
    except ValueError:
        return np.array(cells)
