"""Write the page that the report opens with, and the record of what the results of this folder were made with."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from synergy.claims.published import AGREEMENT_COLUMNS as AGREEMENT
from synergy.claims.score_definitions import DEFINITION_COLUMNS as DEFINITIONS
from synergy.claims.verdicts import BEST_TO_WORST, WORDS
from synergy.claims.verdicts import CLAIM_COLUMNS as CLAIMS
from synergy.files.artifacts import atomic_path, read_json, write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance, rule_codes
from synergy.files.tables import read_records
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.summary import TOGETHER, rule_costs, shown, summary_page

RANKING = ("avg_synergy", "avg_redundancy", "null_avg_synergy", "null_avg_redundancy")


def summarise(
    geometries: Mapping[str, Sequence[int]],
    controls: Mapping[str, str],
    claims: str,
    definitions: str,
    agreement: str,
    rankings: Sequence[str],
    summaries: Sequence[str],
    pairwise: Sequence[str],
    figures: Sequence[str],
    explained: Mapping[str, str],
    captions: Sequence[str],
    maps: Sequence[str],
    tables: Mapping[str, Sequence[str]],
    models: Sequence[str],
    problems: str,
    config: dict,
    benchmarks: str,
    significance: float,
    record: str,
    summary: str,
) -> None:
    """Write the record of the run (JSON), and one page of HTML that needs nothing besides itself.

    Parameters
    ----------
    geometries : mapping of str to (int, int)
        Layers and heads a layer of each model of the study, by key.
    controls : mapping of str to str
        The untrained twin of a model that figures show.
    claims, definitions, agreement : str
        The claims of all models, the definitions of the score and the agreement with the paper (CSV).
    rankings, summaries, pairwise : sequence of str
        The head rankings (CSV), their summaries (JSON) and the pairs (npz) of the models of the study, in order.
    figures : sequence of str
        The PNGs.
    explained : mapping of str to str
        Of each figure, by its file's name, the name of its caption.
    captions : sequence of str
        Files of captions (reStructuredText).
    maps : sequence of str
        The maps of heads (HTML) of the models of the study, in order.
    tables : mapping of str to sequence of str
        Tables (CSV) that the page links, by what they are of: a model, or ``all``.
    models, problems : sequence of str, str
        Prefetch records (JSON) of the models and of the problem set.
    config : dict
        The merged config.
    benchmarks : str
        Folder of the benchmark files; jobs that run after this one are not in the table of costs.
    significance : float
        Two-sided level of the tests.
    record, summary : str
        Where to write the JSON and the HTML.
    """
    made_with = {
        "config": config,
        "models": [_without_provenance(path, "model_record") for path in models],
        "problems": _without_provenance(problems, "problems_record"),
        "cost": rule_costs(benchmarks).to_dict("records"),
        "code": rule_codes(),
        "provenance": provenance("summarise", {}),
    }

    def link(path):
        return Path(os.path.relpath(path, Path(summary).parent)).as_posix()

    words = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in captions}
    sizes = [layers * heads for layers, heads in geometries.values()]
    pairs = [read_pairwise(path, ["head_prompt_sts"], n)[0] for path, n in zip(pairwise, sizes, strict=True)]
    page = summary_page(
        geometries,
        controls,
        claims=read_records(claims, CLAIMS, WORDS),
        definitions=read_records(definitions, DEFINITIONS, {"verdict": BEST_TO_WORST}),
        agreement=read_records(agreement, AGREEMENT, {}),
        rankings=[read_ranking(path, n, RANKING) for path, n in zip(rankings, sizes, strict=True)],
        n_prompts=[len(atoms["head_prompt_sts"]) for atoms in pairs],
        reliabilities=[read_json(path, "ranking_summary")["split_half"]["score"] for path in summaries],
        figures=[
            shown(path, words[explained[Path(path).name]], [*geometries, *controls.values(), TOGETHER], link(path))
            for path in figures
        ],
        maps=dict(zip(geometries, map(link, maps), strict=True)),
        tables={of: [link(path) for path in paths] for of, paths in tables.items()},
        record=made_with,
        significance=significance,
    )
    write_json(record, made_with)
    with atomic_path(summary) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _without_provenance(path: str, schema: str) -> dict:
    return {key: value for key, value in read_json(path, schema).items() if key != "provenance"}


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        summarise(
            claims=snakemake.input.claims,
            definitions=snakemake.input.definitions,
            agreement=snakemake.input.agreement,
            rankings=snakemake.input.rankings,
            summaries=snakemake.input.summaries,
            pairwise=snakemake.input.pairwise,
            figures=snakemake.input.figures,
            captions=snakemake.input.captions,
            maps=snakemake.input.maps,
            models=snakemake.input.models,
            problems=snakemake.input.problems,
            benchmarks=snakemake.params.benchmarks,
            record=snakemake.output.record,
            summary=snakemake.output.summary,
            **snakemake.params.settings,
        )
