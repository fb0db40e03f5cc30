"""Write the parts of these pages that follow from the code: `make docs`. A test demands that they are up to date."""

import re
import sys
from pathlib import Path

from config_reference import config_reference
from rule_pages import rule_graph, rule_tables, study_jobs

REPOSITORY = Path(__file__).parents[1]
MARK = "ASSUME:"
CHOICES = {  # a heading of the list, and the files whose marks stand under it
    "The default study": ["config/config.yaml", "config/prompts.yaml"],
    "Recording": ["recording.py", "models.py"],
    "Decomposition and its null": ["accumulation.py", "ccs.py", "nulls.py", "seam.py"],
    "Scores of heads": ["rankings.py"],
    "Networks": ["graphs.py", "graph_metrics.py"],
    "Ablation": ["ablation.py", "removal.py", "orders.py"],
    "MATH under noise": ["noise.py", "problem_prompts.py", "grading.py"],
    "Claims, comparison, robustness": ["profiles.py", "published.py", "series_variants.py", "trajectory.py"],
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
    library = "workflow_scripts/synergy"
    named = {(name if "/" in name else f"{library}/{name}"): head for head, names in CHOICES.items() for name in names}
    files = [*(REPOSITORY / "workflow_scripts").rglob("*.py"), REPOSITORY / "Snakefile"]
    files += [*(REPOSITORY / "rules").glob("*.smk"), *(REPOSITORY / "config").glob("*.yaml")]
    unlisted = {str(path.relative_to(REPOSITORY)) for path in files if marks(path.read_text())} - named.keys()
    if unlisted:
        found = ", ".join(sorted(unlisted))
        sys.exit(f"Expected every file with {MARK} in CHOICES of docs/generate.py; found {found}. Hint: add it there.")
    lists = {heading: [] for heading in CHOICES}
    for path, heading in named.items():
        link = f"[`{Path(path).name}`](../{path})"
        lists[heading] += [f"- {sentence} ({link})" for sentence in marks((REPOSITORY / path).read_text())]
    return "\n\n".join(f"### {heading}\n\n" + "\n".join(items) for heading, items in lists.items())


PAGES = {  # page to its generated blocks by name
    "docs/config.md": {"config": config_reference},
    "docs/departures.md": {"departures": departures},
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
    for page in PAGES:
        (REPOSITORY / page).write_text(renewed(page))
