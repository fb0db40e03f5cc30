"""Speed of the graph metrics."""

from measuring import Row, best_of, seconds

N_HEADS = 1152  # of Qwen3 8B


def rows(given: dict) -> list[Row]:
    """Efficiency, modularity and contrasts of both networks of the largest model."""
    import networkx as nx
    import numpy as np

    from synergy.heads.networks import (
        global_efficiency,
        headline_contrasts,
        network_definitions,
        strongest_edges,
        weighted_graph,
    )

    networks = np.random.default_rng(0).gamma(2.0, 0.01, (2, N_HEADS, N_HEADS))
    networks = (networks + networks.transpose(0, 2, 1)) / 2
    for network in networks:
        np.fill_diagonal(network, np.nan)
    definitions = seconds(lambda: [network_definitions(network, 0.1, 0, 0) for network in networks])
    contrasts = seconds(lambda: headline_contrasts(*networks, 0.1, 0))
    strongest = strongest_edges(weighted_graph(networks[0]), 0.1)
    graph = nx.from_numpy_array(strongest > 0)
    library, one = best_of(3, lambda: nx.global_efficiency(graph), lambda: global_efficiency(strongest))
    ours = f"{definitions:.1f} s all definitions ({definitions + contrasts:.1f} s with intervals)"
    words = f"one global efficiency by networkx: {library:.2f} s, ours {one:.2f} s"
    size = f"{N_HEADS:,} heads, both networks"
    return [Row("graph metrics", size, ours, words, f"{library / one:.1f}", "≤ 20 s", definitions <= 20)]


def details(given: dict) -> None:
    """The row says all."""
