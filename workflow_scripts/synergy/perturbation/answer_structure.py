r"""The structure of an answer in plain TeX: lists, tuples, intervals, sets, unions, relations, matrices, and leaves."""

import re
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<open>[({\[]|\\\{|\\langle|\\lfloor|\\lceil|\\begin\{\w+\*?\})"
    r"|(?P<close>[)}\]]|\\\}|\\rangle|\\rfloor|\\rceil|\\end\{\w+\*?\})|\\[a-zA-Z]+|\\.|.",
    re.DOTALL,
)
_LIST = re.compile(r"[,;]|(?<![\\a-zA-Z])(?:and|or)(?![a-zA-Z])|\\(?:lor|vee|land|wedge)(?![a-zA-Z])")
_WITHIN_BRACKETS = re.compile("[,;]")
_RELATION = re.compile(r"\\(?:le|ge|ne|in|approx|equiv)(?![a-zA-Z])|[<>=]")
_WORDS_LISTED = re.compile(r"\\text\{([^{}]*(?:,|\band\b)[^{}]*)\}")
_CUP = re.compile(r"\\cup(?![a-zA-Z])")
_BUILDER = re.compile(r"\\mid(?![a-zA-Z])|\||:")
_ONE_NUMBER = re.compile(
    r"[-+]?(?:\\\$)?\s*[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9,])[^,;]*"
)  # 1,234 and its unit
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix|array|smallmatrix)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}", re.DOTALL)
_BRACKETS = {"(": "(", "[": "[", "\\{": "{", "\\langle": "<", ")": ")", "]": "]", "\\}": "}", "\\rangle": ">"}


class Leaf(NamedTuple):
    """A number, a formula or words."""

    form: str


class Group(NamedTuple):
    """Several answers.

    Attributes
    ----------
    brackets : str
        ``list`` for a bare list, or the brackets around it: ``()``, ``[]``, ``(]``, ``[)``, ``{}`` or ``<>``.
    items : tuple of nodes
    connective : str
        ``or`` or ``and`` if the list has these words, else ``,``.
    """

    brackets: str
    items: tuple
    connective: str = ","


class Union(NamedTuple):
    """A union of sets."""

    items: tuple


class Relation(NamedTuple):
    """A chain of terms, in plain TeX, and the signs between them."""

    terms: tuple[str, ...]
    signs: tuple[str, ...]


class Matrix(NamedTuple):
    """Rows of leaves."""

    rows: tuple[tuple[Leaf, ...], ...]


Node = Leaf | Group | Union | Relation | Matrix


@lru_cache(maxsize=1024)
def structure(form: str) -> Node:
    """Take an answer in plain TeX apart: first at commas, then at relations, at unions, and at brackets around it."""
    form = form.strip()
    if words := _WORDS_LISTED.fullmatch(form):
        form = words[1]
    parts, connectives = _split(form, _LIST)
    if len(parts) > 1 and not _ONE_NUMBER.fullmatch(form):
        return _listed([part for part in parts if part], set(connectives))
    terms, signs = _split(form, _RELATION)
    if len(terms) > 1:
        return Relation(tuple(terms), tuple(signs))
    sets, _ = _split(form, _CUP)
    if len(sets) > 1:
        return Union(tuple(map(structure, sets)))
    if matrix := _MATRIX.fullmatch(form):
        rows = re.split(r"\\\\(?:\s*\[\w+\])?", matrix[2].strip().removesuffix("\\\\"))
        return Matrix(tuple(tuple(Leaf(cell.strip()) for cell in row.split("&")) for row in rows))
    return _bracketed(form) or Leaf(form)


def _listed(parts: list[str], connectives: set[str]) -> Node:
    items = [structure(part) for part in parts]
    if len(items) == 1:
        return items[0]
    relations = [isinstance(item, Relation) for item in items]
    if relations == [True] + [False] * (len(items) - 1) and items[0].signs[-1] in ("=", r"\in"):
        items[0] = structure(items[0].terms[-1])  # n = 1, 2, 3
    word = "or" if {"or", r"\lor", r"\vee"} & connectives else "and" if connectives - {",", ";"} else ","
    return Group("list", tuple(items), word)


def _bracketed(form: str) -> Node | None:
    """What brackets around a whole form hold; None if it has none."""
    opening = next((bracket for bracket in ("(", "[", "\\{", "\\langle") if form.startswith(bracket)), None)
    closing = next((bracket for bracket in (")", "]", "\\}", "\\rangle") if form.endswith(bracket)), None)
    if not opening or not closing or _first_closed(form) < len(form):
        return None
    brackets, inside = _BRACKETS[opening] + _BRACKETS[closing], form[len(opening) : -len(closing)].strip()
    parts, _ = _split(inside, _WITHIN_BRACKETS)
    if len(parts) == 1 and (brackets == "()" or (brackets == "[]" and _MATRIX.fullmatch(inside))):
        return structure(inside)
    if brackets == "{}" and len(parts) == 1:
        described, _ = _split(inside, _BUILDER)
        if len(described) == 2:  # {x | x > 3}
            return structure(described[1])
    return Group(brackets, tuple(map(structure, parts)))


def _split(form: str, pattern: re.Pattern) -> tuple[list[str], list[str]]:
    """Split where no bracket is open; the parts, and what stood between them."""
    parts, between = [], []
    start = depth = place = 0
    while place < len(form):
        found = pattern.match(form, place) if depth == 0 else None
        if found:
            parts.append(form[start:place].strip())
            between.append(found[0])
            start = place = found.end()
        else:
            token = _TOKEN.match(form, place)
            depth = max(0, depth + bool(token["open"]) - bool(token["close"]))
            place = token.end()
    return [*parts, form[start:].strip()], between


def _first_closed(form: str) -> int:
    """Where the bracket that a form begins with is closed; brackets of any kind close each other, as in [0, 1)."""
    depth = 0
    for token in _TOKEN.finditer(form):
        depth += bool(token["open"]) - bool(token["close"])
        if depth <= 0:
            return token.end()
    return len(form) + 1
