"""PhiID of any series by one call: the workflow's numbers, with labels; its page runs as it is written."""

import ast
import re

import numpy as np
import pytest
from places import REPOSITORY

from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.own_series import decompose
from synergy.phiid.pairs import n_pairs, symmetric

SERIES = np.cumsum(np.random.default_rng(0).normal(size=(3, 5, 60)), axis=2) * 0.2
SERIES += np.random.default_rng(1).normal(size=(3, 5, 60))


OFFERED = [("mmi", "gaussian"), ("mmi", "gaussian_copula"), ("mmi", "discrete"), ("ccs", "gaussian")]


@pytest.mark.parametrize(("redundancy", "estimator"), OFFERED)
def test_the_values_are_the_engines(redundancy, estimator):
    found = decompose(SERIES, "abcde", redundancy=redundancy, estimator=estimator, surrogates=4, lag=2)
    settings = Settings(2, redundancy, estimator, surrogates=4)
    direct = Decomposition(SERIES, np.full(3, 60), settings).run(range(n_pairs(5)))
    assert len(found) == 10
    for name, frame in found.items():
        np.testing.assert_array_equal(frame.to_numpy(), symmetric(direct[name], 5))
        assert list(frame.index) == list(frame.columns) == list("abcde")


def test_one_recording_needs_no_axis_of_recordings_and_no_surrogates():
    found = decompose(SERIES[0])
    assert sorted(found) == ["phi_r", "rtr", "sts", "tdmi"]
    assert list(found["sts"]) == list(range(5))
    np.testing.assert_array_equal(found["sts"], decompose(SERIES[:1])["sts"])


def test_threads_and_types_of_numbers_change_nothing():
    whole = np.round(SERIES * 10)
    np.testing.assert_array_equal(decompose(whole)["sts"], decompose(whole.astype(int), threads=2)["sts"])


@pytest.mark.parametrize(
    ("series", "options", "found"),
    [
        (SERIES[0, 0], {}, r"shape \(60,\)"),
        (SERIES[None], {}, r"shape \(1, 3, 5, 60\)"),
        (SERIES, {"labels": "abcd"}, "labels"),
        (SERIES, {"labels": "aabcd"}, "labels"),
        (SERIES, {"redundancy": "least"}, "least"),
        (SERIES, {"estimator": "exact"}, "exact"),
        (np.where(SERIES > 2, np.nan, SERIES), {}, "nan"),
        (SERIES[..., :2], {"lag": 5}, "at least"),
    ],
)
def test_what_is_no_series_is_refused(series, options, found):
    with pytest.raises(InputError, match=found):
        decompose(series, **options)


def test_the_example_of_the_page_gives_what_the_page_says(capsys):
    page = (REPOSITORY / "docs/own_series.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, "docs/own_series.md", "exec"), {})
    printed = capsys.readouterr().out
    assert ast.literal_eval(printed) == ast.literal_eval(re.findall(r"^# (\{.*\})$", code, re.MULTILINE)[0])
