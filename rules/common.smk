# Needs the checked config. Gives the few helpers that several files of rules share.
import hashlib
import sys
from functools import cache, reduce
from operator import getitem
from pathlib import Path

# Of this file and of this module, also where another workflow takes this one in.
SCRIPTS = Path(str(workflow.current_basedir)).parent / "workflow_scripts"
PATHVARS = workflow.pathvars
sys.path.insert(0, str(SCRIPTS))
from synergy.files.code_identity import script_code
from synergy.files.folders import provided

KEPT = PATHVARS.apply("<resources>/kept")  # results of models, by what decides them


@cache
def code_of(script, *files):
    """One hash of the code that a script runs and of the files of the user's or of ours that it reads."""
    whole = hashlib.sha256(script_code(SCRIPTS / f"{script}.py").encode())
    for path in map(Path, map(provided, files)):
        whole.update(path.read_bytes() if path.is_file() else b"")  # a missing one the script names
    return whole.hexdigest()[:16]


def code(script, *files):
    """Param that changes when what a rule's script does changes, or a file that no rule makes."""
    return lambda wildcards: code_of(script, *files)


def ours(path):
    """A file that no rule makes, as an input; its content, and not its date, is what `code` looks at.

    Whole, since a module's prefix goes before relative paths.
    """
    return ancient(str(Path(provided(path)).absolute()))


def settings(**values):
    """Param of what else decides a result, as one mapping: Snakemake compares params as a set of unnamed values."""
    return lambda wildcards: {name: value(wildcards) if callable(value) else value for name, value in values.items()}


def aside(value):
    """Param that a job needs and that decides nothing: one made from `threads`, which Snakemake does not compare."""
    return lambda wildcards, threads: value(wildcards) if callable(value) else value


def stanza(wildcards):
    """The config of the model that a job is for."""
    require_models("the path that was asked for", [wildcards.model])
    return config["models"][wildcards.model]


def of_model(path):
    """Function that looks a value up in the stanza of the model that a job is for: ``resources/mem``.

    Snakemake's own `lookup` walks through all of the stanza at each call, which adds up over 1,000 shards.
    """
    return lambda wildcards: reduce(getitem, path.split("/"), stanza(wildcards))


def every(artifact, **values):
    """Paths of a registered artifact for all combinations of the given wildcard values."""
    return collect(PATHVARS.apply(f"<{artifact}>"), **values, allow_missing=True)


def noise_conditions(sigma, n_cores, n_random):
    """Names of the conditions at one strength: so many draws of noise in the two cores, and so many random sets."""
    numbers = {"synergistic": n_cores, "redundant": n_cores, "random": n_random}
    return [f"{heads}-{float(sigma)}-{seed}" for heads, n in numbers.items() for seed in range(n)]
