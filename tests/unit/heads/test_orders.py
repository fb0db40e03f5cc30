"""Orders of removal and sets of noisy heads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.files.errors import InputError
from synergy.files.tables import write_table
from synergy.heads.orders import N_BINS, ORDERS, noisy_heads, ordered_heads, parse_order, removal_order

N_LAYERS, N_HEADS = 6, 5


def ranking(seed=0):
    generator = np.random.default_rng(seed)
    n = N_LAYERS * N_HEADS
    columns = pd.DataFrame(generator.random((n, 3)), columns=["syn_red_score", "autocorrelation", "mean_norm"])
    return columns.assign(head_idx=np.arange(n), layer=np.repeat(np.arange(N_LAYERS), N_HEADS))


@given(kind=st.sampled_from(ORDERS), seed=st.integers(0, 100))
def test_every_order_removes_every_head_once(kind, seed):
    np.testing.assert_array_equal(np.sort(removal_order(kind, seed, ranking())), np.arange(N_LAYERS * N_HEADS))


def test_synergistic_goes_down_the_scores_and_redundant_up():
    heads = ranking()
    score = heads["syn_red_score"]
    assert (np.diff(score[removal_order("synergistic", 0, heads)]) <= 0).all()
    np.testing.assert_array_equal(removal_order("redundant", 0, heads), removal_order("synergistic", 0, heads)[::-1])


def test_layer_matched_order_has_removed_as_many_heads_of_each_layer_at_every_step():
    heads = ranking()
    synergistic = heads["layer"][removal_order("synergistic", 0, heads)]
    for seed in range(5):
        np.testing.assert_array_equal(heads["layer"][removal_order("random_layer_matched", seed, heads)], synergistic)


@pytest.mark.parametrize(
    ("kind", "column"), [("random_autocorrelation_matched", "autocorrelation"), ("random_norm_matched", "mean_norm")]
)
def test_matched_order_takes_heads_of_the_same_tenth(kind, column):
    heads = ranking()
    tenth = heads[column].rank().sub(1).mul(N_BINS) // len(heads)
    synergistic = tenth[removal_order("synergistic", 0, heads)]
    np.testing.assert_array_equal(tenth[removal_order(kind, 3, heads)], synergistic)


def test_seeds_and_kinds_draw_differently_and_repeatably():
    drawn = {(kind, seed): tuple(removal_order(kind, seed, ranking())) for kind in ORDERS[2:] for seed in range(3)}
    assert len(set(drawn.values())) == len(drawn)
    assert drawn["random", 1] == tuple(removal_order("random", 1, ranking()))


def test_noise_goes_into_the_ends_of_the_ranking():
    heads = ranking()
    score = heads["syn_red_score"]
    top, bottom = (noisy_heads(kind, 0, 0.2, heads) for kind in ("synergistic", "redundant"))
    assert len(top) == len(bottom) == len(noisy_heads("random", 1, 0.2, heads)) == 6
    assert score[top].min() > np.delete(score, top).max()
    assert score[bottom].max() < np.delete(score, bottom).min()
    assert len(noisy_heads("baseline", 0, 0.2, heads)) == 0


@pytest.mark.parametrize(
    ("name", "parsed"),
    [("random-3", ("zero", "random", 3)), ("mean-random_layer_matched-12", ("mean", "random_layer_matched", 12))],
)
def test_names_hold_method_kind_and_seed(name, parsed):
    assert parse_order(name) == parsed


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("alphabetical-0", "found 'alphabetical-0'"),
        ("random", "found 'random'"),
        ("random-x", "found 'random-x'"),
        ("median-random-0", "method out of zero, mean; found 'median'"),
    ],
)
def test_unknown_orders_and_methods_are_refused(name, found):
    with pytest.raises(InputError, match=found):
        parse_order(name)


def test_methods_share_their_random_orders(tmp_path):
    heads = ranking()
    write_table(tmp_path / "ranking.csv", heads)
    zero, mean = (ordered_heads(name, tmp_path / "ranking.csv", 30) for name in ("random-2", "mean-random-2"))
    assert (zero[0], mean[0]) == ("zero", "mean")
    np.testing.assert_array_equal(zero[1], mean[1])
    with pytest.raises(InputError, match=r"each of the model's 31 heads.*found 30 rows"):
        ordered_heads("random-2", tmp_path / "ranking.csv", 31)


def test_unknown_kind_and_undefined_score_are_refused():
    with pytest.raises(InputError, match="found 'alphabetical'"):
        removal_order("alphabetical", 0, ranking())
    heads = ranking()
    heads.loc[7, "syn_red_score"] = np.nan
    with pytest.raises(InputError, match=r"NaN for heads \[7\]"):
        removal_order("synergistic", 0, heads)
