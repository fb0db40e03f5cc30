"""How a mathematical problem is put before a model, and the solved ones that a few-shot prompt shows first.

Those are our own, or drawn from a training split.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from synergy.files.errors import InputError
from synergy.perturbation.problem_sets import sample_problems
from synergy.perturbation.problems import Problem
from synergy.perturbation.stopping import NEXT_PROBLEM, Stop

INSTRUCTION = "Work it out step by step, then write the final answer in \\boxed{}."
SET_OFF = re.compile(r"\s+|~|\\?\$|\\[()\[\],;:! ]")  # blanks, those of TeX, and what sets formulas off


class PromptText(NamedTuple):
    """What a model is given.

    Attributes
    ----------
    text : str
        The prompt, to which the answer is the continuation.
    stop : Stop or None
        Where an answer ends, besides the end-of-sequence token.
    add_special_tokens : bool
        For the tokenizer: False where the chat template has put the special tokens into the text already.
    lead : str
        What stands between the text and a given answer, when the likelihood of that is measured.
    """

    text: str
    stop: Stop | None
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
        What ``few_shot`` shows, see `our_exemplars` and `drawn_exemplars`.

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
        return PromptText(text, None, False, "")
    if style not in ("zero_shot", "few_shot"):
        raise InputError("a prompt style among chat, zero_shot and few_shot", repr(style), "mend math.prompt_style")
    if style == "few_shot" and not exemplars:
        raise InputError("exemplars for few_shot", "none", "raise math.shots, or set math.prompt_style to zero_shot")
    shown = exemplars if style == "few_shot" else ()
    solved = "".join(f"Problem: {solved['problem']}\nAnswer: {solved['solution']}\n\n" for solved in shown)
    # ASSUME: Where its likelihood is measured, the reference solution follows "Answer:" after one blank, and a chat
    # template after nothing.
    return PromptText(f"{solved}Problem: {problem}\nAnswer:", NEXT_PROBLEM, True, " ")


def style_of(prompt_style: str, prompt_format: str) -> str:
    """The style of a model where ``prompt_style`` is ``auto``: ``chat`` for chat models, else ``few_shot``."""
    if prompt_style != "auto":
        return prompt_style
    return "chat" if prompt_format == "chat" else "few_shot"


# Our own exemplars, from easy to less easy. Short: each is read again with every problem.
OURS = {
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


def our_exemplars(shots: int, tested: Sequence[Problem]) -> list[dict[str, str]]:
    """Our first `shots` exemplars, from easy to less easy.

    Parameters
    ----------
    shots : int
        How many.
    tested : sequence of Problem
        The problems of the set that is asked: an exemplar that is one of them is passed over, see `same_text`.

    Returns
    -------
    list of dict
        ``id``, ``problem`` and ``solution`` of each.

    Raises
    ------
    InputError
        If there are fewer than `shots`.
    """
    questions = {same_text(problem.problem) for problem in tested}
    free = [
        {"id": f"ours-{number}", "problem": problem, "solution": solution}
        for number, (problem, solution) in enumerate(OURS.items(), start=1)
        if same_text(problem) not in questions
    ]
    if shots > len(free):
        hint = "lower math.shots, or set math.exemplars to train"
        raise InputError(f"{shots} exemplars of our own that are not asked themselves", f"{len(free)}", hint)
    return free[:shots]


def drawn_exemplars(train: Sequence[Problem], shots: int, seed: int, tested: Sequence[Problem]) -> list[dict[str, str]]:
    """Draw `shots` solved problems of a training split, stratified by type and level, from easy to hard.

    Parameters
    ----------
    train : sequence of Problem
        The training split; problems without a solution are left out.
    shots : int
        How many.
    seed : int
        The same seed draws the same.
    tested : sequence of Problem
        The problems of the set that is asked: they are never drawn, see `same_text`.

    Returns and raises as `our_exemplars`.
    """
    questions = {same_text(problem.problem) for problem in tested}
    solved = [problem for problem in train if problem.solution is not None]
    free = [problem for problem in solved if same_text(problem.problem) not in questions]
    if shots > len(free):
        hint = "lower math.shots, or name another set in math.exemplars"
        expected = f"{shots} exemplars with a solution that are not asked themselves"
        raise InputError(expected, f"{len(free)} of {len(train)}", hint)
    drawn = sorted(sample_problems(free, shots, seed), key=lambda problem: (problem.level, problem.id))
    return [{"id": problem.id, "problem": problem.problem, "solution": problem.solution} for problem in drawn]


def same_text(problem: str) -> str:
    r"""A problem without blanks (TeX's too), case, dollar signs and ``\( \) \[ \]``: those of one text are the same."""
    return SET_OFF.sub("", problem).casefold()
