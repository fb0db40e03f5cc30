r"""The final answer in a text: the last complete ``\boxed{}``, or what stands in for it.

Also the strict form of an answer, for comparing two of them letter by letter.
"""

import re
from collections import deque
from typing import Literal, NamedTuple

BRACES = re.compile(r"(?P<box>\\(?:boxed|fbox)\s*\{)|\\.|(?P<open>\{)|(?P<close>\})", re.DOTALL)
_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_COMMAND = rf"-?\\[a-zA-Z]+(?:\s*{_GROUP})+(?!\s*\{{)"
BARE_BOX = re.compile(rf"\\(?:boxed|fbox)(?:\s+(-?[0-9]+(?:[.,/][0-9]+)*)|\s*({_COMMAND}))")
# A minus is a sign only where no operand stands before it: the last number of "7-3" is 3.
NUMBER = re.compile(
    r"-?\\[dt]?frac\{-?[0-9]+\}\{-?[0-9]+\}"
    r"|(?:(?<![\w)\]}])-)?(?<!\w)(?<![0-9]\.)\$?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:/[0-9]+)?"
)
ANNOUNCEMENT = re.compile(r"answer(?:\s*[:=]|[^.\n]{0,80}?\bis\b:?)", re.IGNORECASE)
TYPOGRAPHY = (
    re.compile(  # What says how to set an answer, not which it is. Not the brackets of a matrix row, "\\\\[1ex]".
        r"\\!\s*|\\(?:left|right)(?![a-z])|(?<!\\)\\[,;:>()\[\]]|\^\\circ|\^\{\\circ\}|\\?[%$]"
    )
)
MATH = re.compile(r"\s*(?:\$([^$\n]+)\$|\\\(([^\n]+?)\\\)|\\\[([^\n]+?)\\\])")


class Extraction(NamedTuple):
    """The answer found in a text, and where: in a box, by the fallback, or nowhere."""

    answer: str | None
    extraction: Literal["boxed", "fallback", "none"]


def extract_answer(text: str) -> Extraction:
    r"""Find the final answer in what a model wrote.

    The last complete ``\boxed{}`` is the answer. Small models seldom write one; the fallback then takes the first of:

    1. on the line after the last ``####``, its first number, or the whole of it when there is none;
    2. on the line after the last "answer is" or "answer:" (other words may stand between "answer" and "is"), the
       formula that follows directly, or the first number after the line's last equals sign;
    3. the last number of the text.

    Numbers lose a dollar sign and thousands separators.

    Parameters
    ----------
    text : str
        What the model generated, without the prompt.

    Returns
    -------
    Extraction
        ``answer`` (None where there is none) and ``extraction``: ``boxed``, ``fallback`` or ``none``.
    """
    boxed = last_boxed(text)
    if boxed is not None:
        return Extraction(boxed, "boxed")
    answer = _after_hashes(text) or _after_announcement(text) or _plain_number(_last(NUMBER, text))
    return Extraction(answer, "fallback") if answer else Extraction(None, "none")


def last_boxed(text: str) -> str | None:
    r"""Content of the last complete ``\boxed{}`` (or ``\fbox{}``) of `text`.

    Braces may be nested; escaped braces do not count. Of boxes inside boxes the inner one is the last. An unterminated
    or empty box is passed over. TeX's form without braces counts where a number or a command with its arguments
    follows: ``\boxed 7``, ``\boxed\frac{1}{2}``. One pass, so that a hostile text costs no more than its length.

    Parameters
    ----------
    text : str
        Any text, for instance a whole solution.

    Returns
    -------
    str or None
        The content without surrounding blanks; None if there is no complete box with something in it.
    """
    last_start, content = -1, None
    opened: list[tuple[int, int] | None] = []  # Of a box: where it and its content start. Of another brace: None.
    for token in BRACES.finditer(text):
        if token["box"]:
            opened.append(token.span())
        elif token["open"]:
            opened.append(None)
        elif token["close"] and opened and (box := opened.pop()) and box[0] > last_start:
            inside = text[box[1] : token.start()].strip()
            if inside:
                last_start, content = box[0], inside
    bare = _last(BARE_BOX, text)
    return bare[1] or bare[2] if bare and bare.start() > last_start else content


def strict_form(answer: str) -> str:
    r"""Reduce an answer to a form in which only typographically equal answers are equal.

    Blanks, dollar signs, ``\left``, ``\right``, thin spaces, degree and percent signs, a final full stop and the
    thousands separators of a lone number go; ``\dfrac`` and ``\tfrac`` become ``\frac``; ``\text{…}`` is unwrapped.
    Nothing is computed: 1/2 and 0.5 differ, and so do (1,2) and 12.

    Parameters
    ----------
    answer : str
        The content of a box.

    Returns
    -------
    str
        The reduced form; two answers agree strictly when theirs are the same string.
    """
    form = re.sub(r"\\(?:text|mbox|mathrm|textbf)\s*\{([^{}]*)\}", r"\1", answer)
    form = re.sub(r"\\[dt]frac", r"\\frac", form).replace("{,}", ",")
    form = TYPOGRAPHY.sub("", form).strip().removesuffix(".")
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", form):  # Before the blanks go: "1, 200" is two numbers.
        form = form.replace(",", "")
    form = re.sub(r"(?<!\\)\\ |[\s~]", "", form)
    form = re.sub(r"\\frac([0-9])([0-9])", r"\\frac{\1}{\2}", form)
    return re.sub(r"^(-?)\.(?=[0-9])", r"\g<1>0.", form)


def _after_hashes(text: str) -> str | None:
    if "####" not in text:
        return None
    line = text.rsplit("####", 1)[1].partition("\n")[0].strip()
    return _plain_number(NUMBER.search(line)) or line or None


def _after_announcement(text: str) -> str | None:
    announcement = _last(ANNOUNCEMENT, text)
    if not announcement:
        return None
    line = text[announcement.end() :].lstrip().partition("\n")[0]
    if formula := MATH.match(line):
        return next(group for group in formula.groups() if group).strip() or None
    return _plain_number(NUMBER.search(line.rpartition("=")[2]) or NUMBER.search(line))


def _plain_number(match: re.Match | None) -> str | None:
    return match[0].replace(",", "").replace("$", "") if match else None


def _last(pattern: re.Pattern, text: str) -> re.Match | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)
