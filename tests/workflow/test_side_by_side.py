"""Tests in two processes: what must not happen twice is asked for by one of them."""

import shutil
import subprocess
import sys

from places import REPOSITORY

WRITE = """
import os, pytest

@pytest.fixture(scope="session", name="{fixture}")
def fixture():
    pass

@pytest.mark.parametrize("i", range(5))
def test(i, {fixture}):
    with open("{folder}/{name}-" + os.environ["PYTEST_XDIST_WORKER"], "a") as done:
        print(i, file=done)
"""


def test_a_file_and_all_files_of_one_whole_run_are_one_processs(tmp_path):
    for name in ("conftest.py", "places.py"):
        (tmp_path / "tests").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "tests" / name, tmp_path / "tests" / name)
    files = dict(a="cluster", b="smoke_run", c="other", d="cluster", e="other", f="smoke_run", g="cluster")
    for name, fixture in files.items():
        test = WRITE.format(fixture=fixture, folder=tmp_path, name=name)
        (tmp_path / f"tests/test_{name}.py").write_text(test)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = tests\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "35 passed" in done.stdout, done.stdout + done.stderr
    made = [path.name.split("-") for path in tmp_path.glob("?-gw?")]
    assert sorted(name for name, _ in made) == sorted(files), "a file was done by two processes"
    for run in ("cluster", "smoke_run"):
        assert len({worker for name, worker in made if files[name] == run}) == 1, run
    assert {worker for _, worker in made} == {"gw0", "gw1"}


def test_every_test_that_asks_for_a_whole_run_is_in_a_file_that_says_so(request):
    ours = request.config.pluginmanager.getplugin(str(REPOSITORY / "tests/conftest.py"))
    for item in request.session.items:
        run = next((run for run in ours.WHOLE_RUNS if run in item.fixturenames), None)
        if run:
            assert ours.one_process(item.location[0]) == run, item.nodeid
    assert ours.one_process("tests/slurm/test_faults.py") == "cluster"
