"""Layout of heads on a ring by depth, and curved edges across it."""

import numpy as np

GAP = 0.35  # empty angle between two layers, as a share of a layer's angle
OPENING = np.pi / 6  # empty angle at the top, between the last layer and the first


def ring_positions(layers: int, heads: int) -> np.ndarray:
    """Place heads on the unit circle, clockwise from the top, first layer to last.

    Parameters
    ----------
    layers, heads : int

    Returns
    -------
    ndarray (layers * heads, 2)
    """
    slot = (2 * np.pi - OPENING) / layers
    start = OPENING / 2 + slot * np.arange(layers)[:, None]
    within = (np.arange(heads)[None, :] + 0.5) / heads * (1 - GAP) + GAP / 2
    return on_circle((start + slot * within).ravel())


def layer_angles(layers: int) -> np.ndarray:
    """Angle of the middle of each layer, clockwise from the top, in radians, (layers,)."""
    return OPENING / 2 + (2 * np.pi - OPENING) / layers * (np.arange(layers) + 0.5)


def on_circle(angles: np.ndarray, radius: float = 1.0) -> np.ndarray:
    """Points at `angles` clockwise from the top, (n, 2)."""
    return radius * np.column_stack([np.sin(angles), np.cos(angles)])


def chords(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Curves from `start` to `end` that bend towards the centre the more, the further apart the two points are.

    Quadratic Bezier curves; the control point is the middle of the chord, pulled inwards, so that neighbours are
    joined by a shallow loop and distant layers through the middle of the ring.

    Parameters
    ----------
    start, end : ndarray (n_edges, 2)

    Returns
    -------
    ndarray (n_edges, 3, 2)
        Start, control point, end.
    """
    middle = (start + end) / 2
    distance = np.linalg.norm(start - end, axis=1, keepdims=True)  # 0 .. 2
    control = middle * np.clip(0.82 - 0.35 * distance, 0.15, None)
    return np.stack([start, control, end], axis=1)
