# Needs the network. Gives local folders of models and problems, checked; everything after this works offline.


localrules:
    prefetch_model,
    prefetch_math,


rule prefetch_model:
    """Fetch one model from its source, convert it if need be, and check its geometry."""
    input:
        code=code("prefetch_model"),
    output:
        model=directory("<model_files>"),
        record="<prefetch_record>",
    log:
        "<logs>/prefetch_model/{model}.log",
    benchmark:
        "<benchmarks>/prefetch_model/{model}.jsonl"
    conda:
        "../envs/models.yaml"
    params:
        stanza=stanza,
        path=lambda wildcards: provided(stanza(wildcards)["source"].get("path", "")),
        hub_cache=workflow.pathvars.apply("<resources>/hub"),
    script:
        "../workflow_scripts/prefetch_model.py"


rule prefetch_math:
    """Fetch the problem set, and draw the problems that are asked and the exemplars."""
    input:
        # Files of the user's or of ours, so that editing one remakes what follows; a missing one the script names.
        [source["path"] for source in (PROBLEMS, EXEMPLARS) if "path" in source and Path(source["path"]).is_file()],
        code=code("prefetch_math"),
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
        source=PROBLEMS,
        exemplars=EXEMPLARS,
        shots=lookup("math/shots", within=config),
        n_problems=lookup("math/n_problems", within=config),
        seed=lookup("math/seed", within=config),
        hub_cache=workflow.pathvars.apply("<resources>/hub"),
    script:
        "../workflow_scripts/prefetch_math.py"
