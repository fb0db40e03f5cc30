"""One hash of the code that decides a result: which edits change it, and which do not."""

import shutil

import pytest

from synergy.files import code_identity

MODULES = {
    "__init__.py": "",
    "files/console.py": "def say(text):\n    return text\n",
    "science/sums.py": """
from numpy import mean
from synergy.files.console import say
LIMIT = 3
def add(a, b):
    '''Add two numbers.'''
    if a > LIMIT:
        raise ValueError("too large")
    return a + b  # the sum
def unused(a):
    return a
class Pair:
    '''Two numbers.'''
    def total(self):
        return add(1, 2)
""",
    "science/means.py": """
from synergy.science.sums import Pair
REGISTER = {}
def middle(values):
    from synergy.science.sums import add
    return add(*values) / 2 + len(REGISTER)
REGISTER["middle"] = middle
""",
}
SCRIPT = """
'''A script.'''
from synergy.science.means import middle
def run(values):
    print("working")
    return middle(values)
if __name__ == "__main__":
    run(snakemake.params.values)
"""


def forget():
    """Read every source anew."""
    for remembered in ("_module", "_resolved", "_reached", "_is_about_words"):
        getattr(code_identity, remembered).cache_clear()


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Function that hashes the script after an edit: file, old text, new text."""
    folder = tmp_path / "synergy"
    for name, text in MODULES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setattr(code_identity, "LIBRARY", folder)

    def identity(*edits):
        forget()
        originals = {}
        for name, old, new in edits:
            path = tmp_path / name
            originals.setdefault(path, path.read_text())
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        found = code_identity.script_code(tmp_path / "script.py")
        for path, text in originals.items():
            path.write_text(text)
        return found

    yield identity
    forget()


SUMS, MEANS, RUN = "synergy/science/sums.py", "synergy/science/means.py", "script.py"


@pytest.mark.parametrize(
    "edit",
    [
        (SUMS, "Add two numbers.", "Add any two numbers."),
        (SUMS, "  # the sum", ""),
        (SUMS, "from numpy import mean", "from numpy import mean, median"),
        (SUMS, "    '''Add two numbers.'''\n", ""),
        (RUN, '    print("working")\n', ""),
        (SUMS, "return a + b", "return (a\n            + b)"),
        (SUMS, "too large", "larger than the limit"),
        (RUN, "A script.", "The script."),
        (RUN, "working", "at work"),
        (SUMS, "return a\n", "return -a\n"),  # of a function that nothing uses
        ("synergy/files/console.py", "return text", "return text.upper()"),  # about words
    ],
)
def test_what_decides_nothing_changes_nothing(library, edit):
    assert library(edit) == library()


@pytest.mark.parametrize(
    "edit",
    [
        (SUMS, "return a + b", "return a - b"),
        (SUMS, "LIMIT = 3", "LIMIT = 4"),
        (SUMS, "ValueError", "KeyError"),
        (MEANS, "/ 2", "/ 2.5"),
        (MEANS, "import add", "import unused as add"),
        (MEANS, 'REGISTER["middle"] = middle', 'REGISTER["mean"] = middle'),  # done on import
        (RUN, "params.values", "input.values"),
    ],
)
def test_what_decides_something_changes_the_hash(library, edit):
    assert library(edit) != library()


def test_a_moved_module_and_a_moved_function_change_nothing(library, tmp_path):
    before = library()
    shutil.move(tmp_path / "synergy/science/sums.py", tmp_path / "synergy/files/additions.py")
    assert library((MEANS, "synergy.science.sums", "synergy.files.additions")) == before


def test_a_function_of_the_library_has_the_hash_of_what_it_uses(library):
    library()
    add = code_identity.library_code("science.sums", "add")
    assert code_identity.library_code("science.sums", "unused") != add
    with pytest.raises(KeyError, match="defines no subtract"):
        code_identity.library_code("science.sums", "subtract")


def test_a_file_that_is_named_counts(library, tmp_path):
    (tmp_path / "synergy/science/page.html").write_text("one")
    edit = (MEANS, "REGISTER = {}", 'REGISTER = {"page": "page.html"}')
    before = library(edit)
    (tmp_path / "synergy/science/page.html").write_text("two")
    assert library(edit) != before
