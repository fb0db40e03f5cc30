"""The hub of models and data sets, online: the token, what may be logged, and what its errors mean to a user."""

import logging
import os
import re
from collections.abc import Iterator, Sequence
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
TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")  # the second is the library's former name for it
STARTED_FROM = "SYNERGY_STARTED_FROM"  # set by the workflow, which may run in another folder (--directory)
QUOTES = "\"'`"
DOTENV_LINE = re.compile(  # also as a Unix shell, cmd and PowerShell set it
    rf"\s*(?:export\s+|set\s+|\$env:)?(?P<quote>[\"']?)(?P<name>{'|'.join(TOKEN_NAMES)})\s*=\s*(?P<value>.*?)\s*$"
)
TOKEN_HINT = "put a token that can read it into HF_TOKEN, in the environment or in .env (see .env.example)"
LICENCE_HINT = "accept the licence on the model's page on the hub, logged in as the owner of the token, and"


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
