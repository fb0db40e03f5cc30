# Needs everything measured. Gives the verdict on each published claim, before and after its control.


localrules:
    merge_claims,


rule decide_claims:
    """Test each published claim on one model, and again after its control."""
    input:
        ranking="<ranking>",
        ranking_summary="<ranking_summary>",
        pairwise="<pairwise>",
        metrics="<graph_metrics>",
        ablation="<ablation>",
        ablation_statistics="<ablation_statistics>",
        math="<math_perturbation>",
        math_statistics="<math_statistics>",
        control_rankings=of_twins("ranking"),
        control_summaries=of_twins("ranking_summary"),
        control_pairwise=of_twins("pairwise"),
    output:
        claims=report(
            "<claims>",
            caption="captions/decide_claims.rst",
            category="1. Claims",
            labels={"model": "{model}", "figure": "claims"},
        ),
    log:
        "<logs>/decide_claims/{model}.log",
    benchmark:
        "<benchmarks>/decide_claims/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("decide_claims"),
        gathered=twins_of_model,
        settings=settings(
            layers=of_model("layers"),
            heads=of_model("heads"),
            significance=lookup("claims/significance", within=config),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
            sigma=lookup("math/sigma", within=config),
        ),
    message:
        "Decide the claims on {wildcards.model}."
    script:
        "../workflow_scripts/decide_claims.py"


rule compare_scores:
    """Test the layer profile of every definition of the score, side by side, in all models of the study."""
    input:
        rankings=every("ranking", model=STUDY),
        summaries=every("ranking_summary", model=STUDY),
        pairwise=every("pairwise", model=STUDY),
    output:
        definitions=report(
            "<score_definitions>",
            caption="captions/compare_scores.rst",
            category="1. Claims",
            labels={"model": "all", "figure": "definitions of the score (table)"},
        ),
    log:
        "<logs>/compare_scores.log",
    benchmark:
        "<benchmarks>/compare_scores.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("compare_scores"),
        settings=settings(
            models=GEOMETRIES,
            significance=lookup("claims/significance", within=config),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
    message:
        "Compare the definitions of the score."
    script:
        "../workflow_scripts/compare_scores.py"


rule merge_claims:
    """Put the claims of all models of the study into one table."""
    input:
        claims=every("claims", model=STUDY),
    output:
        claims=report(
            "<all_claims>",
            caption="captions/merge_claims.rst",
            category="1. Claims",
            labels={"model": "all", "figure": "claims"},
        ),
    log:
        "<logs>/merge_claims.log",
    benchmark:
        "<benchmarks>/merge_claims.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("merge_claims"),
        gathered=STUDY,
    message:
        "Merge the claims of all models."
    script:
        "../workflow_scripts/merge_claims.py"
