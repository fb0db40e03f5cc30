"""Models of the hub: download into a cache that resumes, check what came, and link it into a folder."""

import os
import re
import time
from collections.abc import Callable
from functools import partial
from glob import escape
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.files.folders import link_or_copy, room_on_disk
from synergy.models.model_folder import (
    INDEX,
    SAFETENSORS_HINT,
    files_in,
    require_listed,
    require_plain_weights,
    small_files,
    weight_files,
)
from synergy.prefetch.hub import hub_errors, hub_token

ABANDONED_S = 24 * 3600  # a partial download that nobody has written to for so long


def fetch_from_hub(
    folder: Path,
    source: dict,
    random_weights: bool,
    cache: Path,
    check: Callable[[Path], object] = lambda folder: None,
) -> str:
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
    check : callable
        Called with `folder` when config and tokenizer are there, before any weights are fetched.

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
        names, offline = _listing(repository, revision, cache, token)
        fetch = partial(_snapshot, repository, cache=cache, token=token, offline=offline)
        snapshot = fetch(revision, [*small_files(names), *({INDEX} & set(names))])
    _take(folder, snapshot, small_files(names), repository)
    if not random_weights:
        require_plain_weights(names, repository)
        wanted = weight_files(snapshot, names)
        require_listed(names, wanted, repository, SAFETENSORS_HINT)
    check(folder)
    if not random_weights:
        with room_on_disk(cache), hub_errors(f"{repository} at revision {revision}", token):
            snapshot = fetch(snapshot.name, wanted)  # by the commit: a branch may have moved on meanwhile
        _take(folder, snapshot, wanted, repository)
    return snapshot.name  # a snapshot's folder bears the name of its commit


def _listing(repository: str, revision: str, cache: Path, token: str | None) -> tuple[list[str], Exception | None]:
    """Paths of all files of a revision; and, if they are those of a copy in the cache, why the hub was not asked."""
    from huggingface_hub import HfApi, constants, get_cached_repo_tree, snapshot_download
    from huggingface_hub.errors import CachedRepoTreeNotFoundError, LocalEntryNotFoundError

    wait_s = constants.HF_HUB_DOWNLOAD_TIMEOUT
    asked = {"revision": revision, "cache_dir": cache}
    try:
        # Asked first with a time limit: snapshot_download would wait for ever where a firewall swallows packets.
        found = HfApi(token=token or False).model_info(repository, revision=revision, timeout=wait_s)
        return [file.rfilename for file in found.siblings], None
    except Exception as error:
        try:
            copy = snapshot_download(repository, **asked, allow_patterns=[], local_files_only=True)
            names = [file.path for file in get_cached_repo_tree(repository, **asked)]
        except CachedRepoTreeNotFoundError:
            names = files_in(copy)
        except LocalEntryNotFoundError:
            raise error from None
        return names, error


def _snapshot(
    repository: str, revision: str, names: list[str], cache: Path, token: str | None, offline: Exception | None
) -> Path:
    """Folder of the cache with files of a revision."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked = {
        "revision": revision,
        "cache_dir": cache,
        "allow_patterns": [escape(name) for name in names],
        "token": token or False,
        "max_workers": 1,  # one file after the other: the more of them are complete when a connection breaks
    }
    if offline is None:
        return Path(snapshot_download(repository, **asked))
    try:
        copy = Path(snapshot_download(repository, **asked, local_files_only=True))
    except LocalEntryNotFoundError:
        raise offline from None
    print(f"{type(offline).__name__}: no answer from the hub; {len(names)} files of commit {copy.name} are in {cache}")
    return copy


def _take(folder: Path, snapshot: Path, names: list[str], repository: str) -> None:
    """Link those of the files that the snapshot holds into the folder, once their hashes are right."""
    for name in names:
        if (snapshot / name).exists():
            _require_announced_hash(snapshot / name, repository)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            link_or_copy((snapshot / name).resolve(), folder / name)


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
