"""A set of problems, read from where it lives (a JSONL file, a local data set folder, the hub), and samples of it.

In a sample every type and level has its share.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from synergy.files.errors import InputError
from synergy.files.folders import provided, room_on_disk
from synergy.perturbation.problems import Problem, load_problems, parse_problem, require_own_ids
from synergy.prefetch.hub import hub_errors, hub_token

LARGEST_UNREADABLE = 0.01  # Share of a public set's rows that may be left out: nobody can mend them.


def read_problem_set(source: dict, split: str | None, cache: Path) -> tuple[list[Problem], dict]:
    """Read all problems of a set.

    Parameters
    ----------
    source : dict
        ``{"path": file}`` of JSONL; or ``{"path": folder}`` or ``{"hub": id, "revision": …}`` of a data set, with
        ``split`` and, if it has several, ``configs``, which are read one after the other and whose names lead the ids.
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
        If the set cannot be had, problems share an id, a line of a local file is malformed, or more than 1 % of a data
        set's rows are.
    """
    if "path" in source:
        source = {**source, "path": provided(source["path"])}
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
    """Read the rows of all configurations, those that are no problem aside."""
    name = source.get("hub") or source["path"]
    tables, revision = _hub_tables(source, split, cache) if "hub" in source else _local_tables(source, split, cache)
    problems, places, left_out, first_reason = [], [], [], None
    for config, table in tables.items():
        for number, row in enumerate(table):
            place, named = f"row {number} of {name} ({config or split})", f"{config or split}-{number:05d}"
            try:
                problem = parse_problem(row, named, place)
            except InputError as reason:
                left_out.append(place)
                first_reason = first_reason or reason
                continue
            # Each configuration may count its problems from 0.
            counted_anew = len(tables) > 1 and problem.id != named
            problems.append(replace(problem, id=f"{config}/{problem.id}") if counted_anew else problem)
            places.append(f"row {number}" + (f" of {config}" if config else ""))
    if len(left_out) > LARGEST_UNREADABLE * (len(left_out) + len(problems)) or not problems:
        raise first_reason or InputError(f"at least one problem in {name}", "none", "check math.problems in the config")
    require_own_ids(problems, places, name)
    return problems, left_out, revision


def _hub_tables(source: dict, split: str, cache: Path) -> tuple[dict, str]:
    """Tables of a data set of the hub, and the commit that its revision stands for now."""
    from huggingface_hub import HfApi, constants

    token = hub_token()
    with room_on_disk(cache), hub_errors(f"data set {source['hub']} at revision {source['revision']}", token):
        # Asked first, because load_dataset hides why the hub refuses and waits for ever where nobody answers.
        api, limit_s = HfApi(token=token or False), constants.HF_HUB_DOWNLOAD_TIMEOUT
        commit = api.dataset_info(source["hub"], revision=source["revision"], timeout=limit_s).sha
        api.auth_check(source["hub"], repo_type="dataset")
        return _tables(source, split, cache, revision=commit, token=token or False), commit


def _local_tables(source: dict, split: str, cache: Path) -> tuple[dict, None]:
    """Tables of a data set in a local folder."""
    try:
        return _tables(source, split, cache), None
    except (ValueError, OSError) as error:  # what the library raises for a configuration or split that is not there
        raise InputError(
            f"data set {source['path']} with split {split} of {', '.join(source.get('configs') or ['its only part'])}",
            f"{error}",
            "check path, configs and split of the set in the config",
        ) from None


def _tables(source: dict, split: str, cache: Path, **how) -> dict:
    """One table a configuration, None where the set has but one."""
    from datasets import load_dataset

    name = str(source.get("hub") or source["path"])
    return {
        config: load_dataset(name, config, split=split, cache_dir=str(cache), **how)
        for config in source.get("configs") or [None]
    }


def sample_problems(problems: Sequence[Problem], n: int, seed: int) -> list[Problem]:
    """Draw `n` problems so that every type and level has its share.

    The problems are ordered by type, level and a hash of seed and id; then every (N/n)-th is taken from a random start.
    Each type, and each level of a type, gets its proportional number rounded up or down, and each problem has the same
    chance n/N, so that the accuracy on the sample estimates that on the whole set without bias. The order of the file
    plays no part.

    Parameters
    ----------
    problems : sequence of Problem
        The whole set.
    n : int
        How many to draw.
    seed : int
        The same seed draws the same problems, on every machine.

    Returns
    -------
    list of Problem
        In the order of `problems`.

    Raises
    ------
    InputError
        If `n` is below 1 or above the size of the set.
    """
    if not 1 <= n <= len(problems):
        found = f"n = {n}, with {len(problems)} problems in the set"
        raise InputError("a number of problems between 1 and the size of the set", found, "lower it in the config")
    strata = sorted(problems, key=lambda problem: (problem.type, problem.level, _hash(seed, problem.id), problem.id))
    # Integers throughout, so that no rounding can shift the grid: place k is floor((k + start) * N / n).
    start = _hash(seed, "start") % len(problems)
    chosen = {strata[(k * len(problems) + start) // n].id for k in range(n)}
    return [problem for problem in problems if problem.id in chosen]


def _hash(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
