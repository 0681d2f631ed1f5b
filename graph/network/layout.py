"""Where nodes stand in a drawing: the same network and seed give the same picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Positions = NDArray[np.float64]

SPACING: Final = 90.0
"""The least distance between two nodes, in the units of the drawing."""
_EXACT_LIMIT: Final = 400
_TRAY_COLUMNS: Final = 14


def lay_out(size: int, pairs: NDArray[np.int64], *, seed: int = 0) -> Positions:
    """Return a position for each of ``size`` nodes, given the pairs that are linked.

    Parts of the network are laid out one by one and packed in rows, the largest first; nodes
    without a link stand in a tray below.

    References
    ----------
    Kamada and Kawai (1989), https://doi.org/10.1016/0020-0190(89)90102-6;
    Fruchterman and Reingold (1991), https://doi.org/10.1002/spe.4380211102
    """
    ones = np.ones(len(pairs))
    matrix = csr_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, part_of = connected_components(matrix, directed=False)
    parts = [np.flatnonzero(part_of == part) for part in range(part_of.max(initial=-1) + 1)]
    parts.sort(key=lambda nodes: (-len(nodes), int(nodes[0])))
    boxes = [(nodes, _lay_out_part(nodes, pairs, seed)) for nodes in parts if len(nodes) > 1]
    alone = np.array([nodes[0] for nodes in parts if len(nodes) == 1], dtype=np.int64)
    positions = np.zeros((size, 2))
    bottom = _pack(positions, boxes)
    for place, node in enumerate(alone):
        row, column = divmod(place, _TRAY_COLUMNS)
        positions[node] = (column * SPACING * 1.6, bottom + SPACING * (1.5 + row))
    return positions


def _lay_out_part(nodes: NDArray[np.int64], pairs: NDArray[np.int64], seed: int) -> Positions:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(nodes.tolist())
    inside = np.isin(pairs[:, 0], nodes)
    graph.add_edges_from(pairs[inside].tolist())
    if len(nodes) <= _EXACT_LIMIT:
        found = nx.kamada_kawai_layout(graph)
    else:
        found = nx.spring_layout(graph, seed=seed, iterations=60)
    positions = np.array([found[node] for node in nodes.tolist()])
    extent = np.ptp(positions, axis=0).max() or 1.0
    positions = positions / extent * SPACING * 1.3 * np.sqrt(len(nodes))
    return _apart(positions)


def _apart(positions: Positions) -> Positions:
    """Push nodes that are too near each other apart, a little at a time."""
    if len(positions) > 2_500:
        return positions
    for _ in range(60):
        gaps = positions[:, None, :] - positions[None, :, :]
        distance = np.sqrt((gaps**2).sum(axis=2))
        np.fill_diagonal(distance, np.inf)
        if distance.min() >= SPACING * 0.98:
            break
        # Nodes in the very same spot leave it in fixed, different directions.
        angles = np.arange(len(positions)) * 2.399963
        nowhere = distance < 1e-6
        gaps[nowhere] = (np.column_stack([np.cos(angles), np.sin(angles)]))[np.nonzero(nowhere)[0]]
        distance[nowhere] = 1.0
        push = np.clip(SPACING - distance, 0, None) / distance * 0.5
        positions = positions + (gaps * push[:, :, None]).sum(axis=1) * 0.5
    return positions


def _pack(positions: Positions, boxes: list[tuple[NDArray[np.int64], Positions]]) -> float:
    """Set the parts beside and below each other, so that the whole is about square.

    Each part goes to the corner of those set before where the whole grows least. Returns the
    bottom.
    """
    gap = SPACING * 1.2
    corners = np.zeros((1, 2))
    taken = np.zeros((0, 4))
    for nodes, placed in boxes:
        size = np.ptp(placed, axis=0) + gap
        right = np.maximum(corners + size, taken[:, 2:].max(axis=0, initial=0.0))
        for corner in corners[np.argsort(right.max(axis=1), kind="stable")]:
            low, high = corner, corner + size
            if not ((taken[:, :2] < high) & (taken[:, 2:] > low)).all(axis=1).any():
                break
        positions[nodes] = placed - placed.min(axis=0) + low
        taken = np.vstack([taken, np.concatenate([low, high])])
        # Of very many small parts, only the latest corners are tried.
        corners = np.vstack([corners, (high[0], low[1]), (low[0], high[1])])[-400:]
    return float(taken[:, 3].max(initial=0.0))
