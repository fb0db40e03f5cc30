"""The prompts whose answers are recorded: read from YAML and checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from synergy.files.errors import InputError

MINIMUM_PROMPTS = 2  # A null by crossing prompts, and any spread over prompts, needs two.
KEYS = ("id", "category", "text")


@dataclass(frozen=True)
class Prompt:
    """One question to the model.

    Attributes
    ----------
    id : str
        Unique name.
    category : str
        The cognitive skill that it asks for.
    text : str
        The question, without any chat template; surrounding blanks removed.
    """

    id: str
    category: str
    text: str


def load_prompts(path: str | Path) -> list[Prompt]:
    """Read a file of prompts: ``prompts:`` followed by a list of ``{id, category, text}``.

    Parameters
    ----------
    path : str or Path
        The YAML file.

    Returns
    -------
    list of Prompt
        In the order of the file.

    Raises
    ------
    InputError
        If the file is missing or is not YAML of that form, if a prompt lacks a key, has another one, an empty or a
        non-text value, if two share an id or a text, or if there are fewer than two.
    """
    entries = _read_entries(path)
    prompts = [_check_entry(entry, f"{path}, prompts[{position}]") for position, entry in enumerate(entries)]
    _refuse_repeats(prompts, path)
    if len(prompts) < MINIMUM_PROMPTS:
        raise InputError(f"at least {MINIMUM_PROMPTS} prompts in {path}", str(len(prompts)), "add prompts to the file")
    return prompts


def _read_entries(path: str | Path) -> list:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"a file of prompts at {path}", "no such file", "check the path in the config") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        hint = "mend the file; a text that holds ': ' or a quote is safest after '>-' on lines of its own"
        raise InputError(f"valid YAML in {path}", " ".join(str(error).split()), hint) from None
    if not isinstance(content, dict) or set(content) != {"prompts"}:
        found = f"keys {', '.join(map(str, content))}" if isinstance(content, dict) else type(content).__name__
        raise InputError(f"the one key 'prompts' in {path}", found, "start the file with 'prompts:'")
    if not isinstance(content["prompts"], list):
        found = type(content["prompts"]).__name__
        raise InputError(f"a list under 'prompts' in {path}", found, "write one '- id: …' for each prompt")
    return content["prompts"]


def _check_entry(entry: object, place: str) -> Prompt:
    if not isinstance(entry, dict):
        raise InputError(f"keys {', '.join(KEYS)} at {place}", type(entry).__name__, "write 'id: …' and so on")
    place = f"{place} (id {entry['id']})" if "id" in entry else place
    missing = [key for key in KEYS if key not in entry]
    if missing:
        raise InputError(f"keys {', '.join(KEYS)} at {place}", f"no {', '.join(missing)}", "add what is missing")
    unknown = [str(key) for key in entry if key not in KEYS]
    if unknown:
        raise InputError(f"only keys {', '.join(KEYS)} at {place}", ", ".join(unknown), "remove or rename it")
    for key in KEYS:
        value = entry[key]
        if not isinstance(value, str):
            raise InputError(f"text for '{key}' at {place}", repr(value), "put the value in quotes")
        if not value.strip():
            raise InputError(f"a non-empty '{key}' at {place}", "nothing", "write it, or remove the prompt")
    return Prompt(**{key: entry[key].strip() for key in KEYS})


def _refuse_repeats(prompts: list[Prompt], path: str | Path) -> None:
    for key in ("id", "text"):
        first: dict[str, Prompt] = {}
        for prompt in prompts:
            value = " ".join(getattr(prompt, key).split())
            if value in first:
                found = f"{value!r} twice (ids {first[value].id} and {prompt.id})"
                raise InputError(
                    f"a different '{key}' for every prompt in {path}", found, "change or remove one of them"
                )
            first[value] = prompt


def answer_records(
    asked: Sequence[Prompt],
    prompts: Sequence[Sequence[int]],
    answers: np.ndarray,
    natural_lengths: np.ndarray,
    texts: Sequence[str],
    pieces: Sequence[Sequence[str]],
) -> list[dict]:
    """What a model answered, a record a prompt.

    Parameters
    ----------
    asked, prompts : the prompts, and their token ids.
    answers, texts : int (n_prompts, n_tokens), token ids of the answers, and the answers in words.
    natural_lengths : int (n_prompts,), tokens before the one at which the model would have ended.
    pieces : what each token adds to the text, see `text_pieces`.
    """
    return [
        {
            "id": prompt.id,
            "category": prompt.category,
            "text": prompt.text,
            "prompt_ids": prompts[row],
            "generated_ids": answers[row].tolist(),
            "natural_length": int(natural_lengths[row]),
            "repeated_8grams": repeated_ngrams(answers[row].tolist(), 8),
            "answer": texts[row],
            "pieces": list(pieces[row]),
        }
        for row, prompt in enumerate(asked)
    ]


def text_pieces(decode: Callable[[Sequence[int]], str], tokens: Sequence[int]) -> list[str]:
    """What each token adds to the text of those before it; together they are the text.

    A character that several tokens make comes with the last of them, and the others add nothing.
    """
    pieces, told = [], ""
    for end in range(1, len(tokens) + 1):
        text = decode(tokens[:end])
        unfinished = text.endswith("\N{REPLACEMENT CHARACTER}") and end < len(tokens)
        pieces.append("" if unfinished else text[len(told) :])
        told = told if unfinished else text
    return pieces


def repeated_ngrams(tokens: Sequence[int], n: int) -> float | None:
    """Share of a text's runs of `n` tokens that it has had before, in [0, 1]; None if it has no run.

    A model that loops repeats nearly all, and its heads' series are periodic then.
    """
    runs = [tuple(tokens[start : start + n]) for start in range(len(tokens) - n + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else None
