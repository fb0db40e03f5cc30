"""What makes finished results out of date, and what does not."""

import json
import shutil

import pytest
from workflow_run import SMOKE, THREADS, copy_repository, planned_jobs, snakemake

TARGETS = ("all", "training_trajectory")
CLOSING = {"summarise", "check_results", *TARGETS}  # these look at the run as a whole


@pytest.fixture
def checkout(smoke_run, tmp_path):
    """A checkout at another path, and a function that plans the finished run with it."""
    folder = copy_repository(tmp_path / "checkout")

    def plan(*overlay):
        command = ("-n", "--snakefile", str(folder / "Snakefile"), "--directory", str(smoke_run))
        configs = ("--configfile", str(folder / "config/smoke.yaml"), *overlay)
        return planned_jobs(snakemake(*command, *configs, *SMOKE[2:], *THREADS, "--", *TARGETS, cwd=folder))

    return folder, plan


def test_a_copied_folder_is_up_to_date(smoke_run, tmp_path):
    shutil.copytree(smoke_run, tmp_path / "copy", copy_function=shutil.copy)  # as cp -r: every date is new
    assert planned_jobs(snakemake("-n", *SMOKE, *THREADS, "--", *TARGETS, cwd=tmp_path / "copy")) == {}


def test_a_changed_file_of_ours_remakes_what_reads_it(smoke_run, checkout):
    _, plan = checkout
    path = smoke_run / "config/published/fig2c_layer_profile.csv"
    original = path.read_text()
    path.write_text(original + "another-model,0,0.0,0.5\n")
    try:
        assert plan().keys() - CLOSING == {"plot_profile", "compare_models", "compare_published"}
    finally:
        path.write_text(original)


@pytest.mark.parametrize(
    ("section", "changed", "first", "untouched"),
    [
        ("models", {"tiny-neox": {"resources": {"mem": "64GB", "runtime": "9h"}}}, set(), None),
        (
            "models",
            {"tiny-neox": {"dtype": "bfloat16"}},
            {"record_activations", "ablate_heads", "score_math", "score_solutions"},
            "prefetch_math",
        ),
        ("ablation", {"residual_cache": "none"}, set(), None),
        ("ranking", {"bootstrap": 21}, {"rank_heads", "rank_variant"}, "decompose_pairs"),
        ("ablation", {"max_fraction": 0.5}, {"ablate_heads"}, "score_math"),
        ("study", ["tiny-neox"], {"merge_claims", "compare_models"}, "rank_heads"),
    ],
    ids=["memory", "dtype", "where residual streams lie", "bootstrap", "last step", "study"],
)
def test_a_setting_remakes_what_it_decides(checkout, tmp_path, section, changed, first, untouched):
    _, plan = checkout
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(json.dumps({section: changed}))
    jobs = plan(str(overlay)).keys()
    if first:
        assert first <= jobs
        assert untouched not in jobs
    else:
        assert jobs <= CLOSING  # the record of the run holds the config


def test_a_lost_ranking_costs_no_model(smoke_run, tmp_path):
    """The orders and answers of a model are found again under what decides them."""
    folder = tmp_path / "copy"
    shutil.copytree(smoke_run, folder)
    ranking = "results/phiid_scores/tiny-neox_head_rankings.csv"
    (folder / ranking).unlink()
    order, records = (
        "results/ablation/orders/tiny-neox/random-0.npz",
        "results/ablation/math/tiny-neox/random-1.0-0.jsonl",
    )
    before = [(folder / path).read_bytes() for path in (order, records)]
    assert planned_jobs(snakemake(*SMOKE, *THREADS, "--", ranking, order, records, cwd=folder)) == {
        "rank_heads": 1,
        "ablate_heads": 2,
        "merge_ablation": 1,
        "score_math": 2,
        "score_solutions": 2,
        "merge_math": 1,
    }
    for rule in ("ablate_heads", "score_math", "score_solutions"):
        for log in (folder / f"logs/{rule}/tiny-neox").iterdir():
            assert "nothing was computed" in log.read_text()
    assert (folder / order).read_bytes() == before[0]
