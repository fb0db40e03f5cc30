"""Write the page that the report opens with: what was found, in words and tables, and what it was found with."""

from collections.abc import Mapping, Sequence

from synergy.claims.published import AGREEMENT_COLUMNS as AGREEMENT
from synergy.claims.score_definitions import DEFINITION_COLUMNS as DEFINITIONS
from synergy.claims.verdicts import BEST_TO_WORST, WORDS
from synergy.claims.verdicts import CLAIM_COLUMNS as CLAIMS
from synergy.files.artifacts import atomic_path, read_json
from synergy.files.console import logged_to
from synergy.files.tables import read_records
from synergy.heads.scores import read_ranking
from synergy.report.summary import summary_page

RANKING = ("avg_synergy", "avg_redundancy", "null_avg_synergy", "null_avg_redundancy")


def summarise(
    models: Mapping[str, Sequence[int]],
    claims: str,
    definitions: str,
    agreement: str,
    rankings: Sequence[str],
    record: str,
    significance: float,
    summary: str,
) -> None:
    """Write one page of HTML that needs nothing besides itself.

    Parameters
    ----------
    models : mapping of str to (int, int)
        Layers and heads a layer of each model, by key.
    claims, definitions, agreement : str
        The claims of all models, the definitions of the score and the agreement with the paper (CSV).
    rankings : sequence of str
        The head rankings (CSV) of the models, in order.
    record : str
        The record of the run (JSON).
    significance : float
        Two-sided level of the tests.
    summary : str
        Where to write the HTML.
    """
    page = summary_page(
        models,
        claims=read_records(claims, CLAIMS, WORDS),
        definitions=read_records(definitions, DEFINITIONS, {"verdict": BEST_TO_WORST}),
        agreement=read_records(agreement, AGREEMENT, {}),
        rankings=[
            read_ranking(path, layers * heads, RANKING)
            for path, (layers, heads) in zip(rankings, models.values(), strict=True)
        ],
        record=read_json(record, "run_record"),
        significance=significance,
    )
    with atomic_path(summary) as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        summarise(
            claims=snakemake.input.claims,
            definitions=snakemake.input.definitions,
            agreement=snakemake.input.agreement,
            rankings=snakemake.input.rankings,
            record=snakemake.input.record,
            summary=snakemake.output.summary,
            **snakemake.params.settings,
        )
