"""Solved problems that a few-shot prompt shows first: our own, or drawn from a training split."""

from collections.abc import Sequence

from synergy.errors import InputError
from synergy.problem_samples import sample_problems
from synergy.problems import Problem

# Our own, from easy to less easy. Short: each is read again with every problem.
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


def our_exemplars(shots: int, asked: Sequence[Problem]) -> list[dict[str, str]]:
    """Our first `shots` exemplars, from easy to less easy.

    Parameters
    ----------
    shots : int
        How many.
    asked : sequence of Problem
        The problems that will be asked: an exemplar that is one of them is passed over.

    Returns
    -------
    list of dict
        ``id``, ``problem`` and ``solution`` of each.

    Raises
    ------
    InputError
        If there are fewer than `shots`.
    """
    questions = _texts(asked)
    free = [
        {"id": f"ours-{number}", "problem": problem, "solution": solution}
        for number, (problem, solution) in enumerate(OURS.items(), start=1)
        if _text(problem) not in questions
    ]
    if shots > len(free):
        hint = "lower math.shots, or set math.exemplars to train"
        raise InputError(f"{shots} exemplars of our own that are not asked themselves", f"{len(free)}", hint)
    return free[:shots]


def drawn_exemplars(train: Sequence[Problem], shots: int, seed: int, asked: Sequence[Problem]) -> list[dict[str, str]]:
    """Draw `shots` solved problems of a training split, stratified by type and level, from easy to hard.

    Parameters
    ----------
    train : sequence of Problem
        The training split.
    shots : int
        How many.
    seed : int
        The same seed draws the same.
    asked : sequence of Problem
        The problems that will be asked: they are never drawn, blanks aside.

    Returns and raises as `our_exemplars`.
    """
    questions = _texts(asked)
    free = [problem for problem in train if _text(problem.problem) not in questions]
    if shots > len(free):
        hint = "lower math.shots, or name another set in math.exemplars"
        raise InputError(f"{shots} exemplars that are not asked themselves", f"{len(free)} of {len(train)}", hint)
    drawn = sorted(sample_problems(free, shots, seed), key=lambda problem: (problem.level, problem.id))
    return [{"id": problem.id, "problem": problem.problem, "solution": problem.solution} for problem in drawn]


def _texts(problems: Sequence[Problem]) -> set[str]:
    return {_text(problem.problem) for problem in problems}


def _text(problem: str) -> str:
    return " ".join(problem.split())
