"""What input that heads share does to synergy, redundancy and their excess over depth, planted: a table in results.md.

    python tests/benchmarks/planted_input.py results

Planted heads have memory of their own and follow input; no head acts on another. The strength of the input, or the
heads' memory, is an inverted U over depth. Above them stand the models of `make laptop` whose activations are in the
folder that is given. Two minutes on two cores.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import markdown

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(ROOT / "docs")]

from results_page import GEOMETRIES  # noqa: E402

from synergy.files.artifacts import read_npz  # noqa: E402
from synergy.heads.layer_profiles import layer_means, template_correlation  # noqa: E402
from synergy.phiid.decomposition import Decomposition, Settings  # noqa: E402
from synergy.phiid.pairs import head_means, n_pairs  # noqa: E402

N_TOKENS, BEFORE = 100, 50  # tokens that are kept, and that come before them
ATOMS = ("sts", "rtr", "phi_r")


class Planted(NamedTuple):
    """Heads' own autocorrelation, strength of a slow input, and of one without memory: at the edges, in the middle."""

    words: str
    memory: tuple[float, float] = (0.4, 0.4)
    slow: tuple[float, float] = (0.0, 0.0)
    white: tuple[float, float] = (0.0, 0.0)


SLOW_AUTOCORRELATION = 0.7
PLANTED = (
    Planted("slow input, stronger in the middle", slow=(0.2, 0.8)),
    Planted("the same, and input without memory, as strong everywhere", slow=(0.2, 0.8), white=(0.6, 0.6)),
    Planted("input without memory, stronger in the middle", white=(0.2, 0.8)),
    Planted("slow input, as strong everywhere; heads' memory longer in the middle", memory=(0.1, 0.7), slow=(0.5, 0.5)),
    Planted("no input; heads' memory longer in the middle", memory=(0.1, 0.7)),
)


def simulate(planted: Planted, layers: int, heads: int, n_prompts: int, seed: int) -> np.ndarray:
    """Series of all heads (n_prompts, layers * heads, N_TOKENS), each head's own part with variance 1."""
    draw, depth = np.random.default_rng(seed), np.arange(layers) / (layers - 1)
    memory, slow, white = (
        np.repeat(edge + (middle - edge) * 4 * depth * (1 - depth), heads)[:, None] for edge, middle in planted[1:]
    )
    own = _autoregressive(draw.standard_normal((n_prompts, layers * heads, BEFORE + N_TOKENS)), memory)
    with_memory = _autoregressive(draw.standard_normal((n_prompts, 1, BEFORE + N_TOKENS)), SLOW_AUTOCORRELATION)
    without = draw.standard_normal((n_prompts, 1, BEFORE + N_TOKENS))
    return (own + slow * with_memory + white * without)[..., BEFORE:]


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


def row(words: str, series: np.ndarray, layers: int, heads: int) -> tuple[str, ...]:
    """Mean excess in nats and its inverted U, of series as they are and of their first differences."""
    profiles = [excesses(own, layers, heads, surrogates=50) for own in (series, np.diff(series, axis=-1))]
    excess = [own[atom] for atom in ATOMS[:2] for own in profiles]
    return words, *(f"{own.mean():+.4f} / {template_correlation(own):+.2f}".replace("-", "−") for own in excess)


def table(results: Path) -> str:
    """A row a model that was recorded, and one a planted example."""
    recorded = {model: results / f"activations/{model}_activations.npz" for model in GEOMETRIES}
    rows = [
        row(f"recorded: `{model}`", read_npz(path)[0]["activations"], *GEOMETRIES[model])
        for model, path in recorded.items()
        if path.exists()
    ]
    rows += [row(f"planted: {planted.words}", simulate(planted, 20, 6, 60, 0), 20, 6) for planted in PLANTED]
    head = [f"{name}, {form}" for name in ("synergy", "redundancy") for form in ("as they are", "differenced")]
    return markdown(("heads", *head), rows)


if __name__ == "__main__":
    page, results = ROOT / "docs/results.md", Path(sys.argv[1])
    before, rest = page.read_text().split("<!-- begin: planted_input.py -->")
    after = rest.split("<!-- end: planted_input.py -->")[1]
    page.write_text(
        f"{before}<!-- begin: planted_input.py -->\n{table(results)}\n<!-- end: planted_input.py -->{after}"
    )
