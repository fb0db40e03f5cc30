"""The test cluster as the tests see it: start, stop, faults, and SLURM's own records of what ran where."""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
STATE = Path("/var/tmp/synergy-slurm-test")  # as in cluster/common
QUICK = [sys.executable, str(HERE / "quick_snakemake.py"), "--profile", str(REPOSITORY / "profiles/slurm")]
QUICK += ["--slurm-init-seconds-before-status-checks", "2"]
ENVIRONMENT = {"SYNERGY_ACCOUNT": "study", "SYNERGY_PARTITION": "cpu", "SYNERGY_GPU_PARTITION": "gpu"}
FIELDS = "JobIDRaw,Comment,State,NodeList,Partition,Start,End,ReqMem,TimelimitRaw,AllocTRES,WorkDir"
SINCE = time.time()  # records of earlier runs, perhaps in folders of the same names, do not count
heads: list[tuple[Path, subprocess.Popen]] = []  # every Snakemake that was started, and where


@dataclass(frozen=True)
class Record:
    """A job in SLURM's accounting."""

    job: str
    rule: str
    wildcards: str
    state: str
    node: str
    partition: str
    start: float
    end: float
    memory: str
    minutes: int
    allocated: str

    @property
    def gpus(self) -> int:
        """Number of GPUs that it was given."""
        return int(dict(item.split("=") for item in self.allocated.split(",") if "=" in item).get("gres/gpu", 0))


def command(*words: str | Path, check: bool = True) -> str:
    """Output of a command of SLURM or of the cluster's scripts."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    done = subprocess.run(words, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    assert not (check and done.returncode), f"{words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def script(name: str, *words: str, check: bool = True) -> str:
    """Run one of the scripts in tests/slurm/cluster."""
    return command(HERE / "cluster" / name, *words, check=check)


def jobs_of(folder: Path) -> list[Record]:
    """Every job that was started in `folder`, in the order of submission, as sacct knows it."""
    found = []
    for line in command("sacct", "-X", "-D", "-n", "-P", "-S", "now-1days", "-o", FIELDS).splitlines():
        *fields, where = line.split("|")
        if where != str(folder) or not fields[1].startswith("rule_") or fields[5] in ("Unknown", "None"):
            continue
        rule, _, wildcards = fields[1].removeprefix("rule_").partition("_wildcards_")
        start, end = (moment(text) for text in fields[5:7])
        if start < SINCE - 1:
            continue
        job, _, state, node, where_to, _, _, memory, minutes, allocated = fields
        minutes = int(minutes) if minutes.isdecimal() else 0
        state = state.split()[0]
        found.append(Record(job, rule, wildcards, state, node, where_to, start, end, memory, minutes, allocated))
    return sorted(found, key=lambda record: int(record.job))


def profile_shards() -> int:
    """Number of shards that the profile asks for."""
    return int(re.search(r"- pairs=(\d+)", (REPOSITORY / "profiles/slurm/config.yaml").read_text())[1])


def moment(text: str) -> float:
    """Seconds since 1970; infinite for what has not happened."""
    return float("inf") if text in ("Unknown", "None") else datetime.fromisoformat(text).timestamp()


def starts(folder: Path, rule: str = "decompose_pairs") -> Counter:
    """How often each job of a rule was started, by wildcards."""
    return Counter(record.wildcards for record in jobs_of(folder) if record.rule == rule)


def snakemake(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    """Start Snakemake with the cluster's profile in `folder`; it looks at its jobs more often than the profile says."""
    with open(folder / "head.log", "a") as log:
        head = subprocess.Popen(
            [*QUICK, *arguments],
            cwd=folder,
            env=os.environ | ENVIRONMENT | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    heads.append((folder, head))
    return head


def load() -> float:
    """How many times as long as alone something takes on this machine now, at least."""
    return max(1.0, os.getloadavg()[0] / os.cpu_count())


def finish(head: subprocess.Popen, folder: Path, code: int = 0, timeout_s: float = 600.0) -> str:
    """Wait for Snakemake to end with `code`; return all that was printed in `folder` so far."""
    until(lambda: head.poll() is not None, timeout_s)
    text = (folder / "head.log").read_text()
    assert head.returncode == code, text[-8000:]
    return text


def until(condition: Callable, timeout_s: float = 400.0):
    """The first true value of `condition()`, asked again and again; a busy machine gets more time."""
    start = time.monotonic()
    while not (value := condition()):
        assert time.monotonic() - start < timeout_s * load(), "it did not happen in time"
        time.sleep(0.2)
    return value


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Context after which nothing that was started in `folder` is left, whatever happened in it."""
    try:
        yield
    finally:
        for head in [head for where, head in heads if where == folder]:
            head.kill()
            head.wait()
        if jobs := [job["job"] for job in running(folder, "all").values()]:
            command("scancel", *jobs, check=False)


def running(folder: Path, states: str = "R") -> dict[str, dict]:
    """Running jobs of `folder` by wildcards, each with `job` and `node`; or those in other states."""
    names = ("JobID:20", "NodeList:20", "Comment:200", "WorkDir:300")
    lines = command("squeue", "-h", "-t", states, "-O", ",".join(names)).splitlines()
    fields = ([line[start:end].strip() for start, end in ((0, 20), (20, 40), (40, 240), (240, 540))] for line in lines)
    return {
        comment.rpartition("_wildcards_")[2]: {"job": job, "node": node}
        for job, node, comment, where in fields
        if where == str(folder)
    }


def payload(job: str, name: str = "decompose_pairs.py") -> int | None:
    """Process id of the script that a job runs, once it does."""
    for process in Path("/proc").iterdir():
        try:
            if name in (process / "cmdline").read_text().split("\0")[1].rpartition(".snakemake/scripts/")[2]:
                environment = (process / "environ").read_text().split("\0")
                if f"SLURM_JOB_ID={job}" in environment:
                    return int(process.name)
        except (OSError, IndexError, ValueError):
            continue
    return None


def arrays(path: Path) -> dict:
    """Arrays of an npz, without the note of what made it, as `plain` gives them."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        return plain({name: file[name] for name in file.files if name != "provenance"})


def plain(found: dict) -> dict:
    """Type, shape and bytes of each array: equal only where every bit is."""
    return {name: (array.dtype.str, array.shape, array.tobytes()) for name, array in found.items()}
