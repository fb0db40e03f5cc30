"""Forward passes that restart at the lowest layer whose heads have changed.

Removing heads of a layer leaves everything below it as it was, so the residual stream that enters a layer is kept
where a later pass will restart, and layers below pass it by. What the passes give is what whole passes give: the layers
that do run get the same numbers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from synergy.ablation.removal import removed
from synergy.models.loading import PAD, LanguageModel, shared_prefix


class RestartingDecoder:
    """Passes over fixed sequences with more and more heads removed, in one order after another.

    First tokens that all sequences share are computed once; causal attention lets no later token change them.

    Parameters
    ----------
    model : LanguageModel
    sequences : token ids of each row, prompt and answer.
    n_shared : first tokens that all rows share (see `LanguageModel.n_shared`); the hidden states begin after them.
    instead : what removed heads give, (n_heads_total, head_dim); None for zeros.
    restarts : layers at which a later pass may restart. The residual stream is kept where it enters these and nowhere
        else: n_restarts x batch x length x d_model numbers, twice: the intact model's stay.
    cache : where it is kept: ``device``, ``cpu``, or ``none``: every pass runs all layers.
    """

    def __init__(
        self,
        model: LanguageModel,
        sequences: Sequence[Sequence[int]],
        n_shared: int = 0,
        instead: torch.Tensor | None = None,
        restarts: Sequence[int] = (),
        cache: str = "device",
    ):
        self._model, self._n_shared, self._instead = model, n_shared, instead
        longest = max(map(len, sequences))
        padded = [[*sequence, *[PAD] * (longest - len(sequence))] for sequence in sequences]
        self._ids = torch.tensor(padded, device=model.device)
        self._place = torch.device("cpu") if cache == "cpu" else model.device
        kept = set() if cache == "none" else set(restarts) - {0}
        # Residual streams of the shared prefix and of the rest, by the layer that they enter.
        self._prefix, self._rest = ({layer: None for layer in sorted(kept)} for _ in range(2))
        self._of_intact = None

    def begin_order(self) -> None:
        """Go back to the intact model, whose pass was the first call."""
        self._of_intact = self._of_intact or (self._prefix, self._rest)
        self._prefix, self._rest = map(dict, self._of_intact)

    def hidden(self, heads: Sequence[int] = (), newly: Sequence[int] = ()) -> torch.Tensor:
        """Final hidden states (batch, longest - n_shared, d_model) with `heads` removed.

        `newly` are those that the previous call of the order did not have; the very first call, of the intact model,
        runs all layers.
        """
        lowest = min((int(head) // self._model.heads.heads for head in newly), default=0)
        if self._rest.get(lowest) is None:
            lowest = 0
        with removed(self._model, heads, self._instead):
            cache = None
            if self._n_shared:
                with self._restarted(lowest, self._prefix):
                    cache = shared_prefix(self._model.decoder, self._ids[:1, : self._n_shared])
            with self._restarted(lowest, self._rest):
                output = self._model.decoder(
                    input_ids=self._ids[:, self._n_shared :], past_key_values=cache, use_cache=cache is not None
                )
        return output.last_hidden_state

    @contextmanager
    def _restarted(self, lowest: int, kept: dict[int, torch.Tensor | None]) -> Iterator[None]:
        """Layers below `lowest` pass their input on; it is fed from `kept`, which takes in what enters those above."""
        layers = self._model.heads.layers

        def feed(_module, arguments, keywords):
            return (kept[lowest].to(self._model.device), *arguments[1:]), keywords

        def keep(layer: int):
            def take(_module, arguments) -> None:
                kept[layer] = arguments[0].to(self._place)

            return take

        hooks = []
        instances = [vars(layer).get("forward") for layer in layers[:lowest]]  # accelerate puts its own there
        try:
            for layer in layers[:lowest]:
                layer.forward = _passed_by
            if lowest:
                hooks.append(layers[lowest].register_forward_pre_hook(feed, with_kwargs=True))
            hooks += [layers[above].register_forward_pre_hook(keep(above)) for above in kept if above > lowest]
            yield
        finally:
            for hook in hooks:
                hook.remove()
            for layer, own in zip(layers[:lowest], instances, strict=True):
                del layer.forward
                if own is not None:
                    layer.forward = own


def _passed_by(hidden_states, *_, **__):
    return hidden_states
