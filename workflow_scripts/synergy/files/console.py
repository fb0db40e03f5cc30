"""Where a script's words go: into its log file, with progress bars, and the last word is a clear message."""

import logging
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from synergy.files.errors import InputError


@contextmanager
def logged_to(path: str | Path) -> Iterator[None]:
    """Send prints, warnings, log messages and tracebacks of the block to the file at `path`.

    An `InputError` ends the process with exit code 1 and its message; any other exception leaves its traceback
    in the file and goes on.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    stdout, stderr = sys.stdout, sys.stderr
    with open(path, "w", buffering=1, errors="backslashreplace") as log:
        sys.stdout = sys.stderr = log
        logging.basicConfig(stream=log, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True)
        logging.captureWarnings(True)
        try:
            yield
        except InputError as error:
            print(f"ERROR: {error}", file=log)
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=log)
            raise
        finally:
            sys.stdout, sys.stderr = stdout, stderr
            logging.captureWarnings(False)
            logging.getLogger().handlers.clear()


def progress(items: Iterable, description: str, unit: str, total: int | None = None) -> tqdm:
    """Wrap `items` in a progress bar with rate and remaining time, written to the log."""
    return tqdm(items, desc=description, unit=unit, total=total, file=sys.stderr, mininterval=1.0, ascii=True, ncols=90)
