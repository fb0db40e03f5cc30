"""All sixteen atoms of any set of pairs of heads.

An atom a → b stands for what the past holds in the way a and the future in the way b: r redundantly, x uniquely in x, y
uniquely in y, s synergistically. The redundancy known of (α, β) is the sum of the atoms below it in the product of two
lattices r < x, y < s, so inversion is a difference along the past and a difference along the future (Mediano et al.,
arXiv:2109.13186):

    r = R,  x = X − R,  y = Y − R,  s = S − X − Y + R.
"""

import numpy as np

from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import first_of_row

ATOMS = tuple(f"{past}t{future}" for past in "rxys" for future in "rxys")


def all_atoms(
    activations: np.ndarray, n_tokens: np.ndarray, pairs: np.ndarray, settings: Settings, threads: int = 1
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The sixteen atoms, mean over prompts.

    Redundancies of the lattice by the configured definition, then inversion (see `invert`). In a pair (i, j),
    x is the head of lower index.

    Parameters
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.
    pairs : int (n_pairs, 2)
        Pairs of different heads, in any order; neighbours in lexicographic order are cheapest.
    settings : Settings
        Lag, redundancy and estimator; the null is not computed.
    threads : int
        Number of threads; results do not depend on it.

    Returns
    -------
    atoms : dict
        Atom (``"rtr"`` … ``"sts"``) to float64 (n_pairs,) in nats; NaN where no prompt defines the pair.
    n_undefined : int32 (n_pairs,)
        Prompts left out of the means.

    Raises
    ------
    InputError
        If a pair is not one of different heads, or as in `Decomposition`.
    """
    decomposition = Decomposition(activations, n_tokens, settings, threads)
    n_heads = activations.shape[1]
    low, high = np.sort(np.asarray(pairs), axis=1).T
    if low.size and (low.min() < 0 or high.max() >= n_heads or (low == high).any()):
        raise InputError(f"pairs of different heads among 0 … {n_heads - 1}", "others", "correct the pairs")
    numbers = first_of_row(low, n_heads) + high - low - 1
    asked, place = np.unique(numbers, return_inverse=True)
    runs = np.split(asked, np.flatnonzero(np.diff(asked) > 1) + 1) if asked.size else []
    results = [decomposition.knowns(range(int(run[0]), int(run[-1]) + 1)) for run in runs]
    knowns = np.concatenate([np.empty((16, 0))] + [known for known, _ in results], axis=1)
    undefined = np.concatenate([np.empty(0, dtype=np.int32)] + [lost for _, lost in results])
    return dict(zip(ATOMS, invert(knowns)[:, place], strict=True)), undefined[place]


def invert(knowns: np.ndarray) -> np.ndarray:
    """Atoms from redundancies.

    Parameters
    ----------
    knowns : (16, ...)
        Redundancy of every past antichain with every future antichain, in the order of `ATOMS`.

    Returns
    -------
    (16, ...)
        Atoms in the order of `ATOMS`; their sum is the last of the redundancies, the TDMI.
    """
    past = _differences(knowns.reshape(4, 4, *knowns.shape[1:]))
    both = _differences(past.swapaxes(0, 1)).swapaxes(0, 1)
    return both.reshape(knowns.shape)


def _differences(values: np.ndarray) -> np.ndarray:
    """Invert the lattice r < x, y < s along the first axis."""
    r, x, y, s = values
    return np.stack([r, x - r, y - r, s - x - y + r])
