"""Boxes set beside each other, so that parts of a drawing fill a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]
Places = NDArray[np.int64]

_BY_CORNERS: Final = 60
_WIDE: Final = 1.5
"""How much wider than high a drawing is: about as a screen beside two panels."""
_TRAY_COLUMNS: Final = 14


def pack(
    positions: Positions, boxes: Sequence[tuple[Places, Positions]], *, gap: float
) -> tuple[float, float]:
    """Set the parts beside and below each other, the largest first; return width and bottom.

    Each large part goes to the corner of those set before where the whole grows least; the many
    small ones stand in rows below.
    """
    taken = _by_corners(positions, boxes[:_BY_CORNERS], gap)
    width = float(taken[:, 2].max(initial=0.0))
    bottom = float(taken[:, 3].max(initial=0.0))
    rest = boxes[_BY_CORNERS:]
    if not rest:
        return width, bottom
    sizes = np.array([np.ptp(placed, axis=0) + gap for _, placed in rest])
    width = max(width, float(np.sqrt(sizes.prod(axis=1).sum() * _WIDE)))
    left = high = 0.0
    for (nodes, placed), (wide, tall) in zip(rest, sizes.tolist(), strict=True):
        if left and left + wide > width:
            left, bottom, high = 0.0, bottom + high, 0.0
        positions[nodes] = placed - placed.min(axis=0) + (left, bottom)
        left, high = left + wide, max(high, tall)
    return width, bottom + high


def _by_corners(
    positions: Positions, boxes: Sequence[tuple[Places, Positions]], gap: float
) -> NDArray[np.float64]:
    corners = np.zeros((1, 2))
    taken = np.zeros((0, 4))
    for nodes, placed in boxes:
        size = np.ptp(placed, axis=0) + gap
        right = np.maximum(corners + size, taken[:, 2:].max(axis=0, initial=0.0))
        grown = np.maximum(right[:, 0], right[:, 1] * _WIDE)
        for corner in corners[np.argsort(grown, kind="stable")]:
            low, high = corner, corner + size
            if not ((taken[:, :2] < high) & (taken[:, 2:] > low)).all(axis=1).any():
                break
        positions[nodes] = placed - placed.min(axis=0) + low
        taken = np.vstack([taken, np.concatenate([low, high])])
        corners = np.vstack([corners, (high[0], low[1]), (low[0], high[1])])
    return taken


def tray(positions: Positions, alone: Places, *, width: float, top: float, spacing: float) -> None:
    """Set nodes without a link in rows below the rest."""
    step = spacing * 1.6
    square = int(np.sqrt(len(alone) * _WIDE))
    columns = max(_TRAY_COLUMNS, int(width / step), square)
    rows, place = np.divmod(np.arange(len(alone)), columns)
    lift = 1.5 if top else 0.0
    positions[alone] = np.column_stack([place * step, top + spacing * (lift + rows)])
