r"""How well answers are found and graded: cases whose verdict is known, beside Math-Verify on its own.

    python tests/benchmarks/grading_table.py ../shared/data [--page docs/math.md]

FOLDER holds math500/test.jsonl and gsm8k/test.jsonl, of which `grading_cases` makes the texts. Math-Verify gets the
same ones in the same run, and looks for the answer by itself. With `--page` the table replaces the one between the
page's marks. It takes some minutes.
"""

import argparse
import importlib.metadata
import logging
import os
import sys
import time
from collections.abc import Callable
from itertools import compress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from grading_cases import Case, cases
from math_verify import parse, verify
from measuring import markdown
from speed_table import put_into

from synergy.perturbation.answer_extraction import extract_answer
from synergy.perturbation.grading import Grader

MARKS = "<!-- begin: grading_table.py -->", "<!-- end: grading_table.py -->"
COLUMNS = "cases", "number", "to be accepted", "accepted", "by Math-Verify alone"
TARGETS = {  # a group of cases: its name in the table, and how many should be taken as right
    "in a box": ("gold answer of MATH-500 in a box", "≥ 99.8 %"),
    "between dollar signs": ("in `$…$` after “The final answer is”", "≥ 99.8 %"),
    "between double dollar signs": ("in `$$…$$` after these words", "≥ 99.8 %"),
    "bare": ("bare after these words", "≥ 99.8 %"),
    "solution": ("whole solution", "100 %"),
    "rewritten": ("gold answer, rewritten", "≥ 99 %"),
    "altered": ("gold answer, altered", "≤ 0.5 %"),
    "cut solution": ("another problem's solution, cut off", "≤ 0.3 %"),
}


def ours(grader: Grader) -> Callable[[Case], bool]:
    """Verdicts of this project."""
    return lambda case: grader.grade(case.gold, extract_answer(case.text).answer).correct


def theirs(case: Case) -> bool:
    """Verdict of Math-Verify, which finds the answer by itself."""
    return verify(parse(f"${case.gold}$"), parse(case.text))


def counted(name: str, some: list[Case], judges: list[Callable[[Case], bool]]) -> list[tuple[str, ...]]:
    """Rows of the table: how many cases each judge takes as right, of each kind where there are several."""
    verdicts = [[judge(case) for case in some] for judge in judges]
    kinds = dict.fromkeys(case.kind for case in some)
    rows = []
    for kind in [None, *kinds] if len(kinds) > 1 else [None]:
        of_kind = [kind in (None, case.kind) for case in some]
        counts = [sum(compress(own, of_kind)) for own in verdicts]
        title, target = (f"– {kind}", "") if kind else TARGETS[name]
        rows.append((title, f"{sum(of_kind):,}", target, *(f"{count:,}" for count in counts)))
        print(*rows[-1], sep="\t", file=sys.stderr, flush=True)
    return rows


def cpu_ms(grader: Grader, some: list[Case]) -> float:
    """CPU time to find and grade an answer, the worker's included."""
    worker = Path(f"/proc/{grader._worker.pid}/stat")  # Linux

    def spent() -> float:
        fields = worker.read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    start = spent()
    for case in some:
        grader.grade(case.gold, extract_answer(case.text).answer)
    return (spent() - start) / len(some) * 1e3


def speed(found: dict[str, list[Case]]) -> str:
    """A sentence on the time that finding and grading takes."""
    texts = [case.text for name in ("bare", "solution", "cut solution") for case in found[name]]
    start = time.process_time()
    for text in texts:
        extract_answer(text)
    rate = len(texts) / (time.process_time() - start)
    with Grader() as grader:
        grader.grade("1", "x = 1")
        same, rewritten, altered = (cpu_ms(grader, found[name]) for name in ("in a box", "rewritten", "altered"))
    length = sum(map(len, texts)) / len(texts)
    return (
        f"In CPU time of one core: answers are found in {rate:,.0f} of these texts a second ({length:.0f} characters "
        f"each); grading takes {same:.2f} ms for a gold answer as it is, {rewritten:.2f} ms for a rewritten and "
        f"{altered:.2f} ms for an altered one."
    )


def main() -> None:
    """Judge all cases, print the table, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the test sets are")
    parser.add_argument("--page", type=Path, help="write the table into this page too")
    parser.add_argument("--show", choices=TARGETS, help="print our verdict on each case of one row instead")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # Math-Verify reports each comparison that it gives up
    found = cases(options.folder)
    with Grader() as grader:
        if options.show:
            for case in found[options.show]:
                verdict = "right" if ours(grader)(case) else "wrong"
                print(verdict, case.kind, case.gold, repr(case.text[-120:]), sep="\t")
            return
        rows = [row for name, some in found.items() for row in counted(name, some, [ours(grader), theirs])]
    versions = " and ".join(f"{name} {importlib.metadata.version(name)}" for name in ("math-verify", "sympy"))
    block = f"{markdown(COLUMNS, rows)}\n\n{speed(found)} With {versions}."
    print(block)
    if options.page:
        put_into(options.page, block, MARKS)


if __name__ == "__main__":
    main()
