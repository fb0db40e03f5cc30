# Needs the model, the problems and the ranking. Gives accuracy with noise in chosen heads, condition by condition.


CONDITIONS = ["baseline"] + [
    f"{heads}-{float(sigma)}-{seed}"
    for heads in ("synergistic", "redundant", "random")
    for sigma in config["math"]["sigmas"]
    for seed in range(config["math"]["noise_seeds"])
]


localrules:
    merge_problems,
    merge_math,


scattergather:
    problems=4,  # shards of the problems asked under one condition


rule score_math:
    """Answer and grade one range of the problems with noise in one set of heads."""
    input:
        model=ancient("<model_files>"),
        record="<prefetch_record>",
        problems="<problems>",
        problems_record="<problems_record>",
        ranking=of_known("condition", r"baseline|(synergistic|redundant|random)-\d+(\.\d+)?-\d+", "<ranking>"),
    output:
        shard="<math_shard>",
    log:
        "<logs>/score_math/{model}/{condition}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_math/{model}/{condition}/{scatteritem}.jsonl"
    conda:
        "../envs/models.yaml"
    threads: 8
    resources:
        mem=growing(of_model("resources/mem")),
        runtime=growing(of_model("resources/runtime")),
        gpu=of_model("resources/gpu"),
    params:
        code=code("score_math"),
        settings=settings(
            dtype=of_model("dtype"),
            prompt_format=of_model("prompt_format"),
            template_arguments=of_model("chat_template_arguments"),
            fraction=lookup("math/fraction", within=config),
            prompt_style=lookup("math/prompt_style", within=config),
            max_new_tokens=lookup("math/max_new_tokens", within=config),
            batch_size=lookup("math/batch_size", within=config),
        ),
        kept=aside(KEPT),
    message:
        "Ask {wildcards.model} the problems, condition {wildcards.condition}, shard {wildcards.scatteritem}."
    script:
        "../workflow_scripts/score_math.py"


rule merge_problems:
    """Check that the shards of a condition make a whole and put its answers together."""
    input:
        shards=gather.problems(PATHVARS.apply("<math_shard>"), model="{model}", condition="{condition}"),
        record="<prefetch_record>",
        problems="<problems>",
        problems_record="<problems_record>",
        ranking="<ranking>",
    output:
        records="<math_records>",
        condition="<math_condition>",
    log:
        "<logs>/merge_problems/{model}/{condition}.log",
    benchmark:
        "<benchmarks>/merge_problems/{model}/{condition}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem="2GB",
        runtime="10m",
    params:
        code=code("merge_problems"),
        settings=settings(
            fraction=lookup("math/fraction", within=config),
        ),
    message:
        "Merge the answers of {wildcards.model}, condition {wildcards.condition}."
    script:
        "../workflow_scripts/merge_problems.py"


rule merge_math:
    """Merge the conditions into one table of accuracies with intervals; paired tests and groups beside it."""
    input:
        records=every("math_records", condition=CONDITIONS),
        conditions=every("math_condition", condition=CONDITIONS),
    output:
        math="<math_perturbation>",
        statistics="<math_statistics>",
        groups="<math_groups>",
    log:
        "<logs>/merge_math/{model}.log",
    benchmark:
        "<benchmarks>/merge_math/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem="2GB",
        runtime="10m",
    params:
        code=code("merge_math"),
        gathered=CONDITIONS,
        settings=settings(
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
    message:
        "Merge the conditions of {wildcards.model}."
    script:
        "../workflow_scripts/merge_math.py"
