"""The hub of models and data sets, online: the token, what may be logged, and what its errors mean to a user."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from glob import escape
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.files.folders import disk_is_full, link_or_copy, room_on_disk
from synergy.models.model_folder import (
    INDEX,
    SAFETENSORS_HINT,
    files_in,
    require_listed,
    require_plain_weights,
    small_files,
    weight_files,
)

SECRETS = (
    (re.compile(r"(https?://)[^/\s@'\"]+@"), r"\1***@"),  # name and password of a proxy
    (re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), r"\1?***"),  # the signature of an address
    (re.compile(r"(Bearer )\S+"), r"\1***"),
    (re.compile(r"\bhf_\w{8,}"), "hf_***"),
)
TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # the second is the library's former name for it
STARTED_FROM = "SYNERGY_STARTED_FROM"  # set by the workflow, which may run in another folder (--directory)
QUOTES = "\"'`"
DOTENV_LINE = re.compile(  # also as a Unix shell, cmd and PowerShell set it
    rf"\s*(?:export\s+|set\s+|\$env:)?(?P<quote>[\"']?)(?P<name>{'|'.join(TOKEN_NAMES)})\s*=\s*(?P<value>.*?)\s*$"
)
TOKEN_HINT = "put a token that can read it into HF_TOKEN, in the environment or in .env (see .env.example)"
LICENCE_HINT = "accept the licence on the model's page on the hub, logged in as the owner of the token, and"


ABANDONED_S = 24 * 3600  # a partial download that nobody has written to for so long


def hub_token(folders: Sequence[str | Path] | None = None) -> str | None:
    """The token that goes with requests: that of the environment, else of a file ``.env``, else of the hub's login.

    Parameters
    ----------
    folders : optional
        Where a file ``.env`` is looked for; by default in the working directory, then where the run was started from.

    Raises
    ------
    InputError
        If it holds what no token holds, without showing it.
    """
    from huggingface_hub import get_token

    found = [(f"{name} in the environment", os.environ.get(name, "").strip()) for name in TOKEN_NAMES]
    for folder in folders or (".", os.environ.get(STARTED_FROM, ".")):
        found += _in_dotenv(Path(folder) / ".env")
    place, token = next(
        ((place, value) for place, value in found if value), ("the token of the hub's login", get_token())
    )
    if token and token[0] == token[-1] and token[0] in QUOTES:
        token = token[1:-1]
    if token and not re.fullmatch(r"[!#-&(-_a-~]+", token):
        blame = "a quote mark" if set(token) & set(QUOTES) else "spaces or other characters"
        raise InputError(
            f"{place} to be one word of letters, digits and signs",
            f"{blame} in it",
            "copy the token anew, without quotes or line breaks",
        )
    return token


@contextmanager
def hub_errors(wanted: str, token: str | None) -> Iterator[None]:
    """Turn what huggingface_hub and datasets raise into messages, and keep secrets out of what they log.

    Parameters
    ----------
    wanted : str
        What is being fetched: ``google/gemma-3-4b-pt at revision main``.
    token : str or None
        The token in use; it appears in no message.

    Raises
    ------
    InputError
        With the next step for the user. A full disk and errors of our own code pass through.
    """
    before = logging.getLogRecordFactory()

    def redacted_record(*arguments, **keywords) -> logging.LogRecord:
        record = before(*arguments, **keywords)
        record.msg, record.args = without_secrets(record.getMessage(), token), None
        return record

    logging.setLogRecordFactory(redacted_record)
    try:
        yield
    except Exception as error:
        message = None if isinstance(error, InputError) or disk_is_full(error) else _message(error, token)
        if message is None:
            raise
        found, hint = (without_secrets(text, token) for text in message)
        raise InputError(f"{wanted} from the hub", found, hint) from None
    finally:
        logging.setLogRecordFactory(before)


def without_secrets(text: str, token: str | None = None) -> str:
    """Text without the token, signatures of addresses, and passwords."""
    if token:
        text = text.replace(token, "***")
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _in_dotenv(path: Path) -> list[tuple[str, str]]:
    """The tokens in a file of ``NAME=value`` lines, each with its place, the last one first."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell's > writes it
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := DOTENV_LINE.match(line):
            place = f"{match['name']} in line {number} of {path}"
            found.append(
                (TOKEN_NAMES.index(match["name"]), -number, place, _unquoted(match["value"], match["quote"], place))
            )
    return [(place, value) for *_, place, value in sorted(found)]


def _unquoted(value: str, opened: str, place: str) -> str:
    """A value without its quotes and the comment behind it."""
    quote = opened or (value[0] if value[:1] in tuple(QUOTES) else "")
    if not quote:
        return re.sub(r"\s*#.*", "", value).strip()
    inside, closed, _ = value.removeprefix("" if opened else quote).partition(quote)
    if not closed:
        raise InputError(
            f"{place} to end with the quote that it begins with", "an unclosed quote", "close or remove it"
        )
    return inside.strip()


def _message(error: BaseException, token: str | None) -> tuple[str, str] | None:
    """What was found and what to do, by the first exception of the chain that says it; None for a fault of ours."""
    cause: BaseException | None = error
    while cause is not None:
        message = _refusal(cause, token) or _no_answer(cause)
        if message:
            return message
        cause = cause.__cause__ or cause.__context__
    # The HTTP library under the hub's is not ours to import: its classes are known by name.
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"OSError", "ValueError", "RuntimeError", "HTTPError", "DatasetsError", "XetDownloadError"}:
        return f"{type(error).__name__}: {error}", "see the message; run again: files that are complete are kept"
    return None


def _refusal(error: BaseException, token: str | None) -> tuple[str, str] | None:
    """The hub answered, with a no."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    if not isinstance(error, HfHubHTTPError):
        return None
    status, said = error.response.status_code, (error.server_message or "no reason given").splitlines()[0]
    if status == 401 and token:
        return "a token that the hub does not accept: expired, revoked or mistyped", f"make a new one and {TOKEN_HINT}"
    if isinstance(error, GatedRepoError):
        if status == 401:
            return "a gated repository and no token", f"{LICENCE_HINT} {TOKEN_HINT}"
        return f"a licence that the owner of the token has not accepted ({said})", f"{LICENCE_HINT} run again"
    if isinstance(error, RevisionNotFoundError):
        return "no such revision", "check revision in the config: a branch, tag or full commit of that repository"
    if isinstance(error, RepositoryNotFoundError):
        unseen = "no such repository for this token" if token else "no such repository, or a private one and no token"
        return unseen, f"check its id in the config; if it is private, {TOKEN_HINT}"
    if status in (401, 403):
        return f"a refusal ({status}: {said})", f"{TOKEN_HINT}; one of fine grain must allow gated repositories"
    if status == 429:
        return "too many requests (429)", "wait some minutes and run again; files that are complete are kept"
    if status >= 500:
        return f"a fault of the hub ({status}: {said})", "run again later; files that are complete are kept"
    return f"status {status}: {said}", "check id and revision in the config"


def _no_answer(error: BaseException) -> tuple[str, str] | None:
    """There was no answer, or half of one."""
    names = {kind.__name__ for kind in type(error).__mro__}
    where = "run the prefetch rules where there is network (a login node), then the rest anywhere"
    if "OfflineModeIsEnabled" in names:
        return "HF_HUB_OFFLINE set in the environment and no complete copy", f"unset it and {where}"
    if names & {"TimeoutException", "Timeout", "TimeoutError"} and "ConnectTimeout" not in names:
        return (
            "no answer in time",
            "run again: files that are complete are kept; HF_HUB_DOWNLOAD_TIMEOUT=60 waits longer",
        )
    if names & {"ConnectError", "ConnectTimeout", "ProxyError", "gaierror", "ConnectionRefusedError"}:
        return f"no network ({str(error) or 'nobody answers'})", f"{where}; behind a proxy, set HTTPS_PROXY"
    if names & {"NetworkError", "RemoteProtocolError", "ConnectionError"} or "Consistency check failed" in str(error):
        return f"a connection that broke ({str(error).splitlines()[0]})", "run again: files that are complete are kept"
    return None


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
