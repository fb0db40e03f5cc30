"""Speed of the graph metrics."""

from measuring import Row, options_of, seconds

N_HEADS = 1152  # of Qwen3 8B


def rows(given: dict) -> list[Row]:
    """Efficiency, modularity, nulls and intervals of both networks of the largest model."""
    import numpy as np

    from synergy.heads.networks import measure_networks, top_fraction_metrics, weighted_graph

    networks = np.random.default_rng(0).gamma(2.0, 0.01, (2, N_HEADS, N_HEADS))
    networks = (networks + networks.transpose(0, 2, 1)) / 2
    for network in networks:
        np.fill_diagonal(network, np.nan)
    headline = seconds(lambda: [top_fraction_metrics(weighted_graph(network), 0.1, 0) for network in networks])
    everything = seconds(lambda: measure_networks(*networks, 0.1, 0, 20, options_of(given).threads))
    ours = f"{headline:.1f} s headline, {everything:.0f} s with all definitions, 20 shuffles and intervals"
    words = "networkx and python-louvain themselves, graphs side by side"
    met = headline <= 20 and everything <= 300
    size, target = f"{N_HEADS:,} heads, both networks", "≤ 20 s headline, ≤ 300 s all"
    return [Row("graph metrics", size, ours, words, "–", target, met)]


def details(given: dict) -> None:
    """The row says all."""
