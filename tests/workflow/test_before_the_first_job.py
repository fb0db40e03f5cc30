"""What is looked at before the first job: what would cost all results, or run them with other packages."""

import os
import subprocess
import time

import command_line
import pytest
from places import REPOSITORY

TARGET = "results/prefetch/tiny-neox.json"
RUN = ("--configfile", "config/smoke.yaml", "--cores", "1", "--", TARGET)


def test_an_input_of_the_future_is_named_and_nothing_is_made_or_lost(tmp_path):
    ranking = "results/phiid_scores/own_head_rankings.csv"
    pairs = tmp_path / "results/phiid_scores/own_pairwise_phiid.npz"
    pairs.parent.mkdir(parents=True)
    pairs.write_bytes(b"")
    pairs.with_name("other.txt").touch()
    ahead = time.time() + 7200
    os.utime(pairs, (ahead, ahead))
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(FUTURE)
    run = ("--snakefile", str(snakefile), "--directory", str(tmp_path), "--cores", "1", "--", ranking)
    code, said = command_line.run(*run, cwd=tmp_path)
    assert code
    assert "written before now" in said
    assert f"touch {pairs.relative_to(tmp_path)}" in said
    assert "Traceback" not in said
    assert not (tmp_path / ranking).exists()
    os.utime(pairs)
    code, said = command_line.run(*run, cwd=tmp_path)
    assert code == 0, said
    assert (tmp_path / ranking).exists()


FUTURE = f"""
import sys
def stop(expected, found, hint):
    sys.exit(f"ERROR: Expected {{expected}}; found {{found}}.\\n  Hint: {{hint}}.")
include: "{REPOSITORY}/rules/cluster.smk"
rule rank:
    input: "results/phiid_scores/own_pairwise_phiid.npz", ancient("results/phiid_scores/other.txt")
    output: "results/phiid_scores/own_head_rankings.csv"
    shell: "touch {{output}}"
"""


def test_the_workflow_itself_looks(tmp_path):
    assert command_line.run("--directory", str(tmp_path), *RUN)[0] == 0
    record = tmp_path / "results/prefetch/tiny-neox.json"
    before = record.read_bytes()
    ahead = time.time() + 7200
    os.utime(record, (ahead, ahead))
    target = "results/activations/tiny-neox_activations.npz"
    code, said = command_line.run("--directory", str(tmp_path), *RUN[:-1], target)
    assert code
    assert "ERROR: Expected inputs that were written before now; found results/prefetch/tiny-neox.json, up to " in said
    assert record.read_bytes() == before
    assert not (tmp_path / "logs/record_activations").exists()


def test_packages_that_pythonpath_puts_first_are_named(tmp_path):
    foreign = tmp_path / "site"
    for name in ("numpy", "torch"):
        (foreign / name).mkdir(parents=True)
        (foreign / name / "__init__.py").touch()
    environment = {"PYTHONPATH": f"{tmp_path}:{foreign}"}
    code, said = command_line.run("--directory", str(tmp_path / "run"), *RUN, environment=environment)
    assert code
    assert f"found numpy, torch in {foreign}, which PYTHONPATH puts before them" in said
    assert "Hint: unset PYTHONPATH" in said
    assert not (tmp_path / "run" / TARGET).exists()
    code, said = command_line.run("--directory", str(tmp_path / "run"), *RUN, environment={"PYTHONPATH": str(tmp_path)})
    assert code == 0, said


def look(folder, **environment):
    """What is said, on one line, of a run in `folder` that must stop before its first job."""
    code, said = command_line.run("--directory", str(folder), *RUN, environment=environment)
    assert code == 1
    assert "Traceback" not in said
    assert not (folder / TARGET).exists()
    assert not (folder / "logs/prefetch_model").exists()
    (told,) = [" ".join(part.split()) for part in said.split("ERROR: ")[1:]]
    return told


@pytest.mark.parametrize("place", ["not/there", "a_file", "/proc", "/proc/"])
def test_temporary_files_need_a_place(tmp_path, place):
    (tmp_path / "a_file").touch()
    told = look(tmp_path / "run", TMPDIR=str(tmp_path / place))
    assert told.startswith(f"Expected TMPDIR in a folder that takes files, {tmp_path / place}; found ")
    assert "Hint: make room there, or name another folder: export TMPDIR=" in told


@pytest.mark.parametrize("place", ["results", "results/prefetch", "logs"])
def test_results_and_logs_need_a_folder_that_takes_them(tmp_path, place):
    link = tmp_path / "run" / place
    link.parent.mkdir(parents=True)
    link.symlink_to("/proc")  # takes no file, whoever asks
    assert "found No such file or directory. Hint: make room there, or have it made writable" in look(tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "found"), [("ro", "Read-only file system"), ("size=8k", "No space left on device")]
)
@pytest.mark.parametrize("place", ["results", "tmp"])
def test_a_full_or_read_only_file_system_is_named(tmp_path, options, found, place):
    mounted = tmp_path / "run" / place
    mounted.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", mounted], capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        told = look(tmp_path / "run", **({"TMPDIR": str(mounted)} if place == "tmp" else {}))
    finally:
        subprocess.run(["umount", mounted], check=True)
    assert f"{mounted}; found {found}. Hint: make room" in told
