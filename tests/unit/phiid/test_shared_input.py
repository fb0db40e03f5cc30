"""Input that heads share, without any interaction: synergy above its null, and what first differences make of it."""

import numpy as np
import pytest
from planted_input import PLANTED, excesses, simulate

from synergy.heads.layer_profiles import template_correlation

SLOW, BOTH, WHITE, EVERYWHERE, NONE = PLANTED
SIZE = {"layers": 12, "heads": 3}


def excess_of(planted, seed, differenced):
    series = simulate(planted, **SIZE, n_prompts=30, seed=seed)
    return excesses(np.diff(series, axis=-1) if differenced else series, **SIZE, surrogates=20)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("planted", "sign"), [(SLOW, -1), (WHITE, 1)])
def test_first_differences_turn_the_sign_of_synergy_round(planted, sign, seed):
    for differenced in (False, True):
        sign = -sign if differenced else sign
        synergy = excess_of(planted, seed, differenced)["sts"]
        assert sign * synergy.mean() > 0
        assert sign * template_correlation(synergy) > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_two_inputs_leave_synergy_below_its_null_and_turn_its_profile_round(seed):
    for differenced, sign in ((False, -1), (True, 1)):
        synergy = excess_of(BOTH, seed, differenced)["sts"]
        assert synergy.mean() < 0
        assert sign * template_correlation(synergy) > 0.3


@pytest.mark.parametrize("seed", range(3))
def test_redundancy_is_above_its_null_where_the_slow_input_is_strong(seed):
    redundancy = excess_of(SLOW, seed, differenced=False)["rtr"]
    assert (redundancy > 0).all()
    assert template_correlation(redundancy) > 0.9


@pytest.mark.parametrize("differenced", [False, True])
def test_memory_alone_gives_no_excess(differenced):
    none, slow = (excess_of(planted, 0, differenced)["sts"] for planted in (NONE, SLOW))
    assert abs(none.mean()) < 0.1 * abs(slow.mean())
