"""A complete run of all rules on tiny untrained models of three architectures, and what happens afterwards."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from browser import BROWSER, DRIVER, MISSING, Browser
from declarations import rules
from places import REPOSITORY
from workflow_run import SMOKE, THREADS, check_results, planned_jobs, snakemake

from synergy.files.artifacts import read_json, read_jsonl, read_npz


@pytest.fixture(scope="module")
def run(smoke_run):
    """The folder of the finished run that the tests share."""
    return smoke_run


def plan(folder, *targets):
    return planned_jobs(snakemake("-n", *SMOKE, *THREADS, "--", *targets, cwd=folder))


def test_artifacts_are_right(run):
    check_results(run)


def test_the_run_checks_itself_and_says_what_it_cost(run):
    checks = json.loads((run / "results/checks.json").read_text())
    assert checks["passed"] == len(checks["checks"]) > 40
    assert {"tiny-gemma3", "tiny-gemma3-random", "tiny-neox"} <= set(checks["models"])
    record = json.loads((run / "results/run_record.json").read_text())
    costed = {row["rule"] for row in record["cost"]}
    later = {"summarise", "check_results"}  # the record is made by the one, the other needs it
    assert costed >= {name for name, rule in rules().items() if "trajectory" not in str(rule.snakefile)} - later
    assert not costed & later
    assert record["cost"][0]["seconds"] > 0


def test_every_json_follows_the_schema_that_the_list_of_artifacts_links(run):
    results, schemas = run / "results", {}
    for row in (REPOSITORY / "results/README.md").read_text().splitlines():
        if linked := re.findall(r"schemas/(\w+)\.json", row):  # the problems' record stands below those of the models
            schemas |= dict.fromkeys(results.glob(re.sub(r"<i>-of-<n>|<\w+>", "*", row.split("`")[1])), linked)
    for path, linked in schemas.items():
        assert read_json(path, *linked) if path.suffix == ".json" else read_jsonl(path, *linked)
    found = {path for path in results.rglob("*.json*") if "ranges" not in path.parts}  # the same files, by range
    assert found - schemas.keys() == {results / "checks.json"}  # which nobody reads


@pytest.fixture(scope="module")
def report(run):
    """The report of the run, open in a browser; reading it changes nothing."""
    if not (BROWSER and DRIVER):
        pytest.skip(MISSING)
    with Browser() as browser:
        browser.open((run / "results/report.html").as_uri())
        browser.wait("return document.querySelector('#app').children.length")
        yield browser


def test_the_report_opens_with_the_verdict_on_every_claim_in_words(run, report):
    opening = report.run("return document.querySelector('#app').innerText")
    assert "What was found" in opening
    rows = pd.read_csv(run / "results/claims/claims.csv")
    assert len(rows) == 3 * 8
    counts = rows.value_counts(["model", "verdict"])
    told = [f"{count} {verdict}" for (_, verdict), count in counts.items()]
    assert [words for words in (*rows["statement"], *rows["model"], *told) if words not in opening] == []
    first = "const h = document.querySelector('.found h1'), r = h.getBoundingClientRect(); "
    assert report.run(first + "return document.elementFromPoint(r.left + 3, r.top + 9) === h"), (
        "its start is out of reach"
    )


def test_every_category_and_figure_of_the_report_can_be_reached_and_seen(run, report):
    declared = set()
    for path in (REPOSITORY / "rules").glob("[!t]*.smk"):  # the training trajectory is a study of its own
        declared |= set(re.findall(r'category="(.*?)"', path.read_text()))
    assert set(report.run("return Object.keys(categories)")) == declared
    shown = 0
    for category in sorted(declared):
        report.run("app.setView({navbarMode: 'menu'})")
        report.wait("return document.querySelector('#app').innerText.includes(arguments[0])", category)
        report.run("app.showCategory(arguments[0])", category)
        report.wait("return document.querySelector('tbody')")
        names = report.run("return Object.values(categories[arguments[0]]).flat()", category)
        for name in names:
            caption, labels, mime = report.run(
                "const r = results[arguments[0]]; return [r.caption, r.labels, r.mime_type]", name
            )
            assert len(caption) > 100, f"{name} is not explained"
            assert set(labels) == {"model", "figure"}
            if mime == "image/png":
                # What the button with the eye does.
                report.run("app.setView({content: 'img', contentPath: results[arguments[0]].data_uri})", name)
                seen = "const i = document.querySelector('img[src^=\"data:image/png\"]');"
                report.wait(seen + "return i && i.complete && i.src == results[arguments[0]].data_uri", name)
                width, top = report.run(seen + "return [i.naturalWidth, i.getBoundingClientRect().top]")
                assert width > 600, name
                assert top >= 0, f"{name} has its top out of reach"
                shown += 1
    figures = [path.name for path in (run / "results/figures").glob("*.png")]
    assert shown == len([name for name in figures if not name.endswith("_training_trajectory.png")])
    report.click("tbody tr td:last-child a", 0)  # and a real click on the last category's first button


def test_the_report_needs_no_network_and_its_console_holds_no_error(report):
    assert report.run("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    assert [entry for entry in report.console() if entry["level"] == "SEVERE"] == []


def test_every_job_leaves_a_log_and_a_benchmark(run):
    for name in rules():
        for folder, ending in (("logs", ".log"), ("benchmarks", ".jsonl")):
            found = [*(run / folder).glob(f"{name}{ending}"), *(run / folder / name).rglob(f"*{ending}")]
            assert found, f"{name} left nothing in {folder}/"


def test_long_rules_show_progress_with_rate_and_remaining_time(run):
    for name, unit in (("record_activations", "token/s"), ("ablate_heads", "step/s"), ("score_math", "problem/s")):
        log = next((run / "logs" / name).rglob("*.log")).read_text()
        assert unit in log or unit.replace("/s", "") in log, name
        assert "<" in log


def test_a_second_run_has_nothing_to_do(run):
    assert plan(run, "all") == {}


def test_deleting_one_figure_remakes_one_figure(run):
    (run / "results/figures/tiny-qwen3_graph_cores.png").unlink()
    closing = {"summarise": 1, "check_results": 1, "all": 1}  # these look at the run as a whole
    assert plan(run, "all") == {"plot_graph_cores": 1, **closing}
    snakemake(*SMOKE, *THREADS, cwd=run)
    assert (run / "results/figures/tiny-qwen3_graph_cores.png").is_file()


@pytest.fixture
def edit(run):
    """Function that replaces a text in a file of the finished run's workflow, until the test ends."""
    originals = {}

    def edit(name, old, new):
        path = run / "workflow_scripts" / name
        originals.setdefault(path, path.read_text())
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    yield edit
    for path, text in originals.items():
        path.write_text(text)


def test_words_dates_and_places_rerun_nothing(run, edit, tmp_path):
    edit("synergy/claims/verdicts.py", '"""', '"""Other words. ')
    edit("decide_claims.py", "\nfrom ", "\n# A comment.\nfrom ")
    for path in (run / "workflow_scripts").rglob("*.py"):
        path.touch()
    assert plan(run, "all") == {}
    copy = shutil.copytree(run, tmp_path / "copy")
    assert plan(copy, "all") == {}, "a copy of the folder"
    elsewhere = snakemake("-n", *SMOKE, *THREADS, "--directory", str(run), "--", "all", cwd=copy)
    assert planned_jobs(elsewhere) == {}, "another checkout"


def test_a_changed_function_remakes_what_it_made_and_what_follows(run, edit):
    before = "def decided(claims: Sequence[Claim], model: str, significance: float)"
    edit("synergy/claims/verdicts.py", before, before.replace("float)", "float, _=0)"))
    jobs = plan(run, "all")
    assert {"decide_claims", "merge_claims", "summarise"} <= jobs.keys()
    assert not {"record_activations", "decompose_pairs", "rank_heads", "ablate_heads", "plot_profile"} & jobs.keys()


def test_untrained_models_differ_by_seed(run):
    names = ("tiny-gemma3", "tiny-gemma3-random")
    one, other = (read_npz(run / f"results/activations/{name}_activations.npz")[0]["activations"] for name in names)
    assert not np.allclose(one, other, rtol=0.1)


def test_the_notebook_runs_on_the_results(smoke_run, monkeypatch):
    """Cell by cell in one namespace, as a kernel does."""
    notebook = json.loads((REPOSITORY / "docs/explore.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    monkeypatch.chdir(smoke_run)
    names = {}
    for cell in cells:
        exec(cell.replace('"smollm2-135m"', '"tiny-neox"'), names)
    n_heads = len(names["ranking"])
    assert len(names["pairs"]) == n_heads * (n_heads - 1) // 2
    (first, second), atoms = names["strongest"][0], names["atoms"]
    assert atoms["sts"][0] == pytest.approx(names["matrices"]["sts"][first, second], abs=1e-12)
    assert sum(atom[0] for atom in atoms.values()) > 0
