"""Compares answers in a process of its own: one JSON object a line in, one out.

`grading.Grader` runs this file and never imports it. A comparison may hang in the middle of one huge power, where no
signal handler of Python is reached, or use up the memory; here that costs one process.
"""

import contextlib
import json
import os
import resource
import signal
import sys
from pathlib import Path

MEMORY_LIMIT = 2 << 30  # Bytes. A power tower then ends in a MemoryError, not in the machine's swap.


def main(cpu_limit_s: float) -> None:
    """Answer requests ``{"gold": …, "answer": …}`` with ``{"correct": bool or null}`` until the input ends.

    ``correct`` is null where one of the two cannot be read.

    Parameters
    ----------
    cpu_limit_s : float
        CPU time that a comparison may take. The system ends the process when it is used up, with SIGPROF, whatever the
        process is doing and whether or not the one that started it still lives.
    """
    # The replies keep the real output for themselves; whatever a library prints goes to the error stream.
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)
    with contextlib.suppress(ValueError, OSError):  # Not every system lets this limit be set.
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # Ends the process, whatever the one that started it does with it.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from synergy.perturbation.answer_comparison import same_value

    same_value("\\frac{x + 1}{2}", "\\frac{1 + x}{2}")  # The first comparison imports half of SymPy.
    print(json.dumps({"ready": True}), file=replies)
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, cpu_limit_s)
        try:
            correct = same_value(request["gold"], request["answer"])
        except Exception:  # Whatever a parser makes of a hostile text, MemoryError and RecursionError included.
            correct = None
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps({"correct": correct}), file=replies)


if __name__ == "__main__":
    main(float(sys.argv[1]))
