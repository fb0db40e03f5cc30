"""Plot MATH accuracy and the likelihood of the solutions under noise in chosen heads."""

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_table
from synergy.perturbation.outcomes import POOLED_COLUMNS
from synergy.report.math_figure import math_figure


def plot_math(math: str, published: str, sigma: float, model: str, figure: str) -> None:
    """Draw accuracy and solution likelihood against sigma, and the accuracies of one `sigma` as bars."""
    table = read_table(math, required=POOLED_COLUMNS)
    name, theirs = read_published(published, model, ("condition", "accuracy_percent", "half_error_bar"))
    drawn = math_figure(model, table, sigma, theirs, name)
    save_figure(figure, drawn, provenance("plot_math", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_math(
            math=snakemake.input.math,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
