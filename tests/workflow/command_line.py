"""Snakemake's command line many times over, each in a fork of a process that has imported it already.

Run as a program it serves: it reads a JSON object a line (``arguments``, ``folder``, ``output``: a file for what is
said) and answers with the exit code. With ``jobs``, a file, it also writes down every job of the plan.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent


class CommandLine:
    """A serving process; use it as a context manager.

    Parameters
    ----------
    scratch : Path
        Folder for what is said.
    """

    def __init__(self, scratch: Path):
        self._said = scratch / "said.txt"
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "CommandLine":
        return self

    def __exit__(self, *_) -> None:
        self._process.communicate()

    def run(self, *arguments: str, jobs: Path | None = None) -> tuple[int, str]:
        """Exit code, and stdout and stderr as one text, of `snakemake` with these arguments in the repository."""
        asked = {"arguments": arguments, "output": str(self._said), "jobs": str(jobs or "")}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()), self._said.read_text(errors="replace")


def serve() -> None:
    from snakemake.cli import main

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            said = os.open(asked["output"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            for stream, descriptor in ((os.open(os.devnull, os.O_RDONLY), 0), (said, 1), (said, 2)):
                os.dup2(stream, descriptor)
            os.chdir(REPOSITORY)
            plans = remembered_plans()
            try:
                main(asked["arguments"])
            finally:
                if asked["jobs"]:
                    Path(asked["jobs"]).write_text(json.dumps([described(job) for job in plans[-1].jobs]))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def remembered_plans() -> list:
    """A list that every plan made from now on is added to."""
    from snakemake.dag import DAG

    plans, make = [], DAG.__init__

    def remember(self, *arguments, **keywords) -> None:
        make(self, *arguments, **keywords)
        plans.append(self)

    DAG.__init__ = remember
    return plans


def described(job) -> dict:
    """What a job's script is given, as plain values."""
    named = {part: dict(getattr(job, part).items()) for part in ("input", "output", "params", "wildcards")}
    return {"rule": job.rule.name, "script": job.rule.script, "log": list(job.log), "threads": job.threads, **named}


if __name__ == "__main__":
    serve()
