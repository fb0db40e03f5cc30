"""The pairwise decomposition as files: shards, each of one range of pairs, and the whole that they make."""

from collections.abc import Sequence

import numpy as np

from synergy import __version__
from synergy.files.artifacts import read_npz, write_npz
from synergy.files.code_identity import library_code
from synergy.files.errors import InputError, set_aside
from synergy.files.provenance import provenance
from synergy.phiid.pairs import QUANTITIES, WITH_NULL, between_layers, fixed_point_means, head_means, n_pairs, symmetric
from synergy.recording.activations import fingerprint, read_activations

PAIR_VALUES = (*QUANTITIES, *(f"{name}_null_{moment}" for name in WITH_NULL for moment in ("mean", "sd")))
COUNTS = ("n_undefined", "n_null")
SUMS = ("head_prompt_sums", "head_null_sums", "layer_prompt_sums", "layer_null_sums")
MADE_OF = ("first_pair", "last_pair", "n_heads_total", "n_prompts", "fingerprint")


def library_version() -> str:
    """Version of the library and identity of the code that decides the numbers."""
    return f"{__version__}+{library_code('phiid.decomposition', 'Decomposition')}"


def write_shard(
    path: str, results: dict[str, np.ndarray], pairs: range, mark: str, parameters: dict, upstream: dict
) -> None:
    """Write the results of `synergy.phiid.decomposition.Decomposition.run` for a range of pairs.

    Parameters
    ----------
    path : str
        File to write.
    results : dict of arrays
        The results.
    pairs : range
        The pairs, in lexicographic order; the file's ``first_pair`` is included, its ``last_pair`` is not.
    mark : str
        Fingerprint of the activations.
    parameters : dict
        Settings of the decomposition.
    upstream : dict
        Provenance of the activations.
    """
    n_prompts, _, n_heads = results["head_prompt_sums"].shape
    note = provenance("decompose_pairs", parameters, upstream) | {"library_version": library_version()}
    write_npz(
        path,
        note,
        **results,
        first_pair=np.array(pairs.start),
        last_pair=np.array(pairs.stop),
        n_heads_total=np.array(n_heads),
        n_prompts=np.array(n_prompts),
        fingerprint=np.array(mark),
    )


def merge_shards(paths: Sequence[str], mark: str) -> tuple[dict[str, np.ndarray], dict]:
    """Put the shards of all pairs together.

    Parameters
    ----------
    paths : sequence of str
        Files of `write_shard`, in any order.
    mark : str
        Fingerprint of the activations that they must be made from.

    Returns
    -------
    arrays : dict
        ``sts_matrix``, ``rtr_matrix``, ``phi_r_matrix``, ``tdmi_matrix``, and of all but the last ``sts_null_mean``,
        ``sts_null_sd`` … float64 (n_heads_total, n_heads_total), symmetric with NaN diagonal, in nats; ``n_undefined``
        likewise, int32 with zero diagonal. Of sts, rtr and phi_r, means in nats per prompt, and per surrogate with
        null in place of prompt: over a head's partners ``head_prompt_sts`` (n_prompts, n_heads_total), over the pairs
        within a layer ``within_prompt_sts`` (n_prompts, layers), over the pairs of different layers
        ``between_prompt_sts`` (n_prompts,). How many pairs the latter are of: ``within_prompt_pairs``,
        ``between_prompt_pairs`` int64. ``fingerprint``.
    parameters : dict
        The settings that all shards share, with ``library_version``.

    Raises
    ------
    InputError
        Naming the file, for a shard of other activations, other parameters or another version of the library, a gap,
        an overlap, or a value that is not finite and not accounted for.
    """
    if not paths:
        raise InputError("at least one shard", "none", "run decompose_pairs")
    shards, parameters = [], None
    for path in paths:
        shard, note = read_npz(path, (*PAIR_VALUES, *COUNTS, *SUMS, *MADE_OF))
        shard["path"], remake = str(path), f"delete {path} and run the workflow again"
        _check_forms(shard, remake)
        if str(shard["fingerprint"]) != mark:
            found = f"fingerprint {str(shard['fingerprint'])[:12]} in {path}"
            raise InputError(f"a shard of the activations with fingerprint {mark[:12]}", found, remake)
        own = note.get("parameters", {}) | {"library_version": note.get("library_version")}
        if parameters is None:
            parameters = own
        if own != parameters:
            keys = sorted(key for key in own | parameters if own.get(key) != parameters.get(key))
            expected = ", ".join(f"{key} = {parameters.get(key)}" for key in keys)
            found = ", ".join(f"{key} = {own.get(key)}" for key in keys)
            hint = f"delete {path} or the shards that differ from it, and run the workflow again"
            raise InputError(f"{expected} as in {paths[0]}", f"{found} in {path}", hint)
        _check_values(shard, remake)
        shards.append(shard)
    shards.sort(key=lambda shard: (int(shard["first_pair"]), int(shard["last_pair"])))
    n_heads = int(shards[0]["n_heads_total"])
    _check_cover(shards, n_pairs(n_heads))

    def joined(name):  # and forgotten in the shards, since of many heads all of it twice is gigabytes
        return np.concatenate([shard.pop(name) for shard in shards])

    sums = {name: sum(shard[name] for shard in shards) for name in SUMS}
    matrices = {name: f"{name}_matrix" if name in QUANTITIES else name for name in PAIR_VALUES}
    arrays = {matrix: symmetric(joined(name), n_heads) for name, matrix in matrices.items()}
    arrays["n_undefined"] = symmetric(joined("n_undefined"), n_heads, diagonal=0)
    for draw in ("prompt", "null"):
        arrays |= _means(draw, sums[f"head_{draw}_sums"], sums[f"layer_{draw}_sums"])
    arrays["fingerprint"] = np.array(mark)
    return arrays, parameters


def _means(draw: str, head_sums: np.ndarray, layer_sums: np.ndarray) -> dict[str, np.ndarray]:
    """Means of each prompt or surrogate: of heads, within layers, between layers, and numbers of pairs."""
    heads = head_sums.shape[2] // layer_sums.shape[2]
    within, within_pairs = fixed_point_means(layer_sums, n_pairs(heads))
    between, between_pairs = between_layers(head_sums, layer_sums)
    places = {"head": head_means(head_sums), "within": within, "between": between}
    means = {f"{place}_{draw}_{name}": rows[k] for place, rows in places.items() for k, name in enumerate(WITH_NULL)}
    return means | {f"within_{draw}_pairs": within_pairs, f"between_{draw}_pairs": between_pairs}


def _check_forms(shard: dict, remake: str) -> None:
    """Refuse a shard whose arrays are of another type than is written, or do not fit its range."""
    for name in (*MADE_OF, *PAIR_VALUES, *COUNTS, *SUMS):
        kind = "U" if name == "fingerprint" else "f" if name in PAIR_VALUES else "iu"
        if shard[name].dtype.kind not in kind or (name in MADE_OF and shard[name].ndim):
            found = f"{shard[name].dtype} {shard[name].shape}"
            raise InputError(f"{name} as decompose_pairs writes it in {shard['path']}", found, remake)
    size = int(shard["last_pair"]) - int(shard["first_pair"])
    for name in (*PAIR_VALUES, *COUNTS):
        if shard[name].shape != (size,):
            raise InputError(f"{name} of {size} pairs in {shard['path']}", f"{shard[name].shape}", remake)
    n_heads, n_prompts = int(shard["n_heads_total"]), int(shard["n_prompts"])
    for name in SUMS:
        own = shard[name].shape
        draws = n_prompts if "prompt" in name else own[0] if own else 0
        places = n_heads if name.startswith("head") else own[2] if len(own) == 3 and own[2] else 1
        if own != (draws, 4, places) or n_heads % places:
            raise InputError(f"{name} {(draws, 4, places)} in {shard['path']}", f"{own}", remake)


def _check_values(shard: dict, remake: str) -> None:
    """Refuse a shard that holds values not finite and not accounted for."""
    for name in PAIR_VALUES:
        if name.endswith("_null_mean"):
            accounted = shard["n_null"] < 1
        elif name.endswith("_null_sd"):
            accounted = shard["n_null"] < 2
        else:
            accounted = shard["n_undefined"] == shard["n_prompts"]
        wrong = ~np.where(accounted, np.isnan(shard[name]), np.isfinite(shard[name]))
        if wrong.any():
            k = int(np.argmax(wrong))
            counted = "undefined" if accounted[k] else "defined"
            found = f"{shard[name][k]} for pair {int(shard['first_pair']) + k}, counted as {counted}"
            raise InputError(f"finite {name} in {shard['path']}, NaN where undefined", found, remake)


def _check_cover(shards: list[dict], total: int) -> None:
    """Refuse shards that leave out pairs or hold a pair twice."""
    end, before = 0, "the first pair"
    for shard in shards:
        first, last = int(shard["first_pair"]), int(shard["last_pair"])
        if first > end:
            found = f"{first - end} pairs missing before {shard['path']}, after {before}"
            raise InputError("shards that hold every pair", found, "run the workflow again to make the missing shards")
        if first < end and last > first:
            found = f"{shard['path']} overlaps {before} by {end - first} pairs"
            raise InputError("shards that hold each pair once", found, "delete both and run the workflow again")
        end, before = max(end, last), shard["path"]
    if end != total:
        found = f"{total - end} pairs missing after {before}"
        raise InputError(
            f"shards that hold all {total} pairs", found, "run the workflow again to make the missing shards"
        )


def _without_null(arrays: dict[str, np.ndarray], required: Sequence[str]) -> dict[str, np.ndarray]:
    """Matrices that this workflow did not make: no diagonal, NaN for what they lack, no prompts and no surrogates."""
    matrices = {name: array for name, array in arrays.items() if name.endswith("_matrix") and array.dtype.kind == "f"}
    for name, matrix in matrices.items():
        if matrix.ndim == 2:
            arrays[name] = np.where(np.eye(*matrix.shape, dtype=bool), np.nan, matrix)
    shape = next((matrix.shape for matrix in matrices.values()), ())
    for name in required:
        if name in arrays or name in ("sts_matrix", "rtr_matrix") or len(shape) != 2:
            continue
        if name.startswith("head_"):
            arrays[name] = np.empty((0, shape[1]))
        elif name == "fingerprint":
            arrays[name] = np.array("")
        elif name == "n_undefined":
            arrays[name] = np.zeros(shape, dtype=int)
        elif name.endswith(("_matrix", "_null_mean", "_null_sd")):
            arrays[name] = np.full(shape, np.nan)
    return arrays


def read_decomposed(activations: str, pairwise: str, mark: str) -> dict[str, np.ndarray]:
    """Read the activations that pairs were made from.

    Parameters
    ----------
    activations, pairwise : str
        The two npz.
    mark : str
        The ``fingerprint`` in `pairwise`; empty in matrices of other pipelines, which do not say what made them.

    Returns
    -------
    dict
        As `read_activations` gives it.

    Raises
    ------
    InputError
        If the activations cannot be read, or are others.
    """
    arrays, _ = read_activations(activations)
    if mark and fingerprint(arrays["activations"], arrays["n_tokens"]) != mark:
        found = f"{pairwise} made from other activations than {activations}"
        raise InputError("artifacts that belong together", found, set_aside(pairwise))
    return arrays


def read_pairwise(
    path: str, required: Sequence[str], n_heads_total: int | None = None
) -> tuple[dict[str, np.ndarray], dict]:
    """Read the file of ``merge_pairs``, or matrices of other pipelines under the same names.

    Those have no null and whatever diagonal: here NaN.

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
        The `required` ones are floats, shaped as in `merge_shards`; ``n_undefined`` and ``…_pairs`` are of whole
        numbers, and ``fingerprint`` a text.
    provenance : dict

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks an array, or holds one of another type or shape.
    """
    arrays, note = read_npz(path)
    hint = set_aside(path)
    if "made_by" not in note:
        arrays = _without_null(arrays, required)
        hint = f"these matrices are not ours; to have all of it made from the activations: mv {path} {path}.before"
    if missing := [name for name in required if name not in arrays]:
        raise InputError(f"arrays {', '.join(required)} in {path}", f"no {', '.join(missing)}", hint)
    n_heads = n_heads_total if n_heads_total else max(arrays[required[0]].shape, default=0)
    for name in required:
        found, kind = arrays[name], "U" if name == "fingerprint" else "f"
        kind = "iu" if name == "n_undefined" or name.endswith("_pairs") else kind
        right, form = found.shape == (n_heads, n_heads), f"({n_heads}, {n_heads})"
        if name.startswith("head_"):
            right, form = found.ndim == 2 and found.shape[1] == n_heads, f"(…, {n_heads})"
        if name.startswith("within_"):
            right, form = found.ndim == 2 and found.shape[1] > 0 and n_heads % found.shape[1] == 0, "(…, layers)"
        if name.startswith("between_"):
            right, form = found.ndim == 1, "(…,)"
        if name == "fingerprint":
            right, form = found.shape == (), "()"
        if found.dtype.kind not in kind or not right:
            raise InputError(
                f"{name} {form} in {path}",
                f"{found.dtype} {found.shape}",
                f"{hint}; if it stays so, correct layers and heads in the config",
            )
    return arrays, note
