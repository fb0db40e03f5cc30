"""The measured orders of one model: the file of each, and all of them read and checked to belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synergy.ablation.recorded_answers import Answered
from synergy.files.artifacts import read_npz, write_npz
from synergy.files.errors import InputError
from synergy.heads.orders import NamedOrder, parse_order

FORMS = {  # kinds of type and number of axes
    "kl_nats": ("f", 2),
    "num_heads_removed": ("iu", 1),
    "compared": ("iu", 1),
    "n_heads_total": ("iu", 0),
    "prompt_id": ("U", 1),
    "method": ("U", 0),
    "answers": ("U", 0),
    "layer_share": ("f", 0),
}
SHARED = ("n_heads_total", "compared", "prompt_id", "answers")  # must be the same in all orders
SETTINGS = ("dtype", "step", "max_fraction")


def read_orders(paths: Sequence[str], names: Sequence[str]) -> tuple[list[dict], dict]:
    """Read the files of `ablate_heads`, as `write_order` writes them.

    Parameters
    ----------
    paths, names : files and their orders (``random-3``, ``mean-random-3``).

    Returns
    -------
    curves : list of dict
        ``method``, ``kind``, ``seed``, ``name``; ``kl_nats`` (n_steps, n_prompts), ``num_heads_removed`` (n_steps,),
        ``compared``, those at which all orders were measured; ``n_heads_total``, ``prompt_id`` (n_prompts,),
        ``layer_share``.
    provenance : dict
        Of the first file.

    Raises
    ------
    InputError
        Naming the file, if one cannot be read, is of another order than its name says, holds values that are not
        finite or of the wrong shape, or was measured on other prompts, answers, steps, models or number formats.
    """
    if not paths:
        raise InputError("at least one order", "none", "mend ablation.orders in the config")
    curves, notes = [], []
    for path, name in zip(paths, names, strict=True):
        arrays, note = read_npz(path, tuple(FORMS))
        method, kind, seed = parse_order(name)
        _check(arrays, note, path, name, method)
        curves.append({**arrays, "name": name, "method": method, "kind": kind, "seed": seed})
        notes.append(note)
    for curve, note, path in zip(curves, notes, paths, strict=True):
        hint = f"delete the older of {paths[0]} and {path}, or both, and run the workflow again"
        for key in SHARED:
            if not np.array_equal(curve[key], curves[0][key]):
                found = f"another in {path}"
                raise InputError(f"the same {key} in every order as in {paths[0]}", found, hint)
        for key in SETTINGS:
            theirs, ours = note.get("parameters", {}).get(key), notes[0].get("parameters", {}).get(key)
            if theirs != ours:
                raise InputError(f"{key} = {ours} as in {paths[0]}", f"{key} = {theirs} in {path}", hint)
        if note.get("model") != notes[0].get("model"):
            raise InputError(f"the model of {paths[0]}", f"another model or revision in {path}", hint)
    return curves, notes[0]


def _check(arrays: dict, note: dict, path: str, name: str, method: str) -> None:
    """Refuse a file that is not the order `name` or holds what cannot have been measured."""
    remake = f"delete {path} and run the workflow again"
    for key, (kind, ndim) in FORMS.items():
        if arrays[key].dtype.kind not in kind or arrays[key].ndim != ndim:
            found = f"{arrays[key].dtype} of {arrays[key].ndim} axes"
            raise InputError(f"{key} of {ndim} axes in {path}", found, remake)
    made_as = note.get("parameters", {}).get("order", name)
    if made_as != name or str(arrays["method"]) != method:
        raise InputError(f"the order {name} in {path}", f"{made_as}, heads replaced by {arrays['method']}", remake)
    kl, counts = arrays["kl_nats"], arrays["num_heads_removed"]
    if kl.shape != (len(counts), len(arrays["prompt_id"])):
        found = f"shape {kl.shape}"
        raise InputError(
            f"kl_nats of {len(counts)} steps and {len(arrays['prompt_id'])} prompts in {path}", found, remake
        )
    ascending = len(counts) > 1 and counts[0] == 0 and (counts[1:] > counts[:-1]).all()
    if not ascending or counts[-1] > arrays["n_heads_total"]:
        expected = f"ascending numbers of heads removed from 0 to at most {arrays['n_heads_total']} in {path}"
        raise InputError(expected, f"{counts.tolist()}", remake)
    compared = arrays["compared"]
    if not np.isin([0, counts[-1], *compared], counts).all() or not {0, counts[-1]} <= set(compared.tolist()):
        found = f"{compared.tolist()} beside {counts.tolist()}"
        raise InputError(f"compared in {path} to be some of num_heads_removed, with first and last", found, remake)
    if not np.isfinite(kl).all() or (kl < 0).any():
        step, prompt = np.argwhere(~np.isfinite(kl) | (kl < 0))[0]
        found = f"{kl[step, prompt]} with {counts[step]} heads removed and prompt {arrays['prompt_id'][prompt]}"
        raise InputError(f"finite KL of at least 0 in {path}", found, remake)


def write_order(path: str | Path, provenance: dict, kl_nats: np.ndarray, answered: Answered, order: NamedOrder) -> None:
    """Write the file of one order, as `read_orders` reads it.

    Parameters
    ----------
    kl_nats : float64 (n_steps, n_prompts)
        KL(original ‖ ablated) with ``order.counts`` heads removed.
    answered : Answered
        The prompts, and the answers at whose positions it was measured.
    """
    write_npz(
        path,
        provenance,
        kl_nats=kl_nats,
        num_heads_removed=np.array(order.counts),
        compared=np.array(order.compared),
        removed=order.heads[: order.counts[-1]],
        n_heads_total=np.array(len(order.heads)),
        prompt_id=np.array(answered.ids),
        method=np.array(order.method),
        answers=np.array(answered.fingerprint),
        layer_share=np.array(order.layer_share),
    )
