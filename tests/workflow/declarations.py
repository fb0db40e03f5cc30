"""The rules as text: name, docstring and directives of each, as snakefmt lays them out."""

import re
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^    (\w+):(.*?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


@dataclass
class Rule:
    """One rule of the workflow.

    Attributes
    ----------
    directives : dict of str to str
        Text of each directive (``input``, ``output``, …).
    """

    name: str
    file: str
    docstring: str
    directives: dict[str, str]

    def names(self, directive: str) -> set[str]:
        """Keywords of a directive: ``pairwise`` of ``pairwise="<pairwise>"``."""
        return set(re.findall(r"^        (\w+)=", self.directives.get(directive, ""), re.MULTILINE))


def rules() -> dict[str, Rule]:
    """All rules but `all`, by name."""
    found = {}
    for path in sorted((REPOSITORY / "rules").glob("*.smk")):
        for name, body in RULE.findall(path.read_text()):
            docstring = re.match(r'\s+"""(.*?)"""', body, re.DOTALL)
            directives = dict(DIRECTIVE.findall(body))
            found[name] = Rule(name, path.name, docstring[1] if docstring else "", directives)
    return found


def register() -> dict[str, str]:
    """The register of artifacts at the top of the Snakefile."""
    text = (REPOSITORY / "Snakefile").read_text()
    block = text.split("pathvars:\n")[1].split("\n\n")[0]
    return dict(re.findall(r'^    (\w+)="(.*)",$', block, re.MULTILINE))
