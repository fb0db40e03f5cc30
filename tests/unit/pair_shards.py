"""Shards of a small recording, and digests of what they merge into."""

import hashlib

import numpy as np
from decompose_pairs import decompose_pairs
from merge_pairs import merge_pairs
from simulated import ar1

from synergy.files.artifacts import read_npz, write_npz

HOW = {
    "lag": 1,
    "redundancy": "mmi",
    "estimator": "gaussian",
    "null_model": {"kind": "circular_shift", "surrogates": 3},
}


def record(path, seed=0):
    """Ragged activations with a head that is constant in one prompt and two that are copies in another."""
    series = ar1(seed, 45, 40, 0.6, 4).astype(np.float32)
    series[2, 3] = 1.0
    series[1, 40] = series[1, 7]
    n_tokens = np.array([40, 40, 31, 35])
    for p, n in enumerate(n_tokens):
        series[p, :, n:] = np.nan
    write_npz(path, {"model": {"source": "test"}}, activations=series, n_tokens=n_tokens, category=np.array(["a"] * 4))
    return str(path)


def make_shards(folder, recorded, n_shards, threads=1, **changes):
    paths = []
    for k in range(1, n_shards + 1):
        paths.append(str(folder / f"{k}-of-{n_shards}.npz"))
        decompose_pairs(
            recorded, f"{k}-of-{n_shards}", **(HOW | {"seed": 0} | changes), threads=threads, shard=paths[-1]
        )
    return paths


def digests(path):
    arrays, _ = read_npz(path)
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}


def merged(folder, recorded, shards):
    merge_pairs(shards, recorded, str(folder / "pairwise.npz"))
    return digests(folder / "pairwise.npz")
