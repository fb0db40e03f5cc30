"""The sections of the page that says what was found."""

import json
from html import escape

from synergy.agreement import agreement_rule
from synergy.findings import QUESTIONS, answer, measured, null_in_words, number, p_words, tally
from synergy.page import details, heading, listed, paragraph, table, verdict
from synergy.tables import Table

PAPER = "arXiv:2601.06851"
NUMBERS = ("estimate", "95 % interval", "p", "p (Holm)", "after control", "p after", "n", "rank correlation")


def introduction(models: list[str], claims: list[dict]) -> list[str]:
    """What was asked, of which models, how many claims hold, and the verdict on each claim for each model."""
    text = (
        f"Urbina-Rodriguez et al. ({PAPER}) report that language models have a synergistic core: attention heads in "
        "middle layers that carry information about the future jointly, not singly, and on which behaviour depends. "
        f"This run tested eight claims of theirs on {', '.join(models)}, each first as published and then again after "
        "a control that could explain it away. Verdicts follow from the numbers by the rule that stands beside each."
    )
    by_model = {model: [row for row in claims if row["model"] == model] for model in models}
    counts = listed(f"<b>{escape(model)}</b>: {escape(tally(rows))}" for model, rows in by_model.items())
    numbered = {
        (
            model,
            row["claim"],
        ): f"{verdict(row['verdict'])}<br>after its control: {verdict(row['verdict_after_control'])}"
        for model, rows in by_model.items()
        for row in rows
    }
    statements = {row["claim"]: row["statement"] for row in claims}
    rows = [
        (f"<b>{number}.</b> {escape(statement)}", *(numbered.get((model, number), "") for model in models))
        for number, statement in statements.items()
    ]
    return [paragraph(text), counts, table(("claim", *models), rows)]


def model_section(
    model: str, claims: list[dict], definitions: list[dict], ranking: Table, layers: int, heads: int
) -> list[str]:
    """Answers, the null, the claims table and the definitions of the score of one model."""
    by_number = {int(row["claim"]): row for row in claims}
    parts = [heading(model), paragraph(f"{layers} layers of {heads} attention heads.")]
    for question, numbers in QUESTIONS.items():
        parts += [
            heading(question, 3),
            listed(_answered(by_number[number]) for number in numbers if number in by_number),
        ]
    parts += [heading("How much of it would unrelated heads show?", 3)]
    parts += [paragraph(sentence) for sentence in null_in_words(ranking, layers, heads)]
    return [*parts, heading("The claims", 3), claims_table(claims), *definitions_table(definitions)]


def _answered(row: dict) -> str:
    numbers = measured(row)
    return (
        f"{escape(row['statement'])} <b>{escape(answer(row))}</b>"
        + (f" ({escape(numbers)})" if numbers else "")
        + f". <small>Statistic: {escape(row['statistic'])}.</small>"
    )


def claims_table(rows: list[dict]) -> str:
    """One row a claim: numbers, both verdicts, and what to read beside them."""
    columns = ("claim", "estimate", "95 % interval", "p", "p (Holm)", "verdict", "after control", "p after", "")
    cells = [
        (
            f"<b>{row['claim']}.</b> {escape(row['statement'])}",
            number(row["estimate"]),
            f"{number(row['ci_low'])} to {number(row['ci_high'])}" if row["ci_low"] else "–",
            escape(p_words(row["p_value"])),
            escape(p_words(row["p_value_holm"])),
            verdict(row["verdict"]),
            number(row["control_estimate"]),
            escape(p_words(row["control_p_value"])),
            verdict(row["verdict_after_control"])
            + details(
                "why",
                paragraph(f"Statistic: {row['statistic']}."),
                paragraph(f"Rule: {row['rule']}."),
                paragraph(f"Control: {row['control']}. {row['note']}"),
            ),
        )
        for row in rows
    ]
    return table((*columns[:-1], "verdict after control"), cells, NUMBERS)


def definitions_table(rows: list[dict]) -> list[str]:
    """Whether the layer profile is an inverted U under each definition of the score."""
    columns = (
        "score",
        "of",
        "correlation with an inverted U",
        "95 % interval",
        "rise to the middle",
        "p",
        "p, rotated",
    )
    cells = [
        (
            f"{'<b>' if row['configured'] == 'True' else ''}{escape(row['definition'].replace('_', ' '))}"
            f"{' (configured)</b>' if row['configured'] == 'True' else ''}",
            escape(row["information"]),
            number(row["correlation"], "+.2f"),
            f"{number(row['ci_low'], '+.2f')} to {number(row['ci_high'], '+.2f')}",
            number(row["quadratic_contrast"]),
            escape(p_words(row["p_value"])),
            escape(p_words(row["p_value_rotated"])),
            verdict(row["verdict"]),
        )
        for row in rows
    ]
    text = (
        "Claim 1 under every definition of the score. The p permutes layers and serves correlation and rise alike; the "
        "rotated p keeps neighbouring layers together, which is stricter but cannot be below one over the layers. The "
        "balance of an excess divides by what may be near zero, so that it says little."
    )
    return [
        heading("Every definition of the score", 3),
        paragraph(text),
        table((*columns, "verdict"), cells, columns[2:]),
    ]


def agreement_section(models: list[str], rows: list[dict], significance: float) -> list[str]:
    """How far the values agree with the paper's, for the models that it shows."""
    parts = [heading("Agreement with the published values")]
    absent = [model for model in models if not any(row["model"] == model for row in rows)]
    if absent:
        parts.append(paragraph(f"The paper does not show {', '.join(absent)}: there is nothing to compare with."))
    if not rows:
        return parts
    columns = ("model", "in the paper", "Fig.", "quantity", "n", "rank correlation", "p", "mean |difference|", "bias")
    cells = [
        (
            *(escape(row[key]) for key in ("model", "published_model", "figure", "quantity", "n")),
            number(row["rank_correlation"], "+.2f"),
            escape(p_words(row["p_value"])),
            escape(f"{number(row['mean_abs_difference'], '.3g')} {row['unit']}"),
            number(row["mean_difference"]),
            escape(row["agreement"]) + (f"<br><small>{escape(row['note'])}</small>" if row["note"] else ""),
        )
        for row in rows
    ]
    return [
        *parts,
        table((*columns, "agreement"), cells, columns[4:]),
        paragraph(f"Rule: {agreement_rule(significance)}."),
    ]


def made_section(record: dict, models: list[str]) -> list[str]:
    """Models and their revisions, problems, versions, settings and cost."""
    made, config = record["provenance"], record["config"]
    settings = {key: value for key, value in config.items() if key not in ("models", "pathvars")}
    settings["models"] = {model: config["models"][model] for model in models}
    packages = ", ".join(f"{name} {version}" for name, version in made["packages"].items())
    total = sum(row["seconds"] for row in record["cost"])
    forms = {"jobs": "d", "seconds": ".1f", "longest_job_s": ".1f", "peak_memory_mib": ".0f"}
    costs = [(escape(row["rule"]), *(format(row[key], form) for key, form in forms.items())) for row in record["cost"]]
    columns = ("rule", "jobs", "seconds, all jobs", "longest job, s", "peak memory, MiB")
    prefetched = [*record["models"], {"key": "problems", **record["problems"]}]
    return [
        heading("How this was made"),
        paragraph(f"Code {made['code_version']}; Python {made['python']}; {packages}."),
        details("Models and problems", *(f"<pre>{escape(json.dumps(item, indent=1))}</pre>" for item in prefetched)),
        details("Settings", f"<pre>{escape(json.dumps(settings, indent=1))}</pre>"),
        details(f"Cost: {total / 60:.1f} minutes of jobs", table(columns, costs, columns[1:])),
    ]
