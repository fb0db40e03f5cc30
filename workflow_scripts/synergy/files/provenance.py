"""What made an artifact: rule, parameters, code version, model and package versions."""

import json
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from synergy import __version__
from synergy.files.code_identity import LIBRARY, script_code

SCRIPTS = LIBRARY.parent
# Those of envs/ that decide numbers or figures; an environment has the part of them that its rules need.
PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "pandas",
    "statsmodels",
    "networkx",
    "python-louvain",
    "matplotlib",
    "seaborn",
    "torch",
    "transformers",
    "gguf",
    "datasets",
    "math-verify",
)


def provenance(made_by: str, parameters: dict, upstream: dict | None = None) -> dict:
    """Describe the making of an artifact.

    Parameters
    ----------
    made_by : str
        Name of the rule.
    parameters : dict
        The values of the config that the rule used.
    upstream : dict, optional
        Provenance of the input that it was made from; its ``model`` travels on.

    Returns
    -------
    dict
        ``made_by``, ``parameters``, ``model`` (source and resolved revision, None where no model was involved),
        ``code`` (identity of the code that the rule's script runs), ``code_version``, ``python``, ``packages``.
    """
    return {
        "made_by": made_by,
        "parameters": parameters,
        "model": (upstream or {}).get("model"),
        "code": rule_code(made_by),
        "code_version": code_version(),
        "python": platform.python_version(),
        "packages": package_versions(),
    }


@cache
def rule_code(name: str) -> str | None:
    """Identity of the code that the script of a rule runs (see `code_identity`); None if there is no such script."""
    script = SCRIPTS / f"{name}.py"
    return script_code(script) if script.is_file() else None


def rule_codes() -> dict[str, str]:
    """Identity of the code of every script, by its name."""
    return {path.stem: rule_code(path.stem) for path in sorted(SCRIPTS.glob("*.py"))}


def made_by_other_code(results: str | Path, codes: Mapping[str, str]) -> list[str]:
    """Artifacts (npz, JSON) under `results` whose provenance names other code than `codes` has for their rule.

    Snakemake remakes what its own records say was made by other code; without these records, in a copy of the results
    alone, only the artifacts can tell.
    """
    found = []
    for path in sorted(Path(results).rglob("*.npz")) + sorted(Path(results).rglob("*.json")):
        note = _read_note(path)
        if note.get("made_by") in codes and note.get("code") != codes[note["made_by"]]:
            found.append(str(path.relative_to(results)))
    return found


def _read_note(path: Path) -> dict:
    if path.suffix == ".json":
        record = json.loads(path.read_text(encoding="utf-8"))
        return record.get("provenance", {}) if isinstance(record, dict) else {}
    with np.load(path, allow_pickle=False) as arrays:
        return json.loads(str(arrays["provenance"])) if "provenance" in arrays.files else {}


@cache
def code_version() -> str:
    """Version of this library, with the git commit where the code is a checkout."""
    try:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__}+{commit}"


@cache
def package_versions() -> dict[str, str]:
    """Versions of those `PACKAGES` that are installed."""
    return {name: found for name, found in versions_of(*PACKAGES).items() if found}


def versions_of(*packages: str) -> dict[str, str | None]:
    """Versions of installed packages, None of those that are not, without importing them."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
