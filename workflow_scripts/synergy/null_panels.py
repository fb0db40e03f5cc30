"""Panels of one atom by layer: observed beside its null, and the excess over it."""

import numpy as np
from matplotlib.axes import Axes

from synergy.profiles import rank_quantiles
from synergy.resampling import pearson
from synergy.style import FAINT, NULL, band, say, zero_line


def draw_quantity(above: Axes, below: Axes, name: str, observed: np.ndarray, draws: np.ndarray, colour: str) -> None:
    """Draw one atom: `observed` (layers,) with its null `draws` (surrogates, layers) above, the excess below."""
    x = np.arange(len(observed))
    above.plot(x, observed, "o-", color=colour, label=f"observed {name}", zorder=3)
    above.set_ylabel(f"mean {name} (nats)")
    above.set_ylim(0, 1.08 * np.nanmax(observed))
    if not np.isfinite(draws).any():
        above.set_title(name)
        say(below, "no null was computed")
        return
    mean = draws.mean(axis=0)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    # Wide and beneath, so that it shows even where the observed line lies on it.
    above.plot(x, mean, color=FAINT, linewidth=5, solid_capstyle="round", label="null: same series, coupling broken")
    above.set_ylim(min(0, np.nanmin(observed), np.nanmin(low)), 1.08 * max(np.nanmax(observed), np.nanmax(high)))
    above.set_title(f"{name}: the null gives {np.nanmean(mean) / np.nanmean(observed):.0%} of it", pad=15)
    agreement = pearson(rank_quantiles(observed), rank_quantiles(mean))
    if np.isfinite(agreement):
        words = f"rank correlation of the two layer profiles {agreement:.2f}"
        above.text(0, 1.03, words, transform=above.transAxes, va="bottom")
    zero_line(below)
    band(below, x, low - mean, high - mean, NULL, 0.35, label="null's 95 % band")
    below.plot(x, observed - mean, "o-", color=colour, zorder=3)
    below.margins(y=0.12)
    below.set_ylabel("excess over null (nats)")
    beyond = np.count_nonzero(observed > high)
    below.set_title(f"above the null's 95 % band in {beyond} of {len(x)} layers", fontsize=8, fontweight="normal")
