"""Mathematical problems: the fields of several kinds of sets read into one."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synergy.files.errors import InputError
from synergy.perturbation.answer_extraction import extract_answer, last_boxed

UNRATED, UNTYPED = "Level ?", "Type ?"
LEVEL = re.compile(r"(?:level\s*)?([1-5?])", re.IGNORECASE)
SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may hold halves of characters, which no tokenizer reads.
HASHES = re.compile(r"#{4,}([^\n#]*)")  # what GSM8K writes before an answer, and Markdown before a heading
NUMBERED = re.compile(r"(?:[^\w\\]|\\(?=\$))*[0-9]")  # a line that begins with a number
NUMBER_AND_WORDS = re.compile(
    r"(?:\\?\$)?(?P<sign>[-−]?)(?:\\?\$)?(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?P<share>(?:/[0-9]+)?%?)[.!]?(?P<words>\s[A-Za-z().!\s]*)?"
)
# Words behind a number that make another of it, or go on with it; a single letter is a variable.
MEANT = re.compile(
    r"\b(?:[a-z]|and|or|to|pi|sqrt|plus|minus|times|over|squared|cubed|percent|half|halves|thirds?|quarters?|dozen"
    r"|hundred|thousand|million|billion|trillion)\b",
    re.IGNORECASE,
)
THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
TEX_TEXT = re.compile(r"\\(?:text|mbox|mathrm|textbf|operatorname)\s*\{[^{}]*\}")
WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")  # no command of TeX, no variable
MOST_WORDS = 4  # of an answer by itself: "two and a half hours"
OF_SENTENCES = re.compile(r"\b(?:is|are|was|were|equals|answer|therefore|thus|hence|because)\b", re.IGNORECASE)
SHOWN = 5  # ids that a message names
FIELDS = "use the fields problem and solution or answer (MATH), or question and answer (GSM8K)"


@dataclass(frozen=True)
class Problem:
    r"""One problem with its reference solution.

    Attributes
    ----------
    id : str
        Unique in its set.
    problem : str
        The question.
    level : str
        ``Level 1`` (easy) to ``Level 5``; ``Level ?`` where the set has no levels.
    type : str
        The subject.
    solution : str or None
        The reference solution, to its end; None where the set has none, as competitions publish answers alone.
    answer : str
        The final answer: the one given, the content of the solution's last ``\boxed{}``, or the number after ``####``.
    """

    id: str
    problem: str
    level: str
    type: str
    solution: str | None
    answer: str


def with_solutions(problems: Sequence[Problem], n_most: int) -> list[Problem]:
    """At most `n_most` of the problems that have a reference solution, evenly spaced over all."""
    solved = [problem for problem in problems if problem.solution is not None]
    n_chosen = min(n_most, len(solved))
    return [solved[place * len(solved) // n_chosen] for place in range(n_chosen)]


def load_problems(path: str | Path) -> list[Problem]:
    r"""Read a problem set, one JSON object a line, in the fields of MATH, of MATH-500, of GSM8K or of a competition.

    ===========  ======================================================================================
    MATH         ``problem``, ``level`` (``Level 1`` … ``Level 5``), ``type``, ``solution`` with a ``\boxed{}``
    MATH-500     ``problem``, ``level`` (1 … 5), ``subject``, ``solution``, ``answer``, ``unique_id``
    GSM8K        ``question``, ``answer`` that ends in ``#### n``
    competition  ``problem`` or ``question``, ``answer`` (text or a number)
    ===========  ======================================================================================

    Names of fields may be in capitals, and what is null counts as missing. An ``id`` (or ``unique_id``) is kept; a
    problem without one is named after its line. A given ``answer`` goes before the solution's; one that is itself a
    solution, with ``####`` or a box, is read as one. Of GSM8K's answer, words behind the number and the lines below it
    go. What has no level becomes ``Level ?``, what has no subject ``Type ?`` (or ``GSM8K``). Other fields are ignored.

    Parameters
    ----------
    path : str or Path
        The JSONL file in UTF-8, with or without a byte order mark.

    Returns
    -------
    list of Problem
        In the order of the file.

    Raises
    ------
    InputError
        If the file is missing or empty; naming file, line and key if a line is not JSON, lacks a field, has one of a
        wrong type or no answer, or if problems share an id.
    """
    try:
        # Only line feeds end a line of JSONL: the other breaks that Python knows may stand inside a string.
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise InputError(
            f"a problem set at {path}", "no such file", "check the path, or use a key of problem_sets in the config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"UTF-8 text in {path}", f"{error}", "save the file as UTF-8") from None
    problems, places = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"a JSON object at {place}", f"{error}", "mend or delete the line") from None
        problems.append(parse_problem(record, f"line-{number:05d}", place))
        places.append(f"line {number}")
    if not problems:
        raise InputError(f"at least one problem in {path}", "none", "write one JSON object a line")
    require_own_ids(problems, places, path)
    return problems


def require_own_ids(problems: Sequence[Problem], places: Sequence[str], source: str | Path) -> None:
    """Refuse problems that share an id, naming the places of the first few.

    Raises
    ------
    InputError
    """
    by_id: dict[str, list[str]] = {}
    for problem, place in zip(problems, places, strict=True):
        by_id.setdefault(problem.id, []).append(place)
    shared = [f"{name!r} at {', '.join(own)}" for name, own in by_id.items() if len(own) > 1]
    if shared:
        more = f"; and {len(shared) - SHOWN} more" if len(shared) > SHOWN else ""
        found = f"{len(shared)} for several: {'; '.join(shared[:SHOWN])}{more}"
        raise InputError(f"a unique 'id' for each problem of {source}", found, "give every problem its own id")


def parse_problem(record: object, name: str, place: str) -> Problem:
    """Read one problem from a record in the fields that `load_problems` lists.

    Parameters
    ----------
    record : dict
        The record.
    name : str
        The id of a problem that has none of its own.
    place : str
        File and line, for messages.

    Raises
    ------
    InputError
        If the record is no dict, lacks a field, has one of a wrong type, or no answer.
    """
    if not isinstance(record, dict):
        raise InputError(f"a JSON object at {place}", type(record).__name__, "mend or delete the line")
    given = {key.lower(): value for key, value in record.items()} | record
    given = {key: value for key, value in given.items() if value is not None}
    name = given.get("id", given.get("unique_id", name))
    if not isinstance(name, str | int) or isinstance(name, bool) or not str(name).strip():
        raise InputError(f"text for 'id' at {place}", repr(name), "give the problem a name")
    asked = "problem" if "problem" in given or "question" not in given else "question"
    if asked not in given:
        raise InputError(f"'{asked}' at {place}", f"keys {', '.join(map(str, record))}", FIELDS)
    problem = _text(given, asked, place)
    answer, solution = _answer_and_solution(given, place)
    of_gsm8k = asked == "question" and solution is not None and "####" in solution
    subject = _text_or_nothing(given, "type", place) or _text_or_nothing(given, "subject", place)
    subject = subject or ("GSM8K" if of_gsm8k else UNTYPED)
    return Problem(str(name), problem, _level(given, place), subject, solution, answer)


def _answer_and_solution(given: dict, place: str) -> tuple[str, str | None]:
    """The final answer, and the whole solution where there is one."""
    solution = _text_or_nothing(given, "solution", place)
    answer = given.get("answer")
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        if isinstance(answer, float) and not np.isfinite(answer):
            raise InputError(f"text or a number for 'answer' at {place}", repr(answer), "write it, or delete the line")
        # All digits and no exponent: 5.0 becomes 5.
        return str(answer) if isinstance(answer, int) else np.format_float_positional(answer, trim="-"), solution
    if answer is None and solution is None:
        raise InputError(f"'answer', or 'solution' with a \\boxed{{}}, at {place}", f"keys {', '.join(given)}", FIELDS)
    source = "solution" if answer is None else "answer"
    text = _text(given, source, place)
    if answer is None:
        boxed = last_boxed(text)
    else:
        found = extract_answer(text)
        boxed = found.answer if found.extraction == "boxed" else None
    lines = [line.strip() for line in HASHES.findall(text)]
    # Markdown's headings look alike: they are none of it where there is a box as well.
    if lines and (boxed is None or (answer is not None and any(map(NUMBERED.match, lines)))):
        final = _after_hashes(lines)
        if not final:
            hint = "end the answer with '#### ' and a number"
            raise InputError(f"'#### n' at the end of '{source}' at {place}", "nothing after ####", hint)
        return final, solution or text
    if boxed is not None:
        in_words = WORD.search(TEX_TEXT.sub("", text.replace(boxed, "")))
        return boxed, solution or (text if in_words else None)
    if answer is None:
        hint = "put the final answer of the solution in \\boxed{}, or give it as 'answer'"
        raise InputError(f"a complete \\boxed{{}} in 'solution' at {place}", "none", hint)
    if solution is None and _is_sentence(text):
        expected = f"an answer by itself, '#### n' or a \\boxed{{}} in 'answer' at {place}"
        hint = "end the answer with '#### ' and a number, or give the final answer alone"
        raise InputError(expected, repr(text[:80]), hint)
    return text.strip(), solution


def _after_hashes(lines: Sequence[str]) -> str:
    """The answer on the last line behind ``####`` that begins with a number, or else on the last one."""
    line = next((line for line in reversed(lines) if NUMBERED.match(line)), lines[-1])
    found = NUMBER_AND_WORDS.fullmatch(line)
    if found and not MEANT.search(found["words"] or ""):
        return found["sign"] + found["number"].replace(",", "") + found["share"]
    return last_boxed(line) or THOUSANDS.sub("", line).removesuffix(".")


def _is_sentence(answer: str) -> bool:
    """Whether a text is more than an answer by itself: several lines, many words, or a word that sentences have."""
    words = TEX_TEXT.sub("", answer)
    return "\n" in answer.strip() or len(WORD.findall(words)) > MOST_WORDS or bool(OF_SENTENCES.search(words))


def _level(given: dict, place: str) -> str:
    level = given.get("level", "?")
    if isinstance(level, float) and level.is_integer():  # what a table makes of whole numbers where one is missing
        level = int(level)
    found = LEVEL.fullmatch(str(level).strip()) if isinstance(level, str | int) else None
    if isinstance(level, str) and not level.strip():
        return UNRATED
    if not found:
        expected = f"1 to 5, or 'Level 1' to 'Level 5', for 'level' at {place}"
        raise InputError(expected, repr(level), "mend the level, or leave it out")
    return f"Level {found[1]}"


def _text_or_nothing(given: dict, key: str, place: str) -> str | None:
    """A text; None where it is missing or blank."""
    value = given.get(key, "")
    return None if isinstance(value, str) and not value.strip() else _text(given, key, place)


def _text(given: dict, key: str, place: str) -> str:
    if not isinstance(given[key], str) or not given[key].strip():
        raise InputError(f"text for '{key}' at {place}", repr(given[key])[:80], "write it, or delete the line")
    if SURROGATE.search(given[key]):
        raise InputError(f"whole characters for '{key}' at {place}", "half of a character (\\ud800 …)", "mend the text")
    return given[key]
