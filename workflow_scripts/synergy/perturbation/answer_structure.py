r"""The structure of an answer in plain TeX: lists, tuples, intervals, sets, unions, relations, matrices, and leaves."""

import re
from functools import lru_cache
from typing import NamedTuple

_OPEN, _CLOSE = "({[", ")}]"
_TOKEN = re.compile(r"\\(?:begin|end)\{[a-zA-Z]+\*?\}|\\langle|\\rangle|\\[lr](?:floor|ceil)|\\[a-zA-Z]+|\\.|.", re.DOTALL)
_LIST = re.compile(r"[,;]|(?<![\\a-zA-Z])(?:and|or)(?![a-zA-Z])|\\(?:lor|vee|land|wedge)(?![a-zA-Z])")
_RELATION = re.compile(r"\\(?:le|ge|ne|in|approx|equiv)(?![a-zA-Z])|[<>=]")
_CUP = re.compile(r"\\cup(?![a-zA-Z])")
_THOUSANDS = re.compile(r"[-+]?(?:\\\$)?\s*[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?!,).*")
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix|array|smallmatrix)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}", re.DOTALL)
_BUILDER = re.compile(r"\\mid(?![a-zA-Z])|\||:")


class Leaf(NamedTuple):
    """A number, a formula or words."""

    form: str


class Group(NamedTuple):
    """Several answers: a bare ``list`` with its connective (``,``, ``and``, ``or``), or what brackets hold."""

    brackets: str
    items: tuple
    connective: str = ","


class Union(NamedTuple):
    """A union of sets."""

    items: tuple


class Relation(NamedTuple):
    """A chain of terms (in plain TeX) and the relations between them."""

    terms: tuple
    signs: tuple


class Matrix(NamedTuple):
    """Rows of leaves."""

    rows: tuple


Node = Leaf | Group | Union | Relation | Matrix


@lru_cache(maxsize=1024)
def structure(form: str) -> Node:
    """Take an answer in plain TeX apart."""
    form = form.strip()
    parts, connectives = _split(form, _LIST)
    if len(parts) > 1 and not _is_lone_number(form):
        return _listed([part for part in parts if part], connectives)
    terms, signs = _split(form, _RELATION)
    if len(terms) > 1:
        return Relation(tuple(terms), tuple(signs))
    pieces, _ = _split(form, _CUP)
    if len(pieces) > 1:
        return Union(tuple(structure(piece) for piece in pieces))
    if matrix := _MATRIX.fullmatch(form):
        rows = re.split(r"\\\\(?:\s*\[\w+\])?", matrix[2].strip().removesuffix("\\\\"))
        return Matrix(tuple(tuple(Leaf(cell.strip()) for cell in row.split("&")) for row in rows))
    brackets, inside = _bracketed(form)
    if brackets:
        parts, _ = _split(inside, re.compile("[,;]"))
        if brackets == "{}" and len(parts) == 1 and len(built := _split(inside, _BUILDER)[0]) == 2:
            return structure(built[1])
        if len(parts) > 1 or brackets not in ("()", "[]"):
            return Group(brackets, tuple(structure(part) for part in parts))
        return structure(inside) if brackets == "()" else Group(brackets, (structure(inside),))
    return Leaf(form)


def _listed(parts: list[str], connectives: list[str]) -> Node:
    items = [structure(part) for part in parts]
    if len(items) == 1:
        return items[0]
    first = items[0]
    if isinstance(first, Relation) and first.signs[-1] in ("=", r"\in") and not any(isinstance(i, Relation) for i in items[1:]):
        items[0] = structure(first.terms[-1])  # n = 1, 2, 3
    return Group("list", tuple(items), "or" if {"or", r"\lor", r"\vee"} & set(connectives) else "and" if {"and", r"\land", r"\wedge"} & set(connectives) else ",")


def _is_lone_number(form: str) -> bool:
    return bool(_THOUSANDS.fullmatch(form)) and not re.search(r",(?![0-9]{3}(?![0-9]))|;|\band\b|\bor\b", form)


def _split(form: str, pattern: re.Pattern) -> tuple[list[str], list[str]]:
    """Split where no bracket is open; the parts, and what stood between them."""
    parts, signs, start, depth, place = [], [], 0, 0, 0
    while place < len(form):
        if depth == 0 and (found := pattern.match(form, place)):
            parts.append(form[start:place].strip())
            signs.append(found[0].strip())
            start = place = found.end()
            continue
        token = _TOKEN.match(form, place)[0]
        depth += _depth(token)
        depth = max(depth, 0)
        place += len(token)
    return [*parts, form[start:].strip()], signs


def _depth(token: str) -> int:
    if token in (r"\{", r"\langle", r"\lfloor", r"\lceil") or token in _OPEN or token.startswith(r"\begin"):
        return 1
    if token in (r"\}", r"\rangle", r"\rfloor", r"\rceil") or token in _CLOSE or token.startswith(r"\end"):
        return -1
    return 0


def _bracketed(form: str) -> tuple[str, str]:
    """The brackets around a whole form, "" if there are none, and what is in them."""
    for opening, closings in (("(", ")]"), ("[", "])"), ("\\{", ("\\}",)), ("\\langle", ("\\rangle",))):
        if form.startswith(opening):
            depth = place = 0
            while place < len(form):
                token = _TOKEN.match(form, place)[0]
                depth += _depth(token)
                place += len(token)
                if depth == 0:
                    break
            closing = next((c for c in closings if form.endswith(c)), None)
            if depth == 0 and place == len(form) and closing and len(form) > len(opening):
                kinds = {"\\{": "{", "\\langle": "<", "\\}": "}", "\\rangle": ">"}
                return kinds.get(opening, opening) + kinds.get(closing, closing), form[len(opening) : -len(closing)].strip()
    return "", form
