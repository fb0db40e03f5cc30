"""Compile the kernels once, however many jobs start at the same time with nothing compiled."""

import fcntl
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np

from synergy.decomposition import Decomposition, Settings
from synergy.jit import keep_compiled_code

PATIENCE_S = 300.0


def compile_kernels(settings: Settings) -> None:
    """Make sure that what `settings` needs is in the folder of compiled code; one process compiles, the others wait.

    A note in that folder says what is there, for this processor, Python and numba. Where there is none, the process
    that gets the lock decomposes a little noise; numba compiles on the way and keeps the code.
    """
    folder = keep_compiled_code()
    made_for = (llvmlite.binding.get_host_cpu_name(), platform.python_version(), numba.__version__)
    kinds = (settings.estimator, settings.redundancy, settings.null_kind if settings.surrogates else "no_null")
    note = folder / "-".join((*made_for, *kinds, "compiled"))
    if note.exists():
        return
    with alone(folder):
        if not note.exists():
            noise = np.random.default_rng(0).normal(size=(2, 3, settings.lag + 16)).astype(np.float32)
            few = replace(settings, surrogates=min(settings.surrogates, 1))
            Decomposition(noise, np.full(2, noise.shape[2]), few).run(range(3))
            note.touch()


@contextmanager
def alone(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock of `folder`, which ends with the process at the latest.

    Without it after `patience_s`, or on a file system without locks, go on all the same: the worst is to compile twice.
    """
    with open(folder / "lock", "a") as file:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.2)
            except OSError:
                break
        yield
