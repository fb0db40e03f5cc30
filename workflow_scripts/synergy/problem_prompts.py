"""How a mathematical problem is put before a model."""

from collections.abc import Mapping
from typing import NamedTuple

from synergy.errors import InputError

INSTRUCTION = "Work it out step by step, then write the final answer in \\boxed{}."
# Our own exemplars, from easy to less easy. Short: each is read again with every problem.
EXEMPLARS = {
    "What is 8 + 5?": "8 + 5 = 13. The final answer is $\\boxed{13}$.",
    "A box holds 4 pens. How many pens do 3 boxes hold?": "3 times 4 = 12. The final answer is $\\boxed{12}$.",
    "Solve $5x - 8 = 2x + 7$ for $x$.": (
        "Subtracting $2x$ and adding $8$ on both sides gives $3x = 15$, so $x = 5$. The final answer is $\\boxed{5}$."
    ),
    "A bag holds 4 red and 6 blue marbles. What is the probability that a marble drawn at random is red?": (
        "There are $4 + 6 = 10$ marbles, and $4$ of them are red, so the probability is $\\frac{4}{10} = \\frac{2}{5}$."
        " The final answer is $\\boxed{\\frac{2}{5}}$."
    ),
    "What is the area of a right triangle whose legs are 9 and 12 long?": (
        "The legs are base and height, so the area is $\\frac{1}{2} \\cdot 9 \\cdot 12 = 54$. The final answer is "
        "$\\boxed{54}$."
    ),
}
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
    """

    text: str
    stop: tuple[str, ...]
    add_special_tokens: bool


def format_prompt(
    problem: str,
    style: str,
    tokenizer=None,
    template_arguments: Mapping | None = None,
    shots: int = len(EXEMPLARS),
) -> PromptText:
    r"""Put a problem before a model.

    ``chat``: the tokenizer's chat template around the problem and our instruction to box the answer. ``zero_shot``: the
    bare ``Problem: …\nAnswer:``. ``few_shot``: the same after solved exemplars of our own, which show the box.

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
    shots : int
        How many exemplars ``few_shot`` shows.

    Returns
    -------
    PromptText
        The text, where its answer stops, and how to tokenize it.

    Raises
    ------
    InputError
        If the style is unknown, there are fewer exemplars than `shots`, or ``chat`` is asked of a tokenizer without a
        chat template.
    """
    if style == "chat":
        if not getattr(tokenizer, "chat_template", None):
            hint = "set math.prompt_style to zero_shot or few_shot"
            raise InputError("a chat template in the tokenizer", "none: this seems to be a base model", hint)
        message = {"role": "user", "content": f"{problem}\n{INSTRUCTION}"}
        text = tokenizer.apply_chat_template(
            [message], tokenize=False, add_generation_prompt=True, **(template_arguments or {})
        )
        return PromptText(text, (), False)
    if style not in ("zero_shot", "few_shot"):
        raise InputError("a prompt style among chat, zero_shot and few_shot", repr(style), "mend math.prompt_style")
    if not 1 <= shots <= len(EXEMPLARS):
        raise InputError(f"between 1 and {len(EXEMPLARS)} exemplars for few_shot", str(shots), "mend math.shots")
    shown = list(EXEMPLARS.items())[:shots] if style == "few_shot" else []
    solved = "".join(f"Problem: {question}\nAnswer: {answer}\n\n" for question, answer in shown)
    return PromptText(f"{solved}Problem: {problem}\nAnswer:", STOP, True)
