# Needs the merged config. Gives the lists that it stands for and the few helpers that the rules share.
import ast
import re
import sys
from difflib import get_close_matches
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate


def stop(expected, found, hint):
    """End with one message and no traceback: what was expected, what was found, what to do."""
    sys.exit(f"ERROR: Expected {expected}; found {found}.\n  Hint: {hint}.")


# YAML reads the bare key `null` as no key at all; both spellings mean the stanza of the null model.
_decomposition = config["decomposition"]
_decomposition["null"] = {**_decomposition.pop(None, {}), **_decomposition.get("null", {})}
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

CONTROLS = [config["models"][m]["control"] for m in config["study"] if "control" in config["models"][m]]
STUDY_AND_CONTROLS = list(dict.fromkeys([*config["study"], *CONTROLS]))
ORDERS = [
    f"{'' if method == 'zero' else f'{method}-'}{kind}-{seed}"
    for method in config["ablation"]["methods"]
    for kind, n in config["ablation"]["orders"].items()
    for seed in range(n)
]
CONDITIONS = ["baseline"] + [
    f"{heads}-{sigma}-{seed}"
    for heads in ("synergistic", "redundant", "random")
    for sigma in config["math"]["sigmas"]
    for seed in range(config["math"]["noise_seeds"])
]
MODEL_FIGURES = [
    "phiid_profile",
    "null_profile",
    "synergy_redundancy",
    "head_ranking_heatmap",
    "graph_cores",
    "ablation_curves",
    "math_perturbation",
    "robustness",
]
CONTROL_FIGURES = MODEL_FIGURES[:5]  # what needs no more than activations
COMPARISONS = ["profiles", "ablation", "graph_metrics"]
GEOMETRIES = {m: [config["models"][m]["layers"], config["models"][m]["heads"]] for m in config["study"]}
PUBLISHED = {  # figure of the paper: its values in config/published/
    "2b": "fig2b_head_rank",
    "2c": "fig2c_layer_profile",
    "3c": "fig3c_graph_metrics",
    "4a": "fig4a_ablation_kl",
    "4b": "fig4b_math_accuracy",
}


def stanza(wildcards):
    """The config of the model that a job is for."""
    require_models("the path that was asked for", [wildcards.model])
    return config["models"][wildcards.model]


def of_model(path):
    """Function that looks a value up in the stanza of the model that a job is for."""
    return lambda wildcards: lookup(path, within=stanza(wildcards))


def growing(amount):
    """An amount like 4GB or 2h, or a function that gives it; the n-th attempt at a job asks for n times as much."""

    def grown(wildcards, attempt):
        number, unit = re.fullmatch(r"([\d.]+)(.*)", amount(wildcards) if callable(amount) else amount).groups()
        return f"{float(number) * attempt:g}{unit}"

    return grown


def of_known(name, pattern, artifact):
    """Function that gives the path of an artifact, if the wildcard `name` of the path that was asked for is right."""

    def path(wildcards):
        stanza(wildcards)
        if not re.fullmatch(pattern, wildcards[name]):
            stop(f"a path with the {name} {pattern}", repr(wildcards[name]), f"correct the {name} in the path")
        return artifact

    return path


def ablation_step(wildcards):
    """Heads removed at a step: the model's own number or share, else the share that all models have."""
    return stanza(wildcards).get("ablation_step") or config["ablation"]["step_fraction"]


def n_heads_total(wildcards):
    """Query heads of the model, over all layers."""
    return stanza(wildcards)["layers"] * stanza(wildcards)["heads"]


def n_pairs(wildcards):
    """Unordered pairs of the model's heads."""
    return n_heads_total(wildcards) * (n_heads_total(wildcards) - 1) // 2


def every(artifact, **values):
    """Paths of a registered artifact for all combinations of the given wildcard values."""
    return collect(workflow.pathvars.apply(f"<{artifact}>"), **values, allow_missing=True)


def control_ranking(wildcards):
    """The ranking of the model's untrained control, if it has one."""
    control = stanza(wildcards).get("control")
    return every("ranking", model=control) if control else []


def figures(models, names):
    """Paths of the named figures of the given models."""
    return collect(workflow.pathvars.apply("<figure>_{name}.png"), model=models, name=names)


STUDY_FIGURES = [
    *figures(config["study"], MODEL_FIGURES),
    *figures(CONTROLS, CONTROL_FIGURES),
    *figures(["multi_model"], COMPARISONS),
]


def provided(path):
    """A file of the user's or of ours: in the working directory, else beside the Snakefile."""
    return path if Path(path).exists() else str(Path(workflow.basedir) / path)


def problem_set(named):
    """Source of a problem set: a key of problem_sets, a local file, or the source itself."""
    source = config["problem_sets"].get(named, {"path": named}) if isinstance(named, str) else named
    return {**source, "path": provided(source["path"])} if "path" in source else source


PROBLEMS = problem_set(config["math"]["problems"])
EXEMPLARS = config["math"]["exemplars"]
EXEMPLARS = EXEMPLARS if EXEMPLARS in ("ours", "train") else problem_set(EXEMPLARS)


def code(rule_name, *processes):
    """Library modules that a rule's script imports, itself or through others: editing one remakes what it made.

    `processes` are modules that it starts instead of importing them.
    """
    found = {f"workflow_scripts/synergy/{name}.py" for name in processes}
    unread = [f"workflow_scripts/{rule_name}.py", *found]
    while unread:
        for node in ast.walk(ast.parse(Path(provided(unread.pop())).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "synergy":
                name = "synergy.__init__" if node.module == "synergy" else node.module
                path = f"workflow_scripts/{name.replace('.', '/')}.py"
                if path not in found:
                    found.add(path)
                    unread.append(path)
    return [provided(path) for path in sorted(found)]


# What a variant changes of the decomposition; the others change the series.
CHANGES = {
    "ccs": {"redundancy": "ccs"},
    "gaussian_copula": {"estimator": "gaussian_copula"},
    "discrete": {"estimator": "discrete"},
    "lag_2": {"lag": 2},
}
OTHER_SERIES = ["first_differences", "detrended", "natural_length", "half_of_prompts", "after_output"]


def variant_activations(wildcards):
    """The series that a variant decomposes: as recorded, or its own."""
    own = "<activations>" if wildcards.variant in CHANGES else "<robustness>/{variant}_activations.npz"
    return of_known("variant", "|".join([*CHANGES, *OTHER_SERIES]), own)(wildcards)


def changed(setting):
    """Function that gives a setting of the decomposition as the variant of a job has it."""
    configured = config["decomposition"][setting]
    return lambda wildcards: CHANGES.get(wildcards.variant, {}).get(setting, configured)


def of_variants(ending, **values):
    """Paths of an artifact of every configured variant."""
    path = workflow.pathvars.apply(f"<robustness>/{{variant}}_{ending}")
    return collect(path, variant=config["robustness"]["variants"], **values, allow_missing=True)


def control_rankings(wildcards):
    """Rankings of the model's untrained control, as it is and under every variant, if it has one."""
    control = stanza(wildcards).get("control")
    return [*control_ranking(wildcards), *of_variants("head_rankings.csv", model=control)] if control else []


def checkpoints(model):
    """Training step of each checkpoint of a model, by model key, in order: its revisions step<number> and itself."""
    require_models("the path that was asked for", [model])
    found = config["trajectory"]["checkpoints"] if model == config["trajectory"]["model"] else {}
    if not found:
        own = config["models"][model]
        revisions = {f"{model}-{revision}": revision for revision in own["revisions"]}
        revisions[model] = own["source"].get("revision", "")
        found = {key: int(name[4:]) for key, name in revisions.items() if re.fullmatch(r"step\d+", name)}
    if len(found) < 2:
        hint = "list revisions in the model's stanza, or trajectory.checkpoints"
        stop(f"two or more revisions named step<number> of {model}", f"{len(found)}", hint)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def of_checkpoints(artifact):
    """Function that gives the paths of an artifact of every checkpoint of the model that a job is for."""
    return lambda wildcards: every(artifact, model=checkpoints(wildcards.model))
