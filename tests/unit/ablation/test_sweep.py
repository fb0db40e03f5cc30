"""The restarting engine against a plain implementation, and truths of what it measures."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from live_tensors import LiveTensors
from plain_ablation import plain_curve, plain_means
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.ablation import divergence
from synergy.ablation.removal import mean_outputs, removed
from synergy.ablation.restarting import RestartingDecoder
from synergy.ablation.sweep import Removal, decided_by, measure_curves
from synergy.files.errors import InputError

COUNTS = [0, 1, 2, 4, 8, 12]
SHARED = [[*range(100, 120), *prompt] for prompt in PROMPTS]  # a system prompt of 20 tokens before each


def measure_curve(model, prompts, answers, order, counts, *settings, **more):
    """The only curve of a single order."""
    (kl,) = measure_curves(model, prompts, answers, [Removal(order, counts)], *settings, **more)
    return kl


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(params=CONFIGS)
def model(request):
    return tiny_model(request.param)


@pytest.fixture
def answers():
    generator = np.random.default_rng(0)
    return [generator.integers(2, 300, 6 + row).tolist() for row in range(len(PROMPTS))]


@pytest.fixture
def order():
    return np.random.default_rng(1).permutation(12)


@pytest.mark.parametrize("method", ["zero", "mean"])
@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["own", "shared"])
@pytest.mark.parametrize("counts", [COUNTS, [0, 3, 12]], ids=["small steps", "large steps"])
def test_engine_equals_plain_forward_passes(model, answers, order, prompts, counts, method):
    fast = measure_curve(model, prompts, answers, order, counts, 2, method)
    np.testing.assert_allclose(fast, plain_curve(model, prompts, answers, order, counts, method), atol=1e-6)
    assert (fast >= 0).all()
    assert (fast[0] < 1e-9).all()
    assert (fast[1:] > 1e-6).all()


@pytest.mark.parametrize("layer_of_each", [[0, 1, 2], [2, 1, 0], [1, 2, 1, 0, 2]])
def test_any_sequence_of_lowest_layers_restarts_rightly(model, answers, layer_of_each):
    free = {layer: iter(range(4 * layer, 4 * layer + 4)) for layer in range(3)}
    order = [next(free[layer]) for layer in layer_of_each]
    order += [head for head in range(12) if head not in order]
    counts = list(range(len(layer_of_each) + 1))
    fast = measure_curve(model, SHARED, answers, order, counts, 3)
    np.testing.assert_allclose(fast, plain_curve(model, SHARED, answers, order, counts), atol=1e-6)


@pytest.mark.parametrize("cache", ["device", "cpu", "none"])
@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["own", "shared"])
def test_cache_changes_nothing_but_the_work(answers, order, cache, prompts, monkeypatch):
    model = tiny_model("qwen3")
    expected = plain_curve(model, prompts, answers, order, COUNTS)
    runs = dict.fromkeys(range(3), 0)
    for layer in range(3):
        attention = model.heads.attention(layer)
        attention.register_forward_hook(lambda *_, layer=layer: runs.update({layer: runs[layer] + 1}))
    np.testing.assert_allclose(
        measure_curve(model, prompts, answers, order, COUNTS, 3, residual_cache=cache), expected, atol=1e-6
    )
    lowest = [min(order[before:count]) // 4 for before, count in pairwise(COUNTS)]
    passes = 2 if prompts is SHARED else 1  # prefix and rest
    for layer in range(3):
        steps = sum(layer >= low for low in lowest) if cache != "none" else len(lowest)
        assert runs[layer] == passes * (1 + steps) + 3  # the original, the steps, each prompt alone for the noise floor


@pytest.mark.parametrize(
    ("restarts", "cache", "n_kept"),
    [([], "device", 0), ([0], "device", 0), ([2], "device", 1), ([1, 1, 2, 0], "device", 2), ([1, 2], "none", 0)],
)
def test_residual_streams_are_kept_where_a_later_pass_restarts_and_nowhere_else(restarts, cache, n_kept):
    model = tiny_model("llama")
    with LiveTensors(model.model) as live:
        decoder = RestartingDecoder(model, PROMPTS, restarts=restarts, cache=cache)
        decoder.hidden()
    n_places = len(PROMPTS) * max(map(len, PROMPTS))
    assert live.now == n_kept * n_places * 32 * 4 + n_places * 8  # token ids stay too


@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["own", "shared"])
def test_memory_is_residual_streams_and_a_chunk_beside_one_pass(prompts, monkeypatch):
    """Keys and values of all layers, or the states of a step held twice, would be too much."""
    model = tiny_model("llama", num_hidden_layers=16)
    answers = [list(range(5, 65)) for _ in prompts]
    sequences = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
    order, counts = list(range(63, -1, -4)), list(range(17))  # one head of each layer
    with LiveTensors(model.model) as plain, torch.inference_mode(), removed(model, order[:16]):
        model.forced(sequences)
    half = 2 * sum(map(len, answers)) * 32 * 4  # room for the original's states and a step's
    monkeypatch.setitem(divergence.CHUNK_BYTES, "cpu", 2 * half)
    for cache, n_kept in (("device", 15), ("none", 0)):
        with LiveTensors(model.model) as ours:
            measure_curve(model, prompts, answers, order, counts, 3, residual_cache=cache)
        streams = 2 * n_kept * len(sequences) * max(map(len, sequences)) * 32 * 4
        assert ours.peak <= streams + plain.peak + half
        assert ours.now == 0


@pytest.mark.parametrize("method", ["zero", "mean"])
def test_result_does_not_depend_on_the_batch_or_on_the_steps_before(answers, order, method):
    model = tiny_model("qwen3")
    complete = measure_curve(model, SHARED, answers, order, COUNTS, 3, method)
    for batch_size in (1, 2):
        other = measure_curve(model, SHARED, answers, order, COUNTS, batch_size, method)
        np.testing.assert_allclose(other, complete, atol=1e-6)
    np.testing.assert_allclose(
        measure_curve(model, SHARED, answers, order, [0, 8], 3, method), complete[[0, 4]], atol=1e-6
    )


def test_more_steps_than_wait_for_the_head_at_once_give_the_same(answers, order, monkeypatch):
    model = tiny_model("llama")
    complete = measure_curve(model, PROMPTS, answers, order, COUNTS, 3)
    monkeypatch.setattr(divergence, "STEPS_AT_ONCE", 2)
    np.testing.assert_array_equal(measure_curve(model, PROMPTS, answers, order, COUNTS, 3), complete)


@pytest.mark.parametrize("cache", ["device", "none"])
@pytest.mark.parametrize("prompts", [PROMPTS, SHARED], ids=["own", "shared"])
def test_orders_that_share_their_reference_pass_are_what_each_is_alone(model, answers, prompts, cache):
    draws = np.random.default_rng(2)
    removals = [Removal(draws.permutation(12), counts) for counts in ([0, 4, 8], [0, 1, 4, 8], [0, 8], [0, 12])]
    together = measure_curves(model, prompts, answers, removals, 2, residual_cache=cache)
    for own, (order, counts) in zip(together, removals, strict=True):
        np.testing.assert_allclose(own, plain_curve(model, prompts, answers, order, counts), atol=1e-6)
        np.testing.assert_array_equal(own[0], together[0][0])


def test_reference_pass_and_noise_floor_are_made_once_for_all_orders(answers):
    model, n_runs = tiny_model("llama"), []
    model.heads.attention(0).register_forward_hook(lambda *_: n_runs.append(1))
    removals = [Removal(np.arange(11, -1, -1), [0, 2, 4])] * 3  # heads of the last layer: nothing below runs again
    measure_curves(model, PROMPTS, answers, removals, 3)
    assert len(n_runs) == 1 + 3  # the original, and each prompt alone


def test_an_interrupted_range_goes_on_within_its_batch(answers):
    model, finished = tiny_model("llama"), {}
    draws = np.random.default_rng(2)
    removals = [Removal(draws.permutation(12), COUNTS) for _ in range(3)]
    complete = measure_curves(
        model, PROMPTS, answers, removals, 2, batch_done=lambda k, kl: finished.setdefault(k, kl.copy())
    )
    left, again, steps = [finished[0], finished[1], None], [], []
    resumed = measure_curves(
        model, PROMPTS, answers, removals, 2, done=left, batch_done=lambda k, _: again.append(k), step_done=steps.append
    )
    for own, whole in zip(resumed, complete, strict=True):
        np.testing.assert_array_equal(own, whole)
    assert again == [2, 0, 1, 2]
    assert sum(steps) == 3 * 3 * len(COUNTS)


def test_order_within_a_step_does_not_matter(answers, order):
    model = tiny_model("llama")
    shuffled = np.concatenate([order[:8][::-1], order[8:]])
    one = measure_curve(model, PROMPTS, answers, order, [0, 8], 3)
    np.testing.assert_allclose(measure_curve(model, PROMPTS, answers, shuffled, [0, 8], 3), one, atol=1e-7)


def test_batches_stay_halved_when_memory_runs_out_and_steps_in_vain_do_not_count(answers, order, monkeypatch):
    """Six prompts, batches of four, a device that holds two; it is full in the middle of a batch's steps."""
    model = tiny_model("llama")
    asked = PROMPTS + [[*prompt, 7] for prompt in PROMPTS], answers + answers
    complete = measure_curve(model, *asked, order, COUNTS, 4)
    forward, sizes, done = model.decoder.forward, [], []

    def small(*arguments, **keywords):
        rows = len(keywords["input_ids"])
        sizes.append(rows)
        if rows > 2 and sizes.count(rows) == 3:  # the original, one step, and then no more
            raise torch.cuda.OutOfMemoryError("no memory")
        return forward(*arguments, **keywords)

    monkeypatch.setattr(model.decoder, "forward", small)
    halved = measure_curve(model, *asked, order, COUNTS, 4, step_done=done.append)
    np.testing.assert_allclose(halved, complete, atol=1e-6)
    assert sizes.count(4) == 3
    assert min(done) < 0
    assert sum(done) == 6 * len(COUNTS)


def test_zeros_are_no_longer_heard_and_means_say_the_same_everywhere(model, answers):
    inputs = {}

    def watch(layer):
        return lambda _module, arguments, _output: inputs.update({layer: arguments[0]})

    hooks = [model.heads.output_projection(layer).register_forward_hook(watch(layer)) for layer in range(3)]
    for instead in (None, mean_outputs(model, PROMPTS, answers, 2)):
        with removed(model, [0, 3, 11], instead):
            model.forced(PROMPTS)
        values = torch.zeros(12, model.heads.head_dim) if instead is None else instead
        for layer in range(3):
            outputs = inputs[layer].unflatten(-1, (4, model.heads.head_dim))
            for head in range(4):
                same = (outputs[..., head, :] == values[4 * layer + head]).all()
                assert same == (4 * layer + head in (0, 3, 11))
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_means_are_over_all_positions_that_predict_generated_tokens(model, answers, batch_size):
    with torch.inference_mode():
        expected = plain_means(model, PROMPTS, answers)
    torch.testing.assert_close(mean_outputs(model, PROMPTS, answers, batch_size), expected, atol=1e-6, rtol=1e-5)


def test_without_any_head_attention_contributes_nothing(model):
    with removed(model, range(12)):
        outputs = []
        hooks = [
            model.heads.output_projection(layer).register_forward_hook(lambda m, _i, out: outputs.append((m, out)))
            for layer in range(3)
        ]
        model.forced(PROMPTS)
    for hook in hooks:
        hook.remove()
    for projection, output in outputs:
        bias = projection.bias if projection.bias is not None else torch.zeros(32)
        torch.testing.assert_close(output, bias.expand_as(output))


def test_noise_floor_is_measured_on_a_second_computation(answers, order, monkeypatch):
    """Passes that differ in rounding, as passes in bfloat16 do, have a noise floor above zero."""
    model = tiny_model("llama")
    forced = model.forced
    monkeypatch.setattr(model, "forced", lambda sequences: forced(sequences) * (1 + 1e-3))
    floor, one = measure_curve(model, PROMPTS, answers, order, [0, 1], 3)
    assert (floor > 1e-9).all()
    np.testing.assert_allclose(one, plain_curve(model, PROMPTS, answers, order, [0, 1])[1], atol=1e-6)


def test_bfloat16_has_a_noise_floor_below_the_effect_of_heads(answers, order):
    model = tiny_model("qwen3")
    model.model.to(torch.bfloat16)
    kl = measure_curve(model, PROMPTS, answers, order, [0, 6, 12], 3)
    assert np.isfinite(kl).all()
    assert kl[0].mean() < 0.1 * kl[2].mean()


def test_finished_batches_are_not_computed_again_and_the_bits_are_the_same(answers, order):
    model = tiny_model("llama")
    kept, steps = [], []
    complete = measure_curve(model, PROMPTS, answers, order, COUNTS, 1, batch_done=lambda _, kl: kept.append(kl.copy()))
    assert [np.isfinite(kl).all(axis=0).sum() for kl in kept] == [1, 2, 3]
    kept_again = []
    resumed = measure_curve(
        model,
        PROMPTS,
        answers,
        order,
        COUNTS,
        1,
        step_done=steps.append,
        done=[kept[1]],
        batch_done=lambda _, kl: kept_again.append(kl.copy()),
    )
    np.testing.assert_array_equal(resumed, complete)
    assert len(kept_again) == 1
    assert sum(steps) == 3 * len(COUNTS)  # the progress bar ends full


def test_mark_of_an_unfinished_order_tells_key_and_threads_apart():
    model = tiny_model("llama")
    marks = [decided_by(model, "key"), decided_by(model, "another")]
    torch.set_num_threads(2)
    marks.append(decided_by(model, "key"))
    torch.set_num_threads(1)
    assert len(set(marks)) == 3
    assert decided_by(model, "key") == marks[0]


def test_logits_that_overflow_name_the_dtype_and_what_to_do(answers, order):
    model = tiny_model("llama")
    model.model.get_output_embeddings().weight[3] = torch.inf
    with pytest.raises(InputError, match=r"0 heads removed; .*after the last layer, with dtype float32.*\n.*bfloat16"):
        measure_curve(model, PROMPTS, answers, order, COUNTS, 3)


@pytest.mark.parametrize("fails_at", [1, 2, 5])
def test_nothing_is_left_behind_when_a_pass_fails(model, answers, order, fails_at, monkeypatch):
    calls = iter(range(100))
    last = model.heads.layers[2]
    forward = last.forward

    def fail(*arguments, **keywords):
        if next(calls) == fails_at:
            raise RuntimeError("inside")
        return forward(*arguments, **keywords)

    monkeypatch.setattr(last, "forward", fail)
    with pytest.raises(RuntimeError, match="inside"):
        measure_curve(model, SHARED, answers, order, COUNTS, 3, "mean")
    monkeypatch.undo()
    assert not any(module._forward_pre_hooks for module in model.model.modules())
    assert not any("forward" in vars(layer) for layer in model.heads.layers[:2])
    clean = tiny_model(next(name for name in CONFIGS if type(tiny_model(name).model) is type(model.model)))
    torch.testing.assert_close(model.forced(PROMPTS), clean.forced(PROMPTS))
