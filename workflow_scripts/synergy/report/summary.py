"""A page of HTML that needs nothing besides itself, and that can be put inside another page as it is."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import pandas as pd

from synergy.claims.published import agreement_rule
from synergy.claims.verdicts import BEST_TO_WORST, NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDONE
from synergy.heads.layer_profiles import layer_means
from synergy.report.style import FAINT, INK, REDUNDANCY, SYNERGY
from synergy.statistics.ranks import pearson, rank_quantiles

# Everything is under .found, so that the page changes nothing around it where it stands inside another.
STYLE = f"""
.found {{ font: 15px/1.45 system-ui, sans-serif; color: {INK}; max-width: 64rem; margin: 0 auto; padding: 1rem; }}
.found h1 {{ font-size: 1.6em; }} .found h2 {{ font-size: 1.3em; margin-top: 1.6em; }}
.found h3 {{ font-size: 1.05em; margin: 1.2em 0 .3em; }}
.found table {{ border-collapse: collapse; font-size: .86em; margin: .5em 0; width: 100%; }}
.found th, .found td {{ border-bottom: 1px solid {FAINT}; padding: .3em .6em; text-align: left; vertical-align: top; }}
.found td.n, .found th.n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.found .wide {{ overflow-x: auto; }}
.found .verdict {{ font-weight: 600; white-space: nowrap; }}
.found .supported {{ color: #007A5A; }} .found .opposite {{ color: {SYNERGY}; }}
.found .not-supported {{ color: {REDUNDANCY}; }} .found .not-testable {{ color: #6B6B6B; }}
.found pre {{ background: #F4F4F4; color: {INK}; padding: .6em; overflow-x: auto; font-size: .8em; }}
.found summary {{ cursor: pointer; color: #444; }}
"""
VERDICT_SIGNS = {SUPPORTED: "✓", NOT_SUPPORTED: "○", OPPOSITE: "✗", NOT_TESTABLE: "–"}  # not by colour alone


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; `parts` are HTML."""
    head = f'<!doctype html>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
    return head + f'<div class="found" lang="en">\n<h1>{escape(title)}</h1>\n' + "\n".join(parts) + "\n</div>\n"


def heading(text: str, level: int = 2) -> str:
    """A heading of plain text."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def listed(items: Iterable[str]) -> str:
    """A list; `items` are HTML."""
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items) + "\n</ul>"


def details(summary: str, *parts: str) -> str:
    """HTML that unfolds."""
    return f"<details><summary>{escape(summary)}</summary>\n" + "\n".join(parts) + "\n</details>"


def verdict(word: str) -> str:
    """A verdict as sign and word."""
    return f'<span class="verdict {word.replace(" ", "-")}">{VERDICT_SIGNS[word]} {escape(word)}</span>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[str] = ()) -> str:
    """A table; cells are HTML, and the columns named in `numeric` are set flush right."""
    marks = ['<{0} class="n">' if column in numeric else "<{0}>" for column in columns]
    lines = ["".join(mark.format("th") + escape(name) + "</th>" for mark, name in zip(marks, columns, strict=True))]
    lines += [
        "".join(mark.format("td") + cell + "</td>" for mark, cell in zip(marks, row, strict=True)) for row in rows
    ]
    return '<div class="wide"><table>\n' + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table></div>"


# The questions that a reader comes with, and the claims that answer them.
QUESTIONS = {
    "Does it have a synergistic core?": (1, 2, 3),
    "Do its two networks differ as published?": (4, 5),
    "Does the core matter for behaviour?": (6, 7, 8),
}


def tally(rows: list[dict]) -> str:
    """How many claims of one model have which verdict, and how many of the supported ones outlast their control."""
    counts = Counter(row["verdict"] for row in rows)
    parts = [f"{counts[verdict]} {verdict}" for verdict in BEST_TO_WORST if counts[verdict]]
    kept = sum(row["verdict"] == row["verdict_after_control"] == SUPPORTED for row in rows)
    supported = counts[SUPPORTED]
    after = f" Of the {supported} supported, {kept} {'is' if kept == 1 else 'are'} supported after the control too."
    undone = [row["claim"] for row in rows if UNDONE in row["note"]]
    names = f"claim{'s' if len(undone) > 1 else ''} {' and '.join(undone)}"
    chance = f" Corrected for the number of claims, {names} would not be decided." if undone else ""
    return f"Of {len(rows)} published claims: {', '.join(parts)}.{after if supported else ''}{chance}"


def answer_in_words(row: dict) -> str:
    """One claim answered, with its control, in a clause."""
    before, after, control = row["verdict"], row["verdict_after_control"], row["control"]
    if before == NOT_TESTABLE:
        return "Could not be tested"
    if before == SUPPORTED:
        return {
            SUPPORTED: "Yes, and its control leaves it",
            NOT_SUPPORTED: f"Only until its control ({control}) removes it",
            OPPOSITE: f"Only until its control ({control}) reverses it",
            NOT_TESTABLE: "Yes, but its control could not be applied",
        }[after]
    first = "No, the opposite" if before == OPPOSITE else "Not shown"
    return (
        first
        + {
            SUPPORTED: f"; supported only once its control ({control}) is applied",
            OPPOSITE: "" if before == OPPOSITE else f"; the opposite once its control ({control}) is applied",
            NOT_SUPPORTED: f"; nothing is left after its control ({control})" if before == OPPOSITE else "",
            NOT_TESTABLE: "",
        }[after]
    )


def number(value: float | str | None, form: str = ".3g") -> str:
    """A number to print, a dash where there is none."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return "–"
    return format(value, form) if np.isfinite(value) else "–"


def p_words(value: float | str | None) -> str:
    """A p value to print: two digits, and no false precision below 0.0001."""
    text = number(value, ".2g")
    return "< 0.0001" if text != "–" and float(value) < 1e-4 else text


def measured(row: dict) -> str:
    """Estimate, interval, p and corrected p of a claim, and estimate and p after its control."""
    parts = []
    for estimate, p_value, prefix in (("estimate", "p_value", ""), ("control_estimate", "control_p_value", "control ")):
        if number(row[estimate]) != "–":
            p = p_words(row[p_value])
            interval = f" [{number(row['ci_low'])}, {number(row['ci_high'])}]" if not prefix else ""
            interval = "" if "–" in interval else interval
            p = f", p {p}" if p.startswith("<") else f", p = {p}" if p != "–" else ""
            corrected = p_words(row["p_value_holm"])
            if p and not prefix and corrected not in ("–", p_words(row["p_value"])):
                p += f" (corrected {corrected})"
            parts.append(f"{prefix}{number(row[estimate])}{interval}{p}")
    return "; ".join(parts)


def null_in_words(ranking: pd.DataFrame, layers: int, heads: int) -> list[str]:
    """How much of each atom two unrelated heads give, whether its layer profile is theirs, and where more is left."""
    sentences = []
    for name, observed, null in (
        ("synergy", "avg_synergy", "null_avg_synergy"),
        ("redundancy", "avg_redundancy", "null_avg_redundancy"),
    ):
        profile, baseline = (layer_means(ranking[column].to_numpy(), layers, heads) for column in (observed, null))
        if not np.isfinite(baseline).any():
            return ["No null was computed, so nothing here says how much of it unrelated heads would show."]
        share = np.nanmean(ranking[null]) / np.nanmean(ranking[observed])
        same = pearson(rank_quantiles(profile), rank_quantiles(baseline))
        above = int(np.count_nonzero(profile > baseline))
        sentences.append(
            f"Mean {name} is {np.nanmean(ranking[observed]):.3g} nats, of which surrogates without coupling between "
            f"heads give {share:.0%}; the layer profiles of the two have a rank correlation of {number(same, '+.2f')}, "
            f"and the observed exceeds the null in {above} of {layers} layers."
        )
    return sentences


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
    model: str, claims: list[dict], definitions: list[dict], ranking: pd.DataFrame, layers: int, heads: int
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
        f"{escape(row['statement'])} <b>{escape(answer_in_words(row))}</b>"
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
