# Needs every figure and table. Gives the map to explore, the page of what was found with the record of the run, and the last checks.
report: "captions/report.rst"


CHECKS = "tests/results/test_results.py"
CAPTIONS = [f"rules/captions/{path.name}" for path in sorted((SCRIPTS.parent / "rules/captions").glob("*.rst"))]
HEAD_MAPS = collect(PATHVARS.apply("<figure>_head_map.html"), model=STUDY)
TABLES = {  # that the page links, by what they are of
    "all": every("all_claims") + every("score_definitions") + every("agreement"),
    **{
        model: [
            path
            for name in ("claims", "ranking", "ablation", "math_perturbation", "math_groups")
            for path in every(name, model=model)
        ]
        for model in STUDY
    },
}
# What the map tells about removal: the first order from either end.
REMOVALS = [order for kind in ("synergistic", "redundant") for order in ORDERS if f"-{order}".endswith(f"-{kind}-0")]
REMOVALS = [order for order in REMOVALS if (config["ablation"]["methods"][0] == "mean") == order.startswith("mean-")]


localrules:
    plot_head_map,
    summarise,
    check_results,


rule plot_head_map:
    """Draw the map of all heads that is explored in a browser: hover for a head's numbers, click for its partners."""
    input:
        pairwise="<pairwise>",
        ranking="<ranking>",
        orders=every("order_kl", order=REMOVALS),
    output:
        page=report(
            "<figure>_head_map.html",
            caption="captions/plot_head_map.rst",
            category="2. Synergistic core",
            labels={"model": "{model}", "figure": "head map (interactive)"},
        ),
    log:
        "<logs>/plot_head_map/{model}.log",
    benchmark:
        "<benchmarks>/plot_head_map/{model}.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("plot_head_map"),
        settings=settings(
            names=REMOVALS,
            layers=of_model("layers"),
            heads=of_model("heads"),
        ),
    message:
        "Draw the map of the heads of {wildcards.model}."
    script:
        "../workflow_scripts/plot_head_map.py"


rule summarise:
    """Say on one page what was found, claim by claim and figure by figure, and record what it was found with."""
    input:
        figures=STUDY_FIGURES,
        maps=HEAD_MAPS,
        captions=[ours(path) for path in CAPTIONS],
        claims="<all_claims>",
        definitions="<score_definitions>",
        agreement="<agreement>",
        rankings=every("ranking", model=STUDY),
        summaries=every("ranking_summary", model=STUDY),
        pairwise=every("pairwise", model=STUDY),
        models=every("prefetch_record", model=STUDY_AND_TWINS),
        problems="<problems_record>",
    output:
        summary=report(
            "<summary>",
            caption="captions/summarise.rst",
            category="1. Claims",
            labels={"model": "all", "figure": "what was found (to read first)"},
        ),
        record=report(
            "<run_record>",
            caption="captions/summarise.rst",
            category="8. Run",
            labels={"model": "all", "figure": "record of the run (JSON)"},
        ),
    log:
        "<logs>/summarise.log",
    benchmark:
        "<benchmarks>/summarise.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("summarise", *CAPTIONS),
        settings=settings(
            geometries=GEOMETRIES,
            controls=CONTROLS,
            explained=explained(STUDY_FIGURES),
            tables=TABLES,
            significance=lookup("claims/significance", within=config),
            config=config,
        ),
        benchmarks=aside(PATHVARS.apply("<benchmarks>")),
    message:
        "Say what was found, in {output.summary}."
    script:
        "../workflow_scripts/summarise.py"


rule check_results:
    """Check the finished artifacts: shapes, symmetry, finiteness, head counts, noise floor, columns, units."""
    input:
        after="<summary>",
        record="<run_record>",
        checks=ours(CHECKS),
    output:
        checks="<checks>",
    log:
        "<logs>/check_results.log",
    benchmark:
        "<benchmarks>/check_results.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("check_results", CHECKS),
        settings=settings(
            models=STUDY_AND_TWINS,
            study=STUDY,
        ),
    message:
        "Check the results."
    script:
        "../workflow_scripts/check_results.py"
