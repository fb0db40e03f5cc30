"""What made an artifact: rule, parameters, code version, model and package versions."""

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from synergy import __version__

PACKAGES = ("numpy", "scipy", "numba", "pandas", "networkx", "matplotlib", "torch", "transformers", "snakemake")


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
        ``code_version``, ``python``, ``packages``.
    """
    return {
        "made_by": made_by,
        "parameters": parameters,
        "model": (upstream or {}).get("model"),
        "code_version": code_version(),
        "python": platform.python_version(),
        "packages": package_versions(),
    }


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
    """Versions of the installed packages that decide results, without importing them."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            # An analysis environment without torch is a normal one.
            print(f"provenance: {name} is not installed", file=sys.stderr)
    return versions
