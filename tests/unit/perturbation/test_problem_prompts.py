"""How problems are put: the styles, the exemplars shown first, and where an answer stops."""

import pytest
from places import DEMO

from synergy.files.errors import InputError
from synergy.perturbation.answer_extraction import extract_answer
from synergy.perturbation.problem_prompts import (
    INSTRUCTION,
    OURS,
    drawn_exemplars,
    format_prompt,
    our_exemplars,
    style_of,
)
from synergy.perturbation.problems import Problem, load_problems


def problem(name: str, text: str, level: str = "Level 1", kind: str = "A") -> Problem:
    return Problem(name, text, level, kind, f"It is \\boxed{{{name}}}.", name)


class ChatTokenizer:
    """Stands in for a tokenizer: its template marks who speaks and shows what else it was given."""

    chat_template = "…"

    def apply_chat_template(self, messages, tokenize, add_generation_prompt, **others):
        assert not tokenize
        assert add_generation_prompt
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + f"<assistant {others}>"


def test_chat_prompt_is_the_template_around_problem_and_instruction():
    assert "\\boxed{}" in INSTRUCTION
    prompt = format_prompt("2 + 2?", "chat", ChatTokenizer())
    assert prompt == (f"<user>2 + 2?\n{INSTRUCTION}<assistant {{}}>", None, False, "")
    prompt = format_prompt("2 + 2?", "chat", ChatTokenizer(), {"enable_thinking": False})
    assert prompt.text.endswith("<assistant {'enable_thinking': False}>")


def test_zero_shot_prompt_is_bare():
    prompt = format_prompt("2 + 2?", "zero_shot")
    assert prompt.text == "Problem: 2 + 2?\nAnswer:"
    assert prompt.add_special_tokens
    assert prompt.stop.place("It is 4.\n\nProblem: 3 + 3?\nAnswer: 6") == len("It is 4.\n")


@pytest.mark.parametrize("shots", range(1, len(OURS) + 1))
def test_few_shot_prompt_shows_solved_exemplars_first(shots):
    prompt = format_prompt("2 + 2?", "few_shot", exemplars=our_exemplars(shots, []))
    assert prompt.text.endswith("\n\nProblem: 2 + 2?\nAnswer:")
    assert prompt.text.count("Problem: ") == shots + 1
    assert prompt.text.count("\\boxed{") == shots
    # A model that goes on in the manner of the exemplars is stopped where the next problem would begin.
    solution, further = prompt.text.partition("\nAnswer:")[2].split("\n\nProblem: ", 1)
    assert prompt.stop.place(f"{solution}\n\nProblem: {further}") == len(solution) + 1
    # The answer of an exemplar follows as a given answer does.
    assert prompt.text.startswith(f"Problem: {next(iter(OURS))}\nAnswer:{prompt.lead}8")


@pytest.mark.parametrize(
    ("asked", "prompt_format", "style"),
    [
        ("auto", "chat", "chat"),
        ("auto", "plain", "few_shot"),
        ("zero_shot", "chat", "zero_shot"),
        ("few_shot", "chat", "few_shot"),
    ],
)
def test_style_follows_the_model_unless_it_is_named(asked, prompt_format, style):
    assert style_of(asked, prompt_format) == style


@pytest.mark.parametrize(("style", "found"), [("chat", "base model"), ("cot", "'cot'"), ("few_shot", "found none")])
def test_impossible_prompts_are_refused(style, found):
    with pytest.raises(InputError, match=found):
        format_prompt("?", style, None)


def test_our_exemplars_are_solved_with_one_box_each():
    for question, solution in OURS.items():
        assert "\n" not in question + solution
        assert solution.count("\\boxed{") == 1
        assert extract_answer(solution).extraction == "boxed"


def test_no_exemplar_is_a_problem_of_the_demo_set():
    asked = load_problems(DEMO)
    shown = our_exemplars(len(OURS), asked)
    assert [exemplar["problem"] for exemplar in shown] == list(OURS)


@pytest.mark.parametrize(
    ("theirs", "written"),
    [
        ("Find $x^2$ if $x = 3$.", " Find  $x^2$\n if $x=3$. "),
        ("Find $x^2$ if $x = 3$.", "FIND \\(x^2\\) IF \\(x = 3\\)."),
        ("Find $x^2$ if $x = 3$.", "Find \\[x^2\\] if $$x\\ =\\,3$$."),
        ("Find $x^2$ if $x = 3$.", "Find x^2 if~x = 3."),
        ("It costs \\$3. How much are two?", "It costs $3. How much are two?"),
    ],
)
def test_a_tested_problem_is_never_shown_however_it_is_written(theirs, written, monkeypatch):
    tested = [problem("1", written)]
    train = [problem("2", theirs), problem("3", theirs.replace("3", "4"))]
    assert [exemplar["id"] for exemplar in drawn_exemplars(train, 1, 0, tested)] == ["3"]
    monkeypatch.setattr("synergy.perturbation.problem_prompts.OURS", {theirs: "9", "What is 1 + 1?": "2"})
    assert [exemplar["problem"] for exemplar in our_exemplars(1, tested)] == ["What is 1 + 1?"]
    with pytest.raises(InputError, match="found 1"):
        our_exemplars(2, tested)


def test_other_problems_are_shown():
    tested = [problem("1", "What is 8 + 6?"), problem("2", "What is 8 - 5?"), problem("3", "$8 + 5$")]
    assert [exemplar["problem"] for exemplar in our_exemplars(2, tested)] == list(OURS)[:2]


def test_a_problem_without_a_solution_is_never_shown():
    train = [problem(f"{n}", f"{n}?") for n in range(3)]
    train += [Problem(f"bare-{n}", f"{n} + {n}?", "Level ?", "A", None, f"{2 * n}") for n in range(40)]
    assert {exemplar["id"] for exemplar in drawn_exemplars(train, 3, 0, [])} == {"0", "1", "2"}
    with pytest.raises(InputError, match=r"4 exemplars with a solution .* found 3 of 43"):
        drawn_exemplars(train, 4, 0, [])


def test_drawn_exemplars_follow_the_seed_are_stratified_and_never_asked():
    train = [problem(f"t{k}", f"problem {k}?", f"Level {1 + k % 2}", "AB"[k % 4 // 2]) for k in range(80)]
    asked = [problem(f"a{k}", f"problem  {k}? ") for k in range(0, 80, 5)]
    drawn = drawn_exemplars(train, 8, 0, asked)
    assert drawn == drawn_exemplars(train[::-1], 8, 0, asked)
    assert drawn != drawn_exemplars(train, 8, 1, asked)
    chosen = {exemplar["id"] for exemplar in drawn}
    strata = {(p.type, p.level): 0 for p in train}
    for p in train:
        strata[p.type, p.level] += p.id in chosen
    assert set(strata.values()) == {2}
    for seed in range(30):
        shown = drawn_exemplars(train, 8, seed, asked)
        assert not {int(exemplar["id"][1:]) for exemplar in shown} & set(range(0, 80, 5))
    # From easy to hard.
    levels = {p.id: p.level for p in train}
    assert [levels[exemplar["id"]] for exemplar in drawn] == ["Level 1"] * 4 + ["Level 2"] * 4


def test_too_few_exemplars_are_said():
    with pytest.raises(InputError, match=r"2 exemplars .* found 1 of 2"):
        drawn_exemplars([problem("1", "one?"), problem("2", "two?")], 2, 0, [problem("3", "two?")])
