# Needs the model, the problems and the ranking. Gives accuracy with noise in chosen heads, condition by condition.


localrules:
    merge_math,


rule score_math:
    """Answer and grade the problems with noise in one set of heads."""
    input:
        model="<model_files>",
        record="<prefetch_record>",
        problems="<problems>",
        ranking="<ranking>",
        code=code("score_math", "grading_worker"),
    output:
        records="<math_records>",
        condition="<math_condition>",
    log:
        "<logs>/score_math/{model}/{condition}.log",
    benchmark:
        "<benchmarks>/score_math/{model}/{condition}.jsonl"
    conda:
        "../envs/models.yaml"
    threads: 8
    resources:
        mem=growing(of_model("resources/mem")),
        runtime=growing(of_model("resources/runtime")),
        gpu=of_model("resources/gpu"),
    params:
        stanza=stanza,
        fraction=lookup("math/fraction", within=config),
        prompt_style=lookup("math/prompt_style", within=config),
        shots=lookup("math/shots", within=config),
        max_new_tokens=lookup("math/max_new_tokens", within=config),
        batch_size=lookup("math/batch_size", within=config),
    script:
        "../workflow_scripts/score_math.py"


rule merge_math:
    """Merge the conditions into one table of accuracies with intervals."""
    input:
        records=every("math_records", condition=CONDITIONS),
        conditions=every("math_condition", condition=CONDITIONS),
        code=code("merge_math"),
    output:
        math="<math_perturbation>",
    log:
        "<logs>/merge_math/{model}.log",
    benchmark:
        "<benchmarks>/merge_math/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem="2GB",
        runtime="10m",
    script:
        "../workflow_scripts/merge_math.py"
