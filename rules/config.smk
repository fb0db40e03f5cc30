# Needs the config and its overlays. Gives the config checked and completed, and the models that it stands for.
import sys
from difflib import get_close_matches

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate


def stop(expected, found, hint):
    """End with one message and no traceback: what was expected, what was found, what to do."""
    sys.exit(f"ERROR: Expected {expected}; found {found}.\n  Hint: {hint}.")


# YAML reads the bare key `null` as no key at all.
if {None, "null"} & config["decomposition"].keys():
    stop("decomposition.null_model in the config", "its former name, null", "rename that key to null_model")
for _key, _stanza in (config["models"] or {}).items():
    if "control" in (_stanza or {}):
        _expected, _found = f"models.{_key}.controls, a number of untrained twins", f"its former key, control"
        stop(
            _expected, _found, f"write controls: 1 in its place, for one twin, {_key}-random; more make claim 2 firmer"
        )
try:
    validate(config, workflow.source_path("../config/schema.yaml"))
except WorkflowError as error:
    _reason = error.__context__  # jsonschema's own error
    _key = ".".join(map(str, _reason.absolute_path)) or "the top level"
    stop("a config as config/schema.yaml describes it", f"at {_key}: {_reason.message}", "mend that key")


def require_models(where, keys):
    """Stop unless every key named at `where` is a registered model."""
    for key in keys:
        if key not in config["models"]:
            alike = ", ".join(get_close_matches(key, config["models"])) or "the keys under models: in the config"
            stop(f"a model key registered under models: at {where}", repr(key), f"use {alike}, or add a stanza")


def twin(key, number):
    """Key of an untrained twin of a model: the first has no number."""
    return f"{key}-random-{number}" if number else f"{key}-random"


def twins(key):
    """Keys of a model's untrained twins, as many as its `controls`."""
    return [twin(key, number) for number in range(config["models"][key]["controls"])]


def following(key, stanza):
    """Models that a stanza registers besides its own: its untrained twins, and one for each further revision."""
    common = {name: value for name, value in stanza.items() if name not in ("controls", "revisions")}
    trained = stanza["weights"] == "trained"
    first = stanza["seed"] + (not trained)  # a twin has other weights than an untrained model
    for number in range(max(stanza["controls"], int(trained))):
        untrained = {"weights": "random", "seed": first + number, "controls": 0, "revisions": []}
        yield twin(key, number), {**common, **untrained}
    for revision in stanza["revisions"]:
        source = {**stanza["source"], "revision": revision}
        yield f"{key}-{revision}", {**common, "source": source, "controls": 0, "revisions": []}


# A stanza that is written out goes before one that follows from another.
for _key, _stanza in list(config["models"].items()):
    config["models"] = {**dict(following(_key, _stanza)), **config["models"]}
require_models("study", config["study"])
require_models("trajectory.model", [config["trajectory"]["model"]])
require_models("trajectory.checkpoints", config["trajectory"]["checkpoints"])
if config["math"]["sigma"] not in config["math"]["sigmas"]:
    stop("math.sigma to be one of math.sigmas", f"{config['math']['sigma']}", "add it to the list")

STUDY = config["study"]
CONTROLS = {model: twins(model)[0] for model in STUDY if twins(model)}  # those that figures show
STUDY_AND_CONTROLS = list(dict.fromkeys([*STUDY, *CONTROLS.values()]))
STUDY_AND_TWINS = list(dict.fromkeys([*STUDY, *sum(map(twins, STUDY), [])]))
GEOMETRIES = {model: [config["models"][model]["layers"], config["models"][model]["heads"]] for model in STUDY}
