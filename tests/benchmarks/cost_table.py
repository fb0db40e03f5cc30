"""What a finished run cost, rule by rule, and where its results are.

    python tests/benchmarks/cost_table.py [--summary] [folder]

Reads the `benchmark:` files of the run in `folder` (default: here). `--summary` adds the list of results.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "workflow_scripts"))
from synergy.report.summary import rule_costs


def markdown(costs: pd.DataFrame) -> str:
    """The costs as a table."""
    lines = ["| rule | jobs | seconds, all jobs | longest job, s | peak memory, MiB |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| `{row.rule}` | {row.jobs} | {row.seconds:.1f} | {row.longest_job_s:.1f} | {row.peak_memory_mib:.0f} |"
        for row in costs.itertuples()
    ]
    return "\n".join(lines)


def verdicts(folder: Path) -> str:
    """Each claim with its verdict, and the verdict after its control."""
    path = folder / "results/claims/claims.csv"
    if not path.is_file():
        return ""
    return "\n".join(
        f"{row.model}  {row.claim}. {row.statement}\n    {row.verdict}; after its control: {row.verdict_after_control}"
        for row in pd.read_csv(path, dtype="str", keep_default_na=False).itertuples()
    )


def summary(folder: Path) -> str:
    """Where the figures, tables and verdicts of a run are."""
    found = [("Figures (each also as PDF)", "figures/*.png"), ("Head rankings", "phiid_scores/*.csv")]
    found += [("All of it on one page, to read in a browser", "summary.html")]
    found += [("Heads, to explore in a browser", "figures/*.html"), ("Verdicts as tables", "claims/*.csv")]
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
    print(markdown(rule_costs(arguments.folder / "benchmarks")))
    if arguments.summary:
        print("\n" + summary(arguments.folder))
        print("\n" + verdicts(arguments.folder))
