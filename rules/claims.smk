# Needs everything measured. Gives the verdict on each published claim, before and after its control.


localrules:
    merge_claims,


rule test_claims:
    """Test each published claim on one model, and again after its control."""
    input:
        ranking="<ranking>",
        pairwise="<pairwise>",
        metrics="<graph_metrics>",
        ablation="<ablation>",
        ablation_statistics="<ablation_statistics>",
        math="<math_perturbation>",
        math_statistics="<math_statistics>",
        control_ranking=control_ranking,
        code=code("test_claims"),
    output:
        claims=report(
            "<claims>",
            caption="captions/test_claims.rst",
            category="1. Claims",
            labels={"model": "{model}", "figure": "claims"},
        ),
    log:
        "<logs>/test_claims/{model}.log",
    benchmark:
        "<benchmarks>/test_claims/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        layers=of_model("layers"),
        heads=of_model("heads"),
        significance=lookup("claims/significance", within=config),
        permutations=lookup("claims/permutations", within=config),
        seed=lookup("claims/seed", within=config),
        sigma=lookup("math/sigma", within=config),
    script:
        "../workflow_scripts/test_claims.py"


rule compare_scores:
    """Test the layer profile of every definition of the score, side by side, in all models of the study."""
    input:
        rankings=every("ranking", model=config["study"]),
        pairwise=every("pairwise", model=config["study"]),
        code=code("compare_scores"),
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
        geometries=GEOMETRIES,
        significance=lookup("claims/significance", within=config),
        permutations=lookup("claims/permutations", within=config),
        seed=lookup("claims/seed", within=config),
    script:
        "../workflow_scripts/compare_scores.py"


rule merge_claims:
    """Put the claims of all models of the study into one table."""
    input:
        claims=every("claims", model=config["study"]),
        code=code("merge_claims"),
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
    script:
        "../workflow_scripts/merge_claims.py"
