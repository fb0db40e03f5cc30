"""Activations of a user's own: what follows from them is made, they are never made anew."""

import os
import time

import numpy as np
import pytest
from places import REPOSITORY
from workflow_run import SMOKE, planned_jobs, snakemake

ACTIVATIONS = "results/activations/tiny-qwen3_activations.npz"
PAIRWISE = "results/phiid_scores/tiny-qwen3_pairwise_phiid.npz"
HEATMAPS = "results/figures/tiny-qwen3_synergy_redundancy.png"
RANKING = "results/phiid_scores/tiny-qwen3_head_rankings.csv"
ABLATION = "results/ablation/tiny-qwen3_ablation.csv"
CALL = ("-s", str(REPOSITORY / "Snakefile"), "--configfile", str(REPOSITORY / "config/smoke.yaml"))


@pytest.fixture
def folder(tmp_path):
    """A working directory with activations alone."""
    (tmp_path / "results/activations").mkdir(parents=True)
    series = np.random.default_rng(0).normal(size=(6, 8, 24)).astype(np.float32)
    np.savez(tmp_path / ACTIVATIONS, activations=series, n_tokens=np.full(6, 24), category=np.array(list("aabbcc")))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/models").symlink_to(REPOSITORY / "tests/models")
    return tmp_path


@pytest.mark.parametrize("age_s", [-3600, 3600 * 24 * 365], ids=["newer than the clone", "older"])
@pytest.mark.parametrize("also", [(), ("results/prefetch/tiny-qwen3.json",)], ids=["alone", "with the model"])
def test_they_are_not_planned_anew(folder, age_s, also):
    then = time.time() - age_s
    os.utime(folder / ACTIVATIONS, (then, then))
    jobs = planned_jobs(snakemake("-n", *CALL, "--", RANKING, *also, cwd=folder))
    assert "record_activations" not in jobs
    assert jobs["rank_heads"] == 1


def test_they_stay_where_something_else_of_the_recording_is_wanted(folder):
    before = (folder / ACTIVATIONS).read_bytes()
    said = snakemake(*CALL, *SMOKE[2:4], "--", ABLATION, cwd=folder, check=False)
    assert f"mv {ACTIVATIONS}" in said
    assert (folder / ACTIVATIONS).read_bytes() == before


def test_series_alone_are_ranked(folder):
    """Activations as other pipelines write them: lengths follow from the padding, categories are unknown."""
    series = np.load(folder / ACTIVATIONS)["activations"]
    series[2, :, 20:] = np.nan
    np.savez(folder / ACTIVATIONS, activations=series)
    snakemake(*CALL, *SMOKE[2:4], "--", RANKING, cwd=folder)
    assert len((folder / RANKING).read_text().splitlines()) == 9


@pytest.mark.parametrize("age_s", [0, 3600 * 24 * 365], ids=["newer than the clone", "older"])
@pytest.mark.parametrize("alone", [True, False])
def test_matrices_of_another_pipeline_stay_and_are_drawn(folder, age_s, alone):
    if alone:
        (folder / ACTIVATIONS).unlink()
    (folder / PAIRWISE).parent.mkdir(parents=True)
    matrix = np.abs(np.random.default_rng(1).normal(size=(8, 8)))
    np.savez(folder / PAIRWISE, sts_matrix=matrix + matrix.T, rtr_matrix=matrix + matrix.T)
    then = time.time() - age_s
    os.utime(folder / PAIRWISE, (then, then))
    before = (folder / PAIRWISE).read_bytes()
    assert planned_jobs(snakemake(*CALL, *SMOKE[2:4], "--", HEATMAPS, cwd=folder)) == {"plot_heatmaps": 1}
    assert (folder / PAIRWISE).read_bytes() == before
    assert (folder / HEATMAPS).exists()


def test_a_table_of_another_pipeline_is_not_replaced(folder):
    (folder / RANKING).parent.mkdir(parents=True)
    (folder / RANKING).write_text("head_idx,syn_red_score\n0,0.5\n")
    then = time.time() - 3600 * 24 * 365
    os.utime(folder / RANKING, (then, then))
    before = (folder / RANKING).read_bytes()
    said = snakemake(*CALL, *SMOKE[2:4], "--", RANKING.replace(".csv", ".json"), cwd=folder, check=False)
    assert f"mv {RANKING}" in said
    assert (folder / RANKING).read_bytes() == before
