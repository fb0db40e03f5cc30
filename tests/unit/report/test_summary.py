"""The page of findings: its words follow from the tables, both ways, and it is safe to put into a report."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from places import REPOSITORY
from summarise import summarise

from synergy.claims.published import AGREEMENT_COLUMNS as AGREEMENT_COLUMNS
from synergy.claims.score_definitions import DEFINITION_COLUMNS as DEFINITION_COLUMNS
from synergy.claims.verdicts import (
    CLAIM_COLUMNS,
    NOT_TESTABLE,
    OPPOSITE,
    STATEMENTS,
    SUPPORTED,
    UNDECIDED,
)
from synergy.files.artifacts import read_json, write_json, write_npz
from synergy.files.errors import InputError
from synergy.files.tables import write_table
from synergy.report.pages import caption_as_html, embedded_image
from synergy.report.summary import answer_in_words, measured, null_in_words, p_words, rule_costs, rules_in_words, tally

VERDICTS = (SUPPORTED, UNDECIDED, OPPOSITE, NOT_TESTABLE)


def claim(number=1, before=SUPPORTED, after=SUPPORTED, **other):
    row = dict.fromkeys(CLAIM_COLUMNS, "") | {"model": "a-model", "claim": str(number), "statement": STATEMENTS[number]}
    row |= {"estimate": "0.5", "ci_low": "0.2", "ci_high": "0.8", "p_value": "0.01", "p_value_holm": "0.08"}
    row |= {"control_estimate": "-0.25", "control_p_value": "0.00001", "control": "null-subtracted scores"}
    return row | {"verdict": before, "verdict_after_control": after, "rule": "a rule", "note": "a note"} | other


@pytest.mark.parametrize("before", VERDICTS)
@pytest.mark.parametrize("after", VERDICTS)
def test_answers_say_what_the_verdicts_say(before, after):
    first, *controlled = answer_in_words(claim(before=before, after=after))
    words = {SUPPORTED: "Yes.", UNDECIDED: "Undecided.", OPPOSITE: "No, the opposite.", NOT_TESTABLE: "Not testable."}
    assert first == words[before]
    assert bool(controlled) == (before != NOT_TESTABLE)
    for sentence in controlled:
        assert ("finds it too" in sentence) == (after == SUPPORTED)
        assert ("does not find it" in sentence) == (after == UNDECIDED and before == SUPPORTED)
        assert ("the opposite" in sentence) == (after == OPPOSITE)
        assert ("not be applied" in sentence) == (after == NOT_TESTABLE)


def test_the_tally_counts():
    rows = [claim(1, SUPPORTED, SUPPORTED), claim(2, SUPPORTED, OPPOSITE), claim(3, NOT_TESTABLE, NOT_TESTABLE)]
    assert tally(rows) == (
        "Of 3 published claims: 2 supported, 1 not testable. Of the 2 supported, 1 is supported after the control too."
    )
    assert tally([claim(1, OPPOSITE, OPPOSITE), claim(2, UNDECIDED)]) == (
        "Of 2 published claims: 1 undecided, 1 opposite."
    )


def test_numbers_are_told_where_they_exist():
    assert measured(claim()) == "0.5 [0.2, 0.8], p = 0.01 (corrected 0.08); control -0.25, p < 0.0001"
    assert measured(claim(estimate="", control_estimate="")) == ""
    assert p_words("") == p_words(None) == p_words(np.nan) == "–"


def ranking(synergy, null):
    columns = {"avg_synergy": synergy, "null_avg_synergy": null, "avg_redundancy": synergy, "null_avg_redundancy": null}
    return pd.DataFrame(columns, dtype=float).loc[np.repeat(np.arange(len(synergy)), 2)]


def test_the_null_is_told_with_numbers():
    words = null_in_words(ranking([1, 2, 3, 2], [1.1, 1.8, 2.7, 2.2]), layers=4, heads=2)
    assert "Mean synergy is 2 nats." in words[0]
    assert "give 98% of it." in words[0]
    assert "exceeds the null in 2 of 4 layers" in words[0]
    assert "rank correlation of +0.9" in words[0]
    assert "Mean redundancy" in words[1]
    assert null_in_words(ranking([1, 2], [np.nan] * 2), 2, 2)[0].startswith("No null was computed")


def test_a_rule_that_several_claims_share_is_told_once():
    rows = [{"claim": "1", "rule": "a; b"}, {"claim": "2", "rule": "a; c"}, {"claim": "2", "rule": "a; c"}]
    assert rules_in_words(rows) == [(["1", "2"], ["a"]), (["1"], ["b"]), (["2"], ["c"])]


def test_captions_are_filled_in_and_may_bring_nothing_along():
    text = "**What is** ``x`` of {{ snakemake.wildcards.model }} < 1?"
    assert caption_as_html(text, "m") == (
        '<p><strong>What is</strong> <span class="docutils literal">x</span> of m &lt; 1?</p>'
    )
    for evil in (".. raw:: html\n\n   <script>1</script>", ".. include:: /etc/hostname"):
        with pytest.raises(Exception, match="disabled"):
            caption_as_html(evil, "m")


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n")
    for name in ("cut.png", "missing.png"):
        with pytest.raises(InputError, match=rf"an image at .*{name}"):
            embedded_image(tmp_path / name)


class Page(HTMLParser):
    """Checks that tags are closed in order, and keeps the text, the ids and what is linked or shown."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.ids, self.links, self.images, self.tables = [], "", [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag == "img":
            self.images.append(found)
        if tag == "th":
            assert found["scope"] in ("row", "col")
        if tag == "caption":
            assert self.open[-1] == "table"
            self.tables[-1] += 1
        if tag == "table":
            self.tables.append(0)
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def made(tmp_path):
    """The inputs of the page for two models, and a function that writes it."""
    models = {"a-model": (4, 2), "gemma3-4b": (4, 2)}
    rows = [claim(n) | {"model": model} for n in STATEMENTS for model in models]
    rows[0] |= {"note": "<script>alert(1)</script> & more"}
    definition = dict.fromkeys(DEFINITION_COLUMNS, "0.1") | {"definition": "rank_difference", "configured": "True"}
    definition |= {"information": "observed", "verdict": OPPOSITE}
    agreement = dict.fromkeys(AGREEMENT_COLUMNS, "0.2") | {"model": "gemma3-4b", "agreement": "agrees", "n": "34"}

    def table(name, rows):
        write_table(tmp_path / name, pd.DataFrame(rows))
        return str(tmp_path / name)

    scores = table("ranking.csv", ranking([1, 2, 3, 2], [1, 2, 3, 2]))
    (tmp_path / "benchmarks/score_math/a-model").mkdir(parents=True)
    benchmark = {"s": 12.5, "max_rss": 100.0}
    (tmp_path / "benchmarks/score_math/a-model/baseline.jsonl").write_text(json.dumps(benchmark) + "\n")
    fetched = {"key": "a-model", "source": {"revision": "abc123"}, "weights": {"kind": "trained"}, "sha256": {}}
    write_json(tmp_path / "prefetch.json", fetched | {"geometry": {"layers": 4, "heads": 2}, "provenance": {}})
    write_json(tmp_path / "problems.json", {"exemplars": [], "n_problems": 33, "provenance": {}})
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    config |= {"study": list(models), "models": {key: {"layers": 4} for key in (*models, "unused")}}
    for name, share in (("reliable", 0.9), ("unreliable", 0.44)):
        write_json(tmp_path / f"{name}.json", {"split_half": {"score": share}, "provenance": {}})
    write_npz(tmp_path / "pairs.npz", {}, head_prompt_sts=np.zeros((57, 8)))
    names = ("a-model_null_profile", "a-model_other", "a-model-random_other", "gemma3-4b_other", "multi_model_other")
    figures = [str(tmp_path / f"figures/{name}.png") for name in names[::-1]]
    (tmp_path / "figures").mkdir()
    for path in figures:
        Image.new("RGB", (70, 40), "orange").save(path)
    (tmp_path / "plot_other.rst").write_text("**What is seen** of {{ snakemake.wildcards.model }}.")
    arguments = {
        "geometries": models,
        "controls": {"a-model": "a-model-random"},
        "figures": figures,
        "explained": {Path(figure).name: "plot_other" for figure in figures},
        "captions": [str(tmp_path / "plot_other.rst")],
        "maps": [str(tmp_path / f"figures/{model}_head_map.html") for model in models],
        "tables": {"all": [str(tmp_path / "claims.csv")], "a-model": [str(tmp_path / "ranking.csv")]},
        "models": [str(tmp_path / "prefetch.json")],
        "problems": str(tmp_path / "problems.json"),
        "config": config,
        "benchmarks": str(tmp_path / "benchmarks"),
        "pairwise": [str(tmp_path / "pairs.npz")] * 2,
        "claims": table("claims.csv", rows),
        "definitions": table("definitions.csv", [definition | {"model": m} for m in models]),
        "agreement": table("agreement.csv", [agreement]),
        "rankings": [scores, scores],
        "summaries": [str(tmp_path / "reliable.json"), str(tmp_path / "unreliable.json")],
        "record": str(tmp_path / "record.json"),
        "significance": 0.05,
    }

    def write(**other):
        summarise(**(arguments | other), summary=str(tmp_path / "summary.html"))
        return (tmp_path / "summary.html").read_text()

    return write


def test_the_page_tells_verdicts_numbers_and_what_made_it(made, tmp_path):
    text = made()
    page = Page(text).text
    assert page.count("Of 8 published claims: 8 supported. Of the 8 supported, 8 are supported after") == 2
    for statement in STATEMENTS.values():
        assert page.count(statement) == 3  # in the first table, then for each model
    assert "✗ opposite" in page
    assert "The paper does not show a-model" in page
    assert "abc123" in page
    assert "score_math" in page
    assert "0.2 minutes of jobs" in page
    assert "unused" not in page
    assert page.count("57 prompts were answered with 100 tokens each") == 2
    assert page.count("reliability of the score over prompts is 0.90.") == 1
    assert " ".join(page.split()).count("score over prompts is 0.44. That is low") == page.count("That is low") == 1
    assert "33 problems under each condition" in page
    assert page.count("a rule") == 1
    assert read_json(tmp_path / "record.json", "run_record")["provenance"]["made_by"] == "summarise"


def test_the_page_shows_every_figure_with_its_caption_and_links_what_there_is(made, tmp_path):
    text = made()
    page = Page(text)
    assert [image["alt"].split(";")[0] for image in page.images] == [
        "a-model: null profile",  # the one that says most comes first
        "a-model: other",
        "gemma3-4b: other",
        "a-model-random: other",
        "multi_model: other",
    ]
    assert all(image["src"].startswith("data:image/webp;base64,") for image in page.images)
    assert {(image["width"], image["height"]) for image in page.images} == {("70", "40")}
    for model in ("a-model", "a-model-random", "gemma3-4b", "multi_model"):
        assert f"What is seen of {model}." in page.text
    assert set(page.tables) == {1}  # each table has one caption
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    outside = {link for link in page.links if not link.startswith("#")}
    assert outside == {
        *("claims.csv", "ranking.csv", "figures/a-model_head_map.html", "figures/gemma3-4b_head_map.html"),
        *(f"figures/{path.name}" for path in (tmp_path / "figures").iterdir()),
    }


def test_the_report_opens_with_the_page_without_figures_and_links_to_files(made):
    opening = "".join(made().split("<!-- whole page -->")[::2])
    page = Page(opening)
    assert page.images == page.links == []
    assert "What was found" in page.text


def test_the_page_follows_the_verdicts(made, tmp_path):
    claims = (tmp_path / "claims.csv").read_text()
    (tmp_path / "claims.csv").write_text(claims.replace(f",{SUPPORTED},", f",{OPPOSITE},"))
    page = Page(made()).text
    assert "Of 8 published claims: 8 opposite." in page
    assert "No, the opposite" in page
    assert "8 supported" not in page


def test_the_page_stands_alone_and_escapes_what_it_is_given(made):
    text = made()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in text
    assert not re.search(r"https?://|@import|url\(|src=\"(?!data:)", text)
    assert 'name="viewport"' in text


def test_costs_add_up_and_forgive_what_was_not_measured(tmp_path):
    for path, lines in {
        "fast.jsonl": ['{"s": 1.0, "max_rss": null}'],
        "slow/a/1.jsonl": ['{"s": 9.0, "max_rss": 9.0}', '{"s": 3.0, "max_rss": 50.0}'],
        "slow/b/1.jsonl": ['{"s": 4.0, "max_rss": "NA"}'],
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("\n".join(lines) + "\n")
    slow, fast = rule_costs(tmp_path).to_dict("records")
    assert slow == {"rule": "slow", "jobs": 2, "seconds": 7.0, "longest_job_s": 4.0, "peak_memory_mib": 50.0}
    assert fast == {"rule": "fast", "jobs": 1, "seconds": 1.0, "longest_job_s": 1.0, "peak_memory_mib": 0.0}
    (tmp_path / "fast.jsonl").write_text('{"s": 1.0}')
    with pytest.raises(InputError, match=r"s and max_rss as the last line of .*fast\.jsonl; found KeyError"):
        rule_costs(tmp_path)
