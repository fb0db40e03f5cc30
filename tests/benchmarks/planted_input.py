"""What input that heads share does to synergy, redundancy and their excess over depth, planted: a table in results.md.

    python tests/benchmarks/planted_input.py

Heads have memory of their own and follow one input; no head acts on another. The strength of the input, or the heads'
memory, is an inverted U over depth. A minute on two cores.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import markdown

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from synergy.heads.layer_profiles import layer_means, template_correlation  # noqa: E402
from synergy.phiid.decomposition import Decomposition, Settings  # noqa: E402
from synergy.phiid.pairs import head_means, n_pairs  # noqa: E402

N_TOKENS, BEFORE = 100, 50  # tokens that are kept, and that come before them
ATOMS = ("sts", "rtr", "phi_r")


class Planted(NamedTuple):
    """Heads' own autocorrelation and the input's strength, at the edges and in the middle; the input's own memory."""

    words: str
    memory: tuple[float, float]
    strength: tuple[float, float]
    memory_of_input: float


PLANTED = (
    Planted("slow input, stronger in the middle", (0.4, 0.4), (0.2, 0.8), 0.7),
    Planted("input without memory, stronger in the middle", (0.4, 0.4), (0.2, 0.8), 0.0),
    Planted("slow input, as strong everywhere; heads' memory longer in the middle", (0.1, 0.7), (0.5, 0.5), 0.7),
    Planted("no input; heads' memory longer in the middle", (0.1, 0.7), (0.0, 0.0), 0.0),
)


def simulate(planted: Planted, layers: int, heads: int, n_prompts: int, seed: int) -> np.ndarray:
    """Series of all heads (n_prompts, layers * heads, N_TOKENS), each head's own part with variance 1."""
    draw, depth = np.random.default_rng(seed), np.arange(layers) / (layers - 1)
    memory, strength = (
        np.repeat(edge + (middle - edge) * 4 * depth * (1 - depth), heads)[:, None]
        for edge, middle in (planted.memory, planted.strength)
    )
    own = _autoregressive(draw.standard_normal((n_prompts, layers * heads, BEFORE + N_TOKENS)), memory)
    shared = _autoregressive(draw.standard_normal((n_prompts, 1, BEFORE + N_TOKENS)), planted.memory_of_input)
    return (own + strength * shared)[..., BEFORE:]


def _autoregressive(noise: np.ndarray, memory: np.ndarray | float) -> np.ndarray:
    factor = np.broadcast_to(memory, (*noise.shape[1:-1], 1))[:, 0]
    for t in range(1, noise.shape[-1]):
        noise[..., t] = factor * noise[..., t - 1] + np.sqrt(1 - factor**2) * noise[..., t]
    return noise


def excesses(series: np.ndarray, layers: int, heads: int, surrogates: int) -> dict[str, np.ndarray]:
    """Each atom above its null in each layer, in nats (layers,)."""
    settings = Settings(surrogates=surrogates, heads=heads)
    lengths = np.full(len(series), series.shape[2])
    made = Decomposition(series, lengths, settings, threads=2).run(range(n_pairs(layers * heads)))
    observed = head_means(made["head_prompt_sums"]).mean(axis=1)
    null = head_means(made["head_null_sums"]).mean(axis=1)
    return {atom: layer_means(observed[k] - null[k], layers, heads) for k, atom in enumerate(ATOMS)}


def profiles(planted: Planted, layers: int = 20, heads: int = 6, n_prompts: int = 60, seed: int = 0) -> list[dict]:
    """The same of the series as they are, and of their first differences."""
    series = simulate(planted, layers, heads, n_prompts, seed)
    return [excesses(own, layers, heads, surrogates=50) for own in (series, np.diff(series, axis=-1))]


def table() -> str:
    """A row a planted example: mean excess in nats and its inverted U, as recorded and differenced."""
    rows = []
    for planted in PLANTED:
        cells = [
            f"{excess[atom].mean():+.4f} / {template_correlation(excess[atom]):+.2f}".replace("-", "−")
            for atom in ATOMS[:2]
            for excess in profiles(planted)
        ]
        rows.append((planted.words, *cells))
    head = [f"{name}, {form}" for name in ("synergy", "redundancy") for form in ("as they are", "differenced")]
    return markdown(("planted", *head), rows)


if __name__ == "__main__":
    page = ROOT / "docs/results.md"
    before, rest = page.read_text().split("<!-- begin: planted_input.py -->")
    after = rest.split("<!-- end: planted_input.py -->")[1]
    page.write_text(f"{before}<!-- begin: planted_input.py -->\n{table()}\n<!-- end: planted_input.py -->{after}")
