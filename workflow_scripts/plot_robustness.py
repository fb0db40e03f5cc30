"""Plot how far scores and layer profiles agree between variants of the analysis, and the verdicts under each."""

from synergy.claims.robustness import ROBUSTNESS_CLAIMS
from synergy.claims.verdicts import WORDS
from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_records, read_table
from synergy.report.robustness_figure import robustness_figure


def plot_robustness(agreement: str, claims: str, model: str, figure: str) -> None:
    """Draw rank correlations of head scores and of layer profiles, and a sign a claim and variant."""
    correlated = read_table(agreement, required=("quantity", "level", "variant", "other", "spearman"), fewest_rows=0)
    read_records(claims, ROBUSTNESS_CLAIMS, WORDS)
    verdicts = read_table(claims, required=("claim", "variant", "verdict", "verdict_after_control"))
    drawn = robustness_figure(model, correlated, verdicts)
    save_figure(figure, drawn, provenance("plot_robustness", {"model": model}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_robustness(
            agreement=snakemake.input.agreement,
            claims=snakemake.input.claims,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
