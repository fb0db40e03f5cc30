# Needs every figure and table. Gives the record of the run, the page that the report opens with, and the last checks.
report: "captions/report.rst"


CHECKS = "tests/results/test_results.py"


localrules:
    record_run,
    summarise,
    check_results,


rule record_run:
    """Save the merged config, code and package versions, what each model was resolved to, and what the run cost."""
    input:
        after=[*STUDY_FIGURES, "<all_claims>", "<score_definitions>", "<agreement>"],
        models=every("prefetch_record", model=STUDY_AND_TWINS),
        problems="<problems_record>",
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
        code=code("record_run"),
        settings=settings(
            config=config,
        ),
        benchmarks=aside(PATHVARS.apply("<benchmarks>")),
    message:
        "Record what the run was made with and what it cost."
    script:
        "../workflow_scripts/record_run.py"


rule summarise:
    """Say in words and tables what was found, claim by claim, and what it was found with."""
    input:
        claims="<all_claims>",
        definitions="<score_definitions>",
        agreement="<agreement>",
        rankings=every("ranking", model=STUDY),
        record="<run_record>",
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
        code=code("summarise"),
        settings=settings(
            models=GEOMETRIES,
            significance=lookup("claims/significance", within=config),
        ),
    message:
        "Say what was found."
    script:
        "../workflow_scripts/summarise.py"


rule check_results:
    """Check the finished artifacts: shapes, symmetry, finiteness, head counts, noise floor, columns, units."""
    input:
        after=[*STUDY_FIGURES, "<all_claims>", "<agreement>", "<summary>"],
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
