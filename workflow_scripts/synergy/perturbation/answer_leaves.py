r"""Whether two single answers are equal: numbers with units, bases, ratios, choices and words; else as formulas."""

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import sympy

from synergy.perturbation.answer_forms import squeezed
from synergy.perturbation.answer_formulas import formula, formulas_equal

# ASSUME: A decimal fraction of six or more digits stands for every value that has these digits if it is rounded or cut
# off; digits after the twelfth may be noise of floating-point numbers. All other values must be equal.
FEWEST_DIGITS, MOST_DIGITS = 6, 12
LONGEST_NUMBER = 400  # Characters. Longer ones are left to SymPy.

_DIGITS = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+"
NUMBER = re.compile(
    r"(?P<sign>[-+]?)\(?(?P<whole>[0-9]+(?=\\frac))?"
    rf"(?:\\frac\{{(?P<minus>-?)(?P<above>{_DIGITS})\}}\{{(?P<below>{_DIGITS})\}}"
    rf"|(?P<number>{_DIGITS})(?:/(?P<under>{_DIGITS}))?)\)?"
    r"(?:(?:\\times|\\cdot)?10\^\{(?P<power>[-+]?[0-9]{1,3})\}|[eE](?P<exponent>[-+]?[0-9]{1,3}))?"
)
BASE = re.compile(
    r"([0-9A-Z]+)\s*(?:_\s*\{?\s*(?:\\text\{)?\s*([0-9]+|[a-z]+)\s*\}*"
    r"|\(?\s*(?:\\text\{)?\s*\(?\s*base[\s-]*([0-9]+|[a-z]+)\s*\)?\s*\}?\s*\)?)"
)
CHOICE = re.compile(r"(?:\\text\{)?\s*\(\s*([A-J])\s*\)\s*\}?|\\text\{\s*([A-J])\s*\}")
CHOSEN = re.compile(
    r"(?:\\text\{)?\s*(?:\(\s*(?P<bracketed>[A-Ja-j])\s*\)|(?P<bare>[A-Ja-j])(?=\s*[).:}]|$))"
    r"\s*[).:]?\s*\}?\s*[.:]?\s*(?P<value>.*)"
)
OPERATOR = re.compile(r"[-+*/^_=,<>!]|\\(?:cdot|times|cup|le|ge)")
WHOLLY_UPRIGHT = re.compile(r"^\\text\{([^{}]*[0-9][^{}]*)\}$")
CURRENCY = re.compile(r"\\\$|(?<![a-zA-Z])(?:USD|Rs\.?)(?![a-zA-Z])")
_POWER = r"(?:\s*\^\s*\{?[23]\}?)?"
UNIT = re.compile(
    rf"(?:\s*(?:\\text\s*\{{[^{{}}0-9]*\}}{_POWER}|(?<=[0-9\s}}/])[a-zA-Z]{{2,}}\.?{_POWER}"
    r"|(?<=\s)(?:k?m|ft|mi)/(?:s|h|hr)|/(?=\s*(?:\\text|[a-zA-Z]{2,}|[smh]\s*$))|(?<=/)\s*[smh]\s*$"
    r"|\\cdot(?=\s*\\text)))+\s*$"
)
LETTER_UNIT = re.compile(rf"(?<=[0-9}}])\s+[mgshLlJNWVAKCF]{_POWER}$")
# Words after a number that go on with it: it is no number with a unit.
NO_UNIT = re.compile(
    r"\b(?:or|and|to|than|if|not|when|times|plus|minus|over|less|more|choose|mod|base|is|are|so|in(?=.*\w)"
    r"|squared|cubed|sqrt|hundred|thousand|million|billion|trillion|dozen)\b"
)
# Names of measures: what they measure, and how many of the first one make one.
MEASURES = {
    name: (kind, Fraction(factor))
    for kind, measures in {
        "length": "m meter metre 1, cm centimeter centimetre 1/100, mm millimeter millimetre 1/1000,"
        " km kilometer kilometre 1000, in inch inche 254/10000, ft foot feet 3048/10000, yd yard 9144/10000,"
        " mi mile 1609344/1000",
        "mass": "g gram 1, kg kilogram 1000, mg milligram 1/1000",
        "weight": "lb pound 16, oz ounce 1",
        "time": "s sec second 1, min minute 60, h hr hour 3600, day 86400, week 604800",
        "months": "year yr 12, month 1",
        "volume": "l liter litre 1, ml milliliter millilitre 1/1000",
        "money": "dollar 1, cent 1/100",
        "morning": "am 1",
        "afternoon": "pm 1",
    }.items()
    for *names, factor in (measure.split() for measure in measures.split(", "))
    for name in names
}
_UP_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_PARTS = "third fourth fifth sixth seventh eighth ninth tenth"
WORDS = {word: k for k, word in enumerate(_UP_TO_NINETEEN.split())}
WORDS |= {word: 10 * k for k, word in enumerate(_TENS.split(), start=2)}
PARTS = {"half": 2, "halve": 2, "quarter": 4} | {word: k for k, word in enumerate(_PARTS.split(), start=3)}
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}


class Quantity(NamedTuple):
    """A number as it was written: its value, and of a decimal its digits and the size of its last one."""

    value: Fraction
    n_digits: int | None = None
    last: Fraction | None = None


class Measured(NamedTuple):
    """A leaf taken apart: what remains without unit and percent sign; what is measured in which unit; the sign."""

    form: str
    unit: tuple[str, Fraction] | None
    percent: bool


def leaves_equal(gold: str, answer: str) -> bool:
    """Whether two single answers in plain TeX are equal.

    Raises
    ------
    Unreadable
        If one of them is neither a number nor words nor a formula.
    """
    if squeezed(gold) == squeezed(answer):
        return True
    gold, answer = (WHOLLY_UPRIGHT.sub(r"\1", form) for form in (gold, answer))
    for compare in (_choices_equal, _bases_equal):
        verdict = compare(gold, answer)
        if verdict is not None:
            return verdict
    one, other = measured(gold), measured(answer)
    if one.unit and other.unit and one.unit != other.unit:
        return _converted_equal(one, other)
    if squeezed(one.form) == squeezed(other.form):
        return True
    numbers = quantity(one.form), quantity(other.form)
    if None not in numbers:
        return _numbers_equal(one, other)
    ratio = _ratios_equal(one.form, other.form)
    if ratio is not None:
        return ratio
    words = _words(gold)
    if words:
        return words == (_words(answer) or _letters(answer))
    if _words(answer):
        return False
    return _formulas_equal(one, other)


@lru_cache(maxsize=1024)
def measured(form: str) -> Measured:
    """Take the unit, the currency and the percent sign off a number or formula."""
    percent = form.endswith(r"\%")
    form = form.removesuffix(r"\%").strip()
    unit = None
    if CURRENCY.search(form):
        form, unit = CURRENCY.sub("", form).strip(), _measure("dollar")
    words = UNIT.search(form)
    number = form[: words.start()].strip() if words else ""
    if re.search(r"[0-9a-zA-Z})]$", number):
        names = re.sub(r"\\text|[{}\\]", " ", words[0])
        if not NO_UNIT.search(names) and (r"\text" in words[0] or _is_bare_unit(words[0], number)):
            form, unit = number, _measure(names) or unit
    scaled = re.fullmatch(rf"(.*?[0-9}}])\s*(?:\\text\{{\s*)?({'|'.join(SCALES)})s?(?:\s*\}})?", form)
    if scaled and (scalar := quantity(scaled[1])):
        value = scalar.value * SCALES[scaled[2]]
        form = f"{value.numerator}/{value.denominator}"
    return Measured(form, unit, percent)


@lru_cache(maxsize=1024)
def quantity(form: str) -> Quantity | None:
    r"""Read a number: 1,234.5, 3/4, 1\frac{4}{5}, 2 \times 10^{-3}, "twenty-five"; None if it is none."""
    text = squeezed(form)
    if not text or len(text) > LONGEST_NUMBER:
        return None
    if text[0].isalpha() or text.startswith(r"\text"):
        value = _value_of_words(form)
        return None if value is None else Quantity(value)
    match = NUMBER.fullmatch(text)
    if not match or (match["whole"] and match["minus"]) or ("(" in text) != (")" in text):
        return None
    try:
        return _quantity(match)
    except ZeroDivisionError:
        return None


def _quantity(match: re.Match) -> Quantity:
    scale = Fraction(10) ** int(match["power"] or match["exponent"] or 0) * (-1 if match["sign"] == "-" else 1)
    if match["above"]:
        part = _decimal(match["above"]) / _decimal(match["below"]) * (-1 if match["minus"] else 1)
        return Quantity((int(match["whole"] or 0) + part) * scale)
    digits = match["number"].replace(",", "")
    value = _decimal(digits) * scale
    if match["under"]:
        return Quantity(value / _decimal(match["under"]))
    if "." not in digits:
        return Quantity(value)
    n_decimals = len(digits.partition(".")[2])
    return Quantity(value, len(digits.replace(".", "").lstrip("0")), abs(scale) / 10**n_decimals)


def _decimal(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").removesuffix("."))


def _value_of_words(form: str) -> Fraction | None:
    """The number that words name: twenty-five, three hundred, one half."""
    if re.search(r"[0-9\\^_]", form.replace(r"\text", "")):
        return None
    words = re.findall("[a-z]+", re.sub(r"\\text|[{}-]", " ", form.lower()))
    part = PARTS.get(words[-1].removesuffix("s")) if words else None
    if part and len(words) <= 2:
        above = WORDS.get(words[0]) if len(words) == 2 else 1
        return None if above is None else Fraction(above, part)
    total = current = 0
    for word in words:
        if word in WORDS:
            current += WORDS[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in SCALES:
            total += max(current, 1) * SCALES[word]
            current = 0
        elif word != "and":
            return None
    return Fraction(total + current) if words else None


def _numbers_equal(gold: Measured, answer: Measured) -> bool:
    """Compare numbers; a percent sign may be left out, or stand for hundredths."""
    one, other = quantity(gold.form), quantity(answer.form)
    if _same(one, other):
        return True
    hundredths = [
        Quantity(number.value / 100, number.n_digits, number.last and number.last / 100) if whole.percent else number
        for number, whole in ((one, gold), (other, answer))
    ]
    return gold.percent != answer.percent and _same(*hundredths)


def _same(gold: Quantity, answer: Quantity) -> bool:
    """Whether two numbers are equal, or a decimal with digits enough stands for the other one."""
    if gold.value == answer.value:
        return True
    return any(
        one.n_digits and _stands_for(one, _rational(other.value)) for one, other in ((gold, answer), (answer, gold))
    )


def _stands_for(decimal: Quantity, exact: sympy.Expr) -> bool:
    """Whether all digits of a decimal fraction are those of an exact value, and they are enough."""
    if decimal.n_digits < FEWEST_DIGITS or decimal.value == 0:
        return False
    sign = 1 if decimal.value > 0 else -1
    beyond = sign * (exact - _rational(decimal.value))  # what the decimal leaves out, if it is positive
    if not beyond.is_Rational:
        beyond = beyond.evalf(2 * MOST_DIGITS)
    last = _rational(decimal.last)
    noise = last * 10 ** (decimal.n_digits - MOST_DIGITS) if decimal.n_digits > MOST_DIGITS else last / 2
    return bool(beyond.is_real and (abs(beyond) <= noise or 0 < beyond < last))


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)


def _formulas_equal(gold: Measured, answer: Measured) -> bool:
    one = formula(LETTER_UNIT.sub("", gold.form))
    other = formula(answer.form)
    if not one.free_symbols:  # "5 m" for 5, but not "5m"
        other = formula(LETTER_UNIT.sub("", answer.form))
    if gold.percent != answer.percent:
        one, other = (value / 100 if whole.percent else value for value, whole in ((one, gold), (other, answer)))
    if formulas_equal(one, other):
        return True
    for decimal, exact in ((quantity(gold.form), other), (quantity(answer.form), one)):
        if decimal and decimal.n_digits and isinstance(exact, sympy.Expr) and not exact.free_symbols:
            return _stands_for(decimal, exact)
    return False


# Units


def _is_bare_unit(words: str, number: str) -> bool:
    """Whether words that are not set upright are a unit: known, or apart from a number and no product of letters."""
    if not re.search("[0-9]", number) or re.search("[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", number)):
        return False
    names = re.findall("[a-zA-Z]+", words)
    apart = words[0].isspace() and any(len(name) > 2 and re.search("[aeiou]", name.lower()) for name in names)
    return apart or _measure(words) is not None or re.search(r"(?:m|ft|mi)/(?:s|h)", words) is not None


def _measure(words: str) -> tuple[str, Fraction] | None:
    """What words measure, with its power, and the factor of their unit; None if they name none that is known."""
    words = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", words.lower())
    power = re.search(r"\^\s*\{?([23])|\b(sq|cu)", words)
    names = [name for name in re.findall("[a-z]+", words) if not re.fullmatch("sq(?:uare)?|cu(?:bic)?", name)]
    if len(names) != 1:
        return None
    measure = next((MEASURES[name] for name in (names[0], names[0].removesuffix("s")) if name in MEASURES), None)
    if measure is None:
        return None
    exponent = 1 if not power else int(power[1]) if power[1] else 2 if power[2] == "sq" else 3
    return f"{measure[0]} {exponent}", measure[1] ** exponent


def _converted_equal(gold: Measured, answer: Measured) -> bool:
    """Whether quantities in two units of one measure are the same: 30 minutes and half an hour."""
    numbers = quantity(gold.form), quantity(answer.form)
    if gold.unit[0] != answer.unit[0] or None in numbers:
        return False
    return numbers[0].value * gold.unit[1] == numbers[1].value * answer.unit[1]


# What is compared as it is written


def _choices_equal(gold: str, answer: str) -> bool | None:
    """Compare letters of a multiple choice, (E), which may go with their value; None if neither is one."""
    choice, chosen = CHOICE.fullmatch(gold), CHOSEN.fullmatch(answer)
    letter = chosen and (chosen["bracketed"] or chosen["bare"])
    if choice:
        return bool(letter) and letter.upper() == (choice[1] or choice[2])
    if re.fullmatch("[A-J]", gold) and CHOICE.fullmatch(answer):
        return letter == gold
    if chosen and chosen["bracketed"] and chosen["value"] and not OPERATOR.match(chosen["value"]):
        return leaves_equal(gold, chosen["value"].strip())
    return None


def _bases_equal(gold: str, answer: str) -> bool | None:
    """Compare numbers with a base digit by digit; None if neither has one. An answer may leave the gold base out."""
    matches = [BASE.fullmatch(form.strip()) for form in (gold, answer)]
    if not any(matches) or any(match and match[1].isalpha() and not match[3] and match[2] != "16" for match in matches):
        return None
    digits, bases = [], []
    for match, form in zip(matches, (gold, answer), strict=True):
        base = (match[2] or match[3]) if match else None
        digits.append((match[1] if match else squeezed(form).replace(",", "")).lstrip("0"))
        bases.append(None if base is None else str(WORDS.get(base, base)))
    if bases[0] is None:
        return bases[1] == "10" and digits[0] == digits[1]
    return digits[0] == digits[1] and bases[1] in (None, bases[0])


def _ratios_equal(gold: str, answer: str) -> bool | None:
    """Compare 3:2 term by term, and with a fraction unless it may be a time of day; None if neither is a ratio."""
    one, other = (
        [part.strip() for part in re.split(r":|\\text\{\s*to\s*\}|(?<!\\)\bto\b", form)] for form in (gold, answer)
    )
    if len(one) == len(other) == 1:
        return None
    if len(one) == len(other):
        return all(leaves_equal(a, b) for a, b in zip(one, other, strict=True))
    written, single = (one, other) if len(one) > len(other) else (other, one)
    terms = [quantity(part) for part in (*written, *single)]
    time = len(written) == 2 and re.fullmatch("[0-9]{1,2}:[0-5][0-9]", ":".join(written))
    if len(terms) != 3 or None in terms or time or terms[1].value == 0:
        return False
    lowest = math.gcd(*(int(term.value) for term in terms[:2])) == 1
    return lowest and terms[0].value / terms[1].value == terms[2].value


def _words(form: str) -> str | None:
    """The words of an answer that is nothing else, small letters without blanks; None if it is mathematics."""
    upright = r"\text" in form
    plain = re.sub(r"\\text|[{}]", " ", form)
    if re.fullmatch(r"\s*[A-Za-z]{3,}\.?,?\s+[0-9]{1,4}(?:,\s+[0-9]{4})?\s*", plain):  # a date
        return _letters(plain)
    words = re.findall(r"[^\W\d_]+", plain)
    if not words or re.search(r"[0-9\\^_=+<>*/|]", plain):
        return None
    long = any(len(word) > 2 and re.search("[aeiou]", word.lower()) for word in words)
    if not upright and (not long or any(len(word) == 1 and word.lower() not in "ai" for word in words)):
        return None
    return "".join(words[1:] if len(words) > 1 and words[0].lower() in ("a", "an", "the") else words).lower()


def _letters(form: str) -> str | None:
    """Letters and digits, small, of an answer that has nothing else; None if there is more."""
    plain = re.sub(r"\\text|[{}\s.,'()-]", "", form)
    return plain.lower() if plain.isalnum() else None
