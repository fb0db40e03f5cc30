r"""Whether two formulas have the same value: read by Math-Verify's parser, compared by SymPy."""

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import sympy
from latex2sympy2_extended.latex2sympy2 import ConversionConfig, latex2sympy
from latex2sympy2_extended.math_normalization import NormalizationConfig, normalize_latex
from math_verify import verify

CONVERSION = ConversionConfig(lowercase_symbols=False)
NORMALIZATION = NormalizationConfig(basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none")
DIGITS = 40  # to which formulas are evaluated
AGREEMENT = sympy.Float("1e-25", DIGITS)  # Two exact values that differ by less, relatively, are the same.
N_PLACES = 8  # at which formulas with variables are compared. Real functions need not be defined everywhere.
FEWEST_PLACES = 3
CAPITAL_I = re.compile(r"(\\[a-zA-Z]+|I(?=\s*_))|I")


class Unreadable(ValueError):
    """What is no formula."""


@lru_cache(maxsize=1024)
def formula(form: str) -> sympy.Basic:
    """Read a formula in plain TeX. Letters keep their case, decimals are exact, roots of negative numbers real.

    Raises
    ------
    Unreadable
        If it is no formula, or no number, expression or matrix.
    """
    if re.search(r"[0-9]\s+[0-9]", form):  # Two numbers, not their product.
        raise Unreadable(form)
    try:
        # Not `math_verify.parse`: it looks for a formula in a text, takes "3m" for 3 metres and makes letters small.
        # A capital I is a letter like others, not the imaginary unit.
        plain = CAPITAL_I.sub(lambda found: found[1] or r"\mathcal{I}", normalize_latex(form, NORMALIZATION))
        value = latex2sympy(plain, is_real=True, normalization_config=None, conversion_config=CONVERSION)
    except Exception as error:  # of the parser, whatever a hostile text makes of it
        raise Unreadable(form) from error
    if not isinstance(value, sympy.Basic | sympy.MatrixBase):
        raise Unreadable(form)
    if isinstance(value, sympy.Expr):
        value = value.xreplace({number: sympy.Rational(str(number)) for number in value.atoms(sympy.Float)})
        value = _with_real_roots(value)
        if value.has(sympy.Limit, sympy.Integral, sympy.Derivative):
            value = value.doit()
        if not value.has(sympy.Sum, sympy.Product):
            value = value.xreplace({letter: sympy.I for letter in value.free_symbols if letter.name == "i"})
    return value


def formulas_equal(gold: sympy.Basic, answer: sympy.Basic) -> bool:
    """Whether two formulas are equal: as numbers, at many places, or to Math-Verify."""
    if gold == answer:
        return gold not in (sympy.nan, sympy.zoo)
    if isinstance(gold, sympy.Expr) and isinstance(answer, sympy.Expr):
        if not gold.free_symbols and not answer.free_symbols:
            return numbers_equal(gold, answer)
        verdict = _agree(gold, answer)
        if verdict is not None:
            return verdict
    return bool(verify(gold, answer, float_rounding=DIGITS, numeric_precision=DIGITS, timeout_seconds=None))


def numbers_equal(gold: sympy.Expr, answer: sympy.Expr) -> bool:
    """Whether two exact numbers are the same: by evaluation, and if both are rational exactly."""
    values = [number.evalf(DIGITS) for number in (gold, answer)]
    if any(value.has(sympy.nan, sympy.zoo) or not value.is_number for value in values):
        return False
    if any(value.is_infinite for value in values):
        return values[0] == values[1]
    if not _close(*values):
        return False
    exact = [number.doit() for number in (gold, answer)]
    return exact[0] == exact[1] if all(number.is_Rational for number in exact) else True


def equations_equal(gold: Sequence[str], answer: Sequence[str]) -> bool:
    """Whether two equations, each as its two sides, are the same up to a factor or have the same solutions."""
    golds, answers = ([formula(side) for side in sides] for sides in (gold, answer))
    if all(isinstance(side, sympy.Expr) for side in (*golds, *answers)):
        if _factor(golds[0] - golds[1], answers[0] - answers[1]) is not None:
            return True
        if golds[0].free_symbols | golds[1].free_symbols != answers[0].free_symbols | answers[1].free_symbols:
            return False
    equations = [sympy.Eq(*sides, evaluate=False) for sides in (golds, answers)]
    return bool(verify(*equations, float_rounding=DIGITS, numeric_precision=DIGITS, timeout_seconds=None))


def inequalities_equal(gold: Sequence[str], gold_sign: str, answer: Sequence[str], answer_sign: str) -> bool:
    """Whether two inequalities are the same up to a factor, which turns the sign if it is negative."""
    golds, answers = ([formula(side) for side in sides] for sides in (gold, answer))
    if not all(isinstance(side, sympy.Expr) for side in (*golds, *answers)):
        return False
    factor = _factor(golds[0] - golds[1], answers[0] - answers[1])
    if factor is None:
        return False
    turned = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
    return answer_sign == (gold_sign if factor > 0 else turned.get(gold_sign, gold_sign))


def _with_real_roots(value: sympy.Expr) -> sympy.Expr:
    """An expression in which odd roots of negative numbers are the real ones."""
    return value.xreplace({power: _real_root(power) for power in value.atoms(sympy.Pow) if _is_odd_root(power)})


def _is_odd_root(power: sympy.Pow) -> bool:
    exponent = power.exp.doit() if power.exp.is_number else None
    return bool(
        exponent is not None
        and exponent.is_Rational
        and not exponent.is_Integer
        and exponent.q % 2
        and power.base.is_negative
    )


def _real_root(power: sympy.Pow) -> sympy.Expr:
    exponent = power.exp.doit()
    return (-1) ** exponent.p * sympy.Pow(-power.base, exponent, evaluate=False)


def _close(one: sympy.Expr, other: sympy.Expr) -> bool:
    scale = max(abs(one), abs(other))
    return bool(scale == 0 or abs(one - other) <= AGREEMENT * scale)


def _values(formulas: Sequence[sympy.Expr]) -> Iterator[tuple[sympy.Expr, ...]]:
    """Values of formulas at common places, where all of them are defined."""
    letters = sorted(set().union(*(one.free_symbols for one in formulas)), key=str)
    for place in range(N_PLACES):
        draw = random.Random(place)
        lowest = -400 if place % 2 else 1  # Half of the places have no negative number.
        at = {letter: sympy.Rational(draw.randrange(lowest, 400), 101) for letter in letters}
        values = tuple(_with_real_roots(one.subs(at)).evalf(DIGITS) for one in formulas)
        if all(value.is_number and not value.has(sympy.nan, sympy.zoo, sympy.oo) for value in values):
            yield values


def _agree(gold: sympy.Expr, answer: sympy.Expr) -> bool | None:
    """Whether two formulas agree wherever they are real, or wherever they are not; None if that can't be told."""
    if gold.has(sympy.core.function.AppliedUndef) or answer.has(sympy.core.function.AppliedUndef):
        return None
    is_complex = gold.has(sympy.I) or answer.has(sympy.I)
    agreed: list[bool] = []
    agreed_off_the_reals: list[bool] = []
    for values in _values((gold, answer)):
        if is_complex or all(map(_is_real, values)):
            agreed.append(_close(*values))
        elif any(map(_is_real, values)):
            agreed.append(False)
        else:
            agreed_off_the_reals.append(_close(*values))
        if agreed and not agreed[-1]:
            return False
    told = agreed or agreed_off_the_reals
    return True if len(told) >= FEWEST_PLACES and all(told) else None


def _is_real(value: sympy.Expr) -> bool:
    """Whether a value is real, but for the last digits of its evaluation."""
    real, imaginary = value.as_real_imag()
    return bool(abs(imaginary) <= AGREEMENT * max(1, abs(real)))


def _factor(gold: sympy.Expr, answer: sympy.Expr) -> sympy.Expr | None:
    """The number by which one formula is the multiple of the other; None if there is none."""
    if gold.free_symbols != answer.free_symbols:
        return None
    ratios = [one / other for one, other in _values((gold, answer)) if other != 0]
    if len(ratios) < FEWEST_PLACES or ratios[0] == 0 or not _is_real(ratios[0]):
        return None
    return ratios[0].as_real_imag()[0] if all(_close(ratios[0], ratio) for ratio in ratios) else None
