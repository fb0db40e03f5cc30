"""Snakemake's command line many times over, each in a fork of one process that has imported it already.

That process reads a JSON object a line and answers with the exit code.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from places import REPOSITORY


@cache
def _server() -> subprocess.Popen:
    """The serving process; it ends with this one, which holds the other end of its input."""
    code = f"import sys; sys.path[:0] = {sys.path}; import command_line; command_line.serve()"
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(*arguments: str, cwd: Path = REPOSITORY, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code of `snakemake` with these arguments, and all that it says; `environment` beside that of the tests."""
    return _ask(arguments, cwd, environment)[:2]


def planned(*arguments: str, cwd: Path = REPOSITORY, environment: dict[str, str] | None = None) -> list[dict]:
    """What the script of every job that would run would be given, as plain values, and the job's resources."""
    code, said, jobs = _ask(("-n", *arguments), cwd, environment, jobs=True)
    assert code == 0, said[-6000:]
    return jobs


def _ask(arguments, cwd: Path, environment: dict[str, str] | None, jobs: bool = False) -> tuple[int, str, list[dict]]:
    with tempfile.TemporaryDirectory() as scratch:
        said, plan = Path(scratch) / "said.txt", Path(scratch) / "jobs.json"
        asked = {"arguments": arguments, "cwd": str(cwd), "environment": os.environ | (environment or {})}
        server = _server()
        print(json.dumps({**asked, "said": str(said), "jobs": str(plan) * jobs}), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return code, said.read_text(errors="replace"), json.loads(plan.read_text()) if plan.exists() else []


def serve() -> None:
    """Answer until the input ends."""
    from snakemake.cli import main

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            said = os.open(asked["said"], os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            for stream, descriptor in ((os.open(os.devnull, os.O_RDONLY), 0), (said, 1), (said, 2)):
                os.dup2(stream, descriptor)
            os.chdir(asked["cwd"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            sys.argv[1:] = asked["arguments"]  # the profile looks at them
            plans = remembered_plans()
            try:
                main(asked["arguments"])
            finally:
                if asked["jobs"] and plans:
                    Path(asked["jobs"]).write_text(
                        json.dumps([described(job) for job in plans[-1].needrun_jobs(exclude_finished=False)])
                    )
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
    resources = {name: value for name, value in job.resources.items() if isinstance(value, int | str)}
    own = {"rule": job.rule.name, "script": job.rule.script, "threads": job.threads, "resources": resources}
    return {**own, **named, "log": list(job.log)}
