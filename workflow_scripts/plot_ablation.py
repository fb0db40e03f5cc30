"""Plot how far behaviour moves as heads are removed, for every order of removal."""

from synergy.ablation.curves import CURVE_COLUMNS, methods, noise_floor
from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_table
from synergy.report.behaviour_figures import draw_curves, draw_floor, draw_published_orders
from synergy.report.style import TWO_COLUMNS, new_figure

GIVEN = {"zero": "zeros", "mean": "their mean output"}


def plot_ablation(ablation: str, published: str, model: str, figure: str) -> None:
    """Draw KL against the fraction of heads removed, on a linear and on a logarithmic axis, a row a method.

    The `published` curves are of zeroed heads.
    """
    table = read_table(ablation, required=CURVE_COLUMNS)
    name, theirs = read_published(published, model, ("order", "fraction_removed", "kl_nats"))
    shown = methods(table)
    canvas = new_figure(TWO_COLUMNS, 1.2 + 2.4 * len(shown), f"{model}: what removing heads does to its predictions")
    handles = {}
    for (linear, logarithmic), method in zip(canvas.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        own = table[table["method"] == method]
        some = own["num_heads_removed"] > 0
        for axes, lowest in ((linear, 0.0), (logarithmic, own["fraction_removed"][some].min())):
            draw_curves(axes, own, method, lowest)
            if name and method == "zero":
                draw_published_orders(axes, theirs, name, lowest)
            axes.set(xlabel="fraction of heads removed", ylabel="KL divergence (nats per token)")
        linear.set(xlim=(0, None), ylim=(0, None), title=f"heads give {GIVEN[method]}")
        # Nothing removed has no place on a logarithmic axis: there it is the noise floor.
        logarithmic.set(yscale="log", title="the same, logarithmic KL")
        draw_floor(logarithmic, noise_floor(own), own["mean_kl_div"][some].min())
        handles |= dict(zip(*reversed(logarithmic.get_legend_handles_labels()), strict=True))
    canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    save_figure(figure, canvas, provenance("plot_ablation", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_ablation(
            ablation=snakemake.input.ablation,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
