"""Colours that differ to every eye, limits, ticks and the layout of the ring."""

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_rgb

from synergy.report.network_figure import chords, ring_positions
from synergy.report.style import (
    CONDITION_STYLES,
    DIVERGING,
    ORDER_STYLES,
    REDUNDANCY,
    SEQUENTIAL_REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    SYNERGY,
    layer_ticks,
    limits_around,
    new_figure,
    robust_limits,
)


def luminance(colour):
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def as_seen_without_red_cones(colour):
    """Protanopia after Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113."""
    matrix = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    return np.clip(np.array(matrix) @ to_rgb(colour), 0, 1)


@pytest.mark.parametrize("colours", [SEQUENTIAL_SYNERGY, SEQUENTIAL_REDUNDANCY])
def test_sequential_maps_darken_steadily(colours):
    steps = [luminance(colours(x)) for x in np.linspace(0, 1, 64)]
    assert (np.diff(steps) < 0).all()


def test_diverging_map_is_lightest_in_the_middle_and_balanced():
    steps = np.array([luminance(DIVERGING(x)) for x in np.linspace(0, 1, 65)])
    assert steps.argmax() == 32
    assert np.abs(steps - steps[::-1]).max() < 0.15


@pytest.mark.parametrize(
    "colours",
    [
        [colour for colour, *_ in ORDER_STYLES.values()],
        [colour for colour, _ in CONDITION_STYLES.values()],
        [SYNERGY, REDUNDANCY],
    ],
)
def test_lines_differ_to_the_colour_blind(colours):
    seen = [as_seen_without_red_cones(colour) for colour in colours]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(apart) > 0.15


def test_a_figure_has_its_look_whatever_was_set_before():
    with rc_context({"font.size": 30, "axes.grid": True, "axes.spines.top": True}):
        axes = new_figure(3, 3).subplots()
        assert axes.xaxis.label.get_size() == 8
        assert not axes.spines["top"].get_visible()
        assert not any(line.get_visible() for line in axes.get_xgridlines())


def test_limits_are_centred_robust_and_never_empty():
    assert limits_around(np.array([0.0, 0.6, np.nan]), 0.5, tail=0) == (0, 1)
    low, high = limits_around(np.r_[np.linspace(-1, 1, 1000), 1e6], 0.0)
    assert -low == high < 1.1
    for values in (np.full(3, np.nan), np.full(3, 2.0)):
        assert np.subtract(*robust_limits(values)) < 0
        assert np.subtract(*limits_around(values, 2.0)) < 0


@pytest.mark.parametrize("layers", [1, 2, 18, 30, 36, 80])
def test_layer_ticks_are_few_and_start_at_the_first(layers):
    ticks = layer_ticks(layers)
    assert ticks[0] == 0
    assert ticks[-1] < layers
    assert len(ticks) <= 10


def test_ring_keeps_heads_of_a_layer_together_in_order_of_depth():
    places = ring_positions(5, 4)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1)
    angles = np.arctan2(places[:, 0], places[:, 1]) % (2 * np.pi)
    assert (np.diff(angles) > 0).all()
    gaps = np.diff(angles).reshape(-1)
    between = gaps[3::4]
    within = np.delete(gaps, np.arange(3, len(gaps), 4))
    assert between.min() > within.max()


def test_chords_join_their_ends_inside_the_ring():
    places = ring_positions(6, 2)
    start, end = places[[0, 0, 3]], places[[1, 6, 11]]
    curves = chords(start, end)
    np.testing.assert_allclose(curves[:, 0], start)
    np.testing.assert_allclose(curves[:, -1], end)
    assert (np.linalg.norm(curves, axis=2) <= 1 + 1e-9).all()  # and with it the curve, which its points enclose
