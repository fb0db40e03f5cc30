"""Who may import whom: packages stand on each other in one order, and heavy libraries have their places.

Nothing is declared that nobody uses, and everything public is described.
"""

import ast
import re
from collections import Counter

import pytest
from places import REPOSITORY, SCRIPTS

PLINTHS = {"files", "statistics", "models"}
MEASURED = {"files", "statistics", "heads", "ablation", "perturbation"}
ALLOWED = {  # a package, or of a package one module
    "files": set(),
    "statistics": set(),
    "models": {"files", "statistics"},
    "heads": {"files", "statistics"},
    "prefetch": {"files", "models"},
    "recording": {"files", "models"},
    "phiid": {"files", "recording.activations"},
    "ablation": PLINTHS | {"heads"},
    "perturbation": PLINTHS | {"heads", "prefetch.hub"},
    "claims": MEASURED,
    "report": MEASURED | {"claims"},
}
PLACES = {"numba": "phiid"} | dict.fromkeys(("altair", "docutils", "jinja2", "matplotlib", "PIL", "seaborn"), "report")
# Functions and modules that no rule needs.
FOR_USERS = {"all_atoms", "heads_of"}, {"phiid.atoms", "phiid.own_series"}
LIBRARY = {
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts[1:]).removesuffix(".__init__"): path
    for path in (SCRIPTS / "synergy").rglob("*.py")
}


def imports(path):
    """Full names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert "synergy" not in {name.split(".")[0] for name in names}, f"{path.name}: write from synergy… import"
            yield from names
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: from {'.' * node.level} …"
            yield node.module
            if f"{node.module}.".startswith("synergy."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path):
    """Names of the library's modules that a file imports, without `synergy.`."""
    return {name.removeprefix("synergy.") for name in imports(path)} & LIBRARY.keys() - {"__init__"}


def test_every_package_has_its_place_in_the_order():
    assert {name.split(".")[0] for name in LIBRARY} - {"__init__"} == ALLOWED.keys()


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_a_module_imports_what_its_package_stands_on_and_heavy_libraries_where_they_belong(name):
    package, imported = name.split(".")[0], ours(LIBRARY[name])
    allowed = ALLOWED.get(package, set()) | {package}
    assert {other for other in imported if not {other, other.split(".")[0]} & allowed} == set()
    libraries = {other.split(".")[0] for other in imports(LIBRARY[name])}
    assert {library for library in libraries & PLACES.keys() if PLACES[library] != package} == set()
    if "torch" in libraries:
        runs_models = package in ("ablation", "perturbation") and any(name.startswith("models.") for name in imported)
        assert package == "models" or name == "recording.recorder" or runs_models


def public(path):
    """Public functions and classes of a file, and those public methods of the classes that inherit no description."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) and not node.bases else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_every_module_and_function_is_used_by_a_script():
    scripts, reached = sorted(SCRIPTS.glob("*.py")), set()
    unread = [*scripts, LIBRARY["perturbation.grading_worker"]]  # which runs in a process of its own
    callers = [*scripts, *LIBRARY.values(), *(REPOSITORY / "rules").glob("*.smk")]
    words = Counter(word for path in callers for word in re.findall(r"\w+", path.read_text()))
    while unread:
        own = unread.pop()
        reached.add(own)
        unread += [path for name in ours(own) if (path := LIBRARY[name]) not in reached]
    packages = {name for name, path in LIBRARY.items() if path.name == "__init__.py"}
    assert {name for name, path in LIBRARY.items() if path not in reached} - packages == FOR_USERS[1]
    names = {name for path in LIBRARY.values() for name, _ in public(path) if "." not in name}
    assert {name for name in names if words[name] < 2} == FOR_USERS[0]


@pytest.mark.parametrize("path", [*SCRIPTS.glob("*.py"), *LIBRARY.values()], ids=lambda path: path.name)
def test_everything_public_is_described(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert [name for name, node in public(path) if not ast.get_docstring(node)] == []
