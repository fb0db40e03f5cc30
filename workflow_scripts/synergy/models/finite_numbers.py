"""Refusing numbers that are not finite, and finding the layer where they began."""

from collections.abc import Sequence

import torch

from synergy.files.errors import InputError
from synergy.models.loading import LanguageModel


def require_finite(
    values: torch.Tensor, what: str, model: LanguageModel, sequences: Sequence[Sequence[int]] = ()
) -> None:
    """Raise the error of `not_finite` unless all `values` are finite."""
    if not torch.isfinite(values).all():
        raise not_finite(what, model, sequences)


def not_finite(what: str, model: LanguageModel, sequences: Sequence[Sequence[int]] = ()) -> InputError:
    """The error that says what is not finite, where that began, and what to do.

    In float16 the residual stream of Gemma 3 passes 65,504 and becomes infinite; nothing else would say so.

    Parameters
    ----------
    what : what is not finite, for the message.
    model : LanguageModel
    sequences : token ids of each row, which are run once more to find the first layer whose output is not finite.

    Returns
    -------
    InputError
        Naming dtype and layer, and suggesting bfloat16.
    """
    where = f", {first_overflow(model, sequences)}," if sequences else ""
    return InputError(
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
