"""Folders that are made whole or not at all, files of users, files of two names, and disks that are full."""

import errno
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synergy.files.artifacts import atomic_path, sha256
from synergy.files.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[3]
HALLMARKS = {"_head_rankings.csv": "outside_calibration", "_ablation.csv": "kl_ci_low"}  # columns of our tables


def provided(path: str | Path) -> str:
    """Where a file of the user's or of ours is: in the working directory, else beside the Snakefile."""
    return str(path if Path(path).exists() else REPOSITORY / path)


def is_own(path: str | Path) -> bool:
    """Whether a file is there that a user made, or another pipeline: an npz or a table that ours are told from.

    Our npz say what made them; our tables have columns that those of others lack. What cannot be read is not replaced.
    """
    path = Path(path)
    if not path.exists():
        return False
    if path.suffix == ".csv":
        with open(path, encoding="utf-8", errors="replace") as file:
            header = file.readline().rstrip("\r\n").split(",")
        return any(path.name.endswith(end) and column not in header for end, column in HALLMARKS.items())
    try:
        with zipfile.ZipFile(path) as arrays:
            return "provenance.npy" not in arrays.namelist()
    except (OSError, zipfile.BadZipFile):
        return True


@contextmanager
def atomic_folder(path: str | Path, checksums: str | Path | None = None) -> Iterator[Path]:
    """Yield a new folder beside `path`; put it in the place of `path` on success, delete it on failure.

    The sha256 of its files are then written to `checksums`, as sha256sum does (``sha256sum -c`` beside the folder).

    Two processes that make the same folder work apart; the last to finish wins. What a killed process of this
    machine left behind is deleted first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = f".{path.name}-{os.uname().nodename}-"
    for left in path.parent.glob(f"{ours}*"):
        if not _is_alive(left.name.removeprefix(ours)):
            shutil.rmtree(left, ignore_errors=True)
    partial = path.with_name(f"{ours}{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        files = sorted(partial.iterdir()) if checksums else []
        lines = [f"{sha256(file)}  {path.name}/{file.name}\n" for file in files]
        _replace(path, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if checksums:
        with atomic_path(checksums) as temporary:
            Path(temporary).write_text("".join(lines))


@contextmanager
def room_on_disk(path: str | Path) -> Iterator[None]:
    """Turn a full disk or an exhausted quota under `path` into one message.

    Raises
    ------
    InputError
        With the room that is left.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError) or not disk_is_full(error):
            raise
        place = next(folder for folder in (Path(path).absolute(), *Path(path).absolute().parents) if folder.exists())
        free = shutil.disk_usage(place).free
        raise InputError(
            f"room on the disk of {place}",
            f"a full disk or an exhausted quota ({free / 1e9:.2f} GB free on the disk)",
            "make room, or move the run with --directory, then run again; files that are complete are kept",
        ) from None


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an exception, or one that it came from, says that no byte more can be written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        # Libraries written in Rust (safetensors, Xet) give the system's words and not its number.
        if "No space left on device" in str(error) or "Disk quota exceeded" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def link_or_copy(origin: str | Path, path: str | Path) -> None:
    """Give a file another name, or where the disk allows no hard link, copy it."""
    try:
        os.link(origin, path)
    except OSError:
        shutil.copy(origin, path)


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def _replace(path: Path, partial: Path) -> None:
    """Rename `partial` to `path`, which may exist and may be replaced by another process at the same time."""
    old = partial.with_name(f"{partial.name}.old")
    for attempt in range(10):
        try:
            if path.exists():
                path.rename(old)
                shutil.rmtree(old, ignore_errors=True)
            partial.rename(path)
            return
        except OSError as error:
            shutil.rmtree(old, ignore_errors=True)
            lost = error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST)
            if not lost or not partial.exists() or attempt == 9:
                raise
