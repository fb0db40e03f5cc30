"""How a mathematical problem is put before a model."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from synergy.errors import InputError

INSTRUCTION = "Work it out step by step, then write the final answer in \\boxed{}."
STOP = ("\nProblem:",)  # Where a base model begins to invent the next problem.


class PromptText(NamedTuple):
    """What a model is given.

    Attributes
    ----------
    text : str
        The prompt, to which the answer is the continuation.
    stop : tuple of str
        The strings at which an answer ends, besides the end-of-sequence token.
    add_special_tokens : bool
        For the tokenizer: False where the chat template has put the special tokens into the text already.
    lead : str
        What stands between the text and a given answer, when the likelihood of that is measured.
    """

    text: str
    stop: tuple[str, ...]
    add_special_tokens: bool
    lead: str


def format_prompt(
    problem: str,
    style: str,
    tokenizer=None,
    template_arguments: Mapping | None = None,
    exemplars: Sequence[Mapping[str, str]] = (),
) -> PromptText:
    r"""Put a problem before a model.

    ``chat``: the tokenizer's chat template around the problem and our instruction to box the answer. ``zero_shot``: the
    bare ``Problem: …\nAnswer:``. ``few_shot``: the same after solved exemplars, which show how an answer looks.

    Parameters
    ----------
    problem : str
        The question.
    style : {'chat', 'zero_shot', 'few_shot'}
        How to put it. Base models have no chat template: the other two are for them, and for models so small that they
        follow an example rather than an instruction.
    tokenizer : transformers tokenizer, optional
        Needed for ``chat`` only.
    template_arguments : mapping, optional
        Passed on to the chat template (Qwen 3: ``enable_thinking``).
    exemplars : sequence of mappings with ``problem`` and ``solution``
        What ``few_shot`` shows, see :mod:`synergy.exemplars`.

    Returns
    -------
    PromptText
        The text, where its answer stops, and how to tokenize it.

    Raises
    ------
    InputError
        If the style is unknown, ``few_shot`` has no exemplars, or ``chat`` is asked of a tokenizer without a chat
        template.
    """
    if style == "chat":
        if not getattr(tokenizer, "chat_template", None):
            hint = "set math.prompt_style to zero_shot or few_shot"
            raise InputError("a chat template in the tokenizer", "none: this seems to be a base model", hint)
        message = {"role": "user", "content": f"{problem}\n{INSTRUCTION}"}
        text = tokenizer.apply_chat_template(
            [message], tokenize=False, add_generation_prompt=True, **(template_arguments or {})
        )
        return PromptText(text, (), False, "")
    if style not in ("zero_shot", "few_shot"):
        raise InputError("a prompt style among chat, zero_shot and few_shot", repr(style), "mend math.prompt_style")
    if style == "few_shot" and not exemplars:
        raise InputError("exemplars for few_shot", "none", "raise math.shots, or set math.prompt_style to zero_shot")
    shown = exemplars if style == "few_shot" else ()
    solved = "".join(f"Problem: {solved['problem']}\nAnswer: {solved['solution']}\n\n" for solved in shown)
    # ASSUME: Where its likelihood is measured, the reference solution follows "Answer:" after one blank, and a chat
    # template after nothing.
    return PromptText(f"{solved}Problem: {problem}\nAnswer:", STOP, True, " ")


def style_of(prompt_style: str, prompt_format: str) -> str:
    """The style of a model where ``prompt_style`` is ``auto``: ``chat`` for chat models, else ``few_shot``."""
    if prompt_style != "auto":
        return prompt_style
    return "chat" if prompt_format == "chat" else "few_shot"
