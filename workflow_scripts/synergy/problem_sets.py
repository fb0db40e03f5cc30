"""Reading a problem set from where it lives: a JSONL file, a local data set folder, or the hub."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from synergy.errors import InputError
from synergy.problems import Problem, load_problems, parse_problem

LARGEST_UNREADABLE = 0.01  # Share of a public set's rows that may be left out: nobody can mend them.


def read_problem_set(source: dict, split: str | None, cache: Path) -> tuple[list[Problem], dict]:
    """Read all problems of a set.

    Parameters
    ----------
    source : dict
        ``{"path": file}`` of JSONL; or ``{"path": folder}`` or ``{"hub": id, "revision": …}`` of a data set, with
        ``split`` and, if it has several, ``configs``, which are read one after the other.
    split : str, optional
        Take this split instead.
    cache : Path
        Where the ``datasets`` library keeps what it downloads.

    Returns
    -------
    problems : list of Problem
    origin : dict
        ``revision`` (the commit that a branch or tag stood for; None if local), ``sha256`` of the problems in our
        fields, ``n_problems_available``, and ``left_out``, the rows of a public set that are no problem with an answer.

    Raises
    ------
    InputError
        If the set cannot be had, a line of a local file is malformed, or more than 1 % of a public set's rows are.
    """
    if "path" in source and not Path(source["path"]).is_dir():
        if split is not None:
            raise InputError(
                f"a set with a split {split!r} to draw exemplars from",
                f"the file {source['path']}",
                "set math.exemplars to ours, or to a set of its own",
            )
        problems, left_out, revision = load_problems(source["path"]), [], None
    else:
        problems, left_out, revision = _from_data_set(source, split or source.get("split", "test"), cache)
    lines = (json.dumps(asdict(problem), sort_keys=True) for problem in problems)
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return problems, {
        "revision": revision,
        "sha256": digest,
        "n_problems_available": len(problems),
        "left_out": left_out,
    }


def _from_data_set(source: dict, split: str, cache: Path) -> tuple[list[Problem], list[str], str | None]:
    from datasets import load_dataset

    name = source.get("hub") or source["path"]
    revision = _commit(name, source["revision"]) if "hub" in source else None
    problems: dict[str, Problem] = {}
    left_out, first_reason = [], None
    for config in source.get("configs") or [None]:
        try:
            table = load_dataset(str(name), config, split=split, revision=revision, cache_dir=str(cache))
        except (OSError, ValueError, RuntimeError) as error:  # the hub's and the library's own errors are of these
            raise _unavailable(f"{name} ({config or 'only configuration'}, split {split})", error) from None
        for number, row in enumerate(table):
            place = f"row {number} of {name} ({config or split})"
            try:
                problem = parse_problem(row, f"{config or split}-{number:05d}", place)
            except InputError as reason:
                left_out.append(place)
                first_reason = first_reason or reason
            else:
                problems[problem.id] = problem
    if len(left_out) > LARGEST_UNREADABLE * (len(left_out) + len(problems)) or not problems:
        raise first_reason or InputError(f"at least one problem in {name}", "none", "check math.problems in the config")
    return list(problems.values()), left_out, revision


def _commit(name: str, revision: str) -> str:
    """The commit that a branch or tag of a data set stands for now."""
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(name, revision=revision).sha
    except (OSError, ValueError) as error:
        raise _unavailable(f"{name} at revision {revision}", error) from None


def _unavailable(wanted: str, error: Exception) -> InputError:
    return InputError(
        f"data set {wanted}",
        f"{type(error).__name__}: {error}",
        "run prefetch_math where there is network, and check the set's id, configs and split in the config",
    )
