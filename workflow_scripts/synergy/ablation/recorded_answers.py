"""The prompts that heads are removed under, and what the model answered to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from synergy.files.artifacts import read_json
from synergy.files.errors import InputError, set_aside
from synergy.files.kept_results import digest_of

IDENTITY = ("key", "revision", "weights")


@dataclass(frozen=True)
class Answered:
    """Prompts with their answers, each a sequence of one entry a prompt.

    Attributes
    ----------
    ids : names of the prompts.
    prompts, answers : token ids.
    fingerprint : digest of all of these.
    provenance : of the file that they come from.
    """

    ids: Sequence[str]
    prompts: Sequence[Sequence[int]]
    answers: Sequence[Sequence[int]]
    fingerprint: str
    provenance: dict


def read_answers(path: str, record: dict, n_prompts: int) -> Answered:
    """Take `n_prompts` prompts, in turns from the categories, from a file of recorded answers.

    Parameters
    ----------
    path : str
        The JSON of `record_activations`.
    record : dict
        What was fetched for the model, whose answers they must be.

    Raises
    ------
    InputError
        If the answers are another model's, a prompt or an answer is empty, or there are too few prompts.
    """
    recorded = read_json(path, "tokens")
    again = set_aside(path)
    rows, made_by = recorded["prompts"], recorded["provenance"]
    chosen = [rows[row] for row in stratified([row["category"] for row in rows], n_prompts)]
    ids = [row["id"] for row in chosen]
    prompts, answers = [row["prompt_ids"] for row in chosen], [row["generated_ids"] for row in chosen]
    theirs, ours = ({name: model.get(name) for name in IDENTITY} for model in (made_by["model"], record))
    if theirs != ours:
        raise InputError(f"answers of {_in_words(ours)} in {path}", f"those of {_in_words(theirs)}", again)
    for name, prompt, answer in zip(ids, prompts, answers, strict=True):
        if not prompt or not answer:
            what = "answer" if prompt else "prompt"
            raise InputError(f"at least one token in the {what} of {name} in {path}", "none", again)
    return Answered(ids, prompts, answers, digest_of(ids, prompts, answers), made_by)


def _in_words(model: dict) -> str:
    return f"{model['key']} at revision {model['revision']}, weights {(model['weights'] or {}).get('kind')}"


def stratified(groups: Sequence[str], n_chosen: int) -> list[int]:
    """Return ascending indices of `n_chosen` items, taken from the groups in turns, the first of each first.

    Raises
    ------
    InputError
        If there are fewer items than asked for.
    """
    if n_chosen > len(groups):
        raise InputError(f"at least {n_chosen} items to choose from", f"{len(groups)}", "ask for fewer in the config")
    places = {group: [i for i, other in enumerate(groups) if other == group] for group in dict.fromkeys(groups)}
    turns = [(turn, order, i) for order, found in enumerate(places.values()) for turn, i in enumerate(found)]
    return sorted(i for _, _, i in sorted(turns)[:n_chosen])
