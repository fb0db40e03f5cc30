r"""Whether two single answers are equal: numbers with their units, bases, ratios, choices, words; else as formulas."""

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import sympy

from synergy.perturbation.answer_forms import squeezed
from synergy.perturbation.answer_formulas import formula, formulas_equal

# ASSUME: A decimal fraction of six or more digits stands for every value with all of these digits, rounded or cut off;
# digits after the twelfth may be noise of floating-point numbers. All other values must be equal.
FEWEST_DIGITS, MOST_DIGITS = 6, 12

_PLAIN = r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+"
NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\(?(?P<whole>[0-9]+(?=\\frac))?(?:\\frac\{{(?P<minus>-?)(?P<above>{_PLAIN})\}}\{{(?P<below>{_PLAIN})\}}|(?P<number>{_PLAIN})(?:/(?P<under>{_PLAIN}))?)\)?"
    r"(?:(?:\\times|\\cdot)?10\^\{(?P<power>[-+]?[0-9]{1,3})\}|[eE](?P<exponent>[-+]?[0-9]{1,3}))?"
)
SCIENTIFIC = re.compile(r"\\times|\\cdot|e", re.IGNORECASE)
BASE = re.compile(r"([0-9A-Z]+)\s*(?:_\s*\{?\s*(?:\\text\{)?\s*([0-9]+|[a-z]+)\s*\}*|\(?\s*(?:\\text\{)?\s*\(?\s*base\s*[- ]?\s*([0-9]+|[a-z]+)\s*\)?\s*\}?\s*\)?)")
WHOLLY_UPRIGHT = re.compile(r"^\\text\{([^{}]*[0-9][^{}]*)\}$")
CHOICE = re.compile(r"(?:\\text\{)?\s*\(\s*([A-J])\s*\)\s*\}?|\\text\{\s*([A-J])\s*\}")
CHOSEN = re.compile(r"(?:\\text\{)?\s*(?:\(\s*([A-Ja-j])\s*\)|([A-J])(?=\s*[).:}]|$))\s*[).:]?\s*\}?\s*[.:]?\s*(.*)")
CURRENCY = re.compile(r"\\\$|(?<![a-zA-Z])(?:USD|Rs\.?)(?![a-zA-Z])")
UNIT = re.compile(
    r"(?:\s*(?:\\text\s*\{[^{}0-9]*\}(?:\s*\^\s*\{?[23]\}?)?|(?:(?<=[0-9\s}/]))[a-zA-Z]{2,}\.?(?:\s*\^\s*\{?[23]\}?)?|/(?=\s*(?:\\text|[a-zA-Z]{2,}|[smh]$))|(?<=/)\s*[smh]$|\\cdot(?=\s*\\text)))+\s*$"
)
LETTER_UNIT = re.compile(r"(?<=[0-9}])\s+(?:[mgshLlJNWVAKCF]|\\?u?m)(?:\^\{?[23]\}?)?$")
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
# Words after a number that go on with it: it is no number with a unit.
NO_UNIT = re.compile(
    r"\b(?:or|and|to|than|if|not|when|times|plus|minus|over|less|more|choose|mod|base|is|are|so|in(?=.*\w)|per cent|squared|cubed|sqrt)\b|"
    r"\b(?:hundred|thousand|million|billion|trillion|dozen)\b"
)
MEASURES = {
    name: names.split()[0]
    for names in (
        "cm centimeter centimetre", "mm millimeter millimetre", "m meter metre", "km kilometer kilometre", "in inch inche",
        "ft foot feet", "yd yard", "mi mile", "g gram", "kg kilogram", "mg milligram", "lb pound", "oz ounce", "s sec second",
        "min minute", "h hr hour", "day", "week", "month", "year", "l liter litre", "ml milliliter millilitre", "cent",
        "dollar", "mph", "am", "pm", "gallon", "quart", "cup", "acre",
    )
    for name in names.split()
}  # fmt: skip
SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
WORDS = {word: k for k, word in enumerate(SMALL.split())}
WORDS |= {word: 10 * k for k, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10}


class Quantity(NamedTuple):
    """A number as it was written: its value, and of a decimal its digits and the size of its last one."""

    value: Fraction
    n_digits: int | None
    last: Fraction | None


class Measured(NamedTuple):
    """A leaf taken apart: what remains without unit and percent sign, and these."""

    form: str
    unit: str | None
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
    chosen = _choices_equal(gold, answer)
    if chosen is not None:
        return chosen
    based = _bases_equal(gold, answer)
    if based is not None:
        return based
    one, other = measured(gold), measured(answer)
    if one.unit and other.unit and one.unit != other.unit:
        return False
    if one != other and one.form and squeezed(one.form) == squeezed(other.form):
        return True
    numbers = quantity(one.form), quantity(other.form)
    if None not in numbers:
        return _same(*numbers) or one.percent != other.percent and _same(*(_hundredth(n, m.percent) for n, m in zip(numbers, (one, other), strict=True)))
    ratio = _ratios_equal(one.form, other.form)
    if ratio is not None:
        return ratio
    words = [_words(gold), _words(answer)]
    if words[0]:
        words[1] = words[1] or _letters(answer)
    if words[0] and words[1]:
        return words[0] == words[1]
    if words[0] or words[1] and not re.search(r"\\|[-+*/^=]", answer):
        return False
    return _formulas(one, other, numbers)


def _formulas(gold: Measured, answer: Measured, numbers: tuple[Quantity | None, Quantity | None]) -> bool:
    one, other = formula(_product(gold.form)), formula(_product(answer.form))
    if one.free_symbols == set() and other.free_symbols and not LETTER_UNIT.search(answer.form):
        return formulas_equal(one, other)
    if LETTER_UNIT.search(answer.form) and not one.free_symbols:  # "5 m" for 5, but not "5m"
        other = formula(LETTER_UNIT.sub("", answer.form))
    if gold.percent != answer.percent:
        one, other = (part / 100 if whole.percent else part for part, whole in ((one, gold), (other, answer)))
    if formulas_equal(one, other):
        return True
    for number, exact in ((numbers[0], other), (numbers[1], one)):
        if number is not None and number.n_digits and isinstance(exact, sympy.Expr) and not exact.free_symbols:
            return _stands_for(number, exact)
    return False


def _product(form: str) -> str:
    return CURRENCY.sub("", form)


@lru_cache(maxsize=1024)
def measured(form: str) -> Measured:
    """Take the unit, the currency and the percent sign off a number or formula."""
    percent = form.endswith(r"\%")
    form = form.removesuffix(r"\%").strip() if percent else form
    unit = None
    if CURRENCY.search(form):
        form, unit = CURRENCY.sub("", form).strip(), "dollar"
    found = UNIT.search(form)
    if found and found.start() > 0 and re.search(r"[0-9}a-zA-Z)]$", form[: found.start()].strip()):
        words = found[0]
        plain = re.sub(r"\\text|[{}\\]", " ", words)
        number = form[: found.start()].strip()
        if not NO_UNIT.search(plain) and (r"\text" in words or _bare_unit(words, number)):
            form, unit = number, _measure(plain) or unit
    scaled = re.fullmatch(rf"(.*?[0-9}}])\s*(?:\\text\{{\s*)?({'|'.join(SCALES)})s?(?:\s*\}})?", form)
    if scaled and (number := quantity(scaled[1])):
        form = _fraction(number.value * SCALES[scaled[2]])
    return Measured(form, unit, percent)


def _bare_unit(words: str, number: str) -> bool:
    """Whether words that are not set upright are a unit: known, or apart from a number and no product of letters."""
    if not re.search("[0-9]", number) or re.search("[a-zA-Z]", re.sub(r"\\[a-zA-Z]+", "", number)):
        return False
    names = re.findall("[a-zA-Z]+", words)
    apart = words[0].isspace() and any(len(name) > 2 and re.search("[aeiou]", name.lower()) for name in names)
    return apart or _measure(words) is not None


def _measure(words: str) -> str | None:
    """The measure that words name, with its power; None if they name none that is known."""
    power = re.search(r"\^\s*([23])|\b(square|sq|cubic|cu)\b", words)
    names = [word for word in re.findall("[a-zA-Z]+", words.lower()) if word not in ("square", "sq", "cubic", "cu")]
    if len(names) != 1:
        return None
    name = MEASURES.get(names[0]) or MEASURES.get(names[0].removesuffix("s")) or MEASURES.get(names[0].removesuffix("es"))
    exponent = "" if not power else power[1] or ("2" if power[2].startswith("sq") else "3")
    return name + exponent if name else None


@lru_cache(maxsize=1024)
def quantity(form: str) -> Quantity | None:
    r"""Read a number: 1,234.5, 3/4, 1\frac{4}{5}, 2 \times 10^{-3}, "twenty-five"; None if it is none."""
    text = squeezed(form)
    if not text or len(text) > 400:
        return None
    if text[0] not in "-+.(\\0123456789" or text.startswith(r"\text"):
        number = _from_words(form)
        return None if number is None else Quantity(number, None, None)
    match = NUMBER.fullmatch(text)
    if not match or match["whole"] and (match["minus"] or match["number"]) or ("(" in text) != (")" in text):
        return None
    try:
        return _from_match(match)
    except ZeroDivisionError:
        return None


def _from_match(match: re.Match) -> Quantity:
    sign = -1 if match["sign"] == "-" else 1
    power = int(match["power"] or match["exponent"] or 0)
    scale = Fraction(10) ** power
    if match["above"]:
        part = _decimal(match["above"]) / _decimal(match["below"])
        part = -part if match["minus"] else part
        return Quantity(sign * (int(match["whole"] or 0) + part) * scale, None, None)
    digits = match["number"].replace(",", "")
    value = _decimal(digits)
    if match["under"]:
        return Quantity(sign * value / _decimal(match["under"]) * scale, None, None)
    if "." not in digits:
        return Quantity(sign * value * scale, None, None)
    decimals = digits.partition(".")[2]
    n_digits = len(digits.replace(".", "").lstrip("0"))
    return Quantity(sign * value * scale, n_digits, Fraction(1, 10 ** len(decimals)) * scale)


def _decimal(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").strip().removesuffix("."))


def _from_words(form: str) -> Fraction | None:
    """The number that words name: twenty-five, three hundred, one half."""
    words = re.findall("[a-z]+", re.sub(r"\\text|[{}-]", " ", form.lower()))
    if not words or re.search(r"[0-9\\^_]", form.replace(r"\text", "")):
        return None
    if words[-1].removesuffix("s") in PARTS and len(words) <= 2:
        above = WORDS.get(words[0]) if len(words) == 2 else 1
        return None if above is None else Fraction(above, PARTS[words[-1].removesuffix("s")])
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
    return Fraction(total + current)


def _fraction(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def _hundredth(number: Quantity, percent: bool) -> Quantity:
    if not percent:
        return number
    return Quantity(number.value / 100, number.n_digits, number.last and number.last / 100)


def _same(gold: Quantity, answer: Quantity) -> bool:
    """Whether two numbers are equal, or a decimal with digits enough stands for the other one."""
    if gold.value == answer.value:
        return True
    pairs = ((gold, answer), (answer, gold))
    return any(_stands_for(one, sympy.Rational(other.value.numerator, other.value.denominator)) for one, other in pairs if one.n_digits)


def _stands_for(decimal: Quantity, exact: sympy.Expr) -> bool:
    """Whether all digits of a decimal fraction are those of an exact value, and they are enough."""
    if decimal.n_digits < FEWEST_DIGITS or decimal.value == 0:
        return False
    # The 12th digit, where there are more.
    place = decimal.last * Fraction(10) ** max(0, decimal.n_digits - MOST_DIGITS)
    value = sympy.Rational(decimal.value.numerator, decimal.value.denominator)
    difference = abs((exact - value).evalf(20)) if not exact.is_Rational else abs(exact - value)
    return bool(difference < sympy.Rational(place.numerator, place.denominator))


def _bases_equal(gold: str, answer: str) -> bool | None:
    """Compare numbers with a base digit by digit; None if neither has one. An answer may leave the gold base out."""
    one, other = (BASE.fullmatch(part.strip()) for part in (gold, answer))
    if not (one or other) or (one and one[1].isalpha()):
        return None
    parts = []
    for match, whole in ((one, gold), (other, answer)):
        base = match and (match[2] or match[3])
        digits = (match[1] if match else "".join(whole.replace(",", "").split())).lstrip("0")
        parts.append((digits, None if base is None else str(WORDS.get(base, base))))
    if parts[0][1] is None:
        return parts[1][1] == "10" and parts[0][0] == parts[1][0]
    return parts[0][0] == parts[1][0] and parts[1][1] in (None, parts[0][1])


def _choices_equal(gold: str, answer: str) -> bool | None:
    """Compare letters of a multiple choice, (E), which may go with their value; None if neither is one."""
    choice, chosen = CHOICE.fullmatch(gold), CHOSEN.fullmatch(answer)
    letter = chosen and (chosen[1] or chosen[2])
    if choice:
        return bool(letter) and letter.upper() == (choice[1] or choice[2])
    if re.fullmatch("[A-J]", gold) and CHOICE.fullmatch(answer):
        return letter == gold
    if chosen and chosen[1] and chosen[3] and not re.match(r"[-+*/^_=,<>]|\\(?:cdot|times|cup|le|ge)", chosen[3]):
        return leaves_equal(gold, chosen[3].strip())
    return None


def _ratios_equal(gold: str, answer: str) -> bool | None:
    """Compare 3:2 term by term, and with a fraction unless it may be a time of day; None if neither is a ratio."""
    one, other = ([part.strip() for part in re.split(r":|\\text\{\s*to\s*\}|\bto\b", form)] for form in (gold, answer))
    if len(one) == len(other) == 1:
        return None
    terms = [[quantity(part) for part in parts] for parts in (one, other)]
    if None in (*terms[0], *terms[1]):
        return len(one) == len(other) and all(leaves_equal(a, b) for a, b in zip(one, other, strict=True))
    if len(one) == len(other):
        return all(_same(a, b) for a, b in zip(*terms, strict=True))
    ratio, single = (terms[0], terms[1]) if len(one) > len(other) else (terms[1], terms[0])
    written = one if len(one) > len(other) else other
    time = len(written) == 2 and re.fullmatch("[0-5][0-9]", written[1]) and re.fullmatch("[0-9]{1,2}", written[0])
    if len(ratio) != 2 or len(single) != 1 or time or ratio[1].value == 0:
        return False
    return math.gcd(int(ratio[0].value), int(ratio[1].value)) == 1 and ratio[0].value / ratio[1].value == single[0].value


def _letters(form: str) -> str | None:
    """Letters, digits and nothing else that counts, small; None if there is more."""
    plain = re.sub(r"\\text|[{}\s.,'()-]", "", form)
    return plain.lower() if plain.isalnum() else None


def _words(form: str) -> str | None:
    """The words of an answer that is nothing else, small letters without blanks; None if it is mathematics."""
    upright = r"\text" in form
    plain = re.sub(r"\\text|[{}]", " ", form)
    if re.fullmatch(r"\s*[A-Za-z]{3,}\.?,?\s+[0-9]{1,4}(?:,\s+[0-9]{4})?\s*", plain):  # a date
        return _letters(plain)
    if re.search(r"[0-9\\^_=+<>*/|]", plain):
        return None
    words = re.findall(r"[^\W\d_]+", plain)
    long = any(len(word) > 2 and re.search("[aeiou]", word.lower()) for word in words)
    if not words or not (upright or long) or any(len(word) == 1 and word.lower() not in "ai" for word in words) and not upright:
        return None
    kept = words[1:] if len(words) > 1 and words[0].lower() in ("a", "an", "the") else words
    return "".join(kept).lower()
