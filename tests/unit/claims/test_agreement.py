"""Agreement with published values: known both ways, for every quantity, and for models that the paper lacks."""

import numpy as np
import pandas as pd
import pytest
from compare_published import compare_published
from places import REPOSITORY

from synergy.claims.published import (
    AGREES,
    DISAGREES,
    NOT_COMPARABLE,
    OTHER_ORDER,
    REVERSED,
    SAME_ORDER,
    UNSHOWN,
    Quantity,
    agreement_rule,
    judged,
    variant_in_words,
)
from synergy.files.artifacts import write_json
from synergy.files.tables import read_table, write_table

LAYERS, HEADS = 34, 8
DRAWN = {"significance": 0.05, "permutations": 999, "seed": 0}
FILES = {"2b": "fig2b_head_rank", "2c": "fig2c_layer_profile", "3c": "fig3c_graph_metrics"}
FILES |= {"4a": "fig4a_ablation_kl", "4b": "fig4b_math_accuracy"}
PUBLISHED = {figure: str(REPOSITORY / f"config/published/{name}.csv") for figure, name in FILES.items()}


def judge(ours, theirs, **other):
    quantity = Quantity("2b", "something", "nats", np.array(ours, float), np.array(theirs, float), **other)
    return judged(quantity, **DRAWN)


@pytest.mark.parametrize(
    ("ours", "theirs", "word"),
    [
        (np.arange(12.0), np.arange(12.0) ** 2, AGREES),
        (np.arange(12.0), -np.arange(12.0), DISAGREES),
        ([1, 2, 3, 4, 5, 6], [3, 5, 1, 6, 2, 4], UNSHOWN),
        ([1, 2, 3], [10, 20, 30], SAME_ORDER),
        ([1, 2, 3], [30, 20, 10], REVERSED),
        ([1, 2, 3], [20, 10, 30], OTHER_ORDER),
        ([1, 1, 1], [1, 2, 3], NOT_COMPARABLE),
        ([1, np.nan], [np.nan, 2], NOT_COMPARABLE),
    ],
)
def test_the_word_follows_from_the_numbers(ours, theirs, word):
    assert judge(ours, theirs)["agreement"] == word
    assert word == NOT_COMPARABLE or word in agreement_rule(0.05)


def test_differences_are_here_minus_paper_where_both_are_defined():
    row = judge([1, 2, np.nan, 4], [2, 0, 5, 4])
    assert row["n"] == 3
    assert row["mean_difference"] == pytest.approx(1 / 3)
    assert row["mean_abs_difference"] == pytest.approx(1)


def test_curves_that_rise_by_construction_are_not_tested():
    row = judge(np.arange(9), np.arange(9), monotone=True)
    assert row["agreement"] == ""
    assert np.isnan([row["rank_correlation"], row["p_value"]]).all()
    assert row["mean_abs_difference"] == 0


def test_p_is_uniform_without_agreement():
    generator = np.random.default_rng(0)
    p_values = [judge(generator.random(8), generator.random(8))["p_value"] for _ in range(200)]
    assert np.mean(np.array(p_values) < 0.05) < 0.1
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.08)


def test_variants_are_named():
    assert variant_in_words("gemma3-4b-it", "gemma3-4b-it") == ""
    assert "gemma3-4b-it (instruct model), ours gemma3-4b" in variant_in_words("gemma3-4b", "gemma3-4b-it")
    assert "qwen3-8b-base (base model)" in variant_in_words("qwen3-8b", "qwen3-8b-base")


SWAPPED = {"synergy": "redundancy", "redundancy": "synergy", "synergistic": "random", "random": "synergistic"}


def run(folder, model, sign):
    """The rows for a model that reproduces the paper's Gemma (sign 1) or its mirror image (sign -1), by quantity."""
    gemma = {figure: read_table(path).query("model == 'gemma3-4b-it'") for figure, path in PUBLISHED.items()}
    if sign < 0:
        gemma["3c"] = gemma["3c"].replace({"network": SWAPPED})
        gemma["4a"] = gemma["4a"].replace({"order": SWAPPED})
    scores = sign * gemma["2b"].sort_values(["layer", "head_in_layer"])["syn_red_rank"]
    write_table(folder / "ranking.csv", pd.DataFrame({"syn_red_score": scores, "excess_score": -scores}))
    metrics, no_null = gemma["3c"].set_index("network"), {"null_mean": None, "relative_to_null": None, "null_draws": []}
    unknown = dict.fromkeys(("estimate", "standard_error", "ci_low", "ci_high", "p_value"))
    names = ["global_efficiency", "modularity"]
    networks = {
        network: {name: {"value": metrics.loc[network, name], **no_null} for name in names} for network in metrics.index
    }
    definitions = dict.fromkeys(("dense_weighted", "top_fraction"), networks)
    contrasts = {key: unknown | {"surrogates": []} for key in names}
    graphs = {"top_fraction": 0.1, "n_groups": 8, "contrasts_synergy_minus_redundancy": contrasts}
    write_json(folder / "metrics.json", graphs | {"definitions": definitions})
    curves = gemma["4a"].rename(columns={"order": "order_type"}).assign(method="zero", num_heads_removed=0)
    seeds = [
        curves.assign(seed=seed, mean_kl_div=kl, kl_ci_low=kl, kl_ci_high=kl)
        for seed, kl in enumerate((curves["kl_nats"] - 0.1, curves["kl_nats"] + 0.1))
    ]
    write_table(folder / "ablation.csv", pd.concat(seeds))
    percent = gemma["4b"].set_index("condition")["accuracy_percent"]
    correct = (10 * percent if sign > 0 else 1000 - 10 * percent).round().astype(int)
    at_half = pd.DataFrame({"sigma": 0.5, "n_correct": correct, "n_problems": 1000})
    at_half.loc["baseline", "sigma"] = 0.0
    elsewhere = at_half.assign(sigma=0.9, n_correct=0)
    found = dict.fromkeys(("n_boxed", "n_stated", "n_fallback", "n_none"), 0)
    accuracies = pd.concat([at_half, elsewhere]).assign(truncated_fraction=0.0, solution_nll=1.0, **found)
    write_table(folder / "math.csv", accuracies.reset_index())
    compare_published(
        models={model: (LAYERS, HEADS)},
        rankings=[str(folder / "ranking.csv")],
        metrics=[str(folder / "metrics.json")],
        ablations=[str(folder / "ablation.csv")],
        maths=[str(folder / "math.csv")],
        published=PUBLISHED,
        sigma=0.5,
        **DRAWN,
        agreement=str(folder / "agreement.csv"),
    )
    return read_table(folder / "agreement.csv").set_index("quantity")


def test_the_papers_own_model_agrees_with_itself_in_every_quantity(tmp_path):
    rows = run(tmp_path, "gemma3-4b-it", sign=1)
    assert rows["agreement"].to_dict() == {
        "rank of each head": AGREES,
        "rank of each layer": AGREES,
        "the same, null-subtracted here": DISAGREES,
        "global efficiency": SAME_ORDER,
        "modularity": SAME_ORDER,
        "KL in synergistic order": "",
        "KL in random order": "",
        "KL, synergistic minus random order": AGREES,
        "accuracy under noise": SAME_ORDER,
    }
    exact = rows.drop(["rank of each layer", "the same, null-subtracted here"])  # there the paper's profile is its own
    assert (exact["mean_abs_difference"] < 1e-3).all()
    assert rows.loc["rank of each head", "n"] == 272
    assert rows.loc["rank of each layer", "rank_correlation"] > 0.95
    assert not rows["note"].str.contains("Another variant").any()


def test_the_mirror_image_of_the_papers_model_does_not(tmp_path):
    rows = run(tmp_path, "gemma3-4b", sign=-1)
    words = rows["agreement"]
    assert words["rank of each head"] == words["rank of each layer"] == DISAGREES
    assert words["the same, null-subtracted here"] == AGREES
    assert words["global efficiency"] == words["modularity"] == words["accuracy under noise"] == REVERSED
    assert words["KL, synergistic minus random order"] == DISAGREES
    assert rows.loc["KL in synergistic order", "mean_abs_difference"] > 0.01
    assert rows["note"].str.contains("Another variant: the paper's is gemma3-4b-it (instruct model)", regex=False).all()


@pytest.mark.parametrize("model", ["smollm2-135m", "gemma3-4b-it-random"])
def test_a_model_that_the_paper_does_not_show_has_no_rows(tmp_path, model):
    assert run(tmp_path, model, sign=1).empty
