"""Seconds and memory of putting the pairs of a large model together, on simulated shards.

    python tests/benchmarks/speed_scale.py [--layers 80] [--heads 64] [--shards 8] [--surrogates 100]

Writes shards of random numbers in a temporary folder and merges them as `merge_pairs` does, in a process of its own.
Processor seconds are told beside those of the clock, and the machine's load, since others may use it.
"""

import argparse
import os
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from measuring import fresh, markdown, peak_gb

from synergy.files.artifacts import write_npz
from synergy.phiid.pairs import n_pairs
from synergy.phiid.pairwise import COUNTS, PAIR_VALUES, write_shard
from synergy.recording.activations import fingerprint

N_PROMPTS, N_TOKENS = 60, 100


def simulate(folder: str, layers: int, heads: int, n_shards: int, surrogates: int) -> list[str]:
    """Write activations and shards that fit them; their paths, the activations last."""
    n_heads, draw = layers * heads, np.random.default_rng(0)
    activations = draw.standard_normal((N_PROMPTS, n_heads, N_TOKENS), np.float32) ** 2
    lengths, path = np.full(N_PROMPTS, N_TOKENS), f"{folder}/activations.npz"
    write_npz(path, {}, activations=activations, n_tokens=lengths, category=np.array(["a"] * N_PROMPTS))
    mark, paths = fingerprint(activations, lengths), []
    edges = np.linspace(0, n_pairs(n_heads), n_shards + 1).astype(int)
    for number, (first, last) in enumerate(pairwise(edges)):
        made = {name: draw.random(last - first) for name in PAIR_VALUES}
        made |= {"n_undefined": np.zeros(last - first, np.int32), "n_null": np.full(last - first, surrogates, np.int32)}
        for name, n in (("prompt", N_PROMPTS), ("null", surrogates)):
            made[f"head_{name}_sums"] = np.zeros((n, 4, n_heads), np.int64)
            made[f"layer_{name}_sums"] = np.zeros((n, 4, layers), np.int64)
        paths.append(f"{folder}/{number}.npz")
        write_shard(paths[-1], made, range(first, last), mark, {}, {})
    assert set(COUNTS) < set(made)
    return [*paths, path]


def merged(paths: list[str], target: str) -> list[float]:
    """Processor seconds, seconds of the clock and peak memory in GB of the merge."""
    from merge_pairs import merge_pairs

    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    merge_pairs(paths[:-1], paths[-1], target)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [cpu_s, time.perf_counter() - start, peak_gb()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("layers", 80), ("heads", 64), ("shards", 8), ("surrogates", 100)):
        parser.add_argument(f"--{option}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        made = simulate(scratch, options.layers, options.heads, options.shards, options.surrogates)
        load, target = os.getloadavg()[0], Path(scratch, "pairwise.npz")
        cpu_s, clock_s, memory_gb = fresh("speed_scale", "merged", made, str(target))
        row = (
            f"{options.layers} x {options.heads}",
            *(f"{value:.1f}" for value in (cpu_s, clock_s, load, memory_gb, target.stat().st_size / 1e9)),
        )
    print(markdown(("heads", "CPU s", "clock s", "load", "peak GB", "file GB"), [row]))
