"""A few products around what an exporter makes, with how near they are to each other: to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.product_spaces import Homes, ProductSpace
from klaster.graph.network.network import Figures
from klaster.graph.trade.product_space import density

STRONG: Final = 0.55
"""Products nearer than this are joined beside those that hold the drawing together."""
MOST_MADE: Final = 40


@dataclass(frozen=True)
class Neighbourhood:
    """Products (IRIs), which of them are made, how near each is to what is made, and who is joined.

    ``links`` has two places of ``products`` a row, ``proximities`` how near they are.
    """

    products: list[str]
    made: list[bool]
    density: list[float]
    links: NDArray[np.int64]
    proximities: Figures


def neighbourhood(
    facts: Facts, space: ProductSpace, own: Sequence[str], *, near: int
) -> Neighbourhood:
    """Return the products of an exporter and the nearest that it does not make.

    They are joined by the tree of the strongest proximities, and by all that are strong, as the
    product space is usually drawn.

    References
    ----------
    Hidalgo, Klinger, Barabási and Hausmann (2007), https://doi.org/10.1126/science.1144581
    """
    homes = Homes(facts, space)
    made = sorted({place for product in own for place in homes.of(product)})
    dense = density(space.row(made), space.proximity).ravel()
    absent = np.setdiff1d(np.flatnonzero(dense > 0), made)
    chosen = absent[np.lexsort((absent, -dense[absent]))][:near]
    # Of very many products that are made the most typical are drawn.
    kept = sorted(made, key=lambda place: (-dense[place], place))[:MOST_MADE]
    places = np.array(sorted({*kept, *chosen.tolist()}), dtype=np.int64)
    inside = csr_array(space.proximity[places][:, places])
    links, proximities = _joined(inside)
    return Neighbourhood(
        [space.products[place] for place in places],
        [place in set(made) for place in places.tolist()],
        dense[places].tolist(),
        links,
        proximities,
    )


def _joined(near: csr_array) -> tuple[NDArray[np.int64], Figures]:
    """Return the pairs of the strongest tree and all that are strong, each once."""
    # The heaviest tree is the lightest of what proximities lack of a number above them all.
    tree = minimum_spanning_tree(csr_array((2 - near.data, near.indices, near.indptr), near.shape))
    held = tree.tocoo()
    whole = near.tocoo()
    strong = (whole.data >= STRONG) & (whole.coords[0] < whole.coords[1])
    rows = np.concatenate([held.row, whole.coords[0][strong]])
    columns = np.concatenate([held.col, whole.coords[1][strong]])
    ends = np.unique(np.sort(np.column_stack([rows, columns]).astype(np.int64), axis=1), axis=0)
    dense = near.toarray()
    return ends, np.asarray(dense[ends[:, 0], ends[:, 1]], dtype=np.float64)
