"""Every script refuses what it cannot use in one message of three parts, and leaves everything as it was.

Which values each reader refuses is tested with the reader, and any bytes at all in `test_readers_fuzz`.
"""

import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import command_line
import pytest
from check_results import check_results
from declarations import names, rules, script_of
from test_imports import SCRIPTS
from workflow_run import SMOKE, TARGETS, THREADS

from synergy.files.errors import InputError

MESSAGE = re.compile(r"^ERROR: Expected (.+?); found (.+?)\.\n +Hint: (.+)", re.DOTALL | re.MULTILINE)
# What must be there first, the checks themselves, sentences of ours, and pages that are linked.
NOT_READ = ("after", "checks", "captions", "maps")
BEFORE = b"made before"
KEEPING = ("record_activations", "merge_pairs", "rank_heads", "merge_ablation")


@pytest.fixture(scope="module")
def planned(smoke_run):
    """What Snakemake would give the scripts of a finished run, all jobs of it."""
    options = ("--forceall", "--nolock", "--directory", str(smoke_run), *SMOKE, *THREADS)
    return command_line.planned(*options, "--", *TARGETS)


@pytest.fixture
def refuse(planned, smoke_run, tmp_path, monkeypatch):
    """Function that runs the script of a rule, as Snakemake does, on a damaged input; returns what it says at the end.

    `damage` spoils a copy of the input `name`.
    """
    monkeypatch.chdir(smoke_run)

    def refuse(rule, name, damage):
        job = next(job for job in planned if job["rule"] == rule and job["input"][name])
        given = job["input"][name]
        origin = Path(given[0] if isinstance(given, list) else given)
        copy, made, log = tmp_path / "spoilt" / origin.name, tmp_path / "made", tmp_path / "job.log"
        copy.parent.mkdir()
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, copy)
        damage(copy)
        inputs = {**job["input"], name: [str(copy), *given[1:]] if isinstance(given, list) else str(copy)}
        outputs = {name: placed(made, path) for name, path in job["output"].items()}
        made.mkdir()
        # What lies there is a user's own to these, and would be what is refused.
        before = {} if rule in KEEPING else dict.fromkeys(flat(outputs), BEFORE)
        for path, content in before.items():
            Path(path).write_bytes(content)
        parts = {"input": inputs, "output": outputs, "params": job["params"], "wildcards": job["wildcards"]}
        snakemake = SimpleNamespace(**{part: Named(values) for part, values in parts.items()}, threads=1, log=[log])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(SCRIPTS / Path(job["script"]).name), {"snakemake": snakemake}, "__main__")
        said = log.read_text()
        assert ended.value.code == 1, said
        assert "Traceback" not in said
        assert said.count("ERROR: ") == 1, said
        (message,) = MESSAGE.findall(said)
        assert {str(path): path.read_bytes() for path in made.rglob("*")} == before
        assert any(path in " ".join(message) for path in flat(inputs)), "no file is named"
        return message

    return refuse


def placed(folder: Path, path: str | list[str]) -> str | list[str]:
    """Where an output is put, or a list of outputs."""
    return [placed(folder, each) for each in path] if isinstance(path, list) else str(folder / Path(path).name)


def flat(files: dict) -> list[str]:
    """All paths of inputs or outputs by name, of which some are lists."""
    return [path for value in files.values() for path in (value if isinstance(value, list) else [value])]


class Named(SimpleNamespace):
    """Values by name, as attributes and by `get`, like Snakemake's own."""

    def __init__(self, values: dict):
        super().__init__(**values)

    def get(self, name, default=None):
        return getattr(self, name, default)


def cut_short(path: Path) -> None:
    """Leave the first byte of a file; of a model's folder, of its config; of a range's folder, of its first file."""
    if path.is_dir():
        config = path / "config.json"
        path = config if config.exists() else min(path.iterdir())
    path.write_bytes(path.read_bytes()[:1])


INPUTS = [
    (rule.name, name)
    for rule in rules().values()
    for name in sorted(names(rule.input) - set(NOT_READ))
    if rule.name == script_of(rule)
]


@pytest.mark.parametrize(("rule", "name"), INPUTS, ids=str)
def test_a_file_that_was_cut_short_is_refused(refuse, rule, name):
    refuse(rule, name, cut_short)


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [("tokenizer.json", "{", "tokenizer"), ("config.json", '{"model_type": "abacus"}', "abacus")],
)
def test_a_model_that_cannot_be_loaded_is_refused(refuse, file, content, found):
    message = refuse("record_activations", "model", lambda folder: (folder / file).write_text(content))
    assert found in " ".join(message)
    assert re.search("prefetch|stanza", message[2])


def test_results_that_lack_a_head_fail_the_checks(planned, smoke_run, tmp_path, monkeypatch):
    """The real checks of finished artifacts, on results of which one ranking lost its last row."""
    results = tmp_path / "results"
    shutil.copytree(smoke_run / "results", results, ignore=shutil.ignore_patterns("checks.json"))
    ranking = results / "phiid_scores/tiny-neox_head_rankings.csv"
    ranking.write_text("".join(ranking.read_text().splitlines(keepends=True)[:-1]))
    for name in ("RESULTS", "CHECKED_MODELS", "CHECKED_STUDY"):
        monkeypatch.setenv(name, "restored afterwards")
    (job,) = [job for job in planned if job["rule"] == "check_results"]
    tests = shutil.copy(job["input"]["checks"], tmp_path / "test_once_more.py")  # pytest imports by name
    record, models = job["input"]["record"], ["tiny-neox"]
    with pytest.raises(InputError, match=r"test_ranking_follows_from_the_matrices.*failed"):
        check_results(str(tests), str(results), record, models, [], str(results / "checks.json"))
    assert not (results / "checks.json").exists()
