# Needs the model, the problems and the ranking. Gives accuracy with noise in chosen heads, condition by condition.


NOISE_SEEDS = config["math"]["noise_seeds"]
CONDITIONS = ["baseline"] + [
    condition
    for sigma in config["math"]["sigmas"]
    for condition in noise_conditions(
        sigma, NOISE_SEEDS, max(NOISE_SEEDS, config["math"]["random_sets"] if sigma == config["math"]["sigma"] else 0)
    )
]
SOLUTION_SETS = ["baseline", *noise_conditions(config["math"]["sigma"], NOISE_SEEDS, config["math"]["likelihood_sets"])]


localrules:
    merge_math,


scattergather:
    conditions=8,  # ranges of a model's conditions, and of its sets of heads; each loads the model once


rule score_math:
    """Answer and grade the problems under one range of the conditions, each with noise in one set of heads."""
    input:
        model=ancient("<model_files>"),
        record="<prefetch_record>",
        problems="<problems>",
        problems_record="<problems_record>",
        ranking="<ranking>",
    output:
        folder=directory("<condition_range>"),
        checksums="<condition_range>.sha256",
    log:
        "<logs>/score_math/{model}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_math/{model}/{scatteritem}.jsonl"
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
            names=CONDITIONS,
            dtype=of_model("dtype"),
            prompt_format=of_model("prompt_format"),
            template_arguments=of_model("chat_template_arguments"),
            fraction=lookup("math/fraction", within=config),
            prompt_style=lookup("math/prompt_style", within=config),
            max_new_tokens=lookup("math/max_new_tokens", within=config),
            batch_size=lookup("math/batch_size", within=config),
        ),
        kept=aside(KEPT),
        gpus=aside(of_model("resources/gpu")),
    message:
        "Ask {wildcards.model} the problems, range {wildcards.scatteritem} of the conditions."
    script:
        "../workflow_scripts/score_math.py"


rule score_solutions:
    """Measure how probable the reference solutions are with noise in one range of many sets of heads."""
    input:
        model=ancient("<model_files>"),
        record="<prefetch_record>",
        problems="<problems>",
        problems_record="<problems_record>",
        ranking="<ranking>",
    output:
        solutions="<solutions_range>",
    log:
        "<logs>/score_solutions/{model}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_solutions/{model}/{scatteritem}.jsonl"
    conda:
        "../envs/models.yaml"
    threads: 8
    resources:
        mem=growing(of_model("resources/mem")),
        runtime=growing(of_model("resources/runtime")),
        gpu=of_model("resources/gpu"),
    params:
        code=code("score_solutions"),
        settings=settings(
            names=SOLUTION_SETS,
            dtype=of_model("dtype"),
            prompt_format=of_model("prompt_format"),
            template_arguments=of_model("chat_template_arguments"),
            fraction=lookup("math/fraction", within=config),
            prompt_style=lookup("math/prompt_style", within=config),
            n_problems=lookup("math/likelihood_problems", within=config),
            batch_size=lookup("math/batch_size", within=config),
        ),
        kept=aside(KEPT),
        gpus=aside(of_model("resources/gpu")),
    message:
        "Measure the likelihood of solutions to {wildcards.model}, range {wildcards.scatteritem} of the sets of heads."
    script:
        "../workflow_scripts/score_solutions.py"


rule merge_math:
    """Take the conditions from their ranges: accuracies with intervals; paired tests, ranks and groups beside them."""
    input:
        ranges=ancient(gather.conditions(PATHVARS.apply("<condition_range>"), model="{model}")),
        checksums=gather.conditions(PATHVARS.apply("<condition_range>.sha256"), model="{model}"),
        solution_ranges=gather.conditions(PATHVARS.apply("<solutions_range>"), model="{model}"),
    output:
        math="<math_perturbation>",
        statistics="<math_statistics>",
        groups="<math_groups>",
        solutions="<math_solutions>",
        records=every("math_records", condition=CONDITIONS),
        conditions=every("math_condition", condition=CONDITIONS),
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
            sets=SOLUTION_SETS,
            sigma=lookup("math/sigma", within=config),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
    message:
        "Merge the conditions of {wildcards.model}."
    script:
        "../workflow_scripts/merge_math.py"
