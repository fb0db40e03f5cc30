r"""Reading an answer off running text: where a formula, a list or a phrase begins, and where it ends.

A value is the longest run of mathematics at a place: numbers, single letters, commands, operators, brackets, and what
stands between dollar signs. It counts only if it is whole: brackets closed, no operator left over, no number that goes
on in words ("5th", "2 times 3"). So a piece of an answer never stands for the answer.
"""

import re
from typing import NamedTuple

from synergy.perturbation.answer_forms import GROUP

LONGEST = 600  # Characters that are read after a statement; the longest gold answer of MATH-500 has 53.
OPEN, CLOSE = "\ue000", "\ue001"  # Stand for the dollar signs around a formula. Private characters: in no text.
MATH = re.compile(
    r"\$\$((?:\\.|[^$\\])+)\$\$"
    r"|(?<!\\)\$(?!\s)((?:\\.|[^$\\])+?)(?<!\s)\$(?![0-9])"
    r"|(?<!\\)\$\s((?:\\.|[^$\\])+?)\s\$"
    r"|\\\(((?:(?!\\\)).)+)\\\)"
    r"|\\\[((?:(?!\\\]).)+)\\\]",
    re.DOTALL,
)
MARKUP = re.compile(r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w)|`+|(?<!\\)\$(?=\s*[0-9.])|(?<=[0-9])\$|[\"“”]")
NUMBER = r"(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
FUNCTION = "(?:sin|cos|tan|cot|sec|csc|arc(?:sin|cos|tan)|log|ln|exp|sqrt|pi|theta|infinity|inf|gcd|lcm)"
SCALE = "(?:hundred|thousand|million|billion|trillion|dozen)"
UNIT = "(?:cm|mm|km|kg|mg|ml|ft|in|lbs?|oz|mi|mph|am|pm|hrs?|min|secs?|th|st|nd|rd)(?![a-zA-Z])"
RUN = re.compile(
    rf"(?:{OPEN}[^{CLOSE}]*+{CLOSE}"
    rf"|\\begin\{{([a-zA-Z]+\*?)\}}.*?\\end\{{\1\}}|\\[a-zA-Z]+|\\[^a-zA-Z0-9]|{GROUP}"
    rf"|[0-9]*\.[0-9]{{2,}}\s?(?:\.\.\.+|…)|(?<=,)\s?\.\.\.+|(?<=[0-9])\.(?=\\(?:overline|bar|dot)|\([0-9])"
    rf"|{NUMBER}(?:\s{SCALE}(?![a-zA-Z]))?"
    rf"|(?<![a-zA-Z])(?:{FUNCTION}|[a-zA-Z])(?![a-zA-Z0-9'])"
    # Letters side by side are a product where an operator or a number touches them, and a word elsewhere.
    rf"|(?<=[-+*/^=0-9])(?!{UNIT})[a-zA-Z]{{2,3}}(?![a-zA-Z])"
    r"|(?<![a-zA-Z])[a-zA-Z]{2,3}(?=\s?(?:[+*/^=]|-[0-9]))"
    r"|(?<=[a-zA-Z] )in(?= [\[({\\])"
    rf"|(?<=[0-9{CLOSE})}},] )(?:and|or|to)(?=\s+[-(\\{OPEN}.0-9]|\s+[a-zA-Z](?![a-zA-Z]))"
    r"|[^\w\s\\{}.?!#&\"@]|_|[¹²³¼½¾\u0370-\u03ff\u2070-\u2bff]|\.(?=[0-9])|!(?=\s*[-+*/=^),.\\])|[ \t~])*+",
    re.DOTALL,
)
BRACKETS = re.compile(
    rf"{OPEN}[^{CLOSE}]*{CLOSE}|\\(?P<gap>left|right)\s*\.|(?P<open>[(\[]|\\\{{)|(?P<close>[)\]]|\\\}})|\\."
)
LOOSE_END = re.compile(r"(?:[\s,;:~*]|(?<=\s)(?:and|or|to|-)|\\[ ,;:!]|\\\\|\\q?quad)+$")
UNFINISHED = re.compile(
    r"(?:[-+/^_=<>√×÷·±∓≤≥≠≈∈∪∩(\[]|\\(?:cdot|times|div|pm|mp|leq?|geq?|neq?|in|cup|cap|[dtc]?frac|sqrt|approx|text|left))$"
    rf"|\\[dtc]?frac\s*{GROUP}$"
)
GOES_ON = re.compile(
    r"[a-zA-Z{\\_^]|\s*(?:times|plus|minus|over|divided|multiplied|choose|squared|cubed|factorial|mod|modulo)\b"
    rf"|\s+[a-z]+(?:\s[a-z]+)?,?\s+(?:and|or|plus|minus|by|to|x)\s+[{OPEN}$]?[0-9]"
    rf"|\s+(?!(?:in|on|at|for|of|per|after|when|with|from|as|if|is|are)\s)[a-z]+,?\s+[0-9]+\s?[a-z]"
    rf"|\s+(?:is|are|equals?)\s+[-{OPEN}$\\(0-9]"
)
NEW_CLAUSE = re.compile(r"\s+(?:is|are|was|were|has|have|had|will|would|can|could|remain)\b")
UNIT_AT = re.compile(rf"(?!st|nd|rd|th){UNIT}")
SENTENCE = re.compile(rf"(?:{OPEN}[^{CLOSE}]*{CLOSE}|[^.?!\n]|[.?!](?!\s|$)|(?<=\bMr|\bMs|\bDr)\.|(?<=\bMrs)\.)*")
NOT_STATED = re.compile(
    r"\b(?:not|between|at least|at most|more than|less than|fewer than|greater than)\b", re.IGNORECASE
)
CLAUSE_END = re.compile(
    r"[,;:(]|\s-\s|\s(?:because|since|as|which|who|that|where(?:as)?|when|while|for|so|if|with|by)\s"
)
VERB = re.compile(r"\b(?:is|are|was|were|be|equals?)\b|(?<![<>!=])=(?!=)", re.IGNORECASE)
END_VERB = re.compile(
    rf"{VERB.pattern}|\b(?:has|have|costs?|makes?|gives?|gets?|leaves?|needs?|totals?)\b", re.IGNORECASE
)
START = re.compile(rf"(?<![\w.,(\[\\^*/:+-])(?=[-+]?\s?[0-9.(\[\\√{OPEN}])")
ARTICLE = re.compile(rf"\s*(?:an?|[Tt]he)\s+(?=[a-zA-Z0-9{OPEN}])|I\s+(?=[a-z])")
UNITS = re.compile(r"[\s.!*_)\"']*(?:[a-zA-Z]+[\s.!*]*){0,3}")  # What may follow the value at the end of a sentence.
OPTION = re.compile(r"^\s*(?:(?:an?|the)\s+)?(?:(?:option|choice|letter|answer)\s+)?", re.IGNORECASE)
EQUALS = re.compile(r"(?<![<>!=\\])=(?!=)")
COMMAND = re.compile(r"\\[a-zA-Z]+")
# First words of what is no answer: "The answer is correct", "not 5", "in the box".
_NO_ANSWER = (
    "unknown unclear not correct right wrong incorrect clear obvious above below shown given found as follows boxed"
    " here there that this these what which why how in on at to we i you it they if because since when where obtained"
    " left also still already only now always never simply impossible"
)
NO_ANSWER = frozenset(_NO_ANSWER.split())


class Value(NamedTuple):
    """A value in a text: its own text, where it ends, and whether it is whole."""

    text: str
    end: int
    whole: bool


def prepare(text: str) -> str:
    r"""The beginning of a text, at most `LONGEST` characters, with formulas marked and markup and currencies gone."""
    marked = MATH.sub(_mark, text[:LONGEST])
    return MARKUP.sub("", marked)


def value_at(text: str, start: int = 0) -> Value | None:
    """The value at a place of a prepared text; None if none begins there.

    Parameters
    ----------
    text : str
        As `prepare` leaves it.
    start : int
        Where the value begins, but for blanks.
    """
    run = RUN.match(text, start)
    raw, attached = _close_brackets(run[0])
    raw = LOOSE_END.sub("", raw)
    if NEW_CLAUSE.match(text, start + len(raw)) and (comma := re.match(r"(.*[^\s,;])\s*[,;]\s", raw, re.DOTALL)):
        raw = comma[1]  # "5, and 3 is left over"
    if not raw.strip() and attached:
        return Value(run[0], start + len(run[0]), False)
    if not re.search(r"\w|[∞∅½]", raw.replace(OPEN, "").replace(CLOSE, "")):
        return None
    end = start + len(raw)
    goes_on = GOES_ON.match(text, end) and not UNIT_AT.match(text, end)
    whole = not (attached or UNFINISHED.search(raw) or goes_on)
    value = " ".join(raw.replace(OPEN, "").replace(CLOSE, "").split())
    return Value(plain_number(right_side(value)), end, whole)


def answer_in(span: str) -> str | None:
    """The answer that a statement announces; `span` is the text after "the answer is".

    The value that follows; or, where words follow, the one after the sentence's last verb, the only one of the
    sentence, or the words themselves. None where none of these is whole.
    """
    text = prepare(span.lstrip("\n\t *_:>=~").partition("</")[0])
    article = ARTICLE.match(text)
    text = text[article.end() :] if article else text
    sentence = SENTENCE.match(text)[0]
    value = value_at(text)
    if value and value.whole:
        return value.text
    if value is None:
        return value_in_words(sentence) or _phrase(sentence, digits=False)
    if found := _after_verb(sentence[value.end :]):  # "2 times 4 = 8"
        return found.text if found.whole else None
    unfinished = UNFINISHED.search(value.text) or value.end >= len(text.rstrip())
    return None if unfinished else _phrase(sentence, digits=True)


def value_in_words(sentence: str, at_end: bool = False) -> str | None:
    """The value that a sentence states: after its last verb or equals sign, or the only one that it has.

    With `at_end` it must be the former, "has 12" included, and nothing but units may follow it.
    """
    value = _after_verb(sentence, END_VERB if at_end else VERB)
    if value is None and not at_end:
        value = _only_value(sentence)
    if not value or not value.whole or (at_end and not UNITS.fullmatch(sentence, value.end)):
        return None
    return value.text


def _after_verb(sentence: str, verbs: re.Pattern = VERB) -> Value | None:
    for verb in reversed(list(verbs.finditer(sentence))[-4:]):
        if value := value_at(sentence, verb.end()):
            return value
    return None


def _only_value(sentence: str) -> Value | None:
    values, place = [], 0
    while len(values) < 2 and (found := START.search(sentence, place)):
        value = value_at(sentence, found.start())
        if value:
            values.append(value)
        place = value.end if value and value.end > found.start() else found.start() + 1
    return values[0] if len(values) == 1 and not NOT_STATED.search(sentence) else None


def value_alone(line: str) -> str | None:
    """The value that a line consists of, but for units; None if it is an equation."""
    value = value_at(line)
    if not value or not value.whole or not UNITS.fullmatch(line, value.end):
        return None
    if re.fullmatch("[a-zA-Z]", value.text) and re.search("[a-zA-Z]", line[value.end :]):
        return None  # "I cannot tell"
    return None if EQUALS.search(value.text) else value.text


def single_word(line: str) -> str | None:
    """The word that a line consists of, if that can be an answer: "odd", "Sunday"."""
    word = line.strip(" .,*_()!")
    return word if re.fullmatch(r"[^\W\d_]+", word) and word.lower() not in NO_ANSWER else None


def right_side(value: str) -> str:
    """What is right of the last equals sign: of a calculation, and of a letter that equals a number."""
    parts = EQUALS.split(value)
    if len(parts) == 1 or re.search(r"[,;]|\\\\|\b(?:and|or)\b", value):
        return value
    letters = [re.search("[a-zA-Z]", COMMAND.sub("", part)) for part in parts]
    named = re.fullmatch(r"\s*[a-zA-Z]\s*", parts[0])
    return parts[-1].strip() if not any(letters[1 if named else 0 :]) and parts[-1].strip() else value


def plain_number(value: str) -> str:
    """A lone number without thousands separators, and without brackets around it."""
    value = re.sub(r"^\(\s*(-?[0-9./]+)\s*\)$", r"\1", value)
    return value.replace(",", "") if re.fullmatch(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", value) else value


def _mark(formula: re.Match) -> str:
    inner = next(group for group in formula.groups() if group).strip()
    own = re.sub(r"(?:(?<!\.)\.|[,;:\s])+$", "", inner)  # The stop of the sentence stands behind the formula, then.
    return f"{OPEN}{own}{CLOSE}{inner[len(own) :].strip()}"


def _close_brackets(raw: str) -> tuple[str, bool]:
    """Cut before the first bracket that has no partner; tell whether something was attached to that."""
    opened: list[int] = []
    for bracket in BRACKETS.finditer(raw):
        if bracket["open"]:
            opened.append(bracket.start())
        elif bracket["close"]:
            if not opened:
                return raw[: bracket.start()], False
            opened.pop()
    if not opened:
        return raw, False
    before = raw[: opened[0]]
    return before, not before.strip() or not before[-1].isspace()


def _phrase(sentence: str, digits: bool) -> str | None:
    """Words as an answer: a name, a day, "no solution"; with `digits` whatever the clause is."""
    if digits:
        return sentence.strip(" .*_'") or None
    words = OPTION.sub("", CLAUSE_END.split(sentence, maxsplit=1)[0]).strip(" .*_'")
    if not words or len(words.split()) > 4 or not re.search("[a-zA-Z]", words) or re.search(r"[0-9\\]", words):
        return None
    return None if words.split()[0].lower() in NO_ANSWER else words
