"""PhiID of any series: one call, labelled frames."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import WITH_NULL, n_pairs, symmetric


def decompose(
    series: np.ndarray,
    labels: Sequence[str] | None = None,
    *,
    lag: int = 1,
    redundancy: str = "mmi",
    estimator: str = "gaussian",
    null_model: str = "circular_shift",
    surrogates: int = 0,
    seed: int = 0,
    threads: int = 1,
) -> dict[str, pd.DataFrame]:
    r"""Integrated information decomposition of every pair of series, beside its null.

    Exact and in closed form for Gaussian variables; what is computed is told in docs/phiid.md.

    Parameters
    ----------
    series : float (n_series, n_samples) or (n_recordings, n_series, n_samples)
        With several recordings a value is the mean over them.
    labels : sequence of str, optional
        Names of the series; their numbers if there are none.
    lag : int
        Samples between past and future.
    redundancy : str
        ``mmi`` (minimum mutual information) or ``ccs`` (common change in surprisal).
    estimator : str
        ``gaussian``, ``gaussian_copula`` or ``discrete`` (each vector cut at its mean).
    null_model : str
        What surrogates keep: ``circular_shift``, ``cross_prompt`` (needs several recordings) or ``phase``.
    surrogates : int
        Surrogates of each pair; with none there is no null.
    seed : int
        Of the surrogates.
    threads : int
        On which the values do not depend.

    Returns
    -------
    dict of str to DataFrame (n_series, n_series)
        Symmetric, in nats, NaN on the diagonal and where a series does not vary: ``sts`` (synergy that stays synergy),
        ``rtr`` (redundancy that stays redundancy), ``phi_r`` (integrated information, revised) and ``tdmi``
        (time-delayed mutual information). With surrogates also ``sts_null_mean``, ``sts_null_sd`` and so on.

    Raises
    ------
    InputError
        For another shape, values that are not finite, series too short for the lag, or unknown options.

    Examples
    --------
    >>> from synergy.phiid.own_series import decompose
    >>> atoms = decompose(np.random.default_rng(0).standard_normal((3, 500)), list("abc"), surrogates=20)
    >>> bool(abs(atoms["rtr"].loc["a", "b"]) < 0.05)
    True
    """
    series = np.asarray(series)
    if series.ndim not in (2, 3):
        expected = "series (n_series, n_samples) or (n_recordings, n_series, n_samples)"
        raise InputError(expected, f"shape {series.shape}", "transpose or stack them")
    series = series if series.ndim == 3 else series[None]
    n_recordings, n_series, n_samples = series.shape
    labels = range(n_series) if labels is None else list(labels)
    if len(labels) != n_series or len(set(labels)) != n_series:
        raise InputError(f"{n_series} different labels", f"{labels}", "name each series once")
    settings = Settings(lag, redundancy, estimator, null_model, surrogates, seed)
    lengths = np.full(n_recordings, n_samples)
    found = Decomposition(series.astype(np.float64), lengths, settings, threads).run(range(n_pairs(n_series)))
    names = ["sts", "rtr", "phi_r", "tdmi"]
    names += [f"{atom}_null_{what}" for atom in WITH_NULL for what in ("mean", "sd")] if surrogates else []
    index = pd.Index(labels, name="series")
    return {name: pd.DataFrame(symmetric(found[name], n_series), index, index) for name in names}
