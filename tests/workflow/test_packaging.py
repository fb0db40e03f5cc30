"""The library installs by pip, and its decomposition needs little of what the workflow needs."""

import json
import shutil
import subprocess
import sys
import tomllib

import pytest
from places import REPOSITORY

import synergy

HEAVY = ("torch", "transformers", "snakemake", "matplotlib", "seaborn", "networkx", "datasets", "statsmodels")
USE = """
import json, sys
import numpy as np
from synergy.phiid.own_series import decompose
found = decompose(np.random.default_rng(0).normal(size=(3, 50)), surrogates=2)
modules = {name.partition(".")[0] for name in sys.modules}
file = sys.modules["synergy"].__file__
print(json.dumps({"sum": float(found["tdmi"].sum().sum()), "modules": sorted(modules), "file": file}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that the package was installed into, without what it depends on and without a network."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "workflow_scripts", source / "workflow_scripts", ignore=ignored)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(source)], check=True, capture_output=True, text=True)
    return folder / "site"


def test_the_decomposition_runs_from_the_package_alone(installed, tmp_path):
    command = [sys.executable, "-c", USE]
    environment = {"PYTHONPATH": str(installed), "PATH": "", "HOME": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    used = json.loads(done.stdout)
    assert used["file"].startswith(str(installed))
    assert used["sum"] > 0
    assert not set(HEAVY) & set(used["modules"])
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {name.partition(">")[0].replace("pyyaml", "yaml") for name in declared}
    known = {"jsonschema", "numba", "numpy", "pandas", "scipy", "tqdm", "yaml"}
    assert named == known
    assert known & set(used["modules"]) >= {"jsonschema", "numba", "numpy", "pandas", "scipy", "tqdm"}


def test_the_package_carries_its_schemas_and_templates_and_one_version(installed):
    files = [path.relative_to(installed) for path in (installed / "synergy").rglob("*") if path.suffix != ".pyc"]
    own = REPOSITORY / "workflow_scripts"
    expected = [
        path.relative_to(own) for path in (own / "synergy").rglob("*") if path.suffix in (".py", ".json", ".html")
    ]
    assert {path for path in files if path.suffix} == set(expected)
    assert f"\nversion: {synergy.__version__}\n" in (REPOSITORY / "CITATION.cff").read_text()
    assert (installed / f"synergistic_core-{synergy.__version__}.dist-info").is_dir()
