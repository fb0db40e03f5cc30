"""Gaussian noise in the weights of chosen heads, undone bit for bit, which is checked each time."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from synergy.files.errors import InputError
from synergy.models.loading import LanguageModel, at_hand


@contextmanager
def noise_in_heads(model: LanguageModel, chosen: Sequence[int], sigma: float, seed: int) -> Iterator[dict]:
    """Context in which the chosen heads' rows of W_Q and columns of W_O carry noise N(0, (σ·std(W))²).

    W is the whole matrix of the layer: W_Q with the rows of all its query heads (of a fused projection the query rows
    alone), or W_O with the columns of all its heads; std is the sample standard deviation of its entries. Biases
    stay as they are.

    The k-th chosen head gets the k-th pair of standard normal matrices of its shape, whichever head it is; σ scales
    them. So conditions with the same seed share their draws, and so do all σ. Drawing, scaling and rounding are done
    on the CPU, so that the noise is the same on every device.

    Parameters
    ----------
    chosen : flat head indices, each once.
    sigma : float
        σ, in units of the matrix's own standard deviation.
    seed : int
        Of the draws.

    Yields
    ------
    dict
        ``matrices``: of each touched matrix its layer, ``query`` or ``output``, the heads in it, its ``weight_sd``, and
        the ``noise_sd`` of what was added in fact, after rounding to the number format of the weights.
        ``weights_sha256``, ``noisy_weights_sha256`` and, after the context, ``restored_weights_sha256`` of the storage
        of all touched matrices.

    Raises
    ------
    InputError
        If layers share a matrix, so that noise in one head would be noise in another.
    RuntimeError
        If the weights after the context are not those before it, bit for bit.
    """
    # ASSUME: Noise goes into weights alone, not into biases, and of a fused projection W is the query part.
    heads = model.heads
    places = [divmod(int(head), heads.heads) for head in chosen]
    layers = sorted({layer for layer, _ in places})
    with at_hand(module for layer in layers for module in heads.attention(layer).modules()):
        yield from _noise(model, places, layers, sigma, seed)


def _noise(model: LanguageModel, places: list[tuple[int, int]], layers: list[int], sigma: float, seed: int):
    heads = model.heads
    views = {"query": heads.query_weights, "output": heads.output_weights}
    matrices = {(layer, name): view(layer) for layer in layers for name, view in views.items()}
    if len({weights.data_ptr() for weights in matrices.values()}) < len(matrices):
        raise InputError(
            "W_Q and W_O of its own in every layer",
            f"layers of this {heads.layers[0].__class__.__name__} that share one",
            "leave this model out of the study: noise in one of its heads is noise in others",
        )
    originals = {(*place, name): matrices[place[0], name][place[1]].clone() for place in places for name in views}
    before = _digest(matrices.values())
    spread = {key: float(weights.to("cpu", torch.float64).std()) for key, weights in matrices.items()}
    added = {key: [] for key in matrices}
    # ASSUME: Conditions share their draws: the k-th chosen head gets the k-th pair of noise matrices of a seed,
    # whichever head it is, and the noise strength scales them.
    generator = torch.Generator().manual_seed(seed)
    try:
        for layer, row in places:
            for name in views:
                weights, original = matrices[layer, name], originals[layer, row, name].to("cpu", torch.float32)
                draw = torch.randn(original.shape, generator=generator)
                noisy = (original + sigma * spread[layer, name] * draw).to(weights.dtype)
                weights[row] = noisy.to(weights.device)
                added[layer, name].append((noisy.float() - original).square().mean().sqrt().item())
        statistics = {
            "matrices": [
                {
                    "layer": layer,
                    "matrix": name,
                    "heads": [layer * heads.heads + row for other, row in places if other == layer],
                    "weight_sd": spread[layer, name],
                    "noise_sd": (sum(sd**2 for sd in sds) / len(sds)) ** 0.5,
                }
                for (layer, name), sds in added.items()
            ],
            "weights_sha256": before,
            "noisy_weights_sha256": _digest(matrices.values()),
        }
        yield statistics
    finally:
        for (layer, row, name), original in originals.items():
            matrices[layer, name][row] = original
        after = _digest(matrices.values())
        if after != before:
            raise RuntimeError(f"weights were not restored: sha256 {before} before the noise, {after} after it")
    statistics["restored_weights_sha256"] = after


def _digest(matrices: Sequence[torch.Tensor]) -> str:
    """SHA-256 of the storages of matrices: with all rows that are fused with them, each storage once."""
    code = hashlib.sha256()
    storages = {weights.untyped_storage().data_ptr(): weights.untyped_storage() for weights in matrices}
    for storage in storages.values():
        content = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
        code.update(content.cpu().numpy())
    return code.hexdigest()
