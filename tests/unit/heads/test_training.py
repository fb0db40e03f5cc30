"""Training trajectories on rankings whose profiles are known: what scaling hides, chance, duplicates, order."""

import json

import numpy as np
import pandas as pd
import pytest
from artifacts import drawn
from places import PUBLISHED
from trace_training import trace_training

from synergy.files.artifacts import write_json
from synergy.files.tables import read_table, write_table
from synergy.heads.layer_profiles import inverted_u
from synergy.heads.scores import rank_difference
from synergy.heads.training import MEANS, TRAJECTORY_COLUMNS, chance_extent, extent_of, identical_weights, min_max
from synergy.report.style import FAINT

LAYERS, HEADS = 16, 8
TRAINING = PUBLISHED / "fig3a_pythia-1b_training.csv"


def checkpoint(amplitude, seed, with_null=True):
    """Synergy that follows an inverted U of `amplitude` nats, redundancy its mirror image, amid noise of 1 nat."""
    generator = np.random.default_rng(seed)
    profile = np.repeat(amplitude * inverted_u(LAYERS), HEADS)
    synergy, redundancy = profile + generator.normal(size=128), generator.normal(size=128) - profile
    null = generator.normal(size=128)
    table = pd.DataFrame(dict.fromkeys(MEANS, synergy)).assign(
        null_avg_synergy=null,
        excess_synergy=synergy - null,
        syn_red_score=rank_difference(synergy, redundancy),
        excess_score=rank_difference(synergy - null, redundancy),
    )
    if not with_null:
        table.loc[:, table.columns.str.contains("null|excess")] = np.nan
    return table


def traced(folder, amplitudes, model="pythia-1b", hashes=None, permutations=400, null=True):
    """Run the script on a checkpoint an amplitude, given as {step: amplitude}; return table and summary."""
    run = {"rankings": [], "summaries": [], "records": []}
    for index, (step, amplitude) in enumerate(amplitudes.items()):
        for kind, ending in (("rankings", "csv"), ("summaries", "json"), ("records", "prefetch.json")):
            run[kind].append(str(folder / f"{step}.{ending}"))
        write_table(run["rankings"][-1], checkpoint(amplitude, index, null))
        write_json(run["summaries"][-1], {"split_half": {"score": 0.9}})
        sha256 = {"model.safetensors": hashes[index] if hashes else f"{step}"}
        fetched = {"sha256": sha256, "source": {"hub": "x"}, "weights": {"kind": "trained"}, "provenance": {}}
        write_json(run["records"][-1], fetched | {"geometry": {"layers": LAYERS, "heads": HEADS}})
    trace_training(
        steps={f"{model}-step{step}": step for step in amplitudes},
        **run,
        published=str(TRAINING),
        layers=LAYERS,
        heads=HEADS,
        permutations=permutations,
        seed=0,
        model=model,
        trajectory=str(folder / "t.csv"),
        summary=str(folder / "t.json"),
    )
    return read_table(folder / "t.csv", required=TRAJECTORY_COLUMNS), json.loads((folder / "t.json").read_text())


def test_scaling_stretches_noise_and_the_extents_tell(tmp_path):
    table, summary = traced(tmp_path, {1: 0.0, 1000: 6.0})
    scaled = table.groupby("training_step")["score_scaled"].agg(["min", "max"])
    assert scaled.to_numpy().tolist() == [[0, 1]] * 2
    noise, arch = (record["score"] for record in summary["checkpoints"])
    assert noise["extent"] < arch["extent"] / 2
    assert noise["p_value"] > 0.05
    assert arch["p_value"] == pytest.approx(1 / 401)
    assert arch["extent"] > 1.5 * arch["extent_by_chance_95"]
    assert arch["inverted_u_fit"] > 0.9
    assert arch["spearman_with_last"] == pytest.approx(1)
    assert abs(noise["spearman_with_last"]) < 0.8
    assert summary["checkpoints"][1]["extent_nats"]["synergy"] > 4


def test_chance_is_chance():
    """Of scores that have no layers, 5 % have an extent beyond the 95 % quantile."""
    generator = np.random.default_rng(0)
    p_values = [chance_extent(generator.random(LAYERS * HEADS), LAYERS, HEADS, 99, 0)[1] for _ in range(200)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.07)
    assert np.isnan(chance_extent(np.full(128, np.nan), LAYERS, HEADS, 99, 0)).all()


def test_the_papers_values_stand_beside_ours_at_their_step(tmp_path):
    table, summary = traced(tmp_path, {512: 6.0, 143000: 6.0})
    beside = dict(list(table.groupby("training_step")["published_score_scaled"]))
    theirs = read_table(TRAINING).query("training_step == 512")["minmax_scaled_rank"]
    np.testing.assert_array_equal(beside[512], theirs)
    assert beside[143000].isna().all()
    assert summary["checkpoints"][0]["score"]["spearman_with_published"] is not None
    assert summary["checkpoints"][1]["score"]["spearman_with_published"] is None


def test_other_models_have_no_published_values(tmp_path):
    table, _ = traced(tmp_path, {1: 1.0, 2: 1.0}, model="pythia-70m")
    assert np.isnan(table["published_score_scaled"]).all()


def test_identical_weights_are_named_loudly(tmp_path, capsys):
    _, summary = traced(tmp_path, {1: 0.0, 2: 0.0, 143000: 0.0}, hashes=["a", "b", "a"])
    assert summary["identical_weights"] == [["pythia-1b-step1", "pythia-1b-step143000"]]
    assert "WARNING: pythia-1b-step1 and pythia-1b-step143000 have identical weights" in capsys.readouterr().out


def test_weights_are_told_apart_by_hash_or_by_seed():
    def record(seed=None, **sha256):
        weights = {"kind": "trained"} if seed is None else {"kind": "random", "seed": seed}
        return {"sha256": sha256, "source": {"path": "x"}, "weights": weights}

    assert identical_weights({"a": record(f="1"), "b": record(f="2"), "c": record(seed=0), "d": record(seed=1)}) == []
    assert identical_weights({"a": record(f="1", g="2"), "b": record(f="1", g="3")}) == []
    assert identical_weights({"a": record(seed=0), "b": record(seed=0)}) == [["a", "b"]]


def test_min_max():
    assert min_max(np.array([2.0, 4.0, 3.0])).tolist() == [0, 1, 0.5]
    assert np.isnan(min_max(np.ones(3))).all()
    assert np.isnan(min_max(np.full(3, np.nan))).all()
    assert extent_of(np.array([1.0, np.nan, 4.0])) == 3


def figure_of(folder):
    """What the figure's script draws of what `traced` left."""
    inputs = {"trajectory": str(folder / "t.csv"), "summary": str(folder / "t.json"), "model": "pythia-1b"}
    return drawn("plot_trajectory", **inputs, figure=str(folder / "figure.png"))[0]


@pytest.mark.filterwarnings("error")
def test_the_figure_shows_scaled_and_unscaled_and_greys_what_may_be_chance(tmp_path):
    table, _ = traced(tmp_path, {1: 0.0, 1000: 6.0, 143000: 6.0}, hashes=["a", "b", "a"])
    figure = figure_of(tmp_path)
    maps = [axes.collections[0] for axes in figure.axes[:5]]
    scaled, of_excess, published, score, _ = maps
    for shown, column in ((scaled, "score_scaled"), (score, "score"), (of_excess, "excess_score_scaled")):
        np.testing.assert_array_equal(shown.get_array(), table[column].to_numpy().reshape(3, LAYERS).T)
    assert score.norm.vmin + score.norm.vmax == pytest.approx(1)  # centred on 0.5
    assert published.get_array().mask[:, 2].all()  # the paper ends at step 128,000
    ticks = figure.axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["1", "1k", "143k"]
    assert [tick.get_color() == FAINT for tick in ticks] == [True, False, False]
    assert "CAUTION: pythia-1b-step1, pythia-1b-step143000 have identical weights" in figure.get_suptitle()


@pytest.mark.filterwarnings("error")
def test_the_figure_without_null_says_so(tmp_path):
    traced(tmp_path, {1: 0.0, 1000: 6.0}, null=False)
    figure = figure_of(tmp_path)
    assert [text.get_text() for text in figure.axes[1].texts] == ["no null was computed"]
    assert "CAUTION" not in figure.get_suptitle()
