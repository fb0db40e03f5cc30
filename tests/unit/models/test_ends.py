"""Where a text may end: end-of-sequence ids, what tokenizers append, rows of the embedding, positions."""

import shutil

import pytest
import torch
import transformers as hf
from places import MODELS
from tiny import CONFIGS, PROMPTS, tiny_model
from tokenizers.processors import ByteLevel, Sequence, TemplateProcessing

from synergy.files.errors import InputError
from synergy.models.loading import LanguageModel, load_model, load_tokenizer, prompt_ids
from synergy.recording.recorder import record

RANDOM = {"kind": "random", "seed": 0}


def with_ends(name, ends, of_tokenizer=None):
    """A tiny model whose generation config and tokenizer name these ends."""
    model = tiny_model(name)
    model.model.generation_config.eos_token_id = ends
    model.tokenizer.eos_token_id = of_tokenizer
    return LanguageModel(model.model, model.tokenizer)


@pytest.mark.parametrize(
    ("ends", "of_tokenizer", "kept", "said"),
    [
        ([1, 7], 1, [1, 7], ""),
        (7, None, [7], ""),
        (None, None, [], "names no end-of-sequence token"),
        (-1, 5, [5], "ids -1 are left out: the vocabulary has 300"),
        ([2, 300, 4000], -1, [2], "ids -1, 300, 4000 are left out"),
        ([-1], None, [], "names no end-of-sequence token"),
        ([0, 299], 0, [0, 299], ""),
    ],
)
def test_ends_are_those_that_the_vocabulary_has(capsys, ends, of_tokenizer, kept, said):
    assert with_ends("llama", ends, of_tokenizer).stop_ids == kept
    printed = capsys.readouterr().out
    assert said in printed
    assert bool(said) == bool(printed)


@pytest.mark.parametrize("ends", [None, -1])
def test_a_model_without_an_end_is_recorded_and_answers_to_the_last_token(ends):
    model = with_ends("qwen3", ends)
    recorded = record(model, PROMPTS, 5, 3)
    assert recorded.natural_length.tolist() == [5] * len(PROMPTS)
    assert torch.isfinite(torch.tensor(recorded.activations)).all()
    first = with_ends("qwen3", int(recorded.generated[0, 0]))
    ended = record(first, PROMPTS, 5, 3)
    assert ended.natural_length[0] == 0
    assert recorded.generated[0, 0] not in ended.generated


def test_the_untrained_twin_ends_where_the_trained_one_does(tmp_path):
    shutil.copytree(MODELS / "tiny-qwen3", tmp_path / "model")
    hf.GenerationConfig(eos_token_id=[1, 42]).save_pretrained(tmp_path / "model")
    assert load_model(tmp_path / "model", RANDOM, "float32", "cpu").stop_ids == [1, 42]


TOKENS = [("<eos>", 1), ("<pad>", 0)]
APPENDING = {
    "the end": (TemplateProcessing(single="$A <eos>", special_tokens=TOKENS), []),
    "the end twice": (TemplateProcessing(single="$A <eos> <eos>", special_tokens=TOKENS), []),
    "both": (TemplateProcessing(single="<pad> $A <eos>", special_tokens=TOKENS), [0]),
    "after another step": (
        Sequence([ByteLevel(), TemplateProcessing(single="<pad> $A <eos>", special_tokens=TOKENS)]),
        [0],
    ),
    "a beginning": (TemplateProcessing(single="<eos> $A", special_tokens=TOKENS), [1]),
    "nothing": (ByteLevel(), []),
}


@pytest.mark.parametrize("what", APPENDING)
def test_what_a_tokenizer_appends_is_left_out(tmp_path, capsys, what):
    processor, before = APPENDING[what]
    tokenizer = load_tokenizer(MODELS / "tiny-neox")
    plain = tokenizer("Hi?\n\nAnswer:", add_special_tokens=False).input_ids
    tokenizer.backend_tokenizer.post_processor = processor
    tokenizer.save_pretrained(tmp_path / "model")
    capsys.readouterr()
    mended = load_tokenizer(tmp_path / "model")
    assert prompt_ids(mended, "Hi?", "plain", {}) == [*before, *plain]
    assert mended("Hi?\n\nAnswer:", add_special_tokens=False).input_ids == plain
    assert ("behind every prompt" in capsys.readouterr().out) == (what not in ("a beginning", "nothing"))


@pytest.mark.parametrize("name", CONFIGS)
def test_ids_beyond_the_embedding_are_refused_with_both_numbers(name):
    model = tiny_model(name)
    model.require_room([[1, 299], [5]], 3)
    for beyond in (300, 128_256):
        with pytest.raises(InputError, match=f"below 300, the rows .*; found id {beyond}"):
            model.require_room([[1], [5, beyond, 7]], 3)


@pytest.mark.parametrize("name", CONFIGS)
def test_positions_that_a_model_has_not_learnt_are_refused_before_anything_is_computed(name):
    model = tiny_model(name)
    model.require_room([[5] * 100, [6] * 156], 100)  # 256
    if name != "gpt2":  # whose positions alone are rows of a table
        return model.require_room([[5] * 200], 2048)
    for length, new, found in ((157, 100, "257: a prompt of 157 and 100"), (10, 2048, "2058: a prompt of 10 and 2048")):
        with pytest.raises(InputError, match=f"at most 256 tokens.*; found {found}"):
            model.require_room([[5] * length, [6]], new)
    longest = record(model, [[5] * 156], 100, 2)  # the last that has room
    assert longest.activations.shape == (1, 12, 100)
