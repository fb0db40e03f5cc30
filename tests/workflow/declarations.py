"""The rules as Snakemake knows them: the workflow of the smoke study, of which nothing is planned or run.

A rule has its docstring, message, log, benchmark, resources and so on as attributes; inputs, outputs and params by
name, paths with the register's names filled in.
"""

import re
from functools import cache
from pathlib import Path

from places import REPOSITORY
from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Namedlist
from snakemake.rules import Rule
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings
from snakemake.workflow import Workflow


@cache
def workflow() -> Workflow:
    """The workflow, read once."""
    config = ConfigSettings(configfiles=[REPOSITORY / "config/smoke.yaml"])
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        return api.workflow(ResourceSettings(), config, snakefile=REPOSITORY / "Snakefile")._workflow


def rules() -> dict[str, Rule]:
    """All rules that make something, by name, in the order of their definition: neither `all` nor other targets."""
    return {rule.name: rule for rule in workflow().rules if rule.output}


def targets() -> dict[str, Rule]:
    """The rules that only ask for files, by name, but for `all`."""
    return {rule.name: rule for rule in workflow().rules if not rule.output and rule.name != "all"}


def local_rules() -> set[str]:
    """Names of the rules that run where Snakemake runs."""
    return set(workflow()._localrules)


def script_of(rule: Rule) -> str:
    """Name of a rule's script."""
    return Path(rule.script).stem


def names(files: Namedlist) -> set[str]:
    """Keywords of a rule's inputs, outputs or params: ``pairwise`` of ``pairwise="<pairwise>"``."""
    return {name for name, _ in files.items()}


def outputs(rule: Rule) -> dict[str, str]:
    """Paths of a rule's outputs by name, blanks as ``{model}``, without what they may be filled with.

    Of the many files that one name stands for, the path that the register gives them.
    """
    return {name: registered(path) if isinstance(path, Namedlist) else bare(path) for name, path in rule.output.items()}


def bare(path: str) -> str:
    """A path whose blanks say nothing but their names."""
    return re.sub(r"\{(\w+),[^{}]*\}", r"{\1}", path)


def registered(paths: Namedlist) -> str:
    """The path in the register that has one more blank than these, which all fill it."""
    forms = {path: re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(path)) for path in register().values()}
    (found,) = [path for path, form in forms.items() if all(re.fullmatch(form, bare(own)) for own in paths)]
    return found


def register() -> dict[str, str]:
    """The register of artifacts, by name, each with all names in it filled in; Snakemake's own folders left out."""
    pathvars = workflow().pathvars
    return {name: pathvars.apply(f"<{name}>") for name, path in pathvars.items.items() if "<" in path}
