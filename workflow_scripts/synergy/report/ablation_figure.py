"""Figure of the ablation: how far the predictions move as heads are removed, and the rank of the two cores."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.ablation.curves import curve_of_order, methods
from synergy.report.style import MARKED, NULL, ORDER_STYLES, TWO_COLUMNS, band, new_figure, say, shared_legend

GIVEN = {"zero": "zeros", "mean": "their mean output"}
BAND, WIDE_BAND = 0.16, 0.08  # opacity; bands that span seeds are wide and lie upon one another
FEW_STEPS = 12  # up to so many, each step gets a marker
FLOOR_LINE = {"color": NULL, "linewidth": 0.8, "linestyle": (0, (2, 2))}


def ablation_figure(model: str, ablation: pd.DataFrame, published: pd.DataFrame, published_name: str | None) -> Figure:
    """KL against the fraction of heads removed, and where the two cores stand among the drawn orders, a row a method.

    Parameters
    ----------
    model : str
    ablation : DataFrame
        A row a step of an order, seed and method, with the columns `synergy.ablation.curves.CURVE_COLUMNS`.
    published : DataFrame
        The paper's ``order``, ``fraction_removed`` and ``kl_nats``, of zeroed heads.
    published_name : str or None
        The paper's name of the model; None where it does not have it.
    """
    shown = methods(ablation)
    drawn = {method: at_largest_fraction(ablation, method) for method in shown}
    figure = new_figure(TWO_COLUMNS, 1.2 + 2.4 * len(shown), f"{model}: {rank_in_words(drawn[shown[0]])}")
    for (curves_of, ranks), method in zip(figure.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        own = ablation[ablation["method"] == method]
        curves = order_curves(own, method)
        draw_curves(curves_of, curves, marked=curves["order"].value_counts().max() <= FEW_STEPS)
        if published_name and method == "zero":
            _draw_published_orders(curves_of, published, published_name)
        curves_of.set(xlabel="fraction of heads removed", ylabel="KL divergence (nats per token)")
        curves_of.set(xlim=(0, None), ylim=(0, None), title=f"heads give {GIVEN[method]}")
        _draw_ranks(ranks, drawn[method])
    shared_legend(figure, ncols=3)
    return figure


def at_largest_fraction(ablation: pd.DataFrame, method: str) -> pd.DataFrame:
    """KL of every order at the largest fraction at which all of them were measured.

    Returns
    -------
    DataFrame
        A row an order and seed: ``order``, ``seed``, ``fraction`` and ``kl``; none where they share no fraction.
    """
    own = ablation[(ablation["method"] == method) & (ablation["num_heads_removed"] > 0)]
    n_orders = own.groupby("num_heads_removed").size()
    shared = n_orders[n_orders == own.groupby(["order_type", "seed"]).ngroups].index
    own = own[own["num_heads_removed"] == shared.max()] if len(shared) else own[:0]
    names = {"order_type": "order", "fraction_removed": "fraction", "mean_kl_div": "kl"}
    return own.rename(columns=names)[["order", "seed", "fraction", "kl"]]


def random_exceeded(drawn: pd.DataFrame) -> tuple[int, int]:
    """How many random orders do less harm than the synergistic one, and how many there are; (0, 0) without either."""
    cores, random = (drawn[drawn["order"] == order]["kl"] for order in ("synergistic", "random"))
    return (int((cores.mean() > random).sum()), len(random)) if len(cores) else (0, 0)


def rank_in_words(drawn: pd.DataFrame) -> str:
    """What the figure shows: how many random orders do less harm than the synergistic one."""
    exceeded, n_random = random_exceeded(drawn)
    if not n_random:
        return "what removing heads does to its predictions"
    return f"the synergistic order does more harm than {exceeded} of {n_random} random ones"


def _draw_ranks(axes: Axes, drawn: pd.DataFrame) -> None:
    """The two cores as lines, and every drawn order as a dot, a column a kind."""
    kinds = [order for order in ORDER_STYLES if order.startswith("random") and (drawn["order"] == order).any()]
    if not kinds:
        say(axes, "no fraction at which random orders were measured too")
        return
    generator = np.random.default_rng(0)  # of places alone
    for place, kind in enumerate(kinds):
        own = drawn[drawn["order"] == kind]["kl"]
        x = place + generator.uniform(-0.25, 0.25, len(own))
        axes.scatter(x, own, s=9, color=ORDER_STYLES[kind][0], alpha=0.7, linewidths=0, zorder=3)
    for core in ("synergistic", "redundant"):
        for kl in drawn[drawn["order"] == core]["kl"]:
            axes.axhline(kl, color=ORDER_STYLES[core][0], zorder=2)
    words = [ORDER_STYLES[kind][2].replace("random, ", "").replace("-matched", "-\nmatched") for kind in kinds]
    counts = [(drawn["order"] == kind).sum() for kind in kinds]
    axes.set_xticks(range(len(kinds)), [f"{word}\nn = {n}" for word, n in zip(words, counts, strict=True)])
    axes.set(xlim=(-0.6, len(kinds) - 0.4), ylim=(0, None), ylabel="KL divergence (nats per token)")
    axes.set_xlabel("drawn orders, a dot each; lines: the two cores")
    axes.set_title(f"at {drawn['fraction'].iloc[0]:.0%} of the heads")


def order_curves(ablation: pd.DataFrame, method: str) -> pd.DataFrame:
    """Mean curve over the seeds of each order, in the order of `ORDER_STYLES`.

    Returns
    -------
    DataFrame
        A row an order and step: ``order``, ``label`` and the fields of `synergy.ablation.curves.Curve`.
    """
    found = {order: curve_of_order(ablation, order, method) for order in ORDER_STYLES}
    curves = [pd.DataFrame(vars(curve)).assign(order=order) for order, curve in found.items() if curve]
    curves = pd.concat(curves, ignore_index=True)
    seeds = curves["n_seeds"].map(lambda n_seeds: f" (mean of {n_seeds})" if n_seeds > 1 else "")
    return curves.assign(label=curves["order"].map(lambda order: ORDER_STYLES[order][2]) + seeds)


def draw_curves(axes: Axes, curves: pd.DataFrame, marked: bool = False) -> None:
    """One line an order, named by ``label``, with its intervals and seeds as a band; `marked` shows the steps."""
    styles = {name: ORDER_STYLES[order] for order, name in zip(curves["order"], curves["label"], strict=True)}
    seaborn.lineplot(
        curves,
        x="fraction",
        y="kl",
        hue="label",
        style="label",
        palette={name: colour for name, (colour, _, _) in styles.items()},
        dashes={name: dashes for name, (_, dashes, _) in styles.items()},
        estimator=None,
        zorder=3,
        ax=axes,
        **(MARKED if marked else {}),
    )
    for name, own in curves.groupby("label"):
        low = np.maximum(own["low"], own["kl"].min() / 10)
        opacity = BAND if own["n_seeds"].iloc[0] == 1 else WIDE_BAND
        band(axes, own["fraction"], low, own["high"], styles[name][0], opacity)


def _draw_published_orders(axes: Axes, published: pd.DataFrame, name: str) -> None:
    """The paper's two orders, faintly."""
    orders = published["order"].unique()
    seaborn.lineplot(
        published.assign(label=f"published, {name}, " + published["order"]),
        x="fraction_removed",
        y="kl_nats",
        hue="label",
        palette={f"published, {name}, {order}": ORDER_STYLES[order][0] for order in orders},
        linewidth=3.5,
        alpha=0.4,
        estimator=None,
        zorder=2,
        ax=axes,
    )
