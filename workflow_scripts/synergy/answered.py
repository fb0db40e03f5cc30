"""The prompts that heads are removed under, and what the model answered to them."""

from collections.abc import Sequence
from dataclasses import dataclass

from synergy.artifacts import read_json
from synergy.checkpoints import digest_of
from synergy.errors import InputError
from synergy.forms import TOKENS
from synergy.sampling import stratified

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
    recorded = read_json(path, TOKENS)
    again = f"delete {path} and run the workflow again"
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
