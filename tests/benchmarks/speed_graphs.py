"""Speed of the graph metrics."""

from measuring import Row, options_of, seconds

N_HEADS = 1152  # of Qwen3 8B


def rows(given: dict) -> list[Row]:
    """Efficiency, modularity, surrogates, shuffles and intervals of both networks of the largest model."""
    import numpy as np

    from synergy.heads.networks import measure_networks, strongest, top_fraction_metrics, weighted_graph

    networks = np.random.default_rng(0).gamma(2.0, 0.01, (2, N_HEADS, N_HEADS))
    networks = (networks + networks.transpose(0, 2, 1)) / 2
    for network in networks:
        np.fill_diagonal(network, np.nan)
    headline = seconds(lambda: [top_fraction_metrics(strongest(weighted_graph(own), 0.1), 0) for own in networks])
    everything = seconds(
        lambda: measure_networks(networks, 0.1, 0, 5, [networks] * 12, None, [networks] * 19, options_of(given).threads)
    )
    ours = f"{headline:.1f} s headline, {everything:.0f} s with 19 surrogates, 5 shuffles and 12 groups"
    words = "networkx and python-louvain themselves, graphs side by side"
    met = headline <= 20 and everything <= 300
    size, target = f"{N_HEADS:,} heads, both networks", "≤ 20 s headline, ≤ 300 s all"
    return [Row("graph metrics", size, ours, words, "–", target, met)]


def details(given: dict) -> None:
    """The row says all."""
