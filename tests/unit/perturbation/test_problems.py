"""Problems: several kinds of fields read into one, stratified samples, and the committed demo set."""

import importlib.util
import json
import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import DEMO, SHARED

from synergy.files.errors import InputError
from synergy.perturbation.answer_extraction import last_boxed
from synergy.perturbation.problem_sets import sample_problems
from synergy.perturbation.problems import Problem, load_problems

MATH = {"problem": "1 + 1?", "level": "Level 2", "type": "Algebra", "solution": "It is \\boxed{2}."}
MATH_500 = {
    "problem": "1 + 2?",
    "level": 3,
    "subject": "Geometry",
    "solution": "It is \\boxed{3}.",
    "answer": "3",
    "unique_id": "test/geometry/7.json",
}
GSM8K = {"question": "1000 + 1?", "answer": "Together 1,001.\n#### 1,001"}


def write(path: Path, *records) -> Path:
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records), encoding="utf-8")
    return path


def shared(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not at hand")
    return SHARED / name


def without(record: dict, key: str) -> dict:
    return {name: value for name, value in record.items() if name != key}


def test_three_kinds_of_fields_become_one(tmp_path):
    problems = load_problems(write(tmp_path / "p.jsonl", MATH, "", MATH_500, GSM8K, MATH | {"id": "mine"}))
    assert problems == [
        Problem("line-00001", "1 + 1?", "Level 2", "Algebra", "It is \\boxed{2}.", "2"),
        Problem("test/geometry/7.json", "1 + 2?", "Level 3", "Geometry", "It is \\boxed{3}.", "3"),
        Problem("line-00004", "1000 + 1?", "Level ?", "GSM8K", "Together 1,001.\n#### 1,001", "1001"),
        Problem("mine", "1 + 1?", "Level 2", "Algebra", "It is \\boxed{2}.", "2"),
    ]


def only(tmp_path, record) -> Problem:
    """The one problem of a file."""
    (problem,) = load_problems(write(tmp_path / "p.jsonl", record))
    return problem


@pytest.mark.parametrize(
    ("level", "read"),
    [
        (5, "Level 5"),
        ("5", "Level 5"),
        ("Level 5", "Level 5"),
        ("level 5", "Level 5"),
        (5.0, "Level 5"),
        (1, "Level 1"),
        ("Level ?", "Level ?"),
        ("", "Level ?"),
        (None, "Level ?"),
    ],
)
def test_a_level_is_read_in_every_form(tmp_path, level, read):
    assert only(tmp_path, MATH | {"level": level}).level == read


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (5, "5"),
        (-12, "-12"),
        (0, "0"),
        (5.0, "5"),
        (2.5, "2.5"),
        (6.72e-5, "0.0000672"),
        (1e21, "1000000000000000000000"),
        (10**30, "1" + 30 * "0"),
        (" 5 ", "5"),
        ("\\frac{1}{2}", "\\frac{1}{2}"),
        ("$\\boxed{7}$", "7"),
        ("(E)", "(E)"),
        ("two and a half hours", "two and a half hours"),
        ("\\text{It is the day that follows on Monday}", "\\text{It is the day that follows on Monday}"),
    ],
)
@pytest.mark.parametrize("asked", ["problem", "question"])
def test_an_answer_alone_is_a_problem_without_solution(tmp_path, asked, answer, read):
    found = only(tmp_path, {asked: "1 + 1?", "answer": answer, "id": 7})
    assert found == Problem("7", "1 + 1?", "Level ?", "Type ?", None, read)
    # A given solution is kept, and a given answer goes before what it ends in.
    with_solution = only(tmp_path, {asked: "1 + 1?", "answer": answer, "solution": "Or \\boxed{9}."})
    assert (with_solution.solution, with_solution.answer) == ("Or \\boxed{9}.", read)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("It is 5.\n#### 5", "5"),
        ("#### 5\nSo 7 of 12 are left.", "5"),
        ("#### 5 apples", "5"),
        ("#### 5 (five) apples!", "5"),
        ("#### $5.50", "5.50"),
        ("#### -$1,234", "-1234"),
        ("#### 3/4 cup", "3/4"),
        ("#### 50%", "50%"),
        ("#### 5.", "5"),
        ("#### 3, 5", "3, 5"),
        ("#### 1,001, 2", "1001, 2"),
        ("#### (3, 5)", "(3, 5)"),
        ("#### 12:30", "12:30"),
        ("#### 5 million", "5 million"),
        ("#### 5 pi", "5 pi"),
        ("#### 5 x", "5 x"),
        ("#### 5 and 7", "5 and 7"),
        ("#### 10 + 5", "10 + 5"),
        ("#### \\frac{1}{2}", "\\frac{1}{2}"),
        ("#### yes", "yes"),
        ("#### Step 2\nadd\n#### 7", "7"),
        ("#### 7\n#### A note", "7"),
    ],
)
def test_the_answer_of_gsm8k_is_what_stands_behind_its_hashes(tmp_path, answer, read):
    assert only(tmp_path, GSM8K | {"answer": answer}) == Problem(
        "line-00001", "1000 + 1?", "Level ?", "GSM8K", answer, read
    )
    as_solution = only(tmp_path, {"problem": "1000 + 1?", "solution": answer})
    assert (as_solution.solution, as_solution.answer) == (answer, read)


def test_a_boxed_answer_is_a_solution(tmp_path):
    for text in ("It is \\boxed{2}.", "#### Adding\nIt is \\boxed{2}."):
        problem = only(tmp_path, {"question": "1 + 1?", "answer": text})
        assert (problem.solution, problem.answer) == (text, "2")


@pytest.mark.parametrize("change", [{"type": None}, {"type": ""}, {"level": None, "type": "Algebra"}, {}])
@pytest.mark.parametrize("missing", [("level",), ("type",), ("level", "type"), ("solution", "level", "type")])
def test_what_a_set_does_not_have_may_be_missing_or_null(tmp_path, change, missing):
    record = {key: value for key, value in (MATH | {"answer": "2"} | change).items() if key not in missing}
    problem = only(tmp_path, record)
    assert problem.level == ("Level 2" if record.get("level") else "Level ?")
    assert problem.type == (record.get("type") or "Type ?")
    assert problem.solution == record.get("solution")
    assert problem.answer == "2"
    as_null = dict.fromkeys(missing) | record
    assert only(tmp_path, as_null) == problem


def test_fields_may_be_in_capitals(tmp_path):
    record = {"ID": "2024-I-1", "Problem": "1 + 1?", "Solution": "Add.", "Answer": 2, "extra": [1]}
    assert only(tmp_path, record) == Problem("2024-I-1", "1 + 1?", "Level ?", "Type ?", "Add.", "2")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_no_part_of_the_first_problem(tmp_path, mark):
    path = tmp_path / "p.jsonl"
    path.write_text(f"{mark}{json.dumps(MATH)}\n{json.dumps(GSM8K)}\n", encoding="utf-8")
    assert [problem.answer for problem in load_problems(path)] == ["2", "1001"]


@pytest.mark.parametrize(
    "record",
    [
        MATH,
        MATH_500,
        GSM8K,
        {"problem": "?", "answer": 5.0},
        {"question": "?", "answer": "#### 3, 5"},
        {"question": "?", "answer": "odd"},
    ],
)
def test_a_problem_that_is_written_is_read_as_it_was(tmp_path, record):
    problem = only(tmp_path, record)
    assert only(tmp_path, asdict(problem)) == problem


def test_line_breaks_of_unicode_stay_inside_a_string(tmp_path):
    problem = "one\u2028two\u0085three"
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(MATH | {"problem": problem}, ensure_ascii=False), encoding="utf-8")
    assert load_problems(path)[0].problem == problem


@pytest.mark.parametrize(
    ("record", "expected", "found"),
    [
        ("{", "a JSON object", "double quotes"),
        ("[1]", "a JSON object", "list"),
        (without(MATH, "problem"), "'problem'", "keys level, type, solution"),
        (without(MATH, "solution"), "'solution'", "keys"),
        (MATH | {"type": 3}, "'type'", "3"),
        (MATH | {"level": "hard"}, "'level'", "'hard'"),
        (MATH | {"level": 6}, "'level'", "6"),
        (MATH | {"level": True}, "'level'", "True"),
        (MATH | {"problem": ""}, "'problem'", "''"),
        (MATH | {"problem": 5}, "'problem'", "5"),
        (MATH | {"solution": "It is 2."}, "\\boxed{} in 'solution'", "none"),
        (MATH | {"solution": "It is \\boxed{2."}, "\\boxed{} in 'solution'", "none"),
        (MATH | {"level": [5]}, "'level'", "[5]"),
        (MATH | {"level": 2.5}, "'level'", "2.5"),
        (MATH | {"solution": 5}, "'solution'", "5"),
        (MATH_500 | {"answer": ["3"]}, "'answer'", "['3']"),
        (MATH_500 | {"answer": True}, "'answer'", "True"),
        (MATH_500 | {"answer": ""}, "'answer'", "''"),
        ('{"problem": "?", "answer": NaN}', "'answer'", "nan"),
        (MATH | {"id": 1.5}, "'id'", "1.5"),
        (MATH | {"id": True}, "'id'", "True"),
        (MATH | {"id": " "}, "'id'", "' '"),
        (MATH | {"problem": "half of \ud83d"}, "'problem'", "half of a character"),
        ("[" * 100_000, "a JSON object", "recursion"),
        (GSM8K | {"answer": "It is 5."}, "'#### n'", "'It is 5.'"),
        (GSM8K | {"answer": "5 and then 7\nmore"}, "'#### n'", "5 and then 7"),
        (GSM8K | {"answer": "She has five apples and a pear"}, "'#### n'", "'She has five"),
        (GSM8K | {"answer": "It is\n####"}, "'#### n'", "nothing after ####"),
        (without(GSM8K, "answer"), "'answer'", "keys question"),
    ],
)
def test_a_malformed_line_is_named_with_its_key(tmp_path, record, expected, found):
    path = write(tmp_path / "p.jsonl", MATH_500, record)
    with pytest.raises(InputError) as error:
        load_problems(path)
    assert f"{path}:2" in str(error.value)
    assert expected in str(error.value)
    assert found in str(error.value)


def test_problems_that_share_an_id_are_named_with_their_lines(tmp_path):
    records = [MATH | {"id": n % 7} for n in range(9)] + [MATH | {"id": "line-00011"}, MATH]
    with pytest.raises(InputError) as error:
        load_problems(write(tmp_path / "p.jsonl", *records))
    assert error.value.expected == f"a unique 'id' for each problem of {tmp_path / 'p.jsonl'}"
    assert (
        error.value.found
        == "3 for several: '0' at line 1, line 8; '1' at line 2, line 9; 'line-00011' at line 10, line 11"
    )
    with pytest.raises(InputError, match=r"7 for several: .*'4' at line 5, line 12; and 2 more"):
        load_problems(write(tmp_path / "p.jsonl", *(MATH | {"id": n % 7} for n in range(14))))


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("so \\fbox{2}", "2"),
        ("so $\\boxed 3$", "3"),
        ("so $\\boxed\\frac{1}{2}$", "\\frac{1}{2}"),
        ("first \\boxed{1}, then \\boxed{2}", "2"),
        ("#### 1. Add\nThat is \\boxed{2}.\n#### Note", "2"),
    ],
)
def test_boxes_as_math_has_them(tmp_path, solution, answer):
    path = write(tmp_path / "p.jsonl", MATH | {"solution": solution})
    assert load_problems(path)[0].answer == answer


@pytest.mark.parametrize(("content", "message"), [(b"\n \n", "at least one problem"), (b'{"\xff', "UTF-8")])
def test_an_unusable_file_is_named(tmp_path, content, message):
    path = tmp_path / "p.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        load_problems(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_problems(tmp_path / "none.jsonl")


def test_math_500_loads():
    problems = load_problems(shared("math500/test.jsonl"))
    assert len(problems) == 500
    assert len({problem.type for problem in problems}) == 7
    assert Counter(problem.level for problem in problems) == {
        "Level 1": 43,
        "Level 2": 90,
        "Level 3": 105,
        "Level 4": 128,
        "Level 5": 134,
    }
    assert all(last_boxed(problem.solution) == problem.answer for problem in problems)


def test_gsm8k_loads():
    problems = load_problems(shared("gsm8k/test.jsonl"))
    assert len(problems) == 1319
    assert all(float(problem.answer) is not None for problem in problems)


def strata_of(problems) -> Counter:
    return Counter((problem.type, problem.level) for problem in problems)


def made_up(sizes: dict[tuple[str, str], int]) -> list[Problem]:
    return [
        Problem(f"{kind}-{level}-{n}", "?", level, kind, "", "") for (kind, level), k in sizes.items() for n in range(k)
    ]


strata_sizes = st.dictionaries(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from(["Level 1", "Level 2", "Level 3"])),
    st.integers(1, 15),
    min_size=1,
)


@given(strata_sizes, st.integers(0, 99), st.floats(0, 1))
def test_every_stratum_gets_its_share(sizes, seed, fraction):
    problems = made_up(sizes)
    n = 1 + round(fraction * (len(problems) - 1))
    sample = sample_problems(problems, n, seed)
    assert len(sample) == n == len({problem.id for problem in sample})
    for stratum, size in sizes.items():
        share = n * size / len(problems)
        assert share - 1 < strata_of(sample)[stratum] < share + 1
    for kind, size in Counter(problem.type for problem in problems).items():
        share = n * size / len(problems)
        assert share - 1 < Counter(problem.type for problem in sample)[kind] < share + 1


def test_sample_depends_on_the_seed_and_not_on_the_order_of_the_file():
    problems = made_up({("A", "Level 1"): 30, ("B", "Level 2"): 50})
    shuffled = random.Random(1).sample(problems, len(problems))
    sample = sample_problems(problems, 20, seed=3)
    assert sample == sample_problems(problems, 20, seed=3)
    assert set(sample) == set(sample_problems(shuffled, 20, seed=3))
    assert sample != sample_problems(problems, 20, seed=4)
    assert sample == [problem for problem in problems if problem in sample]


def test_each_problem_has_the_same_chance():
    problems = made_up({("A", "Level 1"): 3, ("A", "Level 2"): 9, ("B", "Level 1"): 8})
    drawn = Counter(problem for seed in range(3000) for problem in sample_problems(problems, 5, seed))
    # Binomial with n = 3000, p = 1/4: standard deviation 24.
    assert all(abs(drawn[problem] - 750) < 5 * 24 for problem in problems)


def test_a_sorted_set_is_not_cut_at_its_head():
    problems = load_problems(shared("math500/test.jsonl"))
    ordered = sorted(problems, key=lambda problem: problem.type)
    sample = sample_problems(ordered, 50, seed=0)
    assert {problem.type for problem in sample} == {problem.type for problem in problems}
    assert {problem.level for problem in sample} == {problem.level for problem in problems}
    assert sample != ordered[:50]


def test_the_whole_set_is_a_sample_of_itself():
    problems = made_up({("A", "Level 1"): 7, ("B", "Level 2"): 4})
    assert sample_problems(problems, 11, seed=5) == problems


@pytest.mark.parametrize("n", [0, -1, 12])
def test_impossible_sizes_are_refused(n):
    with pytest.raises(InputError, match=f"n = {n}, with 11 problems"):
        sample_problems(made_up({("A", "Level 1"): 11}), n, seed=0)


def test_committed_demo_set_is_what_its_generator_makes(tmp_path):
    spec = importlib.util.spec_from_file_location("make_arithmetic", DEMO.with_name("make_arithmetic.py"))
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.write_problems(tmp_path / "demo.jsonl")
    assert (tmp_path / "demo.jsonl").read_bytes() == DEMO.read_bytes()


def test_demo_set_is_in_the_fields_of_math_with_types_and_levels():
    records = [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]
    assert all(list(record) == ["id", "problem", "level", "type", "solution"] for record in records)
    problems = load_problems(DEMO)
    assert len(problems) >= 60
    assert len({problem.problem for problem in problems}) == len(problems)
    assert len({problem.type for problem in problems}) >= 5
    assert len({problem.level for problem in problems}) >= 3
    assert min(strata_of(problems).values()) >= 2
