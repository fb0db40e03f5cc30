# Needs activations alone. Gives the information decomposition of every pair of heads, and the same under the null.


rule decompose_pairs:
    """Decompose one range of head pairs, observed and under surrogates."""
    input:
        activations="<activations>",
    output:
        shard="<pair_shard>",
    log:
        "<logs>/decompose_pairs/{model}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/decompose_pairs/{model}/{scatteritem}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem=growing("4GB"),
        runtime=growing("1h"),
    params:
        code=code("decompose_pairs"),
        settings=settings(
            lag=lookup("decomposition/lag", within=config),
            redundancy=lookup("decomposition/redundancy", within=config),
            estimator=lookup("decomposition/estimator", within=config),
            null_model=lookup("decomposition/null_model", within=config),
            seed=lookup("decomposition/seed", within=config),
            heads=of_model("heads"),
        ),
    message:
        "Decompose the pairs of heads of {wildcards.model}, shard {wildcards.scatteritem}."
    script:
        "../workflow_scripts/decompose_pairs.py"


rule merge_pairs:
    """Check that the shards make a whole and put them together into matrices."""
    input:
        shards=unless_own(gather.pairs(PATHVARS.apply("<pair_shard>"), model="{model}"), "pairwise"),
        activations=unless_own("<activations>", "pairwise"),
    output:
        pairwise=update("<pairwise>"),
    log:
        "<logs>/merge_pairs/{model}.log",
    benchmark:
        "<benchmarks>/merge_pairs/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing(for_pairs("4GB")),
        runtime=growing(for_pairs("30m")),
    params:
        code=code("merge_pairs"),
    message:
        "Merge the pairs of {wildcards.model}."
    script:
        "../workflow_scripts/merge_pairs.py"
