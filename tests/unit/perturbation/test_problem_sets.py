"""Problem sets from where they live: the layouts of the three public sets, made up here and read from a folder."""

import json
from collections import Counter
from pathlib import Path

import pytest
from places import SHARED
from prefetch_math import prefetch_math

from synergy.files.errors import InputError
from synergy.perturbation.problem_prompts import our_exemplars
from synergy.perturbation.problem_sets import read_problem_set
from synergy.perturbation.problems import load_problems

SUBJECTS = ("algebra", "geometry", "precalculus")


def write(path: Path, records) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def parquet(path: Path, records) -> None:
    from datasets import Dataset

    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(records).to_parquet(path)


def card(folder: Path, configs: dict[str, dict[str, str]]) -> None:
    """The head of a data set's README, which says which files make which configuration and split."""
    lines = ["---", "configs:"]
    for name, splits in configs.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        for split, files in splits.items():
            lines += [f"  - split: {split}", f"    path: {files}"]
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))


def math_row(subject: str, number: int, **changes) -> dict:
    solution = (f"It is $\\boxed{{{number}}}$.", f"It is $\\boxed {number}$.", f"It is \\fbox{{{number}}}.")[number % 3]
    level = "Level ?" if number == 7 else f"Level {1 + number % 5}"
    row = {"problem": f"{subject}: {number}?", "level": level, "type": subject.title(), "solution": solution}
    return row | changes


@pytest.fixture
def math(tmp_path):
    """A folder laid out as EleutherAI/hendrycks_math: a configuration a subject, parquet, train and test."""
    for subject in SUBJECTS:
        for split, numbers in (("train", range(40)), ("test", range(50, 70))):
            rows = [math_row(subject, number) for number in numbers]
            parquet(tmp_path / f"math/{subject}/{split}-00000-of-00001.parquet", rows)
    splits = {subject: {split: f"{subject}/{split}-*" for split in ("train", "test")} for subject in SUBJECTS}
    card(tmp_path / "math", splits)
    return {"path": str(tmp_path / "math"), "configs": list(SUBJECTS), "split": "test"}


@pytest.fixture
def gsm8k(tmp_path):
    """A folder laid out as openai/gsm8k: configurations main and socratic, parquet."""
    for config in ("main", "socratic"):
        for split in ("train", "test"):
            rows = [{"question": f"{split} {n} apples?", "answer": f"{config}\n#### {1000 + n:,}"} for n in range(9)]
            parquet(tmp_path / f"gsm8k/{config}/{split}-00000-of-00001.parquet", rows)
    card(
        tmp_path / "gsm8k",
        {config: {split: f"{config}/{split}-*" for split in ("train", "test")} for config in ("main", "socratic")},
    )
    return {"path": str(tmp_path / "gsm8k"), "configs": ["main"], "split": "test"}


@pytest.fixture
def math_500(tmp_path):
    """A folder laid out as HuggingFaceH4/MATH-500: one JSONL file of one split."""
    rows = [
        {
            "problem": f"number {n}?",
            "solution": f"It is $\\boxed{{{n}}}$.",
            "answer": str(n),
            "subject": SUBJECTS[n % 3].title(),
            "level": 1 + n % 5,
            "unique_id": f"test/{SUBJECTS[n % 3]}/{n}.json",
        }
        for n in range(30)
    ]
    write(tmp_path / "math-500/test.jsonl", rows)
    (tmp_path / "math-500/README.md").write_text("# A set\n")
    return {"path": str(tmp_path / "math-500"), "split": "test"}


def test_subjects_of_math_are_put_one_after_the_other(math, tmp_path):
    problems, origin = read_problem_set(math, None, tmp_path / "cache")
    assert len(problems) == origin["n_problems_available"] == 60
    assert Counter(problem.type for problem in problems) == {subject.title(): 20 for subject in SUBJECTS}
    assert [problem.id for problem in problems[::20]] == [f"{subject}-00000" for subject in SUBJECTS]
    assert [problem.answer for problem in problems[:20]] == [str(n) for n in range(50, 70)]
    assert origin["left_out"] == []


def test_another_split_can_be_taken(math, tmp_path):
    problems, _ = read_problem_set(math, "train", tmp_path / "cache")
    assert [problem.answer for problem in problems[:40]] == [str(n) for n in range(40)]
    assert problems[7].level == "Level ?"


def test_math_500_keeps_its_ids_and_levels(math_500, tmp_path):
    problems, _ = read_problem_set(math_500, None, tmp_path / "cache")
    assert [problem.id for problem in problems[:2]] == ["test/algebra/0.json", "test/geometry/1.json"]
    assert {problem.level for problem in problems} == {f"Level {n}" for n in range(1, 6)}


def test_gsm8k_is_read_from_its_configuration(gsm8k, tmp_path):
    problems, _ = read_problem_set(gsm8k, None, tmp_path / "cache")
    assert [(p.id, p.answer, p.type) for p in problems[:2]] == [
        ("main-00000", "1000", "GSM8K"),
        ("main-00001", "1001", "GSM8K"),
    ]
    assert all(problem.solution.startswith("main") for problem in problems)


def test_a_few_unreadable_rows_of_a_public_set_are_left_out_and_named(tmp_path):
    rows = [math_row("algebra", n, **({"solution": "It is 5."} if n == 30 else {})) for n in range(120)]
    write(tmp_path / "set/test.jsonl", rows)
    problems, origin = read_problem_set({"path": str(tmp_path / "set"), "split": "test"}, None, tmp_path / "cache")
    assert len(problems) == 119
    assert origin["left_out"] == [f"row 30 of {tmp_path / 'set'} (test)"]


def test_many_unreadable_rows_are_an_error_that_names_the_first(tmp_path):
    rows = [math_row("algebra", n, **({"solution": "It is 5."} if n > 100 else {})) for n in range(120)]
    write(tmp_path / "set/test.jsonl", rows)
    with pytest.raises(InputError, match=r"boxed\{\} in 'solution' at row 101 of"):
        read_problem_set({"path": str(tmp_path / "set"), "split": "test"}, None, tmp_path / "cache")


def test_rows_that_share_an_id_are_named(tmp_path):
    rows = [math_row("algebra", n, id=f"p{n % 150}") for n in range(200)]
    write(tmp_path / "set/test.jsonl", rows)
    with pytest.raises(InputError) as error:
        read_problem_set({"path": str(tmp_path / "set"), "split": "test"}, None, tmp_path / "cache")
    assert f"unique 'id' for each problem of {tmp_path / 'set'}" in error.value.expected
    assert error.value.found.startswith("50 for several: 'p0' at row 0, row 150; 'p1' at row 1, row 151; ")
    assert error.value.found.endswith("; and 45 more")


def test_configurations_may_count_their_problems_anew(tmp_path):
    for config in ("AIME-I", "AIME-II"):
        write(
            tmp_path / f"set/{config}/test.jsonl", [{"id": n, "problem": f"{config} {n}?", "answer": n} for n in (1, 2)]
        )
    card(tmp_path / "set", {config: {"test": f"{config}/test.jsonl"} for config in ("AIME-I", "AIME-II")})
    source = {"path": str(tmp_path / "set"), "configs": ["AIME-I", "AIME-II"], "split": "test"}
    problems, _ = read_problem_set(source, None, tmp_path / "cache")
    assert [problem.id for problem in problems] == ["AIME-I/1", "AIME-I/2", "AIME-II/1", "AIME-II/2"]
    one, _ = read_problem_set(source | {"configs": ["AIME-I"]}, None, tmp_path / "cache")
    assert [problem.id for problem in one] == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test.jsonl", '{"problem": "a?", "answer": 5, "level": 3}\n{"problem": "b?", "answer": "x"}\n'),
        ("test.jsonl", '\ufeff{"problem": "a?", "answer": 5, "level": "3"}\n{"problem": "b?", "answer": "x"}\n'),
        ("test.jsonl", '{"problem": "a?", "answer": "5", "level": "Level 3"}\n{"question": "b?", "answer": "x"}\n'),
        ("test.csv", "problem,answer,level\na?,5,3\nb?,x,\n"),
        ("test.csv", "\ufeffQuestion,Answer,Level\na?,5,3\nb?,x,\n"),
    ],
)
def test_a_competition_in_a_folder_has_answers_alone(tmp_path, name, text):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_text(text, encoding="utf-8")
    problems, record = prefetched(tmp_path, {"path": str(tmp_path / "set"), "split": "test"}, n_problems=2)
    assert [(p.problem, p.level, p.type, p.solution, p.answer) for p in problems] == [
        ("a?", "Level 3", "Type ?", None, "5"),
        ("b?", "Level ?", "Type ?", None, "x"),
    ]
    assert (record["n_problems"], record["n_with_solution"]) == (2, 0)
    assert record["by_level"] == {"Level 3": 1, "Level ?": 1}


@pytest.mark.parametrize(
    ("change", "found"),
    [({"configs": ["topology"]}, "topology"), ({"split": "validation"}, "validation"), ({"configs": None}, "algebra")],
)
def test_a_configuration_or_split_that_is_not_there_is_named(math, tmp_path, change, found):
    with pytest.raises(InputError, match=f"(?s)data set .*{found}.*configs and split of the set"):
        read_problem_set(math | change, None, tmp_path / "cache")


def test_a_file_has_no_other_splits(tmp_path):
    write(tmp_path / "p.jsonl", [math_row("algebra", 1)])
    with pytest.raises(InputError, match="exemplars"):
        read_problem_set({"path": str(tmp_path / "p.jsonl")}, "train", tmp_path / "cache")


def prefetched(tmp_path, source, exemplars="ours", shots=2, n_problems=12, seed=0):
    """Run the script; return the problems, and its record."""
    outputs = {"problems": str(tmp_path / "out/problems.jsonl"), "record": str(tmp_path / "out/math.json")}
    prefetch_math(source, exemplars, shots, n_problems, seed, str(tmp_path / "cache"), **outputs)
    return load_problems(outputs["problems"]), json.loads(Path(outputs["record"]).read_text())


def test_a_prefetched_sample_is_stratified_and_described(math, tmp_path):
    problems, record = prefetched(tmp_path, math)
    assert len(problems) == record["n_problems"] == 12
    assert record["by_type"] == {subject.title(): 4 for subject in SUBJECTS}
    assert sum(record["by_level"].values()) == 12
    assert record["n_problems_available"] == 60
    assert record["n_with_solution"] == 12
    assert record["source"] == math
    assert len(record["sha256"]) == 64
    assert record["exemplars_source"] == "ours"
    others, _ = prefetched(tmp_path, math, seed=1)
    assert problems != others


@pytest.mark.parametrize("name", ["math", "gsm8k"])
def test_exemplars_come_from_the_train_split(name, tmp_path, request):
    source = request.getfixturevalue(name)
    problems, record = prefetched(tmp_path, source, "train", n_problems=9)
    train, _ = read_problem_set(source, "train", tmp_path / "cache")
    texts = [exemplar["problem"] for exemplar in record["exemplars"]]
    assert len(texts) == 2
    assert set(texts) <= {problem.problem for problem in train}
    assert not set(texts) & {problem.problem for problem in problems}
    _, again = prefetched(tmp_path, source, "train", n_problems=9)
    assert record["exemplars"] == again["exemplars"]
    drawn = [prefetched(tmp_path, source, "train", n_problems=9, seed=seed)[1]["exemplars"] for seed in range(1, 6)]
    assert any(other != record["exemplars"] for other in drawn)


def test_no_exemplar_is_a_problem_of_the_set_asked_or_not(tmp_path):
    ours = [problem["problem"] for problem in our_exemplars(5, [])]
    write(
        tmp_path / "p.jsonl", [math_row("algebra", n, problem=text) for n, text in enumerate([*ours[1:], "2?", "3?"])]
    )
    for seed in range(4):
        _, record = prefetched(tmp_path, {"path": str(tmp_path / "p.jsonl")}, shots=1, n_problems=1, seed=seed)
        assert [exemplar["problem"] for exemplar in record["exemplars"]] == ours[:1]


def test_exemplars_may_come_from_another_set(math, math_500, tmp_path):
    _, record = prefetched(tmp_path, math_500, math | {"split": "train"})
    assert all(exemplar["id"].split("-")[0] in SUBJECTS for exemplar in record["exemplars"])


@pytest.mark.parametrize("name", ["math", "gsm8k", "math_500"])
def test_the_hub_gives_what_a_folder_of_its_files_gives(name, tmp_path, request, hub):
    local = request.getfixturevalue(name)
    folder = Path(local["path"])
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    commit = hub.add("org/set", files, kind="datasets")
    source = {"hub": "org/set", "revision": "main", "split": "test"}
    source |= {"configs": local["configs"]} if "configs" in local else {}
    exemplars = "ours" if name == "math_500" else "train"
    problems, record = prefetched(tmp_path, source, exemplars, n_problems=9)
    assert record["revision"] == commit
    assert record["source"] == source
    expected, from_folder = prefetched(tmp_path, local, exemplars, n_problems=9)
    assert problems == expected
    for key in ("sha256", "by_type", "by_level", "exemplars"):
        assert record[key] == from_folder[key]
    assert (record["exemplars_origin"] or {}).get("revision") == (None if name == "math_500" else commit)


def test_a_set_without_a_train_split_says_so(math_500, tmp_path):
    with pytest.raises(InputError, match=r"data set .*split train"):
        prefetched(tmp_path, math_500, "train")


@pytest.mark.parametrize("name", ["math500", "gsm8k"])
def test_the_public_files_are_read_as_data_sets_of_the_hub_too(name, tmp_path):
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not at hand")
    from_folder, origin = read_problem_set({"path": str(folder), "split": "test"}, None, tmp_path / "cache")
    from_file, _ = read_problem_set({"path": str(folder / "test.jsonl")}, None, tmp_path / "cache")
    assert origin["left_out"] == []
    if name == "math500":
        assert from_folder == from_file
    else:  # without ids of its own
        assert [p.answer for p in from_folder] == [p.answer for p in from_file]
