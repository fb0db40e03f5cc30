# Needs activations alone. Gives the information decomposition of every pair of heads, and the same under the null.


rule decompose_pairs:
    """Decompose one range of head pairs, observed and under surrogates."""
    input:
        activations="<activations>",
        code=code("decompose_pairs"),
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
        lag=lookup("decomposition/lag", within=config),
        redundancy=lookup("decomposition/redundancy", within=config),
        estimator=lookup("decomposition/estimator", within=config),
        null=lookup("decomposition/null", within=config),
        seed=lookup("decomposition/seed", within=config),
        n_heads_total=n_heads_total,
        n_pairs=n_pairs,
    message:
        "Decompose pairs of {wildcards.model}, shard {wildcards.scatteritem}: "
        "{params.n_heads_total} heads, {params.n_pairs} pairs in all."
    script:
        "../workflow_scripts/decompose_pairs.py"


rule merge_pairs:
    """Check that the shards make a whole and put them together into matrices."""
    input:
        shards=gather.pairs(workflow.pathvars.apply("<pair_shard>"), model="{model}"),
        activations="<activations>",
        code=code("merge_pairs"),
    output:
        pairwise="<pairwise>",
    log:
        "<logs>/merge_pairs/{model}.log",
    benchmark:
        "<benchmarks>/merge_pairs/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing("4GB"),
        runtime=growing("30m"),
    script:
        "../workflow_scripts/merge_pairs.py"
