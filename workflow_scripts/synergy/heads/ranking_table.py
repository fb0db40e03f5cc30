"""The head ranking of a model as a table, a row a head."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synergy.files.errors import InputError
from synergy.files.tables import REMAKE, read_table
from synergy.heads.scores import SCORES


def read_ranking(path: str, n_heads_total: int, required: Sequence[str]) -> pd.DataFrame:
    """Read the table of ``rank_heads``.

    Parameters
    ----------
    path : str
        The CSV.
    n_heads_total : int
        Query heads that the model has.
    required : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks a column or has not one row for each head, in order.
    """
    table = read_table(path, required=required)
    index = np.arange(n_heads_total)
    if len(table) != n_heads_total or not np.array_equal(table.get("head_idx", index), index):
        raise InputError(
            f"a row for each of the model's {n_heads_total} heads, in order, in {path}",
            f"{len(table)} rows{', in another order' * (len(table) == n_heads_total)}",
            f"delete {path} and run the workflow again; if it stays so, correct layers and heads in the config",
        )
    return table


def read_layers(path: str, required: Sequence[str]) -> pd.DataFrame:
    """Read the table of ``rank_heads`` where the geometry is the table's own: as many heads in each layer, in order.

    Raises
    ------
    InputError
        As `read_ranking`.
    """
    table = read_table(path, required=("layer", *required))
    layers, counts = np.unique(table["layer"], return_counts=True)
    if not np.array_equal(table["layer"], np.repeat(np.arange(len(layers)), counts.max())):
        found = f"{len(table)} rows of {len(layers)} layers"
        raise InputError(f"the same number of heads of each layer, in order, in {path}", found, REMAKE)
    return table


def configured_score(table: pd.DataFrame) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")
