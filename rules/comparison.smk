# Needs the artifacts of every model of the study and of their untrained controls. Gives the figures across models.


rule compare_models:
    """Plot profiles, ablation curves and graph metrics of all models of the study together (Fig. 3c)."""
    input:
        rankings=every("ranking", model=STUDY_AND_CONTROLS),
        metrics=every("graph_metrics", model=STUDY_AND_CONTROLS),
        ablations=every("ablation", model=config["study"]),
        published_profiles=provided("config/published/fig2c_layer_profile.csv"),
        published_graphs=provided("config/published/fig3c_graph_metrics.csv"),
        code=code("compare_models"),
    output:
        profiles=report(
            "<results>/figures/multi_model_profiles.png",
            caption="captions/compare_models.rst",
            category="Across models",
            labels={"model": "all", "figure": "layer profiles"},
        ),
        profiles_vector="<results>/figures/multi_model_profiles.pdf",
        ablation=report(
            "<results>/figures/multi_model_ablation.png",
            caption="captions/compare_models.rst",
            category="Across models",
            labels={"model": "all", "figure": "ablation"},
        ),
        ablation_vector="<results>/figures/multi_model_ablation.pdf",
        graph_metrics=report(
            "<results>/figures/multi_model_graph_metrics.png",
            caption="captions/compare_models.rst",
            category="Across models",
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
        models=STUDY_AND_CONTROLS,
        ablation_models=lookup("study", within=config),
    script:
        "../workflow_scripts/compare_models.py"


rule record_run:
    """Save the merged config, code and package versions, and what each model was resolved to."""
    input:
        models=every("prefetch_record", model=STUDY_AND_CONTROLS),
        problems="<problems_record>",
        code=code("record_run"),
    output:
        record="<run_record>",
    log:
        "<logs>/record_run.log",
    benchmark:
        "<benchmarks>/record_run.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        config=config,
    script:
        "../workflow_scripts/record_run.py"
