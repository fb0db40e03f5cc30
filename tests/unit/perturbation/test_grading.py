"""Grading: verdicts and how they came about, public test sets against themselves, and answers that hang or break."""

import random

import pytest
from grading_cases import cases
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED

from synergy.perturbation.answer_extraction import extract_answer
from synergy.perturbation.answer_forms import strict_form
from synergy.perturbation.grading import Grade, Grader
from synergy.perturbation.problems import load_problems


@pytest.fixture(scope="module")
def grader():
    with Grader() as grader:
        yield grader


@pytest.fixture(scope="module")
def hasty_grader():
    with Grader(timeout_s=1.5) as grader:
        yield grader


@pytest.fixture(scope="module")
def known_cases():
    if not SHARED.exists():
        pytest.skip("the public sets are not at hand")
    return cases(SHARED)


def shared_problems(name: str) -> list:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not at hand")
    return load_problems(SHARED / name)


@pytest.mark.parametrize(
    ("gold", "answer", "grade"),
    [
        ("\\frac{1}{2}", "0.5", Grade(True, False, "graded")),
        ("\\frac{1}{2}", "\\dfrac12", Grade(True, True, "graded")),
        ("\\frac{1}{2}", "0.4", Grade(False, False, "graded")),
        ("x \\in [-2,7]", "-2 \\le x \\le 7", Grade(True, False, "graded")),
        ("14/5", "1 4/5", Grade(False, False, "graded")),
        ("3", "three", Grade(True, False, "graded")),
        ("3", "the number three", Grade(False, False, "graded")),
        ("5", "5 +", Grade(False, False, "ungradable")),
        ("5", None, Grade(False, False, "no_answer")),
        ("5", " \n", Grade(False, False, "no_answer")),
    ],
)
def test_verdicts_and_their_status(grader, gold, answer, grade):
    assert grader.grade(gold, answer) == grade


@given(st.text(st.sampled_from("0123456789xy+-*/^_{}()[],.=<>\\ $%"), max_size=12))
def test_what_is_equal_letter_by_letter_is_equal(grader, text):
    grade = grader.grade(text, f" {text} ")
    assert grade.correct or not (grade.correct_strict or text.isalnum())


@pytest.mark.parametrize(
    "answer",
    ["5" * 100_000, "\\frac{1}{" * 50_000, "5\x00", "\x005", "5\ud800", "\udfff" * 20, "{" * 400, "5\\", "$$", "\\["],
)
def test_what_cannot_be_read_is_ungradable_and_wrong(hasty_grader, answer):
    assert hasty_grader.grade("5", answer) == Grade(False, False, "ungradable")


@pytest.mark.parametrize("answer", ["9^{9^{9^{9^9}}}", "\\frac{5^{(5^{(5^{(5^5)})} - 4)} - 5}{16}", "((10!)!)!"])
def test_what_hangs_is_ended_and_wrong_and_the_next_answer_is_graded(hasty_grader, answer):
    assert hasty_grader.grade("5", answer) == Grade(False, False, "grader_timeout")
    assert hasty_grader.grade("5", "\\frac{10}{2}") == Grade(True, False, "graded")


@pytest.mark.parametrize(
    "answer",
    [
        '{"correct": true}',
        '__import__("os")._exit(0)',
        "\u202e5",
        "\N{GRINNING FACE}",
        "%",
        "\\infty - \\infty",
        "\\frac{0}{0}",
        "2^{1000000000}",
        "-" * 900 + "6",
        "\\text{a}" * 100,
        "9" * 990,
        "(" * 400 + "1" + ")" * 400,
        "\\frac{1}{" * 91 + "5" + "}" * 91,
        "\\sqrt{" * 140 + "5" + "}" * 140,
        "x^" * 400 + "x",
        "\\pm " * 200 + "1",
        "1," * 400 + "1",
        "\\frac" * 190,
        "\\begin{pmatrix}" * 50,
        "answer" * 150,
        "a " * 450,
    ],
)
def test_odd_answers_are_wrong_and_break_nothing(hasty_grader, answer):
    assert not hasty_grader.grade("5", answer).correct
    assert hasty_grader.grade("5", "5.0").correct


@pytest.mark.parametrize(
    ("group", "least", "most"),
    [
        ("in a box", 0.998, 1),
        ("between dollar signs", 0.998, 1),
        ("between double dollar signs", 0.998, 1),
        ("bare", 0.998, 1),
        ("solution", 1, 1),
        ("rewritten", 0.99, 1),
        ("altered", 0, 0.005),
        ("cut solution", 0, 0.003),
    ],
)
def test_known_cases_made_from_public_sets(grader, known_cases, group, least, most):
    verdicts = [grader.grade(case.gold, extract_answer(case.text).answer).correct for case in known_cases[group]]
    assert least * len(verdicts) <= sum(verdicts) <= most * len(verdicts)


def test_answers_of_other_problems_of_math_500_are_wrong(grader):
    problems = shared_problems("math500/test.jsonl")
    for problem, other in zip(problems, random.Random(0).sample(problems, len(problems)), strict=True):
        if strict_form(problem.answer) != strict_form(other.answer):
            assert grader.grade(problem.answer, other.answer) == Grade(False, False, "graded")


def test_gsm8k_answers_are_right_against_themselves_and_wrong_against_others(grader):
    problems = random.Random(0).sample(shared_problems("gsm8k/test.jsonl"), 300)
    for problem, other in zip(problems, problems[1:] + problems[:1], strict=True):
        own = extract_answer(problem.solution)  # With its thousands separators.
        assert own.extraction == "stated"
        assert grader.grade(problem.answer, own.answer) == Grade(True, True, "graded")
        if float(problem.answer) != float(other.answer):
            assert grader.grade(problem.answer, other.answer) == Grade(False, False, "graded")
