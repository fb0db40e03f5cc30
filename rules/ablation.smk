# Needs the model, its answers and the ranking. Gives the KL divergence as heads are removed, order by order.


localrules:
    merge_ablation,


rule ablate_heads:
    """Remove heads in one order and measure how far the model's distribution moves."""
    input:
        model="<model_files>",
        record="<prefetch_record>",
        tokens="<tokens>",
        ranking=of_known("order", rf"(mean-)?({'|'.join(config['ablation']['orders'])})-\d+", "<ranking>"),
        code=code("ablate_heads"),
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
        dtype=of_model("dtype"),
        n_prompts=lookup("ablation/n_prompts", within=config),
        step=ablation_step,
        max_fraction=lookup("ablation/max_fraction", within=config),
        batch_size=lookup("ablation/batch_size", within=config),
        residual_cache=lookup("ablation/residual_cache", within=config),
        kept=workflow.pathvars.apply("<resources>/kept"),
    script:
        "../workflow_scripts/ablate_heads.py"


rule merge_ablation:
    """Merge the orders into one table; areas under the curves and their ratios, with intervals, beside it."""
    input:
        orders=every("order_kl", order=ORDERS),
        code=code("merge_ablation"),
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
        names=ORDERS,
        seed=lookup("ablation/seed", within=config),
    script:
        "../workflow_scripts/merge_ablation.py"
