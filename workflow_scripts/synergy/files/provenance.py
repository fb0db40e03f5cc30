"""What made an artifact: rule, parameters, code version, model and package versions."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from synergy import __version__

# Those of envs/ that decide numbers or figures; an environment has the part of them that its rules need.
PACKAGES = (
    *("numpy", "scipy", "numba", "pandas", "statsmodels", "networkx", "python-louvain", "matplotlib", "seaborn"),
    *("torch", "transformers", "gguf", "datasets", "math-verify"),
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
