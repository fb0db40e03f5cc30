"""Refusing numbers that are not finite, and finding the layer where they began."""

from collections.abc import Sequence

import torch

from synergy.errors import InputError
from synergy.models import LanguageModel


def require_finite(
    values: torch.Tensor, what: str, model: LanguageModel, sequences: Sequence[Sequence[int]] = ()
) -> None:
    """Raise unless all `values` are finite.

    Where `sequences` are given, which is what the values came from, they are run once more to find the first layer
    whose output is not finite. In float16 the residual stream of Gemma 3 passes 65,504 and becomes infinite; nothing
    else would say so.

    Parameters
    ----------
    values : tensor of any shape.
    what : what they are, for the message.
    model : LanguageModel
    sequences : token ids of each row.

    Raises
    ------
    InputError
        Naming layer and dtype, and suggesting bfloat16.
    """
    if torch.isfinite(values).all():
        return
    where = f", {first_overflow(model, sequences)}," if sequences else ""
    raise InputError(
        f"finite {what}",
        f"NaN or infinite values{where} with dtype {str(model.model.dtype).removeprefix('torch.')}",
        "set dtype: bfloat16 (or float32) in the model's stanza; float16 overflows in some models. "
        "With another dtype already, suspect the checkpoint: run prefetch_model again",
    )


def first_overflow(model: LanguageModel, sequences: Sequence[Sequence[int]]) -> str:
    """Say which layer's output is the first that is not finite, in one causal pass over whole `sequences`."""
    overflown: list[int] = []

    def observer(layer: int):
        def observe(_module, _arguments, output) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if not torch.isfinite(hidden).all():
                overflown.append(layer)

        return observe

    hooks = [module.register_forward_hook(observer(layer)) for layer, module in enumerate(model.heads.layers)]
    try:
        with torch.inference_mode():
            model.forced(sequences)
    finally:
        for hook in hooks:
            hook.remove()
    return f"first in the output of layer {overflown[0]}" if overflown else "after the last layer"
