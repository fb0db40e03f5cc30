"""The head ranking of a model as a table, a row a head."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synergy.files.errors import InputError
from synergy.files.tables import read_table
from synergy.heads.scores import SCORES


def read_ranking(path: str, n_heads_total: int | None, required: Sequence[str]) -> pd.DataFrame:
    """Read the table of ``rank_heads``.

    Parameters
    ----------
    path : str
        The CSV.
    n_heads_total : int or None
        Query heads that the model has; None where the table is all that is known of it.
    required : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks a column or has not one row for each head, in order, as many in
        each layer.
    """
    table = read_table(path, required=required)
    n_rows, n_heads = len(table), len(table) if n_heads_total is None else n_heads_total
    index = np.arange(n_rows)
    right = n_rows == n_heads and np.array_equal(table.get("head_idx", index), index)
    if right and "layer" in table:
        right = np.array_equal(table["layer"], index // (n_rows // table["layer"].nunique()))
    if not right:
        raise InputError(
            f"a row for each of the model's {n_heads} heads, layer by layer, in order, in {path}",
            f"{n_rows} rows{', in another order' * (n_rows == n_heads)}",
            f"delete {path} and run the workflow again; if it stays so, correct layers and heads in the config",
        )
    return table


def configured_score(table: pd.DataFrame) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")
