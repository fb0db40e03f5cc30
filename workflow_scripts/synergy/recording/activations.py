"""Activations, ours or a user's: their file, what the series in it must be, and what each is like by itself.

Like by itself: its autocorrelation, its trend, its mean, whether it varies. A fingerprint tells the series of one run
from others.
"""

import hashlib

import numpy as np

from synergy.files.artifacts import read_npz
from synergy.files.errors import InputError

AGAIN = "record the activations again, or mend the file; results/README.md says what it holds"
# ASSUME: The circular-shift null is believed for series of autocorrelation up to 0.9 of whose variance a straight line
# explains at most half; beyond, it rejects heads that share nothing.
LARGEST_AUTOCORRELATION, LARGEST_TREND = 0.9, 0.5
PER_PROMPT = ("category", "natural_length")  # arrays that may be beside the series, one value a prompt


def read_activations(path: str) -> tuple[dict[str, np.ndarray], dict]:
    """Read and check an activations file.

    A file without ``n_tokens``, as other pipelines write it, holds series that are as long as the array, or that NaN
    pads at the end.

    Returns
    -------
    arrays : dict
        ``activations`` float (n_prompts, n_heads_total, n_tokens), ``n_tokens`` int (n_prompts,), and what else there
        is.
    provenance : dict

    Raises
    ------
    InputError
        Naming the file, if it cannot be read or `check_series` refuses it.
    """
    arrays, note = read_npz(path, ("activations",))
    if "n_tokens" not in arrays:
        arrays["n_tokens"] = lengths(arrays["activations"])
    check_series(arrays["activations"], arrays["n_tokens"], f" in {path}")
    shape = arrays["activations"].shape
    beside = {name: shape[:1] for name in PER_PROMPT} | {"activations_after_output": shape}
    for name, expected in beside.items():
        if name in arrays and arrays[name].shape != expected:
            raise InputError(f"{name} {expected} in {path}", f"shape {arrays[name].shape}", AGAIN)
    return arrays, note


def lengths(activations: np.ndarray) -> np.ndarray:
    """Length of each prompt's series that NaN pads at the end, int64 (n_prompts,); what is no series has none."""
    if activations.dtype.kind != "f" or activations.ndim != 3:
        return np.zeros(activations.shape[:1], dtype=np.int64)
    padding = np.isnan(activations).all(axis=1)  # (n_prompts, n_tokens)
    return activations.shape[2] - np.logical_and.accumulate(padding[:, ::-1], axis=1).sum(axis=1)


def check_series(activations: np.ndarray, n_tokens: np.ndarray, place: str = "") -> None:
    """Refuse what are no series of heads; `place` is where they are, for the message.

    Raises
    ------
    InputError
        For other types or shapes than floats (n_prompts, n_heads_total, n_tokens) and whole numbers (n_prompts,), no
        prompts, lengths out of range, or NaN or infinite values within a series.
    """
    if activations.dtype.kind != "f" or n_tokens.dtype.kind not in "iu":
        found = f"types {activations.dtype} and {n_tokens.dtype}"
        raise InputError(f"floats for activations, whole numbers for n_tokens{place}", found, AGAIN)
    if activations.ndim != 3 or n_tokens.shape != activations.shape[:1]:
        shapes = f"shapes {activations.shape} and {n_tokens.shape}"
        raise InputError(
            f"activations (n_prompts, n_heads_total, n_tokens), n_tokens (n_prompts,){place}", shapes, AGAIN
        )
    n_prompts, _, longest = activations.shape
    if n_prompts == 0:
        raise InputError(f"activations of at least 1 prompt{place}", "0 prompts", AGAIN)
    if n_tokens.min() < 1:
        raise InputError(f"n_tokens of at least 1{place}", f"{n_tokens.min()}", AGAIN)
    if n_tokens.max() > longest:
        raise InputError(f"n_tokens of at most {longest}, the length of activations{place}", f"{n_tokens.max()}", AGAIN)
    for prompt, n in enumerate(n_tokens):
        series = activations[prompt, :, :n]
        if not np.isfinite(series).all():
            head, token = np.argwhere(~np.isfinite(series))[0]
            found = f"{series[head, token]} in prompt {prompt}, head {head}, token {token}"
            hint = f"{AGAIN}; use bfloat16 or float32 if the model overflows"
            raise InputError(f"finite activations{place}", found, hint)


def fingerprint(activations: np.ndarray, n_tokens: np.ndarray) -> str:
    """SHA-256 of the shape, lengths and values of the series; what pads them does not count."""
    code = hashlib.sha256(repr((activations.shape, str(activations.dtype))).encode())
    code.update(np.ascontiguousarray(n_tokens, dtype=np.int64).tobytes())
    for series, n in zip(activations, n_tokens, strict=True):
        code.update(np.ascontiguousarray(series[:, :n]).tobytes())
    return code.hexdigest()


def autocorrelations(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Lag-1 autocorrelation of each series: correlation of x_t with x_{t+1}, each with its own mean and variance.

    Parameters
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.

    Returns
    -------
    float64 (n_prompts, n_heads_total)
        NaN where a series does not vary.
    """
    each = zip(activations, n_tokens, strict=True)
    return np.stack([_correlations(series[:, : n - 1], series[:, 1:n]) for series, n in each])


def trends(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Share of each series' variance that a straight line over tokens explains; parameters and result as above."""
    each = zip(activations, n_tokens, strict=True)
    return np.stack([_correlations(series[:, :n], np.arange(n)[None]) ** 2 for series, n in each])


def _correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson correlation of each row of x with that of y, or with its only one; NaN where either does not vary."""
    varies = (np.ptp(x, axis=1) > 0) & (np.ptp(y, axis=1) > 0)
    x, y = (v - v.mean(axis=1, keepdims=True) for v in (x.astype(np.float64), y.astype(np.float64)))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.where(varies, found, np.nan)


def outside_calibration(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Series for which the circular-shift null is not calibrated (docs/calibration.md).

    Their autocorrelation exceeds `LARGEST_AUTOCORRELATION`, or a trend explains more than `LARGEST_TREND` of their
    variance. Parameters as above.

    Returns
    -------
    bool (n_prompts, n_heads_total)
        False where a series does not vary: no pair of it is defined.
    """
    strong = autocorrelations(activations, n_tokens) > LARGEST_AUTOCORRELATION
    return strong | (trends(activations, n_tokens) > LARGEST_TREND)


def mean_norm(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Mean activation of each head over tokens, then prompts, (n_heads_total,); parameters as above."""
    means = [series[:, :n].mean(axis=1, dtype=np.float64) for series, n in zip(activations, n_tokens, strict=True)]
    return np.mean(means, axis=0)


def constant_heads(activations: np.ndarray, n_tokens: np.ndarray) -> list[int]:
    """Heads that are constant in every prompt; parameters as above."""
    constant = [np.ptp(series[:, :n], axis=1) == 0 for series, n in zip(activations, n_tokens, strict=True)]
    return np.flatnonzero(np.all(constant, axis=0)).tolist()


def prompt_groups(category: np.ndarray, n_groups: int = 12) -> list[np.ndarray]:
    """Prompts dealt into groups for a delete-a-group jackknife, each category spread over as many groups as it can.

    Parameters
    ----------
    category : (n_prompts,)
        Category of each prompt.
    n_groups : int
        Number of groups; no more than there are prompts.

    Returns
    -------
    list of int (n,)
        Prompts of each group, in order; sizes differ by at most one.
    """
    by_category = np.argsort(category, kind="stable")
    n_groups = min(n_groups, len(by_category))
    return [np.sort(by_category[k::n_groups]) for k in range(n_groups)]
