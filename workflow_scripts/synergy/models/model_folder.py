"""The files that a model's folder holds: which travel, whether all are there, and what tells the model from others."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError

CONFIG = ("config.json", "generation_config.json")
VOCABULARY = ("tokenizer.json", "*.model", "vocab.json", "vocab.txt")
TOKENIZER = (
    *VOCABULARY,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
)
# Named one by one: repositories also hold consolidated*.safetensors, model.fp16.safetensors, adapters and indices of
# pickles, that is the same weights once more or in a form that must not be loaded.
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")


def patterns(random_weights: bool) -> tuple[str, ...]:
    """Patterns of the files that travel: config, tokenizer and, unless they will be random, weights."""
    return (*CONFIG, *TOKENIZER, *(() if random_weights else WEIGHTS))


def wanted(names: Iterable[str], random_weights: bool) -> list[str]:
    """Those of `names` that travel, sorted; files in sub folders (``original/``, ``onnx/``) do not."""
    return sorted(n for n in names if "/" not in n and any(fnmatchcase(n, p) for p in patterns(random_weights)))


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
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    expected = f"config.json, tokenizer{'' if random_weights else ' and safetensors weights'} in {name or folder}"
    if not names:
        raise InputError(expected, "no such folder, or nothing in it", hint)
    missing = [] if "config.json" in names else ["config.json"]
    if not any(fnmatchcase(file, pattern) for file in names for pattern in VOCABULARY):
        missing.append("tokenizer.json or another vocabulary")
    weights = [] if random_weights else _weight_files(folder, names)
    missing += [file for file in weights if file not in names]
    if missing:
        pickles = sorted(file for file in names if file.endswith((".bin", ".pt", ".pth", ".gguf")))
        others = f" (but {', '.join(pickles[:3])}, which is not loaded)" if pickles else ""
        raise InputError(expected, f"no {', no '.join(missing[:5])}{others}", hint)
    for file in weights:
        if not _is_whole(folder / file):
            raise InputError(f"a complete {file} in {name or folder}", "a damaged or cut off one", hint)


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
    small = wanted((path.name for path in Path(folder).iterdir()), random_weights=True)
    return {
        "model": fetched["provenance"].get("model"),
        "weights": fetched["weights"],
        "weights_sha256": fetched["sha256"],
        "geometry": fetched["geometry"],
        "files_sha256": {name: sha256(Path(folder) / name) for name in small},
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


def _weight_files(folder: Path, names: set[str]) -> list[str]:
    """The weight files that there must be."""
    if "model.safetensors" in names or "model.safetensors.index.json" not in names:
        return ["model.safetensors"]
    try:
        return sorted(set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError):
        return ["shards, since model.safetensors.index.json is damaged"]


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
