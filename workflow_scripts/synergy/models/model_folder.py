"""The files that a model's folder holds: which travel, whether all are there, and what tells the model from others."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError

CONFIG = ("config.json", "generation_config.json")
VOCABULARY = ("tokenizer.json", "*.model", "vocab.json", "vocab.txt")
# Named one by one: repositories also hold consolidated*.safetensors, model.fp16.safetensors, adapters and indices of
# pickles, that is the same weights once more or in a form that must not be loaded.
SMALL = (
    *CONFIG,
    *VOCABULARY,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/*.jinja",
)
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER = "adapter_config.json"
SAFETENSORS_HINT = "choose a repository and revision with config, tokenizer and safetensors (pickles are not loaded)"


def small_files(names: Iterable[str]) -> list[str]:
    """Those of `names`, paths inside a model, that are config or tokenizer, sorted: the files that always travel."""
    return sorted(name for name in names if any(_is_like(name, pattern) for pattern in SMALL))


def weight_files(folder: str | Path, names: Iterable[str]) -> list[str]:
    """The files of weights that a model must have: one whole file, or the index and the shards that it names.

    Parameters
    ----------
    folder : path
        Where the index lies, if there is one.
    names : paths of all files of the model, wherever they are.

    Raises
    ------
    InputError
        If the index is damaged or names what is no safetensors file inside the model.
    """
    names = set(names)
    if WHOLE in names or INDEX not in names:
        return [WHOLE]
    try:
        shards = set(json.loads((Path(folder) / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        strange = sorted(name for name in shards if not _is_inside(name))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        shards, strange = set(), []
    if strange or not shards:
        found = f"{strange[0]!r} among them" if strange else f"none: {INDEX} is damaged"
        hint = "choose a source whose weights are safetensors, or mend its index"
        raise InputError(f"names of safetensors files in {INDEX}", found, hint)
    return [INDEX, *sorted(shards)]


def files_in(folder: str | Path) -> list[str]:
    """Paths inside a folder of the files in it and one level below it."""
    found = (path for pattern in ("*", "*/*") for path in Path(folder).glob(pattern) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in found]


def require_model(folder: str | Path, random_weights: bool, hint: str, name: str | None = None) -> None:
    """Check that a folder holds a whole model, without reading the weights.

    Every shard that the index names must be there, and each safetensors file as long as its header says. `name` is
    what a message calls the folder, if not by its path.

    Raises
    ------
    InputError
        Naming what is missing or cut off, with `hint`.
    """
    folder = Path(folder)
    names = set(files_in(folder)) if folder.is_dir() else set()
    expected = f"config.json, tokenizer{'' if random_weights else ' and safetensors weights'} in {name or folder}"
    if not names:
        raise InputError(expected, "no such folder, or nothing in it", hint)
    try:
        weights = [] if random_weights else weight_files(folder, names)
    except InputError as error:
        raise InputError(f"{error.expected} of {name or folder}", error.found, hint) from None
    required = [*_missing(names), *weights]
    _refuse_missing(expected, names, [file for file in required if not (folder / file).is_file()], hint)
    for file in weights:
        if file != INDEX and not _is_whole(folder / file):
            raise InputError(f"a complete {file} in {name or folder}", "a damaged or cut off one", hint)


def require_listed(names: Iterable[str], weights: Iterable[str], name: str, hint: str) -> None:
    """Refuse a source, called `name`, whose files, `names`, lack some of the `weights`, before anything is fetched."""
    names = set(names)
    _refuse_missing(f"safetensors weights in {name}", names, [file for file in weights if file not in names], hint)


def require_plain_weights(names: Iterable[str], name: str) -> None:
    """Refuse an adapter beside the weights, and say which weights are taken where there are two sets of them.

    Parameters
    ----------
    names : paths of the files of a model.
    name : what a message calls the model.

    Raises
    ------
    InputError
        If ``adapter_config.json`` is there.
    """
    names = set(names)
    if ADAPTER in names:
        raise InputError(
            f"a whole model in {name}",
            f"{ADAPTER}: an adapter, which changes the weights beside it and would be left behind",
            "merge it first, as with merge_and_unload() and save_pretrained() of peft, and name the merged folder",
        )
    if {WHOLE, INDEX} <= names:
        print(f"{name} holds {WHOLE} and {INDEX}: the one file is taken, the shards that the index names are not")


def model_identity(folder: str | Path, fetched: dict) -> dict:
    """What tells a fetched model from others, in plain values: source, weights, and the files beside them.

    Parameters
    ----------
    folder : path
        The model.
    fetched : dict
        The record of its fetching, which holds the SHA-256 of each file of weights.

    Raises
    ------
    InputError
        If the folder is missing or incomplete.
    """
    require_model(folder, fetched["weights"]["kind"] == "random", fetch_hint(folder))
    return {
        "model": fetched["provenance"].get("model"),
        "weights": fetched["weights"],
        "weights_sha256": fetched["sha256"],
        "geometry": fetched["geometry"],
        "files_sha256": {name: sha256(Path(folder) / name) for name in small_files(files_in(folder))},
    }


def fetch_hint(folder: str | Path) -> str:
    """How to fetch the model of a folder anew."""
    return (
        f"fetch {Path(folder).name} on a machine with network that shares this folder: run the same command there with "
        "--until prefetch_model, and with --forcerun prefetch_model if the folder exists"
    )


def use_local_files(folder: str | Path, weights: dict) -> None:
    """Keep this process off the network and check that the model was fetched; for rules that compute.

    Parameters
    ----------
    weights : dict
        ``{"kind": "trained"}`` or ``{"kind": "random", …}``.

    Raises
    ------
    InputError
        If the folder is missing or incomplete.
    """
    # Read when the library is imported, which is usually after this.
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    if "huggingface_hub.constants" in sys.modules:
        sys.modules["huggingface_hub.constants"].HF_HUB_OFFLINE = True
    require_model(folder, weights["kind"] == "random", fetch_hint(folder))


@contextmanager
def understood(what: str, folder: str | Path, hint: str) -> Iterator[None]:
    """Turn what transformers raises on a config or tokenizer that it cannot read into one message."""
    try:
        yield
    except Exception as error:  # its parsers raise anything, tokenizers' even bare Exception
        found = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise InputError(f"{what} in {folder} that transformers can read", found, hint) from None


def _is_like(name: str, pattern: str) -> bool:
    """Whether a path has the form of a pattern, folder by folder; fnmatch alone lets * also mean /."""
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)


def _is_inside(name: str) -> bool:
    """Whether an index may name this file: safetensors, and in the model's own folder or below it."""
    path = PurePosixPath(name)
    return path.suffix == ".safetensors" and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _missing(names: set[str]) -> list[str]:
    """What is missing of config and tokenizer."""
    vocabulary = any(_is_like(name, pattern) for name in names for pattern in VOCABULARY)
    config = [] if "config.json" in names else ["config.json"]
    return config if vocabulary else [*config, "tokenizer.json or another vocabulary"]


def _refuse_missing(expected: str, names: set[str], missing: list[str], hint: str) -> None:
    if missing:
        here = sorted(file for file in names if "/" not in file)
        others = [file for file in here if file.endswith((".bin", ".pt", ".pth", ".gguf"))]
        others = others or [file for file in here if file.endswith(".safetensors") and file not in missing]
        said = f" (but {', '.join(others[:3])}, which is not loaded)" if others else ""
        raise InputError(expected, f"no {', no '.join(missing[:5])}{said}", hint)


def _is_whole(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says: 8 bytes, the header, then the tensors."""
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > path.stat().st_size:
                return False
            header = json.loads(file.read(length))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return False
    return 8 + length + max(ends, default=0) == path.stat().st_size
