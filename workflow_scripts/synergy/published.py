"""Values read off the published figures, to be drawn faintly beside ours."""

from pathlib import Path

import numpy as np

from synergy.tables import Table, read_table, select

# ASSUME: Where the paper has another variant of a model (instruct, base) than the study, its values are shown all the
# same, under their own name, since the published claims are said to hold across variants.
VARIANTS = ("", "-it", "-base")


def published_name(model: str, table: Table) -> str | None:
    """Name under which the paper has `model`: itself, or its instruct or base variant; None if it has neither."""
    names = {str(name) for name in table["model"]}
    return next((model + variant for variant in VARIANTS if model + variant in names), None)


def variant_in_words(model: str, name: str) -> str:
    """Say so where the paper shows another variant than ours; empty where both are the same."""
    kinds = {"-it": "instruct", "-base": "base"}
    kind = next((word for ending, word in kinds.items() if name.endswith(ending)), "")
    return "" if name == model else f"Another variant: the paper's is {name} ({kind} model), ours {model}."


def read_published(path: str | Path, model: str, columns: tuple[str, ...]) -> tuple[str | None, Table]:
    """Rows of a published table that belong to `model`.

    Parameters
    ----------
    path : str or Path
        CSV with a column ``model``.
    model : str
        Key of a model of the study.
    columns : tuple of str
        Columns that must be there besides ``model``.

    Returns
    -------
    name : str or None
        The paper's name of the model, None if the paper does not have it.
    table : dict of str to ndarray
        Its rows; no rows when `name` is None.
    """
    table = read_table(path, required=("model", *columns))
    name = published_name(model, table)
    if name is None:
        return None, {column: values[:0] for column, values in table.items()}
    return name, select(table, model=np.str_(name))
