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


def following(key, stanza):
    """Models that a stanza registers besides its own: an untrained twin, and one for each further revision."""
    common = {name: value for name, value in stanza.items() if name not in ("control", "revisions")}
    if stanza["weights"] == "trained":
        yield f"{key}-random", {**common, "weights": "random"}
    for revision in stanza["revisions"]:
        yield f"{key}-{revision}", {**common, "source": {**stanza["source"], "revision": revision}}


# A stanza that is written out goes before one that follows from another.
for _key, _stanza in list(config["models"].items()):
    config["models"] = {**dict(following(_key, _stanza)), **config["models"]}
require_models("study", config["study"])
require_models("trajectory.model", [config["trajectory"]["model"]])
require_models("trajectory.checkpoints", config["trajectory"]["checkpoints"])
for _key, _stanza in config["models"].items():
    require_models(f"models.{_key}.control", [_stanza["control"]] if "control" in _stanza else [])
if config["math"]["sigma"] not in config["math"]["sigmas"]:
    stop("math.sigma to be one of math.sigmas", f"{config['math']['sigma']}", "add it to the list")

STUDY = config["study"]
CONTROLS = {model: config["models"][model]["control"] for model in STUDY if "control" in config["models"][model]}
STUDY_AND_CONTROLS = list(dict.fromkeys([*STUDY, *CONTROLS.values()]))
GEOMETRIES = {model: [config["models"][model]["layers"], config["models"][model]["heads"]] for model in STUDY}
