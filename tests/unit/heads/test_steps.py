"""Numbers of heads removed, and the least that a step can cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.files.errors import InputError
from synergy.heads.orders import layer_share, lowest_changed, step_counts


@pytest.mark.parametrize(
    ("n_heads", "step", "most", "counts"),
    [
        (1152, 8, 0.5, [*range(0, 577, 8)]),
        (272, 0.02, 0.5, [*range(0, 136, 5), 136]),
        (10, 1, 1.0, [*range(11)]),
        (10, 3, 1.0, [0, 3, 6, 9, 10]),
        (8, 0.001, 0.25, [0, 1, 2]),
        (8, 0.25, 1.0, [0, 2, 4, 6, 8]),
    ],
)
def test_counts(n_heads, step, most, counts):
    assert step_counts(n_heads, step, most) == counts


@given(n_heads=st.integers(1, 300), step=st.floats(0.001, 0.5), most=st.floats(0.5, 1))
def test_counts_ascend_to_the_last(n_heads, step, most):
    counts = step_counts(n_heads, step, most)
    assert counts[0] == 0
    assert counts[-1] == max(1, round(most * n_heads))
    assert (np.diff(counts) > 0).all()


@pytest.mark.parametrize(
    ("step", "most", "found"),
    [(200, 0.5, "steps of 200 heads"), (0.6, 0.5, "steps of 60 heads"), (1.5, 0.5, "found 1.5")],
)
def test_steps_that_do_not_fit_are_refused(step, most, found):
    with pytest.raises(InputError, match=found):
        step_counts(100, step, most)


def test_lowest_layers_and_the_share_of_layers_above_them():
    order = [11, 10, 4, 9, 0]  # layers 5, 5, 2, 4, 0 of six with two heads
    np.testing.assert_array_equal(lowest_changed(order, [0, 1, 2, 3, 4, 5], 2), [0, 5, 5, 2, 4, 0])
    np.testing.assert_array_equal(lowest_changed(order, [0, 2, 4], 2), [0, 5, 2])
    assert layer_share(order, [0, 1, 2, 3, 4, 5], 6, 2) == pytest.approx((1 + 1 + 4 + 2 + 6) / 5 / 6)
    assert layer_share(order, [0, 5], 6, 2) == 1


@given(seed=st.integers(0, 50), step=st.integers(1, 9))
def test_no_layer_runs_more_often_than_the_heads_up_to_it_differ(seed, step):
    """What restarting runs is the least there is: one run of a layer for each different set of heads up to it."""
    layers, heads = 6, 3
    order = np.random.default_rng(seed).permutation(layers * heads)
    counts = step_counts(layers * heads, step, 1.0)
    sets = [order[:count] for count in counts]
    different = sum(len({frozenset(s[s < (layer + 1) * heads]) for s in sets}) for layer in range(layers))
    runs = layers + layer_share(order, counts, layers, heads) * layers * (len(counts) - 1)
    assert runs == pytest.approx(different)
