"""What each job of a run on SLURM cost beside what its script needed, rule by rule.

    python tests/benchmarks/slurm_costs.py [folder]

Asks sacct for the jobs that were submitted from `folder` (default: here) and reads the `benchmark:` files there. The
difference in processor time is the price of a job: two Snakemakes that start one another before the script does.
"""

import argparse
import json
import subprocess
from collections import defaultdict
from itertools import permutations
from pathlib import Path
from statistics import median


def seconds(text: str) -> float:
    """Seconds of sacct's [days-][hours:]minutes:seconds."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86400 * int(days or 0)


def finished_jobs(folder: Path) -> dict[tuple, dict]:
    """Completed jobs by rule and wildcards, in SLURM's order: processor time in seconds, peak memory in MiB."""
    names = "JobIDRaw,Comment,State,TotalCPU,MaxRSS,WorkDir"
    command = ["sacct", "-n", "-P", "--units=M", "-S", "now-30days", "-o", names]
    jobs, current = {}, None
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        job, comment, state, cpu, memory, where = line.split("|")
        if "." not in job:
            ours = where == str(folder.resolve()) and state == "COMPLETED" and comment.startswith("rule_")
            rule, _, wildcards = comment.removeprefix("rule_").partition("_wildcards_")
            current = None
            if ours:
                current = jobs[rule, wildcards] = {"cpu_s": seconds(cpu), "memory_mib": 0.0}
        elif current:
            current["memory_mib"] = max(current["memory_mib"], float(memory.removesuffix("M") or 0))
    return jobs


def table(folder: Path) -> str:
    """A row a rule: jobs, seconds of the scripts, processor seconds of scripts and beside them, and memory."""
    rows, jobs = defaultdict(list), finished_jobs(folder)
    for path in sorted((folder / "benchmarks").rglob("*.jsonl")):
        record = json.loads(path.read_text())
        spelt = ((record["rule_name"], "_".join(values)) for values in permutations(record["wildcards"].values()))
        job = next((jobs[key] for key in spelt if key in jobs), None)
        if job:
            rows[record["rule_name"]].append((record["s"], record["cpu_time"], job["cpu_s"], job["memory_mib"]))
    lines = [
        "| rule | jobs | script, s | script, CPU s | beside it, CPU s | peak memory, MiB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for rule, costs in sorted(rows.items(), key=lambda row: -sum(cost[2] for cost in row[1])):
        script_s, script_cpu, whole, memory = zip(*costs, strict=True)
        beside = median(w - s for w, s in zip(whole, script_cpu, strict=True))
        numbers = (len(costs), *(f"{value:.1f}" for value in (median(script_s), median(script_cpu), beside)))
        lines.append(f"| `{rule}` | {' | '.join(map(str, numbers))} | {max(memory):.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path())
    print(table(parser.parse_args().folder))
