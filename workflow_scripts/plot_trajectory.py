"""Plot layer profiles over training, scaled as in the paper and unscaled, before and after subtracting the null."""

import numpy as np

from synergy.files.artifacts import read_json, save_figure
from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.files.provenance import provenance
from synergy.files.tables import REMAKE, read_table
from synergy.heads.training import TRAJECTORY_COLUMNS
from synergy.report.style import TWO_COLUMNS, new_figure
from synergy.report.training_figure import draw_agreements, draw_extents, draw_extents_in_nats, draw_layer_map, grid

CHANCE = 0.05  # above this p, the step is written in grey


def plot_trajectory(trajectory: str, summary: str, model: str, figure: str) -> None:
    """Draw maps of layers by checkpoints, and beneath them the extents and agreements that scaling hides."""
    table, described = read_table(trajectory, required=TRAJECTORY_COLUMNS), read_json(summary, "training_summary")
    checkpoints = described["checkpoints"]
    steps = [record["training_step"] for record in checkpoints]
    if table["layer"].tolist() != list(range(len(table["layer"]) // len(steps))) * len(steps):
        found = f"{len(table['layer'])} rows"
        raise InputError(f"all layers of {len(steps)} checkpoints, in order, in {trajectory}", found, REMAKE)
    title = f"{model}: layer profile over training"
    for group in described["identical_weights"]:
        title += f"\nCAUTION: {', '.join(group)} have identical weights"
    canvas = new_figure(TWO_COLUMNS, 7.2 + 0.15 * title.count("\n"), title)
    panels = canvas.subplots(3, 3)
    noise = {
        name: np.array([(record[name]["p_value"] or 1.0) > CHANCE for record in checkpoints])
        for name in ("score", "excess_score")
    }
    of_score = {"noise": noise["score"]}
    of_excess = {"noise": noise["excess_score"]}
    for axes, column, name, label, how in (
        (panels[0, 0], "score_scaled", "score, scaled", "each step scaled to 0-1", of_score | {"scaled": True}),
        (panels[0, 1], "excess_score_scaled", "minus null, scaled", "", of_excess | {"scaled": True}),
        (
            panels[0, 2],
            "published_score_scaled",
            "published, scaled",
            "",
            {"scaled": True, "absent": "not in the paper"},
        ),
        (panels[1, 0], "score", "score", "layer mean", of_score | {"centre": 0.5}),
        (panels[1, 1], "excess_score", "minus null", "", of_excess | {"centre": 0.5}),
        (panels[1, 2], "synergy", "synergy", "nats", {}),
    ):
        draw_layer_map(canvas, axes, grid(table, column), steps, name, label, **how)
    draw_extents(panels[2, 0], checkpoints, steps)
    draw_extents_in_nats(panels[2, 1], checkpoints, steps)
    draw_agreements(panels[2, 2], checkpoints, steps)
    save_figure(figure, canvas, provenance("plot_trajectory", {"model": model}))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_trajectory(
            trajectory=snakemake.input.trajectory,
            summary=snakemake.input.summary,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
        )
