"""Write the parts of pages that follow from the code, the demo and the laptop study: `make docs`. A test demands it.

    python docs/generate.py [results]

takes what the demo, or the study of config/laptop.yaml, found from `results` (default: those of this folder), if it
is finished there.
"""

import re
import sys
from pathlib import Path

from config_reference import config_reference
from demo_pages import (
    claims_table,
    costs_table,
    picture,
    size,
    take_results,
    take_variants,
    variants_agreement,
    variants_verdicts,
)
from results_page import PAGE as RESULTS
from results_page import shortest, take_laptop
from rule_pages import rule_graph, rule_tables, study_jobs

REPOSITORY = Path(__file__).parents[1]
MARK = "ASSUME:"
CHOICES = {  # a heading of the list, and the packages and files whose marks stand under it
    "The default study": ["config"],
    "Recording": ["recording", "models"],
    "Decomposition and its null": ["phiid"],
    "Heads and networks": ["heads"],
    "Ablation": ["ablation"],
    "MATH under noise": ["perturbation"],
    "Claims, comparison, robustness": ["claims"],
}


def marks(text: str) -> list[str]:
    """Sentences marked as choices: each from its mark to the end of the comment, or of the docstring's paragraph."""
    found, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        opening, mark, sentence = line.partition(MARK)
        if mark and not opening.strip(" #"):
            goes_on = re.compile(re.escape(opening) + r"(?!ASSUME:)(\S.*)")  # comment sign and indentation alike
            following = iter(lines[number + 1 :])
            while (match := goes_on.match(next(following, ""))) and not match[1].startswith('"""'):
                sentence += f" {match[1]}"
            found.append(sentence.strip())
    return found


def departures() -> str:
    """The list of marked choices, by stage, each with the file that makes it."""
    library = REPOSITORY / "workflow_scripts/synergy"
    files = [*library.rglob("*.py"), *(REPOSITORY / "workflow_scripts").glob("*.py"), REPOSITORY / "Snakefile"]
    files += [*(REPOSITORY / "rules").glob("*.smk"), *(REPOSITORY / "config").glob("*.yaml")]
    headings = {place: heading for heading, places in CHOICES.items() for place in places}
    lists = {heading: [] for heading in CHOICES}
    for path in sorted(files):
        sentences = marks(path.read_text())
        place = path.relative_to(library if path.is_relative_to(library) else REPOSITORY).parts[0]
        if sentences and place not in headings:
            sys.exit(f"Expected {MARK} in {', '.join(headings)} alone; found it in {path}. Hint: add it to CHOICES.")
        link = f"[`{path.name}`](../{path.relative_to(REPOSITORY)})"
        for sentence in sentences:
            lists[headings[place]].append(f"- {sentence} ({link})")
    return "\n\n".join(f"### {heading}\n\n" + "\n".join(items) for heading, items in lists.items())


PAGES = {  # page to its generated blocks by name
    "README.md": {
        "picture": picture,
        "four models": shortest,
        "claims": claims_table,
        "size": size,
        "costs": costs_table,
    },
    "docs/config.md": {"config": config_reference},
    "docs/departures.md": {"departures": departures},
    "docs/results.md": RESULTS,
    "docs/robustness.md": {"agreement": variants_agreement, "verdicts": variants_verdicts},
    "docs/rules.md": {"graph": rule_graph, "rules": rule_tables},
    "docs/slurm.md": {"jobs": study_jobs},
}


def renewed(page: str) -> str:
    """A page with its generated blocks made anew."""
    text = (REPOSITORY / page).read_text()
    for name, content in PAGES[page].items():
        opening, end = f"<!-- {name}: made by `make docs` -->\n", f"<!-- end of {name} -->"
        if not 0 <= text.find(opening) < text.find(end):
            sys.exit(f"Expected the lines {opening.strip()} and {end} in {page}; found them not. Hint: put them back.")
        before, _, rest = text.partition(opening)
        text = f"{before}{opening}\n{content()}\n\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "results"
    take_results(results)
    take_variants(results)
    take_laptop(results)
    for page in PAGES:
        (REPOSITORY / page).write_text(renewed(page))
