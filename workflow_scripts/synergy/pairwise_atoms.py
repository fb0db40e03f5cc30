"""The pairwise atoms of a model as a file, read with the shapes that its readers rely on."""

from collections.abc import Sequence

import numpy as np

from synergy.artifacts import read_npz
from synergy.errors import InputError


def read_pairwise(
    path: str, required: Sequence[str], n_heads_total: int | None = None
) -> tuple[dict[str, np.ndarray], dict]:
    """Read the file of ``merge_pairs``.

    Parameters
    ----------
    path : str
        The npz.
    required : sequence of str
        Arrays that must be there.
    n_heads_total : int, optional
        Query heads that the model has.

    Returns
    -------
    arrays : dict
        The `required` ones are floats: ``head_prompt_…`` (n_prompts, n_heads_total), ``head_null_…`` (surrogates,
        n_heads_total), all others (n_heads_total, n_heads_total); ``n_undefined`` is of whole numbers, and
        ``fingerprint`` a text.
    provenance : dict

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks an array, or holds one of another type or shape.
    """
    arrays, note = read_npz(path, required)
    n_heads = n_heads_total if n_heads_total else max(arrays[required[0]].shape, default=0)
    for name in required:
        found, kind = arrays[name], {"n_undefined": "iu", "fingerprint": "U"}.get(name, "f")
        right, form = found.shape == (n_heads, n_heads), f"({n_heads}, {n_heads})"
        if name.startswith("head_"):
            right, form = found.ndim == 2 and found.shape[1] == n_heads, f"(…, {n_heads})"
        if name == "fingerprint":
            right, form = found.shape == (), "()"
        if found.dtype.kind not in kind or not right:
            raise InputError(
                f"{name} {form} in {path}",
                f"{found.dtype} {found.shape}",
                f"delete {path} and run the workflow again; if it stays so, correct layers and heads in the config",
            )
    return arrays, note
