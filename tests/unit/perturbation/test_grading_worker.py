"""The process that grades: it starts once, is judged by its work, costs one answer when it dies, and ends by itself."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from places import SCRIPTS

from synergy.files.errors import InputError
from synergy.perturbation.grading import Grade, Grader


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # Where there is no init to bury the dead, they stay as zombies.
    return not status.exists() or " Z " not in status.read_text()


def test_a_worker_that_dies_costs_one_answer():
    with Grader() as grader:
        assert grader.grade("5", "x=5").correct
        grader._worker.kill()
        grader._worker.wait()
        assert grader.grade("5", "x=5") == Grade(False, False, "ungradable")
        assert grader.grade("5", "x=5") == Grade(True, False, "graded")


def test_time_on_the_clock_does_not_count():
    with Grader(timeout_s=0.5) as grader:
        assert grader.grade("5", "x=5").correct
        pid = grader._worker.pid
        os.kill(pid, signal.SIGSTOP)  # As a busy machine may do.
        threading.Timer(1.5, os.kill, (pid, signal.SIGCONT)).start()
        assert grader.grade("5", "5.0") == Grade(True, False, "graded")
        assert grader._worker.pid == pid


def test_start_up_is_paid_once():
    with Grader() as grader:
        workers = {(grader.grade("5.0", str(n)), grader._worker.pid)[1] for n in range(20)}
    assert len(workers) == 1


def test_no_process_is_left_behind():
    with Grader(timeout_s=0.5) as grader:
        grader.grade("5", "5.0")
        first = grader._worker.pid
        assert grader.grade("5", "9^{9^{9^{9^9}}}").status == "grader_timeout"
        second = grader._worker.pid
        assert not is_alive(first)
        assert is_alive(second)
    assert not is_alive(second)


def test_an_exception_in_the_block_ends_the_worker():
    grader = Grader()

    def fail_inside():
        with grader:
            pids.append(grader._worker.pid)
            raise KeyError

    pids: list[int] = []
    with pytest.raises(KeyError):
        fail_inside()
    assert not is_alive(pids[0])


def test_a_worker_ends_with_its_parent():
    code = (
        "import os; from synergy.perturbation.grading import Grader, _line\n"
        "grader = Grader(0.5).__enter__(); grader.grade('5', '5.0')\n"
        "grader._worker.stdin.write(_line(gold='5', answer='9^{9^{9^{9^9}}}'))\n"
        "print(grader._worker.pid, flush=True); os._exit(0)\n"
    )
    folder = SCRIPTS
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    pid = int(done.stdout)
    waiting = threading.Event()
    # It was in the middle of a power that would take ages; half a second of work is what it has.
    for _ in range(300):
        if not is_alive(pid):
            break
        waiting.wait(0.1)
    else:
        pytest.fail("the worker outlived its parent")


def test_works_beside_threads_of_the_parent():
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        with Grader() as grader:
            assert grader.grade("5", "5.0").correct
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_worker_that_cannot_start_says_what_to_do(monkeypatch, tmp_path):
    broken = tmp_path / "worker.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr("synergy.perturbation.grading.WORKER", broken)
    with Grader() as grader, pytest.raises(InputError, match="math-verify"):
        grader.grade("5", "6")


def test_grading_outside_the_block_is_refused():
    with pytest.raises(RuntimeError, match="with"):
        Grader().grade("5", "6")
