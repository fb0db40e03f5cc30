"""Reading and writing artifacts: whole or not at all, and each with a note of what made it.

Every writer goes to a temporary name in the same folder and renames at the end, so that a reader never
sees half a file and two jobs that make the same file cannot mix. No pickles: ``allow_pickle=False`` loads
every npz.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from synergy.files.errors import InputError, set_aside
from synergy.files.schemas import require_schema

PDF_DPI = 300  # of what is an image inside a PDF
STORED_FROM = 1 << 20  # bytes of an array of floats that is written as it is


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.uname().nodename}-{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_npz(path: str | Path, provenance: dict, **arrays: np.ndarray) -> None:
    """Write `arrays` and the JSON text of `provenance` to an npz, compressed but for its large arrays of floats.

    The digits of measured numbers do not shrink: deflating them takes minutes a gigabyte and saves a few per cent.
    """
    members = {"provenance": np.array(json.dumps(provenance)), **arrays}
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in members.items():
            array = np.asanyarray(array)
            member = zipfile.ZipInfo(f"{name}.npy")
            plain = array.dtype.kind == "f" and array.nbytes >= STORED_FROM
            member.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def read_npz(path: str | Path, required: Sequence[str] = ()) -> tuple[dict[str, np.ndarray], dict]:
    """Read an npz into a dict of arrays and its provenance (empty if it has none).

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupted, holds pickles, announces more than it holds, or lacks a
        `required` array.
    """
    remake = set_aside(path)
    try:
        check_npz(path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise InputError(f"an npz file at {path}", "no such file", "run the rule that makes it") from None
    except MemoryError:
        raise
    except Exception as error:  # what the readers of zip and npy raise on other bytes is no closed list
        found = f"{type(error).__name__}: {error}"
        raise InputError(f"a complete npz file without pickles at {path}", found, remake) from None
    missing = [name for name in required if name not in arrays]
    if missing:
        raise InputError(f"arrays {', '.join(required)} in {path}", f"no {', '.join(missing)}", remake)
    try:
        note = json.loads(str(arrays.pop("provenance", "{}")))
    except (ValueError, RecursionError):
        note = None
    if not isinstance(note, dict) or not isinstance(note.get("parameters", {}), dict):
        raise InputError(f"a JSON object as provenance in {path}", "other text", remake)
    return arrays, note


def write_json(path: str | Path, record: dict | list) -> None:
    """Write `record` as indented JSON; NaN becomes null, since JSON has none."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(_plain(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read_json(path: str | Path, schema: str | None = None) -> dict:
    """Read a JSON file that holds an object.

    Parameters
    ----------
    path : str or Path
    schema : str, optional
        Name of the schema that it must follow, see `synergy.files.schemas`.

    Raises
    ------
    InputError
        Naming the file, if it is missing, is not JSON, holds no object or does not follow the schema.
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"a JSON file at {path}", "no such file", "run the rule that makes it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"valid JSON in {path}", f"{error}", set_aside(path)) from None
    if not isinstance(record, dict):
        raise InputError(f"an object for the whole of {path}", repr(record)[:60], set_aside(path))
    if schema:
        require_schema(record, schema, path)
    return record


def write_jsonl(path: str | Path, records: Sequence[dict]) -> None:
    """Write one JSON object a line."""
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for record in records:
            # Plain ASCII keeps lone surrogates, which a model's broken output may hold, writable.
            file.write(json.dumps(_plain(record), allow_nan=False) + "\n")


def read_jsonl(path: str | Path, schema: str | None = None) -> list[dict]:
    """Read one JSON object a line.

    Parameters
    ----------
    path : str or Path
    schema : str, optional
        Name of the schema that each line must follow, see `synergy.files.schemas`.

    Raises
    ------
    InputError
        Naming the line that is not a JSON object or does not follow its schema.
    """
    records = []
    try:
        # Only line feeds end a line of JSONL: other breaks that Python knows may stand inside a string.
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise InputError(f"a JSONL file at {path}", "no such file", "check the path in the config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"UTF-8 text in {path}", f"{error}", "save the file as UTF-8") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"a JSON object at {path}:{number}", f"{error}", "mend or delete the line") from None
        if not isinstance(record, dict):
            raise InputError(f"a JSON object at {path}:{number}", type(record).__name__, "mend or delete the line")
        if schema:
            require_schema(record, schema, path, number)
        records.append(record)
    return records


def save_figure(path: str | Path, figure, provenance: dict) -> None:
    """Save a matplotlib figure as PNG at `path` and, with the same layout, as PDF beside it.

    Both carry their provenance (PNG: text chunk ``Description``, PDF: ``Subject``) and no date, so that the same
    figure gives the same bytes. In the PDF text stays text; artists marked as rasterised are images of `PDF_DPI`.
    """
    note = json.dumps(provenance)
    with atomic_path(path) as png, atomic_path(Path(path).with_suffix(".pdf")) as pdf:
        figure.savefig(png, format="png", metadata={"Description": note})
        figure.set_layout_engine("none")  # found while drawing the PNG
        figure.savefig(pdf, format="pdf", dpi=PDF_DPI, metadata={"Subject": note, "CreationDate": None})


def sha256(path: str | Path) -> str:
    """Hex digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(value):
    """Turn NumPy scalars, arrays and NaN into what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


# A byte of deflated data gives 1,032 at most (the limit of the format): what announces more is forged.
LARGEST_RATIO = 1032


def check_npz(path: str | Path) -> None:
    """Refuse a file whose arrays are pickles or announce another size than is there.

    Raises
    ------
    ValueError, or whatever the readers of zip and npy raise on other bytes.
    """
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename!r} is no array")
            if member.file_size > LARGEST_RATIO * (member.compress_size + 1):
                raise ValueError(f"{member.filename} announces more bytes than deflated data can give")
            with archive.open(member) as file:
                read_header = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }[np.lib.format.read_magic(file)]
                shape, _, dtype = read_header(file)
                header_size = file.tell()
            if dtype.hasobject:
                raise ValueError(f"{member.filename} holds pickled objects")
            announced = dtype.itemsize
            for length in shape:  # in whole numbers of Python, which do not overflow
                announced *= length
            if min(shape, default=0) < 0 or header_size + announced != member.file_size:
                raise ValueError(f"{member.filename} announces an array of shape {shape}, other than it holds")
