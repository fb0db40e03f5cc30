"""Whether an answer is right: by mathematics, in a process that can be killed, and letter by letter."""

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal, NamedTuple, Self

from synergy.files.errors import InputError
from synergy.perturbation.answer_forms import strict_form

WORKER = Path(__file__).with_name("grading_worker.py")
# ASSUME: An answer is correct if its value equals the gold one's, as a careful reader would see it; whether the two are
# equal letter by letter is counted beside it.
START_TIMEOUT_S = 120.0  # Importing SymPy takes a second, and much longer from a cluster's shared disk.
WAITING = 200  # Seconds on the clock for each second of CPU time, before a worker counts as stuck.
LONGEST_ANSWER = 1000  # Characters; the longest gold answer of MATH-500 has 53.
BROKEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # Control characters and halves of characters.


class Grade(NamedTuple):
    """The verdicts on one answer.

    Attributes
    ----------
    correct : bool
        The answer has the value of the gold one. False unless ``status`` is ``graded``; true if ``correct_strict`` is.
    correct_strict : bool
        The two are equal letter by letter, after `answer_forms.strict_form`.
    status : str
        ``graded``; ``no_answer``: there was none; ``grader_timeout``: the comparison took too much work and was ended;
        ``ungradable``: one of the two is no formula, is too long, holds broken characters or brought the grader down.
    """

    correct: bool
    correct_strict: bool
    status: Literal["graded", "no_answer", "grader_timeout", "ungradable"]


class Grader:
    """Grades answers in a worker process, restarted whenever it had to be ended.

    Use it as a context manager: the worker starts with the block, while the caller goes on, and is gone after it. It is
    a fresh interpreter, not a fork, so the caller may hold threads; but only one thread may grade.

    What has the same value is equal (`answer_comparison`): 1/2 and 0.5, ``x=5`` and 5, 50 and 50 %, 5 cm and 5, 5 and
    2+3 (it cannot be told whether an answer was to be simplified), x in [-2,7] and -2 <= x <= 7. Points, sets and
    intervals differ, and so do numbers in different bases, capital and small letters, and measures that are both named.
    Exact values must be equal; a decimal fraction stands for another value if it has six digits, all right. The strict
    verdict errs on the other side; an answer that is equal letter by letter is equal.

    Parameters
    ----------
    timeout_s : float
        CPU time of the worker for one comparison; one in a thousand takes half a second. It is work that counts, not
        time on the clock, so that a busy machine grades as an idle one does.

    Raises
    ------
    InputError
        On the first answer, if the worker cannot start.

    References
    ----------
    Math-Verify, https://github.com/huggingface/Math-Verify
    """

    def __init__(self, timeout_s: float = 5.0):
        self._timeout_s = timeout_s
        self._worker: subprocess.Popen | None = None
        self._ready = False
        self._unread = b""

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_) -> None:
        self._stop()

    def grade(self, gold: str, answer: str | None) -> Grade:
        """Compare an answer with the gold one.

        Parameters
        ----------
        gold : str
            The reference answer, the content of its box.
        answer : str or None
            The answer to grade; None where there is none.

        Returns
        -------
        Grade
            The verdicts and how they came about.
        """
        if answer is None or not answer.strip():
            return Grade(False, False, "no_answer")
        if max(len(gold), len(answer)) > LONGEST_ANSWER or BROKEN.search(answer):
            return Grade(False, False, "ungradable")
        if strict_form(gold) == strict_form(answer) != "":
            return Grade(True, True, "graded")
        self._await_worker()
        try:
            self._worker.stdin.write(_line(gold=gold, answer=answer))
            verdict = self._receive(WAITING * self._timeout_s)["correct"]
        except (TimeoutError, EOFError, BrokenPipeError) as error:
            timed_out = isinstance(error, TimeoutError) or self._stop() == -signal.SIGPROF
            self._restart()
            return Grade(False, False, "grader_timeout" if timed_out else "ungradable")
        return Grade(bool(verdict), False, "ungradable" if verdict is None else "graded")

    def _start(self) -> None:
        command = [sys.executable, "-P", str(WORKER), str(self._timeout_s)]  # -P: our modules' names hide no package
        self._worker = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | {"PYTHONHASHSEED": "0"},  # SymPy's order of terms, and with it a verdict, may hang on it.
        )
        self._ready, self._unread = False, b""

    def _stop(self) -> int | None:
        """End the worker; how it ended, if it had done so before."""
        if self._worker is None:
            return None
        self._worker.kill()
        ended = self._worker.wait()
        self._worker.stdin.close()
        self._worker.stdout.close()
        self._worker = None
        return ended

    def _restart(self) -> None:
        self._stop()
        self._start()

    def _await_worker(self) -> None:
        if self._worker is None:
            raise RuntimeError("a Grader grades inside its 'with' block only")
        if self._ready:
            return
        try:
            self._ready = self._receive(START_TIMEOUT_S)["ready"]
        except (TimeoutError, EOFError):
            hint = f"try '{sys.executable} {WORKER} 5' by hand; math-verify[antlr4_13_2] must be installed"
            raise InputError("a grader that starts", "a worker process that ended or hung", hint) from None

    def _receive(self, timeout_s: float) -> dict:
        """Read the worker's next reply; TimeoutError if it takes longer, EOFError if the worker is dead."""
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                received = os.read(self._worker.stdout.fileno(), 65536)
                if not received:
                    raise EOFError
                self._unread += received
        reply, _, self._unread = self._unread.partition(b"\n")
        return json.loads(reply)


def _line(**request: str) -> bytes:
    return json.dumps(request).encode("ascii") + b"\n"
