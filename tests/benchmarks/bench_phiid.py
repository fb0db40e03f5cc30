"""Speed and memory of the decomposition: one table, medians of the runs of one session.

    python tests/benchmarks/bench_phiid.py [--surrogates N] [--threads N]

The study's largest model, 1,152 heads x 60 prompts x 100 tokens, first; then how cost grows. Memory is the peak of a
process that does nothing else. Close other programs first: the rates are those of the whole machine.
"""

import argparse
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(ROOT / "tests" / "unit")]
HEADS, PROMPTS, TOKENS = 1152, 60, 100
FLOPS_A_SAMPLE = 8  # four correlations between two heads, a multiplication and an addition each


def series(n_heads: int, n_prompts: int, n_tokens: int):
    """White noise, as good as any: no branch depends on the values."""
    import numpy as np

    shape = n_prompts, n_heads, n_tokens
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32), np.full(n_prompts, n_tokens)


def run_once(n_heads: int, n_prompts: int, n_tokens: int, threads: int, how: dict, all_sixteen: bool) -> float:
    """Seconds from activations in memory to results in memory, of all pairs."""
    from synergy.phiid.decomposition import Decomposition, Settings
    from synergy.phiid.pairs import n_pairs

    activations, lengths = series(n_heads, n_prompts, n_tokens)
    start = time.perf_counter()
    decomposition = Decomposition(activations, lengths, Settings(**how), threads)
    pairs = range(n_pairs(n_heads))
    if all_sixteen:
        decomposition.knowns(pairs)
    else:
        decomposition.run(pairs)
    return time.perf_counter() - start


def measure(
    shape: tuple[int, int, int], threads: int, repeats: int, all_sixteen: bool = False, **how
) -> tuple[float, float]:
    """Median seconds of `repeats` runs in a fresh process, and its peak memory in GB."""
    call = f"import bench_phiid as b; b.in_process({shape}, {threads}, {repeats}, {all_sixteen}, {how})"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); {call}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(output[-2]), float(output[-1]) / 1e9


def measured_row(
    name: str, shape: tuple[int, int, int], threads: int, repeats: int, *, surrogates: int = 0, **how
) -> float:
    """Print a row of the table; return its seconds."""
    seconds, peak_gb = measure(shape, threads, repeats, surrogates=surrogates, **how)
    heads, prompts, _ = shape
    pair_prompts = heads * (heads - 1) / 2 * prompts * (1 + surrogates)
    cells = name, " x ".join(map(str, shape)), f"{seconds:.2f}", f"{pair_prompts / seconds / 1e6:.1f}"
    print(f"| {' | '.join(cells)} | {peak_gb:.2f} |", flush=True)
    return seconds


def in_process(shape: tuple[int, int, int], threads: int, repeats: int, all_sixteen: bool, how: dict) -> None:
    """What the fresh process does; compiled code is loaded before the clock starts."""
    run_once(3, 2, 20, threads, how | {"surrogates": min(1, how.get("surrogates", 0))}, all_sixteen)
    times = [run_once(*shape, threads, how, all_sixteen) for _ in range(repeats)]
    print(median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def reference_seconds() -> float:
    """Median seconds of a pair-prompt with the slow reference of the tests."""
    import reference_phiid

    activations, _ = series(2, 15, TOKENS)
    times = []
    for prompt in activations:
        start = time.perf_counter()
        reference_phiid.atoms(*prompt)
        times.append(time.perf_counter() - start)
    return median(times)


def multiply_add_rate(threads: int) -> float:
    """Floating-point operations per second of a loop of independent fused multiply-adds, all in registers."""
    import numpy as np
    from numba import njit

    @njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def loop(x, out, repeats):
        for _ in range(repeats):
            for k in range(x.shape[1]):
                a, b, c, d, e, f, g, h = x[0, k], x[1, k], x[2, k], x[3, k], x[4, k], x[5, k], x[6, k], x[7, k]
                s = t = u = v = w = y = z = r = 1.0
                for _ in range(16):
                    s, t, u, v = s * a + 0.5, t * b + 0.5, u * c + 0.5, v * d + 0.5
                    w, y, z, r = w * e + 0.5, y * f + 0.5, z * g + 0.5, r * h + 0.5
                out[k] += s + t + u + v + w + y + z + r

    x, repeats = np.full((8, 256), 0.5), 20_000
    loop(x, np.zeros(256), 1)
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(lambda _: loop(x, np.zeros(256), repeats), range(threads)))
            best = max(best, threads * repeats * 256 * 8 * 16 * 2 / (time.perf_counter() - start))
    return best


def start_of_a_shard() -> float:
    """Seconds from the start of Python to the first result, with compiled code on disk."""
    call = "import bench_phiid as b; b.run_once(3, 2, 20, 1, {'surrogates': 1}, False)"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); {call}"]
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surrogates", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    threads, study = options.threads, (HEADS, PROMPTS, TOKENS)
    print(f"{threads} threads\n")
    print("| what | heads x prompts x tokens | seconds | million pair-prompts/s | GB |\n|---|---|---|---|---|")
    fast = measured_row("sts, rtr, TDMI", study, threads, 5)
    sixteen = measured_row("all sixteen atoms", study, threads, 3, all_sixteen=True)
    copula = measured_row("gaussian copula", study, threads, 1, estimator="gaussian_copula")
    discrete = measured_row("discrete", study, threads, 1, estimator="discrete")
    ccs = measured_row("CCS", study, threads, 1, redundancy="ccs")
    for heads in (128, 512, 2560, 5120):
        measured_row("heads", (heads, PROMPTS, TOKENS), threads, 1 if heads > 2000 else 3)
    for tokens in (50, 200, 1000):
        measured_row("tokens", (512, PROMPTS, tokens), threads, 3)
    for prompts in (10, 120, 500):
        measured_row("prompts", (512, prompts, TOKENS), threads, 3)
    null = measured_row(f"with {options.surrogates} surrogates", study, threads, 1, surrogates=options.surrogates)
    phase = measured_row("with 2 phase surrogates", study, threads, 1, surrogates=2, null_kind="phase")
    pair_prompts = HEADS * (HEADS - 1) / 2 * PROMPTS
    reference, peak = reference_seconds(), multiply_add_rate(threads)
    flops = pair_prompts * (TOKENS - 1) * FLOPS_A_SAMPLE
    ratios = f"all sixteen {sixteen / fast:.2f}, CCS {ccs / fast:.1f}, copula {copula / fast:.1f}"
    ratios += f", discrete {discrete / fast:.1f}, a surrogate {(null - fast) / options.surrogates / fast:.2f}"
    print(f"\nratios to the fast path: {ratios}, a phase surrogate {(phase - fast) / 2 / fast:.2f}")
    print(
        f"slow reference: {reference * 1e3:.2f} ms a pair-prompt, {reference * pair_prompts / fast:,.0f} times slower"
    )
    print(f"correlations need {flops / 1e9:.1f} Gflop, {flops / fast / 1e9:.1f} Gflop/s reached; ", end="")
    print(f"multiply-add loop {peak / 1e9:.1f} Gflop/s; {flops / fast / peak:.0%} of it")
    sizes = PROMPTS * HEADS * TOKENS * 4 / 1e6, pair_prompts / PROMPTS * 3 * 8 / 1e6
    print(f"bytes: {sizes[0]:.0f} MB of activations in, {sizes[1]:.0f} MB of atoms out")
    print(f"start of a shard with compiled code on disk: {start_of_a_shard():.1f} s")


if __name__ == "__main__":
    main()
