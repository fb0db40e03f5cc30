"""The double-redundancy lattice of two sources and two targets, and its inversion.

An atom a → b stands for what the past holds in the way a and the future in the way b: r redundantly, x uniquely in x, y
uniquely in y, s synergistically. The redundancy known of (α, β) is the sum of the atoms below it in the product of two
lattices r < x, y < s, so inversion is a difference along the past and a difference along the future (Mediano et al.,
arXiv:2109.13186):

    r = R,  x = X − R,  y = Y − R,  s = S − X − Y + R.
"""

import numpy as np

ATOMS = tuple(f"{past}t{future}" for past in "rxys" for future in "rxys")


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
