"""Calibration of the nulls on simulated heads: makes docs/figures/null_calibration.png and tables in calibration.md.

    python tests/benchmarks/calibrate_null.py [data_sets]

24 heads, 60 prompts of 100 tokens, 99 surrogates. A head's test at 5 % rejects when at most 4 surrogates reach its
observed mean over partners (upper tail). Takes some minutes on two cores.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
from measuring import markdown

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from synergy.files.artifacts import save_figure  # noqa: E402
from synergy.files.provenance import provenance  # noqa: E402
from synergy.phiid import decomposition  # noqa: E402
from synergy.phiid.decomposition import Decomposition, Settings  # noqa: E402
from synergy.phiid.nulls import offsets  # noqa: E402
from synergy.phiid.pairs import WITH_NULL, head_means, n_pairs  # noqa: E402
from synergy.recording.activations import outside_calibration  # noqa: E402

N_HEADS, N_PROMPTS, N_TOKENS, SURROGATES = 24, 60, 100, 99
KINDS = ("circular_shift", "cross_prompt", "phase", "seam not mended", "series rolled")
PHIS = (0.0, 0.3, 0.6, 0.8, 0.9)
BEYOND = (0.95, 0.99)
TREND = 5.0  # standard deviations that a straight line rises by over an answer
COUPLINGS = (0.0, 0.1, 0.2, 0.3, 0.4)
SAMPLE = np.full(N_PROMPTS, N_TOKENS)
NAMES = ("sts", "rtr", "Φ_R")


def independent(seed: int, phi: float) -> np.ndarray:
    """Independent AR(1) series, the same φ in every prompt, (n_prompts, n_heads, n_tokens)."""
    return _ar1(np.random.default_rng(seed), phi, N_HEADS)


def differing(seed: int, _: float) -> np.ndarray:
    """Independent AR(1) series whose φ is shared by all heads of a prompt and uniform on 0.2 … 0.9 over prompts."""
    generator = np.random.default_rng(seed)
    return _ar1(generator, generator.uniform(0.2, 0.9, (N_PROMPTS, 1)), N_HEADS)


def trending(seed: int, trend: float) -> np.ndarray:
    """White series, each with a straight line of its own direction that rises or falls by `trend`."""
    generator = np.random.default_rng(seed)
    directions = generator.choice([-1.0, 1.0], (N_PROMPTS, N_HEADS, 1))
    return _ar1(generator, 0.0, N_HEADS) + trend * directions * np.linspace(0, 1, N_TOKENS)


def slowly_driven(seed: int, weight: float) -> np.ndarray:
    """AR(1) series, φ = 0.5, to each of which one common slow series, φ = 0.97, is added with the given weight."""
    generator = np.random.default_rng(seed)
    return _ar1(generator, 0.5, N_HEADS) + weight * _ar1(generator, 0.97, 1)


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
    """Excess and z of sts, rtr and Φ_R per head (3, n_heads), and how many surrogates reach the observed mean."""
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
    """Mean excess, mean z and rejection rate of sts, rtr and Φ_R over all heads of all data sets."""
    tasks = [(kind, simulate, value, seed) for seed in range(data_sets)]
    excess, z, reached = map(np.array, zip(*pool.map(one, tasks), strict=True))
    rejected = (reached <= 0.05 * (SURROGATES + 1) - 1).mean(axis=(0, 2))
    row = {"excess": excess.mean(axis=(0, 2)), "z": z.mean(axis=(0, 2)), "z_sd": z.std(axis=(0, 2)), "rate": rejected}
    cells = [f"{name} {row['excess'][k]:+.4f} {cell(row, k)}" for k, name in enumerate(WITH_NULL)]
    print(f"{kind}, {simulate.__name__} {value}: {'; '.join(cells)}", flush=True)
    return row


def cell(row: dict[str, np.ndarray], atom: int) -> str:
    """Share of heads rejected and mean z, as the tables show them."""
    rate = f"{row['rate'][atom]:.0%}".replace("%", " %")
    return f"{f'**{rate}**' if row['rate'][atom] > 0.5 else rate} ({row['z'][atom]:+.1f})".replace("-", "−")


def table_of(columns: Sequence[str], rows: dict[str, Sequence[dict]], atoms: Sequence[int] = (0, 1, 2)) -> str:
    """A table: a row a null or model and quantity, a column a condition."""
    lines = [
        (name if k == atoms[0] else "", NAMES[k], *(cell(row, k) for row in measured))
        for name, measured in rows.items()
        for k in atoms
    ]
    return markdown(("", "", *columns), lines)


def discrete_bias() -> str:
    """What `discrete` finds in independent white series, and in the null of the same: sampling bias."""
    generator = np.random.default_rng(0)
    series = generator.normal(size=(500, N_HEADS, N_TOKENS))
    settings = Settings(estimator="discrete", surrogates=2)
    found = Decomposition(series, np.full(500, N_TOKENS), settings).run(range(n_pairs(N_HEADS)))
    rows = [
        (NAMES[k], f"{found[n].mean():.4f}", f"{found[f'{n}_null_mean'].mean():.4f}") for k, n in enumerate(WITH_NULL)
    ]
    return markdown(("", "observed", "null"), rows)


def least_offset_effect() -> str:
    """Null redundancy of heads with a slow driver in common, with and without a least distance of rotations."""
    rows, kept = [], decomposition.least_offset
    for weight in (0.0, 0.3, 1.0):
        nulls = []
        for least in (kept, np.zeros_like):
            decomposition.least_offset = least
            settings = Settings(surrogates=20)
            found = Decomposition(slowly_driven(0, weight), SAMPLE, settings).run(range(n_pairs(N_HEADS)))
            nulls.append(found["rtr_null_mean"].mean())
        rows.append((weight, f"{found['rtr'].mean():.4f}", f"{nulls[1]:.4f}", f"{nulls[0]:.4f}"))
    decomposition.least_offset = kept
    return markdown(("weight of the driver", "rtr observed", "null, any rotations", "null, 6 tokens apart"), rows)


def shared_white(seed: int, phi: float) -> np.ndarray:
    """AR(1) series, to each of which one common white series is added that makes half of its variance."""
    generator = np.random.default_rng(seed)
    common = generator.normal(scale=1 / np.sqrt(1 - phi**2), size=(N_PROMPTS, 1, N_TOKENS))
    return _ar1(generator, phi, N_HEADS) + common


def joint_residuals(seed: int, series: np.ndarray) -> np.ndarray:
    """Surrogate that keeps what heads share at one token: AR(1) of each head, residuals of all heads drawn together.

    φ as estimated, plus (1 + 3 φ) / n for its bias (Kendall 1954).
    """
    generator = np.random.default_rng(seed)
    centred = series - series.mean(axis=2, keepdims=True)
    phi = (centred[..., 1:] * centred[..., :-1]).sum(axis=2) / (centred[..., :-1] ** 2).sum(axis=2)
    phi = np.minimum(phi + (1 + 3 * phi) / N_TOKENS, 0.99)
    residuals = centred[..., 1:] - phi[..., None] * centred[..., :-1]
    drawn = generator.integers(0, N_TOKENS - 1, (N_PROMPTS, 1, 100 + N_TOKENS))
    surrogate = np.take_along_axis(residuals, np.broadcast_to(drawn, (N_PROMPTS, N_HEADS, drawn.shape[2])), axis=2)
    for t in range(1, surrogate.shape[2]):
        surrogate[..., t] += phi * surrogate[..., t - 1]
    return surrogate[..., 100:]


def joint_null() -> str:
    """Mean sts and Φ_R over all pairs beside those of `joint_residuals`, and z."""
    cases = {"independent": independent, "shared white input": shared_white, "s + n, s − n": synergistic}
    values = {"independent": (0.6, 0.8), "shared white input": (0.6, 0.8), "s + n, s − n": (0.4,)}
    pairs, rows = range(n_pairs(N_HEADS)), []

    def mean(series: np.ndarray) -> np.ndarray:
        found = Decomposition(series, SAMPLE, Settings()).run(pairs)
        return np.array([found["sts"].mean(), found["phi_r"].mean()])

    for name, simulate in cases.items():
        for value in values[name]:
            series = simulate(0, value)
            observed, null = mean(series), np.array([mean(joint_residuals(s, series)) for s in range(39)])
            z = (observed - null.mean(axis=0)) / null.std(axis=0, ddof=1)
            parts = [(f"{observed[k]:.3f}", f"{null[:, k].mean():.3f}", f"{z[k]:+.0f}") for k in range(2)]
            rows.append((name, value, *parts[0], *parts[1]))
    return markdown(("heads", "φ or weight", "sts", "null", "z", "Φ_R", "null", "z"), rows)


def at_the_studys_size() -> str:
    """Layers of 36 x 32 independent heads outside their null's 95 % band, and the bias that takes them there."""
    layers, heads, rows = 36, 32, []
    for phi in (0.3, 0.6):
        series = _ar1(np.random.default_rng(0), phi, layers * heads)
        found = Decomposition(series, SAMPLE, Settings(surrogates=39), threads=2).run(range(n_pairs(layers * heads)))
        observed = _means(found, "prompt").mean(axis=1).reshape(3, layers, heads).mean(axis=2)
        null = _means(found, "null").reshape(3, -1, layers, heads).mean(axis=3)
        low, high = np.percentile(null, [2.5, 97.5], axis=1)
        for k, name in enumerate(NAMES):
            bias, sd = observed[k].mean() / null[k].mean() - 1, null[k].std(axis=0).mean() / null[k].mean()
            outside = (observed[k] > high[k]).sum(), (observed[k] < low[k]).sum()
            rows.append((phi, name, *outside, f"{bias:+.2%}", f"{sd:.2%}"))
    return markdown(("φ", "", "layers above", "layers below", "mean above the null's", "sd of a layer's null"), rows)


def flagged() -> str:
    """Share of independent series that the trust flag names."""
    shares = [outside_calibration(independent(0, phi), SAMPLE).mean() for phi in (*PHIS, *BEYOND)]
    shares.append(outside_calibration(trending(0, TREND), SAMPLE).mean())
    return markdown(("", *map(str, (*PHIS, *BEYOND)), "trends"), [("outside", *(f"{x:.1%}" for x in shares))])


def write(tables: dict[str, str]) -> None:
    """Put each table between its marks in docs/calibration.md."""
    path = ROOT / "docs" / "calibration.md"
    text = path.read_text()
    for name, table in tables.items():
        marks = f"<!-- begin: calibrate_null.py, {name} -->", f"<!-- end: {name} -->"
        before, rest = text.split(marks[0])
        text = f"{before}{marks[0]}\n{table}\n{marks[1]}{rest.split(marks[1])[1]}"
    path.write_text(text)


def main(data_sets: int) -> None:
    """Run all conditions and draw them."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with ProcessPoolExecutor(2) as pool:
        by_phi = {kind: [measure(pool, kind, independent, phi, data_sets) for phi in PHIS] for kind in KINDS}
        apart = {kind: measure(pool, kind, differing, 0.0, data_sets) for kind in KINDS}
        far = {
            kind: [
                *(measure(pool, kind, independent, phi, data_sets) for phi in BEYOND),
                measure(pool, kind, trending, TREND, data_sets),
            ]
            for kind in KINDS[:2]
        }
        power = {
            (model.__name__, kind): [measure(pool, kind, model, c, data_sets) for c in COUPLINGS]
            for model in (redundant, synergistic)
            for kind in KINDS[:2]
        }
    conditions = *(f"φ = {phi}" for phi in PHIS), "prompts differ"
    rows = {kind: (*by_phi[kind], apart[kind]) for kind in KINDS}
    coupled = {f"{model}, {kind}": measured for (model, kind), measured in power.items() if kind == KINDS[0]}
    write(
        {
            "independent": table_of(conditions, {kind: rows[kind] for kind in KINDS[:3]}),
            "not offered": table_of(conditions, {kind: rows[kind] for kind in KINDS[3:]}, (0, 1)),
            "beyond": table_of((*(f"φ = {phi}" for phi in BEYOND), "trends"), far),
            "flag": flagged(),
            "size": at_the_studys_size(),
            "least offset": least_offset_effect(),
            "coupled": table_of([f"weight {c}" for c in COUPLINGS], coupled),
            "discrete": discrete_bias(),
            "joint": joint_null(),
        }
    )
    figure, axes = plt.subplots(3, 3, figsize=(13, 11), constrained_layout=True)
    error = 1.96 * np.sqrt(0.05 * 0.95 / (data_sets * N_HEADS))
    for row, atom in enumerate(("synergy (sts)", "redundancy (rtr)", "integrated information (Φ_R)")):
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
