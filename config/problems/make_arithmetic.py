r"""Write demo.jsonl: arithmetic of which a very small language model gets about half right, in MATH's fields.

    python config/problems/make_arithmetic.py

Each kind of problem lists the pairs of numbers that it may ask about; a seeded draw takes some of them. Nothing is
taken from any data set. For more problems raise the counts in KINDS; another SEED gives other numbers.
"""

import json
import random
from collections.abc import Callable, Sequence
from itertools import product
from operator import add, floordiv, mul, sub
from pathlib import Path
from typing import NamedTuple

SEED = 7
OUTPUT = Path(__file__).with_name("demo.jsonl")
NAMES = ("Tom", "Ana", "Leo", "Mia", "Sam", "Eva", "Ned", "Ida")
THINGS = ("apples", "pencils", "marbles", "books", "stickers", "coins", "shells", "stamps")

SUM, DIFFERENCE, PRODUCT, QUOTIENT = "{a} + {b} = {n}", "{a} - {b} = {n}", "{a} * {b} = {n}", "{a} / {b} = {n}"


class Kind(NamedTuple):
    """One way to ask: how many to draw, from which numbers, the question, its working and the operation behind it."""

    type: str
    level: int
    count: int
    numbers: list[tuple[int, int]]
    question: str
    working: str
    operation: Callable[[int, int], int]


def numbers(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs of the two."""
    return list(product(first, second))


DIGITS, TWO_DIGITS, TENS = range(2, 10), range(11, 40), range(20, 100, 10)
TIMES_TABLE = numbers(DIGITS, DIGITS)
LEAVING_SOME = [(a + b, b) for a, b in TIMES_TABLE]
WITHOUT_REST = [(a * b, b) for a, b in TIMES_TABLE]
EVEN = [(2 * a, 2) for a in range(2, 26)]
SAME = [(a, a) for a in range(2, 13)]
RECTANGLES = numbers(range(3, 13), DIGITS)

KINDS = (
    Kind("Addition", 1, 5, TIMES_TABLE, "What is {a} + {b}?", SUM, add),
    Kind("Addition", 2, 4, numbers(TWO_DIGITS, DIGITS), "What is {a} + {b}?", SUM, add),
    Kind("Addition", 3, 4, numbers(TWO_DIGITS, TWO_DIGITS), "What is {a} + {b}?", SUM, add),
    Kind("Subtraction", 1, 5, LEAVING_SOME, "What is {a} - {b}?", DIFFERENCE, sub),
    Kind("Multiplication", 1, 5, numbers(range(3, 100), [10]), "What is {a} times {b}?", PRODUCT, mul),
    Kind("Multiplication", 2, 5, TIMES_TABLE, "What is {a} times {b}?", PRODUCT, mul),
    Kind("Multiplication", 3, 4, numbers(DIGITS, TENS), "What is {a} times {b}?", PRODUCT, mul),
    Kind("Multiplication", 4, 4, numbers(range(11, 26), range(2, 6)), "What is {a} times {b}?", PRODUCT, mul),
    Kind("Squares", 1, 3, SAME[:5], "What is {a} squared?", PRODUCT, mul),
    Kind("Squares", 2, 3, SAME[5:], "What is {a} squared?", PRODUCT, mul),
    Kind("Division", 1, 5, EVEN, "What is half of {a}?", QUOTIENT, floordiv),
    Kind("Division", 2, 4, [(10 * a, b) for a, b in WITHOUT_REST], "What is {a} divided by {b}?", QUOTIENT, floordiv),
    Kind("Division", 3, 4, WITHOUT_REST, "What is {a} divided by {b}?", QUOTIENT, floordiv),
    Kind("Algebra", 1, 5, TIMES_TABLE, "If x = {a}, what is x + {b}?", SUM, add),
    Kind("Algebra", 2, 4, TIMES_TABLE, "If x = {a}, what is {b} times x?", PRODUCT, mul),
    Kind("Geometry", 1, 4, SAME, "What is the area of a square whose sides are {a} meters long?", PRODUCT, mul),
    Kind(
        "Geometry",
        2,
        6,
        RECTANGLES,
        "A rectangle is {a} meters long and {b} meters wide. What is its area in square meters?",
        PRODUCT,
        mul,
    ),
    Kind("Counting", 1, 5, numbers(range(4, 40, 2), [2]), "Counting by {b}s, what number comes after {a}?", SUM, add),
    Kind(
        "Word problems",
        1,
        4,
        TIMES_TABLE,
        "{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?",
        SUM,
        add,
    ),
    Kind(
        "Word problems",
        1,
        4,
        TIMES_TABLE,
        "{name} has {a} {things} and {friend} has {b} {things}. How many {things} do they have together?",
        SUM,
        add,
    ),
    Kind(
        "Word problems",
        2,
        4,
        TIMES_TABLE,
        "There are {a} bags with {b} {things} in each. How many {things} are there in all?",
        PRODUCT,
        mul,
    ),
    Kind(
        "Word problems",
        2,
        4,
        TIMES_TABLE,
        "A ticket costs {a} dollars. How many dollars do {b} tickets cost?",
        PRODUCT,
        mul,
    ),
    Kind(
        "Word problems",
        2,
        4,
        TIMES_TABLE,
        "{name} reads {a} pages every day. How many pages does {name} read in {b} days?",
        PRODUCT,
        mul,
    ),
    Kind(
        "Word problems",
        3,
        4,
        WITHOUT_REST,
        "{a} {things} are divided equally among {b} children. How many {things} does each child get?",
        QUOTIENT,
        floordiv,
    ),
)


def make_problems() -> list[dict[str, str]]:
    """Draw the problems of every kind, with their solutions."""
    # Only random() itself is promised to give the same numbers in every version of Python.
    draw = random.Random(SEED).random
    problems: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        left = kind.count
        for a, b in sorted(kind.numbers, key=lambda _: draw()):
            start, step = int(draw() * len(NAMES)), 1 + int(draw() * (len(NAMES) - 1))
            words = {
                "name": NAMES[start],
                "friend": NAMES[(start + step) % len(NAMES)],
                "things": THINGS[int(draw() * len(THINGS))],
            }
            numbers = {"a": a, "b": b, "n": kind.operation(a, b)}
            question = kind.question.format(**numbers, **words)
            if left and question not in problems:
                left -= 1
                problems[question] = {
                    "id": f"demo-{len(problems) + 1:03d}",
                    "problem": question,
                    "level": f"Level {kind.level}",
                    "type": kind.type,
                    "solution": (kind.working + ". The final answer is $\\boxed{{{n}}}$.").format(**numbers),
                }
    return list(problems.values())


def write_problems(path: Path) -> None:
    """Write the problems, one JSON object a line."""
    path.write_text("".join(json.dumps(problem) + "\n" for problem in make_problems()), encoding="utf-8")


if __name__ == "__main__":
    write_problems(OUTPUT)
