"""Draw the map of all heads that is explored in a browser."""

from collections.abc import Sequence

from synergy.ablation.order_files import read_orders
from synergy.files.artifacts import atomic_path
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.scores import SCORES, configured_score, read_ranking
from synergy.phiid.pairwise import read_pairwise
from synergy.report.head_map import TOLD, Removal, head_map_page

ATOMS = ("sts_matrix", "rtr_matrix", "sts_null_mean", "rtr_null_mean")


def plot_head_map(
    pairwise: str,
    ranking: str,
    orders: Sequence[str],
    names: Sequence[str],
    layers: int,
    heads: int,
    model: str,
    page: str,
) -> None:
    """Write one page of HTML with every head, its strongest partners, and what its removal did.

    Parameters
    ----------
    pairwise, ranking : str
        Atoms of the pairs (npz) and ranking of the heads (CSV).
    orders, names : sequence of str
        Files of orders of removal (npz) and the orders' names; may be empty.
    layers, heads : int
        Layers, and heads a layer.
    model : str
    page : str
        Where to write the HTML.
    """
    atoms, upstream = read_pairwise(pairwise, ATOMS, layers * heads)
    table = read_ranking(ranking, layers * heads, [*TOLD, *SCORES])
    curves = read_orders(orders, names)[0] if orders else []
    removals = [
        Removal(curve["kind"], curve["removed"], curve["num_heads_removed"], curve["kl_nats"].mean(axis=1))
        for curve in curves
    ]
    made = provenance("plot_head_map", {"model": model}, upstream)
    text = head_map_page(model, table, atoms, removals, configured_score(table), made)
    with atomic_path(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_head_map(
            pairwise=snakemake.input.pairwise,
            ranking=snakemake.input.ranking,
            orders=snakemake.input.orders,
            model=snakemake.wildcards.model,
            page=snakemake.output.page,
            **snakemake.params.settings,
        )
