"""The rules as text: name, docstring and directives of each, as snakefmt lays them out.

A rule that inherits (`use rule base as name with:`) has the directives of its base but for those that it writes, and
the keywords of the base's `params` besides its own. A target rule, which only asks for files, makes nothing itself.
"""

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
RULE = re.compile(r"^(?:rule (\w+)|use rule (\w+) as (\w+) with):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^    (\w+):(.*?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


@dataclass
class Rule:
    """One rule of the workflow.

    Attributes
    ----------
    directives : dict of str to str
        Text of each directive (``input``, ``output``, …).
    script : str
        Name of its script: its own, or that of the rule it inherits from.
    """

    name: str
    file: str
    docstring: str
    directives: dict[str, str]
    script: str

    def names(self, directive: str) -> set[str]:
        """Keywords of a directive: ``pairwise`` of ``pairwise="<pairwise>"``."""
        return set(re.findall(r"^        (\w+)=", self.directives.get(directive, ""), re.MULTILINE))


def rules() -> dict[str, Rule]:
    """All rules that make something, by name: neither `all` nor other targets."""
    return {name: rule for name, rule in _declared().items() if "output" in rule.directives}


def targets() -> dict[str, Rule]:
    """The rules that only ask for files, by name, but for `all`."""
    return {name: rule for name, rule in _declared().items() if "output" not in rule.directives}


def _declared() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    paths = sorted((REPOSITORY / "rules").glob("*.smk"))
    matches = [(path, match) for path in paths for match in RULE.finditer(path.read_text())]
    for path, match in sorted(matches, key=lambda item: bool(item[1][2])):  # those that inherit come last
        plain, base, inheriting, body = match.groups()
        docstring = re.match(r'\s+"""(.*?)"""', body, re.DOTALL)
        directives, script = dict(DIRECTIVE.findall(body)), plain
        if base:
            own, script = directives, base
            directives = found[base].directives | own
            if "params" in own:
                directives["params"] = found[base].directives["params"] + own["params"]
        name = plain or inheriting
        found[name] = Rule(name, path.name, docstring[1] if docstring else "", directives, script)
    return found


def register() -> dict[str, str]:
    """The register of artifacts at the top of the Snakefile."""
    text = (REPOSITORY / "Snakefile").read_text()
    block = text.split("pathvars:\n")[1].split("\n\n")[0]
    return dict(re.findall(r'^    (\w+)="(.*)",$', block, re.MULTILINE))
