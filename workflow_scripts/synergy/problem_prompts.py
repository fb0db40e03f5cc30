"""How a mathematical problem is put before a model."""

from typing import NamedTuple

from synergy.errors import InputError

INSTRUCTION = "Work it out step by step, then write the final answer in \\boxed{}."
# Our own exemplars, in the manner of a textbook: short steps, then the answer in a box.
EXEMPLARS = (
    (
        "A ticket costs 7 euros for an adult and 4 euros for a child. How much do 3 adults and 5 children pay?",
        "The adults pay $3 \\cdot 7 = 21$ euros and the children $5 \\cdot 4 = 20$ euros. Together that is $21 + 20 = 41$ "
        "euros. The final answer is $\\boxed{41}$.",
    ),
    (
        "Solve $5x - 8 = 2x + 7$ for $x$.",
        "Subtracting $2x$ and adding $8$ on both sides gives $3x = 15$, so $x = 5$. The final answer is $\\boxed{5}$.",
    ),
    (
        "A bag holds 4 red and 6 blue marbles. What is the probability that a marble drawn at random is red?",
        "There are $4 + 6 = 10$ marbles, and $4$ of them are red, so the probability is $\\frac{4}{10} = \\frac{2}{5}$. "
        "The final answer is $\\boxed{\\frac{2}{5}}$.",
    ),
    (
        "What is the area of a right triangle whose legs are 9 and 12 long?",
        "The legs are base and height, so the area is $\\frac{1}{2} \\cdot 9 \\cdot 12 = 54$. The final answer is "
        "$\\boxed{54}$.",
    ),
)


class PromptText(NamedTuple):
    """What a model is given: the text, the strings that end its answer, and whether special tokens are still to be added."""

    text: str
    stop: tuple[str, ...]
    add_special_tokens: bool


def format_prompt(problem: str, style: str, tokenizer=None, template_arguments: dict | None = None) -> PromptText:
    r"""Put a problem before a model.

    ``chat``: the tokenizer's chat template around the problem and our instruction to box the answer. ``zero_shot``: the
    bare ``Problem: …\nAnswer:``. ``few_shot``: the same after four solved exemplars of our own, which show the box.

    Parameters
    ----------
    problem : str
        The question.
    style : {'chat', 'zero_shot', 'few_shot'}
        How to put it. Base models have no chat template: the other two are for them.
    tokenizer : transformers tokenizer, optional
        Needed for ``chat`` only.
    template_arguments : dict, optional
        Passed on to the chat template (Qwen 3: ``enable_thinking``).

    Returns
    -------
    PromptText
        ``text``; ``stop``, the strings at which a base model's answer ends, since it would go on to invent the next
        problem; ``add_special_tokens``, False where the chat template has put them into the text already.

    Raises
    ------
    InputError
        If the style is unknown, or ``chat`` is asked of a tokenizer without a chat template.
    """
    if style == "chat":
        if not getattr(tokenizer, "chat_template", None):
            hint = "set the model's prompt format to zero_shot or few_shot"
            raise InputError("a chat template in the tokenizer", "none: this seems to be a base model", hint)
        message = {"role": "user", "content": f"{problem}\n{INSTRUCTION}"}
        text = tokenizer.apply_chat_template(
            [message], tokenize=False, add_generation_prompt=True, **(template_arguments or {})
        )
        return PromptText(text, (), False)
    if style not in ("zero_shot", "few_shot"):
        raise InputError("a prompt style among chat, zero_shot and few_shot", repr(style), "mend it in the config")
    shown = EXEMPLARS if style == "few_shot" else ()
    solved = "".join(f"Problem: {question}\nAnswer: {answer}\n\n" for question, answer in shown)
    return PromptText(f"{solved}Problem: {problem}\nAnswer:", ("\nProblem:", "\n\nProblem"), True)
