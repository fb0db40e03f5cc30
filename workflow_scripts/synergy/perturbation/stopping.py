"""Where an answer ends besides its end-of-sequence token: a base model goes on with problems of its own."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_NAME = r"(?i:problem|question|exercise|example)s?"
_CAPITAL = r"(?<![A-Za-z\\])(?:Problem|PROBLEM|Question|QUESTION|Exercise|EXERCISE)[sS]?"
_NUMBER = r"[ \t]{0,2}(?:(?:[Nn]o\.?|[Nn]umber|\#|№)[ \t]?)?\(?(?:[0-9]+(?:\.[0-9]+)*[a-z]?|[IVX]+)\)?"
_COLON = r"[ \t]{0,2}[*_]{0,3}[ \t]?[:：]"
_LINE = r"^[ \t]{0,4}[#*_>]{0,8}[ \t]{0,4}"
_SENTENCE = rf"(?:{_LINE}|(?<=[.!?])[ \t]{{1,4}})"
_OPENED = r"(?:\#{1,6}[ \t]?[*_]{0,3}|\*\*|__|[\[<]|\\(?:text(?:bf|it)|(?:sub)*section\*?|paragraph\*?|begin)\{)[ \t]?"
_NEXT = r"(?i:(?:here(?: is|'s)[ \t])?(?:(?:the|a)[ \t])?(?:next|new|another)[ \t])"
BEGINS = re.compile(
    "|".join(
        (
            # Problem:  Problem 2:  Exercise No. 3:  in the midst of a line too, but not "the problem:"
            rf"{_CAPITAL}(?:{_NUMBER})?{_COLON}",
            # problem 2:  example:  Problem 2.  Question 3)  Exercise IV
            rf"{_LINE}{_NAME}(?:(?:{_NUMBER})?{_COLON}|{_NUMBER}[ \t]?[*_]{{0,3}}[ \t]?(?:[.)–—-]|$))",
            # ### Problem  **Question**  [Exercise 2]  <problem>  \textbf{Problem 2}  \begin{problem}
            rf"{_OPENED}(?:(?i:next|new)[ \t])?{_NAME}(?![\w-])",
            # Next problem:  Here is another question:
            rf"{_SENTENCE}{_NEXT}(?:\w+[ \t])?{_NAME}{_COLON}",
            # Q:  Q2:  Q2.  Human:
            rf"{_SENTENCE}Q[ \t]?[0-9]*{_COLON}|{_LINE}Q[ \t]?[0-9]+[.)]|{_LINE}(?:Human|User|Instructions?){_COLON}",
        )
    ),
    re.MULTILINE,
)
MARKS = " \t#*_>"  # of Markdown, before a header
_ANSWER = r"(?<![A-Za-z])(?:(?:Final|Correct)[ \t])?(?:Answer|ANSWER)"
_HEADER = rf"(?:{_ANSWER}(?:[ \t]?[0-9]+)?{_COLON}|(?:\#{{1,6}}[ \t]?|\*\*|__){_ANSWER}(?![\w-]))"
AGAIN = re.compile(_HEADER)
# A box, what follows ####, words that name a number or a formula, the header of an answer, or a value and no more.
GIVEN = re.compile(
    r"\\(?:boxed|fbox)(?![a-z])|\#{4}[ \t]*[^\s#]|(?i:answer)[ \t]is:?[ \t]*[*_]{0,3}[$\\(\[{−0-9.+-]"
    rf"|{_HEADER}"
    r"|\A\s{0,4}(?:[$(\[{.−+-]|\\[(\[]){0,6}(?:\\[A-Za-z]+|[0-9]|[A-Za-z](?![A-Za-z]))"
    rf"(?:\\[A-Za-z]+|[^A-Za-z\n=]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])){{0,60}}?(?=\s{{0,4}}[#*_> \t]{{0,8}}{_HEADER})"
)


class Stop(NamedTuple):
    """Patterns that end an answer: the text before the first match is kept.

    Attributes
    ----------
    begins : re.Pattern
        What begins the next problem.
    last_characters : str
        A match is looked for behind tokens that hold one of these. Until the first of them behind its beginning, a
        match holds none, unless it begins with it.
    again : re.Pattern, optional
        What begins the next problem behind a match of `given`.
    given : re.Pattern, optional
        What gives an answer.
    """

    begins: re.Pattern
    last_characters: str
    again: re.Pattern | None = None
    given: re.Pattern | None = None

    def place(self, text: str) -> int | None:
        """Where the first match begins, its line break and marks included; None where there is none."""
        found = [self.begins.search(text)]
        if self.given and (given := self.given.search(text)):
            found.append(self.again.search(text, given.end()))
        start = min((match.start() for match in found if match), default=None)
        return None if start is None else len(text[:start].rstrip(MARKS).removesuffix("\n"))

    def may_begin(self, text: str) -> bool:
        """Whether a part of a text may hold the beginning of a match."""
        return bool(self.begins.search(text) or (self.again and self.again.search(text)))


# A header ends with a colon or its line.
NEXT_PROBLEM = Stop(BEGINS, ":：\n", AGAIN, GIVEN)


class Stopping:
    """Tells after which token an answer has ended, decoding next to nothing.

    Only behind a token that holds one of the stop's last characters the text since the one before it is decoded, and
    only where that may hold the beginning of a match, all of it.
    """

    def __init__(self, tokenizer, stop: Stop | None):
        self._tokenizer = tokenizer
        self._stop = stop
        self._holds_last: dict[int, bool] = {}

    def ended(self, generated: Sequence[int], at_last: bool = False) -> bool:
        """Whether the tokens hold a match; looked at with every token, and more closely where it is `at_last`."""
        if self._stop is None or not (at_last or self._holds(generated[-1])):
            return False
        start = len(generated) - 1
        while start > 0 and not self._holds(generated[start - 1]):
            start -= 1
        start = max(0, start - 2)  # the token with the last character, and one for what must stand before a match
        if not at_last:
            # A letter takes the place of what is left out, so that nothing passes for the start of the text.
            part = "x" * (start > 0) + self.text(generated[start:])
            if not self._stop.may_begin(part):
                return False
        return self._stop.place(self.text(generated)) is not None

    def kept(self, generated: Sequence[int]) -> str:
        """The text of the tokens up to the first match."""
        text = self.text(generated)
        return text if self._stop is None else text[: self._stop.place(text)]

    def text(self, generated: Sequence[int]) -> str:
        """The text of tokens."""
        return self._tokenizer.decode(generated, skip_special_tokens=True)

    def _holds(self, token: int) -> bool:
        if token not in self._holds_last:
            text = self._tokenizer.decode([token])
            # Bytes that are no whole character are decoded to a replacement character.
            self._holds_last[token] = "\ufffd" in text or any(last in text for last in self._stop.last_characters)
        return self._holds_last[token]
