"""Compares answers with Math-Verify in a process of its own: one JSON object a line in, one out.

`grading.Grader` runs this file and never imports it. A comparison may hang in the middle of one huge power, where no
signal reaches Python, or use up the memory; here that costs one process.
"""

import contextlib
import faulthandler
import json
import os
import resource
import sys

MEMORY_LIMIT = 2 << 30  # Bytes. A power tower then ends in a MemoryError, not in the machine's swap.


def main(timeout_s: float) -> None:
    """Answer requests ``{"gold": …, "answer": …}`` with ``{"correct": bool or null}`` until the input ends.

    ``correct`` is null where the answer is not found equal and one of the two is no formula to Math-Verify.

    Parameters
    ----------
    timeout_s : float
        The time that the parent grants a comparison. After twice that the worker ends itself, so that it does not
        outlive a parent that was killed.
    """
    # The replies keep the real output for themselves; whatever a library prints goes to the error stream.
    replies = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)
    with contextlib.suppress(ValueError, OSError):  # Not every system lets this limit be set.
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    from math_verify import LatexExtractionConfig, parse, verify

    def read(answer: str) -> list:
        # An answer is one formula: looking for plain numbers in it would take "5 or so" for 5.
        # No time limits of its own: they rest on SIGALRM, and report a comparison that they end as a wrong answer.
        return parse(f"${answer}$", extraction_config=[LatexExtractionConfig()], parsing_timeout=None)

    verify(read("\\frac{2}{2}"), read("x + 1"), timeout_seconds=None)  # The first comparison imports half of SymPy.
    print(json.dumps({"ready": True}), file=replies)
    for line in sys.stdin:
        request = json.loads(line)
        faulthandler.dump_traceback_later(2 * timeout_s, exit=True)  # A thread that needs no interpreter lock.
        try:
            gold, answer = read(request["gold"]), read(request["answer"])
            # Not symmetric: the answer is read in the light of the gold one.
            correct = verify(gold, answer, timeout_seconds=None) or (
                None if _is_text(gold) or _is_text(answer) else False
            )
        except Exception:  # Whatever a parser makes of a hostile text, MemoryError and RecursionError included.
            correct = None
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps({"correct": correct}), file=replies)


def _is_text(parsed: list) -> bool:
    """Whether Math-Verify found nothing but letters: what it cannot read it keeps as a string."""
    return all(isinstance(reading, str) for reading in parsed)


if __name__ == "__main__":
    main(float(sys.argv[1]))
