"""One table of the speed of every stage: ours, a reference, their ratio, the target, and whether it is met.

    python tests/benchmarks/speed_table.py [--run FOLDER] [--only STAGE …] [--page docs/speed.md]     (make bench)
    python tests/benchmarks/speed_table.py --only ablation --details      (further tables, for the page of a stage)

Runs the demo in a temporary folder, or in FOLDER to keep it, times it, and measures the rest on its model and answers;
a demo that FOLDER holds already is taken and not timed. Each stage is measured in a process of its own, ratios within
one process and in turns. With `--page` the table replaces the one between the page's marks. Close other programs first;
it takes 20 minutes on two cores. On a machine that others use, `--cpu-time --threads 1` counts the seconds that the
process computed.

Rows for a GPU are measured where there is one. With `--details` the stage `gpu` runs anywhere: models of true shape
with random weights (`--shapes`, `--layers`) record `--prompts` x `--tokens`, and remove heads in `--steps`.
"""

import argparse
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measuring import Row, fresh, markdown

MARKS = "<!-- begin: make bench -->", "<!-- end: make bench -->"
COLUMNS = "stage", "size", "ours", "reference", "ours is faster by", "target", "met", "load", "CPU"
STAGES = ("demo", "phiid", "graphs", "starting", "recording", "ablation", "answering", "gpu")  # speed_<stage>.py
ON_THE_DEMO = {"demo", "recording", "ablation", "answering"}  # these want its model and answers


def put_into(page: Path, block: str, marks: tuple[str, str] = MARKS) -> None:
    """Replace what stands between the marks of a page."""
    text = page.read_text()
    pattern = re.compile(f"({re.escape(marks[0])}\n).*?({re.escape(marks[1])})", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"Expected the marks {' and '.join(marks)} in {page}; found none. Put them where the table belongs.")
    page.write_text(pattern.sub(lambda found: f"{found[1]}{block}\n{found[2]}", text))


def machine(threads: int, load: float) -> str:
    """The paragraph above the table: where and with what it was measured."""
    code = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU')"
    gpu = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "numba", "snakemake"))
    return (
        f"Measured on {date.today()}: {threads} cores ({cpu()}), {gpu}, "
        f"Python {platform.python_version()}, {versions}. Load of the machine when it began: {load:.1f}."
    )


def cpu() -> str:
    """Name of the processor, and whether it has what our linear layers use."""
    names = re.findall(r"model name\s*: (.+)", read("/proc/cpuinfo"))
    flags = " with AVX-512" if "avx512f" in read("/proc/cpuinfo") else ""
    return (names[0] if names else platform.processor() or platform.machine()) + flags


def read(path: str) -> str:
    """Text of a file, or nothing where the system has no such file."""
    return Path(path).read_text() if Path(path).exists() else ""


def table(rows: list[tuple[Row, float]]) -> str:
    """The rows in Markdown, each with the machine's load when its stage began."""
    return markdown(COLUMNS, [(*row.cells(), f"{load:.1f}", cpu()) for row, load in rows])


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="where the demo runs, or has run")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--page", type=Path, help="write the table into this page too")
    parser.add_argument("--details", action="store_true", help="the further tables of each stage instead")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cpu-time", action="store_true", help="seconds of computation, not of the clock")
    parser.add_argument("--shapes", nargs="+", default=["gemma3-4b", "qwen3-8b"], help="of the stage gpu")
    parser.add_argument("--prompts", type=int, help="of ablation and gpu")
    parser.add_argument("--tokens", type=int, help="of gpu, for each prompt")
    parser.add_argument("--steps", type=int, help="of ablation and gpu")
    parser.add_argument("--layers", type=int, help="fewer layers than the true shape has")
    options = parser.parse_args()
    load, rows = os.getloadavg()[0], []
    if options.cpu_time:
        os.environ["CPU_TIME"] = "1"
    with tempfile.TemporaryDirectory() as scratch:
        options.run = (options.run or Path(scratch)).resolve()
        finished = (options.run / "results/checks.json").exists()
        needed = ["demo"] if ON_THE_DEMO & set(options.only) and not finished else []
        for stage in [*needed, *(stage for stage in options.only if stage != "demo")]:
            print(f"measuring {stage}", file=sys.stderr, flush=True)
            if options.details and stage != "demo":
                fresh(f"speed_{stage}", "details", vars(options))
                continue
            before = os.getloadavg()[0]
            rows += [(Row(*cells), before) for cells in fresh(f"speed_{stage}", "rows", vars(options))]
            print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    block = f"{machine(options.threads, load)}\n\n{table(rows)}" if rows else machine(options.threads, load)
    print(block)
    if options.page:
        put_into(options.page, block)


if __name__ == "__main__":
    main()
