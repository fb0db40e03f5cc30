"""What goes wrong on a cluster, made to go wrong; what comes out has the bits of a run that nothing disturbed.

In one run of the decomposition everything happens at once that a job can meet. Its shards are held where they compute,
so that they are hit there on a machine of any speed. What can happen to Snakemake itself is tried on jobs that wait.
"""

import os
import shutil
import signal
import subprocess
from collections import Counter, defaultdict
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
import slurm_cluster as slurm
import workflow_run

from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import pair_range
from synergy.phiid.pairwise import merge_shards, write_shard
from synergy.prefetch.hub import TOKEN_NAMES

MODEL = "tiny-neox"
SHARDS = [f"{k}-of-10" for k in range(1, 11)]
# One is given too little memory at first, one too little time; two run where the owners' jobs take their place.
OF_MEMORY, OF_TIME, REQUEUED, LOST_FOR_GOOD, *OTHERS = SHARDS
HELD = {REQUEUED, LOST_FOR_GOOD, *OTHERS}
PAIRWISE = f"results/phiid_scores/{MODEL}_pairwise_phiid.npz"
SURROGATES = 3000  # enough to be caught computing
NULL = "cross_prompt"  # of which each surrogate is a pass over the pairs
LENGTHS = np.full(10, 100)
STUDY = ("--configfile", "config/smoke.yaml", "faults.yaml", "--set-scatter", "pairs=10")
TARGET = ("--", PAIRWISE)
PROBE = ("-s", str(slurm.HERE / "probe.smk"))
MINUTES = round(10 * slurm.load())
FIRST = {REQUEUED: "requeued", LOST_FOR_GOOD: "cancelled"}
TOO_LITTLE = (
    "--set-resources",
    f"decompose_pairs:mem_mb=120 if wildcards.scatteritem == '{OF_MEMORY}' and attempt == 1 else 1000 * attempt",
    f"decompose_pairs:runtime=1 if wildcards.scatteritem == '{OF_TIME}' and attempt == 1 else {MINUTES} * attempt",
    f"decompose_pairs:slurm_partition={FIRST}.get(wildcards.scatteritem, 'cpu') if attempt == 1 else 'cpu'",
)


def recording(seed):
    """Coupled noise of 32 heads in 10 prompts."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(10, 1, 100))
    return (5 + rng.normal(size=(10, 32, 100)) + 0.5 * common).astype(np.float32)


def new_study(folder, seed=0):
    """A folder with the workflow and a recording, ready to decompose."""
    workflow_run.copy_repository(folder)
    (folder / "faults.yaml").write_text(f"decomposition: {{null_model: {{kind: {NULL}, surrogates: {SURROGATES}}}}}\n")
    path = folder / f"results/activations/{MODEL}_activations.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, activations=recording(seed), n_tokens=LENGTHS)
    return folder


def shard(folder, name):
    return folder / f"results/phiid_scores/shards/{MODEL}/{name}.npz"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The matrices as one process computes them."""
    path, pairs = str(tmp_path_factory.mktemp("undisturbed") / "shard.npz"), pair_range("1-of-1", 32)
    settings = Settings(surrogates=SURROGATES, null_kind=NULL, heads=4)
    results = Decomposition(recording(0), LENGTHS, settings, threads=2).run(pairs)
    write_shard(path, results, pairs, "mark", settings.parameters(), {})
    found = slurm.plain(merge_shards([path], "mark")[0])
    del found["fingerprint"]
    return found


def matrices(folder):
    """What a run made, to compare with `undisturbed`."""
    made = slurm.arrays(folder / PAIRWISE)
    del made["fingerprint"]
    return made


def leftovers(folder):
    """Temporary files that a writer should have renamed or deleted."""
    return [path for path in (folder / "results").rglob(".*")]


def hold(folder, jobs, seen):
    """Stop each shard where it computes and keep its job in `jobs`; whether all have come so far.

    One runs out of memory before and must have been started again, as the jobs in `seen` tell. One may run out of its
    time before.
    """
    for wildcards, job in slurm.running(folder).items():
        name = wildcards.removeprefix(f"{MODEL}_")
        seen[name].add(job["job"])
        log = folder / f"logs/decompose_pairs/{MODEL}/{name}.log"
        if name in jobs or name == OF_MEMORY or len(seen[name]) > 1:
            continue
        if log.exists() and f"/{SURROGATES}" in log.read_text() and (process := slurm.payload(job["job"])):
            os.kill(process, signal.SIGSTOP)
            jobs[name] = job | {"process": process}
    return jobs.keys() >= HELD and len(seen[OF_MEMORY]) == 2


@pytest.fixture(scope="module")
def disturbed(cluster, undisturbed, tmp_path_factory):
    """One run in which all of this happens, and what was done to which shard."""
    folder = new_study(tmp_path_factory.mktemp("disturbed") / "study")
    with slurm.alone(folder):
        yield disturb(folder)


def disturb(folder):
    """Let everything happen that a job can meet; say what was done to which shard."""
    jobs, seen = {}, defaultdict(set)
    head = slurm.snakemake(folder, *STUDY, *TOO_LITTLE, *TARGET)
    slurm.until(lambda: hold(folder, jobs, seen))
    slurm.script("restart_controller")
    again = [*slurm.QUICK, *STUDY, *TARGET]
    environment = os.environ | slurm.ENVIRONMENT
    second = subprocess.run(again, cwd=folder, env=environment, capture_output=True, text=True)

    held = {name: jobs[name]["node"] for name in OTHERS}
    lost = next(node for node, n in Counter(held.values()).items() if n == 2)  # full, so that nothing else is there
    cancelled, killed, twin, *left = [name for name, node in held.items() if node != lost]
    copy = folder / "twin.sh"
    copy.write_text(slurm.command("scontrol", "write", "batch_script", jobs[twin]["job"], "-"))
    asked = ("-A", "study", "-p", "cpu", "--cpus-per-task=2", "--mem=1000", "--no-requeue", f"--time={MINUTES}")
    comment = f"--comment=rule_twin_wildcards_{twin}"
    slurm.command("scancel", jobs[cancelled]["job"])
    os.kill(jobs[killed]["process"], signal.SIGKILL)
    slurm.command("sbatch", "-A", "study", "-p", "owners", "--cpus-per-task=16", "--wrap=sleep 3", "--output=/dev/null")
    slurm.command("sbatch", *asked, comment, f"--chdir={folder}", f"--output={folder}/twin.log", copy)
    slurm.until(lambda: twin in slurm.running(folder))
    slurm.script("lose_node", lost)
    for name in (twin, *left):
        os.kill(jobs[name]["process"], signal.SIGCONT)
    slurm.finish(head, folder)
    slurm.until(lambda: not slurm.running(folder))
    slurm.script("start")
    on_lost = [name for name, node in held.items() if node == lost]
    return SimpleNamespace(
        folder=folder, jobs=jobs, second=second, on_lost=on_lost, cancelled=cancelled, killed=killed, twin=twin
    )


def states(disturbed, name):
    """Ends of all jobs of a shard, and the memory and minutes that each asked for."""
    records = [record for record in slurm.jobs_of(disturbed.folder) if record.wildcards == f"{MODEL}_{name}"]
    return [(record.state, record.memory, record.minutes) for record in records]


def test_shards_ran_on_several_nodes_at_once_with_the_processors_they_asked_for(disturbed):
    assert len({job["node"] for job in disturbed.jobs.values()}) >= 2
    for record in slurm.jobs_of(disturbed.folder):
        assert record.rule in ("twin", "merge_pairs") or record.allocated.startswith("billing=2,cpu=2")


def test_what_a_shard_can_meet_makes_it_run_again_with_more(disturbed):
    again = ("COMPLETED", "2000M", 2 * MINUTES)
    assert states(disturbed, disturbed.cancelled) == [("CANCELLED", "1000M", MINUTES), again]
    assert states(disturbed, disturbed.killed) == [("FAILED", "1000M", MINUTES), again]
    assert states(disturbed, OF_MEMORY) == [("OUT_OF_MEMORY", "120M", MINUTES), again]
    assert states(disturbed, OF_TIME) == [("TIMEOUT", "1000M", 1), again]


def test_a_job_that_lost_its_place_is_taken_up_again_by_slurm_or_else_by_snakemake(disturbed):
    """Its node was lost, or an owner's job took its place: with PreemptMode=REQUEUE, and with CANCEL."""
    again = ("COMPLETED", "1000M", MINUTES)
    for name in disturbed.on_lost:
        assert states(disturbed, name) == [("NODE_FAIL", "1000M", MINUTES), again]
    assert states(disturbed, REQUEUED) == [("PREEMPTED", "1000M", MINUTES), again]
    lost_for_good = [("PREEMPTED", "1000M", MINUTES), ("COMPLETED", "2000M", 2 * MINUTES)]
    assert states(disturbed, LOST_FOR_GOOD) == lost_for_good


def test_two_copies_of_a_shard_do_not_disturb_each_other(disturbed):
    records = slurm.jobs_of(disturbed.folder)
    copy = next(record for record in records if record.rule == "twin")
    other = next(record for record in records if record.wildcards == f"{MODEL}_{disturbed.twin}")
    assert copy.start < other.end, "they did not run together"
    assert copy.state == other.state == "COMPLETED"


def test_what_was_not_disturbed_ran_once_though_the_controller_restarted(disturbed):
    again = {disturbed.cancelled, disturbed.killed, OF_MEMORY, OF_TIME, REQUEUED, LOST_FOR_GOOD, *disturbed.on_lost}
    expected = {f"{MODEL}_{name}": 2 if name in again else 1 for name in SHARDS}
    assert slurm.starts(disturbed.folder) == expected
    assert slurm.starts(disturbed.folder, "merge_pairs") == {MODEL: 1}


def test_a_second_invocation_was_refused(disturbed):
    assert disturbed.second.returncode == 1
    assert "Directory cannot be locked" in disturbed.second.stderr
    assert "--unlock" in disturbed.second.stderr


def test_disturbed_run_ends_in_the_same_bits(disturbed, undisturbed):
    assert matrices(disturbed.folder) == undisturbed
    assert not leftovers(disturbed.folder)


def fill(path):
    """Write to `path` until its disk is full."""
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    assert not shutil.disk_usage(path.parent).free


def test_damaged_and_foreign_shards_are_named_and_only_they_run_again_once_the_disk_has_room(
    disturbed, undisturbed, tmp_path
):
    folder, other = disturbed.folder, new_study(tmp_path / "other", seed=1)
    before = slurm.starts(folder)
    damaged, foreign = shard(folder, "3-of-10"), shard(folder, "5-of-10")
    target = str(foreign.relative_to(folder))
    workflow_run.snakemake(*STUDY, "--cores", "2", "--", target, cwd=other)
    whole = damaged.read_bytes(), foreign.read_bytes()
    for path, content, right in ((damaged, whole[0][:-100], whole[0]), (foreign, (other / target).read_bytes(), b"")):
        path.write_bytes(content)
        text = workflow_run.snakemake(*STUDY, "--cores", "2", *TARGET, cwd=folder, check=False)
        name = path.relative_to(folder)
        hint = f"mv {name} {name}.before" if path == damaged else f"delete {name}"
        assert f"{hint} and run the workflow again" in text
        path.write_bytes(right)
    for path in (damaged, foreign, folder / PAIRWISE):  # a merge that fails leaves the pairs of the one before
        path.unlink()

    shards, kept = damaged.parent, shutil.copytree(damaged.parent, tmp_path / "kept")
    again = dict.fromkeys((f"{MODEL}_3-of-10", f"{MODEL}_5-of-10"), 1)
    room = sum(path.stat().st_size // 4096 + 1 for path in kept.iterdir()) * 4 + 500  # KiB: half of what is asked for
    slurm.command("mount", "-t", "tmpfs", "-o", f"size={room}k", "tmpfs", shards)
    try:
        shutil.copytree(kept, shards, dirs_exist_ok=True)
        said = slurm.finish(slurm.snakemake(folder, *STUDY, *TARGET), folder, 1)
        assert f"a folder that takes files, {shards}" in said
        assert slurm.starts(folder) == before  # not a job was submitted
        slurm.command("mount", "-o", f"remount,size={room + 16000}k", shards)
        head = slurm.snakemake(folder, *STUDY, "--retries", "0", *TARGET)
        slurm.until(lambda: slurm.running(folder))
        fill(shards / "other")  # while the first job starts
        text = slurm.finish(head, folder, 1).removeprefix(said)
        assert "No space left on device" in text
        assert not leftovers(folder)
        assert slurm.starts(folder) - before == again
        slurm.command("mount", "-o", "remount,size=128m", shards)
        slurm.finish(slurm.snakemake(folder, *STUDY, *TARGET), folder)
        assert slurm.starts(folder) - before == dict.fromkeys(again, 2)
        assert matrices(folder) == undisturbed
    finally:
        slurm.command("umount", shards)


def test_what_ran_when_snakemake_was_terminated_or_killed_is_not_made_again(cluster, tmp_path):
    """After a kill it is the way that docs/slurm.md gives: let the jobs end, take what they made, unlock, go on."""
    with slurm.alone(tmp_path):
        end_and_go_on(tmp_path)


def end_and_go_on(tmp_path):
    """Terminate one Snakemake, kill another, and go on."""
    first, second = (("--", "waited/1.txt", "waited/2.txt"), ("--", "waited/3.txt", "waited/4.txt"))
    for target, end in ((first, signal.SIGTERM), (second, signal.SIGKILL)):
        head = slurm.snakemake(tmp_path, *PROBE, *target)
        slurm.until(lambda: len(slurm.running(tmp_path)) == 2)
        head.send_signal(end)
        if end == signal.SIGTERM:
            slurm.finish(head, tmp_path, 1)
            continue
        head.wait()
        assert "--unlock" in workflow_run.snakemake(*PROBE, "--cores", "1", *target, cwd=tmp_path, check=False)
        slurm.until(lambda: not slurm.running(tmp_path))
        workflow_run.snakemake(*PROBE, "--unlock", *target, cwd=tmp_path)
        said = workflow_run.snakemake(*PROBE, "--cleanup-metadata", *target[1:], cwd=tmp_path, check=False)
        assert "metadata was not present" in said  # which it reports as a failure, though all is as it should be
    slurm.finish(slurm.snakemake(tmp_path, *PROBE, *first, *second[1:]), tmp_path)
    assert slurm.starts(tmp_path, "wait") == {str(name): 1 for name in range(1, 5)}
    assert {path.read_text() for path in (tmp_path / "waited").iterdir()} == {"1\n", "2\n", "3\n", "4\n"}


def test_a_limit_of_jobs_in_the_queue_is_waited_for_and_sacct_may_be_asked_for_their_ends(cluster, tmp_path):
    targets, sacct = [f"waited/{number}.txt" for number in range(4)], ("--slurm-status-command", "sacct")
    with slurm.alone(tmp_path):
        head = slurm.snakemake(tmp_path, *PROBE, *sacct, "--retries", "1", "--", *targets, SYNERGY_ACCOUNT="limited")
        wildcards, job = slurm.until(lambda: next(iter(slurm.running(tmp_path).items()), None))
        slurm.command("scancel", job["job"])
        said = slurm.finish(head, tmp_path)
    assert "SLURM takes no job now, asked again in 10 s: AssocMaxSubmitJobLimit" in said
    assert slurm.starts(tmp_path, "wait") == {str(number): 1 + (str(number) == wildcards) for number in range(4)}


def fail_in(folder):
    """A test that fails while its Snakemake and a job run."""
    with slurm.alone(folder):
        slurm.snakemake(folder, *PROBE, "--", "waited/1.txt")
        slurm.until(lambda: slurm.running(folder))
        raise AssertionError("in vain")


def test_a_failing_test_leaves_neither_snakemake_nor_jobs(cluster, tmp_path):
    with pytest.raises(AssertionError, match="in vain"):
        fail_in(tmp_path)
    assert all(head.poll() is not None for where, head in slurm.heads if where == tmp_path)
    slurm.until(lambda: not slurm.running(tmp_path, "R,PD,CG"))
    assert not (tmp_path / "waited/1.txt").exists()


def test_a_refusal_that_will_not_pass_is_not_waited_for(cluster, tmp_path):
    with slurm.alone(tmp_path):
        said = slurm.finish(slurm.snakemake(tmp_path, *PROBE, "probe.json", SYNERGY_PARTITION="nowhere"), tmp_path, 1)
    assert "SLURM takes no job now" not in said
    assert "invalid partition" in said


def test_a_node_whose_disk_for_temporary_files_is_full_still_runs_jobs(cluster, tmp_path):
    places = [slurm.STATE / "tmp" / node for node in set(slurm.command("sinfo", "-h", "-N", "-o", "%N").split())]
    try:
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
            slurm.command("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place)
            fill(place / "other")
        with slurm.alone(tmp_path):
            slurm.finish(slurm.snakemake(tmp_path, *PROBE, "--retries", "0", "probe.json"), tmp_path)
    finally:
        for place in places:
            slurm.command("umount", place, check=False)
    assert (tmp_path / "probe.json").exists()


def test_an_exported_token_comes_into_no_log(cluster, tmp_path):
    """Though with --verbose the executor writes the environment of a job into its log, which anyone may read."""
    folder = new_study(tmp_path / "study")
    (folder / "faults.yaml").write_text("decomposition: {null_model: {surrogates: 2}}\n")
    verbose = ("--set-scatter", "pairs=1", "--verbose", "--slurm-keep-successful-logs")
    tokens = {name: f"hf_{name.lower()}" for name in TOKEN_NAMES}
    with slurm.alone(folder):
        slurm.finish(slurm.snakemake(folder, *STUDY, *verbose, *TARGET, **tokens), folder)
    logs = [path.read_text() for path in (folder / "logs/slurm").rglob("*.log")]
    assert any("environment: environ(" in log for log in logs)
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept for token in tokens.values() if token.encode() in path.read_bytes()]
