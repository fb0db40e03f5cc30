# Needs the plan of a run. Gives the checks before its first job, and what jobs of SLURM meet that its executor does not.
import os
import re
import sys
import tempfile
import time
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from threading import Event

PINNED = ("numpy", "scipy", "pandas", "numba", "torch", "transformers")
ROOM = 2**20  # bytes that a folder must take
LEAST_MEMORY_S = 30  # of SLURM: looks at jobs are 10 s apart at first, and two may fail
# What sbatch says when the same call may succeed later: a limit of jobs in the queue, or a controller that is busy.
PASSING = re.compile(r"SubmitJob|temporarily|timed out|Unable to contact|Zero Bytes|Transport endpoint|not responding")
PAUSES_S = [10, 20, 30] + [60] * 60  # before each further call: an hour for each attempt at a job
ENDED = ("PREEMPTED", "NODE_FAIL")  # states from which SLURM takes up a job again, if it does
TAKEN_UP_S = 30  # ... and how long it may look ended before
SLURM = sys.modules.get("snakemake_executor_plugin_slurm")  # imported by Snakemake where it is installed
# Whether it is built as version 2.8.0, which envs/ pin; another is left as it is.
KNOWN = hasattr(SLURM, "query_job_status") and hasattr(SLURM.Executor, "_report_job_error_threadsafe")


def require_figures(words):
    """Stop where a figure was asked for that no rule draws, and name the nearest."""
    folder = PATHVARS.apply("<results>/figures/")
    drawn = [str(file) for rule in workflow.rules for file in rule.output if str(file).startswith(folder)]
    ends = tuple(file.rpartition("}")[2] for file in drawn)
    for target in words:
        if target.startswith(folder) and not target.endswith(ends):
            paths = {file.replace("{model}", model): None for file in drawn for model in config["models"]}
            near = get_close_matches(target, paths, n=3)
            stop("a figure that a rule draws", target, f"use {', '.join(near)}" if near else "see docs/rules.md")


def require_past(plan):
    """Stop where an input was written after now: Snakemake would delete every good output as older than that."""
    inputs = {str(file) for job in plan.needrun_jobs() for file in job.input}
    ahead = {file: os.path.getmtime(file) - time.time() for file in inputs if os.path.exists(file)}
    late = sorted((file for file in ahead if ahead[file] > 1), key=lambda file: -ahead[file])
    if late:
        by = timedelta(seconds=round(ahead[late[0]]))
        found = (
            f"{', '.join(late[:5])}{f' and {len(late) - 5} more' if late[5:] else ''}, up to {by} ahead of this clock"
        )
        cure = "have the clocks of this machine and of the file server set alike; for files that came with such a date"
        stop("inputs that were written before now", found, f"{cure}, type: touch {' '.join(late[:5])}")


def require_room(plan):
    """Stop where a folder takes nothing in which the plan's files come, or the temporary ones of any job.

    A job would fail there without a word in its log, once for each attempt.
    """
    written = (file for job in plan.needrun_jobs() for file in (*job.output, *job.log, job.benchmark) if file)
    places = {}
    for folder in {os.path.dirname(os.path.abspath(file)) for file in written}:
        there = next(parent for parent in (Path(folder), *Path(folder).parents) if os.path.exists(parent))
        places[there] = ("results and logs", "have it made writable, or work elsewhere with --directory")
    if temporary := os.environ.get("TMPDIR"):
        places[Path(temporary)] = ("TMPDIR", "name another folder: export TMPDIR=/path/with/room")
    for folder, (what, cure) in sorted(places.items()):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(ROOM))
        except OSError as error:
            stop(f"{what} in a folder that takes files, {folder}", error.strerror, f"make room there, or {cure}")


def require_own_packages():
    """Stop where PYTHONPATH puts another numpy (or the like) before the one that the workflow was tested with."""
    for place in filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        foreign = [name for name in PINNED if (Path(place) / name / "__init__.py").is_file()]
        if foreign and not Path(place).resolve().is_relative_to(Path(sys.prefix).resolve()):
            found = f"{', '.join(foreign)} in {place}, which PYTHONPATH puts before them"
            stop(
                f"the packages of {sys.prefix} in every job",
                found,
                "unset PYTHONPATH, or unload the module that set it",
            )


def require_memory_of_slurm():
    """Stop where squeue, by which jobs are watched, would not show the end of a job."""
    if workflow.executor_settings.status_command == "squeue":
        age = SLURM.get_min_job_age()
        if age is not None and age < LEAST_MEMORY_S:
            stop(
                f"MinJobAge of {LEAST_MEMORY_S} s or more (scontrol show config | grep MinJobAge)",
                f"{age} s, so that SLURM forgets jobs before it can be asked how they ended",
                "have it raised (200 is well), or ask the accounting database: --slurm-status-command sacct",
            )


def asked_again(report):
    """The executor's report of a failed sbatch, put off while the reason may pass: the call is repeated meanwhile."""
    calls = {}

    def reported(self, job_info, msg):
        said = re.search(r"The error message was '(.*?)'\.\n", msg, re.DOTALL)
        number = calls[job_info.job] = calls.get(job_info.job, -1) + 1
        if not said or not PASSING.search(said[1]) or number >= len(PAUSES_S):
            calls.pop(job_info.job)
            return report(self, job_info, msg)
        reason = " ".join(said[1].replace("sbatch: error: ", "").split())
        self.logger.info(f"SLURM takes no job now, asked again in {PAUSES_S[number]} s: {reason}")
        if self.ends.wait(PAUSES_S[number]):
            return report(self, job_info, msg)
        self.run_job(job_info.job)

    return reported


def ending(shutdown):
    """The executor's shutdown, which waits for no pause between two calls of sbatch."""

    def end(self):
        self.ends.set()
        shutdown(self)

    return end


def seen_to_end(query):
    """The executor's look at all jobs, in which no job waits for ever for what does not come.

    It takes a preempted job for one that SLURM takes up again, which SLURM does not under PreemptMode=CANCEL, and knows
    CANCELLED but not sacct's "CANCELLED by 0".
    """
    since = {}

    async def looked(command, logger):
        states, seconds = await query(command, logger)
        if states is None:
            return states, seconds
        states = {job: (state.split() or [state])[0] for job, state in states.items()}
        now = time.monotonic()
        for job, state in states.items():
            if state not in ENDED:
                since.pop(job, None)
            elif now - since.setdefault(job, now) >= TAKEN_UP_S:
                logger.info(f"SLURM does not take up job {job} again, which ended as {state}.")
                states[job] = "CANCELLED"
        return states, seconds

    return looked


if KNOWN and not hasattr(SLURM.Executor, "ends"):
    SLURM.Executor.ends = Event()
    SLURM.Executor._report_job_error_threadsafe = asked_again(SLURM.Executor._report_job_error_threadsafe)
    SLURM.Executor.shutdown = ending(SLURM.Executor.shutdown)
    SLURM.query_job_status = seen_to_end(SLURM.query_job_status)


# Snakemake itself would say "No rule to produce". In another workflow rules may follow that draw more.
if Path(workflow.main_snakefile).parent == Path(str(workflow.current_basedir)).parent:
    require_figures(sys.argv[1:])


onstart:
    require_past(workflow.dag)
    require_room(workflow.dag)
    require_own_packages()
    if KNOWN and isinstance(workflow.executor_settings, SLURM.ExecutorSettings):
        require_memory_of_slurm()
