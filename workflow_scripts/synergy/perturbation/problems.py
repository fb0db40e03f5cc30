"""Mathematical problems: three kinds of fields read into one."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from synergy.files.errors import InputError
from synergy.perturbation.answer_extraction import last_boxed

UNRATED = "Level ?"
LEVEL = re.compile(r"Level [1-5?]")
SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may hold halves of characters, which no tokenizer reads.


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
    solution : str
        The reference solution, to its end.
    answer : str
        The final answer: the content of the solution's last ``\boxed{}``, or the number after ``####``.
    """

    id: str
    problem: str
    level: str
    type: str
    solution: str
    answer: str


def load_problems(path: str | Path) -> list[Problem]:
    r"""Read a problem set, one JSON object a line, in the fields of MATH, of MATH-500 or of GSM8K.

    =========  ==========================================================================================
    MATH       ``problem``, ``level`` (``Level 1`` … ``Level 5``), ``type``, ``solution`` with a ``\boxed{}``
    MATH-500   ``problem``, ``level`` (1 … 5), ``subject``, ``solution``, ``answer``, ``unique_id``
    GSM8K      ``question``, ``answer`` that ends in ``#### n``
    =========  ==========================================================================================

    An ``id`` (or ``unique_id``) is kept; a problem without one is named after its line. A given ``answer`` goes before
    the solution's box. GSM8K has neither levels nor subjects: they become ``Level ?`` and ``GSM8K``. Further fields are
    ignored.

    Parameters
    ----------
    path : str or Path
        The JSONL file.

    Returns
    -------
    list of Problem
        In the order of the file.

    Raises
    ------
    InputError
        If the file is missing or empty; naming file, line and key if a line is not JSON, lacks a field, has one of a
        wrong type or no answer, or if two problems share an id.
    """
    try:
        # Only line feeds end a line of JSONL: the other breaks that Python knows may stand inside a string.
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise InputError(
            f"a problem set at {path}", "no such file", "check the path, or use a key of problem_sets in the config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"UTF-8 text in {path}", f"{error}", "save the file as UTF-8") from None
    problems: dict[str, Problem] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"a JSON object at {place}", f"{error}", "mend or delete the line") from None
        problem = parse_problem(record, f"line-{number:05d}", place)
        if problem.id in problems:
            found = f"{problem.id!r} for a second time"
            raise InputError(f"a unique 'id' at {place}", found, "give every problem its own id")
        problems[problem.id] = problem
    if not problems:
        raise InputError(f"at least one problem in {path}", "none", "write one JSON object a line")
    return list(problems.values())


def parse_problem(record: object, name: str, place: str) -> Problem:
    """Read one problem from a record in the fields of MATH, of MATH-500 or of GSM8K (see `load_problems`).

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
    name = record.get("id", record.get("unique_id", name))
    if not isinstance(name, str | int) or not str(name).strip():
        raise InputError(f"text for 'id' at {place}", repr(name), "give the problem a name")
    if "question" in record:
        return _from_gsm8k(record, str(name), place)
    return _from_math(record, str(name), place)


def _from_gsm8k(record: dict, name: str, place: str) -> Problem:
    question, solution = _text(record, "question", place), _text(record, "answer", place)
    answer = solution.rpartition("####")[2].strip().replace(",", "") if "####" in solution else ""
    if not answer:
        raise InputError(
            f"'#### n' at the end of 'answer' at {place}", "none", "end the answer with '#### ' and a number"
        )
    return Problem(name, question, UNRATED, "GSM8K", solution, answer)


def _from_math(record: dict, name: str, place: str) -> Problem:
    problem, solution = _text(record, "problem", place), _text(record, "solution", place)
    subject = _text(record, "type" if "type" in record or "subject" not in record else "subject", place)
    if "level" not in record:
        raise InputError(f"'level' at {place}", "no such key", "add it: 'Level 1' to 'Level 5'")
    level = f"Level {record['level']}" if type(record["level"]) is int else record["level"]
    if not isinstance(level, str) or not LEVEL.fullmatch(level):
        raise InputError(f"'Level 1' to 'Level 5' for 'level' at {place}", repr(record["level"]), "mend the level")
    answer = _text(record, "answer", place) if "answer" in record else last_boxed(solution)
    if answer is None:
        hint = "put the final answer of the solution in \\boxed{}"
        raise InputError(f"a complete \\boxed{{}} in 'solution' at {place}", "none", hint)
    return Problem(name, problem, level, subject, solution, answer)


def _text(record: dict, key: str, place: str) -> str:
    if key not in record:
        hint = "use the fields of MATH (problem, level, type, solution) or of GSM8K (question, answer)"
        raise InputError(f"'{key}' at {place}", f"keys {', '.join(record)}", hint)
    if not isinstance(record[key], str) or not record[key].strip():
        raise InputError(f"text for '{key}' at {place}", repr(record[key])[:80], "write it, or delete the line")
    if SURROGATE.search(record[key]):
        raise InputError(f"whole characters for '{key}' at {place}", "half of a character (\\ud800 …)", "mend the text")
    return record[key]
