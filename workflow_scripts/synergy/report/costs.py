"""What a run cost, rule by rule, from the `benchmark:` files of its jobs."""

import json
from pathlib import Path

import pandas as pd

from synergy.files.errors import InputError

COST_COLUMNS = ("rule", "jobs", "seconds", "longest_job_s", "peak_memory_mib")


def rule_costs(benchmarks: str | Path) -> pd.DataFrame:
    """Add the jobs of each rule up, the costliest rule first.

    Parameters
    ----------
    benchmarks : str or Path
        Folder with ``<rule>.jsonl`` or ``<rule>/….jsonl``. A file with several lines is a job that was repeated; the
        last line counts. Of a job that was interrupted and run again only the last run is there.

    Returns
    -------
    DataFrame
        Columns are `COST_COLUMNS`: seconds of wall clock summed over jobs, those of the longest, and the highest peak
        resident memory of a job in MiB (0 where the job was too short to be looked at).

    Raises
    ------
    InputError
        Naming the file that holds no record.
    """
    jobs = []
    for path in sorted(Path(benchmarks).rglob("*.jsonl")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".jsonl")
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if line.strip()]
        if lines:
            try:
                record = json.loads(lines[-1])
                memory = record["max_rss"]  # null or NA where it was not measured
                jobs.append((rule, float(record["s"]), float(memory) if isinstance(memory, int | float) else 0.0))
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                expected = f"a benchmark record with s and max_rss as the last line of {path}"
                raise InputError(expected, f"{type(error).__name__}: {error}", "delete that file") from None
    by_rule = pd.DataFrame(jobs, columns=["rule", "s", "max_rss"]).groupby("rule", as_index=False)
    costs = by_rule.agg(
        jobs=("s", "size"), seconds=("s", "sum"), longest_job_s=("s", "max"), peak_memory_mib=("max_rss", "max")
    )
    return costs[list(COST_COLUMNS)].sort_values("seconds", ascending=False, kind="stable", ignore_index=True)
