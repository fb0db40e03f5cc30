"""What a finished run cost, rule by rule, and where its results are.

    python tests/benchmarks/cost_table.py [--summary] [folder]

Reads the `benchmark:` files of the run in `folder` (default: here). `--summary` adds the list of results.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path


def cost_rows(folder: Path) -> list[tuple[str, int, float, float, float]]:
    """Rule, jobs, seconds of all jobs together, longest job in seconds, peak memory of a job in MiB."""
    jobs = defaultdict(list)
    for path in sorted((folder / "benchmarks").rglob("*.jsonl")):
        record = json.loads(path.read_text())
        jobs[record["rule_name"]].append((record["s"], record["max_rss"] or 0.0))
    rows = [
        (rule, len(costs), sum(s for s, _ in costs), max(s for s, _ in costs), max(rss for _, rss in costs))
        for rule, costs in jobs.items()
    ]
    return sorted(rows, key=lambda row: -row[2])


def markdown(rows: list[tuple[str, int, float, float, float]]) -> str:
    """The rows as a table."""
    lines = ["| rule | jobs | seconds, all jobs | longest job, s | peak memory, MiB |", "|---|--:|--:|--:|--:|"]
    lines += [f"| `{rule}` | {n} | {total:.1f} | {longest:.1f} | {rss:.0f} |" for rule, n, total, longest, rss in rows]
    return "\n".join(lines)


def summary(folder: Path) -> str:
    """Where the figures, tables and verdicts of a run are."""
    found = [("Figures", "figures/*.png"), ("Verdicts", "claims/claims.csv"), ("Head rankings", "phiid_scores/*.csv")]
    found += [("Ablation and accuracy", "ablation/*.csv"), ("What it was made with", "run_record.json")]
    lines = []
    for title, pattern in found:
        lines.append(f"{title}:")
        lines += [f"  {path}" for path in sorted((folder / "results").glob(pattern))]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    parser.add_argument("--summary", action="store_true", help="list the results too")
    arguments = parser.parse_args()
    print(markdown(cost_rows(arguments.folder)))
    if arguments.summary:
        print("\n" + summary(arguments.folder))
