"""Reading and writing CSV tables as pandas frames, a row an observation."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synergy.files.artifacts import atomic_path
from synergy.files.errors import InputError, set_aside

# Of the columns of all tables; those that are not named hold float64.
DTYPES = {
    "model": "str",
    "published_model": "str",
    "condition": "str",
    "grouping": "str",
    "group": "str",
    "order": "str",
    "order_type": "str",
    "method": "str",
    "network": "str",
    "figure": "str",
    "quantity": "str",
    "unit": "str",
    "level": "str",
    "variant": "str",
    "other": "str",
    "definition": "str",
    "configured": "str",
    "information": "str",
    "statement": "str",
    "statistic": "str",
    "rule": "str",
    "verdict": "str",
    "verdict_default": "str",
    "verdict_after_control": "str",
    "verdict_after_control_default": "str",
    "control": "str",
    "agreement": "str",
    "note": "str",
    "head_idx": "int64",
    "layer": "int64",
    "head_in_layer": "int64",
    "num_heads_removed": "int64",
    "seed": "int64",
    "claim": "int64",
    "n": "int64",
    "n_problems": "int64",
    "n_correct": "int64",
    "n_no_answer": "int64",
    "n_grader_timeout": "int64",
    "n_ungradable": "int64",
    "n_boxed": "int64",
    "n_stated": "int64",
    "n_fallback": "int64",
    "n_none": "int64",
    "n_correct_boxed_or_stated": "int64",
    "training_step": "int64",
}


def read_table(path: str | Path, required: Sequence[str] = (), fewest_rows: int = 1) -> pd.DataFrame:
    """Read a CSV into a frame whose columns have the types of `DTYPES`.

    Parameters
    ----------
    path : str or Path
        A CSV with a header line.
    required : sequence of str
        Columns that must be there.
    fewest_rows : int
        Rows that must be there, where columns are `required`.

    Returns
    -------
    DataFrame
        An empty cell is NaN among numbers, and an empty text among words. A column that is not `required` stays text
        where it does not hold what its name says.

    Raises
    ------
    InputError
        Naming the file, if it is missing or no CSV, has a ragged row, two columns of one name, lacks a `required`
        column, or has a word or an infinity where a number belongs.
    """
    table = _read_texts(path)
    missing = [name for name in required if name not in table]
    if missing:
        raise InputError(f"columns {', '.join(required)} in {path}", f"no {', '.join(missing)}", set_aside(path))
    if required and len(table) < fewest_rows:
        raise InputError(f"at least {fewest_rows} row under the header of {path}", f"{len(table)}", set_aside(path))
    for name in table:
        cells, dtype = table[name], DTYPES.get(name, "float64")
        if dtype == "str":
            continue
        numbers = pd.to_numeric(cells, errors="coerce")
        whole = (numbers % 1 == 0) & (numbers.abs() < 2**53)
        right = whole if dtype == "int64" else np.isfinite(numbers) | (cells == "")
        if right.all():
            table[name] = numbers.astype(dtype)
        elif name in required:
            row = int(np.argmin(right))
            kind = "a whole number" if dtype == "int64" else "a number or nothing"
            raise InputError(
                f"{kind} for {name} in data row {row + 1} of {path}", repr(cells[row][:40]), set_aside(path)
            )
    return table


def read_records(path: str | Path, columns: Sequence[str], words: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """Read a CSV that is shown or copied as it stands, into a frame of texts.

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
    table = _read_texts(path)
    if list(table) != list(columns):
        raise InputError(f"columns {', '.join(columns)} in {path}", ", ".join(table), set_aside(path))
    for name, known in words.items():
        unknown = ~table[name].isin(known)
        if unknown.any():
            row = int(unknown.argmax())
            expected = f"one of {', '.join(known)} for {name} in data row {row + 1} of {path}"
            raise InputError(expected, repr(table[name][row][:40]), set_aside(path))
    return table


def write_table(path: str | Path, frame: pd.DataFrame) -> None:
    """Write a frame; numbers keep all their digits, and NaN, None and infinities become empty cells."""
    with atomic_path(path) as temporary:
        frame.replace([np.inf, -np.inf], np.nan).to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def _read_texts(path: str | Path) -> pd.DataFrame:
    """Every cell as it stands; InputError as `read_table`."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            # The parser in Python leaves what a short row lacks as NaN, which an empty cell is not; that in C does not.
            rows = pd.read_csv(file, header=None, dtype="str", keep_default_na=False, engine="python")
    except FileNotFoundError:
        raise InputError(f"a CSV table at {path}", "no such file", "run the rule that makes it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"a CSV table in UTF-8 at {path}", f"{error}", set_aside(path)) from None
    header, table = rows.iloc[0], rows.iloc[1:].reset_index(drop=True)
    ragged = rows.isna().any(axis=1)
    if ragged.any():
        row = int(ragged.argmax())
        found = f"{rows.iloc[row].count()}"
        raise InputError(f"{rows.shape[1]} cells in data row {row} of {path}", found, set_aside(path))
    twice = header[header.duplicated()]
    if len(twice):
        raise InputError(f"columns of different names in {path}", f"{twice.iloc[0]!r} twice", set_aside(path))
    return table.set_axis(header.tolist(), axis=1)
