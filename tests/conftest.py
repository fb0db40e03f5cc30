"""A hub for the tests, the variables that loading a model changes, and the runs that several files look at.

Tests run in two processes side by side, as the Makefile calls pytest. A file of tests stays together, and so do all
files that look at one whole run.
"""

import ast
import functools
import gc
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from places import REPOSITORY

OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
WHOLE_RUNS = ("cluster", "smoke_run", "embedded_run")
SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ
if SIDE_BY_SIDE:  # a second thread of each process would only wait for the other process
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@functools.cache
def one_process(file):
    """What one process does beside a file of tests: all of the whole run that a test in it asks for, or nothing."""
    functions = (
        node for node in ast.walk(ast.parse((REPOSITORY / file).read_text())) if isinstance(node, ast.FunctionDef)
    )
    asked = {argument.arg for function in functions for argument in function.args.args}
    return next((run for run in WHOLE_RUNS if run in asked), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Say which tests one process does. The groups of pytest-xdist 3.8 are ignored, in silence, under pytest 9.2."""
    from xdist.scheduler import LoadFileScheduling

    class WholeRuns(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return one_process(super()._split_scope(nodeid))

    return WholeRuns(config, log)


def pytest_collection_finish():
    """Keep what was imported out of garbage collections: statsmodels asks for one at every correction of p-values."""
    gc.freeze()


def made_once(factory, name, make):
    """A folder that `make` fills, in whichever process needs it first; the other waits for it."""
    from filelock import FileLock

    root = Path(factory.getbasetemp())
    root = root.parent if SIDE_BY_SIDE else root
    folder, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            assert not folder.exists(), f"{folder} was not finished; the first test that asked for it says why"
            make(folder)
            done.touch()
    return folder


@pytest.fixture(autouse=True)
def network_as_before():
    """Undo what loading a model does to its process: it goes offline for good."""
    before = {name: os.environ.get(name) for name in OFFLINE}
    yield
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    if "huggingface_hub.constants" in sys.modules:
        sys.modules["huggingface_hub.constants"].HF_HUB_OFFLINE = bool(before["HF_HUB_OFFLINE"])


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A stand-in hub that this process and those it starts talk to; no login, a working directory of its own."""
    import datasets
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http
    from stand_in_hub import StandInHub

    with StandInHub() as server:
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", *OFFLINE):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf_home")}.items():
            monkeypatch.setenv(name, value)
        # The libraries read these variables once, when they are imported, which may be long ago.
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf_home/hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf_home/token"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        for name in ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT", "DEFAULT_REQUEST_TIMEOUT"):
            monkeypatch.setattr(constants, name, 10)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.url)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        for module in (file_download, _http):  # their pauses before another try
            clock = SimpleNamespace(**{**vars(module.time), "sleep": lambda seconds: None})
            monkeypatch.setattr(module, "time", clock)
        _http.close_session()
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield server
        _http.close_session()


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """The folder of a finished run of the smoke study, in a copy of the repository, for all tests that look at one.

    Tokens were planted in its environment and its `.env`, which no file that it made may show. Its report is made too.
    """
    from declarations import rules
    from workflow_run import PLANTED, SMOKE, TARGETS, THREADS, copy_repository, planned_jobs, snakemake

    def make(folder):
        copy_repository(folder)
        (folder / ".env").write_text(f"HF_TOKEN={PLANTED['.env']}\n")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("HF_TOKEN", PLANTED["environment"])
            jobs = planned_jobs(snakemake(*SMOKE, *THREADS, "--", *TARGETS, cwd=folder))
        assert jobs.keys() == rules().keys() | set(TARGETS)
        snakemake(*SMOKE, *THREADS, "--report", "results/report.html", cwd=folder)

    return made_once(tmp_path_factory, "smoke", make)


@pytest.fixture(scope="session")
def embedded_run(tmp_path_factory):
    """The same of the embedded model, with few prompts and steps."""
    from workflow_run import EMBEDDED, copy_repository, snakemake

    def make(folder):
        copy_repository(folder)
        (folder / "tests/workflow").mkdir()
        (folder / EMBEDDED[1]).write_text((REPOSITORY / EMBEDDED[1]).read_text())
        snakemake("--configfile", *EMBEDDED, "--cores", "2", cwd=folder)

    return made_once(tmp_path_factory, "embedded", make)
