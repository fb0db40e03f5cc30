"""Plot how far scores and layer profiles agree between variants of the analysis, and the verdicts under each."""

from synergy.claims.robustness import ROBUSTNESS_CLAIMS
from synergy.claims.verdicts import WORDS
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_records, read_table
from synergy.report.robustness_figure import draw_agreement, draw_verdicts, variant_names
from synergy.report.style import TWO_COLUMNS, colour_bar, new_figure

TITLES = {"heads": "scores of heads", "layers": "layer profiles"}


def plot_robustness(agreement: str, claims: str, model: str, figure: str) -> None:
    """Draw rank correlations of head scores and of layer profiles, and a sign a claim and variant."""
    correlated = read_table(agreement, required=("quantity", "level", "variant", "other", "spearman"), fewest_rows=0)
    read_records(claims, ROBUSTNESS_CLAIMS, WORDS)
    verdicts = read_table(claims, required=("claim", "variant", "verdict", "verdict_after_control"))
    variants = variant_names(verdicts)
    height = 2.6 + 0.3 * len(variants)
    canvas = new_figure(TWO_COLUMNS, height, f"{model}: does the answer depend on how it is asked?")
    above, below = canvas.subfigures(2, 1, height_ratios=(3.6, 2))
    panels = above.subplots(1, 2)
    for axes, (level, title) in zip(panels, TITLES.items(), strict=True):
        image = draw_agreement(axes, correlated, level, variants)
        axes.set_title(title)
    panels[1].set_yticklabels([])
    colour_bar(above, image, list(panels), "rank correlation", extend="neither")
    above.supxlabel("below the diagonal the score, above it the score of what exceeds the null", fontsize=8)
    axes = below.subplots()
    draw_verdicts(axes, verdicts, variants)
    save_figure(figure, canvas, provenance("plot_robustness", {"model": model}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_robustness(
            agreement=snakemake.input.agreement,
            claims=snakemake.input.claims,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
