"""Plot how far behaviour moves as heads are removed, for every order of removal."""

from synergy.ablation.curves import read_curves
from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.report.ablation_figure import ablation_figure


def plot_ablation(ablation: str, published: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw KL against the fraction of heads removed, beside the `published` curves where the paper has the model."""
    table = read_curves(ablation, layers * heads)
    name, theirs = read_published(published, model, ("order", "fraction_removed", "kl_nats"))
    drawn = ablation_figure(model, table, theirs, name)
    save_figure(figure, drawn, provenance("plot_ablation", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_ablation(
            ablation=snakemake.input.ablation,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
