"""Calibration of the nulls on simulated heads: makes docs/figures/null_calibration.png and prints its table.

    python tests/benchmarks/calibrate_null.py [data_sets]

24 heads, 60 prompts of 100 tokens, 99 surrogates. A head's test at 5 % rejects when at most 4 surrogates reach its
observed mean over partners (upper tail). Takes some minutes on two cores.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from synergy.files.artifacts import save_figure  # noqa: E402
from synergy.files.provenance import provenance  # noqa: E402
from synergy.phiid import decomposition  # noqa: E402
from synergy.phiid.decomposition import Decomposition, Settings  # noqa: E402
from synergy.phiid.nulls import offsets  # noqa: E402
from synergy.phiid.pairs import head_means, n_pairs  # noqa: E402

N_HEADS, N_PROMPTS, N_TOKENS, SURROGATES = 24, 60, 100, 99
KINDS = ("circular_shift", "cross_prompt", "phase", "seam not mended", "series rolled")
PHIS = (0.0, 0.3, 0.6, 0.8, 0.9)
COUPLINGS = (0.0, 0.1, 0.2, 0.3, 0.4)
SAMPLE = np.full(N_PROMPTS, N_TOKENS)


def independent(seed: int, phi: float) -> np.ndarray:
    """Independent AR(1) series, the same φ in every prompt, (n_prompts, n_heads, n_tokens)."""
    return _ar1(np.random.default_rng(seed), phi, N_HEADS)


def differing(seed: int, _: float) -> np.ndarray:
    """Independent AR(1) series whose φ is shared by all heads of a prompt and uniform on 0.2 … 0.9 over prompts."""
    generator = np.random.default_rng(seed)
    return _ar1(generator, generator.uniform(0.2, 0.9, (N_PROMPTS, 1)), N_HEADS)


def redundant(seed: int, coupling: float) -> np.ndarray:
    """AR(1) series, φ = 0.5, to each of which one common AR(1) series is added with the given weight."""
    generator = np.random.default_rng(seed)
    return _ar1(generator, 0.5, N_HEADS) + coupling * _ar1(generator, 0.5, 1)


def synergistic(seed: int, coupling: float) -> np.ndarray:
    """AR(1) series, φ = 0.5; to heads 2k and 2k + 1 are added, with the given weight, s + n and s − n.

    s is a slow AR(1) series (φ = 0.9) and n white noise of twice its variance: either head by itself says little of
    its future, their sum says much.
    """
    generator = np.random.default_rng(seed)
    slow = _ar1(generator, 0.9, N_HEADS // 2)
    noise = generator.normal(scale=np.sqrt(2 / (1 - 0.9**2)), size=slow.shape)
    return _ar1(generator, 0.5, N_HEADS) + coupling * np.stack([slow + noise, slow - noise], axis=2).reshape(
        N_PROMPTS, N_HEADS, N_TOKENS
    )


def _ar1(generator: np.random.Generator, phi: float | np.ndarray, n_heads: int) -> np.ndarray:
    """AR(1) series with unit innovations after 100 steps, (n_prompts, n_heads, n_tokens)."""
    series = generator.normal(size=(100 + N_TOKENS, N_PROMPTS, n_heads))
    for t in range(1, len(series)):
        series[t] += phi * series[t - 1]
    return series[100:].transpose(1, 2, 0)


def judge_heads(kind: str, series: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Excess and z of sts and rtr per head (2, n_heads), and how many surrogates reach the observed mean."""
    pairs = range(n_pairs(N_HEADS))
    if kind == "series rolled":
        observed = _means(Decomposition(series, SAMPLE, Settings()).run(pairs), "prompt").mean(axis=1)
        null = np.stack([_rolled(series, seed, s, pairs) for s in range(SURROGATES)], axis=1)
    else:
        if kind == "seam not mended":
            kind, decomposition.mends_seam = "circular_shift", lambda _: False
        settings = Settings(null_kind=kind, surrogates=SURROGATES, seed=seed)
        results = Decomposition(series, SAMPLE, settings).run(pairs)
        observed, null = _means(results, "prompt").mean(axis=1), _means(results, "null")
    excess = observed - null.mean(axis=1)
    return excess, excess / null.std(axis=1, ddof=1), (null >= observed[:, None]).sum(axis=1)


def _means(results: dict, of: str) -> np.ndarray:
    return head_means(results[f"head_{of}_sums"])


def _rolled(series: np.ndarray, seed: int, surrogate: int, pairs: range) -> np.ndarray:
    """Means over partners when the series itself is rotated, which joins its end to its beginning."""
    rolled = np.empty_like(series)
    for p in range(N_PROMPTS):
        for h, k in enumerate(offsets(seed, surrogate, p, N_HEADS, N_TOKENS)):
            rolled[p, h] = np.roll(series[p, h], k)
    return _means(Decomposition(rolled, SAMPLE, Settings()).run(pairs), "prompt").mean(axis=1)


def one(task: tuple) -> tuple:
    """One data set of one condition."""
    kind, simulate, value, seed = task
    sys.stderr = open(os.devnull, "w")  # no progress bars  # noqa: SIM115
    mends_seam = decomposition.mends_seam
    try:
        return judge_heads(kind, simulate(seed, value), seed)
    finally:
        decomposition.mends_seam = mends_seam


def measure(pool: ProcessPoolExecutor, kind: str, simulate, value: float, data_sets: int) -> dict[str, np.ndarray]:
    """Mean excess, mean z and rejection rate of sts and rtr over all heads of all data sets."""
    tasks = [(kind, simulate, value, seed) for seed in range(data_sets)]
    excess, z, reached = map(np.array, zip(*pool.map(one, tasks), strict=True))
    rejected = (reached <= 0.05 * (SURROGATES + 1) - 1).mean(axis=(0, 2))
    row = {"excess": excess.mean(axis=(0, 2)), "z": z.mean(axis=(0, 2)), "z_sd": z.std(axis=(0, 2)), "rate": rejected}
    cells = [f"{row[name][atom]:+.4f}" for atom in (0, 1) for name in ("excess", "z", "z_sd", "rate")]
    print(f"| {kind} | {simulate.__name__} | {value} | {' | '.join(cells)} |", flush=True)
    return row


def main(data_sets: int) -> None:
    """Run all conditions and draw them."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    print("| null | heads | value | sts excess | z | sd of z | rejected | rtr excess | z | sd of z | rejected |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        by_phi = {kind: [measure(pool, kind, independent, phi, data_sets) for phi in PHIS] for kind in KINDS}
        apart = {kind: measure(pool, kind, differing, 0.0, data_sets) for kind in KINDS}
        power = {
            (model.__name__, kind): [measure(pool, kind, model, c, data_sets) for c in COUPLINGS]
            for model in (redundant, synergistic)
            for kind in KINDS[:2]
        }
    figure, axes = plt.subplots(2, 3, figsize=(13, 7.5), constrained_layout=True)
    error = 1.96 * np.sqrt(0.05 * 0.95 / (data_sets * N_HEADS))
    for row, atom in enumerate(("synergy (sts)", "redundancy (rtr)")):
        for kind in KINDS:
            places = [*PHIS, 1.1]
            values = [m["rate"][row] for m in (*by_phi[kind], apart[kind])]
            line = axes[row, 0].plot(places[:-1], values[:-1], marker="o", label=kind)[0]
            axes[row, 0].plot(places[-1], values[-1], marker="D", color=line.get_color())
            shifts = [m["z"][row] for m in (*by_phi[kind], apart[kind])]
            axes[row, 1].plot(places[:-1], shifts[:-1], marker="o", color=line.get_color())
            axes[row, 1].plot(places[-1], shifts[-1], marker="D", color=line.get_color())
        for (model, kind), measured in power.items():
            style = "-" if model == "redundant" else "--"
            color = f"C{KINDS.index(kind)}"
            rates = [m["rate"][row] for m in measured]
            axes[row, 2].plot(COUPLINGS, rates, style, marker="o", color=color, label=f"{model}, {kind}")
        for axis in (axes[row, 0], axes[row, 2]):
            axis.axhspan(0.05 - error, 0.05 + error, color="0.85")
            axis.axhline(0.05, color="0.5", linewidth=0.8)
            axis.set_ylim(-0.03, 1.03)
            axis.set_ylabel(f"{atom}: heads rejected at 5 %")
        axes[row, 1].set_yscale("symlog", linthresh=1)
        axes[row, 1].axhspan(-1, 1, color="0.92")
        axes[row, 1].axhline(0, color="0.5", linewidth=0.8)
        axes[row, 1].set_ylabel(f"{atom}: mean z of heads")
        for axis in axes[row, :2]:
            axis.set_xticks([*PHIS, 1.1], [*map(str, PHIS), "prompts\ndiffer"])
            axis.set_xlabel("autocorrelation φ of independent heads")
        axes[row, 2].set_xlabel("coupling of heads, φ = 0.5")
    axes[0, 0].legend(frameon=False)
    axes[0, 2].legend(frameon=False, fontsize="small")
    path = ROOT / "docs" / "figures" / "null_calibration.png"
    save_figure(path, figure, provenance("calibrate_null", {"data_sets": data_sets, "surrogates": SURROGATES}))
    print(f"wrote {path}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
