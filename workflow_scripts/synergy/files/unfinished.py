"""What an interrupted job leaves for its next run.

A checkpoint is a file beside the job's output, which Snakemake does not know and so does not delete with the output of
a failed job. It bears a fingerprint of everything that decides the results, and is ignored where that differs. It is
written whole or not at all; two copies of a job that write it replace each other's, and both versions are right.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError


def digest_of(*parts: object) -> str:
    """SHA-256 of values that JSON can hold; equal values give equal digests."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Unfinished:
    """Results so far of a job that fills an array piece by piece.

    Parameters
    ----------
    output : path
        What the job makes; the checkpoint lies beside it.
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
