"""A causal language model from a local folder, in the two parts that the study runs: decoder and vocabulary head.

Tokens that all rows of a pass begin with are computed once: their keys and values are one row that serves all. On a
CPU with AVX-512, float32 linear layers go through oneDNN: PyTorch multiplies with MKL, which runs its 256-bit kernels
on AMD processors, and oneDNN, which PyTorch ships too, is twice as fast there (105 against 228 Gflop/s on one core of
a Zen 5), at every size of ours. Both are IEEE float32; results differ in rounding.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from synergy.files.errors import InputError
from synergy.models.architectures import find_heads
from synergy.models.model_folder import fetch_hint, understood, use_local_files

PAD = 0  # The id under padding never reaches a real position; any valid id will do.


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
        self.capturable = self.device.type == "cuda"

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def n_heads_total(self) -> int:
        """Number of query heads over all layers."""
        return self.heads.n_layers * self.heads.heads

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Vocabulary logits in float32, shape (…, vocabulary), of final hidden states (…, d_model)."""
        logits = self.model.get_output_embeddings()(hidden).float()
        cap = self.heads.logit_cap
        return cap * torch.tanh(logits / cap) if cap else logits

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


def load_model(folder: str | Path, weights: dict, dtype: str, device: str | None = None) -> LanguageModel:
    """Load a model from local files only.

    Parameters
    ----------
    folder : path
        Holds config, tokenizer and, for trained weights, safetensors.
    weights : dict
        ``{"kind": "trained"}``, or ``{"kind": "random", "seed": int}`` for the untrained control.
    dtype : str
        ``float32`` or ``bfloat16``.
    device : str, optional
        Default: the GPU where there is one, else the CPU.

    Raises
    ------
    InputError
        If the folder is incomplete, or weights are missing, unexpected or of another shape than the architecture's.
    """
    use_local_files(folder, weights)
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    with understood("config.json and tokenizer", folder, fetch_hint(folder)):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if weights["kind"] == "random":
        # ASSUME: "Untrained" is the initialisation that transformers gives the architecture.
        torch.manual_seed(weights["seed"])
        model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    else:
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
        if wrong:
            raise InputError(
                f"weights in {folder} that fit {type(model).__name__} key by key",
                "; ".join(f"{len(keys)} {kind} ({', '.join(keys[:3])} …)" for kind, keys in wrong.items()),
                "check that source and revision name the right checkpoint, delete the folder and fetch it again",
            )
    model.requires_grad_(False).eval().to(device)
    faster_linears(model)
    return LanguageModel(model, tokenizer)


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
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    location = {"gguf_file": weights.name, "local_files_only": True}
    AutoTokenizer.from_pretrained(weights.parent, **location).save_pretrained(folder)
    if random_weights:
        AutoConfig.from_pretrained(weights.parent, **location).save_pretrained(folder)
        return
    model = AutoModelForCausalLM.from_pretrained(
        weights.parent, dtype=torch.float32, gguf_file=weights.name, local_files_only=True
    )
    # The weights are dequantised now; a reader of the folder must not take them for quantised ones.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(folder)
    for path in folder.glob("*.safetensors"):  # written for the owner alone, but a group may share the folder
        path.chmod((folder / "config.json").stat().st_mode)


def stop_ids(model: nn.Module, tokenizer) -> list[int]:
    """All ids that end an answer: the tokenizer's, and those of the checkpoint's generation config."""
    declared = model.generation_config.eos_token_id if model.generation_config is not None else None
    declared = declared if isinstance(declared, list) else [declared]
    return sorted({token for token in [tokenizer.eos_token_id, *declared] if token is not None})


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
        if tokenizer.chat_template is None:
            raise InputError(
                "a tokenizer with a chat template, as prompt_format: chat says",
                "a tokenizer without one",
                "set prompt_format: plain in the model's stanza",
            )
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True, **template_arguments
        )
        return tokenizer(text, add_special_tokens=False).input_ids
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
