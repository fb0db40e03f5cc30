# Needs the model, its answers and the ranking. Gives the KL divergence as heads are removed, order by order.


ORDERS = [
    f"{'' if method == 'zero' else f'{method}-'}{kind}-{seed}"
    for method in config["ablation"]["methods"]
    for kind, n in config["ablation"]["orders"].items()
    for seed in range(n)
]


# Heads removed at a step: the model's own number or share, else the share that all models have.
ablation_step = lambda wildcards: stanza(wildcards).get("ablation_step") or config["ablation"]["step_fraction"]


localrules:
    merge_ablation,


rule ablate_heads:
    """Remove heads in one order and measure how far the model's distribution moves."""
    input:
        model=ancient("<model_files>"),
        record="<prefetch_record>",
        tokens="<tokens>",
        ranking=of_known("order", rf"(mean-)?({'|'.join(config['ablation']['orders'])})-\d+", "<ranking>"),
    output:
        kl="<order_kl>",
    log:
        "<logs>/ablate_heads/{model}/{order}.log",
    benchmark:
        "<benchmarks>/ablate_heads/{model}/{order}.jsonl"
    conda:
        "../envs/models.yaml"
    threads: 8
    resources:
        mem=growing(of_model("resources/mem")),
        runtime=growing(of_model("resources/runtime")),
        gpu=of_model("resources/gpu"),
    params:
        code=code("ablate_heads"),
        settings=settings(
            dtype=of_model("dtype"),
            n_prompts=lookup("ablation/n_prompts", within=config),
            step=ablation_step,
            max_fraction=lookup("ablation/max_fraction", within=config),
            batch_size=lookup("ablation/batch_size", within=config),
        ),
        residual_cache=aside(lookup("ablation/residual_cache", within=config)),
        kept=aside(KEPT),
    message:
        "Remove heads of {wildcards.model}, order {wildcards.order}."
    script:
        "../workflow_scripts/ablate_heads.py"


rule merge_ablation:
    """Merge the orders into one table; areas under the curves and their ratios, with intervals, beside it."""
    input:
        orders=every("order_kl", order=ORDERS),
    output:
        ablation="<ablation>",
        statistics="<ablation_statistics>",
    log:
        "<logs>/merge_ablation/{model}.log",
    benchmark:
        "<benchmarks>/merge_ablation/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem="2GB",
        runtime="10m",
    params:
        code=code("merge_ablation"),
        settings=settings(
            names=ORDERS,
            seed=lookup("ablation/seed", within=config),
        ),
    message:
        "Merge the orders of {wildcards.model}."
    script:
        "../workflow_scripts/merge_ablation.py"
