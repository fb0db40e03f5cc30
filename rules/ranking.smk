# Needs the matrices of the decomposition. Gives a score to each head, from redundant to synergistic.


rule rank_heads:
    """Average over partners and rank the heads from redundant to synergistic."""
    input:
        pairwise=unless_own("<pairwise>", "ranking"),
        activations=unless_own("<activations>", "ranking", "pairwise"),
    output:
        ranking=update("<ranking>"),
        summary="<ranking_summary>",
    log:
        "<logs>/rank_heads/{model}.log",
    benchmark:
        "<benchmarks>/rank_heads/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem=growing(for_pairs("4GB")),
        runtime=growing(for_pairs("30m")),
    params:
        code=code("rank_heads"),
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
            score=lookup("ranking/score", within=config),
            bootstrap=lookup("ranking/bootstrap", within=config),
            seed=lookup("ranking/seed", within=config),
        ),
    message:
        "Rank the heads of {wildcards.model}."
    script:
        "../workflow_scripts/rank_heads.py"
