r"""The final answer in a text: the last ``\boxed{}``, what the text states as its answer, or what it ends with.

A piece of an answer never stands for the answer: where only a piece could be taken, there is none.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

from synergy.perturbation.answer_forms import ascii_signs
from synergy.perturbation.answer_spans import (
    EQUALS,
    LONGEST,
    NO_ANSWER,
    SENTENCE,
    answer_in,
    prepare,
    value_at,
    value_in_words,
)

_GROUP = r"\{(?:[^{}]|\{[^{}]*\})*\}"
_BARE = (
    r"-?[0-9]+(?:[.,/][0-9]+)*|-?\\[dtc]?frac\s*[0-9]\s*[0-9]|-?\\sqrt\s*[0-9]"
    rf"|-?\\(?!boxed|fbox)[a-zA-Z]+(?:\s*{_GROUP})+(?!\s*\{{)|-?\\(?:pi|infty)(?![a-zA-Z])|[A-Za-z](?=\s*(?:[$.,)]|\\[)\]]|$))"
)
BRACES = re.compile(
    # TeX's form without braces: a number, a command with its arguments, a single letter.
    rf"(?P<box>\\(?:boxed|fbox)\s*\{{)|\\(?:boxed|fbox)\s*(?P<bare>{_BARE})|\\.|(?P<open>\{{)|(?P<close>\}})", re.DOTALL
)
# What may stand between the boxes of one list: "\boxed{3}, \boxed{5} and $x = \boxed{7}$".
BETWEEN_BOXES = re.compile(
    r"(?:[\s$,;&]|\\[()\[\],; ]|\\q?quad|\\\\|(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s*\})?)*(?:[a-zA-Z](?:_\{?[0-9]\}?)?\s*=\s*)?"
)
PLACEHOLDER = re.compile(
    r"[\s.…_?*\[\]<>{}()]*|(?:\\[a-z]*dots|\\square|\\cdot)+"
    r"|\W*(?:\\text\s*\{)?\W*(?:(?:your|the|final|correct|numerical|numeric|actual)[\s_-]*)*"
    r"(?:answer|result|solution|value|number|expression)s?(?:[\s_-]*(?:here|goes here|in here))?\W*",
    re.IGNORECASE,
)
BOX_OF_NOTHING = re.compile(r"\\(?:boxed|fbox)\s*\{(?:[^{}]|\{[^{}]*\})*\}")  # Left where no box holds an answer.
THINKING = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
HASHES = re.compile(r"####+[ \t]*([^\n]*)")
HEADING = re.compile(
    r"\W*(?:[0-9]+[.):]\s+\S|(?:step|part|case|method|approach|solution|conclusion|explanation|verification|summary|note"
    r"|final|answer|analysis|check|proof|example|problem|question|calculation|understanding)\b)",
    re.IGNORECASE,
)
ANNOUNCEMENT = re.compile(
    r"(?:\banswers?|\bans|\bfinal (?:result|value)|\b(?:correct|right) (?:option|choice))\b"
    r"(?:[\s*_)]*[:=]|(?<=final answer)[\s*_#]*\n|(?<=answer)\*\*[\s#]*\n|[^.\n:=]{0,80}?\b(?:is|are|be|equals?)\b[\s*_]*:?)",
    re.IGNORECASE,
)
# "12 is the answer"; the value stands before it.
BACKWARDS = re.compile(
    r"(?:(?<=[.!?\n:])|^)([^.!?\n:]{1,120})\s(?:is|as) (?:the|our|my) (?:(?:final|correct|right|required) )?answer\b",
    re.IGNORECASE,
)
NEXT_PROBLEM = re.compile(
    r"(?:^|\n)[ \t]*(?:#+[ \t]*|\*\*|__)?(?:(?:next |new )?(?:question|problem|exercise|example|instruction|q|human|user)"
    r"\s?#?[0-9]*[ \t]*(?:\*\*)?[:.](?![0-9])|#+[ \t]*(?:problem|question|instruction)\b)"
    r"|\b(?:Question|Problem)\s?#?[0-9]*:|<\|im_start\|>|<\|user\|>|\[INST\]",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\W*(?:(?:and\s+)?(?:so|thus|therefore|hence|then|finally|consequently|altogether|overall)\b|in (?:total|conclusion|all)\b|∴|\\therefore)",
    re.IGNORECASE,
)
ANSWER_MARK = re.compile(r"boxed|fbox|####|answer", re.IGNORECASE)
UNITS = re.compile(r"[\s.!*_)\"']*(?:[a-zA-Z]+[\s.!*]*){0,3}")
MOST_STATEMENTS = 8  # Statements that are tried, from the last one; a loop of a model may have thousands.


class Extraction(NamedTuple):
    """The answer found in a text, and where: in a box, stated, by the fallback, or nowhere."""

    answer: str | None
    extraction: Literal["boxed", "stated", "fallback", "none"]


def extract_answer(text: str) -> Extraction:
    r"""Find the final answer in what a model wrote.

    Only what follows the last ``</think>`` counts; a text that is still thinking has no answer. What follows the next
    problem, which a base model begins of its own accord, does not count. Then the first of:

    1. ``boxed``: the last complete ``\boxed{}``, or the list of the last boxes if nothing but commas and "and" stands
       between them. Placeholders (``\boxed{answer}``) are no boxes, and a box that is cut off ends the text: there is no
       answer in what precedes it but a complete box.
    2. ``stated``: what the last ``####``, "answer is", "answer:" or "… is the answer" announces: the formula, number or
       list that follows, up to the end of the sentence, or a word or two. A heading (``#### Step 2``) announces nothing.
    3. ``fallback``: a text of one sentence with one value, a last line that is nothing but a value, or a last sentence
       with "so", "therefore", … that ends in one.

    Parameters
    ----------
    text : str
        What the model generated, without the prompt.

    Returns
    -------
    Extraction
        ``answer`` (None where there is none) and ``extraction``: ``boxed``, ``stated``, ``fallback`` or ``none``.
    """
    text = _after_thinking(text)
    if text is None:
        return Extraction(None, "none")
    for head in _heads(text):
        found = _explicit(head)
        if found.answer is not None:
            return found
    answer = None if _boxes(text)[1] is not None else _conclusion(ascii_signs(BOX_OF_NOTHING.sub(" ", text)))
    return Extraction(answer, "fallback") if answer else Extraction(None, "none")


def last_boxed(text: str) -> str | None:
    r"""Content of the last complete ``\boxed{}`` (or ``\fbox{}``) of `text`, or of the last boxes if they are one list.

    Braces may be nested; escaped braces do not count. Of boxes inside boxes the inner one is the last. A box that is
    unterminated, empty or a placeholder is passed over. TeX's form without braces counts where a number, a command with
    its arguments or a letter follows: ``\boxed 7``, ``\boxed\frac12``. One pass, so that a hostile text costs no more
    than its length.

    Parameters
    ----------
    text : str
        Any text, for instance a whole solution.

    Returns
    -------
    str or None
        The content without surrounding blanks, that of several boxes joined by commas; None if there is no complete box
        with something in it.
    """
    boxes = _boxes(text)[0]
    contents: list[str] = []
    following = None
    for start, end, content in reversed(boxes):
        if following is not None and not BETWEEN_BOXES.fullmatch(text, end, following):
            break
        contents.append(content)
        following = start
    return ", ".join(dict.fromkeys(reversed(contents))) or None


def _boxes(text: str) -> tuple[list[tuple[int, int, str]], int | None]:
    """Start, end and content of the boxes that hold no other, in order; where an unterminated one begins."""
    boxes: list[tuple[int, int, str]] = []
    opened: list[tuple[int, int] | None] = []  # Of a box: where it and its content start. Of another brace: None.
    if "box" not in text:
        return boxes, None
    for token in BRACES.finditer(text):
        if token["box"]:
            opened.append(token.span())
        elif token["bare"]:
            boxes.append((*token.span(), token["bare"]))
        elif token["open"]:
            opened.append(None)
        elif token["close"] and opened and (box := opened.pop()):
            inside = text[box[1] : token.start()].strip()
            inside = re.sub(r"(?<!\\)((?:\\\\)*)\\$", r"\1", inside)  # of a final "\ "
            holds_a_box = boxes and boxes[-1][0] > box[0]
            if not holds_a_box and not PLACEHOLDER.fullmatch(inside):
                boxes.append((box[0], token.end(), inside))
    return boxes, next((box[0] for box in opened if box), None)


def _after_thinking(text: str) -> str | None:
    """What follows the thinking; None if that has not ended."""
    marks = deque(THINKING.finditer(text), maxlen=1) if "<" in text else None
    if not marks:
        return text
    return text[marks[0].end() :] if marks[0][1] else None


def _heads(text: str) -> Iterator[str]:
    """The text up to each next problem that follows something like an answer, then the whole text."""
    answer = ANSWER_MARK.search(text)
    if answer:
        for problem in itertools.islice(NEXT_PROBLEM.finditer(text, answer.end()), MOST_STATEMENTS):
            yield text[: problem.start()]
    yield text


def _explicit(text: str) -> Extraction:
    """What is boxed, or else what is stated."""
    boxed = last_boxed(text)
    if boxed is not None:
        return Extraction(boxed, "boxed")
    text = ascii_signs(BOX_OF_NOTHING.sub(" ", text))
    cut = _boxes(text)[1]
    patterns = (HASHES, ANNOUNCEMENT, BACKWARDS)
    statements = [statement for pattern in patterns for statement in pattern.finditer(text)]
    statements.sort(key=re.Match.start, reverse=True)
    for statement in statements[:MOST_STATEMENTS]:
        if statement.re is HASHES:
            answer = _after_hashes(statement[1])
        elif statement.re is BACKWARDS:
            answer = value_in_words(prepare(statement[1]))
        else:
            end = cut if cut is not None and cut >= statement.end() else None
            answer = answer_in(text[statement.end() : end])
        if answer:
            return Extraction(answer, "stated")
    return Extraction(None, "none")


def _after_hashes(line: str) -> str | None:
    """The value or the word after "####", unless that is a heading."""
    line = prepare(line)
    if HEADING.match(line):
        return None
    value = value_at(line)
    if value:
        return value.text if value.whole else None
    return line.strip(" .*_") if re.fullmatch(r"\W*[^\W\d_]+\W*", line) else None


def _conclusion(text: str) -> str | None:
    """The value of a text of one sentence, of a last sentence with "so", or of a line that is nothing else."""
    lines = [line.strip() for line in prepare(_ending(text)).split("\n") if line.strip()]
    if not lines:
        return None
    sentences = [sentence for sentence in SENTENCE.findall(lines[-1]) if sentence.strip()]
    single = len(lines) == len(sentences) == 1 and len(text) < LONGEST
    last = sentences[-1] if sentences else ""
    opening = CONCLUSION.match(last)
    if opening:
        last = last[opening.end() :]
    if opening or single:
        if answer := _alone(last) or value_in_words(last):
            return answer
    if single and re.fullmatch(r"\W*[^\W\d_]+\W*", last) and last.strip(" .,*_()").lower() not in NO_ANSWER:
        return last.strip(" .*_")
    first = prepare(text.lstrip().partition("\n")[0])
    return _alone(lines[-1]) or _alone(first)


def _alone(line: str) -> str | None:
    """The value that a line consists of, but for units."""
    value = value_at(line)
    if not value or not value.whole or not UNITS.fullmatch(line, value.end):
        return None
    return None if EQUALS.search(value.text) else value.text


def _ending(text: str) -> str:
    """The last lines or sentences of a text, as many as are looked at."""
    text = text.rstrip()
    if len(text) <= LONGEST:
        return text
    ending = text[-LONGEST:]
    beginning = re.search(r"\n|[.!?]\s", ending)
    return ending[beginning.end() :] if beginning else ""
