"""Parts of an ablation figure: a line an order, the paper's orders, the noise floor."""

import numpy as np
from matplotlib.axes import Axes

from synergy.curves import ablation_curve
from synergy.style import NULL, ORDER_STYLES, band
from synergy.tables import Table, select


def draw_curves(axes: Axes, table: Table, lowest: float) -> None:
    """One line an order from the fraction `lowest` on, with its intervals and seeds as a band."""
    for order, (colour, dashes, label) in ORDER_STYLES.items():
        curve = ablation_curve(table, order)
        if curve is None:
            continue
        seeds = f" (mean of {curve.n_seeds})" if curve.n_seeds > 1 else ""
        marker = "o" if len(curve.fraction) <= 12 else None
        shown = curve.fraction >= lowest
        x = curve.fraction[shown]
        axes.plot(x, curve.kl[shown], dashes, color=colour, marker=marker, label=label + seeds, zorder=3)
        band(axes, x, np.maximum(curve.low[shown], np.nanmin(curve.kl) / 10), curve.high[shown], colour, 0.1)


def draw_published(axes: Axes, theirs: Table, name: str, lowest: float) -> None:
    """The paper's two orders, faintly."""
    for order in np.unique(theirs["order"]):
        rows = select(theirs, order=order)
        shown = rows["fraction_removed"] >= lowest
        colour, *_ = ORDER_STYLES[str(order)]
        label = f"published, {name}, {order}"
        drawn = rows["fraction_removed"][shown], rows["kl_nats"][shown]
        axes.plot(*drawn, color=colour, linewidth=3.5, alpha=0.25, label=label, zorder=1)


def draw_floor(axes: Axes, floor: float) -> None:
    """Horizontal line at the KL measured with nothing removed."""
    if floor > 0:
        axes.axhline(floor, color=NULL, linewidth=0.8, linestyle=(0, (2, 2)), label="noise floor (0 heads removed)")
        axes.set_ylim(bottom=floor / 3)
