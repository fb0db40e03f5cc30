"""Parts of an ablation figure: a line an order, the paper's orders, the noise floor."""

import numpy as np
from matplotlib.axes import Axes

from synergy.curves import ablation_curve
from synergy.style import NULL, ORDER_STYLES, band
from synergy.tables import Table, select

BAND, WIDE_BAND = 0.16, 0.08  # opacity; bands that span seeds are wide and lie upon one another
FEW_STEPS = 12  # up to so many, each step gets a marker
ROOM_BELOW = 2.0  # on a logarithmic axis, below the lowest KL of any step
SIMILAR = 1000.0  # a noise floor that lies further below the lowest KL than this factor is told, not drawn


def draw_curves(axes: Axes, table: Table, method: str, lowest: float) -> None:
    """One line an order from the fraction `lowest` on, with its intervals and seeds as a band."""
    for order, (colour, dashes, label) in ORDER_STYLES.items():
        curve = ablation_curve(table, order, method)
        if curve is None:
            continue
        seeds = f" (mean of {curve.n_seeds})" if curve.n_seeds > 1 else ""
        marker = "o" if len(curve.fraction) <= FEW_STEPS else None
        shown = curve.fraction >= lowest
        x = curve.fraction[shown]
        axes.plot(x, curve.kl[shown], dashes, color=colour, marker=marker, label=label + seeds, zorder=3)
        low = np.maximum(curve.low[shown], np.nanmin(curve.kl) / 10)
        band(axes, x, low, curve.high[shown], colour, BAND if curve.n_seeds == 1 else WIDE_BAND)


def draw_published(axes: Axes, theirs: Table, name: str, lowest: float) -> None:
    """The paper's two orders, faintly."""
    for order in np.unique(theirs["order"]):
        rows = select(theirs, order=order)
        shown = rows["fraction_removed"] >= lowest
        colour, *_ = ORDER_STYLES[str(order)]
        label = f"published, {name}, {order}"
        drawn = rows["fraction_removed"][shown], rows["kl_nats"][shown]
        axes.plot(*drawn, color=colour, linewidth=3.5, alpha=0.4, label=label, zorder=2)


def draw_floor(axes: Axes, floor: float, lowest_kl: float) -> None:
    """Line at the KL measured with nothing removed, on a logarithmic axis that begins below it and the lowest KL.

    A floor far below every step (float32) would leave the curves no room: it is named in the legend alone.
    """
    if not lowest_kl > 0:
        return
    near = floor > lowest_kl / SIMILAR
    where = "" if near else f" {floor:.0e}, below the axis"
    line = {"color": NULL, "linewidth": 0.8, "linestyle": (0, (2, 2)), "label": f"noise floor (0 heads removed){where}"}
    if near:
        axes.axhline(floor, **line)
    elif floor >= 0:
        axes.plot([], [], **line)
    axes.set_ylim(bottom=min(floor / 2, lowest_kl / ROOM_BELOW) if near else lowest_kl / ROOM_BELOW)
