# Needs the rankings of a model's training checkpoints. Gives the layer profile over training, scaled and unscaled.


TRAINING = "config/published/fig3a_pythia-1b_training.csv"


localrules:
    plot_trajectory,


rule training_trajectory:
    """Follow a model's layer profile over its training checkpoints, beside the paper's (Fig. 3a)."""
    input:
        figures([config["trajectory"]["model"]], ["training_trajectory"]),


rule trace_training:
    """Put the layer profiles of a model's checkpoints into one table, and say which of them differ from chance."""
    input:
        rankings=of_every_step("ranking"),
        summaries=of_every_step("ranking_summary"),
        records=of_every_step("prefetch_record"),
        published=ours(TRAINING),
    output:
        trajectory="<trajectory>_training.csv",
        summary="<trajectory>_training.json",
    log:
        "<logs>/trace_training/{model}.log",
    benchmark:
        "<benchmarks>/trace_training/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem="2GB",
        runtime="10m",
    params:
        code=code("trace_training", TRAINING),
        settings=settings(
            steps=lambda wildcards: training_steps(wildcards.model),
            layers=of_model("layers"),
            heads=of_model("heads"),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
    message:
        "Trace the training of {wildcards.model}."
    script:
        "../workflow_scripts/trace_training.py"


rule plot_trajectory:
    """Plot layer profiles over training, scaled and unscaled, before and after subtracting the null (Fig. 3a)."""
    input:
        trajectory="<trajectory>_training.csv",
        summary="<trajectory>_training.json",
    output:
        figure=report(
            "<figure>_training_trajectory.png",
            caption="captions/plot_trajectory.rst",
            category="6. Training",
            labels={"model": "{model}", "figure": "training trajectory"},
        ),
        vector="<figure>_training_trajectory.pdf",
    log:
        "<logs>/plot_trajectory/{model}.log",
    benchmark:
        "<benchmarks>/plot_trajectory/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_trajectory"),
    message:
        "Plot the training of {wildcards.model}."
    script:
        "../workflow_scripts/plot_trajectory.py"
