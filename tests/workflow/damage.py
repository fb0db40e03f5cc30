"""Ways to spoil what a job reads, as functions of a job or of a path."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Job:
    """What a script is given, each part by name; `scratch` is a folder of the job's own."""

    input: dict
    output: dict
    params: dict
    wildcards: dict
    scratch: Path


def spoil(name: str, change: Callable[[Path], None], at: int = 0) -> Callable[[Job], None]:
    """Put a changed copy in the place of the input `name`, or of its item `at` where it is a list."""

    def damage(job: Job) -> None:
        listed = isinstance(job.input[name], list)
        origin = Path(job.input[name][at] if listed else job.input[name])
        copy = job.scratch / "spoilt" / origin.name
        copy.parent.mkdir(exist_ok=True)
        (shutil.copytree if origin.is_dir() else shutil.copy)(origin, copy)
        change(copy)
        if listed:
            job.input[name][at] = str(copy)
        else:
            job.input[name] = str(copy)

    return damage


def other(name: str, source: str, at: int = 0) -> Callable[[Job], None]:
    """Put another file of the run in the place of the input `name`."""

    def damage(job: Job) -> None:
        if isinstance(job.input[name], list):
            job.input[name][at] = source
        else:
            job.input[name] = source

    return damage


def setting(**changes) -> Callable[[Job], None]:
    """Give other parameters or wildcards."""

    def damage(job: Job) -> None:
        for name, value in changes.items():
            part = job.params if name in job.params else job.wildcards
            assert name in part
            part[name] = {**part[name], **value} if isinstance(value, dict) else value

    return damage


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(255, 0, -1)) * 4)


def gone(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def text(content: str) -> Callable[[Path], None]:
    """The file holds this instead."""
    return lambda path: path.write_text(content)


def file_lost(name: str) -> Callable[[Path], None]:
    """A folder lacks a file."""
    return lambda path: (path / name).unlink()


def file_text(name: str, content: str) -> Callable[[Path], None]:
    """A file of a folder holds this instead."""
    return lambda path: (path / name).write_text(content)


def arrays(**changes: Callable | None) -> Callable[[Path], None]:
    """Arrays of an npz become what functions make of them, or are taken away."""

    def change(path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        for name, new in changes.items():
            held[name] = new(held.get(name)) if new else held.pop(name)
        kept = {name: array for name, array in held.items() if changes.get(name, 1)}
        np.savez(path, **kept)

    return change


def put(value: float, *place: int) -> Callable[[np.ndarray], np.ndarray]:
    """Set one element."""

    def change(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array[place] = value
        return array

    return change


def cells(column: str, value: str | None, row: int = 0) -> Callable[[Path], None]:
    """One cell of a CSV is another; with None the whole column is gone."""

    def change(path: Path) -> None:
        with open(path, newline="") as file:
            header, *rows = csv.reader(file)
        place = header.index(column)
        for number, cells_of_row in enumerate([header, *rows], start=-1):
            if value is None:
                cells_of_row.pop(place)
            elif number == row:
                cells_of_row[place] = value
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([header, *rows])

    return change


def rows(keep: slice) -> Callable[[Path], None]:
    """Only some rows of a CSV, or lines of a text, are left under the first."""

    def change(path: Path) -> None:
        first, *others = path.read_text().splitlines(keepends=True)
        path.write_text("".join([first, *others[keep]]))

    return change


def keys(place: str, *value) -> Callable[[Path], None]:
    """A key of a JSON file, ``a.b.0.c``, holds another value, or with none is gone."""
    return lambda path: path.write_text(json.dumps(_changed(json.loads(path.read_text()), place, *value)))


def line(number: int, place: str, *value) -> Callable[[Path], None]:
    """The same of one line of a JSONL file."""

    def change(path: Path) -> None:
        lines = path.read_text().splitlines()
        lines[number] = json.dumps(_changed(json.loads(lines[number]), place, *value))
        path.write_text("\n".join(lines) + "\n")

    return change


def _changed(record, place: str, *value):
    inner, *above = record, *place.split(".")
    for key in above[:-1]:
        inner = inner[int(key) if isinstance(inner, list) else key]
    key = int(above[-1]) if isinstance(inner, list) else above[-1]
    if value:
        inner[key] = value[0]
    else:
        del inner[key]
    return record
