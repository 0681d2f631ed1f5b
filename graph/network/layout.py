"""Where nodes stand in a drawing: the same network gives the same picture.

Each part of the network is laid out by its distances (stress), a large part group by group: every
group fills a disc of its own, and the discs are laid out by what joins them. Parts are packed
beside each other, and nodes without a link stand in a tray below. No step draws lots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from klaster.graph.network.packing import pack, tray
from klaster.graph.network.stress import Positions, by_distances, by_pivots, hops

SPACING: Final = 90.0
"""The least distance between two nodes, in the units of the drawing."""
GROUPED_FROM: Final = 140
"""Larger parts are laid out group by group."""
_EXACT: Final = 200
_CROWD: Final = 2_000
"""More nodes than this are spread before they are pushed apart: in a crowd nearly every two would
have to be, which takes twenty times as long, and no page draws so many together."""
_FEW: Final = 150
"""Among so many nodes near ones are found by comparing all."""
_ROUNDS: Final = 60
_ROOM: Final = 0.6
"""Root mean square of the distances to the middle, in spacings, of one node in a disc of them."""
_SLACK: Final = SPACING / 4
"""Pairs of nodes are looked for so much further than they need be, to be looked for less often."""
_GOLDEN: Final = 2.399963

Places = NDArray[np.int64]


def lay_out(size: int, pairs: Places, *, groups: Places | None = None) -> Positions:
    """Return a position for each of ``size`` nodes, given the pairs that are linked.

    Parameters
    ----------
    groups
        A number of a group a node: the nodes of a group are kept together.

    Examples
    --------
    A node between two others stands in the middle; a node without a link stands apart.

    >>> x, y = lay_out(4, np.array([[0, 1], [1, 2]])).round().T
    >>> bool(x[0] < x[1] < x[2]), bool(y[3] > y[:3].max())
    (True, True)

    References
    ----------
    Gansner, Koren and North (2004), https://doi.org/10.1007/978-3-540-31843-9_25;
    Brandes and Pich (2006), https://doi.org/10.1007/978-3-540-70904-6_6
    """
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    matrix = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    boxes = [
        (nodes, _lay_out_part(nodes, matrix, groups)) for nodes in _parts(matrix) if len(nodes) > 1
    ]
    alone = np.setdiff1d(np.arange(size), np.concatenate([[], *(nodes for nodes, _ in boxes)]))
    positions = np.zeros((size, 2))
    width, bottom = pack(positions, boxes, gap=SPACING * 1.2)
    tray(positions, alone.astype(np.int64), width=width, top=bottom, spacing=SPACING)
    return positions


def place_discs(radii: NDArray[np.float64], weights: csr_array) -> Positions:
    """Return middles of discs that do not overlap, those with much between them side by side.

    Parameters
    ----------
    weights
        How much there is between two discs.
    """
    count = len(radii)
    if count < 2:
        return np.zeros((count, 2))
    near = _backbone(weights)
    near.data = (radii[near.tocoo().row] + radii[near.tocoo().col]) * 1.15
    _, part_of = connected_components(near, directed=False)
    placed = np.zeros((count, 2))
    boxes = []
    for part in range(part_of.max() + 1):
        inside = np.flatnonzero(part_of == part)
        found = by_distances(hops(near[inside][:, inside], weighted=True))
        found = _discs_apart(found, radii[inside])
        edge = radii[inside].max() if len(inside) == 1 else radii[inside].mean()
        boxes.append((inside, np.vstack([found - edge, found + edge])))
    boxes.sort(key=lambda box: -len(box[0]))
    for (inside, framed), moved in zip(boxes, _framed(boxes), strict=True):
        placed[inside] = (moved[: len(inside)] + moved[len(inside) :]) / 2
        del framed
    return _discs_apart(placed, radii)


def _framed(boxes: Sequence[tuple[Places, Positions]]) -> list[Positions]:
    """Return the boxes packed beside each other."""
    total = sum(len(framed) for _, framed in boxes)
    ends = np.cumsum([len(framed) for _, framed in boxes])
    positions = np.zeros((total, 2))
    numbered = [
        (np.arange(end - len(framed), end), framed)
        for end, (_, framed) in zip(ends, boxes, strict=True)
    ]
    pack(positions, numbered, gap=SPACING)
    return [positions[places] for places, _ in numbered]


def _parts(matrix: csr_array) -> list[Places]:
    """Return the nodes of each connected part, the largest part first."""
    _, part_of = connected_components(matrix, directed=False)
    order = np.argsort(part_of, kind="stable")
    sizes = np.bincount(part_of)
    parts = np.split(order, np.cumsum(sizes)[:-1]) if len(order) else []
    return sorted(parts, key=lambda nodes: (-len(nodes), int(nodes[0])))


def _lay_out_part(nodes: Places, matrix: csr_array, groups: Places | None) -> Positions:
    inside = matrix[nodes][:, nodes]
    if groups is not None and len(nodes) > GROUPED_FROM:
        _, own = np.unique(groups[nodes], return_inverse=True)
        if own.max() > 0:
            return _lay_out_groups(inside, own)
    return _lay_out_together(inside)


def _lay_out_together(matrix: csr_array) -> Positions:
    """Lay a connected network out by its distances."""
    size = matrix.shape[0]
    if size == 2:
        return np.array([[0.0, 0.0], [SPACING, 0.0]])
    if size <= _EXACT:
        found = by_distances(hops(matrix)) * SPACING
    else:
        found = by_pivots(matrix) * SPACING
        found = _relaxed(_roomy(found) if size > _CROWD else found, matrix)
    return apart(_roomy(found))


def _roomy(positions: Positions) -> Positions:
    """Enlarge positions until a disc of their extent has room for so many nodes."""
    middle = positions.mean(axis=0)
    extent = float(np.sqrt(((positions - middle) ** 2).sum(axis=1).mean()))
    wanted = _ROOM * SPACING * np.sqrt(len(positions))
    return np.asarray(positions * max(1.0, wanted / max(extent, 1e-9)))


def _lay_out_groups(matrix: csr_array, own: Places) -> Positions:
    """Lay each group out in a disc of its own, and the discs by what joins them."""
    order = np.argsort(own, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(own))[:-1])
    inner = [_centred(_lay_out_loose(matrix[nodes][:, nodes])) for nodes in members]
    radii = np.array([np.hypot(*place.T).max() + SPACING * 0.8 for place in inner])
    joined = matrix.tocoo()
    weights = csr_array(
        (joined.data, (own[joined.row], own[joined.col])), shape=(len(members), len(members))
    )
    weights.sum_duplicates()
    middles = place_discs(radii, weights)
    positions = np.zeros((len(own), 2))
    for nodes, place, middle in zip(members, inner, middles, strict=True):
        positions[nodes] = _turned(place, matrix[nodes], middles[own], middle) + middle
    return positions


def _lay_out_loose(matrix: csr_array) -> Positions:
    """Lay a network out that may fall into parts."""
    parts = _parts(matrix)
    boxes = [
        (nodes, _lay_out_together(matrix[nodes][:, nodes])) for nodes in parts if len(nodes) > 1
    ]
    alone = np.array([nodes[0] for nodes in parts if len(nodes) == 1], dtype=np.int64)
    positions = np.zeros((matrix.shape[0], 2))
    width, bottom = pack(positions, boxes, gap=SPACING)
    tray(positions, alone, width=width, top=bottom, spacing=SPACING)
    return positions


def _centred(positions: Positions) -> Positions:
    return np.asarray(positions - (positions.max(axis=0) + positions.min(axis=0)) / 2)


def _turned(place: Positions, rows: csr_array, middles: Positions, middle: Positions) -> Positions:
    """Turn a group so that its nodes look towards the groups they are linked with."""
    links = rows.tocoo()
    towards = middles[links.col] - middle
    away = np.hypot(*towards.T)
    outside = away > 0
    pull = (towards[outside] / away[outside, None]) @ [1, 1j]
    spot = place[links.row[outside]] @ [1, 1j]
    best = max(((np.conj(spot) @ pull, False), (spot @ pull, True)), key=lambda it: abs(it[0]))
    if not abs(best[0]):
        return place
    flat = place @ [1, 1j]
    turned = (np.conj(flat) if best[1] else flat) * best[0] / abs(best[0])
    return np.column_stack([turned.real, turned.imag])


def _backbone(weights: csr_array) -> csr_array:
    """Return each disc's three strongest neighbours, either way."""
    inside = weights.tocoo()
    rows, columns, data = inside.row, inside.col, inside.data
    kept = rows != columns
    rows, columns, data = rows[kept], columns[kept], data[kept]
    order = np.lexsort((columns, -data, rows))
    rows, columns = rows[order], columns[order]
    first = np.arange(len(rows)) - np.searchsorted(rows, rows) < 3
    rows, columns = rows[first], columns[first]
    ends = (np.concatenate([rows, columns]), np.concatenate([columns, rows]))
    near = csr_array((np.ones(len(ends[0])), ends), shape=weights.shape)
    near.sum_duplicates()
    return near


def _discs_apart(middles: Positions, radii: NDArray[np.float64]) -> Positions:
    """Push discs that overlap apart, until none does."""
    for _ in range(400):
        gaps = middles[:, None, :] - middles[None, :, :]
        distance = np.hypot(gaps[..., 0], gaps[..., 1])
        np.fill_diagonal(distance, np.inf)
        short = radii[:, None] + radii[None, :] - distance
        if short.max() <= 1e-6 * radii.max():
            return middles
        same = distance < 1e-9
        gaps[same] = _spokes(len(middles))[np.nonzero(same)[0]]
        distance[same] = 1.0
        push = np.clip(short, 0, None) / distance * 0.52
        middles = middles + (gaps * push[..., None]).sum(axis=1) * 0.6
    # What pushing has not solved, room does.
    np.fill_diagonal(distance, 1.0)
    return middles * (1 + max(0.0, float((short / np.maximum(distance, 1e-9)).max())))


def _spokes(count: int) -> Positions:
    """Return fixed directions, all different, for things that stand in the very same spot."""
    angles = np.arange(count) * _GOLDEN
    return np.column_stack([np.cos(angles), np.sin(angles)])


def _relaxed(positions: Positions, matrix: csr_array) -> Positions:
    """Shorten long links and spread crowds, in a time nearly proportional to the links."""
    links = matrix.tocoo()
    once = links.row < links.col
    one, other = links.row[once], links.col[once]
    degree = np.maximum(np.bincount(np.concatenate([one, other]), minlength=len(positions)), 1)
    for step in range(16):
        gap = positions[other] - positions[one]
        length = np.maximum(np.hypot(*gap.T), 1e-9)
        pull = gap * ((length - SPACING * 1.3) / length * 0.3)[:, None]
        move = _summed(one, pull, other, len(positions)) / degree[:, None]
        positions = positions + move * (1 - step / 26)
        positions = _pushed(positions, SPACING * 1.5)
    return positions


def apart(positions: Positions) -> Positions:
    """Push nodes that are too near each other apart; at the end every two have their spacing."""
    near = _Near()
    for _ in range(_ROUNDS):
        moved = _pushed(positions, SPACING, near)
        if moved is positions:
            return positions
        positions = moved
    return positions * max(1.0, SPACING / max(_nearest(positions), SPACING / 8))


def _nearest(positions: Positions) -> float:
    """Return the distance between the two nodes that are nearest to each other."""
    if len(positions) <= _FEW:
        distance = np.hypot(*(positions[:, None, :] - positions[None, :, :]).T)
        np.fill_diagonal(distance, np.inf)
        return float(distance.min())
    from scipy.spatial import KDTree

    return float(KDTree(positions).query(positions, k=2)[0][:, 1].min())


class _Near:
    """Finds pairs of nodes near each other, anew only when a node has moved far enough."""

    def __init__(self) -> None:
        self._found: tuple[Positions, Places, Places] | None = None

    def pairs(self, positions: Positions, least: float) -> tuple[Places, Places]:
        """Return the pairs of nodes that are nearer than ``least``, in order."""
        if self._found is None or self._moved(positions, self._found[0]) > _SLACK / 2:
            self._found = (positions, *_pairs_within(positions, least + _SLACK))
        _, one, other = self._found
        across, down = (along[one] - along[other] for along in np.ascontiguousarray(positions.T))
        close = across * across + down * down <= least * least
        return one[close], other[close]

    @staticmethod
    def _moved(positions: Positions, before: Positions) -> float:
        return float(np.sqrt(((positions - before) ** 2).sum(axis=1).max()))


def _pairs_within(positions: Positions, least: float) -> tuple[Places, Places]:
    """Return the pairs of nodes that are nearer than ``least``, in order."""
    if len(positions) <= _FEW:
        # As quick as a tree, and without the time that it takes to import one.
        gap = positions[:, None, :] - positions[None, :, :]
        one, other = np.nonzero(np.triu((gap**2).sum(axis=2) <= least**2, 1))
        return one, other
    from scipy.spatial import KDTree

    close = KDTree(positions).query_pairs(least, output_type="ndarray")
    # The tree's order may depend on rounding; sums should not.
    one, other = np.divmod(np.sort(close[:, 0] * len(positions) + close[:, 1]), len(positions))
    return one, other


def _pushed(positions: Positions, least: float, near: _Near | None = None) -> Positions:
    """Push pairs that are nearer than they should be; the very same array if there are none."""
    if near is None:
        one, other = _pairs_within(positions, least * 0.999)
    else:
        one, other = near.pairs(positions, least * 0.999)
    if not len(one):
        return positions
    gap = positions[one] - positions[other]
    distance = np.hypot(*gap.T)
    same = distance < 1e-6
    gap[same] = _spokes(len(positions))[one[same]]
    distance[same] = 1.0
    push = (
        gap * (np.clip(least - np.where(same, 0.0, distance), 0, None) / distance * 0.51)[:, None]
    )
    move = _summed(one, push, other, len(positions))
    crowd = np.bincount(np.concatenate([one, other]), minlength=len(positions))
    return positions + move / np.maximum(1.0, crowd / 3)[:, None]


def _summed(one: Places, moves: Positions, other: Places, size: int) -> Positions:
    """Return how far each node is moved, if each move pulls one node to and one away."""
    return np.column_stack(
        [
            np.bincount(one, along, size) - np.bincount(other, along, size)
            for along in np.ascontiguousarray(moves.T)
        ]
    )
