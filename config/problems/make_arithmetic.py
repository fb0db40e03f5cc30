r"""Write demo.jsonl: arithmetic that a very small language model can half do, in the fields of the MATH data set.

    python config/problems/make_arithmetic.py

Each kind of problem lists every pair of numbers that it may ask about; a seeded draw takes some of them. Nothing is
taken from any data set. To get more problems, raise the counts in KINDS; another SEED gives other numbers.
"""

import json
import random
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

SEED = 7
OUTPUT = Path(__file__).with_name("demo.jsonl")
NAMES = ("Tom", "Ana", "Leo", "Mia", "Sam", "Eva", "Ned", "Ida")
THINGS = ("apples", "pencils", "marbles", "books", "stickers", "coins", "shells", "stamps")


class Kind(NamedTuple):
    """A way to ask: subject and level, how many to draw, the pairs of numbers, the question, the working, the answer."""

    type: str
    level: int
    count: int
    numbers: list[tuple[int, int]]
    question: str
    working: str
    answer: Callable[[int, int], int]


def pairs(first: range, second: range) -> list[tuple[int, int]]:
    """All pairs of a number of `first` and one of `second`."""
    return list(product(first, second))


DIGITS = pairs(range(2, 10), range(2, 10))
QUOTIENTS = [(a * b, b) for a, b in DIGITS]
SMALLER = [(a, b) for a, b in pairs(range(4, 13), range(2, 10)) if a > b]
SUM, DIFFERENCE, PRODUCT, QUOTIENT = "{a} + {b} = {n}", "{a} - {b} = {n}", "{a} * {b} = {n}", "{a} / {b} = {n}"


def add(a: int, b: int) -> int:  # noqa: D103
    return a + b


KINDS = (
)


if __name__ == "__main__":
    pass
