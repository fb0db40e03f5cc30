# Needs every figure and table. Gives the record of the run, the page that the report opens with, and the last checks.
report: "captions/report.rst"


localrules:
    record_run,
    summarise,
    check_results,


rule record_run:
    """Save the merged config, code and package versions, what each model was resolved to, and what the run cost."""
    input:
        after=[*STUDY_FIGURES, "<all_claims>", "<score_definitions>", "<agreement>"],
        models=every("prefetch_record", model=STUDY_AND_CONTROLS),
        problems="<problems_record>",
        code=code("record_run"),
    output:
        record=report(
            "<run_record>",
            caption="captions/record_run.rst",
            category="8. Run",
            labels={"model": "all", "figure": "record of the run (JSON)"},
        ),
    log:
        "<logs>/record_run.log",
    benchmark:
        "<benchmarks>/record_run.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        config=config,
        benchmarks=workflow.pathvars.apply("<benchmarks>"),
    script:
        "../workflow_scripts/record_run.py"


rule summarise:
    """Say in words and tables what was found, claim by claim, and what it was found with."""
    input:
        claims="<all_claims>",
        definitions="<score_definitions>",
        agreement="<agreement>",
        rankings=every("ranking", model=config["study"]),
        record="<run_record>",
        code=code("summarise"),
    output:
        summary=report(
            "<summary>",
            caption="captions/summarise.rst",
            category="1. Claims",
            labels={"model": "all", "figure": "what was found (to read first)"},
        ),
    log:
        "<logs>/summarise.log",
    benchmark:
        "<benchmarks>/summarise.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        geometries=GEOMETRIES,
        significance=lookup("claims/significance", within=config),
    script:
        "../workflow_scripts/summarise.py"


rule check_results:
    """Check the finished artifacts: shapes, symmetry, finiteness, head counts, noise floor, columns, units."""
    input:
        after=[*STUDY_FIGURES, "<all_claims>", "<agreement>", "<summary>", "<run_record>"],
        checks=provided("tests/results/test_results.py"),
        code=code("check_results"),
    output:
        checks="<checks>",
    log:
        "<logs>/check_results.log",
    benchmark:
        "<benchmarks>/check_results.jsonl"
    conda:
        "../envs/analysis.yaml"
    params:
        models=STUDY_AND_CONTROLS,
        study=lookup("study", within=config),
    script:
        "../workflow_scripts/check_results.py"
