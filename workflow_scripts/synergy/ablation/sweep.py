"""How far the model's distribution moves as heads are removed.

The measure is KL(original ‖ ablated) in nats over the full vocabulary, at each position that predicts a generated
token, with both models teacher-forced on the original's tokens in passes of the same rows and padding.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch

from synergy.ablation.divergence import mean_kl
from synergy.ablation.removal import answer_positions, mean_outputs
from synergy.ablation.restarting import RestartingDecoder
from synergy.files.kept_results import digest_of
from synergy.heads.orders import lowest_changed
from synergy.models.finite_numbers import not_finite
from synergy.models.generation import in_batches
from synergy.models.loading import PAD, LanguageModel

LEAST_SHARED = 8  # a shorter prefix costs more to treat apart than it saves


def measure_curve(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    order: Sequence[int],
    counts: Sequence[int],
    batch_size: int,
    method: str = "zero",
    residual_cache: str = "device",
    step_done: Callable[[int], object] = lambda _n_rows: None,
    kl: np.ndarray | None = None,
    batch_done: Callable[[np.ndarray], object] = lambda _kl: None,
) -> np.ndarray:
    """KL(original ‖ ablated) as more and more heads are removed.

    With nothing removed it is the noise floor: the same intact model computed in another way, each prompt alone and
    padded by one position, against the batch that the curve is computed in. It is what rounding does to the
    curve; a second pass over the same batch would repeat the same roundings and give 0.

    Parameters
    ----------
    prompts, answers : token ids; the answer is what the original model generated.
    order : flat head indices in order of removal.
    counts : ascending numbers of heads removed, the first 0.
    batch_size : prompts in one pass; halved, for good, when the device runs out of memory.
    method : ``zero`` or ``mean`` (see `synergy.ablation.removal`).
    residual_cache : ``device``, ``cpu`` or ``none`` (see `synergy.ablation.restarting`).
    step_done : called with the number of prompts after each count of each batch, and with as many less than none when
        memory ran out and they will be measured again.
    kl : what an interrupted run left, in the form that is returned; batches that it has are not computed again.
    batch_done : called with the results so far after each batch.

    Returns
    -------
    float64 (len(counts), n_prompts), nats, mean over the generated positions of a prompt.

    Raises
    ------
    InputError
        If logits are not finite.
    """
    kl = np.full((len(counts), len(prompts)), np.nan) if kl is None else kl.copy()
    instead = mean_outputs(model, prompts, answers, batch_size) if method == "mean" else None
    # Prompts of like length share a batch, so that little is padded.
    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))

    def sweep(rows: Sequence[int]) -> np.ndarray:
        asked, answered = [prompts[row] for row in rows], [answers[row] for row in rows]
        n_done = 0

        def count_step() -> None:
            nonlocal n_done
            n_done += len(rows)
            step_done(len(rows))

        try:
            return _sweep(model, asked, answered, order, counts, instead, residual_cache, count_step)
        except RuntimeError:
            step_done(-n_done)
            raise

    left = [row for row in by_length if not np.isfinite(kl[:, row]).all()]
    step_done(len(counts) * (len(prompts) - len(left)))
    with torch.inference_mode():
        for chosen, measured in in_batches(left, batch_size, sweep):
            kl[:, [left[place] for place in chosen]] = measured
            batch_done(kl)
    return kl


def decided_by(model: LanguageModel, key: str) -> str:
    """Digest of a result's key and of what else decides the bits of a curve: device and threads."""
    device = (
        torch.cuda.get_device_name(model.device)
        if model.device.type == "cuda"
        else torch.backends.cpu.get_cpu_capability()
    )
    return digest_of(key, device, torch.get_num_threads())


def _sweep(model, prompts, answers, order, counts, instead, residual_cache, step_done) -> np.ndarray:
    """KL of one batch at all counts, (len(counts), n_rows)."""
    n_shared = model.n_shared(prompts) if len(prompts) > 1 else 0
    n_shared = n_shared if n_shared >= LEAST_SHARED else 0
    sequences = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    places = [answer_positions(prompt, answer, n_shared) for prompt, answer in zip(prompts, answers, strict=True)]
    restarts = lowest_changed(order, counts, model.heads.heads).tolist()
    decoder = RestartingDecoder(model, sequences, n_shared, instead, restarts, residual_cache)

    def states(hidden: torch.Tensor) -> torch.Tensor:
        return torch.cat([hidden[row, positions] for row, positions in enumerate(places)])

    def removals() -> Iterator[torch.Tensor]:
        for before, count in pairwise(counts):
            yield states(decoder.hidden(order[:count], order[before:count]))
            step_done()

    def each_alone() -> torch.Tensor:
        alone = [
            model.forced([[*sequence, PAD]])[0, answer_positions(prompt, answer)]
            for sequence, prompt, answer in zip(sequences, prompts, answers, strict=True)
        ]
        return torch.cat(alone)

    original, lengths = states(decoder.hidden()), [len(answer) for answer in answers]
    # ASSUME: The noise floor of KL is the intact model against itself computed in another batch, since a second pass
    # over the same batch would repeat the same roundings and give 0.
    floor = mean_kl(model, original, [each_alone()], lengths)
    step_done()
    _require_finite(floor, counts, model, sequences)
    measured = np.concatenate([floor, mean_kl(model, original, removals(), lengths)])
    _require_finite(measured, counts, model)
    return measured


def _require_finite(kl: np.ndarray, counts: Sequence[int], model: LanguageModel, sequences: Sequence = ()) -> None:
    wrong = ~np.isfinite(kl).all(axis=1)
    if wrong.any():
        raise not_finite(f"logits with {counts[wrong.argmax()]} heads removed", model, sequences)
