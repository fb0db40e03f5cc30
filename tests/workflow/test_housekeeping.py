"""Code stays short, described and in use."""

import ast
import re

import pytest
from declarations import REPOSITORY

SCRIPTS = {path.stem: path for path in (REPOSITORY / "workflow_scripts").glob("*.py")}
LIBRARY = {path.stem: path for path in (REPOSITORY / "workflow_scripts/synergy").glob("*.py")}
TESTS = {path.relative_to(REPOSITORY).as_posix(): path for path in (REPOSITORY / "tests").rglob("*.py")}
LONG_TESTS = {  # with more than 250 lines, and why
    "tests/results/test_results.py": "the rule check_results runs one file, without fixtures or helpers",
    "tests/slurm/test_faults.py": "one idea: what a cluster can do to a run",
    "tests/unit/test_ablation.py": "one idea: the engine against plain removal",
    "tests/unit/test_readers_fuzz.py": "one idea: any bytes, of every reader",
    "tests/workflow/bad_jobs.py": "one table: a row a bad input",
    "tests/workflow/bad_tables.py": "one table: a row a bad input",
}
FOR_USERS, MODULES_FOR_USERS = {"all_atoms", "heads_of"}, {"atoms", "lattice"}  # what no rule needs


def n_lines(path):
    return len(path.read_text().splitlines())


def imported_modules(path):
    """Modules of the library that a file imports, as the rules find them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "synergy":
            yield node.module.partition(".")[2] or "__init__"


def definitions(path):
    """Public functions and classes of a file, and those public methods of the classes that inherit no description."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) and not node.bases else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_scripts_and_modules_are_short():
    assert {name for name, path in SCRIPTS.items() if n_lines(path) > 80} == set()
    assert {name for name, path in LIBRARY.items() if n_lines(path) > 250} == set()


def test_tests_are_short_or_say_why_not():
    assert {name for name, path in TESTS.items() if n_lines(path) > 250} <= set(LONG_TESTS)
    assert set(LONG_TESTS) <= set(TESTS)


@pytest.mark.parametrize("path", [*SCRIPTS.values(), *LIBRARY.values()], ids=[*SCRIPTS, *LIBRARY])
def test_everything_public_is_described(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert [name for name, node in definitions(path) if not ast.get_docstring(node)] == []


def test_every_module_is_behind_a_script():
    rules = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    started = re.findall(r'code\("\w+", "(\w+)"\)', rules)
    reached, unread = set(started), [LIBRARY[name] for name in started] + list(SCRIPTS.values())
    while unread:
        for name in set(imported_modules(unread.pop())) - reached:
            reached.add(name)
            unread.append(LIBRARY[name])
    assert set(LIBRARY) - reached == MODULES_FOR_USERS


def test_every_function_is_used_by_the_workflow():
    texts = {path: path.read_text() for path in [*SCRIPTS.values(), *LIBRARY.values()]}
    unused = set()
    for path in LIBRARY.values():
        for name, _ in definitions(path):
            if "." not in name and sum(len(re.findall(rf"\b{name}\b", text)) for text in texts.values()) < 2:
                unused.add(name)
    assert unused == FOR_USERS


def test_library_is_imported_in_the_one_way_that_rules_can_follow():
    for path in [*SCRIPTS.values(), *LIBRARY.values()]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not [alias for alias in node.names if alias.name.split(".")[0] == "synergy"], path.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, path.name
                if node.module == "synergy":
                    assert not {alias.name for alias in node.names} & set(LIBRARY), path.name


def test_names_of_test_files_are_unique():
    names = [path.name for path in TESTS.values() if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))
