"""Shards of a condition: the graded answers to one range of problems, and how they are put together again."""

from collections.abc import Sequence
from dataclasses import asdict

from synergy.files.artifacts import read_jsonl, write_jsonl
from synergy.files.errors import InputError
from synergy.files.kept_results import digest_of
from synergy.perturbation.problems import Problem


def answers_fingerprint(
    problems: Sequence[Problem], exemplars: Sequence[dict], heads: Sequence[int], fetched: dict
) -> str:
    """SHA-256 of what answers depend on, settings aside.

    Parameters
    ----------
    problems : the problems asked.
    exemplars : solved problems that may be shown before each.
    heads : flat indices of the heads that noise goes into.
    fetched : dict
        The record of the model's fetching.
    """
    weights = {key: fetched.get(key) for key in ("weights", "revision", "sha256")}
    return digest_of([asdict(problem) for problem in problems], exemplars, [int(head) for head in heads], weights)


def write_problem_shard(path: str, records: Sequence[dict], asked: range, **made_of) -> None:
    """Write the records of `asked` problems: a line that says what they are made of, then a line a problem.

    Parameters
    ----------
    path : str
        JSONL file to write.
    records : sequence of dict
        See `synergy.perturbation.answering.answer_and_grade`.
    asked : range
        Places of the problems in the set.
    made_of : dict
        ``condition``, ``n_problems`` (of the whole set), ``fingerprint`` (see `answers_fingerprint`), ``parameters``,
        ``noise``, ``provenance``.
    """
    write_jsonl(path, [{"first_problem": asked.start, "last_problem": asked.stop, **made_of}, *records])


def merge_problem_shards(
    paths: Sequence[str],
    condition: str,
    problems: Sequence[Problem],
    exemplars: Sequence[dict],
    heads: Sequence[int],
    fetched: dict,
) -> tuple[list[dict], dict]:
    """Put the shards of a condition together.

    Parameters
    ----------
    paths : sequence of str
        Files of `write_problem_shard`, in any order.
    condition : str
        The condition that they must be of.
    problems : sequence of Problem
        All problems asked.
    exemplars, heads, fetched : what the answers must be made from, see `answers_fingerprint`.

    Returns
    -------
    records : list of dict
        One a problem, in the order of `problems`.
    made_of : dict
        ``parameters``, ``noise`` and ``provenance`` of the first shard; parameters and noise are those of all.

    Raises
    ------
    InputError
        Naming the file and what to delete, for a shard of another condition, of other problems, heads or weights,
        with other parameters or another noise, a gap, an overlap, a wrong problem or a value that is none.
    """
    if not paths:
        raise InputError("at least one shard", "none", "run score_math")
    shards = [_read_shard(path, condition, problems) for path in paths]
    first = shards[0]["made_of"]
    for path, shard in zip(paths, shards, strict=True):
        own = problems[shard["range"].start : shard["range"].stop]
        mark, found = answers_fingerprint(own, exemplars, heads, fetched), shard["made_of"]["fingerprint"]
        if found != mark:
            expected = f"answers to these problems by this model, fingerprint {mark[:12]}"
            remake = f"delete {path} and run the workflow again"
            raise InputError(expected, f"fingerprint {found[:12]} in {path}", remake)
        for key in ("parameters", "noise"):
            own, other = shard["made_of"][key], first[key]
            if own != other:
                names = sorted(name for name in own | other if own.get(name) != other.get(name))
                told = " and ".join(
                    f"{name} {str(own.get(name))[:60]} beside {str(other.get(name))[:60]}" for name in names
                )
                hint = f"delete {path} or the shards that differ from it, and run the workflow again"
                raise InputError(f"the same {key} in {path} and {paths[0]}", told, hint)
    shards.sort(key=lambda shard: (shard["range"].start, shard["range"].stop))
    end, before = 0, "the first problem"
    for shard in shards:
        asked, path = shard["range"], shard["path"]
        if asked.start > end:
            found = f"{asked.start - end} problems missing before {path}, after {before}"
            raise InputError("shards that hold every problem", found, "run the workflow again to make what is missing")
        if asked.start < end and len(asked):
            found = f"{path} overlaps {before} by {end - asked.start} problems"
            raise InputError("shards that hold each problem once", found, "delete both and run the workflow again")
        end, before = max(end, asked.stop), path
    if end != len(problems):
        found = f"{len(problems) - end} problems missing after {before}"
        hint = "run the workflow again to make what is missing"
        raise InputError(f"shards that hold all {len(problems)} problems", found, hint)
    return [record for shard in shards for record in shard["records"]], first


def _read_shard(path: str, condition: str, problems: Sequence[Problem]) -> dict:
    """Read one shard and check that it holds answers to its range of the problems."""
    remake = f"delete {path} and run the workflow again"
    lines = read_jsonl(path, "graded_answer", first="problem_shard")
    if not lines:
        raise InputError(f"a first line in {path} that says what it is made of", "an empty file", remake)
    made_of, *records = lines
    if made_of["condition"] != condition:
        raise InputError(f"answers under {condition} in {path}", f"those under {made_of['condition']}", remake)
    asked = range(made_of["first_problem"], made_of["last_problem"])
    if not 0 <= asked.start <= asked.stop <= len(problems):
        found = f"{asked.start} to {asked.stop}"
        raise InputError(f"first and last of {len(problems)} problems in {path}", found, remake)
    expected = problems[asked.start : asked.stop]
    if [record["id"] for record in records] != [problem.id for problem in expected]:
        found = f"{len(records)} records, or those of other problems"
        raise InputError(f"the {len(expected)} problems {asked.start} to {asked.stop - 1} in {path}", found, remake)
    for number, (record, problem) in enumerate(zip(records, expected, strict=True), start=2):
        if (record["solution_nll"] is None) != (problem.solution is None):
            kind = "null (the problem has no solution)" if problem.solution is None else "a number"
            raise InputError(f"{kind} for solution_nll of {path}:{number}", f"{record['solution_nll']}", remake)
    return {"path": str(path), "range": asked, "records": records, "made_of": made_of}
