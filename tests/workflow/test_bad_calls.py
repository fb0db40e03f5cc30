"""What a user can get wrong on the command line and in the config ends in one message and leaves nothing behind."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import command_line
import numpy as np
import pytest
import yaml
from bad_calls import NAMES, PATHS, SCHEMA, BadCall
from places import REPOSITORY
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate

MESSAGE = re.compile(r"ERROR: Expected (.+?); found (.+?)\.\n +Hint: (.+)", re.DOTALL)
OURS = {".snakemake", "logs", "benchmarks"}  # what Snakemake leaves of every run


def files(folder: Path) -> dict[Path, bytes]:
    """Content of all artifacts, hidden and temporary ones among them."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not OURS & set(path.relative_to(folder).parts)
    }


@pytest.mark.parametrize("bad", SCHEMA, ids=lambda bad: bad.what)
def test_bad_value(bad: BadCall):
    """What the schema refuses; how it is said is seen below, for the first of them."""
    config: dict = {}
    for part in ("config/config.yaml", "config/smoke.yaml"):
        update_config(config, yaml.safe_load((REPOSITORY / part).read_text()))
    update_config(config, bad.overlay)
    with pytest.raises(WorkflowError) as refused:
        validate(config, str(REPOSITORY / "config/schema.yaml"))
    reason = refused.value.__context__
    place = ".".join(map(str, reason.absolute_path)) or "the top level"
    assert re.search(bad.found, f"at {place}: {reason.message}")


@pytest.mark.parametrize("bad", SCHEMA[:1] + NAMES + PATHS, ids=lambda bad: bad.what)
def test_bad_config_or_path(tmp_path, bad: BadCall):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(bad.overlay))
    folder = tmp_path / "run"
    arguments = ("--directory", str(folder), "--cores", "1", "--configfile", "config/smoke.yaml", str(overlay))
    code, said = command_line.run(*arguments, "--", *bad.targets)
    assert code == 1
    assert "Traceback" not in said
    assert said.count("ERROR: ") == 1
    (parts,) = MESSAGE.findall(said)
    for pattern, part in zip((bad.expected, bad.found, bad.hint), parts, strict=True):
        assert re.search(pattern, part, re.DOTALL), part
    assert files(folder) == {}


def spoil_activations(path: Path) -> None:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["activations"][0, 1, 2] = np.nan
    np.savez(path, **arrays)


# What is spoilt in a finished run, what is then asked for, the rule that must refuse it, and what it says.
DAMAGED = [
    ("activations/tiny-neox_activations.npz", spoil_activations,
     "phiid_scores/shards/tiny-neox/1-of-2.npz", "decompose_pairs/tiny-neox/1-of-2", "nan in prompt 0, head 1"),
    ("phiid_scores/shards/tiny-qwen3/2-of-2.npz", lambda path: path.write_bytes(path.read_bytes()[:-9]),
     "phiid_scores/tiny-qwen3_pairwise_phiid.npz", "merge_pairs/tiny-qwen3", "complete npz"),
    ("../resources/models/tiny-gemma3", lambda folder: (folder / "tokenizer.json").unlink(),
     "activations/tiny-gemma3_logits.npz", "record_activations/tiny-gemma3", "no tokenizer.json"),
]  # fmt: skip


def test_damage_in_a_finished_run_stops_the_rules_that_read_it_and_nothing_else(smoke_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(smoke_run, folder)
    for spoilt, change, target, _, _ in DAMAGED:
        change(folder / "results" / spoilt)
        (folder / "results" / target).unlink()
    before = files(folder)
    targets = [f"results/{target}" for _, _, target, _, _ in DAMAGED]
    jobs = ("--cores", "2", "--keep-going", "--rerun-triggers", "mtime", "--allowed-rules")
    refusing = sorted({log.split("/")[0] for *_, log, _ in DAMAGED})
    arguments = ("--directory", str(folder), "--configfile", "config/smoke.yaml", *jobs, *refusing)
    code, said = command_line.run(*arguments, "--", *targets)
    assert code == 1, said
    assert "Traceback" not in said
    for _, _, _, log, words in DAMAGED:
        text = (folder / f"logs/{log}.log").read_text()
        assert text.count("ERROR: ") == 1, said
        (parts,) = MESSAGE.findall(text)
        assert words in " ".join(parts), text
        assert text.strip().splitlines()[-1] in said  # show-failed-logs
    after = files(folder)
    assert after.keys() <= before.keys()
    assert all(before[path] == content for path, content in after.items())


def test_a_python_that_is_too_old(tmp_path):
    old = tmp_path / "python3"
    old.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexec {sys.executable} -c '
                   '"import sys; sys.exit(1)"\n')  # fmt: skip
    old.chmod(0o755)
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / "envs").mkdir()
    for name in ("requirements.txt", "constraints.txt"):
        (tmp_path / "envs" / name).write_text("")
    done = subprocess.run(["make", "install", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Expected Python >= 3.11; found Python 3.9.2. Hint: make install PYTHON=python3.11" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_a_token_that_cannot_be_one_is_refused_unseen(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".env").write_text("HF_TOKEN=hf_planted and a second word\n")
    overlay = tmp_path / "overlay.yaml"
    source = {"hub": "org/model", "revision": "main"}
    overlay.write_text(yaml.safe_dump({"models": {"gated": {"source": source, "layers": 1, "heads": 1}}}))
    arguments = ("--directory", str(folder), "--cores", "1", "--configfile", "config/smoke.yaml", str(overlay))
    code, said = command_line.run(*arguments, "--", "results/prefetch/gated.json")
    assert code == 1
    (parts,) = MESSAGE.findall((folder / "logs/prefetch_model/gated.log").read_text())
    assert "one word" in parts[0]
    assert "spaces" in parts[1]
    assert "copy the token anew" in parts[2]
    assert "planted" not in said
    assert files(folder).keys() == {Path(".env")}


def test_a_profile_that_is_not_there(tmp_path):
    code, said = command_line.run("-n", "--directory", str(tmp_path), "--profile", "profiles/slrum", "all")
    assert code != 0
    assert "profiles/slrum" in said
    assert "Traceback" not in said
    assert files(tmp_path) == {}


@pytest.mark.parametrize("files", [["config/demo.yaml", "all"], ["config/none.yaml", "--", "all"]])
@pytest.mark.parametrize("form", ["{}", "--configfile={}"])
def test_what_stands_among_config_files_and_is_none_is_named(tmp_path, files, form):
    """Without `--` Snakemake takes what is asked for as one."""
    first = ["--configfile", files[0]] if form == "{}" else [form.format(files[0])]
    code, said = command_line.run("-n", "--directory", str(tmp_path), *first, *files[1:])
    named = next((file for file in files if not (REPOSITORY / file).exists() and file != "--"), None)
    if form != "{}" and files[0] == "config/demo.yaml":
        assert code == 0  # after `=` comes one file
    else:
        assert code == 1
        assert f"found {named!r}, which is no file" in said
        assert "Traceback" not in said


def test_config_files_with_blanks_in_their_names_are_files(tmp_path):
    overlay = tmp_path / "my study.yaml"
    overlay.write_text("study: [pythia-1b]\n")
    code, _ = command_line.run("-n", "--directory", str(tmp_path), "--configfile", str(overlay), "--", "all")
    assert code == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [("recording:\n  n_tokens: 12\n   batch_size: 2\n", 3), ("study: [a\nmath: {}\n", 2), ("math:\n\tsigma: 1\n", 2)],
)
def test_a_config_that_is_no_yaml_is_named_with_its_line(tmp_path, text, line):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(text)
    code, said = command_line.run("-n", "--directory", str(tmp_path), "--configfile", str(overlay), "--", "all")
    assert code == 1
    assert "Traceback" not in said
    assert re.search(rf'ERROR: Expected YAML in UTF-8 in {overlay}; found .*overlay.yaml", line {line},', said)
    assert "Hint: mend that line" in said


def test_a_config_in_other_letters_is_named(tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("study: [pythia-1b]\n", encoding="utf-16")
    code, said = command_line.run("-n", "--directory", str(tmp_path), "--configfile", str(overlay), "--", "all")
    assert code == 1
    assert "Traceback" not in said
    assert f"ERROR: Expected YAML in UTF-8 in {overlay}; found 'utf-8' codec" in said


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("tiny-neox_graph_core.png", "tiny-neox_graph_cores.png"),
        ("tiny-qwen3_abblation_curves.png", "tiny-qwen3_ablation_curves.png"),
        ("multimodel_profile.png", "multi_model_profiles.png"),
        ("tiny-neox_headmap.html", "tiny-neox_head_map.html"),
    ],
)
def test_the_nearest_figure_is_named(tmp_path, asked, meant):
    arguments = ("-n", "--directory", str(tmp_path), "--configfile", "config/smoke.yaml", "--")
    code, said = command_line.run(*arguments, f"results/figures/{asked}")
    assert code == 1
    assert "Traceback" not in said
    (told,) = MESSAGE.findall(said)
    assert told[:2] == ("a figure that a rule draws", f"results/figures/{asked}")
    assert f"results/figures/{meant}" in told[2]
    assert command_line.run(*arguments, f"results/figures/{meant}")[0] == 0
