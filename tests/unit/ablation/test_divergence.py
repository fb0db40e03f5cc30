"""KL over the vocabulary: known values, precision, memory."""

import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from live_tensors import LiveTensors
from tiny import tiny_model

from synergy.ablation.divergence import BUFFERS, STEPS_AT_ONCE, kl_of_steps

LENGTHS = [3, 7, 2]


def mean_kl(*arguments):
    """All steps at once, (n_steps, n_rows)."""
    return np.array(list(kl_of_steps(*arguments)))


class Logits:
    """A model whose hidden states are the logits."""

    device = torch.device("cpu")

    def __init__(self, vocabulary):
        self.sizes = []
        embeddings = SimpleNamespace(weight=torch.empty(vocabulary, 1))
        self.model = SimpleNamespace(get_output_embeddings=lambda: embeddings)

    def logits(self, hidden):
        """The states themselves; how many positions were asked for is kept."""
        self.sizes.append(len(hidden))
        return hidden.clone()


def exact(p, q):
    """In float64, from float32 logits."""
    log_p, log_q = p.double().log_softmax(-1), q.double().log_softmax(-1)
    return (log_p.exp() * (log_p - log_q)).sum(-1).mean().item()


def test_kl_of_known_distributions():
    p, q = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    expected = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    assert mean_kl(Logits(2), p, [q], [1])[0, 0] == pytest.approx(expected, abs=1e-7)
    assert mean_kl(Logits(2), p, [p], [1])[0, 0] == 0


def some_rows_and_steps(n_steps):
    """States of rows of 3, 7 and 2 positions, and those of several steps: lists of rows."""
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randn(n, 50, generator=generator) for n in LENGTHS]
    steps = [
        [row + 0.1 * step * torch.randn(row.shape, generator=generator) for row in rows] for step in range(n_steps)
    ]
    return rows, steps


def test_rows_and_steps_keep_their_places():
    rows, steps = some_rows_and_steps(20)
    expected = [[exact(p, q) for p, q in zip(rows, step, strict=True)] for step in steps]
    measured = mean_kl(Logits(50), torch.cat(rows), map(torch.cat, steps), LENGTHS)
    np.testing.assert_allclose(measured, expected, atol=1e-6)


@pytest.mark.parametrize("vocabulary", [50, 262144])
@pytest.mark.parametrize("difference", [1e-4, 1e-3, 1e-2, 1.0])
@pytest.mark.parametrize("scale", [0.1, 5.0])
def test_small_divergences_do_not_drown_in_rounding(vocabulary, difference, scale):
    """Float32 log-probabilities near -12 are rounded to 1e-6; divergences of 1e-9 are still right to a percent."""
    generator = torch.Generator().manual_seed(1)
    p = scale * torch.randn(4, vocabulary, generator=generator) + 30
    q = p + difference * torch.randn(p.shape, generator=generator)
    measured, expected = mean_kl(Logits(vocabulary), p, [q], [4])[0, 0], exact(p, q)
    assert measured > 0
    assert measured == pytest.approx(expected, rel=0.02)
    assert measured == pytest.approx(expected, abs=1e-6)


def test_a_token_that_only_one_of_the_two_expects_stays_finite():
    p = torch.tensor([[0.0, -300.0, -20.0]])
    q = torch.tensor([[-300.0, 0.0, -20.0]])
    assert mean_kl(Logits(3), p, [q], [1])[0, 0] == pytest.approx(300, rel=1e-5)
    assert mean_kl(Logits(3), q, [p], [1])[0, 0] == pytest.approx(300, rel=1e-5)


@pytest.mark.parametrize(("chunk_bytes", "most"), [(1, 1), (2 * BUFFERS["cpu"] * 4 * 50 * 8, 8), (10**9, 12)])
def test_logits_never_exceed_their_chunk(chunk_bytes, most):
    rows, steps = some_rows_and_steps(3)
    states = torch.cat(rows), [torch.cat(step) for step in steps], LENGTHS
    model = Logits(50)
    chunked = mean_kl(model, *states, chunk_bytes)
    assert max(model.sizes) == most
    np.testing.assert_allclose(chunked, mean_kl(Logits(50), *states), rtol=1e-6)


@pytest.mark.parametrize("architecture", ["llama", "gemma2"])  # the second bends its logits
def test_memory_stays_within_a_chunk(architecture):
    model = tiny_model(architecture, vocab_size=50_000)
    original = torch.randn(400, 32, generator=torch.Generator().manual_seed(0))
    with LiveTensors(model.model) as live, torch.inference_mode():
        mean_kl(model, original, (original + step for step in range(20)), [400], 2**26)
    assert 2**25 < live.peak <= 2**26


@pytest.mark.parametrize(
    ("room", "waiting", "chunks"), [(-1, 1, 5), (3, 3, 5), (30, STEPS_AT_ONCE, 3), (100, STEPS_AT_ONCE, 1)]
)
def test_steps_are_asked_for_as_there_is_room_for_their_states(room, waiting, chunks):
    p = torch.zeros(5, 50)
    alive, most = [], []

    def steps():
        for _ in range(35):
            states = p.clone()
            alive.append(weakref.ref(states))
            most.append(sum(ref() is not None for ref in alive))
            yield states
            del states

    model = Logits(1000)  # chunks are cut for so many, though it gives 50
    mean_kl(model, p, steps(), [5], max(2, 2 * (room + 1) * p.nbytes))
    assert max(most) == waiting
    assert len(model.sizes) == chunks * (35 + -(-35 // waiting))  # the original's logits serve all that wait


def test_what_is_not_finite_is_nan():
    p, bad = torch.zeros(2, 4), torch.tensor([[0.0, torch.nan, 0, 0], [0, 0, 0, 0]])
    assert np.isnan(mean_kl(Logits(4), p, [bad], [2])).all()
    assert np.isnan(mean_kl(Logits(4), bad, [p], [2])).all()
