"""What a job leaves to later runs: its finished result under what it is, or an unfinished one beside its output.

A result that a model computed is kept under a key of everything that decides it, in a folder of its own,
``<kept>/<kind>/<key>/``, with a manifest that says what the key was made of and holds the SHA-256 of each file. A later
job with the same key takes it instead of computing it again, whatever became of the files that led to it. Where the
disk allows, output and kept file are hard links to the same bytes. Delete the store, or any part of it, to forget.

No part of a key, although they move last digits: the device and the number of threads. A result of another machine is
as good.

A result in the making is a file beside the job's output, which Snakemake does not know and so does not delete with the
output of a failed job. It bears a fingerprint of everything that decides the result, and is ignored where that differs.
Both are written whole or not at all; two copies of a job that write them replace each other's, and both versions are
right.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from synergy.files.artifacts import atomic_path, read_json, read_npz, sha256, write_json, write_npz
from synergy.files.errors import InputError
from synergy.files.folders import atomic_folder, is_own, link_or_copy

MANIFEST = "manifest.json"


def digest_of(*parts: object) -> str:
    """SHA-256 of values that JSON can hold; equal values give equal digests."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def require_ours(output: str | Path) -> None:
    """Refuse to replace a file that a user made (see `synergy.files.folders.is_own`).

    Raises
    ------
    InputError
    """
    if is_own(output):
        raise _in_the_way(output, "one of your own")


def _in_the_way(output: str | Path, found: str) -> InputError:
    return InputError(
        f"no file at {output}, or one that can be had again",
        found,
        f"ask for what follows from it alone; to have it made anew: mv {output} {output}.before",
    )


class Kept:
    """A result that is looked up before it is computed, and kept once it is.

    Parameters
    ----------
    store : path or None
        Where results are kept; None: none is kept and none is found.
    kind : str
        What the result is, for people who look into the store.
    made_of : dict
        Everything that decides the result and everything that its files say of how it was made, in values that JSON
        can hold.

    Attributes
    ----------
    key : str
        Digest of kind and `made_of`.
    folder : Path or None
        Where the result is, if it is kept.
    """

    def __init__(self, store: str | Path | None, kind: str, made_of: dict):
        self.key = digest_of(kind, made_of)
        self.folder = Path(store, kind, self.key) if store else None
        self._kind, self._made_of = kind, made_of

    def find(self, outputs: Mapping[str, str | Path]) -> bool:
        """Put the kept files in the place of a job's outputs, by name; False, and nothing done, if they are not there.

        A kept result that is incomplete or damaged is passed over, with a message.
        """
        if self.folder is None or not self.folder.exists():
            return False
        try:
            files, made_by = self._checked(outputs)
            for name, path in outputs.items():
                with atomic_path(path) as temporary:
                    link_or_copy(files[name], temporary)
        except (InputError, OSError, KeyError, TypeError, AttributeError) as error:
            reason = error if isinstance(error, InputError | OSError) else f"{MANIFEST} has another form"
            print(f"Computing again: what is kept in {self.folder} cannot be used. {reason}")
            return False
        print(f"Found: {self._kind} in {self.folder}, made by {made_by}; nothing was computed.")
        return True

    def stands(self, output: str | Path) -> bool:
        """Whether the npz `output` holds this result already, by the key that its provenance names.

        Raises
        ------
        InputError
            If it holds another one that exists nowhere else: nothing is kept under the key that it names.
        """
        if not Path(output).exists():
            return False
        key = read_npz(output, ())[1].get("key", "")
        if key == self.key:
            print(f"{output} is the {self._kind} that was asked for; nothing was computed.")
            return True
        if not (key and self.folder and self.folder.with_name(key).exists()):
            raise _in_the_way(output, "one made elsewhere, of another model, other prompts or by other code")
        return False

    def keep(self, outputs: Mapping[str, str | Path], made_by: dict) -> None:
        """Keep a job's finished outputs, by name; `made_by` is their provenance.

        A store that cannot be written is no reason to fail: the outputs are there.
        """
        if self.folder is None:
            return
        try:
            with atomic_folder(self.folder) as partial:
                files = {}
                for name, path in outputs.items():
                    file = name + Path(path).suffix
                    link_or_copy(Path(path), partial / file)
                    files[name] = {"file": file, "sha256": sha256(partial / file)}
                manifest = {"kind": self._kind, "key": self.key, "made_of": self._made_of, "files": files}
                write_json(partial / MANIFEST, {**manifest, "made_by": made_by})
        except OSError as error:
            print(f"Not kept for later runs: {self.folder} cannot be written. {error}")

    def _checked(self, outputs: Iterable[str]) -> tuple[dict[str, Path], str]:
        """The kept files, by name, and what made them, if all is there and as it was written."""
        remake = "nothing needs to be done: it is kept anew"
        manifest = read_json(self.folder / MANIFEST)
        if digest_of(self._kind, manifest["made_of"]) != self.key:
            raise InputError(f"the parts of the key {self.key[:12]} in {self.folder / MANIFEST}", "others", remake)
        files = {name: self.folder / manifest["files"][name]["file"] for name in outputs}
        for name, path in files.items():
            if sha256(path) != manifest["files"][name]["sha256"]:
                raise InputError(f"{path} as it was kept", "other bytes", remake)
        made_by = manifest["made_by"]
        return files, f"{made_by['made_by']}, version {made_by['code_version']}"


class Unfinished:
    """Results so far of a job that fills an array piece by piece.

    Parameters
    ----------
    output : path
        What the job makes; what is unfinished lies beside it.
    fingerprint : str
        Of everything that decides the results (see `digest_of`).
    """

    def __init__(self, output: str | Path, fingerprint: str):
        self.path = Path(output).with_name(f".{Path(output).stem}.unfinished.npz")
        self._fingerprint = fingerprint

    def load(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """The array of an interrupted run, NaN where it had no result; None, with a message, where there is none."""
        if not self.path.exists():
            return None
        try:
            arrays, _ = read_npz(self.path, ("fingerprint", "results"))
        except InputError as error:
            print(f"Starting from the beginning: the results of an interrupted run cannot be read. {error}")
            return None
        results = arrays["results"]
        if str(arrays["fingerprint"]) != self._fingerprint or results.shape != shape:
            print(f"Starting from the beginning: {self.path} was left by a run with other inputs or settings.")
            return None
        print(f"Going on after an interrupted run: {np.isfinite(results).all(axis=0).sum()} of {shape[-1]} are done.")
        return results

    def save(self, results: np.ndarray) -> None:
        """Keep the results so far."""
        write_npz(self.path, {}, fingerprint=np.array(self._fingerprint), results=results)

    def remove(self) -> None:
        """Forget them: the output is written."""
        self.path.unlink(missing_ok=True)
