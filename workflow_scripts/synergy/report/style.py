"""One look for all figures: sizes, fonts, colours that survive colour blindness, and the parts many figures share."""

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

SYNERGY, REDUNDANCY = "#D55E00", "#0072B2"  # orange and blue
NULL, INK, FAINT, UNDEFINED = "#7F7F7F", "#262626", "#B8B8B8", "#DDDDDD"
NETWORK_COLOURS = {"synergy": SYNERGY, "redundancy": REDUNDANCY}

ONE_COLUMN, GUTTER = 3.5, 0.2  # inches
TWO_COLUMNS = 2 * ONE_COLUMN + GUTTER

# Scores and excesses: blue is redundant, orange synergistic, and the centre of the scale is nearly white.
DIVERGING = LinearSegmentedColormap.from_list(
    "redundant_synergistic",
    ["#08306B", "#0072B2", "#8CBFDF", "#F5F5F5", "#F2AE84", "#D55E00", "#6E2C00"],
    bad=UNDEFINED,
)
# Atoms: one hue a network, lightness falls steadily.
SEQUENTIAL_SYNERGY = LinearSegmentedColormap.from_list(
    "synergy", ["#FFFAF3", "#FBD9B5", "#F2A663", "#D55E00", "#8A3A00", "#3B1800"], bad=UNDEFINED
)
SEQUENTIAL_REDUNDANCY = LinearSegmentedColormap.from_list(
    "redundancy", ["#F7FBFF", "#C6DDF0", "#76B1D8", "#0072B2", "#08457A", "#041E3B"], bad=UNDEFINED
)

# Norms of heads, under text that stays legible: no hue of the two networks.
NORM = LinearSegmentedColormap.from_list("norm", ["#FFFFFF", "#F6F0B8", "#E3D34C", "#B5A21A"], bad=UNDEFINED)

# What exceeds the null, or falls short of it (grey): the hue of the network above the white of nothing.
EXCESS_SYNERGY, EXCESS_REDUNDANCY = (
    LinearSegmentedColormap.from_list(f"excess_{name}", ["#262626", NULL, "#F7F7F7", *shades], bad=UNDEFINED)
    for name, shades in (("synergy", (SYNERGY, "#6E2C00")), ("redundancy", (REDUNDANCY, "#08306B")))
)
# Verdicts have hues of their own: orange and blue are the two networks.
VERDICT_SUPPORTED, VERDICT_OPPOSITE = "#117733", "#882255"  # green and wine

# Of an order of removal: colour, dashes ("" is a solid line) and name.
ORDER_STYLES = {
    "synergistic": (SYNERGY, "", "synergistic first"),
    "redundant": (REDUNDANCY, "", "redundant first"),
    "random": (INK, "", "random"),
    "random_layer_matched": ("#009E73", (3.7, 1.6), "random, layer-matched"),
    "random_autocorrelation_matched": ("#CC79A7", (6.4, 1.6, 1, 1.6), "random, autocorrelation-matched"),
    "random_norm_matched": ("#E69F00", (1, 1.65), "random, norm-matched"),
}
# Of a condition of the weights: colour and name.
CONDITION_STYLES = {
    "baseline": (NULL, "no noise"),
    "redundant": (REDUNDANCY, "most redundant heads"),
    "random": (INK, "random heads"),
    "synergistic": (SYNERGY, "most synergistic heads"),
}

MARKED = {"marker": "o", "markeredgewidth": 0}  # seaborn's white rims would cut up the lines of many layers

LOOK = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.limits": (-4, 5),
    "axes.formatter.use_mathtext": True,
    "text.color": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "xtick.minor.size": 2,
    "ytick.minor.size": 2,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "patch.force_edgecolor": False,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
}


def new_figure(width: float, height: float, title: str | None = None, layout: str = "constrained") -> Figure:
    """Make an empty figure of `width` x `height` inches, drawn without a display and laid out without overlaps.

    `layout` "compressed" is for grids of square panels.
    """
    # Matplotlib brings this font along: a figure looks the same wherever it is drawn.
    seaborn.set_theme(context="paper", style="ticks", font="DejaVu Sans", rc=LOOK)
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
    if title:
        text = figure.suptitle(title, x=0.01, ha="left")
        reach = text.get_window_extent(figure.canvas.get_renderer()).width / figure.bbox.width
        text.set_fontsize(text.get_fontsize() * min(1.0, 0.97 / reach))
    return figure


def shared_legend(figure: Figure, loc: str = "outside lower center", **kwargs) -> None:
    """Draw one legend below the panels or at `loc`, each label once, in place of the panels' own."""
    handles = {}
    for axes in figure.axes:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        if axes.get_legend():
            axes.get_legend().remove()
    figure.legend(handles.values(), handles.keys(), loc=loc, **kwargs)


def layer_axis(axes: Axes, layers: int, label: bool = True) -> None:
    """Make x the layer, first to last, with whole-numbered ticks."""
    axes.set_xlim(-0.5, layers - 0.5)
    axes.set_xticks(layer_ticks(layers))
    if label:
        axes.set_xlabel("layer (first to last)")


def layer_ticks(layers: int) -> np.ndarray:
    """At most about nine evenly spaced layers, the first among them."""
    return np.arange(0, layers, layer_step(layers))


def layer_step(layers: int) -> int:
    """Layers from one tick to the next."""
    return next(step for step in (1, 2, 4, 5, 10, 20, 50, 100, 10**6) if layers / step <= 9)


def band(axes: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str, alpha: float, **kwargs) -> None:
    """Shade between two lines."""
    axes.fill_between(x, low, high, color=colour, alpha=alpha, linewidth=0, **kwargs)


def zero_line(axes: Axes, at: float = 0.0) -> None:
    """A thin line at the value that means 'no effect'."""
    axes.axhline(at, color=INK, linewidth=0.7, zorder=0.5)


def say(axes: Axes, text: str) -> None:
    """Fill an empty panel with a sentence about why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=NULL, transform=axes.transAxes, wrap=True)


def robust_limits(values: np.ndarray, tail: float = 1.0) -> tuple[float, float]:
    """Colour limits that leave out `tail` percent of the values at either end.

    Returns
    -------
    (float, float)
        (0, 1) when nothing is finite; never equal.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, [tail, 100 - tail])
    return (float(low), float(high)) if high > low else (float(low) - 0.5e-3, float(high) + 0.5e-3)


def limits_around(values: np.ndarray, centre: float, tail: float = 1.0) -> tuple[float, float]:
    """Colour limits equally far to both sides of `centre`, so that the middle colour means `centre`."""
    finite = values[np.isfinite(values)]
    reach = float(np.percentile(np.abs(finite - centre), 100 - tail)) if finite.size else 0.0
    return centre - (reach or 0.5), centre + (reach or 0.5)


def colour_bar(figure: Figure, image: ScalarMappable, axes: Axes | list[Axes], label: str, **kwargs) -> None:
    """Add a slim colour bar; pointed ends say that values beyond the limits share the last colour."""
    kwargs = {"fraction": 0.046, "pad": 0.02, "extend": "both", **kwargs}
    bar = figure.colorbar(image, ax=axes, **kwargs)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(width=0.5, labelsize=6.5)
    bar.set_label(label, fontsize=7)


def heat_map(
    figure: Figure, axes: Axes, cells: pd.DataFrame, colours: Colormap, limits: tuple[float, float], label: str, **how
) -> None:
    """Draw one cell a value of `cells`, its first row at the bottom; axes are named for its index and columns.

    `label` is that of the colour bar, whose ends are pointed unless `how` says ``extend="neither"``; the rest of `how`
    is for `seaborn.heatmap`.
    """
    extend, layout = how.pop("extend", "both"), figure.get_layout_engine()
    figure.set_layout_engine("none")  # seaborn draws the whole figure for each map, which needs no layout yet
    seaborn.heatmap(cells, cmap=colours, vmin=limits[0], vmax=limits[1], cbar=False, ax=axes, **how)
    figure.set_layout_engine(layout)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelrotation=0)
    colour_bar(figure, axes.collections[0], axes, label, extend=extend)
