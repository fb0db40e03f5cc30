"""Decompose a range of pairs: the observed values and, in the same pass, their null.

Prompts go through in small batches; within a batch threads share the pairs. Surrogates are never kept: each updates
running means and sums of squares of every pair (Welford's recurrence), in the order of surrogates.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np

from synergy.console import progress
from synergy.errors import InputError
from synergy.estimators import Series, check, prepare
from synergy.nulls import surrogate_batch
from synergy.pairs import split
from synergy.phiid import finish_surrogate, mmi_range

BATCH_BYTES = 32e6
REDUNDANCIES = ("mmi",)


@dataclass(frozen=True)
class Settings:
    """What to compute: the config's ``decomposition`` section."""

    lag: int = 1
    redundancy: str = "mmi"
    estimator: str = "gaussian"
    null_kind: str = "circular_shift"
    surrogates: int = 0
    seed: int = 0

    def __post_init__(self):
        if self.redundancy not in REDUNDANCIES:
            hint = "correct decomposition.redundancy"
            raise InputError(f"a redundancy among {', '.join(REDUNDANCIES)}", self.redundancy, hint)
        if self.surrogates < 0:
            raise InputError("0 or more surrogates", f"{self.surrogates}", "correct decomposition.null.surrogates")

    def parameters(self) -> dict:
        """The settings as plain values."""
        return asdict(self)


def decompose(
    activations: np.ndarray, n_tokens: np.ndarray, pairs: range, settings: Settings, threads: int = 1
) -> dict[str, np.ndarray]:
    """Decompose a range of pairs in every prompt.

    Parameters
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.
    pairs : range
        Numbers of the pairs, in lexicographic order (:mod:`synergy.pairs`).
    settings : Settings
        Lag, redundancy, estimator and null.
    threads : int
        Number of threads; results do not depend on it.

    Returns
    -------
    dict of arrays
        ``sts``, ``rtr``, ``tdmi`` (n_pairs,)
            Means over prompts in nats, NaN where no prompt defines the pair.
        ``n_undefined`` int32 (n_pairs,)
            Prompts left out of those means.
        ``sts_null_mean``, ``sts_null_sd``, ``rtr_null_mean``, ``rtr_null_sd`` (n_pairs,)
            Over surrogates, of the mean over prompts in nats; standard deviations with n − 1 in the denominator.
        ``n_null`` int32 (n_pairs,)
            Surrogates that define the pair; below one the mean is NaN, below two the standard deviation.
        ``head_prompt_sums`` int64 (n_prompts, 2, n_heads), ``head_null_sums`` int64 (surrogates, 2, n_heads)
            Sums of sts and rtr over the partners of a head in this range, in units of 2⁻⁴⁰ nats.
        ``head_prompt_undefined`` (n_prompts, n_heads), ``head_null_undefined`` (surrogates, n_heads)
            Partners left out of those sums.

    Raises
    ------
    InputError
        See :func:`synergy.estimators.check`.
    """
    check(activations, n_tokens, settings.lag)
    series = prepare(activations, n_tokens, settings.lag, settings.estimator)
    n_prompts, n_padded, _, _ = series.z.shape
    n_heads = series.n_heads
    with ThreadPoolExecutor(threads) as pool:
        observed, undefined, head_sums, head_undefined = _pass(series, pairs, threads, pool, None)
        null = np.zeros((4, len(pairs)))  # mean and sum of squares of sts, of rtr
        null_count = np.zeros(len(pairs), dtype=np.int32)
        null_head_sums = np.zeros((settings.surrogates, 2, n_padded), dtype=np.int64)
        null_head_undefined = np.zeros((settings.surrogates, n_padded), dtype=np.int64)
        for s in progress(range(settings.surrogates), "surrogates", "surrogate"):
            sums, lost, _, _ = _pass(series, pairs, threads, pool, (settings.null_kind, settings.seed, s))
            finish_surrogate(
                *(sums, lost, n_prompts, n_heads, pairs.start, null, null_count),
                *(null_head_sums[s], null_head_undefined[s]),
            )
    defined = n_prompts - undefined
    with np.errstate(invalid="ignore", divide="ignore"):
        sts, rtr, tdmi = np.where(defined > 0, observed / defined, np.nan)
        means = np.where(null_count > 0, null[0::2], np.nan)
        deviations = np.where(null_count > 1, np.sqrt(null[1::2] / (null_count - 1)), np.nan)
    return {
        "sts": sts,
        "rtr": rtr,
        "tdmi": tdmi,
        "n_undefined": undefined,
        "sts_null_mean": means[0],
        "sts_null_sd": deviations[0],
        "rtr_null_mean": means[1],
        "rtr_null_sd": deviations[1],
        "n_null": null_count,
        "head_prompt_sums": head_sums[:, :, :n_heads],
        "head_prompt_undefined": head_undefined[:, :n_heads],
        "head_null_sums": null_head_sums[:, :, :n_heads],
        "head_null_undefined": null_head_undefined[:, :n_heads],
    }


def _pass(series: Series, pairs: range, threads: int, pool: ThreadPoolExecutor, null: tuple | None):
    """Sums over prompts of one pass over the pairs, of the observed series or of a surrogate."""
    n_prompts, n_padded, _, _ = series.z.shape
    sums = np.zeros((3, len(pairs)))
    undefined = np.zeros(len(pairs), dtype=np.int32)
    head_sums = np.zeros((n_prompts, 2, n_padded), dtype=np.int64)
    head_undefined = np.zeros((n_prompts, n_padded), dtype=np.int64)
    size = max(1, int(BATCH_BYTES // series.z[0].nbytes))
    parts = split(pairs, 1 if threads == 1 else 4 * threads)
    for start in range(0, n_prompts, size):
        prompts = range(start, min(start + size, n_prompts))
        batch = slice(prompts.start, prompts.stop)
        if null is None:
            part_of = Series(series.z[batch], series.self_correlation[batch], series.n_samples[batch], series.n_heads)
        else:
            part_of = surrogate_batch(series, *null, prompts)

        def work(part, part_of=part_of, batch=batch):
            own = np.zeros_like(head_sums[batch]), np.zeros_like(head_undefined[batch])
            mmi_range(
                *(part_of.z, part_of.self_correlation, series.n_heads),
                *(part.start, part.stop, pairs.start, sums, undefined, *own),
            )
            return own

        for own_sums, own_undefined in pool.map(work, parts):
            head_sums[batch] += own_sums
            head_undefined[batch] += own_undefined
    return sums, undefined, head_sums, head_undefined
