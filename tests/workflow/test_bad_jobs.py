"""Every script refuses every bad input of the table in one message of three parts, and leaves everything as it was."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import bad_jobs
import bad_tables
import pytest
from bad_jobs import BadJob
from command_line import CommandLine
from damage import Job, garbage, spoil
from declarations import REPOSITORY, rules
from workflow_run import SMOKE, THREADS

TABLE: list[BadJob] = [
    *(bad_jobs.ACTIVATIONS + bad_jobs.PAIRS + bad_jobs.MODELS + bad_jobs.PROMPTS + bad_jobs.MATH + bad_jobs.REMOVAL),
    *(bad_tables.FIGURES + bad_tables.COMPARISONS + bad_tables.CLAIMS),
]
MESSAGE = re.compile(r"^ERROR: Expected (.+?); found (.+?)\.\n +Hint: (.+)", re.DOTALL | re.MULTILINE)
NOT_READ = ("code", "after", "checks")  # modules and the checks themselves; what must be there first
BEFORE = b"made before"


@pytest.fixture(scope="session")
def planned(smoke_run, tmp_path_factory):
    """What Snakemake would give the scripts of a finished run, all jobs of it."""
    folder = tmp_path_factory.mktemp("planned")
    with CommandLine(folder) as command_line:
        targets = ("--", "all", "training_trajectory")
        directory = ("--directory", str(smoke_run), "--nolock")
        code, said = command_line.run(
            "-n", "--forceall", *directory, *SMOKE, *THREADS, *targets, jobs=folder / "jobs.json"
        )
    assert code == 0, said
    return json.loads((folder / "jobs.json").read_text())


@pytest.fixture
def run(planned, smoke_run, tmp_path, monkeypatch):
    """Function that runs the script of a rule, as Snakemake does, on damaged input; returns what it says at the end."""
    monkeypatch.chdir(smoke_run)
    for name in ("RESULTS", "CHECKED_MODELS", "CHECKED_STUDY"):
        monkeypatch.setenv(name, "restored afterwards")

    def run(rule: str, damage, needs: str = "code") -> tuple[str, str, str]:
        found = [job for job in planned if job["rule"] == rule and job["input"][needs]]
        found = [job for job in found if job["wildcards"].get("model") in ("tiny-neox", None)] or found
        made = tmp_path / "made"
        output = {name: str(made / Path(path).name) for name, path in found[0]["output"].items()}
        planned_job = json.loads(json.dumps(found[0]))
        parts = {name: planned_job[name] for name in ("input", "params", "wildcards")}
        made.mkdir()
        job = Job(**parts, output=output, scratch=tmp_path)
        damage(job)
        for path in map(Path, output.values()):
            path.write_bytes(BEFORE)
        left = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
        log = tmp_path / "job.log"
        given = {name: Named(getattr(job, name)) for name in ("input", "output", "params", "wildcards")}
        snakemake = SimpleNamespace(**given, threads=1, log=[str(log)])
        script = REPOSITORY / "workflow_scripts" / f"{rules()[rule].script}.py"
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(script), {"snakemake": snakemake}, "__main__")
        said = log.read_text()
        assert ended.value.code == 1, said
        assert "Traceback" not in said
        assert said.count("ERROR: ") == 1, said
        messages = MESSAGE.findall(said)
        assert len(messages) == 1, said
        assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == left
        return messages[0]

    return run


class Named(SimpleNamespace):
    """Values by name, as attributes and by `get`, like Snakemake's own."""

    def __init__(self, values: dict):
        super().__init__(**values)

    def get(self, name, default=None):
        return getattr(self, name, default)


@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: f"{bad.rule}: {bad.what}")
def test_a_script_says_expected_found_and_what_to_do(run, bad):
    expected, found, hint = run(bad.rule, bad.damage)
    assert re.search(bad.expected, expected), expected
    assert re.search(bad.found, found), found
    assert re.search(bad.hint, hint), hint


def inputs() -> list[tuple[str, str]]:
    """Each file that each script reads, but for folders of models."""
    return [
        (rule.name, name)
        for rule in rules().values()
        for name in sorted(rule.names("input") - {*NOT_READ, "model"})
        if rule.name == rule.script
    ]


@pytest.mark.parametrize(("rule", "name"), inputs(), ids=lambda value: value)
def test_bytes_that_are_no_file_of_its_kind_are_refused(run, planned, rule, name):
    job = {}

    def damage(own):
        spoil(name, garbage)(own)
        job["files"] = [
            path for value in own.input.values() for path in (value if isinstance(value, list) else [value])
        ]

    expected, found, hint = run(rule, damage, needs=name)
    assert hint
    assert any(path in expected + found for path in job["files"])


def test_the_table_is_long_and_has_every_rule_with_a_script():
    assert len(TABLE) >= 60
    assert len({(bad.rule, bad.what) for bad in TABLE}) == len(TABLE)
    assert {bad.rule for bad in TABLE} == set(rules())
