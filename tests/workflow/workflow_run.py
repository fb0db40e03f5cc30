"""Running the workflow as a user would, in a copy of the repository or in another folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import command_line
from places import REPOSITORY

# One thread a job, so that two jobs run side by side on two cores.
SMOKE = ("--configfile", "config/smoke.yaml", "--cores", "2", "--set-threads")
THREADS = tuple(
    f"{rule}=1"
    for rule in (
        "record_activations",
        "ablate_heads",
        "score_math",
        "score_solutions",
        "decompose_pairs",
        "decompose_variant",
    )
)
PLANTED = {"environment": "hf_plantedInTheEnvironment0123", ".env": "hf_plantedInTheDotEnvFile0123"}  # tokens of nobody
TARGETS = ("all", "training_trajectory")
EMBEDDED = ("config/demo.yaml", "tests/workflow/embedded.yaml")
SOURCES = ("Snakefile", "rules", "workflow_scripts", "config", "profiles", "envs")


def copy_repository(folder: Path) -> Path:
    """Copy what the workflow is made of, its checks of results, and the tiny models, into `folder`."""
    for name in (*SOURCES, "tests/models", "tests/results"):
        origin, target = REPOSITORY / name, folder / name
        if origin.is_dir():
            shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, target)
    return folder


def snakemake(*arguments: str, cwd: Path = REPOSITORY, check: bool = True) -> str:
    """Run Snakemake; return what it says, on stdout and stderr, as one text."""
    code, said = command_line.run(*arguments, cwd=cwd)
    if check and code:
        raise AssertionError(f"snakemake {' '.join(arguments)} exited with {code}:\n{said[-6000:]}")
    if not check and not code:
        raise AssertionError(f"snakemake {' '.join(arguments)} should have failed:\n{said[-3000:]}")
    return said


def planned_jobs(text: str) -> dict[str, int]:
    """Job counts by rule from the table that Snakemake prints; empty if there was nothing to do."""
    tables = re.findall(r"^Job stats:\n.*?\n-+.*?\n(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    if not tables:
        return {}
    counts = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", tables[0], re.MULTILINE)}
    counts.pop("total")
    return counts


def check_results(folder: Path) -> None:
    """Check the artifacts of a finished run, none of them skipped."""
    # The rule of the same name, called in this process by some tests, names its models in the environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHECKED_")}
    checks = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(REPOSITORY / "tests/results")],
        env=environment | {"RESULTS": str(folder / "results")},
        capture_output=True,
        text=True,
    )
    assert checks.returncode == 0, checks.stdout
    assert "skipped" not in checks.stdout
