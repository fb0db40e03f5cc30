"""Plot layer profiles over training, scaled as in the paper and unscaled, before and after subtracting the null."""

import pandas as pd

from synergy.files.artifacts import read_json, save_figure
from synergy.files.console import logged_to
from synergy.files.errors import InputError, set_aside
from synergy.files.provenance import provenance
from synergy.files.tables import read_table
from synergy.heads.training import TRAJECTORY_COLUMNS
from synergy.report.trajectory_figure import trajectory_figure


def plot_trajectory(trajectory: str, summary: str, model: str, figure: str) -> None:
    """Draw maps of layers by checkpoints, and beneath them the extents and agreements that scaling hides."""
    table, described = read_table(trajectory, required=TRAJECTORY_COLUMNS), read_json(summary, "training_summary")
    checkpoints = pd.json_normalize(described["checkpoints"])
    if table["layer"].tolist() != list(range(len(table) // len(checkpoints))) * len(checkpoints):
        expected = f"all layers of {len(checkpoints)} checkpoints, in order, in {trajectory}"
        raise InputError(expected, f"{len(table)} rows", set_aside(trajectory))
    drawn = trajectory_figure(model, table, checkpoints, described["identical_weights"])
    save_figure(figure, drawn, provenance("plot_trajectory", {"model": model}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_trajectory(
            trajectory=snakemake.input.trajectory,
            summary=snakemake.input.summary,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
