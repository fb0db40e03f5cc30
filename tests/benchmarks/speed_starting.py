"""Speed of the start of a script that needs no model."""

import subprocess
import sys

from measuring import ROOT, Row, best_of

IMPORT_ALL = """
import ast, importlib, pathlib
def import_all(name, seen=set()):
    for node in ast.walk(ast.parse(pathlib.Path(name.replace(".", "/") + ".py").read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for own in set(names) - seen:
            seen.add(own)
            importlib.import_module(own)
            if own.startswith("synergy.") and pathlib.Path(own.replace(".", "/") + ".py").exists():
                import_all(own)
"""


def rows(given: dict) -> list[Row]:
    """The slowest start of an analysis script, with all that it and its modules import anywhere."""
    times = measured()
    slowest = max(times, key=times.get)
    (reference,) = best_of(3, lambda: python("import torch, transformers.models.llama.modeling_llama"))
    ours, words = f"{times[slowest]:.2f} s ({slowest})", f"importing torch and transformers: {reference:.1f} s"
    ratio = f"{reference / times[slowest]:.1f}"
    size = f"the slowest of {len(times)}"
    return [Row("start of an analysis script", size, ours, words, ratio, "≤ 3 s", times[slowest] <= 3)]


def measured() -> dict[str, float]:
    """Seconds by script, the best of three."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk"))).split("\nrule ")
    scripts = sorted(path.stem for path in (ROOT / "workflow_scripts").glob("*.py"))
    first = {name: next((rule for rule in text if f"/{name}.py" in rule), "") for name in scripts}
    light = [name for name in scripts if "analysis.yaml" in first[name]]
    return {name: best_of(3, lambda name=name: python(f"{IMPORT_ALL}import_all({name!r})"))[0] for name in light}


def details(given: dict) -> None:
    """Print the seconds of every script, the slowest first."""
    for name, time_s in sorted(measured().items(), key=lambda item: -item[1]):
        print(f"{time_s:.2f} s  {name}")


def python(code: str) -> None:
    """Run code in a process of its own, where the scripts are."""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "workflow_scripts")
