"""What one job of a scattered rule does: consecutive ranges of nearly equal length, or things dealt in turns."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from synergy.files.artifacts import atomic_path, sha256
from synergy.files.errors import InputError
from synergy.files.folders import link_or_copy

CHECKSUM = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>.+)")


def dealt(item: str, things: Sequence[str]) -> list[str]:
    """The share of a scatter item, things dealt in turns so that alike ones, which stand together, are spread.

    Parameters
    ----------
    item : str
        ``"k-of-n"``, k from 1 to n; empty share where n exceeds the number of things.

    Raises
    ------
    InputError
        If `item` is not of that form.
    """
    k, n = _parts(item)
    return list(things[k - 1 :: n])


def item_range(item: str, total: int) -> range:
    """Range of a scatter item.

    Parameters
    ----------
    item : str
        ``"k-of-n"``, k from 1 to n.
    total : int
        How many things are scattered.

    Returns
    -------
    range
        The k-th of n consecutive ranges of nearly equal length that cover all; empty where n exceeds `total`.

    Raises
    ------
    InputError
        If `item` is not of that form.
    """
    k, n = _parts(item)
    return range(total * (k - 1) // n, total * k // n)


def take_from_ranges(folders: Sequence[str], checksums: Sequence[str], outputs: Sequence[str]) -> None:
    """Give files that lie in the folders of a scattered rule's jobs a second name, outside, of the same ending.

    Parameters
    ----------
    folders, checksums : what the jobs made: their folders, and a list of sha256 for each (`atomic_folder`).
    outputs : where the files are put.

    Raises
    ------
    InputError
        If a file lies in none of the folders, or in two, or is not as its job left it.
    """
    left = {}
    for path in checksums:
        left |= read_checksums(path)
    for output in outputs:
        name = Path(output).name
        found = [Path(folder, name) for folder in folders if Path(folder, name).is_file()]
        if len(found) != 1:
            where = ", ".join(map(str, found or folders))
            hint = f"delete {where} and run the workflow again"
            raise InputError(f"{name} in one of the ranges", f"it in {len(found)}", hint)
        if left.get(found[0]) != sha256(found[0]):
            hint = f"delete {found[0].parent} and run the workflow again"
            raise InputError(f"{found[0]} as its job left it (sha256)", "another file", hint)
        with atomic_path(output) as temporary:
            link_or_copy(found[0], temporary)
            os.utime(temporary)  # not older than the list of checksums that it was taken by


def read_checksums(path: str | Path) -> dict[Path, str]:
    """Each file that a list of checksums names, as a path from the working directory, and its sha256.

    Raises
    ------
    InputError
        If a line is not as sha256sum writes it.
    """
    path = Path(path)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    matches = [CHECKSUM.fullmatch(line) for line in lines]
    if not all(matches):
        wrong = lines[matches.index(None)][:80]
        hint = f"delete {path} and run the workflow again"
        raise InputError(f"lines of a sha256, two blanks and a name in {path}", repr(wrong), hint)
    return {path.parent / match["name"]: match["digest"] for match in matches}


def _parts(item: str) -> tuple[int, int]:
    """k and n of ``k-of-n``."""
    try:
        k, n = (int(part) for part in item.split("-of-"))
        valid = 1 <= k <= n
    except ValueError:
        valid = False
    if not valid:
        raise InputError("a scatter item such as 3-of-16", item, "name a shard k-of-n with 1 <= k <= n")
    return k, n
