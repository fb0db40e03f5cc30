"""The page that the report opens with: what its sentences are made of. The page itself is the template summary.html."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from synergy.claims.published import agreement_rule
from synergy.claims.verdicts import BEST_TO_WORST, NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED
from synergy.heads.layer_profiles import layer_means
from synergy.report.style import FAINT, INK, REDUNDANCY, SYNERGY
from synergy.statistics.ranks import pearson, rank_quantiles

COLOURS = {"ink": INK, "faint": FAINT, "synergy": SYNERGY, "redundancy": REDUNDANCY}
VERDICT_SIGNS = {SUPPORTED: "✓", UNDECIDED: "○", OPPOSITE: "✗", NOT_TESTABLE: "–"}  # not by colour alone
# The questions that a reader comes with, and the claims that answer them.
QUESTIONS = {
    "Does it have a synergistic core?": (1, 2, 3),
    "Do its two networks differ as published?": (4, 5),
    "Does the core matter for behaviour?": (6, 7, 8),
}


def tally(rows: list[dict]) -> str:
    """How many claims of one model have which verdict, and how many of the supported ones outlast their control.

    Verdicts are those after the correction for the number of claims.
    """
    counts = Counter(row["verdict"] for row in rows)
    parts = [f"{counts[verdict]} {verdict}" for verdict in BEST_TO_WORST if counts[verdict]]
    kept = sum(row["verdict"] == row["verdict_after_control"] == SUPPORTED for row in rows)
    supported = counts[SUPPORTED]
    after = f" Of the {supported} supported, {kept} {'is' if kept == 1 else 'are'} supported after the control too."
    return f"Of {len(rows)} published claims: {', '.join(parts)}.{after if supported else ''}"


def answer_in_words(row: dict) -> list[str]:
    """One claim answered, and then its control, in sentences of one idea."""
    answers = {SUPPORTED: "Yes.", UNDECIDED: "Undecided.", OPPOSITE: "No, the opposite.", NOT_TESTABLE: "Not testable."}
    before, after = row["verdict"], row["verdict_after_control"]
    if before == NOT_TESTABLE:
        return [answers[before]]
    controlled = {
        SUPPORTED: "Its control finds it too.",
        UNDECIDED: "Its control does not find it." if before == SUPPORTED else "Its control is undecided.",
        OPPOSITE: "Its control finds the opposite.",
        NOT_TESTABLE: "Its control could not be applied.",
    }
    return [answers[before], controlled[after]]


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


def summary_page(
    models: Mapping[str, Sequence[int]],
    claims: pd.DataFrame,
    definitions: pd.DataFrame,
    agreement: pd.DataFrame,
    rankings: Sequence[pd.DataFrame],
    record: dict,
    significance: float,
) -> str:
    """One page of HTML that needs nothing besides itself, and that can be put inside another page as it is.

    Parameters
    ----------
    models : mapping of str to (int, int)
        Layers and heads a layer of each model, by key.
    claims, definitions, agreement : DataFrame
        The claims of all models, the definitions of the score and the agreement with the paper, as texts.
    rankings : sequence of DataFrame
        The head rankings of the models, in order.
    record : dict
        The record of the run.
    significance : float
        Two-sided level of the tests.
    """
    described = []
    for (name, (layers, heads)), ranking in zip(models.items(), rankings, strict=True):
        own = {row["claim"]: row for row in rows_of(claims, name)}
        described.append(
            {
                "name": name,
                "layers": layers,
                "heads": heads,
                "tally": tally(list(own.values())),
                "claims": own,
                "questions": {
                    question: [own[str(number)] for number in numbers if str(number) in own]
                    for question, numbers in QUESTIONS.items()
                },
                "null": null_in_words(ranking, layers, heads),
                "definitions": rows_of(definitions, name),
            }
        )
    config = record["config"]
    settings = {key: value for key, value in config.items() if key not in ("models", "pathvars")}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "p": p_words, "measured": measured, "answer_in_words": answer_in_words}
    environment.filters["json"] = lambda value: json.dumps(value, indent=1)
    return environment.get_template("summary.html").render(
        colours=COLOURS,
        signs=VERDICT_SIGNS,
        models=described,
        statements=dict(zip(claims["claim"], claims["statement"], strict=True)),
        unpublished=[name for name in models if not rows_of(agreement, name)],
        agreement=agreement.to_dict("records"),
        agreement_rule=agreement_rule(significance),
        made=record["provenance"],
        fetched=[*record["models"], {"key": "problems", **record["problems"]}],
        settings=settings | {"models": {name: config["models"][name] for name in models}},
        cost=record["cost"],
    )


def rows_of(table: pd.DataFrame, model: str) -> list[dict]:
    """The rows of one model."""
    return table[table["model"] == model].to_dict("records")
