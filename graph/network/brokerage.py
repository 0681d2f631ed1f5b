"""Brokers: who joins actors that do not otherwise meet, and between which groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.network.network import (
    Figures,
    Network,
    Places,
    column_sums,
    like,
    row_sums,
    rows_of,
)
from klaster.graph.network.triangles import Ties

ROLES: Final = ("coordinator", "gatekeeper", "representative", "itinerant", "liaison")
"""The roles of Gould and Fernandez, in the order of the figures of ``roles``."""


def constraint(network: Network, *, weighted: bool = False) -> Figures:
    r"""Burt's constraint: how much of an actor's ties lead back to the same few others.

    .. math:: c_i = \sum_{j} \Big(p_{ij} + \sum_{q \ne i, j} p_{iq} p_{qj}\Big)^2, \qquad
              p_{ij} = \frac{a_{ij} + a_{ji}}{\sum_k (a_{ik} + a_{ki})}

    over the partners *j* of *i*. Low: it bridges groups that do not otherwise meet. Not defined
    (NaN) without a link.

    Examples
    --------
    The centre of a star depends on nobody.

    >>> star = Network.from_pairs([("hub", leaf) for leaf in "abcd"])
    >>> constraint(star).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.25]

    References
    ----------
    Burt (2004), https://doi.org/10.1086/421787
    """
    ties = Ties(network)
    share = _shares(network, weighted=weighted)
    there, back = share[ties.forward], share[ties.backward]
    spent, returned = there.copy(), back.copy()
    for found in ties.triangles():
        ab, ac, bc = found.ab, found.ac, found.bc
        # Each of the three pairs, both ways, gains what goes through the third actor.
        _add(spent, ab, there[ac] * back[bc])
        _add(returned, ab, there[bc] * back[ac])
        _add(spent, ac, there[ab] * there[bc])
        _add(returned, ac, back[bc] * back[ab])
        _add(spent, bc, back[ab] * there[ac])
        _add(returned, bc, back[ac] * there[ab])
    figures: Figures = np.bincount(ties.lower, spent**2, network.size).astype(np.float64)
    figures = figures + np.bincount(ties.upper, returned**2, network.size)
    return _defined(figures, network)


def _shares(network: Network, *, weighted: bool) -> Figures:
    """Return which share of each actor's exchange each cell of ``ties`` is."""
    matrix = _exchange(network, weighted=weighted)
    return np.asarray(matrix.data / np.repeat(row_sums(matrix), np.diff(matrix.indptr)))


def _exchange(network: Network, *, weighted: bool) -> csr_array:
    if weighted:
        return network.exchange
    matrix = csr_array(network.arcs + network.arcs.T)
    matrix.sort_indices()
    return matrix


def _add(figures: Figures, places: Places, more: Figures) -> None:
    if len(places) * 8 < len(figures):
        np.add.at(figures, places, more)
    else:
        figures += np.bincount(places, more, len(figures))


def _defined(figures: Figures, network: Network) -> Figures:
    """Return figures, not defined for actors without a link."""
    return np.where(np.diff(network.ties.indptr) > 0, figures, np.nan)


def effective_size(network: Network, *, weighted: bool = False) -> Figures:
    r"""Burt's effective size: the number of an actor's partners less what they repeat.

    .. math:: e_i = \sum_j \Big(1 - \sum_{q \ne i, j} p_{iq} m_{jq}\Big), \qquad
              m_{jq} = \frac{a_{jq} + a_{qj}}{\max_k (a_{jk} + a_{kj})}

    over the partners *j* of *i*. Without direction and weights this is the number of partners
    less their mean number of ties with each other (Borgatti). High: news and goods from many
    separate quarters. Not defined (NaN) without a link.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    >>> effective_size(Network.from_pairs(edges, directed=False)).round(4).tolist()
    [1.0, 1.0, 2.3333, 1.0]

    References
    ----------
    Burt (1992), https://doi.org/10.4159/9780674038714;
    Borgatti (1997), https://www.analytictech.com/connections/v20(1)/holes.htm
    """
    ties = Ties(network)
    matrix = _exchange(network, weighted=weighted)
    share = _shares(network, weighted=weighted)
    most = np.maximum.reduceat(matrix.data, matrix.indptr[:-1][np.diff(matrix.indptr) > 0])
    height = np.zeros(network.size)
    height[np.diff(matrix.indptr) > 0] = most
    strong = matrix.data / np.repeat(height, np.diff(matrix.indptr))
    there, back = share[ties.forward], share[ties.backward]
    onward, homeward = strong[ties.forward], strong[ties.backward]
    figures = np.diff(network.ties.indptr).astype(np.float64)
    for found in ties.triangles():
        ab, ac, bc = found.ab, found.ac, found.bc
        a, b, c = ties.lower[ab], ties.upper[ab], ties.upper[ac]
        # An actor's partner repeats what its other partner, tied to it, is worth.
        _add(figures, a, -(there[ab] * homeward[bc] + there[ac] * onward[bc]))
        _add(figures, b, -(back[ab] * homeward[ac] + there[bc] * onward[ac]))
        _add(figures, c, -(back[ac] * homeward[ab] + back[bc] * onward[ab]))
    return _defined(figures, network)


def efficiency(network: Network, *, weighted: bool = False) -> Figures:
    """Effective size as a share of the number of partners: 1 where none repeats another.

    Examples
    --------
    >>> efficiency(Network.from_pairs([("hub", leaf) for leaf in "ab"])).tolist()
    [1.0, 1.0, 1.0]

    References
    ----------
    Burt (1992), https://doi.org/10.4159/9780674038714
    """
    partners = np.diff(network.ties.indptr)
    size = effective_size(network, weighted=weighted)
    return _defined(size / np.maximum(partners, 1), network)


def participation(network: Network, groups: Places, *, weighted: bool = False) -> Figures:
    r"""How evenly an actor's ties are spread over groups: 0 where all lie in one.

    .. math:: P_i = 1 - \sum_c (k_{ic} / k_i)^2

    High: it reaches into many groups. Not defined (NaN) without a link.

    Parameters
    ----------
    groups
        A number of a group an actor, such as ``communities`` finds.

    Examples
    --------
    >>> pair = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> participation(pair, np.array([0, 0, 1])).tolist()
    [0.0, 0.5, 0.0]

    References
    ----------
    Guimerà and Amaral (2005), https://doi.org/10.1038/nature03288
    """
    matrix = network.exchange if weighted else network.ties
    into = csr_array(matrix @ _members(groups))
    total = row_sums(matrix)
    squares = row_sums(like(into, into.data**2))
    ratio = np.divide(squares, total**2, out=np.ones(network.size), where=total > 0)
    return _defined(1 - ratio, network)


def _members(groups: Places) -> csr_array:
    """Return actors by groups: 1 where an actor is in a group."""
    count = int(groups.max(initial=-1)) + 1
    ends = (np.arange(len(groups)), groups)
    return csr_array((np.ones(len(groups)), ends), shape=(len(groups), count))


def ei_index(network: Network, groups: Places, *, weighted: bool = False) -> Figures:
    """Ties of each actor outside its group less those inside, over all: from -1 to 1.

    -1: it keeps to its own; 1: all its partners are of other groups. Not defined (NaN) without
    a link.

    Examples
    --------
    >>> pair = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> ei_index(pair, np.array([0, 0, 1])).tolist()
    [-1.0, 0.0, 1.0]

    References
    ----------
    Krackhardt and Stern (1988), https://doi.org/10.2307/2786835
    """
    total, inside = _within(network, groups, weighted=weighted)
    ratio = np.divide(total - 2 * inside, total, out=np.zeros(network.size), where=total > 0)
    return _defined(ratio, network)


def ei_index_of_all(network: Network, groups: Places, *, weighted: bool = False) -> float:
    """Return the E-I index of the network as a whole.

    Examples
    --------
    >>> pair = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> ei_index_of_all(pair, np.array([0, 0, 1]))
    0.0
    """
    total, inside = _within(network, groups, weighted=weighted)
    whole = total.sum()
    return float((whole - 2 * inside.sum()) / whole) if whole else float("nan")


def _within(network: Network, groups: Places, *, weighted: bool) -> tuple[Figures, Figures]:
    matrix = network.exchange if weighted else network.ties
    own = groups[rows_of(matrix)] == groups[matrix.indices]
    return row_sums(matrix), row_sums(like(matrix, matrix.data * own))


def roles(network: Network, groups: Places) -> Figures:
    r"""How often each actor is a broker, by role: the open chains a → v → b through it.

    A chain is open where no link leads from a to b. By the groups of a, v and b the broker is

    - coordinator: all three in one group (AAA);
    - gatekeeper: it lets an outsider's into its group (ABB);
    - representative: it stands for its group towards an outsider (AAB);
    - itinerant: both others are of one group, it is of another (ABA);
    - liaison: all of different groups (ABC).

    Returns
    -------
    numpy.ndarray
        A row an actor, a column a role in the order of ``ROLES``.

    Examples
    --------
    >>> chain = Network.from_pairs([("a", "b"), ("b", "c")])
    >>> roles(chain, np.array([0, 1, 1])).tolist()[1]
    [0.0, 1.0, 0.0, 0.0, 0.0]

    References
    ----------
    Gould and Fernandez (1989), https://doi.org/10.2307/270949
    """
    figures = _chains(network, groups)
    # On the cells of the ties: 2 where a link leads from row to column, else 1.
    both = csr_array(network.ties + network.arcs)
    both.sort_indices()
    there = both.data > 1
    ties = Ties(network)
    onward, homeward = there[ties.forward], there[ties.backward]
    for found in ties.triangles():
        ab, ac, bc = found.ab, found.ac, found.bc
        a, b, c = ties.lower[ab], ties.upper[ab], ties.upper[ac]
        for first, broker, last, closed in (
            (a, b, c, onward[ab] & onward[bc] & onward[ac]),
            (c, b, a, homeward[bc] & homeward[ab] & homeward[ac]),
            (a, c, b, onward[ac] & homeward[bc] & onward[ab]),
            (b, c, a, onward[bc] & homeward[ac] & homeward[ab]),
            (b, a, c, homeward[ab] & onward[ac] & onward[bc]),
            (c, a, b, homeward[ac] & onward[ab] & homeward[bc]),
        ):
            some = np.flatnonzero(closed)
            role = _role(groups[first[some]], groups[broker[some]], groups[last[some]])
            np.subtract.at(figures, (broker[some], role), 1)
    return figures


def _chains(network: Network, groups: Places) -> Figures:
    """Count the chains of two links through each actor, by role, open or closed."""
    arcs, member = network.arcs, _members(groups)
    into, out = csr_array(arcs.T @ member), csr_array(arcs @ member)
    total_in, total_out = column_sums(arcs), row_sums(arcs)
    own_in = row_sums(csr_array(into.multiply(member)))
    own_out = row_sums(csr_array(out.multiply(member)))
    same = row_sums(csr_array(into.multiply(out)))
    # A link there and back is no chain between two others.
    mutual = csr_array(arcs.multiply(arcs.T))
    back = row_sums(mutual)
    back_own = row_sums(csr_array(csr_array(mutual @ member).multiply(member)))
    outside = same - own_in * own_out
    return np.column_stack(
        [
            own_in * own_out - back_own,
            (total_in - own_in) * own_out,
            own_in * (total_out - own_out),
            outside - (back - back_own),
            (total_in - own_in) * (total_out - own_out) - outside,
        ]
    )


def _role(first: Places, broker: Places, last: Places) -> Places:
    """Return the role of each broker as a position in ``ROLES``."""
    cases = [
        (first == broker) & (broker == last),
        (first != broker) & (broker == last),
        (first == broker) & (broker != last),
        first == last,
    ]
    return np.select(cases, [0, 1, 2, 3], default=4).astype(np.int64)


def grouped(labels: Sequence[str | None]) -> tuple[Places, list[str | None]]:
    """Return a number of a group an actor, and what each group is called.

    Actors without a label are a group of their own together.

    Examples
    --------
    >>> numbers, names = grouped(["farm", "mill", "farm"])
    >>> numbers.tolist(), names
    ([0, 1, 0], ['farm', 'mill'])
    """
    series = pl.Series(labels, dtype=pl.String)
    names = series.unique().sort(nulls_last=True).to_list()
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[label] for label in labels], dtype=np.int64), names
