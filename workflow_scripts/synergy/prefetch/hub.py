"""The hub of models and data sets, online: the token, what may be logged, and what its errors mean to a user."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synergy.files.errors import InputError
from synergy.files.folders import disk_is_full

SECRETS = (
    (re.compile(r"(https?://)[^/\s@'\"]+@"), r"\1***@"),  # name and password of a proxy
    (re.compile(r"(https?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), r"\1?***"),  # the signature of an address
    (re.compile(r"(Bearer )\S+"), r"\1***"),
    (re.compile(r"\bhf_\w{8,}"), "hf_***"),
)
TOKEN_HINT = "put a token that can read it into HF_TOKEN, in the environment or in .env (see .env.example)"
LICENCE_HINT = "accept the licence on the model's page on the hub, logged in as the owner of the token, and"


def hub_token(folder: str | Path = ".") -> str | None:
    """The token that goes with requests: HF_TOKEN of the environment, else of `folder`/.env, else of the hub's login.

    Raises
    ------
    InputError
        If it holds what no token holds, without showing it.
    """
    from huggingface_hub import get_token

    token = os.environ.get("HF_TOKEN", "").strip() or _from_dotenv(Path(folder) / ".env") or get_token()
    if token and not re.fullmatch(r"[!-~]+", token):
        raise InputError(
            "HF_TOKEN to be one word of letters, digits and signs",
            "spaces or other characters in it",
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


def _from_dotenv(path: Path) -> str | None:
    """Value of HF_TOKEN in a file of ``NAME=value`` lines; None if there is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return None
    found = [
        re.match(r"\s*(?:export\s+)?HF_TOKEN\s*=\s*(?P<quote>['\"]?)(.*?)(?P=quote)\s*(?:#.*)?$", x) for x in lines
    ]
    return next((match[2] for match in reversed(found) if match and match[2]), None)


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
