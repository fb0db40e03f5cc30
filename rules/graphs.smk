# Needs activations and their decomposition. Gives efficiency and modularity of the two networks, beside surrogates.


rule measure_graphs:
    """Measure global efficiency and modularity of the synergy and redundancy networks."""
    input:
        pairwise="<pairwise>",
        activations=unless_own("<activations>", "pairwise"),
    output:
        metrics="<graph_metrics>",
    log:
        "<logs>/measure_graphs/{model}.log",
    benchmark:
        "<benchmarks>/measure_graphs/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    threads: 4
    resources:
        mem=growing(for_pairs("4GB")),
        runtime=growing(for_pairs("1h", 3)),  # paths and communities
    params:
        code=code("measure_graphs"),
        settings=settings(
            synergy="sts",
            top_fraction=lookup("graphs/top_fraction", within=config),
            seed=lookup("graphs/seed", within=config),
            null_networks=lookup("graphs/null_networks", within=config),
            surrogates=lookup("graphs/surrogates", within=config),
            decomposition=lookup("decomposition", within=config),
        ),
    message:
        "Measure the two networks of {wildcards.model}."
    script:
        "../workflow_scripts/measure_graphs.py"
