"""The seam of a rotation: its formula, and what it is for."""

import numpy as np
import pytest
from artifacts import ar1

from synergy.phiid.decomposition import Settings, mends_seam
from synergy.phiid.kernels.mmi import BLOCK, LARGEST_AUTOCORRELATION, mend_seam


def factor(own, other, n):
    work = np.ones((4, BLOCK))
    mend_seam(work, own, np.full(BLOCK, other), n)
    assert np.array_equal(work, np.full_like(work, work[0, 0]), equal_nan=True)
    return work[0, 0]


@pytest.mark.parametrize(("own", "other"), [(0.0, 0.5), (0.5, 0.7), (-0.6, 0.8), (0.9, 0.9)])
def test_factor_is_that_of_the_sums(own, other):
    m, n, r = np.arange(1, 99), 99, own * other
    whole = n + 2 * ((n - m) * r**m).sum()
    parts = n + 2 * ((n - m) ** 2 * r**m).sum() / n
    assert factor(own, other, n) == pytest.approx(np.sqrt(whole / parts), rel=1e-7)


def test_factor_stays_finite():
    assert factor(1.0, 1.0, 99) == factor(1.0, LARGEST_AUTOCORRELATION, 99)
    assert 1 < factor(1.0, 1.0, 99) < 1.2
    assert np.isnan(factor(np.nan, 0.5, 99))


def test_rotations_scatter_less_by_the_factor():
    """Variance of Σ x_t y_t of independent AR(1) series, φ = 0.9, against all its rotations."""
    x, y = ar1(0, 1, 99, 0.9, 20_000)[:, 0], ar1(1, 1, 99, 0.9, 20_000)[:, 0]
    contiguous = np.mean((x * y).sum(axis=1) ** 2)
    spectra = np.fft.rfft(x), np.fft.rfft(y)
    rotated = np.mean(np.fft.irfft(spectra[0].conj() * spectra[1], n=99) ** 2)
    assert contiguous / rotated > 1.02
    assert contiguous / rotated == pytest.approx(factor(0.9, 0.9, 99) ** 2, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "mended"),
    [
        (Settings(), True),
        (Settings(estimator="gaussian_copula"), True),
        (Settings(estimator="discrete"), False),
        (Settings(redundancy="ccs"), False),
        (Settings(null_kind="cross_prompt"), False),
        (Settings(null_kind="phase"), False),
    ],
)
def test_only_rotations_of_gaussian_mmi_are_mended(settings, mended):
    assert mends_seam(settings) is mended
