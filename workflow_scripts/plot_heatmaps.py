"""Plot the pairwise synergy and redundancy of all heads as matrices, and what exceeds their null."""

import numpy as np

from synergy.files.artifacts import save_figure
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.phiid.pairwise import read_pairwise
from synergy.report.style import (
    DIVERGING,
    SEQUENTIAL_REDUNDANCY,
    SEQUENTIAL_SYNERGY,
    TWO_COLUMNS,
    colour_bar,
    head_matrix,
    limits_around,
    new_figure,
    robust_limits,
    say,
)

ATOMS = (("synergy", "sts", SEQUENTIAL_SYNERGY), ("redundancy", "rtr", SEQUENTIAL_REDUNDANCY))


def plot_heatmaps(pairwise: str, layers: int, heads: int, model: str, figure: str) -> None:
    """Draw both `pairwise` atoms for each pair of heads, and below them the excess over the null."""
    required = [f"{atom}_{part}" for _, atom, _ in ATOMS for part in ("matrix", "null_mean")]
    arrays, upstream = read_pairwise(pairwise, required, layers * heads)
    canvas = new_figure(TWO_COLUMNS, 6.5, f"{model}: every pair of its {layers * heads:,} heads", layout="compressed")
    panels = canvas.subplots(2, 2)
    for column, (name, atom, colours) in enumerate(ATOMS):
        above, below = panels[:, column]
        observed, null = arrays[f"{atom}_matrix"], arrays[f"{atom}_null_mean"]
        image = head_matrix(above, observed, layers, heads, colours, robust_limits(observed))
        colour_bar(canvas, image, above, f"{name} ({atom}, nats)")
        above.set_title(name)
        above.set_ylabel("layer of one head")
        if np.isfinite(null).any():
            excess = observed - null
            image = head_matrix(below, excess, layers, heads, DIVERGING, limits_around(excess, 0.0))
            colour_bar(canvas, image, below, f"{name} - null mean (nats)")
            below.set_title(f"{name} minus its null")
            below.set(xlabel="layer of the other head", ylabel="layer of one head")
        else:
            say(below, "no null was computed")
            above.set_xlabel("layer of the other head")
    save_figure(figure, canvas, provenance("plot_heatmaps", {"model": model}, upstream))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        plot_heatmaps(
            pairwise=snakemake.input.pairwise,
            model=snakemake.wildcards.model,
            figure=snakemake.output.figure,
            **snakemake.params.settings,
        )
