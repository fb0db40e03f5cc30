"""The ranking of a small recording, from activations to CSV."""

import json

import numpy as np
import pytest
from artifacts import ar1
from decompose_pairs import decompose_pairs
from merge_pairs import merge_pairs
from rank_heads import rank_heads

from synergy.files.artifacts import write_npz
from synergy.files.errors import InputError
from synergy.files.tables import read_table
from synergy.heads.scores import read_ranking
from synergy.recording.activations import autocorrelations, constant_heads, mean_norm, outside_calibration, trends

COLUMNS = (
    "head_idx,layer,head_in_layer,avg_synergy,avg_redundancy,syn_rank,red_rank,syn_red_score,rank_difference,"
    "value_difference,balance,null_avg_synergy,null_avg_redundancy,excess_synergy,excess_redundancy,z_synergy,"
    "z_redundancy,excess_score,autocorrelation,mean_norm,score_ci_low,score_ci_high,avg_phi_r,null_avg_phi_r,"
    "excess_phi_r,z_phi_r,integration,numit,null_numit,outside_calibration"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranked")
    series = (ar1(0, 6, 50, np.linspace(0, 0.9, 6), 5) + 10).astype(np.float32)
    series[:, 4] = 2.0
    files = {name: str(folder / f"{name}.npz") for name in ("activations", "shard", "pairwise")}
    lengths = np.full(5, 50)
    write_npz(files["activations"], {}, activations=series, n_tokens=lengths, category=np.array(["a"] * 5))
    null = {"kind": "circular_shift", "surrogates": 4}
    decompose_pairs(files["activations"], "1-of-1", 1, "mmi", "gaussian", null, 0, 3, 1, files["shard"])
    merge_pairs([files["shard"]], files["activations"], files["pairwise"])
    return files


def rank(made, folder, layers=2, heads=3, score="rank_difference", activations=None):
    ranking, summary = folder / "ranking.csv", folder / "ranking.json"
    rank_heads(
        made["pairwise"],
        activations or made["activations"],
        layers,
        heads,
        score,
        50,
        0,
        str(ranking),
        str(summary),
    )
    return read_table(ranking), json.loads(summary.read_text())


def test_ranking_and_summary(made, tmp_path):
    rows, summary = rank(made, tmp_path)
    assert ",".join(rows) == COLUMNS
    assert rows[["head_idx", "layer", "head_in_layer"]].to_numpy()[2:4].tolist() == [[2, 0, 2], [3, 1, 0]]
    assert rows.loc[4, ["avg_synergy", "syn_rank", "autocorrelation"]].isna().all()
    assert rows.loc[4, "mean_norm"] == 2
    assert set(rows["syn_rank"][:2]) == {1, 2}
    assert rows.loc[5, "autocorrelation"] > 0.6
    assert summary["constant_heads"] == [4]
    assert summary["n_undefined"] == 5 * 5
    assert summary["correlation_synergy_autocorrelation"] > 0.8
    excesses = rows[["excess_synergy", "excess_redundancy"]].dropna()
    assert summary["correlation_of_excesses"] == pytest.approx(excesses.corr().iloc[0, 1])
    assert set(summary["split_half"]) == {"avg_synergy", "avg_redundancy", "score"}
    assert summary["provenance"]["decomposition"]["surrogates"] == 4


def test_geometry_that_does_not_fit_is_refused_with_both_numbers(made, tmp_path):
    with pytest.raises(InputError, match="4 layers x 3 heads = 12 heads; found 6"):
        rank(made, tmp_path, layers=4)


def test_other_activations_are_refused(made, tmp_path):
    other = str(tmp_path / "other.npz")
    write_npz(other, {}, activations=ar1(1, 6, 50, 0.5, 5), n_tokens=np.full(5, 50), category=np.array(["a"] * 5))
    with pytest.raises(InputError, match=r"made from other activations than .*other.npz"):
        rank(made, tmp_path, activations=other)


def test_series_statistics():
    series = np.stack([np.arange(10.0), np.tile([1.0, -1.0], 5), np.full(10, 3.0)])[None]
    lengths = np.array([10])
    (autocorrelation,) = autocorrelations(series, lengths)
    assert autocorrelation[:2].tolist() == pytest.approx([1, -1])
    assert np.isnan(autocorrelation[2])
    assert trends(series, lengths)[0, :2].tolist() == pytest.approx([1, 3 / 99])
    assert np.isnan(trends(series, lengths)[0, 2])
    assert outside_calibration(series, lengths).tolist() == [[True, False, False]]
    assert mean_norm(series, lengths).tolist() == [4.5, 0, 3]
    assert constant_heads(series, lengths) == [2]


def trusted(made, folder, series):
    """Columns and summary of a recording of six heads in two layers."""
    files = {name: str(folder / f"{name}.npz") for name in ("activations", "shard", "pairwise")}
    write_npz(files["activations"], {}, activations=series, n_tokens=np.full(len(series), series.shape[2]))
    null = {"kind": "circular_shift", "surrogates": 2}
    decompose_pairs(files["activations"], "1-of-1", 1, "mmi", "gaussian", null, 0, 3, 1, files["shard"])
    merge_pairs([files["shard"]], files["activations"], files["pairwise"])
    return rank(files, folder)


def test_trust_flag_is_the_share_of_series_beyond_the_calibration(made, tmp_path):
    """Two of six heads: one nearly a random walk in every prompt, one with a trend in one prompt of four."""
    series = ar1(3, 6, 300, np.array([0.0, 0.5, 0.5, 0.99, 0.0, 0.0]), 4)
    series[2, 1] += np.linspace(0, 8, 300)
    rows, summary = trusted(made, tmp_path, series)
    assert rows["outside_calibration"].tolist() == [0, 0.25, 0, 1, 0, 0]
    shares = summary["outside_calibration"]
    assert shares["share"] == pytest.approx(5 / 24)
    assert shares["share_autocorrelation"] >= 4 / 24
    assert shares["share_trend"] >= 1 / 24


def test_integration_orders_coupled_heads_above_independent_ones_and_numit_does_not(made, tmp_path):
    """Heads 0 and 1 drive each other; the others keep more of their own past."""
    generator = np.random.default_rng(0)
    series = ar1(4, 6, 200, 0.9, 8)
    coupled = generator.normal(size=(8, 2, 200))
    for t in range(1, 200):
        coupled[..., t] += 0.6 * coupled[:, ::-1, t - 1]
    series[:, :2] = coupled
    rows, _ = trusted(made, tmp_path, series)
    assert set(rows["integration"].nlargest(2).index) == {0, 1}
    assert (rows["z_phi_r"][:2] > 5).all()
    assert (rows["numit"][2:].min() > rows["numit"][:2]).all()
    np.testing.assert_allclose(rows["null_numit"][2:], rows["numit"][2:], atol=0.05)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ((-2, 0, 2), (0, 0.5, 1)),
        ((2, 0, -1, -1), (5 / 6, 0.5, 1 / 3, 1 / 3)),
        ((0.2, 0.9), (0.2, 0.9)),
        ((0, 1), (0, 1)),
    ],
)
def test_differences_of_ranks_of_another_pipeline_are_scaled_as_ours(tmp_path, theirs, ours):
    """From 1 - n to n - 1; scores between 0 and 1 stay."""
    rows = "".join(f"{head},{score}\n" for head, score in enumerate(theirs))
    (tmp_path / "m_head_rankings.csv").write_text(f"head_idx,syn_red_score\n{rows}")
    table = read_ranking(
        tmp_path / "m_head_rankings.csv", len(ours), ["syn_red_score", "excess_score"], without_null=True
    )
    np.testing.assert_allclose(table["syn_red_score"], ours)
    assert table["excess_score"].isna().all()
    with pytest.raises(InputError, match=r"no excess_score[\s\S]*mv .*m_head_rankings\.csv"):
        read_ranking(tmp_path / "m_head_rankings.csv", len(ours), ["syn_red_score", "excess_score"])
