"""Plot how far behaviour moves as heads are removed, for every order of removal."""

import numpy as np

from synergy.artifacts import save_figure
from synergy.console import logged_to
from synergy.curves import ablation_curve, noise_floor
from synergy.provenance import provenance
from synergy.published import read_published
from synergy.style import NULL, ORDER_STYLES, TWO_COLUMNS, band, new_figure
from synergy.tables import Table, read_table, select

COLUMNS = ("num_heads_removed", "mean_kl_div", "order_type", "fraction_removed", "seed", "kl_ci_low", "kl_ci_high")


def plot_ablation(ablation: str, published: str, model: str, figure: str) -> None:
    """Draw KL against the fraction of heads removed, on a linear and on a logarithmic axis.

    Parameters
    ----------
    ablation : str
        The ablation table (CSV).
    published : str
        The paper's ablation curves (CSV).
    model : str
        Key of the model.
    figure : str
        Where to write the PNG.
    """
    table = read_table(ablation, required=COLUMNS)
    name, theirs = read_published(published, model, ("order", "fraction_removed", "kl_nats"))
    canvas = new_figure(TWO_COLUMNS, 3.6, f"{model}: what removing heads does to its predictions")
    linear, logarithmic = canvas.subplots(1, 2)
    # Nothing removed has no place on a logarithmic axis: there it is the noise floor.
    removed = table["fraction_removed"][table["num_heads_removed"] > 0]
    for axes, lowest in ((linear, 0.0), (logarithmic, removed.min() if removed.size else 0.0)):
        draw_curves(axes, table, lowest)
        if name:
            draw_published(axes, theirs, name, lowest)
        axes.set(xlabel="fraction of heads removed", ylabel="KL from the intact model (nats per token)")
    linear.set(xlim=(0, None), ylim=(0, None))
    linear.set_title("linear axes")
    logarithmic.set(xscale="log", yscale="log")
    draw_floor(logarithmic, noise_floor(table))
    logarithmic.set_title("logarithmic axes, with the noise floor")
    handles, labels = logarithmic.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=3)
    save_figure(figure, canvas, provenance("plot_ablation", {"model": model, "published": name}))


def draw_curves(axes, table: Table, lowest: float) -> None:
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


def draw_published(axes, theirs: Table, name: str, lowest: float) -> None:
    """The paper's two orders, faintly."""
    for order in np.unique(theirs["order"]):
        rows = select(theirs, order=order)
        shown = rows["fraction_removed"] >= lowest
        colour, *_ = ORDER_STYLES[str(order)]
        label = f"published, {name}, {order}"
        drawn = rows["fraction_removed"][shown], rows["kl_nats"][shown]
        axes.plot(*drawn, color=colour, linewidth=3.5, alpha=0.25, label=label, zorder=1)


def draw_floor(axes, floor: float) -> None:
    """Horizontal line at the KL measured with nothing removed."""
    if floor > 0:
        axes.axhline(floor, color=NULL, linewidth=0.8, linestyle=(0, (2, 2)), label="noise floor (0 heads removed)")
        axes.set_ylim(bottom=floor / 3)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_ablation(
            ablation=snakemake.input.ablation,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
