"""Decoding in fixed buffers: the same logits, tokens and norms as without, also where a step is replayed."""

import numpy as np
import pytest
import torch
from recorded_graph import RecordedGraph, recording
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.models import generation
from synergy.models.generation import GreedyDecoding
from synergy.models.static_decoding import StaticDecoding, greedy_decoding
from synergy.perturbation.answering import answer_prompts
from synergy.recording.recorder import record

N_TOKENS = 24  # beyond the tiny sliding windows
ARRAYS = "activations", "activations_after_output", "token_logprob", "entropy", "topk_logprobs"


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


@pytest.fixture(params=[False, True], ids=["step by step", "replayed"])
def graphs(request, monkeypatch):
    """CUDA graphs that record a step's operators; or none, since there is no GPU."""
    made = []
    if request.param:
        monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: made.append(RecordedGraph()) or made[-1])
        monkeypatch.setattr(torch.cuda, "graph", recording)
    return made if request.param else None


def logits_of(decoding, leaving):
    """Logits of each step, (rows, vocabulary), where after step n the rows `leaving[n]` are the only ones left."""
    found = []
    with torch.inference_mode():
        for step in range(N_TOKENS):
            found.append(decoding.logits.clone())
            tokens = decoding.logits.argmax(-1)
            if step in leaving:
                rows = torch.tensor(leaving[step])
                decoding.keep(rows)
                tokens = tokens[rows]
            decoding.append(tokens)
    return found


SOME_LEAVE = {0: [1, 3, 4, 5, 6], 7: [4], 12: [0]}


@pytest.mark.parametrize(
    ("chunk", "leaving", "n_replays"),
    [(1, {3: [0, 2]}, [1]), (5, SOME_LEAVE, [5, 3, 4, 4, 2]), (64, SOME_LEAVE, [6, 16]), (64, {}, [23])],
)
def test_logits_are_those_of_decoding_without_buffers(model, graphs, chunk, leaving, n_replays):
    model.capturable = graphs is not None
    prompts = [*PROMPTS, *([7, *range(40, 40 + n)] for n in (1, 30, 3, 8))]
    with torch.inference_mode():
        plain, static = GreedyDecoding(model, prompts), StaticDecoding(model, prompts, chunk)
    expected, found = logits_of(plain, leaving), logits_of(static, leaving)
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5)
        assert (own.argmax(-1) == other.argmax(-1)).all()
    if graphs is not None:  # The first step with new buffers is not replayed.
        assert [graph.n_replays for graph in graphs] == n_replays


def test_a_prompt_alone_and_a_shared_prefix(model, graphs):
    model.capturable = graphs is not None
    for prompts in ([PROMPTS[2]], [PROMPTS[1], [*PROMPTS[1], 9, 8]]):
        with torch.inference_mode():
            plain, static = GreedyDecoding(model, prompts), StaticDecoding(model, prompts, 7)
        for own, other in zip(logits_of(static, {}), logits_of(plain, {}), strict=True):
            torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5)


def test_a_recording_is_the_same(model, graphs):
    expected = record(model, PROMPTS, N_TOKENS, 3)
    model.capturable = True
    found = record(model, PROMPTS, N_TOKENS, 3)
    np.testing.assert_array_equal(found.generated, expected.generated)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-4, atol=1e-5)
    assert model.capturable == (graphs is not None)
    assert graphs is None or graphs[0].n_replays == N_TOKENS - 1


def test_answers_are_the_same_whoever_leaves(model, graphs):
    model.stop_ids = []
    free = answer_prompts(model, PROMPTS, N_TOKENS, 3)
    model.stop_ids = [free[1].ids[3], free[2].ids[7]]
    expected = answer_prompts(model, PROMPTS, N_TOKENS, 3)
    model.capturable = True
    assert answer_prompts(model, PROMPTS, N_TOKENS, 3) == expected


def test_rows_that_have_left_do_not_pass_the_last_position(graphs):
    model = tiny_model("gpt2", n_positions=48)
    model.capturable = graphs is not None
    prompts = [list(range(5, 49)), [5, 6]]  # 44 tokens, of which the table has four more
    with torch.inference_mode():
        static = StaticDecoding(model, prompts)
        found = logits_of(static, {1: [1]})
        expected = logits_of(GreedyDecoding(model, [[5, 6]]), {})
    torch.testing.assert_close(found[-1], expected[-1], atol=1e-5, rtol=1e-5)


def test_a_model_that_is_not_captured_is_run_as_before_and_one_line_says_so(capsys):
    model = tiny_model("llama")
    expected = record(model, PROMPTS, 5, 3).generated
    model.capturable = True
    assert isinstance(greedy_decoding(model, PROMPTS), StaticDecoding)
    for _ in range(2):
        np.testing.assert_array_equal(record(model, PROMPTS, 5, 3).generated, expected)
    assert capsys.readouterr().out.count("without a CUDA graph") == 1
    assert type(greedy_decoding(model, PROMPTS)) is GreedyDecoding


def test_memory_that_runs_out_while_capturing_halves_the_batch(graphs, monkeypatch, capsys):
    model = tiny_model("qwen3")
    expected = answer_prompts(model, PROMPTS, N_TOKENS, 3)

    class Full:
        def __enter__(self):
            pass

        def __exit__(self, *exception):
            raise RuntimeError("operation failed due to a previous error during capture")

    real, step = torch.cuda.graph, StaticDecoding._step

    def limited(self):
        if self.__dict__.get("capturing") and len(self._tokens) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(self)

    def capture(self, do=StaticDecoding._capture):
        self.capturing = True
        monkeypatch.setattr(torch.cuda, "graph", lambda *a, **k: Full() if len(self._tokens) > 1 else real(*a, **k))
        do(self)
        self.capturing = False

    if graphs is None:
        pytest.skip("nothing is captured")
    monkeypatch.setattr(StaticDecoding, "_step", limited)
    monkeypatch.setattr(StaticDecoding, "_capture", capture)
    model.capturable = True
    assert answer_prompts(model, PROMPTS, N_TOKENS, 3) == expected
    assert "going on with batches of 2" in capsys.readouterr().out
    assert model.capturable


def test_what_is_captured_follows_weights_that_change_in_place(graphs):
    if graphs is None:
        pytest.skip("nothing is captured")
    model = tiny_model("qwen3")
    model.capturable = True
    with torch.inference_mode():
        plain, static = GreedyDecoding(model, PROMPTS), StaticDecoding(model, PROMPTS)
        for step in range(6):
            if step == 4:
                model.heads.output_weights(1)[2].add_(0.5)
            for decoding in (plain, static):
                decoding.append(torch.tensor([3, 4, 5]))
        torch.testing.assert_close(static.logits, plain.logits, atol=1e-5, rtol=1e-5)
    assert graphs[0].n_replays == 5


@pytest.mark.parametrize("leaving", [{}, SOME_LEAVE])
@pytest.mark.parametrize("room", [1, 5, 128])
def test_room_for_tokens_to_come_changes_no_bit(model, monkeypatch, room, leaving):
    prompts = [*PROMPTS, *([7, *range(40, 40 + n)] for n in (1, 30, 3, 8))]
    monkeypatch.setattr(generation, "ROOM", room)
    found = []
    for layer_of in (generation.RoomyLayer.of, lambda layer: layer):
        monkeypatch.setattr(generation.RoomyLayer, "of", layer_of)
        with torch.inference_mode():
            found.append(logits_of(GreedyDecoding(model, prompts), leaving))
    for ours, theirs in zip(*found, strict=True):
        assert torch.equal(ours, theirs)


def test_keys_and_values_are_copied_once_for_many_tokens():
    model = tiny_model("llama")
    with torch.inference_mode():
        decoding = GreedyDecoding(model, PROMPTS)
        places = []
        for _ in range(generation.ROOM + 2):
            decoding.append(decoding.logits.argmax(-1))
            places.append([layer.keys.data_ptr() for layer in decoding._cache.layers])
    changes = [step for step in range(1, len(places)) if places[step] != places[step - 1]]
    assert changes == [generation.ROOM]
