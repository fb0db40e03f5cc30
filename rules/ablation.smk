# Needs the model, its answers and the ranking. Gives the KL divergence as heads are removed, order by order.


ORDERS = [
    f"{'' if method == 'zero' else f'{method}-'}{kind}-{seed}"
    for method in config["ablation"]["methods"]
    for kind, n in config["ablation"]["orders"].items()
    for seed in range(n)
]
# Measured at every fine step as well, and drawn.
FINE_ORDERS = [
    order
    for order in ORDERS
    for kind, _, seed in [order.removeprefix("mean-").rpartition("-")]
    if int(seed) < {"synergistic": 1, "redundant": 1, "random": config["ablation"]["fine_random"]}.get(kind, 0)
]
# Heads removed at a fine step: the model's own number or share, else the share that all models have.
fine_step = lambda wildcards: stanza(wildcards).get("ablation_step") or config["ablation"]["fine_step"]


localrules:
    merge_ablation,


scattergather:
    orders=8,  # ranges of a model's orders; each loads the model once


rule ablate_heads:
    """Remove heads in one range of the orders and measure how far the model's distribution moves."""
    input:
        model=ancient("<model_files>"),
        record="<prefetch_record>",
        tokens="<tokens>",
        ranking="<ranking>",
    output:
        folder=directory("<order_range>"),
        checksums="<order_range>.sha256",
    log:
        "<logs>/ablate_heads/{model}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/ablate_heads/{model}/{scatteritem}.jsonl"
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
            names=ORDERS,
            fine=FINE_ORDERS,
            dtype=of_model("dtype"),
            n_prompts=lookup("ablation/n_prompts", within=config),
            step=lookup("ablation/step_fraction", within=config),
            fine_step=fine_step,
            max_fraction=lookup("ablation/max_fraction", within=config),
            batch_size=lookup("ablation/batch_size", within=config),
        ),
        residual_cache=aside(lookup("ablation/residual_cache", within=config)),
        kept=aside(KEPT),
        gpus=aside(of_model("resources/gpu")),
    message:
        "Remove heads of {wildcards.model}, range {wildcards.scatteritem} of the orders."
    script:
        "../workflow_scripts/ablate_heads.py"


rule merge_ablation:
    """Take the orders from their ranges and merge them into one table; areas and their ratios beside it."""
    input:
        ranges=unless_own(ancient(gather.orders(PATHVARS.apply("<order_range>"), model="{model}")), "ablation"),
        checksums=unless_own(gather.orders(PATHVARS.apply("<order_range>.sha256"), model="{model}"), "ablation"),
    output:
        ablation=update("<ablation>"),
        statistics="<ablation_statistics>",
        orders=every("order_kl", order=ORDERS),
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
