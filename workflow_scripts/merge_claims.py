"""Put the claims of all models into one table."""

import csv

from synergy.artifacts import write_csv
from synergy.claims import COLUMNS
from synergy.console import logged_to
from synergy.errors import InputError


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
        If a table has other columns than `COLUMNS`.
    """
    rows = []
    for path in tables:
        with open(path, newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise InputError(
                    f"columns {', '.join(COLUMNS)} in {path}",
                    ", ".join(reader.fieldnames or ()) or "an empty file",
                    "delete it and run the workflow again",
                )
            rows += [[row[column] for column in COLUMNS] for row in reader]
    rows.sort(key=lambda row: int(row[COLUMNS.index("claim")]))
    write_csv(claims, COLUMNS, rows)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_claims(tables=list(snakemake.input.claims), claims=snakemake.output.claims)
