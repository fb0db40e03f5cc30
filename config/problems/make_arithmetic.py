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
NAMES = ("Tom", "Ana", "Leo", "Mia", "Sam", "Eva", "Kai", "Ida")
THINGS = ("apples", "pencils", "marbles", "books", "stickers", "coins", "shells", "stamps")

OPERATIONS = {"+": add, "-": sub, "*": mul, "/": floordiv}


def grid(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    """All pairs of the two."""
    return list(product(first, second))


DIGITS, TWO_DIGITS, TENS = range(2, 10), range(11, 40), range(20, 100, 10)
TIMES_TABLE = grid(DIGITS, DIGITS)
LEAVING_SOME = [(a + b, b) for a, b in TIMES_TABLE]
WITHOUT_REST = [(a * b, b) for a, b in TIMES_TABLE]
WITHOUT_REST_TENS = [(10 * a, b) for a, b in WITHOUT_REST]
EVEN = [(2 * a, 2) for a in range(2, 26)]
SAME = [(a, a) for a in range(2, 13)]


class Kind(NamedTuple):
    """One way to ask: how many to draw, from which numbers a and b, the operation on them, and the question."""

    type: str
    level: int
    count: int
    numbers: list[tuple[int, int]]
    operation: str
    question: str


GIVEN = "{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?"
TOGETHER = "{name} has {a} {things} and {friend} has {b} {things}. How many {things} do they have together?"
BAGS = "There are {a} bags with {b} {things} in each. How many {things} are there in all?"
TICKETS = "A ticket costs {a} dollars. How many dollars do {b} tickets cost?"
PAGES = "{name} reads {a} pages every day. How many pages does {name} read in {b} days?"
SHARES = "{a} {things} are divided equally among {b} children. How many {things} does each child get?"
SQUARE = "What is the area of a square whose sides are {a} meters long?"
RECTANGLE = "A rectangle is {a} meters long and {b} meters wide. What is its area in square meters?"

KINDS = (
    Kind("Addition", 1, 5, TIMES_TABLE, "+", "What is {a} + {b}?"),
    Kind("Addition", 2, 4, grid(TWO_DIGITS, DIGITS), "+", "What is {a} + {b}?"),
    Kind("Addition", 3, 5, grid(TWO_DIGITS, TWO_DIGITS), "+", "What is {a} + {b}?"),
    Kind("Subtraction", 1, 5, LEAVING_SOME, "-", "What is {a} - {b}?"),
    Kind("Multiplication", 1, 4, grid(range(3, 100), [10]), "*", "What is {a} times {b}?"),
    Kind("Multiplication", 2, 5, TIMES_TABLE, "*", "What is {a} times {b}?"),
    Kind("Multiplication", 3, 4, grid(DIGITS, TENS), "*", "What is {a} times {b}?"),
    Kind("Multiplication", 4, 5, grid(range(11, 26), range(2, 6)), "*", "What is {a} times {b}?"),
    Kind("Squares", 1, 3, SAME[:5], "*", "What is {a} squared?"),
    Kind("Squares", 2, 3, SAME[5:], "*", "What is {a} squared?"),
    Kind("Division", 1, 5, EVEN, "/", "What is half of {a}?"),
    Kind("Division", 2, 4, WITHOUT_REST, "/", "What is {a} divided by {b}?"),
    Kind("Division", 3, 4, WITHOUT_REST_TENS, "/", "What is {a} divided by {b}?"),
    Kind("Algebra", 1, 4, TIMES_TABLE, "+", "If x = {a}, what is x + {b}?"),
    Kind("Algebra", 2, 3, TIMES_TABLE, "*", "If x = {a}, what is {b} times x?"),
    Kind("Geometry", 1, 4, SAME, "*", SQUARE),
    Kind("Geometry", 2, 6, grid(range(3, 13), DIGITS), "*", RECTANGLE),
    Kind("Counting", 1, 5, grid(range(4, 40, 2), [2]), "+", "Counting by {b}s, what number comes after {a}?"),
    Kind("Word problems", 1, 4, TIMES_TABLE, "+", GIVEN),
    Kind("Word problems", 1, 4, TIMES_TABLE, "+", TOGETHER),
    Kind("Word problems", 2, 4, TIMES_TABLE, "*", BAGS),
    Kind("Word problems", 2, 4, TIMES_TABLE, "*", TICKETS),
    Kind("Word problems", 2, 3, TIMES_TABLE, "*", PAGES),
    Kind("Word problems", 3, 3, WITHOUT_REST, "/", SHARES),
)


def make_problems() -> list[dict[str, str]]:
    """Draw the problems of every kind, with their solutions."""
    # Of all of Python's generator, only random() is promised to give the same numbers in every version.
    draw = random.Random(SEED).random
    problems: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        left = kind.count
        for a, b in sorted(kind.numbers, key=lambda _: draw()):
            question = kind.question.format(a=a, b=b, **_words(draw))
            if left and question not in problems:
                left -= 1
                n = OPERATIONS[kind.operation](a, b)
                problems[question] = {
                    "id": f"demo-{len(problems) + 1:03d}",
                    "problem": question,
                    "level": f"Level {kind.level}",
                    "type": kind.type,
                    "solution": f"{a} {kind.operation} {b} = {n}. The final answer is $\\boxed{{{n}}}$.",
                }
    return list(problems.values())


def write_problems(path: Path) -> None:
    """Write the problems, one JSON object a line."""
    path.write_text("".join(json.dumps(problem) + "\n" for problem in make_problems()), encoding="utf-8")


def _words(draw: Callable[[], float]) -> dict[str, str]:
    first, others = int(draw() * len(NAMES)), 1 + int(draw() * (len(NAMES) - 1))
    friend = NAMES[(first + others) % len(NAMES)]
    return {"name": NAMES[first], "friend": friend, "things": THINGS[int(draw() * len(THINGS))]}


if __name__ == "__main__":
    write_problems(OUTPUT)
