"""Prompts: the committed sixty, and what the loader refuses."""

from collections import Counter
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from places import REPOSITORY

from synergy.files.errors import InputError
from synergy.recording.prompts import Prompt, load_prompts, repeated_ngrams, text_pieces

COMMITTED = REPOSITORY / "config/prompts.yaml"
CATEGORIES = [
    "syntax_and_grammar",
    "part_of_speech",
    "numerical_reasoning",
    "common_sense",
    "abstract_and_creative",
    "emotional_and_social",
]


def write(path: Path, prompts: list) -> Path:
    path.write_text(yaml.safe_dump({"prompts": prompts}, allow_unicode=True), encoding="utf-8")
    return path


def entry(number: int, **changes) -> dict:
    return {"id": f"p-{number}", "category": "c", "text": f"Question {number}?"} | changes


def test_committed_prompts_are_six_categories_of_ten():
    prompts = load_prompts(COMMITTED)
    assert list(Counter(prompt.category for prompt in prompts)) == CATEGORIES
    assert set(Counter(prompt.category for prompt in prompts).values()) == {10}
    assert [prompt.id for prompt in prompts] == [f"{c}-{n:02d}" for c in CATEGORIES for n in range(1, 11)]


def test_committed_prompts_are_all_different():
    texts = [prompt.text for prompt in load_prompts(COMMITTED)]
    closest = max(combinations(texts, 2), key=lambda pair: SequenceMatcher(None, *pair).ratio())
    assert SequenceMatcher(None, *closest).ratio() < 0.6, closest


def test_order_and_text_survive(tmp_path):
    path = write(tmp_path / "p.yaml", [entry(2, text="  Größe – “why”?\n"), entry(1)])
    assert load_prompts(path) == [Prompt("p-2", "c", "Größe – “why”?"), Prompt("p-1", "c", "Question 1?")]


@pytest.mark.parametrize(
    ("prompts", "expected", "found"),
    [
        ([entry(1)], "at least 2 prompts", "found 1"),
        ([], "at least 2 prompts", "found 0"),
        ([entry(1), entry(2, id="p-1")], "'id'", "'p-1' twice"),
        ([entry(1), entry(2, text="Question  1? ")], "'text'", "ids p-1 and p-2"),
        ([entry(1), entry(2, text=" \n")], "non-empty 'text'", "nothing"),
        ([entry(1), entry(2, id="")], "non-empty 'id'", "nothing"),
        ([entry(1), entry(2, text=7)], "text for 'text'", "found 7"),
        ([entry(1), entry(2, category=None)], "text for 'category'", "None"),
        ([entry(1), {"id": "p-2", "text": "t"}], "(id p-2)", "no category"),
        ([entry(1), {"text": "t"}], "prompts[1]", "no id, category"),
        ([entry(1), entry(2, txet="t")], "only keys id, category, text", "txet"),
        ([entry(1), "a question"], "prompts[1]", "str"),
    ],
)
def test_bad_entries_are_named(tmp_path, prompts, expected, found):
    path = write(tmp_path / "p.yaml", prompts)
    with pytest.raises(InputError) as error:
        load_prompts(path)
    assert str(path) in str(error.value)
    assert expected in str(error.value)
    assert found in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"prompts: [", "valid YAML"),
        (b"prompts:\n  - text: a: b\n", "valid YAML"),
        (b"prompts: \xff\xfe", "valid YAML"),
        (b"", "NoneType"),
        (b"- id: a", "list"),
        (b"prompts: []\nextra: 1", "extra"),
        (b"prompts: {id: a}", "a list under 'prompts'"),
    ],
)
def test_bad_files_are_named(tmp_path, content, message):
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        load_prompts(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_prompts(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("tokens", "share"),
    [
        (range(20), 0.0),
        ([5] * 20, 12 / 13),
        ([1, 2, 3] * 10, 20 / 23),
        ([*range(12), *range(8)], 1 / 13),
        (range(8), 0.0),
        (range(7), None),
    ],
)
def test_a_loop_repeats_its_runs(tokens, share):
    assert repeated_ngrams(list(tokens), 8) == pytest.approx(share)


@pytest.mark.parametrize("text", ["plain words", "na\u00efve \u4f60\u597d \U0001f600!", "\U0001f600", ""])
def test_pieces_are_the_text_and_a_character_comes_with_its_last_token(text):
    """Tokens of one byte, as byte-level vocabularies have for rare characters."""
    tokens = list(text.encode())
    pieces = text_pieces(lambda some: bytes(some).decode(errors="replace"), tokens)
    assert len(pieces) == len(tokens)
    assert "".join(pieces) == text
    assert all(len(piece) <= 1 for piece in pieces)


def test_a_character_that_is_never_finished_is_shown_as_such():
    pieces = text_pieces(lambda some: bytes(some).decode(errors="replace"), list("a\U0001f600".encode())[:-1])
    assert pieces == ["a", "", "", "\N{REPLACEMENT CHARACTER}"]
