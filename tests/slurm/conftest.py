"""A SLURM cluster for the tests of this folder, or the reason why there is none."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LOCK = "/var/tmp/synergy-slurm-test.lock"  # a second process that asks for the cluster waits until the first is done


def pytest_collection_modifyitems(items):
    """Mark what needs the cluster."""
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("slurm")


@pytest.fixture(scope="session")
def cluster():
    """A running cluster, for one process at a time; stopped at the end, unless it ran before."""
    import slurm_cluster
    from filelock import FileLock

    check = subprocess.run([HERE / "cluster/start", "--check"], capture_output=True, text=True)
    if check.returncode:
        pytest.skip(f"no test cluster here: {check.stdout.strip() or check.stderr.strip()}")
    with FileLock(LOCK):
        ran_before = "is UP" in slurm_cluster.command("scontrol", "ping", check=False)
        try:
            slurm_cluster.script("start")
            yield
        finally:
            for _, head in slurm_cluster.heads:
                head.kill()
                head.wait()
            if not ran_before:
                slurm_cluster.script("stop")
