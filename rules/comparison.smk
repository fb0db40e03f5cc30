# Needs the artifacts of every model of the study and of their untrained controls. Gives the figures across models.


localrules:
    compare_models,
    compare_published,


rule compare_models:
    """Plot profiles, ablation curves and graph metrics of all models of the study together (Fig. 3c)."""
    input:
        rankings=every("ranking", model=STUDY_AND_CONTROLS),
        metrics=every("graph_metrics", model=STUDY_AND_CONTROLS),
        ablations=every("ablation", model=STUDY),
        published_profiles=ours(PUBLISHED["2c"]),
        published_graphs=ours(PUBLISHED["3c"]),
    output:
        profiles=report(
            "<results>/figures/multi_model_profiles.png",
            caption="captions/compare_models.rst",
            category="7. Across models",
            labels={"model": "all", "figure": "layer profiles"},
        ),
        profiles_vector="<results>/figures/multi_model_profiles.pdf",
        ablation=report(
            "<results>/figures/multi_model_ablation.png",
            caption="captions/compare_models.rst",
            category="7. Across models",
            labels={"model": "all", "figure": "ablation"},
        ),
        ablation_vector="<results>/figures/multi_model_ablation.pdf",
        graph_metrics=report(
            "<results>/figures/multi_model_graph_metrics.png",
            caption="captions/compare_models.rst",
            category="7. Across models",
            labels={"model": "all", "figure": "graph metrics"},
        ),
        graph_metrics_vector="<results>/figures/multi_model_graph_metrics.pdf",
    log:
        "<logs>/compare_models.log",
    benchmark:
        "<benchmarks>/compare_models.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("compare_models", PUBLISHED["2c"], PUBLISHED["3c"]),
        settings=settings(
            models=STUDY_AND_CONTROLS,
            controls=CONTROLS,
            ablation_models=STUDY,
        ),
    message:
        "Plot all models of the study together."
    script:
        "../workflow_scripts/compare_models.py"


rule compare_published:
    """Put numbers on how far the measured values agree with those of the paper, where it has the model."""
    input:
        rankings=every("ranking", model=STUDY),
        metrics=every("graph_metrics", model=STUDY),
        ablations=every("ablation", model=STUDY),
        maths=every("math_perturbation", model=STUDY),
        published=[ours(table) for table in PUBLISHED.values()],
    output:
        agreement=report(
            "<agreement>",
            caption="captions/compare_published.rst",
            category="1. Claims",
            labels={"model": "all", "figure": "agreement with the paper (table)"},
        ),
    log:
        "<logs>/compare_published.log",
    benchmark:
        "<benchmarks>/compare_published.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("compare_published", *PUBLISHED.values()),
        settings=settings(
            models=GEOMETRIES,
            sigma=lookup("math/sigma", within=config),
            significance=lookup("claims/significance", within=config),
            permutations=lookup("claims/permutations", within=config),
            seed=lookup("claims/seed", within=config),
        ),
        figures=aside(list(PUBLISHED)),
    message:
        "Compare what was measured with what the paper shows."
    script:
        "../workflow_scripts/compare_published.py"
