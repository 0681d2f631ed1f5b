"""The triple helix: how university, industry and government are present, linked and in synergy."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.network.network import Figures, Network, Places, rows_of

SPHERES: Final = ("university", "industry", "government")
"""The spheres of the triple helix, in the order in which they are numbered."""
SPHERE_OF_KIND: Final = {
    "research": 0,
    "education": 0,
    "university": 0,
    "enterprise": 1,
    "logistics": 1,
    "government": 2,
}
"""The sphere of each kind of actor that has one; finance, support and cluster bodies have none."""


def spheres(network: Network) -> Places:
    """Return the sphere of each actor as a position in ``SPHERES``; -1 for none.

    Examples
    --------
    >>> spheres(Network.from_pairs([], also=["a"])).tolist()
    [-1]
    """
    kinds = network.actors["kind"].to_list()
    return np.array([SPHERE_OF_KIND.get(kind, -1) for kind in kinds], dtype=np.int64)


def completeness(network: Network, groups: Places) -> pl.DataFrame:
    """Return which spheres each group of actors has, and which pairs of spheres are linked in it.

    Returns
    -------
    polars.DataFrame
        ``group``; the number of actors of each sphere; the number of tied pairs of actors
        between each two (``university_industry`` …); ``present`` and ``linked``, from 0 to 3.
        A helix is complete where both are 3.

    References
    ----------
    Etzkowitz and Leydesdorff (2000), https://doi.org/10.1016/S0048-7333(99)00055-4
    """
    sphere, count = spheres(network), int(groups.max(initial=-1)) + 1
    has = sphere >= 0
    actors = np.zeros((count, 3), dtype=np.int64)
    np.add.at(actors, (groups[has], sphere[has]), 1)
    rows, columns = rows_of(network.ties), network.ties.indices
    inside = (groups[rows] == groups[columns]) & has[rows] & has[columns]
    # Of a pair's two cells that from the lower sphere counts.
    inside &= sphere[rows] < sphere[columns]
    ties = np.zeros((count, 3, 3), dtype=np.int64)
    np.add.at(ties, (groups[rows[inside]], sphere[rows[inside]], sphere[columns[inside]]), 1)
    pairs = {"university_industry": (0, 1), "university_government": (0, 2)}
    pairs["industry_government"] = (1, 2)
    linked = np.column_stack([ties[:, a, b] for a, b in pairs.values()])
    return pl.DataFrame(
        {
            "group": np.arange(count),
            **{name: actors[:, at] for at, name in enumerate(SPHERES)},
            **{name: linked[:, at] for at, name in enumerate(pairs)},
            "present": (actors > 0).sum(axis=1),
            "linked": (linked > 0).sum(axis=1),
        }
    )


def presence(network: Network) -> NDArray[np.bool_]:
    """Return for each recorded link which spheres take part in it: a row a record.

    All pairs that one record joins (a project's partners) are one row.
    """
    sphere = spheres(network)
    _, record = np.unique(network.links["iri"].to_numpy(), return_inverse=True)
    found = np.zeros((int(record.max(initial=-1)) + 1, 4), dtype=bool)
    for end in ("source", "target"):
        found[record, sphere[network.links[end].to_numpy()]] = True
    # Those without a sphere fell into the last column.
    return found[:, :3]


def synergy(values: NDArray[np.generic]) -> float:
    r"""Return the mutual information of three properties, in bits: T of Leydesdorff.

    .. math:: T = H_u + H_i + H_g - H_{ui} - H_{ug} - H_{ig} + H_{uig}

    Below 0: together they tell more than two by two, which is read as synergy; above 0 they
    repeat each other.

    Parameters
    ----------
    values
        A row an observation, three columns: the presence of each sphere, or any three classes.

    Examples
    --------
    Each third sphere takes part where exactly one of the other two does.

    >>> synergy(np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]))
    -1.0

    References
    ----------
    Leydesdorff (2003), https://doi.org/10.1023/A:1026253130577
    """
    one = sum(_entropy(values[:, [a]]) for a in range(3))
    two = sum(_entropy(values[:, pair]) for pair in ([0, 1], [0, 2], [1, 2]))
    return one - two + _entropy(values)


def _entropy(values: NDArray[np.generic]) -> float:
    """Return the entropy of rows, in bits."""
    _, counts = np.unique(values, axis=0, return_counts=True)
    share: Figures = counts / max(len(values), 1)
    return float(-(share * np.log2(share)).sum())
