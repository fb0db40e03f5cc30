r"""The structure of an answer in plain TeX: lists, tuples, intervals, relations and matrices; sets of numbers."""

import re
from functools import lru_cache
from typing import NamedTuple

import sympy

from synergy.perturbation.answer_formulas import Unreadable, formula

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
VARIABLE = re.compile(r"[a-zA-Z]|\\(?!infty|pi)[a-z]+")
FLIPPED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le", r"\ne": r"\ne"}
NO_NUMBER = {f"no{real} solution{s}" for real in ("", " real") for s in ("", "s")} | {"empty set", "the empty set"}
ALL_NUMBERS = {"all real numbers", "all reals", "all real x", "all real values"}


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


def is_set(node: Node) -> bool:
    """Whether a node can be nothing but a set of numbers. (2, 4) may be a point; (2, \\infty) and (2, 4] may not."""
    match node:
        case Union():
            return True
        case Leaf():
            return _named(node.form) is not None
        case Group("list", items):
            return all(map(is_inequality, items)) and len(variables(node)) == 1
        case Group(brackets, (Leaf(start), Leaf(end))):
            return brackets in ("[]", "(]", "[)") or (brackets == "()" and r"\infty" in start + end)
    return False


def is_inequality(node: Node) -> bool:
    """Whether a node is a relation, and no equation."""
    return isinstance(node, Relation) and not set(node.signs) <= {"=", r"\approx", r"\equiv"}


def variables(node: Node) -> set[str]:
    """Letters that are a whole term of a relation, or of relations."""
    if isinstance(node, Group):
        return set().union(*map(variables, node.items))
    return {term for term in node.terms if VARIABLE.fullmatch(term)} if isinstance(node, Relation) else set()


def sets_equal(gold: Node, answer: Node) -> bool:
    """Whether two nodes are the same set of numbers.

    (2, 4) is an open interval as an answer to one, but as the gold answer it may be a point: an inequality is then no
    answer that is right for certain.
    """
    one, other = as_set(gold), as_set(answer)
    if other is None and isinstance(answer, Group):
        other = as_set(answer, as_interval=True)
    if one is None or other is None:
        return False
    return one == other or sympy.SymmetricDifference(one, other) == sympy.S.EmptySet


def as_set(node: Node, as_interval: bool = False) -> sympy.Set | None:
    """The set of real numbers that a node is, with `as_interval` also if it may be a point; None if it is none."""
    match node:
        case Leaf(form):
            return _named(form)
        case Relation():
            return _solutions(node)
        case Union(items):
            parts = [as_set(item, as_interval=True) for item in items]
            return None if None in parts else sympy.Union(*parts)
        case Group("list", items, connective) if is_set(node):
            parts = list(map(as_set, items))
            if None in parts:
                return None
            common = sympy.Intersection(*parts)
            either = connective == "or" or (connective == "," and common == sympy.S.EmptySet)
            return sympy.Union(*parts) if either else common
        case Group("{}", items) if all(isinstance(item, Leaf) for item in items):
            return sympy.FiniteSet(*(_number(item.form) for item in items))
        case Group(brackets, (Leaf(start), Leaf(end))) if is_set(node) or (as_interval and brackets == "()"):
            return _interval(brackets, _number(start), _number(end))
    return None


def _interval(brackets: str, start: sympy.Expr, end: sympy.Expr) -> sympy.Set | None:
    closed_infinity = (brackets[0] == "[" and start.is_infinite) or (brackets[1] == "]" and end.is_infinite)
    if closed_infinity or not (start.is_extended_real and end.is_extended_real):
        return None
    return sympy.Interval(start, end, brackets[0] == "(", brackets[1] == ")")


def _named(form: str) -> sympy.Set | None:
    words = re.sub(r"\\text|[{}.]", "", form).strip().lower()
    if form == r"\mathbb{R}" or words in ALL_NUMBERS:
        return sympy.S.Reals
    if form in (r"\mathbb{R}^+", r"\mathbb{R}^{+}"):
        return sympy.Interval.open(0, sympy.oo)
    if form == r"\emptyset" or words in NO_NUMBER:
        return sympy.S.EmptySet
    without = re.fullmatch(r"\\mathbb\{R\}\s*\\(?:setminus|backslash)(?![a-z])\s*(.*)", form)
    removed = as_set(structure(without[1])) if without else None
    return None if removed is None else sympy.S.Reals - removed


def _number(form: str) -> sympy.Expr:
    value = formula(form)
    if not isinstance(value, sympy.Expr) or value.free_symbols:
        raise Unreadable(form)
    return sympy.simplify(value.doit())


def _solutions(relation: Relation) -> sympy.Set | None:
    r"""Numbers that satisfy ``a < x \le b``, ``x \ne a`` or ``x \in S``; None for other relations."""
    terms, signs = relation
    if signs == (r"\in",):
        return as_set(structure(terms[1]), as_interval=True)
    places = [place for place, term in enumerate(terms) if VARIABLE.fullmatch(term)]
    if len(places) != 1 or len(terms) > 3 or not set(signs) <= set(FLIPPED):
        return None
    place = places[0]
    found: sympy.Set = sympy.S.Reals
    try:
        for term, sign in zip(terms[place + 1 :], signs[place:], strict=True):
            found &= _beside(sign, _number(term))
        for term, sign in zip(terms[:place], signs[:place], strict=True):
            found &= _beside(FLIPPED[sign], _number(term))
    except Unreadable:
        return None
    return found


def _beside(sign: str, bound: sympy.Expr) -> sympy.Set:
    """Numbers x for which x < bound, or another sign, holds."""
    if sign == r"\ne":
        return sympy.S.Reals - sympy.FiniteSet(bound)
    is_open = sign in "<>"
    if sign in ("<", r"\le"):
        return sympy.Interval(-sympy.oo, bound, right_open=is_open)
    return sympy.Interval(bound, sympy.oo, left_open=is_open)
