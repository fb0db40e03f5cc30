"""Conda environments, pip pins, tools and the Makefile name the same versions."""

import re
import tomllib

import pytest
import yaml
from places import REPOSITORY

from synergy.files.provenance import PACKAGES

PIN = re.compile(r"^([\w.-]+)==([\w.+]+)$", re.MULTILINE)


def conda_pins(env: str) -> dict[str, str]:
    """Versions in an environment of conda, by name as pip compares names."""
    dependencies = yaml.safe_load((REPOSITORY / f"envs/{env}.yaml").read_text())["dependencies"]
    return by_name(PIN.findall("\n".join(dependencies[-1]["pip"])))


def pins(name: str) -> dict[str, str]:
    """Versions in a file of pip, likewise."""
    return by_name(PIN.findall((REPOSITORY / "envs" / name).read_text()))


def by_name(found: list[tuple[str, str]]) -> dict[str, str]:
    assert len(found) == len({package.lower() for package, _ in found}), "a package twice"
    return {re.sub(r"[-_.]+", "-", package.lower()): version for package, version in found}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.parametrize("env", ["analysis", "models"])
def test_conda_environments_name_the_pinned_versions(env):
    listed = conda_pins(env)
    assert listed
    assert listed.items() <= pins("requirements.txt").items()


def test_everything_that_is_installed_is_pinned_and_to_one_version():
    required, constrained = pins("requirements.txt"), pins("constraints.txt")
    for name in ("requirements.txt", "constraints.txt"):
        lines = (REPOSITORY / "envs" / name).read_text().splitlines()
        assert all(PIN.match(line) or line.startswith("#") or not line.strip() for line in lines)
    both = required.keys() & constrained.keys()
    assert {package: required[package] for package in both} == {package: constrained[package] for package in both}


def test_every_place_names_the_same_python():
    makefile = (REPOSITORY / "Makefile").read_text()
    major, minor = re.search(r"sys.version_info < \((\d+), (\d+)\)", makefile).groups()
    python = f"{major}.{minor}"
    assert f"Expected Python >= {python};" in makefile
    assert f"PYTHON=python{python}" in makefile
    for env in ("analysis", "models"):
        assert f"python={python}" in yaml.safe_load((REPOSITORY / f"envs/{env}.yaml").read_text())["dependencies"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert project["tool"]["ruff"]["target-version"] == f"py{major}{minor}"
    assert project.get("project", {}).get("requires-python", f">={python}") == f">={python}"
    assert f"Python ≥ {python}" in (REPOSITORY / "README.md").read_text()


def test_the_installed_snakemake_is_new_enough():
    least = re.search(r'min_version\("(.+?)"\)', (REPOSITORY / "Snakefile").read_text())[1]
    assert numbers(pins("requirements.txt")["snakemake"]) >= numbers(least)


# What reads, fetches, writes or starts things, and decides no number.
CARRIERS = ("accelerate", "huggingface-hub", "jsonschema", "pyyaml", "safetensors", "tqdm")
CARRIERS += ("altair", "docutils", "jinja2", "pillow", "vl-convert-python")  # of pages


def test_provenance_names_what_decides_numbers_in_the_environments():
    installed = set().union(*(conda_pins(env) for env in ("analysis", "models")))
    assert set(PACKAGES) == installed - {*CARRIERS, "pytest"}
