"""No token gets out of the environment, and nothing that is fetched or given is executed."""

import ast
import re
import zipfile
from pathlib import Path

import pytest
from places import REPOSITORY
from workflow_run import PLANTED

CODE = [*(REPOSITORY / "workflow_scripts").rglob("*.py"), *(REPOSITORY / "config").rglob("*.py")]
EXECUTING_MODULES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal", "code"}
EXECUTING_CALLS = {
    *("torch.load", "eval", "exec", "compile", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system"),
    *("os.popen", "pandas.read_pickle", "torch.hub.load", "__import__"),
}


def texts(folder: Path) -> dict[str, bytes]:
    """Content of every file of a run but its `.env`, and of what is inside archives."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path != folder / ".env":
            found[str(path.relative_to(folder))] = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    found |= {f"{path.name}: {name}": archive.read(name) for name in archive.namelist()}
    return found


def test_a_token_is_in_no_log_record_result_or_report(smoke_run):
    found = texts(smoke_run)
    folders = {Path(name).parts[0] for name in found}
    assert folders >= {".snakemake", "logs", "benchmarks", "results", "resources"}
    assert {"results/report.html", "results/run_record.json"} <= found.keys()
    assert any(name.startswith(".snakemake/metadata") for name in found)
    assert any(name.startswith(".snakemake/log") for name in found)
    for token in PLANTED.values():
        assert [name for name, content in found.items() if token.encode() in content] == []


def violations(source: str) -> list[str]:
    """What in a module would execute what it reads, or trust code that a model brings along."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [name for name in names if name.split(".")[0] in EXECUTING_MODULES]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] if called in EXECUTING_CALLS else []
            found += [
                f"{called} with shell" for word in node.keywords if word.arg == "shell" and not _is(word.value, False)
            ]
            allowed = {word.arg: word.value for word in node.keywords if word.arg}
            found += [called] if not _is(allowed.get("allow_pickle"), False, None) else []
            if (
                called.endswith("from_pretrained")
                and "Model" in called
                and not _is(allowed.get("use_safetensors"), True)
            ):
                found += [] if _is_gguf(allowed) else [f"{called} without use_safetensors"]
            if called == "np.load" and not _is(allowed.get("allow_pickle"), False):
                found.append("np.load without allow_pickle=False")
        elif isinstance(node, ast.Constant | ast.keyword | ast.Name | ast.arg):
            name = getattr(node, "arg", getattr(node, "id", getattr(node, "value", "")))
            found += ["trust_remote_code"] if name == "trust_remote_code" else []
    return found


def _is(node: ast.expr | None, *values: object) -> bool:
    """Whether a keyword's value is one of these constants; a keyword that is not there is None."""
    return (node.value if isinstance(node, ast.Constant) else node) in values


def _is_gguf(keywords: dict) -> bool:
    """A GGUF file holds numbers and no code."""
    return "gguf_file" in keywords


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_code_neither_unpickles_nor_executes_what_it_reads(path):
    assert violations(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "AutoConfig.from_pretrained(x, trust_remote_code=True)",
        "AutoModelForCausalLM.from_pretrained(x)",
        "how = {'trust_remote_code': True}",
        "yaml.load(text)",
        "subprocess.run(words, shell=True)",
        "eval(text)",
    ],
)
def test_violations_are_seen(source):
    assert violations(source)


def test_rules_and_snakefile_neither_unpickle_nor_execute():
    for path in [REPOSITORY / "Snakefile", *(REPOSITORY / "rules").glob("*.smk")]:
        assert not re.search(
            r"pickle|trust_remote_code|\beval\(|\bexec\(|^\s*(run|shell):", path.read_text(), re.MULTILINE
        )
