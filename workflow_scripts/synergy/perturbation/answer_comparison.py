r"""Whether two answers have the same value: their structure is compared here, their formulas by Math-Verify and SymPy.

Runs in the grading worker alone (`grading_worker`), where it may hang or use up the memory.
"""

import itertools
import re

import sympy

from synergy.perturbation.answer_forms import plain_form, squeezed
from synergy.perturbation.answer_formulas import (
    Unreadable,
    equations_equal,
    formula,
    formulas_equal,
    inequalities_equal,
)
from synergy.perturbation.answer_leaves import leaves_equal
from synergy.perturbation.answer_structure import (
    Group,
    Leaf,
    Matrix,
    Node,
    Relation,
    Union,
    as_set,
    is_inequality,
    is_set,
    sets_equal,
    structure,
    variables,
)

PLUS_MINUS = re.compile(r"\\(pm|mp)(?![a-zA-Z])")
LETTER = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z]")
MOST_ITEMS = 40  # of a list in any order


def same_value(gold: str, answer: str) -> bool | None:
    """Whether an answer has the value of the gold one; None if one of them cannot be read.

    Parameters
    ----------
    gold, answer : str
        As they were found, in any notation that `plain_form` knows.
    """
    if not (_is_balanced(gold) and _is_balanced(answer)):
        return None
    gold, answer = plain_form(gold), plain_form(answer)
    if not gold or not answer:
        return None
    if squeezed(gold) == squeezed(answer):
        return True
    try:
        return _equal(structure(gold), structure(answer))
    except Unreadable:
        return None


def _is_balanced(form: str) -> bool:
    """Whether all braces have their partner, and no command is cut off."""
    depth = 0
    for token in re.finditer(r"\\.|[{}]", form, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"(?<!\\)(?:\\\\)*\\$", form)


def _equal(gold: Node, answer: Node) -> bool:
    gold, answer = _both_signs(gold), _both_signs(answer)
    nodes = gold, answer
    if any(isinstance(node, Relation) for node in nodes):
        return _relations_equal(gold, answer)
    if any(isinstance(node, Union) or is_set(node) for node in nodes):
        return sets_equal(gold, answer)
    if any(isinstance(node, Matrix) for node in nodes):
        return _matrices_equal(gold, answer)
    if any(isinstance(node, Group) for node in nodes):
        return _groups_equal(gold, answer)
    return leaves_equal(gold.form, answer.form)


def _both_signs(node: Node) -> Node:
    r"""A node in which ``a \pm b`` stands as the list of both."""
    match node:
        case Leaf(form) if PLUS_MINUS.search(form):
            return Group("list", tuple(_signed(node)))
        case Group("list" | "{}", items):
            return node._replace(items=tuple(itertools.chain.from_iterable(map(_signed, items))))
        case Relation((name, form), ("=" | r"\ne",) as sign) if PLUS_MINUS.search(form):
            both = tuple(Relation((name, part.form), sign) for part in _signed(Leaf(form)))
            return Group("list", both, "and" if sign == (r"\ne",) else ",")
    return node


def _signed(item: Node) -> list[Node]:
    if not isinstance(item, Leaf) or not PLUS_MINUS.search(item.form):
        return [item]
    signs = ({"pm": "+", "mp": "-"}, {"pm": "-", "mp": "+"})
    return [Leaf(PLUS_MINUS.sub(lambda found, sign=sign: sign[found[1]], item.form).lstrip("+ ")) for sign in signs]


# Relations


def _relations_equal(gold: Node, answer: Node) -> bool:
    if _is_equation(answer) and not isinstance(gold, Relation):
        value = _value_of(answer)
        return value is not None and _equal(gold, value)
    if _is_equation(gold) and not isinstance(answer, Relation):
        return _is_name(gold.terms[0]) and _equal(structure(gold.terms[-1]), answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        if _is_equation(gold) and _is_equation(answer):
            return _equations_equal(gold, answer)
        if variables(gold) != variables(answer):
            return False
        if as_set(gold) is None and len(gold.signs) == len(answer.signs) == 1:
            return inequalities_equal(gold.terms, gold.signs[0], answer.terms, answer.signs[0])
    elif found := [_elements(node) for node in (gold, answer) if isinstance(node, Relation) and _elements(node)]:
        return _equal(gold, found[0]) if isinstance(answer, Relation) else _equal(found[0], answer)
    return sets_equal(gold, answer)


def _is_equation(node: Node) -> bool:
    return isinstance(node, Relation) and not is_inequality(node)


def _elements(relation: Relation) -> Node | None:
    r"""The set in ``x \in \{1, 2\}`` or ``x \in (2, 4)``, to be compared as it stands; None of another relation."""
    inside = structure(relation.terms[-1]) if relation.signs == (r"\in",) else None
    return inside if isinstance(inside, Group) and inside.brackets in ("{}", "()") and not is_set(inside) else None


def _is_name(term: str) -> bool:
    r"""Whether a term names what it equals: a letter, ``f(x)``, ``(x, y)``, ``\angle ABC``, a word."""
    bare = re.sub(r"\\text|[_^]\s*(?:\{[^{}]*\}|.)|[{}]", "", term)
    bare = re.sub(r"\\[a-zA-Z]+", "x", bare)
    return bool(re.fullmatch(r"[a-zA-Z'\s]+(?:\([^()]*\))?|\([a-zA-Z,\s]+\)|\|[a-zA-Z]+\||", bare))


def _value_of(chain: Relation) -> Node | None:
    """What a chain of equations ends in, its last exact term; None if numbers in it differ."""
    terms = list(chain.terms)
    if r"\approx" in chain.signs:
        n_exact = chain.signs.index(r"\approx") + 1
        terms = terms[1:] if n_exact == 1 and _is_name(terms[0]) else terms[:n_exact]
    nodes = [structure(term) for term in terms if term]
    for pair in itertools.pairwise(nodes):
        numbers = all(isinstance(node, Leaf) and not LETTER.search(node.form) for node in pair)
        if numbers and not _equal(*pair):
            return None
    return nodes[-1] if nodes else None


def _equations_equal(gold: Relation, answer: Relation) -> bool:
    if squeezed(gold.terms[0]) == squeezed(answer.terms[0]) and _is_name(gold.terms[0]):
        return _equal(structure(gold.terms[-1]), structure(answer.terms[-1]))
    return len(gold.terms) == len(answer.terms) == 2 and equations_equal(gold.terms, answer.terms)


# Lists, tuples, sets of things, matrices


def _groups_equal(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Leaf):
        # One value written twice, or as the only element of a set.
        return answer.brackets in ("list", "{}") and all(_equal(gold, item) for item in answer.items)
    if isinstance(answer, Leaf):
        return gold.brackets in ("list", "{}") and all(_equal(item, answer) for item in gold.items)
    kinds = _kind(gold), _kind(answer)
    if kinds[0] == "tuple" or not any(isinstance(item, Relation) for item in gold.items):
        answer = _by_name(answer)
    if kinds in (("list", "list"), ("list", "set"), ("set", "list"), ("set", "set")):
        return _same_items(gold.items, answer.items, "set" in kinds)
    in_order = len(gold.items) == len(answer.items) and all(map(_equal, gold.items, answer.items))
    return in_order and (set(kinds) <= {"tuple", "list"} or gold.brackets == answer.brackets)


def _kind(group: Group) -> str:
    if group.brackets == "list" or (group.brackets == "[]" and len(group.items) != 2):
        return "list"
    return {"()": "tuple", "<>": "tuple", "{}": "set"}.get(group.brackets, "interval")


def _by_name(group: Group) -> Group:
    """Values of ``x = 1, y = 2`` in the order of the names; anything else as it is."""
    if not all(_is_equation(item) and _is_name(item.terms[0]) for item in group.items):
        return group
    named = sorted(group.items, key=lambda item: item.terms[0])
    return group._replace(items=tuple(structure(item.terms[-1]) for item in named))


def _same_items(golds: tuple, answers: tuple, repeated: bool) -> bool:
    """Whether each item has its partner, whatever the order; items of a set may be repeated."""
    if max(len(golds), len(answers)) > MOST_ITEMS or not (repeated or len(golds) == len(answers)):
        return False
    if repeated:
        return all(any(_equal(gold, answer) for answer in answers) for gold in golds) and all(
            any(_equal(gold, answer) for gold in golds) for answer in answers
        )
    left = list(answers)
    for gold in golds:
        partner = next((answer for answer in left if _equal(gold, answer)), None)
        if partner is None:
            return False
        left.remove(partner)
    return not left


def _matrices_equal(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Leaf) or isinstance(answer, Leaf):  # a matrix with a factor
        if any(isinstance(node, Leaf) and "matrix" not in node.form for node in (gold, answer)):
            return False
        return formulas_equal(_as_formula(gold), _as_formula(answer))
    one, other = _rows(gold), _rows(answer)
    if isinstance(gold, Group) or isinstance(answer, Group):  # a vector in a line
        one, other = ([list(itertools.chain.from_iterable(rows))] for rows in (one, other))
    if [len(row) for row in one] != [len(row) for row in other]:
        return False
    return all(all(map(_equal, *rows)) for rows in zip(one, other, strict=True))


def _rows(node: Matrix | Group) -> list[list[Node]]:
    """Cells in rows; those of a tuple or list in one. A set or an interval has none."""
    if isinstance(node, Matrix):
        return [list(row) for row in node.rows]
    return [list(node.items)] if _kind(node) in ("tuple", "list") else []


def _as_formula(node: Matrix | Leaf) -> sympy.Basic:
    if isinstance(node, Matrix):
        return sympy.Matrix([[formula(cell.form) for cell in row] for row in node.rows])
    return formula(node.form)
