"""Speed and memory of recording: a table of the embedded model, or of a true shape with random weights.

    python tests/benchmarks/bench_recording.py [--model FOLDER] [--single N] [--bfloat16]
    python tests/benchmarks/bench_recording.py --true-shape gemma3-4b qwen3-8b [--prompts N] [--tokens N] [--steps N]

The first form times a batch of all prompts and, in the same process one after the other, `--single` of them one at a
time, and compares seconds a prompt. FOLDER is a model as `prefetch_model` leaves it; where there is none, get one by
`snakemake --configfile config/demo.yaml -- results/prefetch/smollm2-135m.json`.

The second needs no download: it builds the model at its declared shape with random weights, in bfloat16, records and
removes a few heads. Without options a GPU does the study's 60 prompts x 100 tokens, and a CPU two prompts x 3 tokens.
Host memory: 11 GB for gemma3-4b, 20 GB for qwen3-8b.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(ROOT / "tests" / "benchmarks")]
TOP_LOGPROBS = 20


def peak_gb(device: str) -> float:
    """Most memory that this process has had, on the device where there is one."""
    import torch

    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def weights_gb(model) -> float:
    """Memory of the weights."""
    return sum(weight.numel() * weight.element_size() for weight in model.model.parameters()) / 1e9


def timed(run) -> float:
    """Seconds that `run()` takes, the device's queue included."""
    import torch

    start = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


class Recording(NamedTuple):
    """Seconds and memory of recording all prompts in a batch, and of some of them one at a time."""

    n_prompts: int
    n_tokens: int
    load_s: float
    batch_s: float
    n_alone: int
    alone_s: float  # of all prompts, as long a prompt as `n_alone` of them were
    weights_gb: float
    rest_gb: float

    @property
    def ratio(self) -> float:
        """How much longer one prompt at a time takes."""
        return self.alone_s / self.batch_s


def compare_batch_with_single(folder: Path, threads: int, dtype: str, n_single: int, n_tokens: int) -> Recording:
    """All prompts of the study at once, and some of them one at a time, in this process."""
    import torch

    from synergy.models.loading import load_model, prompt_ids
    from synergy.recording.prompts import load_prompts
    from synergy.recording.recorder import record

    torch.set_num_threads(threads)
    start = time.perf_counter()
    model = load_model(folder, {"kind": "trained"}, dtype)
    loading = time.perf_counter() - start
    form = "chat" if model.tokenizer.chat_template else "plain"
    ids = [prompt_ids(model.tokenizer, p.text, form, {}) for p in load_prompts(ROOT / "config/prompts.yaml")]
    batched = timed(lambda: record(model, ids, n_tokens, TOP_LOGPROBS))
    rest = peak_gb(model.device.type) - weights_gb(model)
    some = ids[:: max(1, len(ids) // n_single)][:n_single]
    alone = timed(lambda: [record(model, [prompt], n_tokens, TOP_LOGPROBS) for prompt in some]) / len(some) * len(ids)
    return Recording(len(ids), n_tokens, loading, batched, len(some), alone, weights_gb(model), rest)


class TrueShape(NamedTuple):
    """A model of a true shape with random weights: building, recording, and one step of ablation."""

    build_s: float
    record_s: float
    step_s: float
    weights_gb: float
    peak_gb: float
    finite: bool


def true_shape(key: str, n_prompts: int, n_tokens: int, n_steps: int, threads: int, **smaller: int) -> TrueShape:
    """Build, record and ablate a model at its true shape, or with some sizes `smaller`."""
    import numpy as np
    import torch
    from true_shapes import write_shape

    from synergy.ablation.sweep import measure_curve
    from synergy.models.loading import load_model
    from synergy.recording.recorder import record

    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_shape(key, Path(scratch) / key, **smaller)
        start = time.perf_counter()
        model = load_model(folder, {"kind": "random", "seed": 0}, "bfloat16")
        building = time.perf_counter() - start
    draw = np.random.default_rng(0)
    lengths = draw.integers(50, 90, n_prompts)  # of the study's prompts in a chat template
    prompts = [draw.integers(10, model.decoder.config.vocab_size, n).tolist() for n in lengths]
    recorded = []
    recording = timed(lambda: recorded.append(record(model, prompts, n_tokens, TOP_LOGPROBS)))
    finite = bool(np.isfinite(recorded[0].activations).all())
    answers = recorded[0].generated.tolist()
    step = max(1, model.n_heads_total // 144)  # 8 heads of Qwen3 8B
    counts = [step * number for number in range(n_steps + 1)]
    order = draw.permutation(model.n_heads_total)
    ablating = timed(lambda: measure_curve(model, prompts, answers, order, counts, min(15, n_prompts)))
    memory = weights_gb(model), peak_gb(model.device.type)
    return TrueShape(building, recording, ablating / (n_steps + 1), *memory, finite)


def main() -> None:
    """Print one table."""
    import torch

    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "resources/models/smollm2-135m")
    parser.add_argument("--single", type=int, default=6, help="prompts that are also recorded one at a time")
    parser.add_argument("--bfloat16", action="store_true", help="the embedded model in bfloat16 too")
    parser.add_argument("--true-shape", nargs="+", default=[], metavar="KEY")
    parser.add_argument("--prompts", type=int, default=60 if gpu else 2)
    parser.add_argument("--tokens", type=int, default=None, help="tokens a prompt (default 100; true shape on a CPU 3)")
    parser.add_argument("--steps", type=int, default=2, help="ablation steps at true shape")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    if options.true_shape:
        print(
            "| shape | on | prompts x tokens | build, s | record, s | tokens/s | ablation step, s | weights, GB |",
            end="",
        )
        print(" peak, GB | finite |\n|---|---|---|--:|--:|--:|--:|--:|--:|---|")
        for key in options.true_shape:
            n_tokens = options.tokens or (100 if gpu else 3)
            own = true_shape(key, options.prompts, n_tokens, options.steps, options.threads)
            device = torch.cuda.get_device_name() if gpu else f"CPU, {options.threads} threads"
            cells = [key, device, f"{options.prompts} x {n_tokens}", f"{own.build_s:.0f}", f"{own.record_s:.1f}"]
            cells += [f"{options.prompts * n_tokens / own.record_s:.1f}", f"{own.step_s:.1f}"]
            cells += [f"{own.weights_gb:.1f}", f"{own.peak_gb:.1f}", "yes" if own.finite else "NO"]
            print(f"| {' | '.join(cells)} |", flush=True)
        return
    print(
        f"{options.threads} threads\n\n| model | prompts x tokens | load, s | batch, s | tokens/s | one at a time, s |",
        end="",
    )
    print(" ratio | weights + rest, GB |\n|---|---|--:|--:|--:|--:|--:|--:|")
    for dtype in ["float32", *(["bfloat16"] if options.bfloat16 else [])]:
        own = compare_batch_with_single(options.model, options.threads, dtype, options.single, options.tokens or 100)
        cells = [f"{options.model.name}, {dtype}", f"{own.n_prompts} x {own.n_tokens}", f"{own.load_s:.1f}"]
        cells += [f"{own.batch_s:.1f}", f"{own.n_prompts * own.n_tokens / own.batch_s:.0f}"]
        cells += [f"{own.alone_s:.0f} (from {own.n_alone})", f"{own.ratio:.1f}"]
        print(f"| {' | '.join(cells)} | {own.weights_gb:.2f} + {own.rest_gb:.2f} |", flush=True)


if __name__ == "__main__":
    main()
