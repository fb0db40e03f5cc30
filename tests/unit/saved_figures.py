"""Figures that scripts save, kept for a look at them."""

import warnings
from contextlib import contextmanager

import pytest

from synergy.files.artifacts import save_figure


@contextmanager
def figures_of(*scripts):
    """List of the figures that scripts save, beside their files; in the block, warnings are errors.

    What would warn: a layout that does not fit, a missing glyph, an undefined mean.
    """
    figures = []

    def saved(path, figure, provenance):
        save_figure(path, figure, provenance)
        figures.append(figure)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        for script in scripts:
            patch.setattr(f"{script}.save_figure", saved)
        yield figures
