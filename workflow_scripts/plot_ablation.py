"""Plot how far behaviour moves as heads are removed, for every order of removal."""

from synergy.ablation_panels import draw_curves, draw_floor, draw_published
from synergy.artifacts import save_figure
from synergy.console import logged_to
from synergy.curves import noise_floor
from synergy.provenance import provenance
from synergy.published import read_published
from synergy.style import TWO_COLUMNS, new_figure
from synergy.tables import read_table

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
    logarithmic.set(yscale="log")
    floor = noise_floor(table)
    draw_floor(logarithmic, floor)
    logarithmic.set_title(f"logarithmic KL; noise floor {floor:.1g} nats")
    handles, labels = logarithmic.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=3)
    save_figure(figure, canvas, provenance("plot_ablation", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_ablation(
            ablation=snakemake.input.ablation,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
