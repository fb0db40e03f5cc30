r"""The final answer in a text: the last ``\boxed{}``, what the text states as its answer, or what it ends with.

A piece of an answer never stands for the answer: where only a piece could be taken, there is none.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

from synergy.perturbation.answer_forms import GROUP, ascii_signs
from synergy.perturbation.answer_spans import (
    SENTENCE,
    answer_in,
    prepare,
    single_word,
    value_alone,
    value_at,
    value_in_words,
)

MOST_STATEMENTS = 8  # that are tried, from the last one: a model in a loop makes thousands
LONGEST_PLACEHOLDER = 60
SHORT = 120  # Characters. A text as short as this is an answer; a longer one that only stops is not.
ENDING = 300  # Characters at the end of a text that its conclusion is looked for in.

# TeX's form of a box without braces, around a number, a command with its arguments or a single letter.
_BARE = (
    r"-?[0-9]+(?:[.,/][0-9]+)*|-?\\[dtc]?frac\s*[0-9]\s*[0-9]|-?\\sqrt\s*[0-9]"
    rf"|-?\\(?!boxed|fbox)[a-zA-Z]+(?:\s*{GROUP})+(?!\s*\{{)|-?\\(?:pi|infty)(?![a-zA-Z])"
    r"|[A-Za-z](?=\s*(?:[$.,)]|\\[)\]]|$))"
)
BRACES = re.compile(
    rf"(?P<box>\\(?:boxed|fbox)\s*\{{)|\\(?:boxed|fbox)\s*(?P<bare>{_BARE})|\\.|(?P<open>\{{)|(?P<close>\}})", re.DOTALL
)
# Stands between the boxes of one list: "\boxed{3}, \boxed{5} and $x = \boxed{7}$".
BETWEEN_BOXES = re.compile(
    r"(?:[\s$,;&]|\\[()\[\],; ]|\\q?quad|\\\\|(?:\\text\s*\{\s*)?\b(?:and|or)\b(?:\s*\})?)*"
    r"(?:[a-zA-Z](?:_\{?[0-9]\}?)?\s*=\s*)?"
)
PLACEHOLDER = re.compile(
    r"(?:\\_|[\s.…_?*\[\]<>{}()])*|(?:\\[a-z]*dots|\\square|\\cdot)+"
    r"|\W*(?:\\text\s*\{)?\W*(?:(?:your|the|final|correct|numerical|numeric|actual)[\s_-]*)*"
    r"(?:answer|result|solution|value|number|expression)s?(?:[\s_-]*(?:goes |in )?here)?\W*",
    re.IGNORECASE,
)
CLOSED_BOX = re.compile(rf"\\(?:boxed|fbox)\s*{GROUP}")
THINKING = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
NEXT_PROBLEM = re.compile(
    r"(?:^|\n)[ \t]*(?:#+[ \t]*|\*\*|__)?(?:next |new )?(?:question|problem|exercise|example|instruction|q|human|user)"
    r"\s?#?[0-9]*[ \t]*(?:\*\*)?[:.](?![0-9])"
    r"|(?:^|\n)[ \t]*#+[ \t]*(?:next |new )?(?:question|problem|exercise|instruction)\b"
    r"|\b(?:Question|Problem)\s?#?[0-9]*:|<\|im_start\|>|<\|user\|>|\[INST\]",
    re.IGNORECASE,
)
# Without one of these there is no next problem, or no statement.
NEXT_WORDS = (
    "question",
    "problem",
    "exercise",
    "example",
    "instruction",
    "human",
    "user",
    "\nq",
    "q:",
    "im_st",
    "[inst]",
)
STATING_WORDS = ("####", "answer", "ans", "final", "option", "choice", "a:")
HASHES = re.compile(r"####+[\s:=*]*([^\n]*)")
HEADING = re.compile(
    r"\W*(?:[0-9]+[.):]\s+\S|(?:step|part|case|method|approach|solution|conclusion|explanation|verification|summary|note"
    r"|final|answer|analysis|check|proof|example|problem|question|calculation|understanding)\b)",
    re.IGNORECASE,
)
ANNOUNCEMENT = re.compile(
    r"<answer>|(?:^|\n)A:|\bans\.(?=\s)"
    r"|(?:\banswers?|\bans|\bfinal (?:result|value)|\b(?:correct|right) (?:option|choice))\b"
    # "answer: 5", "**Final answer**" on a line of its own, "answer to this is 5"
    r"(?:[\s*_)\"'\]}]*[:=]|(?:(?<=final answer)[\s_#]*|(?<=answer)\*\*[\s#]*)\n"
    r"|[^.\n:=]{0,80}?\b(?:is|are|be|equals?)\b[\s*_]*:?)",
    re.IGNORECASE,
)
# "12 is the answer": the value stands before it.
BACKWARDS = re.compile(
    r"(?:(?<=[.!?\n:])|^)([^.!?\n:]{1,120})\s(?:is|as) (?:the|our|my) (?:(?:final|correct|right|required) )?answer\b",
    re.IGNORECASE,
)
CONCLUSION = re.compile(
    r"\W*(?:(?:and )?(?:so|thus|therefore|hence|finally|consequently|altogether|overall)\b"
    r"|in (?:total|conclusion|all)\b|\\therefore)",
    re.IGNORECASE,
)


class Extraction(NamedTuple):
    """The answer found in a text, and where: in a box, stated, by the fallback, or nowhere."""

    answer: str | None
    extraction: Literal["boxed", "stated", "fallback", "none"]


NOTHING = Extraction(None, "none")


def extract_answer(text: str) -> Extraction:
    r"""Find the final answer in what a model wrote.

    Only what follows the last ``</think>`` counts; a text that is still thinking has no answer. What follows the next
    problem, which a base model begins of its own accord after an answer, does not count. Then the first of:

    1. ``boxed``: the last complete ``\boxed{}``, or the last ones if nothing but commas and "and" stands between them.
       A placeholder (``\boxed{answer}``) is no box.
    2. ``stated``: what the last ``####``, "answer is", "answer:" or "… is the answer" announces: the formula, number or
       list up to the end of the sentence or the next words, or a word or two. A heading (``#### Step 2``) announces
       nothing.
    3. ``fallback``: what a short text says (at most 120 characters); the value that a last sentence with "so" or
       "therefore" gives; a first or last line that is nothing but a value. A text that ends in a box which is cut off
       has no such answer.

    Parameters
    ----------
    text : str
        What the model generated, without the prompt.

    Returns
    -------
    Extraction
        ``answer`` (None where there is none) and ``extraction``: ``boxed``, ``stated``, ``fallback`` or ``none``.
    """
    after_thinking = _after_thinking(text)
    if after_thinking is None:
        return NOTHING
    for head in _heads(after_thinking):
        boxes, _ = _boxes(head)
        if boxes:
            return Extraction(_last_list(head, boxes), "boxed")
        plain = ascii_signs(CLOSED_BOX.sub(" ", head))  # only placeholders
        _, cut = _boxes(plain)
        if answer := _stated(plain, cut):
            return Extraction(answer, "stated")
        if cut is None and (answer := _conclusion(plain)):
            return Extraction(answer, "fallback")
    return NOTHING


def last_boxed(text: str) -> str | None:
    r"""Content of the last complete ``\boxed{}`` (or ``\fbox{}``) of `text`.

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
        The content without surrounding blanks; None if there is no complete box with something in it.
    """
    boxes, _ = _boxes(text)
    return boxes[-1][2] if boxes else None


def _last_list(text: str, boxes: list[tuple[int, int, str]]) -> str:
    """Contents of the last boxes that nothing but commas and words between them divides, each once."""
    contents = [boxes[-1][2]]
    for (_, end, content), (following, _, _) in reversed(list(itertools.pairwise(boxes))):
        if not BETWEEN_BOXES.fullmatch(text, end, following):
            break
        contents.append(content)
    return ", ".join(dict.fromkeys(reversed(contents)))


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
            # Without blanks around it, and what "\ " leaves of itself.
            inside = re.sub(r"(?<!\\)((?:\\\\)*)\\$", r"\1", text[box[1] : token.start()].strip())
            holds_a_box = boxes and boxes[-1][0] > box[0]
            is_placeholder = len(inside) < LONGEST_PLACEHOLDER and PLACEHOLDER.fullmatch(inside)
            if not holds_a_box and not is_placeholder:
                boxes.append((box[0], token.end(), inside))
    return boxes, next((box[0] for box in opened if box), None)


def _after_thinking(text: str) -> str | None:
    """What follows the thinking; None if that has not ended."""
    marks = deque(THINKING.finditer(text), maxlen=1) if "<" in text else None
    if not marks:
        return text
    return text[marks[0].end() :] if marks[0][1] else None


def _heads(text: str) -> Iterator[str]:
    """The text up to each next problem, then the whole text: a model may also begin with a problem, the one it has."""
    if _has_one(text, NEXT_WORDS):
        for problem in itertools.islice(NEXT_PROBLEM.finditer(text), MOST_STATEMENTS):
            yield text[: problem.start()]
    yield text


def _has_one(text: str, words: tuple[str, ...]) -> bool:
    """Whether a text holds one of some words; far quicker than a regular expression that then finds nothing."""
    small = text.lower()
    return any(word in small for word in words)


def _stated(text: str, cut: int | None) -> str | None:
    """What the last statement announces that announces something; no further than a box that is cut off at `cut`."""
    if not _has_one(text, STATING_WORDS):
        return None
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
            return answer
    return None


def _after_hashes(line: str) -> str | None:
    """The value or the word after "####", unless that is a heading."""
    line = prepare(line)
    if HEADING.match(line):
        return None
    value = value_at(line)
    if value:
        return value.text if value.whole else None
    return single_word(line)


def _conclusion(text: str) -> str | None:
    """The value that a text ends with."""
    text = text.strip()
    lines = [line.strip() for line in prepare(_ending(text)).split("\n") if line.strip()]
    if not lines:
        return None
    sentences = [sentence for sentence in SENTENCE.findall(lines[-1]) if sentence.strip()] or [""]
    last = sentences[-1]
    opening = CONCLUSION.match(last)
    short = len(text) <= SHORT
    if opening:
        last = last[opening.end() :]
    whole_text = short and len(lines) == len(sentences) == 1
    if opening or whole_text:
        answer = value_alone(last) or value_in_words(last)
        if answer or whole_text:
            return answer or single_word(last)
    first = text.partition("\n")[0]
    return (
        value_alone(lines[-1])
        or (value_alone(prepare(first)) if len(first) <= SHORT else None)
        or (value_in_words(last, at_end=True) if short else None)
    )


def _ending(text: str) -> str:
    """The last lines or sentences of a text, as many as are looked at."""
    if len(text) <= ENDING:
        return text
    ending = text[-ENDING:]
    beginning = re.search(r"\n|[.!?]\s", ending)
    return ending[beginning.end() :] if beginning else ""
