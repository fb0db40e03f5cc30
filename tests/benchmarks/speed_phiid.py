"""Speed and memory of the decomposition.

Rates are those of the whole machine, and memory is the peak of a process that does nothing else.
"""

from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np
from measuring import Row, best_of, fresh, markdown, minutes, options_of, peak_gb, seconds

LARGEST = 1152, 60, 100  # heads, prompts, tokens of Qwen3 8B
LARGEST_TEXT = "1,152 heads x 60 prompts x 100 tokens"
FLOPS_A_SAMPLE = 8  # four correlations between two heads, a multiplication and an addition each


def rows(given: dict) -> list[Row]:
    """All pairs of the largest model; the null; exactness."""
    threads = options_of(given).threads
    time_s, memory_gb = fresh("speed_phiid", "measured", LARGEST, threads, 5)
    slow = reference_seconds()
    reference = slow * n_pair_prompts(LARGEST)
    words = f"{slow * 1e3:.1f} ms a pair and prompt with the tests' plain implementation: {reference / 3600:.0f} h"
    ours, target = f"{time_s:.2f} s, {memory_gb:.2f} GB", "≤ 3 s, ≤ 1 GB"
    met = time_s <= 3 and memory_gb <= 1
    nulls = []
    for surrogates, limit in ((100, 300), (1000, 600)):
        null, _ = fresh("speed_phiid", "measured", LARGEST, threads, 1, {"surrogates": surrogates})
        alone = reference * (1 + surrogates)
        days, ratio = f"the same implementation: {alone / 3600 / 24:.0f} days", f"{alone / null:,.0f}"
        what, within = f"PhiID with {surrogates:,} surrogates", f"≤ {limit // 60} min"
        nulls.append(Row(what, LARGEST_TEXT, minutes(null), days, ratio, within, null <= limit))
    worst = largest_deviation()
    pairs = "1,225 pairs of coupled series, 100 samples"
    return [
        Row("PhiID, all pairs", LARGEST_TEXT, ours, words, f"{reference / time_s:,.0f}", target, met),
        *nulls,
        Row("PhiID, exactness", pairs, f"{worst:.0e} nats", "plain implementation", "–", "≤ 1e-12", worst <= 1e-12),
    ]


def details(given: dict) -> None:
    """Print how cost grows, the other estimators, and how far the machine's limit is."""
    threads, (heads, prompts, tokens) = options_of(given).threads, LARGEST
    sizes = [("heads", (n, prompts, tokens), 3, {}) for n in (128, 512, 2560, 5120)]
    sizes += [("tokens", (512, prompts, n), 3, {}) for n in (50, 200, 1000)]
    sizes += [("prompts", (512, n, tokens), 3, {}) for n in (10, 120, 500)]
    cases = [
        ("sts, rtr, TDMI", LARGEST, 5, {}),
        ("all sixteen atoms", LARGEST, 3, {"all_sixteen": True}),
        ("gaussian copula", LARGEST, 1, {"estimator": "gaussian_copula"}),
        ("discrete", LARGEST, 1, {"estimator": "discrete"}),
        ("CCS", LARGEST, 1, {"redundancy": "ccs"}),
        ("with 100 surrogates", LARGEST, 1, {"surrogates": 100}),
        ("with 1,000 surrogates", LARGEST, 1, {"surrogates": 1000}),
        ("with 2 phase surrogates", LARGEST, 1, {"surrogates": 2, "null_kind": "phase"}),
        *sizes,
    ]
    lines, times = [], []
    for name, shape, repeats, how in cases:
        time_s, memory_gb = fresh("speed_phiid", "measured", shape, threads, repeats, how)
        rate = n_pair_prompts(shape) * (1 + how.get("surrogates", 0)) / time_s / 1e6
        lines.append((name, " x ".join(map(str, shape)), f"{time_s:.2f}", f"{rate:.1f}", f"{memory_gb:.2f}"))
        times.append(time_s)
    print(f"{threads} threads\n")
    print(markdown(("what", "heads x prompts x tokens", "seconds", "million pair-prompts/s", "GB"), lines))
    fast, pair_prompts, peak = times[0], n_pair_prompts(LARGEST), multiply_add_rate(threads)
    flops = pair_prompts * (tokens - 1) * FLOPS_A_SAMPLE
    print(f"\nslow reference: {reference_seconds() * 1e3:.2f} ms a pair-prompt")
    print(f"correlations need {flops / 1e9:.1f} Gflop, {flops / fast / 1e9:.1f} Gflop/s reached; ", end="")
    print(f"multiply-add loop {peak / 1e9:.1f} Gflop/s; {flops / fast / peak:.0%} of it")
    sizes = prompts * heads * tokens * 4 / 1e6, pair_prompts / prompts * 3 * 8 / 1e6
    print(f"bytes: {sizes[0]:.0f} MB of activations in, {sizes[1]:.0f} MB of atoms out")
    (start,) = best_of(3, lambda: fresh("speed_phiid", "measured", (3, 2, 20), 1, 1))
    print(f"start of a shard with compiled code on disk: {start:.1f} s")


def n_pair_prompts(shape) -> float:
    """Pairs of heads times prompts."""
    heads, prompts, _ = shape
    return heads * (heads - 1) / 2 * prompts


def series(n_heads: int, n_prompts: int, n_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """White noise, as good as any: no branch depends on the values."""
    shape = n_prompts, n_heads, n_tokens
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32), np.full(n_prompts, n_tokens)


def measured(shape, threads: int, repeats: int, how: dict | None = None) -> tuple[float, float]:
    """Median seconds from activations in memory to results in memory, of all pairs, and this process's peak in GB."""
    from synergy.phiid.decomposition import Decomposition, Settings
    from synergy.phiid.pairs import n_pairs

    how = dict(how or {})
    all_sixteen = how.pop("all_sixteen", False)

    def run(shape, settings) -> None:
        decomposition = Decomposition(*series(*shape), settings, threads)
        pairs = range(n_pairs(shape[0]))
        if all_sixteen:
            decomposition.knowns(pairs)
        else:
            decomposition.run(pairs)

    settings = Settings(**how)
    run((3, 2, 20), Settings(**how | {"surrogates": min(1, settings.surrogates)}))  # compiled code is loaded
    return median(seconds(lambda: run(shape, settings)) for _ in range(repeats)), peak_gb()


def reference_seconds() -> float:
    """Median seconds of a pair-prompt with the slow reference of the tests."""
    import reference_phiid

    activations, _ = series(2, 15, LARGEST[2])
    return median(seconds(lambda prompt=prompt: reference_phiid.atoms(*prompt)) for prompt in activations)


def largest_deviation() -> float:
    """Largest difference of sts, rtr and TDMI from the plain implementation, over all pairs of 50 coupled heads."""
    import reference_phiid
    from artifacts import ar1

    from synergy.phiid.decomposition import Decomposition, Settings
    from synergy.phiid.pairs import heads_of, n_pairs

    own, shared = ar1(1, 50, 100, 0.5)[0], ar1(2, 1, 100, 0.7)[0]
    coupled = own + np.linspace(0, 1, 50)[:, None] * shared
    numbers = range(n_pairs(len(coupled)))
    ours = Decomposition(coupled[None], np.array([coupled.shape[1]]), Settings()).run(numbers)
    worst = 0.0
    for k, (i, j) in enumerate(np.stack(heads_of(numbers, len(coupled)), axis=1)):
        atoms = reference_phiid.atoms(coupled[i], coupled[j])
        expected = {"sts": atoms["sts"], "rtr": atoms["rtr"], "tdmi": sum(atoms.values())}
        worst = max(worst, *(abs(float(ours[name][k] - value)) for name, value in expected.items()))
    return worst


def multiply_add_rate(threads: int) -> float:
    """Floating-point operations per second of a loop of independent fused multiply-adds, all in registers."""
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
    with ThreadPoolExecutor(threads) as pool:
        (least,) = best_of(5, lambda: list(pool.map(lambda _: loop(x, np.zeros(256), repeats), range(threads))))
    return threads * repeats * 256 * 8 * 16 * 2 / least
