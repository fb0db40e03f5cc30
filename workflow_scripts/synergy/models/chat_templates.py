"""A prompt in a model's own chat template, whether that takes the words of a turn as text or as a list of parts."""

import json
from collections.abc import Mapping
from pathlib import Path

from synergy.files.errors import InputError

PROBE = "Which words stand here"
# Put before a template that loops over parts: it gives every turn whose words are text one part of that text.
AS_PARTS = (
    "{%- set turns = namespace(all=[]) -%}{%- for turn in messages -%}"
    "{%- set words = [{'type': 'text', 'text': turn['content']}] if turn['content'] is string else turn['content'] -%}"
    "{%- set turns.all = turns.all + [{'role': turn['role'], 'content': words}] -%}"
    "{%- endfor -%}{%- set messages = turns.all -%}"
)


def complete_template(tokenizer, folder: str | Path) -> None:
    """Give a tokenizer the template that lies beside it in the older form, and have every template take text.

    Templates that give back the words of a turn as they are stay as they are.
    """
    older = Path(folder) / "chat_template.json"
    if tokenizer.chat_template is None and older.is_file():
        try:
            tokenizer.chat_template = json.loads(older.read_text(encoding="utf-8"))["chat_template"]
        except (ValueError, KeyError, TypeError):
            hint = "mend the file, or delete it and set prompt_format: plain in the model's stanza"
            raise InputError(f"a key chat_template in {older}", "none that can be read", hint) from None
    templates = tokenizer.chat_template
    if isinstance(templates, dict):
        tokenizer.chat_template = {name: _taking_text(tokenizer, own) for name, own in templates.items()}
    elif templates is not None:
        tokenizer.chat_template = _taking_text(tokenizer, templates)


def chat_text(tokenizer, text: str, arguments: Mapping) -> str:
    """A prompt as one user turn, and the beginning of the answer.

    Parameters
    ----------
    tokenizer : with its template, see `complete_template`.
    text : the prompt.
    arguments : passed on to the chat template.

    Raises
    ------
    InputError
        If there is no template, it cannot be rendered, or what it gives does not hold the prompt.
    """
    templates, plain = tokenizer.chat_template, "set prompt_format: plain in the model's stanza"
    if templates is None:
        raise InputError(
            "a tokenizer with a chat template, as prompt_format: chat says", "a tokenizer without one", plain
        )
    if isinstance(templates, dict) and not {"default", arguments.get("chat_template")} & {*templates}:
        choice = next(iter(templates), "…")
        raise InputError(
            "a chat template named default",
            f"templates named {', '.join(templates) or 'nothing'}",
            f"choose one in the model's stanza: chat_template_arguments: {{chat_template: {choice}}}",
        )
    try:
        whole = _rendered(tokenizer, text, **arguments)
    except Exception as error:  # templates raise what they like
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        hint = f"check chat_template_arguments in the model's stanza, mend the template, or {plain}"
        raise InputError("a chat template that can be rendered with one user turn", found, hint) from None
    if not _holds(whole, text):
        found = f"{whole[:100]!r}, which leaves it out"
        raise InputError("the prompt in what the chat template makes of it", found, f"mend the template, or {plain}")
    return whole


def mark_after_answer(tokenizer) -> str:
    """What the chat template puts behind an answer; nothing if there is no template or it cannot be rendered."""
    if tokenizer.chat_template is None:
        return ""
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": PROBE}]
    try:
        return tokenizer.apply_chat_template(turns, tokenize=False).rpartition(PROBE)[2]
    except Exception:
        return ""


def _taking_text(tokenizer, template: str) -> str:
    """The template, changed if it gives back the words of a turn only from parts."""
    for own in (template, AS_PARTS + template):
        try:
            whole = _rendered(tokenizer, PROBE, chat_template=own)
            if _holds(whole, PROBE) and "'type'" not in whole:  # nor the list itself, printed
                if own != template:
                    print("The chat template takes the words of a turn in parts; each prompt is given to it as one.")
                return own
        except Exception:
            continue
    return template  # which `chat_text` refuses, if it is needed


def _rendered(tokenizer, text: str, **arguments) -> str:
    turn = [{"role": "user", "content": text}]
    return tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True, **arguments)


def _holds(whole: str, text: str) -> bool:
    """Whether a text holds another, whatever blanks were changed."""
    return "".join(text.split()) in "".join(whole.split())
