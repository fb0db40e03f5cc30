"""Put the claims of all models into one table."""

from synergy.claims.verdicts import CLAIM_COLUMNS, WORDS
from synergy.files.artifacts import write_csv
from synergy.files.console import logged_to
from synergy.files.tables import read_records


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
    rows = [row for path in tables for row in read_records(path, CLAIM_COLUMNS, WORDS)]
    rows.sort(key=lambda row: int(row["claim"]))
    write_csv(claims, CLAIM_COLUMNS, [list(row.values()) for row in rows])


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_claims(tables=list(snakemake.input.claims), claims=snakemake.output.claims)
