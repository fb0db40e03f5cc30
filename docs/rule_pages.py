"""The rules in a picture and in tables, from the rules themselves."""

import re
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests/workflow"))
from declarations import REPOSITORY, Rule, rules, targets
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
    for stage in stages():
        text = (REPOSITORY / f"rules/{stage}.smk").read_text()
        own = [rule for rule in in_order().values() if rule.file == f"{stage}.smk"]
        if own:
            opening = " ".join(line[2:] for line in text.partition("\n\n")[0].splitlines() if line.startswith("# "))
            rows = [f"| `{rule.name}` | {rule.docstring} | {place(rule, local_rules(text))} |" for rule in own]
            heading = f"### [{stage}.smk](../rules/{stage}.smk)\n\n{opening}\n\n| rule | what it does | runs as |"
            parts.append("\n".join([heading, "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def study_jobs() -> str:
    """How many jobs of each rule the default study has on a cluster, and what each asks for."""
    with tempfile.TemporaryDirectory() as nowhere:
        planned = planned_jobs(snakemake("--directory", nowhere, "--profile", "profiles/slurm", "-n", "all"))
    rows, n_local = [], 0
    for name, rule in in_order().items():
        where = place(rule, local_rules((REPOSITORY / "rules" / rule.file).read_text()))
        if where == LOCAL:
            n_local += planned.get(name, 0)
        elif name in planned:
            rows.append(f"| `{name}` | {planned[name]} | {where} | {request(rule)} |")
    rows.append(f"| all others | {n_local} | {LOCAL} | |")
    return "\n".join(["| rule | jobs | runs as | asks for |", "|---|--:|---|---|", *rows])


def request(rule: Rule) -> str:
    """Memory and time that a job of a rule asks for."""
    asked = rule.directives.get("resources", "")
    fixed = re.findall(r'(?:mem|runtime)=(?:growing\()?"(\w+)"', asked)
    return ", ".join(fixed) if fixed else "what the model's stanza says" if asked else "2GB, 30m"


def in_order() -> dict[str, Rule]:
    """All rules but `all`, by name, in the order in which the Snakefile includes them."""
    found, files = {**rules(), **targets()}, {}
    for stage in stages():
        text = (REPOSITORY / f"rules/{stage}.smk").read_text()
        files |= dict.fromkeys(re.findall(r"^(?:use rule \w+ as|rule) (\w+)", text, re.MULTILINE))
    return {name: found[name] for name in files}


def stages() -> list[str]:
    """Names of the files of rules, in the order of inclusion."""
    return re.search(r'for stage in """(.*?)"""', (REPOSITORY / "Snakefile").read_text(), re.DOTALL)[1].split()


def local_rules(text: str) -> list[str]:
    """Rules of a file that run where Snakemake runs."""
    blocks = re.findall(r"^localrules:.*\n((?:    \w+,\n)+)", text, re.MULTILINE)
    return re.findall(r"\w+", "".join(blocks))


def place(rule: Rule, local: list[str]) -> str:
    """Where jobs of a rule run on a cluster, in words."""
    if "output" not in rule.directives:
        return "nothing: a target"
    if rule.name in local:
        return LOCAL
    return "GPU job" if "gpu=" in rule.directives.get("resources", "") else "job"
