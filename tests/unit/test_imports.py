"""Who may import whom: packages stand on each other in one order, and heavy libraries have their places."""

import ast
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
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
PLACES = {"numba": "phiid", "matplotlib": "report", "seaborn": "report", "jinja2": "report"}
LIBRARY = {
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts[1:]).removesuffix(".__init__"): path
    for path in (SCRIPTS / "synergy").rglob("*.py")
}


def imports(path):
    """Full names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
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
