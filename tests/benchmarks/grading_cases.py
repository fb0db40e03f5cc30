r"""Texts whose right verdict is known, made from public test sets by rules.

Each gold answer of MATH-500 is put into a box, between dollar signs and into a sentence; rewritten so that it stays
right; and altered so that it is wrong. Solutions that are cut off before their answers go with answers of others.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

WAYS = {
    "in a box": r"So we have $\boxed{GOLD}$.",
    "between dollar signs": "The final answer is $GOLD$.",
    "between double dollar signs": "The final answer is $$GOLD$$",
    "bare": "The final answer is GOLD.",
}
BOUND = r"-?[0-9.]+|-?\\infty|-?\\sqrt\{[0-9]+\}"
INTERVAL = re.compile(rf"(x \\in )?(?:\\left)?([(\[])\s*({BOUND}),\s*({BOUND})(?:\\right)?([)\]])")
BRACKETED = re.compile(r"(\\left)?\s*([(\[])(.*,.*?)(\\right)?([)\]])")
INNER_SIGN = re.compile(r"(?<=[\w})^] )[-+](?= )|(?<=[\w})])[-+](?=[\w\\])")
GROUPED = re.compile(r",\\!|[0-9],[0-9]{3}")  # thousands


class Case(NamedTuple):
    """A text, the gold answer that it is graded against, and what was done to the gold answer."""

    gold: str
    text: str
    kind: str


def cases(folder: Path) -> dict[str, list[Case]]:
    """All texts in groups: first those that are right, then the wrong ones."""
    rows = [json.loads(line) for line in (folder / "math500/test.jsonl").read_text().splitlines()]
    lines = (folder / "gsm8k/test.jsonl").read_text().splitlines()
    school = [json.loads(line)["answer"].rpartition("####") for line in lines]
    golds, counts = [row["answer"] for row in rows], [gold.strip().replace(",", "") for _, _, gold in school]
    found = {way: [Case(gold, text.replace("GOLD", gold), way) for gold in golds] for way, text in WAYS.items()}
    found["solution"] = [Case(row["answer"], row["solution"], "MATH-500") for row in rows]
    found["solution"] += [Case(own, "".join(parts), "GSM8K") for parts, own in zip(school, counts, strict=True)]
    for name, change in (("rewritten", rewritten), ("altered", altered)):
        found[name] = [
            Case(gold, WAYS["in a box"].replace("GOLD", changed), kind)
            for gold in golds
            for kind, changed in dict.fromkeys(change(gold))
            if changed != gold
        ]
    found["cut solution"] = [
        Case(other, head, kind)
        for shift in (1, 7)
        for row, other in zip(rows, golds[shift:] + golds[:shift], strict=True)
        for kind, head in before_answer(row["solution"])
        if row["answer"] != other
    ]
    found["cut solution"] += [
        Case(other, head, "GSM8K, cut at the answer")
        for (head, _, _), own, other in zip(school, counts, counts[1:] + counts[:1], strict=True)
        if own != other
    ]
    return found


def rewritten(gold: str) -> Iterator[tuple[str, str]]:
    """What was done, and the same answer in another notation; or the answer as it is, where that can't be done."""
    is_number = re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", gold)
    if r"^\circ" in gold:
        for degrees in ("°", r"^{\circ}", r"\degree", r"^\degree", " degrees", r"\text{ degrees}", ""):
            yield "degree signs", gold.replace(r"^\circ", degrees)
    digits = re.sub(r"\\!|[, ]", "", gold)
    if re.fullmatch(r"(?:\\\$)?[0-9]{4,}", digits):
        for separator in (",", "{,}", r"\,", r",\!", r"\ ", " ", "\u202f"):
            yield "separators", re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", lambda _, by=separator: by, digits)
    yield from (("relations", form) for form in _relations(gold))
    yield from (("spacing", form) for form in _spacing(gold))
    yield "signs", gold.replace("-", "−")
    for command, sign in ((r"\pi", "π"), (r"\infty", "∞"), (r"\cup", "∪"), (r"\in ", "∈ "), (r"\pm", "±")):
        yield "signs", gold.replace(command, sign)
    yield "signs", re.sub(r"\\sqrt\{([0-9]+)\}", r"√\1", gold)
    yield "signs", re.sub(r"(?<=[a-z)])\^([0-9])(?![0-9])", lambda power: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(power[1])], gold)
    if is_number:
        yield "signs", re.sub("[0-9]", lambda digit: chr(ord(digit[0]) + 0xFEE0), gold)  # full width
    yield "fractions", gold.replace(r"\frac", r"\dfrac").replace(r"\ddfrac", r"\tfrac")
    yield "fractions", re.sub(r"^(-?)\\d?frac\{([0-9]+)\}\{([0-9]+)\}$", r"\1\2/\3", gold)
    yield "fractions", re.sub(r"\\frac\{([0-9])\}\{([0-9])\}", r"\\frac\1\2", gold)
    yield "fractions", re.sub(r"^([0-9]+) ?\\frac\{([0-9]+)\}\{([0-9]+)\}$", r"\1 \2/\3", gold)
    for style in (r"\textcolor{blue}{GOLD}", r"\displaystyle GOLD", "GOLD."):
        yield "style", style.replace("GOLD", gold)
    yield "style", re.sub(r"\\text\{([^{}]*)\}", r"\\mathrm{\1}", gold)
    yield "style", re.sub(r"\\(?:text|mbox)\{([^{}]*)\}", r"\1", gold)
    if is_number:
        yield "units", rf"{gold} \text{{ units}}"
    if re.fullmatch(r"-?[a-z0-9]+(?:,\s*-?[a-z0-9]+)+", gold) and not GROUPED.search(gold):
        yield "lists", ", ".join(reversed(gold.split(",")))
        yield "lists", r" \text{ and } ".join(gold.split(","))


def _relations(gold: str) -> Iterator[str]:
    """With a name, without one, as an inequality, as an element of a set."""
    interval = INTERVAL.fullmatch(gold)
    # (a, b) without more may be a point.
    if interval and (interval[1] or "infty" in gold or interval[2] + interval[5] != "()"):
        _, opening, low, high, closing = interval.groups()
        below = "" if "infty" in low else f"{low} {'<' if opening == '(' else chr(92) + 'le'} "
        above = "" if "infty" in high else f" {'<' if closing == ')' else chr(92) + 'leq'} {high}"
        yield f"{below}x{above}"
        yield rf"x \in {opening}{low}, {high}{closing}"
    if r"\cup" in gold:
        yield rf"x \in {gold}"
        yield r" \cup ".join(reversed(gold.split(r"\cup")))
    if re.match("[xy] = |[xy]=", gold):
        yield gold.partition("=")[2]
    if not re.search(r"=|\\in|text|[,(]", gold):
        yield f"x = {gold}"
        yield f"={gold}"


def _spacing(gold: str) -> Iterator[str]:
    """With more, less and other blanks."""
    yield _outside_commands(r"\s*([-+=<>])\s*", r" \1 ", gold)
    yield _outside_commands(r"\s*([-+])\s*", r"\\,\1\\,", gold)
    yield rf"\,{gold}\ "
    if not GROUPED.search(gold):
        yield _outside_commands(r"\s*,\s*", ", ", gold)
    if r"\left" not in gold and gold.count("(") == gold.count(")") and "text" not in gold:
        yield gold.replace("(", r"\left(").replace(")", r"\right)")


def altered(gold: str) -> Iterator[tuple[str, str]]:
    """What was done, and an answer that is wrong for it."""
    single_letter = r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])"
    yield "letter case", _outside_commands(single_letter, lambda letter: letter[0].swapcase(), gold)
    if found := BRACKETED.fullmatch(gold):
        left, opening, inside, right, closing = (part or "" for part in found.groups())
        turned = {"(": "[", "[": "(", ")": "]", "]": ")"}
        yield "braces", f"{left}{turned[opening]}{inside}{right}{closing}"
        yield "braces", f"{left}{opening}{inside}{right}{turned[closing]}"
        yield "braces", rf"\{{{inside}\}}"
    if gold.startswith(r"\{"):
        yield "braces", gold.replace(r"\{", "(").replace(r"\}", ")")
        yield "braces", gold.replace(r"\{", "[").replace(r"\}", "]")
    if found := re.fullmatch(r"([0-9]+)_\{?([0-9])\}?", gold):
        yield "base", f"{found[1]}_{(int(found[2]) + 1) % 10}"
        yield "base", f"{found[1]}_{{{int(found[2]) - 1}}}"
    for place, character in enumerate(gold):
        if character.isdigit():
            yield "digit", f"{gold[:place]}{(int(character) + 1) % 10}{gold[place + 1 :]}"
    if re.search("text|mbox", gold):
        return
    if re.fullmatch(r"-?(?:[0-9.]*|[0-9]*\\frac.*|[0-9]*\\sqrt.*)", gold) and gold != "0":
        yield "sign", gold[1:] if gold.startswith("-") else f"-{gold}"
    for found in INNER_SIGN.finditer(gold):
        yield "sign", f"{gold[: found.start()]}{'+' if found[0] == '-' else '-'}{gold[found.end() :]}"


def before_answer(solution: str) -> Iterator[tuple[str, str]]:
    """A solution cut right before its box, and after the last sentence before it."""
    head = solution[: max(solution.rfind(r"\boxed"), solution.rfind(r"\fbox"))]
    yield "MATH-500, cut at the answer", head
    ends = [end.end() for end in re.finditer(r"[.!?]\$?\s", head)]
    yield "MATH-500, cut after a sentence", head[: ends[-1]] if ends else ""


def _outside_commands(pattern: str, replace: Callable[[re.Match], str] | str, text: str) -> str:
    """Replace where no command and no upright text stands."""
    parts = re.split(r"(\\(?:text|mbox|begin|end)\s*\{[^{}]*\}|\\[a-zA-Z]+|\\.)", text)
    return "".join(part if k % 2 else re.sub(pattern, replace, part) for k, part in enumerate(parts))
