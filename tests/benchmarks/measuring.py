"""What the measurements of all stages share: a row of the table, clocks, and processes that do nothing else.

Run as a program it calls a function of a stage and prints what it returns, as JSON, in its last line.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("workflow_scripts", "tests/benchmarks", "tests/unit", "tests")]
MODEL = "smollm2-135m"  # of the demo


class Row(NamedTuple):
    """A row of the table; `met` is None where nothing was measured."""

    stage: str
    size: str
    ours: str
    reference: str
    ratio: str
    target: str
    met: bool | None

    def cells(self) -> tuple[str, ...]:
        """The columns as text."""
        return *self[:-1], {True: "yes", False: "**no**", None: "–"}[self.met]


def markdown(columns: Iterable[str], rows: Iterable[Iterable]) -> str:
    """A table in Markdown."""
    columns = list(columns)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def seconds(function: Callable[[], object]) -> float:
    """Seconds that a call takes, a GPU's queue included; with CPU_TIME set, those that this process computed."""
    clock = time.process_time if os.environ.get("CPU_TIME") else time.perf_counter
    _synchronise()
    start = clock()
    function()
    _synchronise()
    return clock() - start


def _synchronise() -> None:
    torch = sys.modules.get("torch")  # without it there is no queue
    if torch and torch.cuda.is_available():
        torch.cuda.synchronize()


def best_of(repeats: int, *functions: Callable[[], object]) -> list[float]:
    """Least seconds of each of several functions, which take turns: other programs can only slow one down."""
    rounds = [[seconds(function) for function in functions] for _ in range(repeats)]
    return [min(own) for own in zip(*rounds, strict=True)]


def peak_gb() -> float:
    """Most memory that this process has had, on the GPU where there is one."""
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def weights_gb(model) -> float:
    """Memory of a model's weights."""
    return sum(weight.numel() * weight.element_size() for weight in model.model.parameters()) / 1e9


def minutes(duration_s: float) -> str:
    """Minutes and seconds in words."""
    return f"{round(duration_s) // 60} min {round(duration_s) % 60} s"


def fresh(module: str, function: str, *arguments):
    """What `function` of a stage's module returns when a process of its own calls it; what it prints goes on."""
    command = [sys.executable, __file__, module, function, json.dumps(arguments, default=str)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"Measuring {module} failed; its messages stand above.")
    printed, _, result = done.stdout.rstrip("\n").rpartition("\n")
    print(printed, end="\n" * bool(printed), flush=True)
    return json.loads(result)


def options_of(given: dict) -> argparse.Namespace:
    """The command line's options, as a stage is given them."""
    return argparse.Namespace(**given | {"run": Path(given["run"])})


if __name__ == "__main__":
    name, called, given_arguments = sys.argv[1:]
    print(json.dumps(getattr(import_module(name), called)(*json.loads(given_arguments))))
