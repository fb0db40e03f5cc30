"""How far the model's distribution moves as heads are removed.

The measure is KL(original ‖ ablated) in nats over the full vocabulary, at each position that predicts a generated
token, with both models teacher-forced on the original's tokens in passes of the same rows and padding.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
import torch

from synergy.ablation.divergence import kl_of_steps
from synergy.ablation.removal import answer_positions, mean_outputs
from synergy.ablation.restarting import RestartingDecoder
from synergy.files.kept_results import digest_of
from synergy.heads.orders import lowest_changed
from synergy.models.finite_numbers import not_finite
from synergy.models.generation import in_batches
from synergy.models.loading import PAD, LanguageModel

LEAST_SHARED = 8  # a shorter prefix costs more to treat apart than it saves


class Removal(NamedTuple):
    """One order: flat head indices in order of removal, and ascending numbers of heads removed, the first 0."""

    order: Sequence[int]
    counts: Sequence[int]


def measure_curves(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    removals: Sequence[Removal],
    batch_size: int,
    method: str = "zero",
    residual_cache: str = "device",
    step_done: Callable[[int], object] = lambda _n_rows: None,
    done: Sequence[np.ndarray | None] | None = None,
    batch_done: Callable[[int, np.ndarray], object] = lambda _number, _kl: None,
) -> list[np.ndarray]:
    """KL(original ‖ ablated) as more and more heads are removed, in several orders.

    A batch of prompts goes through all orders before the next batch begins, so that its reference pass is made once.

    With nothing removed it is the noise floor: the same intact model computed in another way, each prompt alone and
    padded by one position, against the batch that the curves are computed in. It is what rounding does to the
    curves; a second pass over the same batch would repeat the same roundings and give 0.

    Parameters
    ----------
    prompts, answers : token ids; the answer is what the original model generated.
    removals : the orders.
    batch_size : prompts in one pass; halved, for good, when the device runs out of memory.
    method : ``zero`` or ``mean`` (see `synergy.ablation.removal`).
    residual_cache : ``device``, ``cpu`` or ``none`` (see `synergy.ablation.restarting`).
    step_done : called with the number of prompts after each count of each batch, and with as many less than none when
        memory ran out and they will be measured again.
    done : what an interrupted run left of each order, in the form that is returned, None where it left nothing;
        batches that an order has are not computed again.
    batch_done : called with the place of an order and its results so far after each batch.

    Returns
    -------
    of each order float64 (len(counts), n_prompts), nats, mean over the generated positions of a prompt.

    Raises
    ------
    InputError
        If logits are not finite.
    """
    kl = [
        np.full((len(own.counts), len(prompts)), np.nan) if left is None else left.copy()
        for own, left in zip(removals, done or [None] * len(removals), strict=True)
    ]
    instead = mean_outputs(model, prompts, answers, batch_size) if method == "mean" else None
    # Prompts of like length share a batch, so that little is padded.
    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))
    step_done(sum(own[:, np.isfinite(own).all(axis=0)].size for own in kl))

    def sweep(rows: list[int]) -> None:
        asked, answered = [prompts[row] for row in rows], [answers[row] for row in rows]
        missing = [number for number, own in enumerate(kl) if not np.isfinite(own[:, rows]).all()]
        in_vain = 0

        def count_step() -> None:
            nonlocal in_vain
            in_vain += len(rows)
            step_done(len(rows))

        measured = _sweep(model, asked, answered, [removals[k] for k in missing], instead, residual_cache, count_step)
        try:
            for number, own in zip(missing, measured, strict=True):
                kl[number][:, rows] = own
                in_vain -= own.size - len(rows)
                step_done(len(rows))  # the noise floor, which the orders share
                batch_done(number, kl[number])
        except RuntimeError:
            step_done(-in_vain)
            raise

    left = [row for row in by_length if not all(np.isfinite(own[:, row]).all() for own in kl)]
    with torch.inference_mode():
        for _ in in_batches(left, batch_size, sweep):
            pass
    return kl


def decided_by(model: LanguageModel, key: str) -> str:
    """Digest of a result's key and of what else decides the bits of a curve: device and threads."""
    device = (
        torch.cuda.get_device_name(model.device)
        if model.device.type == "cuda"
        else torch.backends.cpu.get_cpu_capability()
    )
    return digest_of(key, device, torch.get_num_threads())


def _sweep(model, prompts, answers, removals, instead, residual_cache, step_done) -> Iterator[np.ndarray]:
    """KL of one batch in each order, (len(counts), n_rows)."""
    n_shared = model.n_shared(prompts) if len(prompts) > 1 else 0
    n_shared = n_shared if n_shared >= LEAST_SHARED else 0
    sequences = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    places = [answer_positions(prompt, answer, n_shared) for prompt, answer in zip(prompts, answers, strict=True)]
    restarts = {int(layer) for own in removals for layer in lowest_changed(*own, model.heads.heads)}
    decoder = RestartingDecoder(model, sequences, n_shared, instead, restarts, residual_cache)

    def states(hidden: torch.Tensor) -> torch.Tensor:
        return torch.cat([hidden[row, positions] for row, positions in enumerate(places)])

    def ablated() -> Iterator[torch.Tensor]:
        for order, counts in removals:
            decoder.begin_order()
            for before, count in pairwise(counts):
                yield states(decoder.hidden(order[:count], order[before:count]))
                step_done()

    def each_alone() -> Iterator[torch.Tensor]:
        alone = [
            model.forced([[*sequence, PAD]])[0, answer_positions(prompt, answer)]
            for sequence, prompt, answer in zip(sequences, prompts, answers, strict=True)
        ]
        yield torch.cat(alone)

    original, lengths = states(decoder.hidden()), [len(answer) for answer in answers]
    # ASSUME: The noise floor of KL is the intact model against itself computed in another batch, since a second pass
    # over the same batch would repeat the same roundings and give 0.
    floor = next(kl_of_steps(model, original, each_alone(), lengths))
    _require_finite(floor[None], [0], model, sequences)
    steps = kl_of_steps(model, original, ablated(), lengths)
    for _, counts in removals:
        measured = np.stack([floor, *islice(steps, len(counts) - 1)])
        _require_finite(measured, counts, model)
        yield measured


def _require_finite(kl: np.ndarray, counts: Sequence[int], model: LanguageModel, sequences: Sequence = ()) -> None:
    wrong = ~np.isfinite(kl).all(axis=1)
    if wrong.any():
        raise not_finite(f"logits with {counts[wrong.argmax()]} heads removed", model, sequences)
