"""Where compiled code is kept: on disk, in a folder named after the source that it was compiled from.

Numba recompiles a function when its own file changes, but not when a function that it inlines from another file
does. A folder named by the digest of all kernels cannot go stale. It lies under ``NUMBA_CACHE_DIR`` if that is set,
else beside the source, else (source read-only) in the user's cache, else in the temporary folder.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
KERNELS = (*sorted(HERE.glob("*.py")), HERE.parent / "nulls.py")


def kernel_digest() -> str:
    """First 16 hexadecimal digits of the SHA-256 of the source of all kernels, by file name."""
    code = hashlib.sha256()
    for path in KERNELS:
        code.update(path.name.encode() + b"\0" + path.read_bytes())
    return code.hexdigest()[:16]


def keep_compiled_code() -> Path:
    """Point numba's cache at the folder of this version of the kernels and return it."""
    name = kernel_digest()
    for base in _bases():
        folder = base if base.name == name else base / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            break
    for path in folder.rglob("*.nb[ic]"):  # numba's indices and code, renamed into place, but lost with a disk's power
        if not path.stat().st_size:
            path.unlink(missing_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    # No kernel uses numba's own pool of threads; should one, it gets what every other library was given.
    os.environ.setdefault("NUMBA_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    import numba

    # Numba may have been imported before; it reads the environment only once.
    numba.config.reload_config()
    return folder


def _bases() -> Iterator[Path]:
    """Folders to try, best first."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    yield HERE / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synergy"
    yield Path(tempfile.gettempdir()) / f"synergy-{os.getuid()}"
