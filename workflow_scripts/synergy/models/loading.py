"""A causal language model from a local folder, in the two parts that the study runs: decoder and vocabulary head.

Tokens that all rows of a pass begin with are computed once: their keys and values are one row that serves all. On a
CPU with AVX-512, float32 linear layers go through oneDNN: PyTorch multiplies with MKL, which runs its 256-bit kernels
on AMD processors, and oneDNN, which PyTorch ships too, is twice as fast there (105 against 228 Gflop/s on one core of
a Zen 5), at every size of ours. Both are IEEE float32; results differ in rounding.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from tokenizers.processors import TemplateProcessing
from torch import nn
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from synergy.files.errors import InputError
from synergy.models.architectures import find_heads
from synergy.models.chat_templates import chat_text, complete_template, mark_after_answer
from synergy.models.model_folder import fetch_hint, understood, use_local_files

PAD = 0  # The id under padding never reaches a real position; any valid id will do.
# Tokens that end a turn or a text in one family of models or another; a GGUF file names one of its own as the end.
ENDS = (
    "</s>",
    "<eos>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|end_of_sentence|>",
    "<｜end▁of▁sentence｜>",
    "<end_of_turn>",
    "<turn|>",
    "<end_of_utterance>",
    "<|EOT|>",
    "<EOT>",
)
# Of transformers' quantised forms, the one that it turns back into plain weights.
DEQUANTISED = ("fp8",)
# Causal masks and the like that old checkpoints hold among their weights, and that no class has any more.
BUFFERS = re.compile(r"(?:attn|attention)\.(?:bias|masked_bias|rotary_emb\.inv_freq)")


class LanguageModel:
    """A causal language model split into decoder and vocabulary head.

    Attributes
    ----------
    decoder : torch.nn.Module
        The text decoder: token ids to final hidden states. In a multimodal checkpoint, its language part.
    heads : synergy.models.architectures.Llama
        Where the query heads live in the decoder.
    tokenizer
        The checkpoint's own tokenizer.
    stop_ids : list of int
        End-of-sequence ids.
    capturable : bool
        Whether a CUDA graph can hold a step of its decoding, as far as is known.
    """

    def __init__(self, model: nn.Module, tokenizer):
        self.model = model
        self.decoder = model.get_decoder()
        self.heads = find_heads(self.decoder)
        self.tokenizer = tokenizer
        self.stop_ids = stop_ids(model, tokenizer)
        self.capturable = self.device.type == "cuda" and not hasattr(model, "hf_device_map")

    @property
    def device(self) -> torch.device:
        """Where token ids go, and where logits come from; other layers may be elsewhere (see `load_model`)."""
        embedding = self.decoder.get_input_embeddings()
        hook = getattr(embedding, "_hf_hook", None)
        return torch.device(embedding.weight.device if hook is None else hook.execution_device)

    @property
    def n_heads_total(self) -> int:
        """Number of query heads over all layers."""
        return self.heads.n_layers * self.heads.heads

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Vocabulary logits in float32, shape (…, vocabulary), of final hidden states (…, d_model)."""
        logits = self.model.get_output_embeddings()(hidden).to(self.device).float()
        cap = self.heads.logit_cap
        return cap * torch.tanh(logits / cap) if cap else logits

    def require_room(self, prompts: Sequence[Sequence[int]], n_new: int) -> None:
        """Refuse prompts that the model has no embeddings for, or no positions for with `n_new` tokens behind them.

        Parameters
        ----------
        prompts : token ids of each prompt.

        Raises
        ------
        InputError
            With both numbers.
        """
        rows, largest = self.decoder.get_input_embeddings().num_embeddings, max(map(max, prompts))
        if largest >= rows:
            hint = "take the tokenizer that belongs to these weights, or the weights that belong to this tokenizer"
            raise InputError(f"token ids below {rows}, the rows of the model's embedding", f"id {largest}", hint)
        positions, longest = self.heads.n_positions, max(map(len, prompts))
        if positions and longest + n_new > positions:
            raise InputError(
                f"at most {positions} tokens, the positions that the model has learnt",
                f"{longest + n_new}: a prompt of {longest} and {n_new} of the answer",
                "lower recording.n_tokens or math.max_new_tokens, whichever asks for so many, or shorten the prompts",
            )

    def forced(self, sequences: Sequence[Sequence[int]], n_shared: int = 0) -> torch.Tensor:
        """Final hidden states of whole sequences in one causal pass.

        Padding is on the right, where causal attention keeps it from every real position; rows past a sequence's
        own length are meaningless.

        Parameters
        ----------
        sequences : token ids of each row.
        n_shared : int
            The first tokens, the same in all rows, that are computed once (see `n_shared`).

        Returns
        -------
        (batch, longest - n_shared, d_model)
        """
        longest = max(map(len, sequences))
        padded = [[*sequence, *[PAD] * (longest - len(sequence))] for sequence in sequences]
        ids = torch.tensor(padded, device=self.device)
        if not n_shared:
            return self.decoder(input_ids=ids, use_cache=False).last_hidden_state
        cache = shared_prefix(self.decoder, ids[:1, :n_shared])
        return self.decoder(input_ids=ids[:, n_shared:], past_key_values=cache, use_cache=True).last_hidden_state

    def n_shared(self, sequences: Sequence[Sequence[int]]) -> int:
        """How many first tokens all sequences have in common and can compute together; each keeps one of its own.

        0 for models with sliding windows, which would count the padding between prefix and rest.
        """
        if self.heads.has_sliding_windows:
            return 0
        most = min(map(len, sequences)) - 1
        same = (len({sequence[place] for sequence in sequences}) == 1 for place in range(most))
        return next((place for place, equal in enumerate(same) if not equal), most)

    def prefix_cache(self, ids: torch.Tensor, n_rows: int):
        """Keys and values of one prefix (1, n_shared), repeated for `n_rows` rows that go on token by token."""
        cache = self.decoder(input_ids=ids, use_cache=True).past_key_values
        cache.batch_repeat_interleave(n_rows)
        return cache


@contextmanager
def at_hand(modules: Iterator[nn.Module]) -> Iterator[None]:
    """Context in which the weights of modules can be read and written, also those that are elsewhere between passes.

    accelerate fetches weights that fit no device at each pass of their module, and lets go of them after it. Inside the
    context they stay, with what is written to them.
    """
    hooks = [(module, getattr(module, "_hf_hook", None)) for module in modules]
    away = [(module, hook) for module, hook in hooks if getattr(hook, "offload", False)]
    try:
        for module, hook in away:
            hook.pre_forward(module)
            hook.offload = False
        yield
    finally:
        for module, hook in away:
            hook.offload = True
            hook.post_forward(module, None)


def load_model(
    folder: str | Path, weights: dict, dtype: str, device: str | Mapping | None = None, gpus: int = 1
) -> LanguageModel:
    """Load a model from local files only.

    Parameters
    ----------
    folder : path
        Holds config, tokenizer and, for trained weights, safetensors.
    weights : dict
        ``{"kind": "trained"}``, or ``{"kind": "random", "seed": int}`` for the untrained control.
    dtype : str
        ``float32`` or ``bfloat16``.
    device : str or mapping, optional
        Default: see `best_device`. A mapping says where each module is, as accelerate's
        ``device_map``.
    gpus : int
        Over how many GPUs the model is spread, layer by layer, where there are so many.

    Raises
    ------
    InputError
        If the folder is incomplete, weights are missing, unexpected or of another shape than the architecture's, a GPU
        was granted that torch cannot use, or the GPUs do not hold the model.
    """
    use_local_files(folder, weights)
    config, tokenizer = read_config(folder), load_tokenizer(folder)
    if device is None:
        require_usable_gpu()
        device = best_device(dtype)
        if device == "cuda" and (n_gpus := min(gpus, torch.cuda.device_count())) > 1:
            device = spread(config, dtype, {gpu: torch.cuda.mem_get_info(gpu)[0] for gpu in range(n_gpus)})
    if weights["kind"] == "random":
        model = random_model(folder, config, weights["seed"], dtype)
        if isinstance(device, Mapping):
            from accelerate import dispatch_model

            model = dispatch_model(model, dict(device), skip_keys=model._skip_keys_device_placement)
    else:
        model = trained_model(folder, dtype, device)
    model.requires_grad_(False).eval()
    if not isinstance(device, Mapping):
        model.to(device)
    faster_linears(model)
    return LanguageModel(model, tokenizer)


def best_device(dtype: str) -> str:
    """``cuda`` where there is one, else for models in float32 Apple's ``mps`` where there is one, else ``cpu``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if dtype == "float32" and torch.backends.mps.is_available() else "cpu"


def in_float64(values: torch.Tensor) -> torch.Tensor:
    """Values in float64 where they are, or on the CPU if they are on a device without it (``mps``)."""
    return values.to("cpu" if values.device.type == "mps" else values.device, torch.float64)


def require_usable_gpu() -> None:
    """Refuse to compute on the CPU of a job that SLURM granted a GPU: it would take a day where an hour was meant.

    Raises
    ------
    InputError
        With the reason that torch gives.
    """
    names = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
    granted = [f"{name}={os.environ[name]}" for name in names if re.match(r"\d|GPU-|MIG-", os.environ.get(name, ""))]
    if "SLURM_JOB_ID" not in os.environ or not granted or torch.cuda.is_available():
        return
    reason = f"torch {torch.__version__} is a build without GPUs"
    if torch.version.cuda or torch.version.hip:
        try:
            torch.cuda.init()
            reason = "torch finds none"
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
    raise InputError(
        "a GPU that torch can use, since SLURM granted one",
        f"{granted[0]} on {os.uname().nodename}, but {reason}",
        "install torch for the driver of that node (nvidia-smi names it; docs/slurm.md), leave the node out "
        "(--slurm-exclude-failed-nodes), or set resources: {gpu: 0} in the model's stanza to compute on CPUs",
    )


def spread(config, dtype: str, memory: dict[int, int]) -> dict[str, int]:
    """Which GPU holds which part of a model, as equal parts as whole layers allow.

    Parameters
    ----------
    config : transformers config.
    memory : free bytes of each GPU; a tenth is left to activations.

    Raises
    ------
    InputError
        If they do not hold it.
    """
    from accelerate import infer_auto_device_map
    from accelerate.utils import compute_module_sizes
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    model.tie_weights()
    whole = compute_module_sizes(model)[""]
    layers = [compute_module_sizes(layer)[""] for layer in find_heads(model.get_decoder()).layers]
    # A layer more than its share, since none is cut; the last takes what is left.
    room = {gpu: int(0.9 * free) for gpu, free in memory.items()}
    share = {gpu: min(free, whole // len(memory) + max(layers)) for gpu, free in room.items()}
    share[max(share)] = room[max(share)]
    placed = infer_auto_device_map(model, share, no_split_module_classes=model._no_split_modules)
    if not set(placed.values()) <= memory.keys():
        raise InputError(
            f"{len(memory)} GPUs that hold {whole / 1e9:.3g} GB of weights",
            f"{sum(memory.values()) / 1e9:.3g} GB free, of which a tenth is needed beside the weights",
            "ask for more of them, resources: {gpu: …} in the model's stanza, or for larger ones",
        )
    return placed


def read_config(folder: str | Path):
    """The config of a folder.

    Raises
    ------
    InputError
        If transformers cannot read it, or it declares weights in a quantised form that stays quantised.
    """
    from transformers import AutoConfig

    with understood("config.json", folder, fetch_hint(folder)):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    quantised = getattr(config, "quantization_config", None) or {}
    quantised = quantised if isinstance(quantised, dict) else quantised.to_dict()
    method = quantised.get("quant_method", "a method without a name")
    if quantised and method not in DEQUANTISED:
        raise InputError(
            f"plain weights, or {', '.join(DEQUANTISED)}, in {folder}",
            f"weights quantised by {method} (quantization_config in config.json), which cannot be cut into heads",
            "choose the checkpoint from which they were quantised",
        )
    return config


def load_tokenizer(folder: str | Path):
    """The tokenizer of a folder, with its chat template, and without an end of the text behind every prompt.

    Raises
    ------
    InputError
        If transformers cannot read it.
    """
    from transformers import AutoTokenizer

    with understood("a tokenizer", folder, fetch_hint(folder)):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokenizer("a")  # some vocabularies are found wanting when they are first used
    complete_template(tokenizer, folder)
    append_nothing(tokenizer)
    return tokenizer


def check_loadable(folder: str | Path) -> None:
    """Check, without its weights, that a folder's model can be built and its tokenizer be used.

    Raises
    ------
    InputError
        If the architecture is unknown to us or to transformers, a setting of it is, or the tokenizer cannot be read.
    """
    from transformers import AutoModelForCausalLM

    config = read_config(folder)
    load_tokenizer(folder)
    with understood("an architecture", folder, "check config.json of the source"), torch.device("meta"):
        decoder = AutoModelForCausalLM.from_config(config).get_decoder()
    find_heads(decoder)


def random_model(folder: str | Path, config, seed: int, dtype: str) -> nn.Module:
    """The untrained model of a config; it ends where the trained one does."""
    from transformers import AutoModelForCausalLM, GenerationConfig

    # ASSUME: "Untrained" is the initialisation that transformers gives the architecture.
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    if (Path(folder) / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder, local_files_only=True)
    return model


def trained_model(folder: str | Path, dtype: str, device: str | Mapping) -> nn.Module:
    """The model of a folder with its weights, each of which has a place, as each place has a weight."""
    from transformers import AutoModelForCausalLM

    model, loaded = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=getattr(torch, dtype),
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
        device_map=device,  # straight to the device: the host never holds the whole model
    )
    # A checkpoint that fits its class only in part would be filled up with random weights in silence.
    wrong = {kind: sorted(map(str, keys)) for kind, keys in loaded.items() if keys and kind.endswith("_keys")}
    unexpected = [key for key in wrong.pop("unexpected_keys", []) if not BUFFERS.search(key)]
    wrong |= {"unexpected_keys": unexpected} if unexpected else {}
    if wrong:
        raise InputError(
            f"weights in {folder} that fit {type(model).__name__} key by key",
            "; ".join(f"{len(keys)} {kind} ({', '.join(keys[:3])} …)" for kind, keys in wrong.items()),
            "check that source and revision name the right checkpoint, delete the folder and fetch it again",
        )
    return model


def convert_gguf(weights: Path, folder: Path, random_weights: bool) -> None:
    """Turn a GGUF file into config, tokenizer (with chat template) and, unless left behind, float32 safetensors.

    Parameters
    ----------
    weights : Path
        The GGUF file.
    folder : Path
        Where the files are written.
    random_weights : bool
        Leave the weights behind.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    location = {"gguf_file": weights.name, "local_files_only": True}
    with read_once():
        print(f"reading config and tokenizer of {weights.name}")
        config = AutoConfig.from_pretrained(weights.parent, **location)
        tokenizer = AutoTokenizer.from_pretrained(weights.parent, config=config, **location)
        tokenizer.save_pretrained(folder)
        ends = ends_named(weights, tokenizer)
        if random_weights:
            config.save_pretrained(folder)
            GenerationConfig(eos_token_id=ends).save_pretrained(folder)
            return
        print(f"turning {weights.stat().st_size / 1e6:.0f} MB of weights into float32")
        model = AutoModelForCausalLM.from_pretrained(
            weights.parent, dtype=torch.float32, use_safetensors=True, **location
        )
    # The weights are dequantised now; a reader of the folder must not take them for quantised ones.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.generation_config.eos_token_id = ends
    model.save_pretrained(folder)
    for path in folder.glob("*.safetensors"):  # written for the owner alone, but a group may share the folder
        path.chmod((folder / "config.json").stat().st_mode)


@contextmanager
def read_once() -> Iterator[None]:
    """Have transformers read the head of a GGUF file once, and not at each of its looks, and that without detours.

    The reader of the gguf package takes it apart number by number, each a slice of a memory map: 25 CPU seconds for a
    vocabulary of 262,144.
    """
    import gguf

    class PlainReader(gguf.GGUFReader):
        def _get(self, *arguments, **keywords):
            self.data = np.asarray(self.data)  # the same bytes without the class that makes each slice dear
            return super()._get(*arguments, **keywords)

    theirs, gguf.GGUFReader = gguf.GGUFReader, cache(PlainReader)
    try:
        yield
    finally:
        gguf.GGUFReader = theirs


def ends_named(weights: Path, tokenizer) -> list[int]:
    """Ids of all tokens of a GGUF file that end an answer.

    Those that the file names as an end (of the text, of a turn, of a message), those of its control tokens that end
    texts or turns in one family of models or another, and what its chat template puts behind an answer.
    """
    from transformers.integrations.gguf import read_gguf_metadata

    metadata, _ = read_gguf_metadata(str(weights))
    named = {metadata.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("eos", "eot", "eom")}
    special = {token.content: number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    after = mark_after_answer(tokenizer).lstrip()
    behind = {number for text, number in special.items() if text and after.startswith(text)}
    return sorted(
        {number for number in named if number is not None} | behind | {special[x] for x in ENDS if x in special}
    )


def stop_ids(model: nn.Module, tokenizer) -> list[int]:
    """All ids that end an answer: the tokenizer's, and those of the checkpoint's generation config.

    Ids that no logit bears are left out, as the -1 of some configs; a model may be without any.
    """
    declared = model.generation_config.eos_token_id if model.generation_config is not None else None
    declared = declared if isinstance(declared, list) else [declared]
    found = {token for token in [tokenizer.eos_token_id, *declared] if token is not None}
    n_ids = model.get_output_embeddings().weight.shape[0]
    stops = sorted(token for token in found if 0 <= token < n_ids)
    if len(stops) < len(found):
        outside = ", ".join(str(token) for token in sorted(found) if token not in stops)
        print(f"End-of-sequence ids {outside} are left out: the vocabulary has {n_ids}.")
    if not stops:
        print("The checkpoint names no end-of-sequence token: no answer ends by itself, and none has a natural length.")
    return stops


def append_nothing(tokenizer) -> None:
    """Have a tokenizer put nothing behind a prompt: an end of the text there would make the answer another document.

    Raises
    ------
    InputError
        If it cannot be had otherwise.
    """
    behind = tokens_behind(tokenizer)
    if not behind:
        return
    print(f"The tokenizer puts {' '.join(behind)} behind every prompt; it is left out.")
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is not None:
        whole, bare = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
        before = tokenizer.convert_ids_to_tokens(whole[: len(whole) - len(bare) - len(behind)])
        special = [(token, tokenizer.convert_tokens_to_ids(token)) for token in before]
        fast.post_processor = TemplateProcessing(
            single=[*before, "$A"], pair=[*before, "$A", "$B"], special_tokens=special
        )
    if behind := tokens_behind(tokenizer):
        hint = "set add_eos_token: false in tokenizer_config.json of the source"
        raise InputError("a tokenizer that puts nothing behind a prompt", " ".join(behind), hint)


def tokens_behind(tokenizer) -> list[str]:
    """Tokens that a tokenizer puts behind every text."""
    whole, bare = tokenizer("a").input_ids, tokenizer("a", add_special_tokens=False).input_ids
    last = next((end for end in range(len(whole), 0, -1) if whole[:end][-len(bare) :] == bare), len(whole))
    return tokenizer.convert_ids_to_tokens(whole[last:])


def prompt_ids(tokenizer, text: str, prompt_format: str, template_arguments: dict) -> list[int]:
    """Token ids of a prompt as the model is asked it.

    Parameters
    ----------
    prompt_format : str
        ``chat``: one user turn in the model's own chat template; ``plain``: the bare text, for base models.
    template_arguments : dict
        Passed on to the chat template (Qwen 3: ``enable_thinking``).
    """
    if prompt_format == "chat":
        return tokenizer(chat_text(tokenizer, text, template_arguments), add_special_tokens=False).input_ids
    # ASSUME: A base model is asked a prompt followed by an empty line and "Answer:", a document that goes on with an
    # answer.
    return tokenizer(f"{text}\n\nAnswer:").input_ids


def shared_prefix(decoder: nn.Module, ids: torch.Tensor) -> Cache:
    """Keys and values of one prefix (1, n_shared), for a single pass over the rest of any number of rows.

    That pass adds nothing to them, so that of its own keys and values it holds those of one layer at a time.
    """
    computed = decoder(input_ids=ids, use_cache=True).past_key_values
    return Cache(layers=[PrefixLayer(layer, ids.shape[1]) for layer in computed.layers])


class PrefixLayer(DynamicLayer):
    """Keys and values of a prefix in one layer: one row, which serves all, and to which nothing is added.

    A layer that the prefix passed by has none. It still says how long the prefix is, for positions are counted on that.
    """

    def __init__(self, computed: DynamicLayer, length: int):
        super().__init__()
        self.keys, self.values, self._length = computed.keys, computed.values, length

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__) -> tuple[torch.Tensor, ...]:
        """Keys and values of the prefix and then of the new tokens, (rows, key-value heads, tokens, head_dim)."""
        both = (self.keys, key_states), (self.values, value_states)
        return tuple(torch.cat([prefix.expand(len(new), -1, -1, -1), new], dim=-2) for prefix, new in both)

    def get_seq_length(self) -> int:
        """Length of the prefix."""
        return self._length


def faster_linears(model: nn.Module) -> int:
    """Let the linear layers of a float32 model on an AVX-512 CPU use oneDNN; elsewhere change nothing.

    The weights stay where they are and are read at each call. For inference only: there is no gradient.

    Returns
    -------
    int
        How many layers were changed.
    """
    found = [module for module in model.modules() if isinstance(module, nn.Linear) and _fits(module.weight)]
    for module in found:
        module.forward = partial(_linear, module)
    return len(found)


def _fits(weight: torch.Tensor) -> bool:
    plain = weight.dtype == torch.float32 and weight.device.type == "cpu"
    capable = torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
    # The operator behind PyTorch's compiler; where a version lacks it, nothing is lost but time.
    return plain and capable and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _linear(module: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, module.weight, module.bias, "none", [], "")
