# Needs the checked config. Gives the few helpers that several files of rules share.
import hashlib
import re
import sys
import zipfile
from decimal import Decimal
from functools import cache
from pathlib import Path

# Of this file and of this module, also where another workflow takes this one in.
SCRIPTS = Path(str(workflow.current_basedir)).parent / "workflow_scripts"
PATHVARS = workflow.pathvars
sys.path.insert(0, str(SCRIPTS))
from synergy.files.code_identity import script_code
from synergy.files.folders import provided
from synergy.prefetch.sources import changed_since

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
    """Function that looks a value up in the stanza of the model that a job is for."""
    return lambda wildcards: lookup(path, within=stanza(wildcards))


def minutes_of(time):
    """Minutes of a time as SLURM writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:…]."""
    days, _, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if days or len(parts) == 3:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    else:
        hours, (minutes, seconds) = 0, [*parts, 0][:2]
    return 1440 * int(days or 0) + 60 * hours + minutes + (seconds > 0)


def growing(amount):
    """An amount like 4GB or 2h, or a function that gives it; the n-th attempt at a job asks for n times as much."""

    def grown(wildcards, attempt):
        whole = amount(wildcards) if callable(amount) else amount
        if re.fullmatch(r"[\d:-]+", str(whole)):
            return minutes_of(str(whole)) * attempt
        number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", whole).groups()
        return f"{Decimal(number) * attempt:f}{unit}"

    return grown


def changed_folder(wildcards):
    """Digest of the folder that a model was taken from, if its content is another now."""
    record = PATHVARS.apply("<prefetch_record>").format(model=wildcards.model)
    source = of_model("source")(wildcards)
    source = {**source, "path": provided(source["path"])} if "path" in source else source
    return changed_since(record, source, of_model("weights")(wildcards) == "random")


def of_known(name, pattern, artifact):
    """Function that gives the path of an artifact, if the wildcard `name` of the path that was asked for is right."""

    def path(wildcards):
        stanza(wildcards)
        if not re.fullmatch(pattern, wildcards[name]):
            stop(f"a path with the {name} {pattern}", repr(wildcards[name]), f"correct the {name} in the path")
        return artifact

    return path


def every(artifact, **values):
    """Paths of a registered artifact for all combinations of the given wildcard values."""
    return collect(PATHVARS.apply(f"<{artifact}>"), **values, allow_missing=True)


def figures(models, names):
    """Paths of the named figures of the given models."""
    return collect(PATHVARS.apply("<figure>_{name}.png"), model=models, name=names)


def explained(figures):
    """Name of the caption of each figure: that of the rule which puts it into the report."""
    made = {output: rule for rule in workflow.rules for output in rule.output if "report" in output.flags}
    caption = lambda output: Path(output.flags["report"].caption.get_path_or_uri(secret_free=True)).stem
    return lambda wildcards: {
        Path(figure).name: next(caption(output) for output in made if output.match(figure)) for figure in figures
    }


def twins_of_model(wildcards):
    """Keys of the model's untrained twins."""
    stanza(wildcards)
    return twins(wildcards.model)


def of_twins(artifact):
    """Function that gives the paths of an artifact of each untrained twin of the model that a job is for."""
    return lambda wildcards: every(artifact, model=twins_of_model(wildcards))


def is_own(path):
    """Whether there is a file that is a user's: not one that names what made it, as ours do."""
    try:
        with zipfile.ZipFile(path) as arrays:
            return "provenance.npy" not in arrays.namelist()
    except FileNotFoundError:
        return False
    except (OSError, zipfile.BadZipFile):
        return True


def unless_own(given, made="activations"):
    """Function that gives an input of what makes an artifact; none where that is a user's, which nothing outdates."""
    own = lambda wildcards: is_own(PATHVARS.apply(f"<{made}>").format(model=wildcards.model))
    return lambda wildcards: [] if own(wildcards) else given


def noise_conditions(sigma, n_cores, n_random):
    """Names of the conditions at one strength: so many draws of noise in the two cores, and so many random sets."""
    numbers = {"synergistic": n_cores, "redundant": n_cores, "random": n_random}
    return [f"{heads}-{float(sigma)}-{seed}" for heads, n in numbers.items() for seed in range(n)]
