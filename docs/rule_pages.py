"""The rules in a picture and in tables, from the rules themselves."""

import re
import sys
import tempfile
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("tests", "tests/workflow")]
from declarations import Rule, local_rules, rules, targets, workflow
from places import REPOSITORY
from snakemake.iocontainers import Wildcards
from workflow_run import planned_jobs, snakemake

Edges = set[tuple[str, str]]
LOCAL = "on the login node"


def rule_graph() -> str:
    """What each rule needs, as Snakemake draws it, but for the arrows that a longer way implies."""
    with tempfile.TemporaryDirectory() as nowhere:
        drawing = snakemake("--directory", nowhere, "--rulegraph", "mermaid-js", "--", "all", "training_trajectory")
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", drawing))
    edges = {(names[above], names[below]) for above, below in re.findall(r"(id\d+) --> (id\d+)", drawing)}
    order = [*in_order(), "all"]
    drawn = sorted(direct(edges), key=lambda edge: (order.index(edge[0]), order.index(edge[1])))
    return "\n".join(["```mermaid", "flowchart TB", *(f"    {above} --> {below}" for above, below in drawn), "```"])


def direct(edges: Edges) -> Edges:
    """The edges between whose ends there is no other way."""
    following: dict[str, set[str]] = {}
    for above, below in edges:
        following.setdefault(above, set()).add(below)

    def reached(start: str) -> set[str]:
        ends = following.get(start, set())
        return ends.union(*map(reached, ends))

    return {(above, below) for above, below in edges if not any(below in reached(end) for end in following[above])}


def rule_tables() -> str:
    """All rules by file: what each does, and where its jobs run."""
    parts = []
    for stage in dict.fromkeys(file_of(rule) for rule in in_order().values()):
        opening = " ".join(line[2:] for line in stage.read_text().partition("\n\n")[0].splitlines() if line[:2] == "# ")
        own = [rule for rule in in_order().values() if file_of(rule) == stage]
        rows = [f"| `{rule.name}` | {rule.docstring} | {place(rule)} |" for rule in own]
        heading = f"### [{stage.name}](../rules/{stage.name})\n\n{opening}\n\n| rule | what it does | runs as |"
        parts.append("\n".join([heading, "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def file_of(rule: Rule) -> Path:
    """The file of rules that defines a rule; Snakemake names that of its base where it inherits from another."""
    files = sorted((REPOSITORY / "rules").glob("*.smk"))
    return next(
        path for path in files if re.search(rf"^(use )?rule (\w+ as )?{rule.name}( with)?:", path.read_text(), re.M)
    )


def study_jobs() -> str:
    """How many jobs of each rule the default study has on a cluster, and what each asks for."""
    with tempfile.TemporaryDirectory() as nowhere:
        planned = planned_jobs(snakemake("--directory", nowhere, "--profile", "profiles/slurm", "-n", "all"))
    rows, n_local = [], 0
    for name, rule in in_order().items():
        if place(rule) == LOCAL:
            n_local += planned.get(name, 0)
        elif name in planned:
            rows.append(f"| `{name}` | {planned[name]} | {place(rule)} | {request(rule)} |")
    rows.append(f"| all others | {n_local} | {LOCAL} | |")
    return "\n".join(["| rule | jobs | runs as | asks for |", "|---|--:|---|---|", *rows])


def request(rule: Rule) -> str:
    """Memory and time that a job of a rule asks for at its first attempt."""
    if "gpu" in rule.resources:
        return "what the model's stanza says"
    if "mem_mb" not in rule.resources:
        return "2GB, 30m"  # the profile's
    wildcards = Wildcards(fromdict={**dict.fromkeys(rule.wildcard_names, "any"), "model": "qwen3-8b"})
    asked = rule.expand_resources(wildcards, input=None, attempt=1)
    minutes = asked["runtime"]
    return f"{asked['mem_mb'] // 1000}GB, {f'{minutes // 60}h' if minutes % 60 == 0 else f'{minutes}m'}"


def in_order() -> dict[str, Rule]:
    """All rules but `all`, by name, in the order in which the Snakefile includes them."""
    found = {**rules(), **targets()}
    return {rule.name: rule for rule in workflow().rules if rule.name in found}


def place(rule: Rule) -> str:
    """Where jobs of a rule run on a cluster, in words."""
    if not rule.output:
        return "nothing: a target"
    if rule.name in local_rules():
        return LOCAL
    return "GPU job" if "gpu" in rule.resources else "job"
