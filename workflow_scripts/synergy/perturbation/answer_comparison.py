r"""Whether two answers have the same value: their structure is compared here, their formulas by Math-Verify and SymPy.

Runs in the grading worker alone (`grading_worker`), where it may hang or use up the memory.
"""

import re

import sympy

from synergy.perturbation.answer_forms import plain_form, squeezed
from synergy.perturbation.answer_formulas import Unreadable, equations_equal, formula, formulas_equal, inequalities_equal
from synergy.perturbation.answer_leaves import leaves_equal
from synergy.perturbation.answer_structure import Group, Leaf, Matrix, Node, Relation, Union, structure

INTERVALS = ("[]", "(]", "[)")
FLIPPED = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le", "=": "=", r"\ne": r"\ne"}
PM = re.compile(r"\\(pm|mp)(?![a-zA-Z])")
MOST_ITEMS = 40  # of an unordered list; a matching of more is no answer to a problem


def same_value(gold: str, answer: str) -> bool | None:
    """Whether an answer has the value of the gold one; None if one of them cannot be read.

    Parameters
    ----------
    gold, answer : str
        As they were found, in any notation that `plain_form` knows.
    """
    gold, answer = plain_form(gold), plain_form(answer)
    if not gold or not answer:
        return None
    if squeezed(gold) == squeezed(answer):
        return True
    if not (_is_balanced(gold) and _is_balanced(answer)):
        return None
    try:
        return bool(_equal(structure(gold), structure(answer)))
    except Unreadable:
        return None


def _is_balanced(form: str) -> bool:
    depth = 0
    for token in re.finditer(r"\\.|[{}]", form):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth < 0:
            return False
    return depth == 0 and not re.search(r"(?<!\\)(?:\\\\)*\\$", form)


def _equal(gold: Node, answer: Node) -> bool:
    gold, answer = _expanded(gold), _expanded(answer)
    if isinstance(gold, Relation) or isinstance(answer, Relation):
        return _relations_equal(gold, answer)
    if isinstance(gold, Union) or isinstance(answer, Union) or _is_set(gold) or _is_set(answer):
        return _sets_equal(gold, answer)
    if isinstance(gold, Matrix) or isinstance(answer, Matrix):
        return _matrices_equal(gold, answer)
    if isinstance(gold, Group) or isinstance(answer, Group):
        return _groups_equal(gold, answer)
    return leaves_equal(gold.form, answer.form)


def _expanded(node: Node) -> Node:
    r"""``a \pm b`` as the list of both, wherever it may stand."""
    if isinstance(node, Leaf) and PM.search(node.form):
        return Group("list", _signs(node))
    if isinstance(node, Group) and node.brackets in ("list", "{}") and any(isinstance(i, Leaf) and PM.search(i.form) for i in node.items):
        return node._replace(items=tuple(part for item in node.items for part in _signs(item)))
    if isinstance(node, Relation) and node.signs == ("=",) and PM.search(node.terms[1]):
        return Group("list", tuple(Relation((node.terms[0], part.form), ("=",)) for part in _signs(Leaf(node.terms[1]))))
    return node


def _signs(item: Node) -> tuple[Node, ...]:
    if not isinstance(item, Leaf) or not PM.search(item.form):
        return (item,)
    plus = PM.sub(lambda sign: "+" if sign[1] == "pm" else "-", item.form)
    minus = PM.sub(lambda sign: "-" if sign[1] == "pm" else "+", item.form)
    return Leaf(plus.lstrip("+ ")), Leaf(minus.lstrip("+ "))


# Relations


def _relations_equal(gold: Node, answer: Node) -> bool:
    if _is_equality(gold) and _is_equality(answer):
        return _equations_equal(gold, answer)
    if _is_equality(answer) and not isinstance(gold, Relation):
        value = _value_of(answer)
        return value is not None and _equal(gold, value)
    if _is_equality(gold) and not isinstance(answer, Relation):
        return _is_name(gold.terms[0]) and _equal(structure(gold.terms[-1]), answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation) and _variables(gold) != _variables(answer):
        return False
    for one, other in ((gold, answer), (answer, gold)):
        if isinstance(one, Relation) and one.signs == (r"\in",) and not isinstance(other, Relation):
            inside = structure(one.terms[1])
            if other is gold and isinstance(inside, Group) and inside.brackets == "()":  # (2,4) and x in (2,4)
                return _equal(gold, inside)
            if isinstance(inside, Group) and inside.brackets == "{}":
                return _equal(inside, answer) if one is gold else _equal(gold, inside)
    if isinstance(gold, Relation) and isinstance(answer, Relation) and gold.signs == answer.signs == (r"\in",):
        return _equal(structure(gold.terms[1]), structure(answer.terms[1]))
    if _as_set(gold) is not None:
        return _sets_equal(gold, answer)
    if isinstance(gold, Relation) and isinstance(answer, Relation) and len(gold.signs) == len(answer.signs) == 1:
        return inequalities_equal(gold.terms, gold.signs[0], answer.terms, answer.signs[0])
    return False


def _variables(node: Node) -> set[str]:
    """Letters that are a whole term of a relation, or of relations."""
    if isinstance(node, Group):
        return set().union(*(_variables(item) for item in node.items))
    return {term for term in node.terms if re.fullmatch(r"[a-zA-Z]|\\(?!infty|pi)[a-z]+", term)} if isinstance(node, Relation) else set()


def _is_equality(node: Node) -> bool:
    return isinstance(node, Relation) and set(node.signs) <= {"=", r"\approx", r"\equiv"}


def _is_name(term: str) -> bool:
    r"""Whether a term names what it equals: a letter, ``f(x)``, ``(x, y)``, ``\angle ABC``, a word."""
    bare = re.sub(r"\\text|[_^]\s*(?:\{[^{}]*\}|.)|[{}]", "", term)
    bare = re.sub(r"\\[a-zA-Z]+", "x", bare)
    return bool(re.fullmatch(r"[a-zA-Z'\s]+(?:\([^()]*\))?|\([a-zA-Z,\s]+\)|\|[a-zA-Z]+\||", bare))


def _value_of(chain: Relation) -> Node | None:
    """What a chain of equalities ends in, its last exact term; None if numbers in it differ."""
    terms = list(chain.terms)
    if r"\approx" in chain.signs:
        exact = chain.signs.index(r"\approx") + 1
        terms = terms[exact:] if exact == 1 and _is_name(terms[0]) else terms[:exact]
    nodes = [structure(term) for term in terms if term]
    for one, other in zip(nodes, nodes[1:], strict=False):
        both = isinstance(one, Leaf) and isinstance(other, Leaf)
        if both and not re.search("[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", one.form + other.form)) and not leaves_equal(one.form, other.form):
            return None
    return nodes[-1]


def _equations_equal(gold: Relation, answer: Relation) -> bool:
    names = ["".join(chain.terms[0].split()) for chain in (gold, answer)]
    if names[0] == names[1] and _is_name(gold.terms[0]):
        return _equal(structure(gold.terms[-1]), structure(answer.terms[-1]))
    if len(gold.terms) == len(answer.terms) == 2:
        return equations_equal(gold.terms, answer.terms)
    return False


# Sets of numbers


def _is_set(node: Node) -> bool:
    """Whether a node can be nothing but a set of numbers: (2, 4) may be a point."""
    if isinstance(node, Union):
        return True
    if isinstance(node, Group) and len(node.items) == 2:
        forms = [item.form for item in node.items if isinstance(item, Leaf)]
        infinite = any(r"\infty" in form for form in forms)
        if node.brackets in (*INTERVALS, "()") and (infinite or node.brackets != "()"):
            return True
    if isinstance(node, Group) and node.brackets == "list":
        return all(isinstance(item, Relation) and not _is_equality(item) for item in node.items) and len(_variables(node)) == 1
    return isinstance(node, Leaf) and _named_set(node.form) is not None


def _named_set(form: str) -> sympy.Set | None:
    words = re.sub(r"\\text|[{}.]", "", form).strip().lower()
    if form.strip() == r"\mathbb{R}" or words in ("all real numbers", "all reals", "all real x", "all real values"):
        return sympy.S.Reals
    if form.strip() == r"\emptyset" or words in ("no solution", "no solutions", "no real solutions", "no real solution", "empty set", "the empty set"):
        return sympy.S.EmptySet
    removed = re.fullmatch(r"\\mathbb\{R\}\s*\\(?:setminus|backslash)\s*(\\\{.*\\\})", form.strip())
    if removed:
        return sympy.S.Reals - sympy.FiniteSet(*(formula(item.form) for item in structure(removed[1]).items if isinstance(item, Leaf)))
    return None


def _sets_equal(gold: Node, answer: Node) -> bool:
    one, other = _as_set(gold), _as_set(answer)
    if one is None and isinstance(gold, Group) and gold.brackets == "()":
        return False  # a point, or an interval: an inequality is no answer that is certainly right
    if other is None and isinstance(answer, Group) and answer.brackets == "()":
        other = _as_set(answer, open_interval=True)
    if one is None or other is None:
        return False
    return one == other or sympy.SymmetricDifference(one, other) == sympy.S.EmptySet


def _as_set(node: Node, open_interval: bool = False) -> sympy.Set | None:
    """A set of real numbers; None where the node is none."""
    if isinstance(node, Union):
        parts = [_as_set(item, open_interval=True) for item in node.items]
        return None if None in parts else sympy.Union(*parts)
    if isinstance(node, Leaf):
        return _named_set(node.form)
    if isinstance(node, Relation):
        return _solutions(node)
    if not isinstance(node, Group):
        return None
    if node.brackets == "list" and _is_set(node):
        parts = [_as_set(item) for item in node.items]
        if None in parts:
            return None
        common = sympy.Intersection(*parts)
        either = node.connective == "or" or node.connective == "," and common == sympy.S.EmptySet
        return sympy.Union(*parts) if either else common
    if node.brackets == "{}":
        return sympy.FiniteSet(*(_number(item.form) for item in node.items)) if all(isinstance(i, Leaf) for i in node.items) else None
    if _is_set(node) or open_interval and node.brackets == "()" and len(node.items) == 2:
        if not all(isinstance(item, Leaf) for item in node.items):
            return None
        brackets = node.brackets
        start, end = (_number(item.form) for item in node.items)
        if (brackets[0] == "[" and start.is_infinite) or (brackets[1] == "]" and end.is_infinite):
            return None
        if start.is_extended_real is False or end.is_extended_real is False:
            return None
        return sympy.Interval(start, end, brackets[0] == "(", brackets[1] == ")")
    return None


def _number(form: str) -> sympy.Expr:
    value = formula(form)
    if not isinstance(value, sympy.Expr) or value.free_symbols:
        raise Unreadable(form)
    return sympy.simplify(value.doit())


def _solutions(relation: Relation) -> sympy.Set | None:
    r"""Numbers that satisfy ``a < x \le b``, ``x \ne a`` or ``x \in S``; None for other relations."""
    terms, signs = relation.terms, relation.signs
    if signs == (r"\in",):
        return _as_set(structure(terms[1]), open_interval=True)
    variables = [place for place, term in enumerate(terms) if re.fullmatch(r"[a-zA-Z]|\\[a-z]+", term) and term not in (r"\infty", r"\pi")]
    if len(variables) != 1 or not set(signs) <= {"<", ">", r"\le", r"\ge", r"\ne"}:
        return None
    place = variables[0]
    try:
        bounds = [None if k == place else _number(term) for k, term in enumerate(terms)]
    except Unreadable:
        return None
    found: sympy.Set = sympy.S.Reals
    if place + 1 < len(terms):
        found &= _side(signs[place], bounds[place + 1])
    if place > 0:
        found &= _side(FLIPPED[signs[place - 1]], bounds[place - 1])
    return found if len(terms) <= 3 else None


def _side(sign: str, bound: sympy.Expr) -> sympy.Set:
    """Numbers x with x < bound, x > bound, …"""
    infinity = sympy.oo
    return {
        "<": lambda: sympy.Interval.open(-infinity, bound),
        r"\le": lambda: sympy.Interval(-infinity, bound),
        ">": lambda: sympy.Interval.open(bound, infinity),
        r"\ge": lambda: sympy.Interval(bound, infinity),
        r"\ne": lambda: sympy.S.Reals - sympy.FiniteSet(bound),
    }[sign]()


# Lists, tuples, sets of things, matrices


def _groups_equal(gold: Node, answer: Node) -> bool:
    if isinstance(gold, Leaf) or isinstance(answer, Leaf):
        group, leaf = (answer, gold) if isinstance(gold, Leaf) else (gold, answer)
        if group is answer and group.brackets == "list":  # one value, written twice
            return all(_equal(gold, item) for item in group.items)
        if group.brackets == "{}" and len(group.items) == 1:
            return _equal(gold.items[0], answer) if group is gold else _equal(gold, answer.items[0])
        return False
    kinds = [_kind(group) for group in (gold, answer)]
    if "tuple" in kinds or "list" in kinds and kinds[0] != kinds[1]:
        answer = _by_name(answer)
    if set(kinds) == {"tuple", "list"} or kinds == ["tuple", "tuple"]:
        return len(gold.items) == len(answer.items) and all(map(_equal, gold.items, answer.items))
    if set(kinds) <= {"set", "list"}:
        if kinds[0] == "list" and not any(isinstance(item, Relation) for item in gold.items):
            answer = _by_name(answer)
        return _same_items(gold.items, answer.items, "set" in kinds)
    return kinds[0] == kinds[1] and gold.brackets == answer.brackets and all(map(_equal, gold.items, answer.items))


def _kind(group: Group) -> str:
    if group.brackets in ("()", "<>"):
        return "tuple"
    if group.brackets == "{}":
        return "set"
    if group.brackets == "list" or group.brackets == "[]" and len(group.items) != 2:
        return "list"
    return "interval"


def _by_name(group: Group) -> Group:
    """Values of ``x = 1, y = 2`` in the order of the names; anything else as it is."""
    if not all(_is_equality(item) and _is_name(item.terms[0]) for item in group.items):
        return group
    named = sorted(group.items, key=lambda item: item.terms[0])
    return group._replace(items=tuple(structure(item.terms[-1]) for item in named))


def _same_items(golds: tuple, answers: tuple, as_set: bool) -> bool:
    """Whether each item has a partner, whatever the order; of a set also if an item is repeated."""
    if max(len(golds), len(answers)) > MOST_ITEMS or not as_set and len(golds) != len(answers):
        return False
    left = list(answers)
    for gold in golds:
        partners = [answer for answer in left if _equal(gold, answer)]
        if not partners:
            return False
        for partner in partners if as_set else partners[:1]:
            left.remove(partner)
        if as_set and not left and gold is not golds[-1]:
            return all(any(_equal(rest, answer) for answer in answers) for rest in golds)
    return not left


def _matrices_equal(gold: Node, answer: Node) -> bool:
    rows = [_rows(node) for node in (gold, answer)]
    if None in rows:
        if isinstance(gold, Leaf) or isinstance(answer, Leaf):
            other = gold if isinstance(gold, Leaf) else answer
            return formulas_equal(_as_formula(gold), _as_formula(answer)) if "matrix" in other.form else False
        return False
    one, other = rows
    if isinstance(gold, Group) or isinstance(answer, Group):  # a vector, in a line or in a column
        one, other = ([[cell for row in rows for cell in row]] for rows in (one, other))
    same_shape = [len(row) for row in one] == [len(row) for row in other]
    return same_shape and all(_equal(a, b) for row, line in zip(one, other, strict=True) for a, b in zip(row, line, strict=True))


def _rows(node: Node) -> list | None:
    if isinstance(node, Matrix):
        return [list(row) for row in node.rows]
    if isinstance(node, Group) and node.brackets in ("()", "<>", "[]", "list"):
        return [list(node.items)]
    return None


def _as_formula(node: Node) -> sympy.Basic:
    if isinstance(node, Matrix):
        return sympy.Matrix([[formula(cell.form) for cell in row] for row in node.rows])
    return formula(node.form)
