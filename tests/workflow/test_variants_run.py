"""Variants through the workflow, from given activations alone: each is what the library gives, and not the default."""

import re
from collections import Counter

import command_line
import numpy as np
import pytest
from workflow_run import planned_jobs, snakemake

from synergy.files.artifacts import read_npz, write_npz
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import n_pairs, symmetric

MODEL, N_HEADS = "tiny-qwen3", 8
SMOKE = ("--configfile", "config/smoke.yaml", "--cores", "2")
VARIANTS = {  # settings, and how the series follow from those recorded
    "ccs": ({"redundancy": "ccs"}, lambda arrays: arrays["activations"]),
    "lag_2": ({"lag": 2}, lambda arrays: arrays["activations"]),
    "discrete": ({"estimator": "discrete"}, lambda arrays: arrays["activations"]),
    "first_differences": ({}, lambda arrays: np.diff(arrays["activations"], axis=2)),
    "after_output": ({}, lambda arrays: arrays["activations_after_output"]),
}


def given(folder):
    """Activations as a user may bring them: coupled heads, two measures, no model anywhere."""
    generator = np.random.default_rng(0)
    series = np.cumsum(generator.normal(size=(4, N_HEADS, 40)), axis=2) * 0.3 + 20
    series += generator.normal(size=(4, 1, 40))
    arrays = {
        "activations": series.astype(np.float32),
        "n_tokens": np.full(4, 40),
        "activations_after_output": np.exp(series / 10).astype(np.float32),
    }
    path = folder / f"results/activations/{MODEL}_activations.npz"
    path.parent.mkdir(parents=True)
    write_npz(path, {}, **arrays)
    return arrays


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a run of some variants, and the arrays it started from."""
    folder = tmp_path_factory.mktemp("robustness")
    arrays = given(folder)
    targets = [f"results/robustness/{MODEL}/{variant}_pairwise_phiid.npz" for variant in VARIANTS]
    targets.append(f"results/phiid_scores/{MODEL}_pairwise_phiid.npz")
    jobs = planned_jobs(snakemake(*SMOKE, "--directory", str(folder), "--", *targets))
    n = len(VARIANTS)
    assert jobs == {
        "vary_series": 2,
        "decompose_variant": n,
        "merge_variant": n,
        "decompose_pairs": 2,
        "merge_pairs": 1,
    }
    return folder, arrays


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_equals_a_direct_call_and_differs_from_the_default(run, variant):
    folder, arrays = run
    settings, series = VARIANTS[variant]
    found, note = read_npz(folder / f"results/robustness/{MODEL}/{variant}_pairwise_phiid.npz")
    default, _ = read_npz(folder / f"results/phiid_scores/{MODEL}_pairwise_phiid.npz")
    values = series(arrays)
    settings = Settings(**settings, surrogates=4, heads=4)
    direct = Decomposition(values, np.full(4, values.shape[2]), settings).run(range(n_pairs(N_HEADS)))
    for matrix, name in (("sts_matrix", "sts"), ("rtr_matrix", "rtr"), ("sts_null_mean", "sts_null_mean")):
        np.testing.assert_array_equal(found[matrix], symmetric(direct[name], N_HEADS))
        assert not np.allclose(found[matrix], default[matrix], equal_nan=True, atol=1e-6)
    assert len(found["head_null_sts"]) == 4
    assert len(default["head_null_sts"]) == 8
    assert note["parameters"].items() >= settings.parameters().items()


def test_a_variant_that_the_file_cannot_give_says_so(run):
    folder, _ = run
    target = f"results/robustness/{MODEL}/natural_length_pairwise_phiid.npz"
    text = snakemake(*SMOKE, "--directory", str(folder), "--", target, check=False)
    assert "Expected an array natural_length beside the activations" in text
    assert "leave the variant out of robustness.variants" in text


def test_the_figure_of_any_model_can_be_asked_for(tmp_path):
    figure = "results/figures/pythia-1b_robustness.png"
    jobs = planned_jobs(snakemake("-n", "--directory", str(tmp_path), "--", figure))
    assert jobs["decompose_variant"] == 9  # integration is another score of the default's decomposition
    assert jobs["measure_variant"] == 10
    assert jobs["vary_series"] == 5
    assert jobs["record_activations"] == jobs["compare_variants"] == 1


def test_the_trajectory_follows_the_checkpoints_in_order(tmp_path):
    jobs = command_line.planned("--directory", str(tmp_path), "--", "training_trajectory")
    counts = Counter(job["rule"] for job in jobs)
    assert counts["record_activations"] == counts["rank_heads"] == 19
    assert counts["trace_training"] == counts["plot_trajectory"] == 1
    assert "ablate_heads" not in counts
    (traced,) = [job["input"]["rankings"] for job in jobs if job["rule"] == "trace_training"]
    steps = [re.search(r"step(\d+)_", path) for path in traced]
    assert [int(step[1]) for step in steps[:-1]] == sorted(int(step[1]) for step in steps[:-1])
    assert traced[-1].endswith("pythia-1b_head_rankings.csv")  # step143000


def test_a_model_without_checkpoints_has_no_trajectory(tmp_path):
    figure = "results/figures/qwen3-8b_training_trajectory.png"
    text = snakemake("-n", "--directory", str(tmp_path), "--", figure, check=False)
    assert "Expected two or more revisions named step<number> of qwen3-8b; found 0" in text
