"""Models of the hub: download into a cache that resumes, check what came, and link it into a folder."""

import os
import re
import time
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.files.folders import link_or_copy, room_on_disk
from synergy.models.model_folder import patterns, wanted
from synergy.prefetch.hub import hub_errors, hub_token

ABANDONED_S = 24 * 3600  # a partial download that nobody has written to for so long


def fetch_from_hub(folder: Path, source: dict, random_weights: bool, cache: Path) -> str:
    """Fill `folder` with a repository's config, tokenizer and safetensors, as they are at one commit.

    A connection that breaks is taken up again at the same byte a few times; if it stays broken, the files that are
    complete are kept in `cache` and the next call fetches the others. Without network, a complete copy in the cache
    is used.

    Parameters
    ----------
    source : dict
        ``hub``: repository id; ``revision``: branch, tag or commit.
    random_weights : bool
        Leave the weights behind.

    Returns
    -------
    str
        The commit.

    Raises
    ------
    InputError
        If the hub refuses, does not answer, or sends other bytes than it announced.
    """
    repository, revision = source["hub"], source["revision"]
    _delete_abandoned(cache / f"models--{repository.replace('/', '--')}")
    token = hub_token()
    with room_on_disk(cache), hub_errors(f"{repository} at revision {revision}", token):
        snapshot = _snapshot(repository, revision, patterns(random_weights), cache, token)
    # The cache may hold more: weights, where this model is to be random.
    for name in wanted((path.name for path in snapshot.iterdir()), random_weights):
        _require_announced_hash(snapshot / name, repository)
        link_or_copy((snapshot / name).resolve(), folder / name)
    return snapshot.name  # a snapshot's folder bears the name of its commit


def _snapshot(repository: str, revision: str, allowed: tuple[str, ...], cache: Path, token: str | None) -> Path:
    """Folder of the cache with the allowed files of a revision, at the top of the repository."""
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = {
        "revision": revision,
        "cache_dir": cache,
        "allow_patterns": list(allowed),
        "ignore_patterns": ["*/*"],  # to fnmatch, * also means /
        "token": token or False,
        "max_workers": 1,  # one file after the other: the more of them are complete when a connection breaks
    }
    try:
        # Asked first with a time limit: snapshot_download would wait for ever where a firewall swallows packets.
        HfApi(token=token or False).model_info(repository, revision=revision, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)
    except Exception as error:
        try:
            copy = Path(snapshot_download(repository, **asked, local_files_only=True))
        except LocalEntryNotFoundError:
            raise error from None
        print(
            f"{type(error).__name__}: no answer from the hub; taking the complete copy of commit {copy.name} in {cache}"
        )
        return copy
    return Path(snapshot_download(repository, **asked))


def _require_announced_hash(path: Path, repository: str) -> None:
    """Compare a large file with the hash that the hub announced for it; the cache names its content by that."""
    announced = Path(os.readlink(path)).name if path.is_symlink() else ""
    if not re.fullmatch("[0-9a-f]{64}", announced):  # small, or a file system without links
        return
    found = sha256(path)
    if found != announced:
        path.resolve().unlink()
        path.unlink()
        raise InputError(
            f"{path.name} of {repository} with sha256 {announced}, as the hub announced it",
            f"sha256 {found}",
            "the file was damaged on its way and is deleted now; run again to fetch it anew",
        )


def _delete_abandoned(repository: Path) -> None:
    """Delete what killed downloads left; running ones of other processes are written to all the time."""
    for path in repository.glob("blobs/*.incomplete"):
        if time.time() - path.stat().st_mtime > ABANDONED_S:
            path.unlink(missing_ok=True)
