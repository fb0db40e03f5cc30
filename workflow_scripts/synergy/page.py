"""A page of HTML that needs nothing besides itself, and that can be put inside another page as it is."""

from collections.abc import Iterable, Sequence
from html import escape

from synergy.claims import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED
from synergy.colours import FAINT, INK, REDUNDANCY, SYNERGY

# Everything is under .found, so that the page changes nothing around it where it stands inside another.
STYLE = f"""
.found {{ font: 15px/1.45 system-ui, sans-serif; color: {INK}; max-width: 64rem; margin: 0 auto; padding: 1rem; }}
.found h1 {{ font-size: 1.6em; }} .found h2 {{ font-size: 1.3em; margin-top: 1.6em; }}
.found h3 {{ font-size: 1.05em; margin: 1.2em 0 .3em; }}
.found table {{ border-collapse: collapse; font-size: .86em; margin: .5em 0; width: 100%; }}
.found th, .found td {{ border-bottom: 1px solid {FAINT}; padding: .3em .6em; text-align: left; vertical-align: top; }}
.found td.n, .found th.n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.found .wide {{ overflow-x: auto; }}
.found .verdict {{ font-weight: 600; white-space: nowrap; }}
.found .supported {{ color: #007A5A; }} .found .opposite {{ color: {SYNERGY}; }}
.found .not-supported {{ color: {REDUNDANCY}; }} .found .not-testable {{ color: #6B6B6B; }}
.found pre {{ background: #F4F4F4; color: {INK}; padding: .6em; overflow-x: auto; font-size: .8em; }}
.found summary {{ cursor: pointer; color: #444; }}
"""
SIGNS = {SUPPORTED: "✓", NOT_SUPPORTED: "○", OPPOSITE: "✗", NOT_TESTABLE: "–"}  # not by colour alone


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; `parts` are HTML."""
    head = f'<!doctype html>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
    return head + f'<div class="found" lang="en">\n<h1>{escape(title)}</h1>\n' + "\n".join(parts) + "\n</div>\n"


def heading(text: str, level: int = 2) -> str:
    """A heading of plain text."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def listed(items: Iterable[str]) -> str:
    """A list; `items` are HTML."""
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items) + "\n</ul>"


def details(summary: str, *parts: str) -> str:
    """HTML that unfolds."""
    return f"<details><summary>{escape(summary)}</summary>\n" + "\n".join(parts) + "\n</details>"


def verdict(word: str) -> str:
    """A verdict as sign and word."""
    return f'<span class="verdict {word.replace(" ", "-")}">{SIGNS[word]} {escape(word)}</span>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[str] = ()) -> str:
    """A table; cells are HTML, and the columns named in `numeric` are set flush right."""
    marks = ['<{0} class="n">' if column in numeric else "<{0}>" for column in columns]
    lines = ["".join(mark.format("th") + escape(name) + "</th>" for mark, name in zip(marks, columns, strict=True))]
    lines += [
        "".join(mark.format("td") + cell + "</td>" for mark, cell in zip(marks, row, strict=True)) for row in rows
    ]
    return '<div class="wide"><table>\n' + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table></div>"
