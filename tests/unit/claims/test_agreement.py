"""Agreement with published values: known both ways, for every quantity, and for models that the paper lacks."""

import csv
from pathlib import Path

import numpy as np
import pytest
from compare_published import compare_published

from synergy.claims.published import (
    AGREES,
    DISAGREES,
    NOT_COMPARABLE,
    OTHER_ORDER,
    PUBLISHED_COLUMNS,
    REVERSED,
    SAME_ORDER,
    UNSHOWN,
    Quantity,
    agreement_rule,
    judged,
    variant_in_words,
)
from synergy.files.artifacts import write_csv, write_json
from synergy.files.tables import read_table

REPOSITORY = Path(__file__).parents[3]

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


def run(folder, model, sign):
    """The rows for a model that reproduces the paper's Gemma (sign 1) or its mirror image (sign -1)."""
    gemma = {
        figure: {name: column[theirs["model"] == "gemma3-4b-it"] for name, column in theirs.items()}
        for figure, theirs in ((figure, read_table(path)) for figure, path in PUBLISHED.items())
    }
    layer, head, rank = (gemma["2b"][name] for name in PUBLISHED_COLUMNS["2b"])
    scores = np.empty(LAYERS * HEADS)
    scores[(layer * HEADS + head).astype(int)] = sign * rank
    write_csv(folder / "ranking.csv", ["syn_red_score", "excess_score"], np.stack([scores, -scores], axis=1))
    networks, no_null = {}, {"null_mean": None, "relative_to_null": None, "null_draws": []}
    for network, *values in zip(*(gemma["3c"][name] for name in PUBLISHED_COLUMNS["3c"]), strict=True):
        other = {"synergy": "redundancy", "redundancy": "synergy"}[network] if sign < 0 else network
        metrics = zip(PUBLISHED_COLUMNS["3c"][1:], values, strict=True)
        networks[other] = {metric: {"value": float(value), **no_null} for metric, value in metrics}
    definitions = dict.fromkeys(("dense_weighted", "top_fraction"), networks)
    contrasts = {name: {"estimate": None, "standard_error": None} for name in PUBLISHED_COLUMNS["3c"][1:]}
    graphs = {"top_fraction": 0.1, "contrasts_synergy_minus_redundancy": contrasts, "definitions": definitions}
    write_json(folder / "metrics.json", graphs)
    curves = []
    for order, fraction, kl in zip(*(gemma["4a"][name] for name in PUBLISHED_COLUMNS["4a"]), strict=True):
        other = {"synergistic": "random", "random": "synergistic"}[order] if sign < 0 else order
        curves += [(other, fraction, seed, kl + (0.1 if seed else -0.1)) for seed in range(2)]
    write_csv(folder / "ablation.csv", ["order_type", "fraction_removed", "seed", "mean_kl_div"], curves)
    accuracies = []
    for condition, percent in zip(*(gemma["4b"][name] for name in PUBLISHED_COLUMNS["4b"]), strict=True):
        sigma = 0.0 if condition == "baseline" else 0.5
        correct = round(10 * percent) if sign > 0 else 1000 - round(10 * percent)
        accuracies += [(condition, sigma, 0, 1000, correct), (condition, 0.9, 0, 1000, 0)]
    write_csv(folder / "math.csv", ["condition", "sigma", "seed", "n_problems", "n_correct"], accuracies)
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
    with open(folder / "agreement.csv", newline="") as file:
        return {row["quantity"]: row for row in csv.DictReader(file)}


def test_the_papers_own_model_agrees_with_itself_in_every_quantity(tmp_path):
    rows = run(tmp_path, "gemma3-4b-it", sign=1)
    words = {name: row["agreement"] for name, row in rows.items()}
    assert words == {
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
    exact = set(rows) - {"rank of each layer", "the same, null-subtracted here"}  # there the paper's profile is its own
    assert all(float(rows[name]["mean_abs_difference"]) < 1e-3 for name in exact)
    assert rows["rank of each head"]["n"] == "272"
    assert float(rows["rank of each layer"]["rank_correlation"]) > 0.95
    assert "Another variant" not in rows["rank of each head"]["note"]


def test_the_mirror_image_of_the_papers_model_does_not(tmp_path):
    rows = run(tmp_path, "gemma3-4b", sign=-1)
    assert rows["rank of each head"]["agreement"] == DISAGREES
    assert rows["rank of each layer"]["agreement"] == DISAGREES
    assert rows["the same, null-subtracted here"]["agreement"] == AGREES
    assert rows["global efficiency"]["agreement"] == rows["modularity"]["agreement"] == REVERSED
    assert rows["KL, synergistic minus random order"]["agreement"] == DISAGREES
    assert float(rows["KL in synergistic order"]["mean_abs_difference"]) > 0.01
    assert rows["accuracy under noise"]["agreement"] == REVERSED
    assert all("Another variant: the paper's is gemma3-4b-it (instruct model)" in row["note"] for row in rows.values())


@pytest.mark.parametrize("model", ["smollm2-135m", "gemma3-4b-it-random"])
def test_a_model_that_the_paper_does_not_show_has_no_rows(tmp_path, model):
    assert run(tmp_path, model, sign=1) == {}
