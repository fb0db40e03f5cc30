"""Plot MATH accuracy and the likelihood of the solutions under noise in chosen heads."""

from synergy.claims.published import read_published
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_table
from synergy.perturbation.outcomes import POOLED_COLUMNS
from synergy.report.behaviour_figures import draw_bars, draw_likelihood, draw_swept
from synergy.report.style import TWO_COLUMNS, new_figure


def plot_math(math: str, published: str, sigma: float, model: str, figure: str) -> None:
    """Draw accuracy and solution likelihood against sigma, and the accuracies of one `sigma` as bars."""
    table = read_table(math, required=POOLED_COLUMNS)
    name, theirs = read_published(published, model, ("condition", "accuracy_percent", "half_error_bar"))
    canvas = new_figure(TWO_COLUMNS, 3.1, f"{model}: answers under noise in chosen heads")
    swept, bars, likelihood = canvas.subplots(1, 3)
    draw_swept(swept, table)
    draw_bars(bars, table, sigma, theirs, name)
    draw_likelihood(likelihood, table)
    handles, labels = swept.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    save_figure(figure, canvas, provenance("plot_math", {"model": model, "published": name}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_math(
            math=snakemake.input.math,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
