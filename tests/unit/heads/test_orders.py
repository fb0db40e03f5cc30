"""Orders of removal and sets of noisy heads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.files.errors import InputError
from synergy.files.tables import write_table
from synergy.heads.orders import (
    N_BINS,
    ORDERS,
    named_conditions,
    named_orders,
    noisy_heads,
    parse_condition,
    parse_order,
    removal_order,
    step_counts,
)

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


@pytest.fixture
def table(tmp_path):
    """Path of a ranking of all heads."""
    write_table(tmp_path / "ranking.csv", ranking())
    return str(tmp_path / "ranking.csv")


def orders_of(table, names, fine=(), geometry=(N_LAYERS, N_HEADS)):
    return named_orders(names, fine, table, geometry, 0.1, 1, 0.5)


def test_methods_share_their_random_orders(table):
    zero, mean = orders_of(table, ["random-2", "mean-random-2"])
    assert (zero.method, mean.method) == ("zero", "mean")
    np.testing.assert_array_equal(zero.heads, mean.heads)
    with pytest.raises(InputError, match=r"each of the model's 35 heads.*found 30 rows"):
        orders_of(table, ["random-2"], geometry=(7, N_HEADS))


def test_fine_orders_are_measured_at_every_step_of_the_others_too(table):
    fine, coarse = orders_of(table, ["synergistic-0", "random-0"], ["synergistic-0"])
    assert coarse.counts == coarse.compared == fine.compared == [0, 3, 6, 9, 12, 15]
    assert fine.counts == list(range(16))


@given(step=st.floats(0.01, 0.5), fine=st.integers(1, 4), n=st.integers(8, 300))
def test_steps_ascend_from_none_to_the_last(step, fine, n):
    for size in (step, fine):
        counts = step_counts(n, size, 0.5)
        assert (counts[0], counts[-1]) == (0, round(n / 2))
        assert (np.diff(counts) > 0).all()


@pytest.mark.parametrize(
    ("name", "parsed"),
    [("baseline", ("baseline", 0.0, 0)), ("random-0.5-12", ("random", 0.5, 12)), ("redundant-1e-05-0", None)],
)
def test_conditions_hold_kind_strength_and_seed(name, parsed, table):
    if parsed is None:
        with pytest.raises(InputError, match="found 'redundant-1e-05-0'"):
            parse_condition(name)
        return
    assert parse_condition(name) == parsed
    (condition,) = named_conditions([name], 0.2, table, N_LAYERS * N_HEADS)
    assert (condition.kind, condition.sigma, condition.seed) == parsed
    assert len(condition.heads) == (0 if name == "baseline" else 6)


def test_conditions_of_another_models_ranking_are_refused(table):
    with pytest.raises(InputError, match=r"each of the model's 31 heads.*found 30 rows"):
        named_conditions(["baseline"], 0.2, table, 31)


def test_unknown_kind_and_undefined_score_are_refused():
    with pytest.raises(InputError, match="found 'alphabetical'"):
        removal_order("alphabetical", 0, ranking())
    heads = ranking()
    heads.loc[7, "syn_red_score"] = np.nan
    with pytest.raises(InputError, match=r"NaN for heads \[7\]"):
        removal_order("synergistic", 0, heads)
