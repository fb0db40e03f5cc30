"""Grading: known pairs, two public test sets against themselves, and answers that would hang or break a grader."""

import random

import pytest
from places import SHARED

from synergy.perturbation.answer_extraction import last_boxed, strict_form
from synergy.perturbation.grading import Grade, Grader, as_formula
from synergy.perturbation.problems import load_problems

EXCEPTIONS: set[str] = set()  # Ids of MATH-500 whose gold solution is not found equal to its own answer: none.


@pytest.fixture(scope="module")
def grader():
    # Generous, so that a busy machine does not turn a slow comparison into a timeout.
    with Grader(timeout_s=30) as grader:
        yield grader


@pytest.fixture(scope="module")
def hasty_grader():
    with Grader(timeout_s=2.5) as grader:
        yield grader


def shared_problems(name: str) -> list:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not at hand")
    return load_problems(SHARED / name)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("42", "42"),
        ("\\frac{1}{2}", "0.5"),
        ("\\frac{3}{4}", "3/4"),
        ("2\\sqrt{3}", "\\sqrt{12}"),
        ("x^2 + 2x", "x(x + 2)"),
        ("5", "x = 5"),
        ("x = 5", "5"),
        ("1,234", "1234"),
        ("12{,}345", "12345"),
        ("1,2", "2, 1"),
        ("(-\\infty, 2) \\cup (3, \\infty)", "(-\\infty,2)\\cup(3,\\infty)"),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\begin{pmatrix}\n1\\\\\n2\n\\end{pmatrix}"),
        ("\\text{Tuesday}", "Tuesday"),
        ("5", "5 \\text{ cm}"),
        ("5", "5."),
        ("5", "$5$"),
        ("5", "\\$5"),
        ("90^\\circ", "90"),
    ],
)
def test_equal_in_value_is_correct(grader, gold, answer):
    assert grader.grade(gold, answer)[::2] == (True, "graded")


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("42", "43"),
        ("12", "(1,2)"),
        ("(1,2)", "12"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "[1,2]"),
        ("1200", "1, 200"),
        ("7", "5 or 7"),
        ("7", "5, 7"),
        ("5", "-5"),
        ("5", "5 = 7"),
        ("\\frac{1}{3}", "0.333"),
        ("x^2 + 1", "x^2 - 1"),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}"),
        ("123456789012345678", "123456789012345679"),
        ("3", "three"),
        ("5", "the number five"),
    ],
)
def test_different_in_value_is_wrong(grader, gold, answer):
    assert grader.grade(gold, answer) == Grade(False, False, "graded")


def test_strict_verdict_stands_beside(grader):
    assert grader.grade("\\frac{1}{2}", "0.5") == Grade(True, False, "graded")
    assert grader.grade("\\frac{1}{2}", "\\dfrac12") == Grade(True, True, "graded")


@pytest.mark.parametrize("answer", [None, "", " \n"])
def test_nothing_to_grade(grader, answer):
    assert grader.grade("5", answer) == Grade(False, False, "no_answer")


@pytest.mark.parametrize(
    "answer",
    [
        "5" * 100_000,
        "\\frac{1}{" * 50_000,
        "5\x00",
        "\x005",
        "5\ud800",
        "\udfff" * 20,
        "{" * 400,
        "\\sqrt{" * 5_000 + "5" + "}" * 5_000,
        "5\\",
        "$$",
        "\\[",
    ],
)
def test_what_cannot_be_read_is_ungradable_and_wrong(hasty_grader, answer):
    # Deep nesting may end in a RecursionError or be killed first: either way it is counted.
    grade = hasty_grader.grade("5", answer)
    assert not grade.correct
    assert grade.status in {"ungradable", "grader_timeout"}


@pytest.mark.parametrize(
    "answer",
    [
        "9^{9^{9^{9^9}}}",
        "\\frac{5^{(5^{(5^{(5^5)})} - 4)} - 5}{16}",
        "((10!)!)!",
        "2^{1000000000}",
        "(" * 400 + "1" + ")" * 400,
    ],
)
def test_what_hangs_is_killed_and_wrong_and_the_next_answer_is_graded(hasty_grader, answer):
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
        "-" * 900 + "6",
        "\\text{a}" * 100,
        "9" * 990,
        "\\frac{1}{" * 91 + "5" + "}" * 91,
        "\\sqrt{" * 140 + "5" + "}" * 140,
        "answer" * 150,
    ],
)
def test_odd_answers_are_wrong_and_break_nothing(hasty_grader, answer):
    assert not hasty_grader.grade("5", answer).correct
    assert hasty_grader.grade("5", "5").correct


@pytest.mark.parametrize(
    ("answer", "formula"),
    [
        ("  $x$\n= 5. ", "x = 5"),
        ("\\$18.90", "\\$18.90"),
        ("11,\\! 111,\\! 100", "11,111,100"),
        ("12{,}345", "12,345"),
        ("15\\,000", "15,000"),
        ("1, 200", "1, 200"),
        ("\\begin{matrix} 1 \\\\[1ex] 2 \\end{matrix}", "\\begin{matrix} 1 \\\\[1ex] 2 \\end{matrix}"),
    ],
)
def test_as_formula(answer, formula):
    assert as_formula(answer) == formula


def test_gold_solutions_of_math_500_are_correct_against_their_own_answers(grader):
    problems = shared_problems("math500/test.jsonl")
    grades = {problem.id: grader.grade(problem.answer, last_boxed(problem.solution)) for problem in problems}
    wrong = {name for name, grade in grades.items() if not grade.correct}
    assert wrong == EXCEPTIONS
    assert len(EXCEPTIONS) <= 0.005 * len(problems)
    assert all(grade.correct_strict for grade in grades.values())


def test_answers_of_other_problems_of_math_500_are_wrong(grader):
    problems = shared_problems("math500/test.jsonl")
    others = random.Random(0).sample(problems, len(problems))
    found_equal = set()
    for problem, other in zip(problems, others, strict=True):
        if strict_form(problem.answer) == strict_form(other.answer):
            continue
        grade = grader.grade(problem.answer, other.answer)
        assert grade.status == "graded"
        assert not grade.correct_strict
        if grade.correct:
            found_equal.add((problem.answer, other.answer))
    assert not found_equal


def test_gsm8k_answers_are_correct_against_themselves_and_wrong_against_others(grader):
    problems = random.Random(0).sample(shared_problems("gsm8k/test.jsonl"), 300)
    for problem, other in zip(problems, problems[1:] + problems[:1], strict=True):
        own = problem.solution.rpartition("####")[2].strip()  # With its thousands separators.
        assert grader.grade(problem.answer, own) == Grade(True, True, "graded")
        if float(problem.answer) != float(other.answer):
            assert grader.grade(problem.answer, other.answer) == Grade(False, False, "graded")
