"""The page that the report opens with: what its sentences are made of. The page itself is the template summary.html."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synergy.claims.published import agreement_rule
from synergy.claims.verdicts import BEST_TO_WORST, NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED
from synergy.files.errors import InputError
from synergy.heads.layer_profiles import layer_means
from synergy.report.pages import caption_as_html, embedded_image, page_of
from synergy.statistics.descriptive import pearson, rank_quantiles

TOGETHER, HEADLINE = "multi_model", "null profile"  # figures of all models; the one that comes first
VERDICT_SIGNS = {SUPPORTED: "✓", UNDECIDED: "○", OPPOSITE: "✗", NOT_TESTABLE: "–"}  # not by colour alone
RELIABLE = 0.7  # a reliability below it is called low, as is usual for scores (Nunnally 1978, Psychometric Theory)
# The questions that a reader comes with, and the claims that answer them.
QUESTIONS = {
    "Does it have a synergistic core?": (1, 2, 3),
    "Do its two networks differ as published?": (4, 5),
    "Does the core matter for behaviour?": (6, 7, 8),
}


COST_COLUMNS = ("rule", "jobs", "seconds", "longest_job_s", "peak_memory_mib")


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
            f"Mean {name} is {np.nanmean(ranking[observed]):.3g} nats. Surrogates without coupling between heads give "
            f"{share:.0%} of it. The layer profiles of the two have a rank correlation of {number(same, '+.2f')}. "
            f"The observed exceeds the null in {above} of {layers} layers."
        )
    return sentences


def reliability_in_words(reliability: float | None) -> list[str]:
    """How far the ranking of heads would come out the same with other prompts, with a warning where it would not."""
    if reliability is None or not np.isfinite(reliability):
        return []
    words = [f"The split-half reliability of the score over prompts is {reliability:.2f}."]
    if reliability < RELIABLE:
        words.append(
            f"That is low, below {RELIABLE:g}: other prompts would rank the heads otherwise. Record more of them."
        )
    return words


def rules_in_words(rows: Sequence[dict]) -> list[tuple[list[str], list[str]]]:
    """The rules of verdicts in parts of one idea, each part once: the claims that it is for, and the parts.

    Parameters
    ----------
    rows : sequence of dict
        The claims, ``claim`` and ``rule``, of all models.
    """
    claims: dict[str, list[str]] = {}
    for row in rows:
        for part in map(str.strip, row["rule"].split(";")):
            if row["claim"] not in claims.setdefault(part, []):
                claims[part].append(row["claim"])
    parts: dict[tuple[str, ...], list[str]] = {}
    for part, numbers in claims.items():
        parts.setdefault(tuple(sorted(numbers, key=int)), []).append(part)
    return [(list(numbers), own) for numbers, own in sorted(parts.items(), key=lambda item: -len(item[0]))]


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it.

    Attributes
    ----------
    model, name : str
        A key of the config, or ``multi_model``; ``null profile``.
    image : str
        Data URI.
    width, height : int
        Pixels.
    caption : str
        HTML.
    link : str
        The file, relative to the page.
    """

    model: str
    name: str
    image: str
    width: int
    height: int
    caption: str
    link: str


def shown(path: str, caption: str, models: Sequence[str], link: str) -> Shown:
    """Prepare a figure for the page.

    Parameters
    ----------
    path : str
        The PNG, ``<model>_<name>.png``.
    caption : str
        Its caption, see `caption_as_html`.
    models : sequence of str
        What may stand before the name.
    link : str
        The path relative to the page.
    """
    stem = Path(path).stem
    model = max((key for key in models if stem.startswith(f"{key}_")), key=len)
    name = stem.removeprefix(f"{model}_").replace("_", " ")
    return Shown(model, name, *embedded_image(path), caption_as_html(caption, model), link)


def summary_page(
    geometries: Mapping[str, Sequence[int]],
    controls: Mapping[str, str],
    claims: pd.DataFrame,
    definitions: pd.DataFrame,
    agreement: pd.DataFrame,
    rankings: Sequence[pd.DataFrame],
    n_prompts: Sequence[int],
    reliabilities: Sequence[float | None],
    figures: Sequence[Shown],
    maps: Mapping[str, str],
    tables: Mapping[str, Sequence[str]],
    record: dict,
    significance: float,
) -> str:
    """One page of HTML that needs nothing besides itself, and that can be put inside another page as it is.

    Parameters
    ----------
    geometries : mapping of str to (int, int)
        Layers and heads a layer of each model of the study, by key.
    controls : mapping of str to str
        The untrained twin of a model that figures show.
    claims, definitions, agreement : DataFrame
        The claims of all models, the definitions of the score and the agreement with the paper, as texts.
    rankings, n_prompts : sequence of DataFrame, of int
        The head rankings of the models of the study, in order, and the prompts that each was recorded on.
    reliabilities : sequence of float or None
        Split-half reliability of the score of each over prompts.
    figures : sequence of Shown
        All figures; those of a model are shown in this order, the one beside the null first.
    maps : mapping of str to str
        Link of the map of the heads of each model.
    tables : mapping of str to sequence of str
        Links of the tables, by what they are of: a model, or ``all``.
    record : dict
        The record of the run.
    significance : float
        Two-sided level of the tests.
    """

    def of_model(model):
        return sorted((own for own in figures if own.model == model), key=lambda own: own.name != HEADLINE)

    described = []
    of_models = zip(geometries.items(), rankings, n_prompts, reliabilities, strict=True)
    for (name, (layers, heads)), ranking, prompts, reliability in of_models:
        own = {row["claim"]: row for row in rows_of(claims, name)}
        described.append(
            {
                "name": name,
                "layers": layers,
                "heads": heads,
                "n_prompts": prompts,
                "reliability": reliability_in_words(reliability),
                "tally": tally(list(own.values())),
                "claims": own,
                "questions": {
                    question: [own[str(number)] for number in numbers if str(number) in own]
                    for question, numbers in QUESTIONS.items()
                },
                "null": null_in_words(ranking, layers, heads),
                "definitions": rows_of(definitions, name),
                "figures": of_model(name),
                "map": maps.get(name),
                "tables": tables.get(name, []),
            }
        )
    config = record["config"]
    settings = {key: value for key, value in config.items() if key not in ("models", "pathvars")}
    return page_of(
        "summary.html",
        {"number": number, "p": p_words, "measured": measured, "answer_in_words": answer_in_words},
        signs=VERDICT_SIGNS,
        models=described,
        twins=[
            {"name": twin, "of": model, "figures": of_model(twin)} for model, twin in controls.items() if of_model(twin)
        ],
        together=of_model(TOGETHER),
        statements=dict(zip(claims["claim"], claims["statement"], strict=True)),
        rules=rules_in_words(claims.to_dict("records")),
        unpublished=[name for name in geometries if not rows_of(agreement, name)],
        agreement=agreement.to_dict("records"),
        agreement_rule=[part.strip() for part in agreement_rule(significance).split(";")],
        tables=tables.get("all", []),
        config=config,
        made=record["provenance"],
        fetched=[*record["models"], {"key": "problems", **record["problems"]}],
        n_problems=record["problems"].get("n_problems"),
        settings=settings | {"models": {name: config["models"][name] for name in geometries}},
        cost=record["cost"],
    )


def rows_of(table: pd.DataFrame, model: str) -> list[dict]:
    """The rows of one model."""
    return table[table["model"] == model].to_dict("records")


def rule_costs(benchmarks: str | Path) -> pd.DataFrame:
    """Add the jobs of each rule up, the costliest rule first.

    Parameters
    ----------
    benchmarks : str or Path
        Folder with ``<rule>.jsonl`` or ``<rule>/….jsonl``. A file with several lines is a job that was repeated; the
        last line counts. Of a job that was interrupted and run again only the last run is there.

    Returns
    -------
    DataFrame
        Columns are `COST_COLUMNS`: seconds of wall clock summed over jobs, those of the longest, and the highest peak
        resident memory of a job in MiB (0 where the job was too short to be looked at).

    Raises
    ------
    InputError
        Naming the file that holds no record.
    """
    jobs = []
    for path in sorted(Path(benchmarks).rglob("*.jsonl")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".jsonl")
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if line.strip()]
        if lines:
            try:
                record = json.loads(lines[-1])
                memory = record["max_rss"]  # null or NA where it was not measured
                jobs.append((rule, float(record["s"]), float(memory) if isinstance(memory, int | float) else 0.0))
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                expected = f"a benchmark record with s and max_rss as the last line of {path}"
                raise InputError(expected, f"{type(error).__name__}: {error}", "delete that file") from None
    by_rule = pd.DataFrame(jobs, columns=["rule", "s", "max_rss"]).groupby("rule", as_index=False)
    costs = by_rule.agg(
        jobs=("s", "size"), seconds=("s", "sum"), longest_job_s=("s", "max"), peak_memory_mib=("max_rss", "max")
    )
    return costs[list(COST_COLUMNS)].sort_values("seconds", ascending=False, kind="stable", ignore_index=True)
