r"""How well answers are found and graded: known cases made from public test sets, beside Math-Verify on its own.

    python tests/benchmarks/grading_table.py ../shared/data [--page docs/math.md]

FOLDER holds math500/test.jsonl and gsm8k/test.jsonl. Each gold answer of MATH-500 is put into a box, between dollar
signs and into a sentence; rewritten so that it stays right; and altered so that it is wrong. Solutions cut before their
answers are graded against the answers of other problems. Math-Verify gets the same texts in the same run, and looks for
the answer by itself. With `--page` the table replaces the one between the page's marks.
"""

import argparse
import importlib.metadata
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(Path(__file__).parent)]

from math_verify import parse, verify  # noqa: E402

from synergy.perturbation.answer_extraction import extract_answer  # noqa: E402
from synergy.perturbation.grading import Grader  # noqa: E402

MARKS = "<!-- begin: grading_table.py -->", "<!-- end: grading_table.py -->"
WAYS = {
    "in a box": r"So we have $\boxed{GOLD}$.",
    "between dollar signs": "The final answer is $GOLD$.",
    "between double dollar signs": "The final answer is $$GOLD$$",
    "bare": "The final answer is GOLD.",
}
TARGETS = {
    **dict.fromkeys(WAYS, "≥ 499"),
    "solution": "all",
    "GSM8K solution": "all",
    "rewritten": "≥ 99 %",
    "altered": "≤ 0.5 %",
    "cut solution": "≤ 0.3 %",
}
SIGNED = r"-?[0-9.]+|-?\\infty|-?\\sqrt\{[0-9]+\}"


class Case(NamedTuple):
    """A text, the gold answer that it is graded against, and what was done to the gold answer."""

    gold: str
    text: str
    kind: str


def outside_commands(pattern: str, replace: Callable[[re.Match], str] | str, text: str) -> str:
    """Replace where no command and no upright text stands."""
    parts = re.split(r"(\\(?:text|mbox|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+)", text)
    return "".join(part if k % 2 else re.sub(pattern, replace, part) for k, part in enumerate(parts))


def rewritten(gold: str) -> Iterator[tuple[str, str]]:
    """What was done, and the same answer in another notation."""
    lone = re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", gold)
    for degree in ("°", r"^{\circ}", r"\degree", r"^\degree", " degrees", r"\text{ degrees}", ""):
        if r"^\circ" in gold:
            yield "degree signs", gold.replace(r"^\circ", degree)
    digits = gold.replace(",\\!", "").replace(" ", "").replace(",", "")
    if re.fullmatch(r"(?:\\\$)?[0-9]{4,}", digits):
        for separator in (",", "{,}", r"\,", r",\!", r"\ ", " ", "\u202f"):
            grouped = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", lambda _, by=separator: by, digits)
            yield "separators", grouped
    if found := re.fullmatch(rf"(x \\in )?(?:\\left)?([(\[])\s*({SIGNED}),\s*({SIGNED})(?:\\right)?([)\]])", gold):
        named, opening, low, high, closing = found.groups()
        if named or "infty" in gold or (opening, closing) != ("(", ")"):
            below = "" if "infty" in low else f"{low} {'<' if opening == '(' else chr(92) + 'le'} "
            above = "" if "infty" in high else f" {'<' if closing == ')' else chr(92) + 'leq'} {high}"
            yield "relations", f"{below}x{above}"
            yield "relations", rf"x \in {opening}{low}, {high}{closing}"
    if r"\cup" in gold:
        yield "relations", rf"x \in {gold}"
        yield "relations", " \\cup ".join(reversed(gold.split(r"\cup")))
    if "=" in gold and gold.startswith(("x", "y")):
        yield "relations", gold.partition("=")[2]
        yield "relations", gold.replace("=", " = ")
    if not re.search(r"=|\\in|text|[,(]", gold):
        yield "relations", f"x = {gold}"
        yield "relations", f"={gold}"
    yield "spacing", outside_commands(r"\s*([-+=<>])\s*", r" \1 ", gold)
    yield (
        "spacing",
        outside_commands(r"\s*,(?!\\)\s*", ", ", gold) if not re.search(r",\\!|[0-9],[0-9]{3}", gold) else gold,
    )
    yield "spacing", outside_commands(r"\s*([-+])\s*", r"\\,\1\\,", gold)
    yield "spacing", rf"\,{gold}\ "
    yield (
        "spacing",
        gold.replace("(", r"\left(").replace(")", r"\right)")
        if r"\left" not in gold and gold.count("(") == gold.count(")") and "text" not in gold
        else gold,
    )
    yield "signs", gold.replace("-", "−")
    yield "signs", outside_commands("[0-9]", lambda digit: chr(ord(digit[0]) + 0xFEE0), gold) if lone else gold
    yield (
        "signs",
        gold.replace(r"\pi", "π")
        .replace(r"\infty", "∞")
        .replace(r"\cup", "∪")
        .replace(r"\in ", "∈ ")
        .replace(r"\pm", "±"),
    )
    yield "signs", re.sub(r"\\sqrt\{([0-9]+)\}", r"√\1", gold)
    yield "signs", re.sub(r"(?<=[a-z)])\^([0-9])(?![0-9])", lambda power: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(power[1])], gold)
    yield "fractions", gold.replace(r"\frac", r"\dfrac").replace(r"\ddfrac", r"\tfrac")
    yield "fractions", re.sub(r"^(-?)\\d?frac\{([0-9]+)\}\{([0-9]+)\}$", r"\1\2/\3", gold)
    yield "fractions", re.sub(r"\\frac\{([0-9])\}\{([0-9])\}", r"\\frac\1\2", gold)
    yield (
        "fractions",
        re.sub(r"([0-9]+) ?\\frac\{([0-9]+)\}\{([0-9]+)\}$", r"\1 \2/\3", gold) if re.match("[0-9]", gold) else gold,
    )
    yield "style", rf"\textcolor{{blue}}{{{gold}}}"
    yield "style", rf"\displaystyle {gold}"
    yield "style", rf"{gold}."
    yield "style", re.sub(r"\\text\{([^{}]*)\}", r"\\mathrm{\1}", gold)
    yield "style", re.sub(r"\\text\{([^{}]*)\}|\\mbox\{([^{}]*)\}", lambda words: words[1] or words[2] or "", gold)
    if lone and "." not in gold:
        yield "units", rf"{gold} \text{{ units}}"
        yield "units", f"{gold}.0"
    if re.fullmatch(r"-?[a-z0-9{} ]+(?:,\s*-?[a-z0-9\\{} ]+)+", gold) and not re.search(r"\\!|[0-9],[0-9]{3}", gold):
        yield "lists", ", ".join(reversed(gold.split(",")))
        yield "lists", r" \text{ and } ".join(gold.split(","))


def altered(gold: str) -> Iterator[tuple[str, str]]:
    """What was done, and an answer that is wrong for it."""
    yield (
        "letter case",
        outside_commands(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])", lambda letter: letter[0].swapcase(), gold),
    )
    if found := re.fullmatch(r"(\\left)?\s*([(\[])(.*,.*?)(\\right)?([)\]])", gold):
        left, opening, inside, right, closing = found.groups()
        turned = {"(": "[", "[": "(", ")": "]", "]": ")"}
        yield "braces", f"{left or ''}{turned[opening]}{inside}{right or ''}{closing}"
        yield "braces", f"{left or ''}{opening}{inside}{right or ''}{turned[closing]}"
        yield "braces", rf"\{{{inside}\}}"
    if gold.startswith(r"\{"):
        yield "braces", gold.replace(r"\{", "(").replace(r"\}", ")")
        yield "braces", gold.replace(r"\{", "[").replace(r"\}", "]")
    if found := re.fullmatch(r"([0-9]+)_\{?([0-9])\}?", gold):
        yield "base", f"{found[1]}_{(int(found[2]) + 1) % 10}"
        yield "base", f"{found[1]}_{{{int(found[2]) - 1}}}"
    for place in range(len(gold)):
        if gold[place].isdigit():
            yield "digit", f"{gold[:place]}{(int(gold[place]) + 1) % 10}{gold[place + 1 :]}"
    if not re.search(r"text|mbox", gold):
        bare = gold.removeprefix("-")
        if re.fullmatch(r"-?(?:[0-9.]*|[0-9]*\\frac.*|[0-9]*\\sqrt.*)", gold) and gold != "0":
            yield "sign", bare if gold != bare else f"-{gold}"
        for place in (
            found.start() for found in re.finditer(r"(?<=[\w})^] )[-+](?= )|(?<=[\w})])[-+](?=[\w\\])", gold)
        ):
            yield "sign", f"{gold[:place]}{'+' if gold[place] == '-' else '-'}{gold[place + 1 :]}"


def before_answer(solution: str) -> Iterator[tuple[str, str]]:
    """A solution cut right before its box, and after the last sentence before it."""
    head = solution[: max(solution.rfind(r"\boxed"), solution.rfind(r"\fbox"))]
    yield "cut at the answer", head
    ends = [end.end() for end in re.finditer(r"[.!?]\$?\s", head)]
    yield "cut after a sentence", head[: ends[-1]] if ends else ""


def cases(folder: Path) -> dict[str, list[Case]]:
    """All texts, in groups; the right ones first, then those that are wrong."""
    rows = [json.loads(line) for line in (folder / "math500/test.jsonl").read_text().splitlines()]
    school = [
        json.loads(line)["answer"].rpartition("####") for line in (folder / "gsm8k/test.jsonl").read_text().splitlines()
    ]
    golds = [row["answer"] for row in rows]
    box = WAYS["in a box"]
    found = {way: [Case(gold, text.replace("GOLD", gold), way) for gold in golds] for way, text in WAYS.items()}
    found["solution"] = [Case(row["answer"], row["solution"], "solution") for row in rows]
    found["GSM8K solution"] = [
        Case(gold.strip().replace(",", ""), "".join((head, mark, gold)), "GSM8K") for head, mark, gold in school
    ]
    for name, change in (("rewritten", rewritten), ("altered", altered)):
        found[name] = [
            Case(gold, box.replace("GOLD", changed), kind)
            for gold in golds
            for kind, changed in dict.fromkeys(change(gold))
            if changed != gold
        ]
    found["cut solution"] = []
    for shift in (1, 7):
        for row, other in zip(rows, golds[shift:] + golds[:shift], strict=True):
            if row["answer"] != other:
                found["cut solution"] += [Case(other, head, kind) for kind, head in before_answer(row["solution"])]
    answers = [gold.strip().replace(",", "") for _, _, gold in school]
    for (head, _, _), own, other in zip(school, answers, answers[1:] + answers[:1], strict=True):
        if own != other:
            found["cut solution"].append(Case(other, head, "GSM8K, cut at the answer"))
    return found


def ours(grader: Grader) -> Callable[[Case], bool]:
    """Verdicts of this project."""
    return lambda case: grader.grade(case.gold, extract_answer(case.text).answer).correct


def theirs(case: Case) -> bool:
    """Verdict of Math-Verify, which finds the answer by itself."""
    return verify(parse(f"${case.gold}$"), parse(case.text))


def counted(name: str, some: list[Case], judges: list[Callable[[Case], bool]]) -> list[str]:
    """Rows of the table: how many cases each judge takes as right, of each kind where there are several."""
    verdicts = [[judge(case) for case in some] for judge in judges]
    kinds = dict.fromkeys(case.kind for case in some)
    rows = []
    for kind in [None, *kinds] if len(kinds) > 1 else [None]:
        of_kind = [kind in (None, case.kind) for case in some]
        counts = [sum(compress(own, of_kind)) for own in verdicts]
        title = f"– {kind}" if kind else name
        rows.append(
            f"| {title} | {sum(of_kind):,} | {'' if kind else TARGETS[name]} | {' | '.join(f'{n:,}' for n in counts)} |"
        )
        print(rows[-1], flush=True)
    return rows


def cpu_ms(grader: Grader, some: list[Case]) -> float:
    """CPU time to grade a case, the worker's included."""
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
    texts = [case.text for name in ("bare", "solution", "GSM8K solution", "cut solution") for case in found[name]]
    start = time.process_time()
    for text in texts:
        extract_answer(text)
    rate = len(texts) / (time.process_time() - start)
    with Grader() as grader:
        grader.grade("1", "x = 1")
        gold, changed = cpu_ms(grader, found["in a box"]), cpu_ms(grader, found["rewritten"])
    length = sum(map(len, texts)) / len(texts)
    return (
        f"In CPU time of one core: answers are found in {rate:,.0f} of these texts a second ({length:.0f} characters "
        f"each); grading takes {gold:.2f} ms for a gold answer as it is and {changed:.2f} ms for a rewritten one."
    )


def put_into(page: Path, block: str) -> None:
    """Replace what stands between the marks of a page."""
    text = page.read_text()
    pattern = re.compile(f"({re.escape(MARKS[0])}\n).*?({re.escape(MARKS[1])})", re.DOTALL)
    if not pattern.search(text):
        sys.exit(f"Expected the marks {' and '.join(MARKS)} in {page}; found none. Put them where the table belongs.")
    page.write_text(pattern.sub(lambda marks: f"{marks[1]}{block}\n{marks[2]}", text))


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
        version = importlib.metadata.version("math-verify")
        rows = [
            f"| cases | number | to be accepted | accepted | by Math-Verify {version} alone |",
            "|---|--:|---|--:|--:|",
        ]
        for name, some in found.items():
            rows += counted(name, some, [ours(grader), theirs])
    block = "\n".join([*rows, "", speed(found)])
    print(f"\n{block}")
    if options.page:
        put_into(options.page, block)


if __name__ == "__main__":
    main()
