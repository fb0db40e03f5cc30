"""Activations of a user's own: what follows from them is made, they are never made anew."""

import json
import os
import time

import numpy as np
import pandas
import pytest
from places import REPOSITORY
from workflow_run import SMOKE, planned_jobs, snakemake

ACTIVATIONS = "results/activations/tiny-qwen3_activations.npz"
PAIRWISE = "results/phiid_scores/tiny-qwen3_pairwise_phiid.npz"
FIGURE = "results/figures/tiny-qwen3_{}.png"
METRICS = "results/phiid_scores/tiny-qwen3_graph_metrics.json"
OF_TABLES = {
    "phiid_profile": "plot_profile",
    "head_ranking_heatmap": "plot_head_ranking",
    "ablation_curves": "plot_ablation",
}
OF_MATRICES = {
    "synergy_redundancy": "plot_heatmaps",
    "graph_cores": "plot_graph_cores",
    "null_profile": "plot_null",
    "phiid_profile": "plot_profile",
    "head_ranking_heatmap": "plot_head_ranking",
}
YEAR_S = 3600 * 24 * 365
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


@pytest.mark.parametrize("age_s", [-3600, YEAR_S], ids=["newer than the clone", "older"])
@pytest.mark.parametrize("also", [(), ("results/prefetch/tiny-qwen3.json",)], ids=["alone", "with the model"])
def test_they_are_not_planned_anew(folder, age_s, also):
    age(folder / ACTIVATIONS, age_s)
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


@pytest.mark.parametrize("age_s", [0, YEAR_S], ids=["newer than the clone", "older"])
@pytest.mark.parametrize("alone", [True, False])
def test_matrices_of_another_pipeline_stay_and_all_that_follows_from_them_is_made(folder, age_s, alone):
    if alone:
        (folder / ACTIVATIONS).unlink()
    (folder / PAIRWISE).parent.mkdir(parents=True)
    generator = np.random.default_rng(1)
    sts, rtr = (np.abs(generator.normal(size=(8, 8))) for _ in range(2))
    matrices = {"sts_matrix": sts + sts.T, "rtr_matrix": rtr + rtr.T}
    for matrix in matrices.values():
        np.fill_diagonal(matrix, 0)
    np.savez(folder / PAIRWISE, **matrices, tdmi_matrix=matrices["sts_matrix"])  # which is no NuMIT
    age(folder / PAIRWISE, age_s)
    before = (folder / PAIRWISE).read_bytes()
    wanted = [FIGURE.format(name) for name in OF_MATRICES]
    said = snakemake(*CALL, *SMOKE[2:4], "--", *wanted, METRICS, cwd=folder)
    rules = {"rank_heads", "measure_graphs", *OF_MATRICES.values()}
    assert planned_jobs(said) == dict.fromkeys(rules, 1)
    assert (folder / PAIRWISE).read_bytes() == before
    table = pandas.read_csv(folder / RANKING)
    averages = (sts + sts.T)[~np.eye(8, dtype=bool)].reshape(8, 7).mean(axis=1)
    np.testing.assert_allclose(table["avg_synergy"], averages)
    assert table[["null_avg_synergy", "excess_score", "autocorrelation", "score_ci_low", "numit"]].isna().all(axis=None)
    metrics = json.loads((folder / METRICS).read_text())
    contrasts = metrics["contrasts_synergy_minus_redundancy"].values()
    assert [(own["surrogates"], own["ci_low"]) for own in contrasts] == [([], None)] * 2
    assert all((folder / path).exists() for path in wanted)


def test_a_table_of_another_pipeline_is_not_replaced(folder):
    (folder / RANKING).parent.mkdir(parents=True)
    (folder / RANKING).write_text("head_idx,syn_red_score\n0,0.5\n")
    age(folder / RANKING, YEAR_S)
    before = (folder / RANKING).read_bytes()
    said = snakemake(*CALL, *SMOKE[2:4], "--", RANKING.replace(".csv", ".json"), cwd=folder, check=False)
    assert f"mv {RANKING}" in said
    assert (folder / RANKING).read_bytes() == before


@pytest.mark.parametrize("age_s", [0, YEAR_S], ids=["newer than the clone", "older"])
def test_tables_of_another_pipeline_are_drawn(folder, age_s):
    """Differences of ranks, and orders as it names them; neither model nor activations are asked for."""
    (folder / ACTIVATIONS).unlink()
    rows = "".join(f"{head},{2 * head - 7}\n" for head in range(8))
    curves = "".join(
        f"{n},{n * k},{order}\n" for k, order in enumerate(("syn_red", "random_0", "random_1")) for n in (1, 4)
    )
    written = {
        RANKING: "head_idx,syn_red_score\n" + rows,
        ABLATION: "num_heads_removed,mean_kl_div,order_type\n" + curves,
    }
    for path, text in written.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
        age(folder / path, age_s)
    wanted = {FIGURE.format(name): rule for name, rule in OF_TABLES.items()}
    assert planned_jobs(snakemake(*CALL, *SMOKE[2:4], "--", *wanted, cwd=folder)) == dict.fromkeys(wanted.values(), 1)
    assert {path: (folder / path).read_text() for path in written} == written
    assert all((folder / path).exists() for path in wanted)


def age(path, seconds):
    """Make a file look as old as that."""
    then = time.time() - seconds
    os.utime(path, (then, then))
