"""Where an answer ends: every way in which the next problem begins, and nothing that an answer may hold."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.perturbation.stopping import NEXT_PROBLEM, Stopping

SHARED = Path(__file__).parents[4] / "shared" / "data"
HEADERS = [
    "\nProblem: Find x.",
    "\n\nProblem: Find x.",
    "\nQuestion: Find x.",
    "\n\nProblem 2: Find x.",
    "\nProblem 2. Find x: 3 + 4.",
    "\nProblem 2) Find x.\n",
    "\nProblem (2): Find x.",
    "\nProblem #2: Find x.",
    "\nProblem No. 2: Find x.",
    "\nProblem II. Find x.\n",
    "\nProblem 2 – Find x.\n",
    "\nPROBLEM 3\nFind x.",
    "\nExercise 3. Find x.\n",
    "\nExample 2\nFind x.",
    "\nexample: Find x.",
    "\n  Problem : Find x.",
    "\n> Problem: Find x.",
    "\nProblem：Find x.",
    "\n### Problem\nFind x.",
    "\n#### Problem 2\nFind x.",
    "\n# Question 2 (algebra)\nFind x.",
    "\n**Problem:** Find x.",
    "\n**Problem 2**\nFind x.",
    "\n**Problem 2 (5 points).** Find x.\n",
    "\n__Problem__: Find x.",
    "\n*Problem 2:* Find x.",
    "\n[Question]\nFind x.",
    "\n<problem>\nFind x.",
    "\n\\textbf{Problem 2} Find x.\n",
    "\n\\section*{Problem 2}\nFind x.",
    "\n\\begin{problem}\nFind x.",
    "\nNext problem: Find x.",
    "\nHere is another question: Find x.",
    "\nQ: Find x.",
    "\nQ2. Find x.\n",
    "\nHuman: Find x.",
    # In the midst of a line
    " Problem: Find x.",
    " Problem 2: Find x.",
    "Problem: Find x.",
    " **Problem:** Find x.",
    " **Problem 2** Find x.\n",
    " ### Problem 2\nFind x.",
    " Question: Find x.",
    " Exercise 7: Find x.",
    " Q: Find x.",
    " Here's a new problem: Find x.",
]
ANSWERS = [" 4.", " It is $2 + 2 = 4$, so the answer is 4.", "\nStep 1: add.\nStep 2: $\\boxed{4}$.", " Answer: 4."]
# An answer, and how a second one follows it.
SECOND = [
    (" 3 + 4 = 7.\nAnswer: 7", "\nAnswer: 8"),
    (" The answer is 4.", " Answer: 5"),
    (" The answer is: **$4$**.\nWhat is 3 + 3?", "\nAnswer: 6"),
    (" 4\n", "\nAnswer: 5"),
    (" 4", " Answer: 5"),
    (" $\\frac{1}{2}$", "\n\nAnswer: 5"),
    (" (2, 4)", "\nAnswer: 5"),
    (" $\\boxed{4}$\nWhat is 3 + 3?", "\nAnswer: 6"),
    (" 2 + 2 = 4\n#### 4\nWhat is 3 + 3?", "\nAnswer: 6"),
    (" **Answer:** 4", "\n**Answer:** 5"),
    (" ### Answer\n4", "\n### Answer\n5"),
    (" Final Answer: 4", "\nFinal Answer: 5"),
]
WHOLE = [
    " 3 + 4 = 7.\nAnswer: 7",
    " 3 + 4 = 7\nAnswer: 7",
    "\nAnswer: 7",
    " The answer is not clear at once.\nAnswer: 7",
    " We look for the answer: a number.\n**Answer:** 7",
    " Final Answer: The final answer is $4$. I hope it is correct.",
    " To solve the problem: add. The problem 2 above is alike.",
    " The question is: what is x? Question 2 asks the same.",
    " For example: 3. For example, 4: even.",
    " Let $Q: x \\to 2x$ and $P$, Q be maps. Q.E.D.\nQ.E.D.",
    " **Step 1:** add.\n### Step 2\n**Solution:** 4\n#### 4",
    " 1. Add.\n2. Divide: 4.",
    " Problem-solving takes time. **Problem-solving** does.",
    " A word problem\nProblems of this kind have answers.",
    "",
]


class Pieces:
    """A tokenizer of a text that is cut into given pieces; counts the tokens that it decodes."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.decoded = 0

    def decode(self, ids, skip_special_tokens=False):
        self.decoded += len(ids)
        return "".join(self.pieces[token] for token in ids)


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def decode(self, ids, skip_special_tokens=False):
        return bytes(ids).decode("utf-8", "replace")


def written(tokenizer, ids) -> tuple[str, int]:
    """What is kept of an answer whose tokens come one by one, and how many came."""
    stopping = Stopping(tokenizer, NEXT_PROBLEM)
    for n in range(1, len(ids) + 1):
        if stopping.ended(ids[:n], at_last=n == len(ids)):
            return stopping.kept(ids[:n]), n
    return stopping.kept(ids), len(ids)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces = []
    while text:
        size = sizes[len(pieces) % len(sizes)]
        pieces, text = [*pieces, text[:size]], text[size:]
    return pieces


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_the_next_problem_is_not_part_of_the_answer(answer, header):
    text = answer + header
    kept = text[: NEXT_PROBLEM.place(text)]
    assert kept in (answer, answer + "\n")
    assert written(Bytes(), text.encode())[0] == kept


@pytest.mark.parametrize(("answer", "second"), SECOND)
def test_a_second_answer_is_that_of_another_problem(answer, second):
    text = answer + second
    assert text[: NEXT_PROBLEM.place(text)].rstrip() == answer.rstrip()
    assert written(Bytes(), text.encode())[0].rstrip() == answer.rstrip()


@pytest.mark.parametrize("text", WHOLE)
def test_what_an_answer_may_hold_ends_nothing(text):
    assert NEXT_PROBLEM.place(text) is None
    assert written(Bytes(), text.encode()) == (text, len(text.encode()))


@pytest.mark.parametrize(("name", "key"), [("math500", "solution"), ("gsm8k", "answer")])
def test_no_reference_solution_is_cut(name, key):
    path = SHARED / name / "test.jsonl"
    if not path.exists():
        pytest.skip(f"{name} is not at hand")
    solutions = [json.loads(line)[key] for line in path.read_text(encoding="utf-8").splitlines()]
    assert not [text for text in solutions if NEXT_PROBLEM.place(f" {text}") is not None]
    # With the next problem behind them they are kept whole.
    for text in solutions[:100]:
        assert f" {text}\n\nProblem: {text}\nAnswer: 5"[: NEXT_PROBLEM.place(f" {text}\n\nProblem: x")] == f" {text}\n"


@given(
    st.sampled_from([answer + header for answer in ANSWERS for header in HEADERS] + [a + b for a, b in SECOND] + WHOLE),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
)
def test_what_is_kept_does_not_depend_on_how_the_text_is_cut_into_tokens(text, sizes):
    pieces = cut(text, sizes)
    kept, n = written(Pieces(pieces), range(len(pieces)))
    assert kept == text[: NEXT_PROBLEM.place(text)]
    # Nothing is written behind the line in which the next problem begins.
    assert "\n" not in "".join(pieces[: n - 1])[len(kept) :].strip("\n")


def test_an_answer_that_is_cut_off_in_a_header_has_ended():
    ids = list(b" 4.\n### Problem")
    assert not Stopping(Bytes(), NEXT_PROBLEM).ended(ids)
    assert Stopping(Bytes(), NEXT_PROBLEM).ended(ids, at_last=True)


def test_without_a_stop_nothing_ends():
    text = list(b" 4.\nProblem: 5")
    assert not Stopping(Bytes(), None).ended(text, at_last=True)
    assert Stopping(Bytes(), None).kept(text) == " 4.\nProblem: 5"


def test_next_to_nothing_is_decoded():
    lines = 100
    tokenizer = Pieces([" so", " 4", " x", ".\n", " y", ","])
    ids = [0, 1, 2, 4, 5, 0, 1, 2, 4, 3] * lines
    assert written(tokenizer, ids)[1] == len(ids)
    kept_and_last = 2 * len(ids)
    # Each token once by itself; behind each line what it holds, and no more than two tokens before it.
    assert tokenizer.decoded <= len(tokenizer.pieces) + 12 * lines + kept_and_last
