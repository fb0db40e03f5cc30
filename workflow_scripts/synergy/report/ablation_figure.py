"""Figure of the ablation: how far the predictions move as heads are removed, a line an order."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from synergy.ablation.curves import curve_of_order, methods, noise_floor
from synergy.report.style import MARKED, NULL, ORDER_STYLES, TWO_COLUMNS, band, new_figure, shared_legend

GIVEN = {"zero": "zeros", "mean": "their mean output"}
BAND, WIDE_BAND = 0.16, 0.08  # opacity; bands that span seeds are wide and lie upon one another
FEW_STEPS = 12  # up to so many, each step gets a marker
ROOM_BELOW = 2.0  # on a logarithmic axis, below the lowest KL of any step
SIMILAR = 1000.0  # a noise floor that lies further below the lowest KL than this factor is told, not drawn
FLOOR_LINE = {"color": NULL, "linewidth": 0.8, "linestyle": (0, (2, 2))}


def ablation_figure(model: str, ablation: pd.DataFrame, published: pd.DataFrame, published_name: str | None) -> Figure:
    """KL against the fraction of heads removed, on a linear and on a logarithmic axis, a row a method.

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
    figure = new_figure(TWO_COLUMNS, 1.2 + 2.4 * len(shown), f"{model}: what removing heads does to its predictions")
    for (linear, logarithmic), method in zip(figure.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        own = ablation[ablation["method"] == method]
        curves = order_curves(own, method)
        few = curves["order"].value_counts().max() <= FEW_STEPS
        some = own[own["num_heads_removed"] > 0]
        for axes, lowest in ((linear, 0.0), (logarithmic, some["fraction_removed"].min())):
            draw_curves(axes, curves[curves["fraction"] >= lowest], marked=few)
            if published_name and method == "zero":
                theirs = published[published["fraction_removed"] >= lowest]
                _draw_published_orders(axes, theirs, published_name)
            axes.set(xlabel="fraction of heads removed", ylabel="KL divergence (nats per token)")
        linear.set(xlim=(0, None), ylim=(0, None), title=f"heads give {GIVEN[method]}")
        # Nothing removed has no place on a logarithmic axis: there it is the noise floor.
        logarithmic.set(yscale="log", title="the same, logarithmic KL")
        draw_floor(logarithmic, noise_floor(own), some["mean_kl_div"].min())
    shared_legend(figure, ncols=3)
    return figure


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


def draw_floor(axes: Axes, floor: float, lowest_kl: float) -> None:
    """Line at the KL measured with nothing removed, on a logarithmic axis that begins below it and the lowest KL.

    A floor far below every step (float32) would leave the curves no room: it is named in the legend alone.
    """
    if not lowest_kl > 0:
        return
    label = "noise floor (0 heads removed)"
    if floor > lowest_kl / SIMILAR:
        axes.axhline(floor, label=label, **FLOOR_LINE)
        axes.set_ylim(bottom=min(floor / 2, lowest_kl / ROOM_BELOW))
        return
    if floor >= 0:
        axes.plot([], [], label=f"{label} {floor:.0e}, below the axis", **FLOOR_LINE)
    axes.set_ylim(bottom=lowest_kl / ROOM_BELOW)
