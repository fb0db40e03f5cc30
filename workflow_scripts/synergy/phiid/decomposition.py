"""Decompose a range of pairs: the observed values and, in the same pass, their null.

Prompts go through in small batches; within a batch threads share the pairs. Surrogates are never kept: each updates
running means and sums of squares of every pair (Welford's recurrence), in the order of surrogates. However many jobs
start at the same time with nothing compiled, one of them compiles the kernels.
"""

import fcntl
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

import llvmlite.binding
import numba
import numpy as np

from synergy.files.console import progress
from synergy.files.errors import InputError
from synergy.phiid.estimators import HeadSeries, Series, check, prepare
from synergy.phiid.kernels.compiled_code import keep_compiled_code
from synergy.phiid.kernels.discrete import pack
from synergy.phiid.kernels.ranges import discrete_range, finish_surrogate, gaussian_range, own_means, rotated_range
from synergy.phiid.nulls import check_null, least_offset, offsets, surrogate_prompt
from synergy.phiid.pairs import QUANTITIES, WITH_NULL, n_pairs, split, symmetric
from synergy.recording.activations import check_series

BATCH_BYTES = 16e6
REDUNDANCIES = ("mmi", "ccs")
FEW_SAMPLES = 16  # of the noise that is decomposed so that kernels get compiled
PATIENCE_S = 300.0  # with a process that compiles


@dataclass(frozen=True)
class Settings:
    """What to compute: the config's ``decomposition`` section, and the query heads of a layer (None: all in one)."""

    lag: int = 1
    redundancy: str = "mmi"
    estimator: str = "gaussian"
    null_kind: str = "circular_shift"
    surrogates: int = 0
    seed: int = 0
    heads: int | None = None

    def parameters(self) -> dict:
        """The settings as plain values."""
        return asdict(self)


class Decomposition:
    """A checked and prepared recording, of which any range of pairs can be decomposed.

    Parameters
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.
    settings : Settings
        Lag, redundancy, estimator, null and heads of a layer.
    threads : int
        Number of threads; results do not depend on it.
    checked : bool
        Whether the series come from `read_activations`, which has looked at every value.

    Raises
    ------
    InputError
        Heads that do not make whole layers; and see `synergy.recording.activations.check_series`,
        `synergy.phiid.estimators.check` and `synergy.phiid.nulls.check_null`.
    """

    def __init__(
        self,
        activations: np.ndarray,
        n_tokens: np.ndarray,
        settings: Settings,
        threads: int = 1,
        checked: bool = False,
    ):
        if settings.redundancy not in REDUNDANCIES:
            known = f"a redundancy among {', '.join(REDUNDANCIES)}"
            raise InputError(known, f"{settings.redundancy}", "correct decomposition.redundancy in the config")
        if not checked:
            check_series(activations, n_tokens)
        self.recording = HeadSeries(activations, n_tokens, settings.lag, settings.estimator)
        check(self.recording)
        check_null(settings.null_kind, settings.surrogates, self.recording)
        self.settings, self.threads = settings, threads
        self.series = prepare(self.recording, threads)
        self.n_prompts, self.n_padded = self.series.self_correlation.shape
        self.heads = settings.heads or self.series.n_heads
        if self.series.n_heads % self.heads:
            found = f"{self.series.n_heads} heads in all"
            raise InputError(f"layers of {self.heads} heads", found, "correct heads of the model in the config")
        self.layers = self.series.n_heads // self.heads

    def run(self, pairs: range) -> dict[str, np.ndarray]:
        """Decompose a range of pairs, numbered as in `synergy.phiid.pairs`.

        Returns
        -------
        dict of arrays
            ``sts``, ``rtr``, ``phi_r``, ``tdmi`` (n_pairs,)
                Means over prompts in nats, NaN where no prompt defines the pair.
                Φ_R = I(xy;uv) − I(x;u) − I(y;v) + rtr (Mediano et al., arXiv:2109.13186).
            ``n_undefined`` int32 (n_pairs,)
                Prompts left out of those means.
            ``sts_null_mean``, ``sts_null_sd``, likewise of rtr and phi_r (n_pairs,)
                Over surrogates, of the mean over prompts in nats; standard deviations with n − 1 in the denominator.
            ``n_null`` int32 (n_pairs,)
                Surrogates that define the pair; below one the mean is NaN, below two the standard deviation.
            ``head_prompt_sums`` int64 (n_prompts, 4, n_heads), ``head_null_sums`` int64 (surrogates, 4, n_heads)
                Sums of sts, rtr and Φ_R over the partners of a head in this range, in units of 2⁻⁴⁰ nats, and the
                number of partners left out.
            ``layer_prompt_sums`` int64 (n_prompts, 4, layers), ``layer_null_sums`` int64 (surrogates, 4, layers)
                The same over the pairs within a layer.
        """
        surrogates, n_heads = self.settings.surrogates, self.series.n_heads
        null, n_null = np.zeros((6, len(pairs))), np.zeros(len(pairs), dtype=np.int32)
        null_head_sums = np.zeros((surrogates, 4, self.n_padded), dtype=np.int64)
        null_layer_sums = np.zeros((surrogates, 4, self.layers), dtype=np.int64)
        with ThreadPoolExecutor(self.threads) as pool:
            observed, undefined, head_sums, layer_sums = self._pass(pairs, 4, pool)
            own, _ = self._own(pairs)
            if self._looks_up():
                self._look_up(pairs, pool, own, null, n_null, null_head_sums, null_layer_sums)
            else:
                for s in progress(range(surrogates), "surrogates", "surrogate") if surrogates else ():
                    sums, lost, _, _ = self._pass(pairs, 3, pool, s)
                    where = self.n_prompts, n_heads, self.heads, pairs.start
                    finish_surrogate(sums, lost, *where, own, null, n_null, null_head_sums[s], null_layer_sums[s])
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(n_null > 0, null[0::2], np.nan)
            deviations = np.where(n_null > 1, np.sqrt(null[1::2] / (n_null - 1)), np.nan)
        return {
            **dict(zip(QUANTITIES, mean_over_prompts(observed, undefined, self.n_prompts), strict=True)),
            **{f"{name}_null_mean": row for name, row in zip(WITH_NULL, means, strict=True)},
            **{f"{name}_null_sd": row for name, row in zip(WITH_NULL, deviations, strict=True)},
            "n_undefined": undefined,
            "n_null": n_null,
            "head_prompt_sums": head_sums[:, :, :n_heads],
            "head_null_sums": null_head_sums[:, :, :n_heads],
            "layer_prompt_sums": layer_sums,
            "layer_null_sums": null_layer_sums,
        }

    def surrogate_matrices(self, surrogates: range, all_prompts: bool = False) -> Iterator[dict[str, np.ndarray]]:
        """Means over prompts of single surrogates, of the same draws as in `run`.

        Parameters
        ----------
        surrogates : range
        all_prompts : bool
            Whether every pair is of all prompts, as the observed one is, also those in which the two rotations are
            near each other. Networks need that: their shape depends on how many prompts an edge is a mean of.

        Yields
        ------
        dict
            For each surrogate in turn ``sts``, ``rtr``, ``phi_r``, ``tdmi`` (n_heads, n_heads), symmetric with NaN
            diagonal, in nats.

        Raises
        ------
        InputError
            See `synergy.phiid.nulls.check_null`.
        """
        check_null(self.settings.null_kind, len(surrogates), self.recording)
        pairs = range(n_pairs(self.series.n_heads))
        own = self._own(pairs)
        with ThreadPoolExecutor(self.threads) as pool:
            for s in surrogates:
                sums, undefined, _, _ = self._pass(pairs, 4, pool, s, near=all_prompts)
                sums[[0, 3]] += own * (self.n_prompts - undefined)
                yield self._matrices(sums, self.n_prompts - undefined)

    def leave_out(self, groups: Sequence[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Means over all prompts but those of one group, as the jackknife needs them.

        Parameters
        ----------
        groups : sequence of int (n,)
            Prompts of each group; every prompt is in one of them.

        Yields
        ------
        dict
            For each group in turn ``sts``, ``rtr``, ``phi_r`` (n_heads, n_heads), symmetric with NaN diagonal, in nats.

        Raises
        ------
        InputError
            If the groups do not hold every prompt once.
        """
        if sorted(np.concatenate([*groups, []]).tolist()) != list(range(self.n_prompts)):
            raise InputError(f"groups that hold each of {self.n_prompts} prompts once", "others", "correct the groups")
        with ThreadPoolExecutor(self.threads) as pool:
            pairs = range(n_pairs(self.series.n_heads))
            parts = [self._pass(pairs, 3, pool, prompts=np.sort(group)) for group in groups]
        whole = sum(sums for sums, *_ in parts)
        defined = self.n_prompts - sum(undefined for _, undefined, *_ in parts)
        for group, (sums, undefined, *_) in zip(groups, parts, strict=True):
            yield self._matrices(whole - sums, defined - (len(group) - undefined))

    def _looks_up(self) -> bool:
        """Whether there are more surrogates than distances of two rotations, so that these are decomposed instead."""
        return mends_seam(self.settings) and self.settings.surrogates > self.series.n_samples.max()

    def _look_up(self, pairs: range, pool: ThreadPoolExecutor, own, null, n_null, head_sums, layer_sums) -> None:
        """Take all surrogates into the moments of the pairs and the sums of heads and layers, a part at a time."""
        series, seed, lock = self.series, self.settings.seed, Lock()
        rotations = np.zeros((self.n_prompts, self.settings.surrogates, self.n_padded), dtype=np.int32)

        def draw(p):
            for s in range(self.settings.surrogates):
                rotations[p, s, : series.n_heads] = offsets(seed, s, p, series.n_heads, int(series.n_samples[p]))

        list(pool.map(draw, range(self.n_prompts)))
        of_heads = series.self_correlation, series.autocorrelation, series.n_samples, series.information()
        how = *of_heads, rotations, least_offset(series.n_samples), series.n_heads, self.heads

        def work(part):
            sums = np.zeros_like(head_sums), np.zeros_like(layer_sums)
            rotated_range(series.z, *how, part.start, part.stop, pairs.start, own, null, n_null, *sums)
            with lock:
                head_sums[:] += sums[0]
                layer_sums[:] += sums[1]

        parts = split(pairs, max(16, 4 * self.threads))
        for _ in progress(pool.map(work, parts), "surrogates", "part", total=len(parts)):
            pass

    def _own(self, pairs: range) -> np.ndarray:
        """What rotated heads' sts and TDMI are counted from, (2, n_pairs) in nats: mean over all prompts.

        Self-informations differ between prompts. Were a pair's values averaged over the prompts that are not left out,
        those that are would decide: the null would scatter more than what it is compared with.
        """
        means = np.zeros((2, len(pairs)))
        if self.settings.null_kind == "circular_shift" and mends_seam(self.settings):
            own_means(self.series.information(), self.series.n_heads, pairs.start, means)
        return means

    def _matrices(self, sums: np.ndarray, defined: np.ndarray) -> dict[str, np.ndarray]:
        """Matrices of the mean over prompts, from sums (rows, n_pairs) over the defined ones (n_pairs,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(defined > 0, sums / defined, np.nan)
        names = QUANTITIES[: len(sums)]
        return {name: symmetric(row, self.series.n_heads) for name, row in zip(names, means, strict=True)}

    def knowns(self, pairs: range) -> tuple[np.ndarray, np.ndarray]:
        """Means over prompts (16, n_pairs) of the redundancies of `atoms.ATOMS`, and n_undefined (n_pairs,)."""
        with ThreadPoolExecutor(self.threads) as pool:
            sums, undefined, _, _ = self._pass(pairs, 16, pool)
        return mean_over_prompts(sums, undefined, self.n_prompts), undefined

    def _pass(
        self,
        pairs: range,
        rows: int,
        pool: ThreadPoolExecutor,
        surrogate: int | None = None,
        prompts: np.ndarray | None = None,
        near: bool = False,
    ):
        """Sums over all or some prompts of one pass over the pairs, of the observed series or of a surrogate.

        With `near`, pairs of a surrogate whose rotations are near each other count too.
        """
        prompts = np.arange(self.n_prompts) if prompts is None else prompts
        sums, undefined = np.zeros((rows, len(pairs))), np.zeros(len(pairs), dtype=np.int32)
        head_sums = np.zeros((self.n_prompts, 4, self.n_padded), dtype=np.int64)
        layer_sums = np.zeros((self.n_prompts, 4, self.layers), dtype=np.int64)
        size = max(1, int(BATCH_BYTES // self.series.z[0].nbytes))
        parts = split(pairs, 1 if self.threads == 1 else 4 * self.threads)
        ccs = self.settings.redundancy == "ccs"
        shifted = surrogate is not None and self.settings.null_kind == "circular_shift"
        rotated = shifted and mends_seam(self.settings)
        for start in range(0, len(prompts), size):
            batch = prompts[start : start + size]
            series = self._batch(batch, pool, surrogate)
            least = least_offset(series.n_samples) if shifted and not near else np.zeros_like(series.n_samples)

            def work(part, series=series, batch=batch, least=least):
                own = np.zeros_like(head_sums[batch]), np.zeros_like(layer_sums[batch])
                where = series.n_heads, self.heads, part.start, part.stop, pairs.start, sums, undefined, *own
                offsets = series.rotation, least
                if self.settings.estimator == "discrete":
                    discrete_range(series.z, series.self_correlation, series.n_samples, ccs, *offsets, *where)
                else:
                    correlations = series.self_correlation, series.autocorrelation
                    how = ccs, rotated, series.information()
                    gaussian_range(series.z, *correlations, series.n_samples, *how, *offsets, *where)
                return own

            for own_heads, own_layers in pool.map(work, parts):
                head_sums[batch] += own_heads
                layer_sums[batch] += own_layers
        return sums, undefined, head_sums, layer_sums

    def _batch(self, prompts: np.ndarray, pool: ThreadPoolExecutor, surrogate: int | None) -> Series:
        """Series of a batch of prompts, observed or surrogate, as the kernels take them."""
        whole = self.series
        first, last = int(prompts[0]), int(prompts[-1]) + 1
        series = whole.of(slice(first, last) if last - first == len(prompts) else prompts)  # a slice is no copy
        if surrogate is not None:
            series = series.blank()
            kind, seed = self.settings.null_kind, self.settings.seed

            def fill(k):
                surrogate_prompt(self.recording, whole, kind, seed, surrogate, int(prompts[k]), series, k)

            list(pool.map(fill, range(len(prompts))))
        if self.settings.estimator == "discrete":
            n_prompts, n_padded, _, n_samples = series.z.shape
            packed = np.zeros((n_prompts, n_padded, 2, -(-n_samples // 64)), dtype=np.uint64)
            for bits, words in zip(series.z, packed, strict=True):
                pack(bits, words)
            series = replace(series, z=packed)
        return series


def as_configured(
    recorded: tuple[np.ndarray, np.ndarray], decomposition: Mapping, surrogates: int, threads: int = 1
) -> Decomposition:
    """A recording, ready to be decomposed anew under the settings and with the draws that its pairs were.

    Parameters
    ----------
    recorded : (n_prompts, n_heads_total, n_tokens), int (n_prompts,)
        From `read_activations`.
    decomposition : mapping
        As in the config.
    surrogates, threads : int
    """
    kept = {name: decomposition[name] for name in ("lag", "redundancy", "estimator", "seed")}
    settings = Settings(**kept, null_kind=decomposition["null_model"]["kind"], surrogates=surrogates)
    compile_kernels(settings)
    return Decomposition(*recorded, settings, threads, checked=True)


def mends_seam(settings: Settings) -> bool:
    """Whether surrogates are corrected for their seam: rotations, where atoms follow from correlations alone."""
    gaussian_mmi = settings.redundancy == "mmi" and settings.estimator != "discrete"
    return settings.null_kind == "circular_shift" and gaussian_mmi


def mean_over_prompts(sums: np.ndarray, undefined: np.ndarray, n_prompts: int) -> np.ndarray:
    """Sums (rows, n_pairs) over the prompts that define each pair; NaN where none does."""
    defined = n_prompts - undefined
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined > 0, sums / defined, np.nan)


def compile_kernels(settings: Settings) -> None:
    """Make sure that what `settings` needs is in the folder of compiled code; one process compiles, the others wait.

    A note in that folder says what is there, for this processor, Python and numba. Where there is none, the process
    that gets the lock decomposes a little noise; numba compiles on the way and keeps the code.
    """
    folder = keep_compiled_code()
    made_for = (llvmlite.binding.get_host_cpu_name(), platform.python_version(), numba.__version__)
    some = [n for n in (1, FEW_SAMPLES + 1) if n <= settings.surrogates] or [0]  # decomposed each, or looked up
    kinds = (settings.estimator, settings.redundancy, settings.null_kind if settings.surrogates else "no_null")
    kinds += ("many",) * len(some[1:])
    note = folder / "-".join((*made_for, *kinds, "compiled"))
    if note.exists():
        return
    with alone(folder):
        if not note.exists():
            noise = np.random.default_rng(0).normal(size=(2, 3, settings.lag + FEW_SAMPLES)).astype(np.float32)
            for surrogates in some:
                few = replace(settings, surrogates=surrogates, heads=None)
                Decomposition(noise, np.full(2, noise.shape[2]), few, checked=True).run(range(3))
            note.touch()


@contextmanager
def alone(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock of `folder`, which ends with the process at the latest.

    Without it after `patience_s`, or on a file system without locks, go on all the same: the worst is to compile twice.
    """
    with open(folder / "lock", "a") as file:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.2)
            except OSError:
                break
        yield
