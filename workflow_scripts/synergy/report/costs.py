"""What a run cost, rule by rule, from the `benchmark:` files of its jobs."""

import json
from collections import defaultdict
from pathlib import Path

from synergy.files.errors import InputError

COST_COLUMNS = ("rule", "jobs", "seconds", "longest_job_s", "peak_memory_mib")


def cost_rows(benchmarks: str | Path) -> list[dict]:
    """Add the jobs of each rule up, the costliest rule first.

    Parameters
    ----------
    benchmarks : str or Path
        Folder with ``<rule>.jsonl`` or ``<rule>/….jsonl``. A file with several lines is a job that was repeated; the
        last line counts. Of a job that was interrupted and run again only the last run is there.

    Returns
    -------
    list of dict
        Keys are `COLUMNS`: seconds of wall clock summed over jobs, those of the longest, and the highest peak resident
        memory of a job in MiB (0 where the job was too short to be looked at).

    Raises
    ------
    InputError
        Naming the file that holds no record.
    """
    jobs = defaultdict(list)
    for path in sorted(Path(benchmarks).rglob("*.jsonl")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".jsonl")
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), None)
        if last:
            try:
                record = json.loads(last)
                jobs[rule].append((float(record["s"]), _number(record["max_rss"])))
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                expected = f"a benchmark record with s and max_rss as the last line of {path}"
                raise InputError(expected, f"{type(error).__name__}: {error}", "delete that file") from None
    rows = []
    for rule, costs in jobs.items():
        seconds, memory = zip(*costs, strict=True)
        rows.append(dict(zip(COST_COLUMNS, (rule, len(costs), sum(seconds), max(seconds), max(memory)), strict=True)))
    return sorted(rows, key=lambda row: -row["seconds"])


def _number(value: float | str | None) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):  # null, or NA
        return 0.0
