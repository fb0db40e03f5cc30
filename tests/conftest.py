"""Put the library and the scripts on the path, as the workflow does for a script."""

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY / "workflow_scripts"))


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """The folder of a finished run of the smoke study, in a copy of the repository, for all tests that look at one."""
    from declarations import rules
    from workflow_run import SMOKE, THREADS, copy_repository, planned_jobs, snakemake

    folder = copy_repository(tmp_path_factory.mktemp("smoke"))
    jobs = planned_jobs(snakemake(*SMOKE, *THREADS, cwd=folder))
    assert jobs.keys() == rules().keys() | {"all"}
    return folder


@pytest.fixture(scope="session")
def embedded_run(tmp_path_factory):
    """The same of the embedded model, with few prompts and steps."""
    from workflow_run import EMBEDDED, copy_repository, snakemake

    folder = copy_repository(tmp_path_factory.mktemp("embedded"))
    (folder / "tests/workflow").mkdir()
    (folder / EMBEDDED[1]).write_text((REPOSITORY / EMBEDDED[1]).read_text())
    snakemake("--configfile", *EMBEDDED, "--cores", "2", cwd=folder)
    return folder
