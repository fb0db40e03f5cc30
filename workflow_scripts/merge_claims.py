"""Put the claims of all models into one table."""

import pandas as pd

from synergy.claims.verdicts import CLAIM_COLUMNS, WORDS
from synergy.files.console import logged_to
from synergy.files.tables import read_records, write_table


def merge_claims(tables: list[str], claims: str) -> None:
    """Write the rows of all `tables`, claim by claim, and within a claim in the order of the tables.

    Parameters
    ----------
    tables : list of str
        Claims of one model each (CSV).
    claims : str
        Where to write the CSV.

    Raises
    ------
    InputError
        If a table has other columns than `COLUMNS`, or another claim or verdict than there are.
    """
    rows = pd.concat([read_records(path, CLAIM_COLUMNS, WORDS) for path in tables])
    write_table(claims, rows.sort_values("claim", key=pd.to_numeric, kind="stable"))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_claims(tables=list(snakemake.input.claims), claims=snakemake.output.claims)
