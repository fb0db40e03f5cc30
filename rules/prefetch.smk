# Needs the network. Gives local folders of models and problems, checked; everything after this works offline.
import os

from synergy.prefetch.hub import STARTED_FROM, TOKEN_NAMES

# A token may lie in a file .env where the run was started from, which --directory leaves.
os.environ.setdefault(STARTED_FROM, workflow.workdir_init)
if workflow.remote_exec:  # A job of a cluster needs no token, and its executor may write the environment to a log.
    for name in TOKEN_NAMES:
        os.environ.pop(name, None)

# Source of a problem set: a key of problem_sets, a local file, or the source itself.
problem_set = lambda named: (config["problem_sets"].get(named, {"path": named}) if isinstance(named, str) else named)
PROBLEMS = problem_set(config["math"]["problems"])
EXEMPLARS = config["math"]["exemplars"]
EXEMPLARS = EXEMPLARS if EXEMPLARS in ("ours", "train") else problem_set(EXEMPLARS)
# Files, so that editing one remakes what follows; a missing one the script names.
PROBLEM_FILES = [source["path"] for source in (PROBLEMS, EXEMPLARS) if "path" in source]
PROBLEM_FILES = [path for path in PROBLEM_FILES if Path(provided(path)).is_file()]


localrules:
    prefetch_model,
    prefetch_math,


rule prefetch_model:
    """Fetch one model from its source, convert it if need be, and check its geometry."""
    output:
        model=directory("<model_files>"),
        record="<prefetch_record>",
    log:
        "<logs>/prefetch_model/{model}.log",
    benchmark:
        "<benchmarks>/prefetch_model/{model}.jsonl"
    conda:
        "../envs/models.yaml"
    resources:
        mem=of_model("resources/mem"),  # converting a GGUF file loads the model
    params:
        code=code("prefetch_model"),
        settings=settings(
            source=of_model("source"),
            weights=of_model("weights"),
            seed=of_model("seed"),
            layers=of_model("layers"),
            heads=of_model("heads"),
            taken_again=changed_folder,
        ),
        hub_cache=aside(PATHVARS.apply("<resources>/hub")),
    message:
        "Fetch {wildcards.model} and check its geometry."
    script:
        "../workflow_scripts/prefetch_model.py"


rule prefetch_math:
    """Fetch the problem set, and draw the problems that are asked and the exemplars."""
    input:
        [ours(path) for path in PROBLEM_FILES],
    output:
        problems="<problems>",
        record="<problems_record>",
    log:
        "<logs>/prefetch_math.log",
    benchmark:
        "<benchmarks>/prefetch_math.jsonl"
    conda:
        "../envs/models.yaml"
    params:
        code=code("prefetch_math", *PROBLEM_FILES),
        settings=settings(
            source=PROBLEMS,
            exemplars=EXEMPLARS,
            shots=lookup("math/shots", within=config),
            n_problems=lookup("math/n_problems", within=config),
            seed=lookup("math/seed", within=config),
        ),
        hub_cache=aside(PATHVARS.apply("<resources>/hub")),
    message:
        "Fetch the problems and draw those that are asked."
    script:
        "../workflow_scripts/prefetch_math.py"
