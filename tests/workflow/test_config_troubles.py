"""Troubles with overlays: each is one message with file and line, or what was meant."""

import re

import pytest
from command_line import planned, run

BASE = ("--directory", "{folder}", "--configfile", "config/smoke.yaml", "{folder}/overlay.yaml", "--cores")
TARGET = "results/activations/smollm2-135m_logits.npz"


def arguments(folder, overlay, cores, target):
    (folder / "overlay.yaml").write_text(overlay)
    return [*(word.format(folder=folder) for word in BASE), str(cores), "--", target]


@pytest.mark.parametrize(
    ("overlay", "found", "hint"),
    [
        (
            "recording: {n_tokens: 12}\nstudy: [tiny-neox]\nrecording:\n  batch_size: 2\n",
            "recording in line 1 and again in line 3",
            "put",
        ),
        ("models:\n  a: {layers: 1}\n  a:\n    heads: 2\n", r"models\.a in line 2 and again in line 3", "put"),
        ("ranking: {bootstrap: 20, bootstrap: 10}\n", r"ranking\.bootstrap in line 1 and again in line 1", "put"),
        ("study: [tiny-neox]\ndecomposition:\n", r"nothing stands under it \(.*overlay\.yaml, line 2\)", "mend"),
        ("models:\n  tiny-neox:\n    resources: {mem: lots}\n", r"'lots' .*overlay\.yaml, line 3", "as in 8GB"),
        ("recording:\n  n_token: 12\n", r"'n_token' .*overlay\.yaml, line 2", "use n_tokens"),
        ("models:\n  tiny-neox:\n    resources: {runtime: soon}\n", "'soon'", "1-12:00:00"),
        ("models:\n  tiny-neox:\n    mem: 1GB\n", r"'mem' .*overlay\.yaml, line 3", "under models.*.resources"),
        ("bootstrap: 5\n", r"'bootstrap' .*overlay\.yaml, line 1", "belongs under ranking"),
        ("", r"none", "leave the file out"),
        ("# study: [tiny-neox]\n", r"none", "leave the file out"),
        ("tiny-neox\n", r"none", "leave the file out"),
    ],
)
def test_a_trouble_is_named_with_file_and_line(tmp_path, overlay, found, hint):
    code, said = run("-n", *arguments(tmp_path, overlay, 1, "all"))
    assert code == 1
    assert said.count("ERROR: ") == 1
    assert re.search(found, said)
    assert hint in said.partition("Hint: ")[2]


@pytest.mark.parametrize(
    ("runtime", "minutes"),
    [("1-12:00:00", 2160), ("90", 90), ("2:00:30", 121), ("1-6", 1800), ("45:00", 45), ("2h", 120)],
)
def test_an_overlay_replaces_a_source_and_gives_times_as_slurm_does(tmp_path, runtime, minutes):
    stanza = f'source: {{path: elsewhere}}\n    resources: {{runtime: "{runtime}"}}'
    jobs = planned(*arguments(tmp_path, f"models:\n  smollm2-135m:\n    {stanza}\n", 2, TARGET))
    fetched, recorded = sorted(jobs, key=lambda job: job["rule"])
    assert fetched["params"]["settings"]["source"] == {"path": "elsewhere"}
    assert recorded["resources"]["runtime"] == minutes


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (6, 3), (40, 8)])
def test_a_job_with_a_model_leaves_room_for_another(tmp_path, cores, threads):
    jobs = planned(*arguments(tmp_path, "study: [tiny-neox]\n", cores, TARGET))
    assert next(job["threads"] for job in jobs if job["rule"] == "record_activations") == threads


@pytest.mark.parametrize(("layers", "heads", "mem_mb", "minutes"), [(30, 9, 4000, 60), (80, 64, 12000, 300)])
def test_networks_of_a_large_model_get_more_memory_and_time(tmp_path, layers, heads, mem_mb, minutes):
    overlay = f"models:\n  smollm2-135m: {{layers: {layers}, heads: {heads}}}\n"
    jobs = planned(*arguments(tmp_path, overlay, 2, "results/phiid_scores/smollm2-135m_graph_metrics.json"))
    asked = {job["rule"]: job["resources"] for job in jobs}
    assert (asked["measure_graphs"]["mem_mb"], asked["measure_graphs"]["runtime"]) == (mem_mb, minutes)
    assert asked["merge_pairs"]["mem_mb"] == mem_mb
