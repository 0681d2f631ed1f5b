"""Measures in which an actor counts as much as those linked to it: walks along the links."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from klaster.graph.network.leading import leading
from klaster.graph.network.network import (
    Figures,
    Network,
    column_sums,
    lengths,
    like,
    row_sums,
    rows_of,
)
from klaster.graph.network.strips import Strips, sweep
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault

_SCALED = 100
"""So many sweeps are helped on by what is known of the sum of the shares."""


def pagerank(
    network: Network, *, damping: float = 0.85, tolerance: float = 1e-10, weighted: bool = False
) -> Figures:
    r"""Share of a random walk along the links that each actor receives; the shares sum to 1.

    .. math:: p = \alpha P^\top p + (1-\alpha)/n

    where row *i* of *P* shares 1 among those to whom *i* links (among all, where it links to
    nobody). High where links come from actors that themselves receive many; a last buyer
    collects much of it.

    Parameters
    ----------
    damping
        How likely the walk goes on rather than starts anew anywhere (α).
    tolerance
        It stops when the sum of absolute changes in a round over all actors is under this,
        whatever the size (networkx's default stops earlier the larger the network is). The
        shares are then wrong by no more than 2α/(1-α) times as much in sum.
    weighted
        Whether the walk prefers strong links; else all of an actor's links are alike.

    Examples
    --------
    Two farms sell to one mill.

    >>> pagerank(Network.from_pairs([("a", "mill"), ("b", "mill")])).round(4).tolist()
    [0.2128, 0.2128, 0.5745]

    References
    ----------
    Page, Brin, Motwani and Winograd (1999), http://ilpubs.stanford.edu:8090/422/
    """
    if weighted:
        inward = csr_array(network.weights.T)
        return _pagerank(inward, row_sums(network.weights), damping, tolerance)
    return _pagerank(network.inward, lengths(network.arcs), damping, tolerance)


def pagerank_upstream(
    network: Network, *, damping: float = 0.85, tolerance: float = 1e-10, weighted: bool = False
) -> Figures:
    """PageRank of the reversed network: share of a walk against the links, from buyer to supplier.

    High: important buyers depend on it, directly or through others; a first supplier collects
    much of it. Parameters as for ``pagerank``.

    Examples
    --------
    >>> pagerank_upstream(Network.from_pairs([("mill", "a"), ("mill", "b")])).round(4).tolist()
    [0.2128, 0.2128, 0.5745]

    References
    ----------
    Page, Brin, Motwani and Winograd (1999), http://ilpubs.stanford.edu:8090/422/
    """
    if weighted:
        return _pagerank(network.weights, column_sums(network.weights), damping, tolerance)
    return _pagerank(network.arcs, lengths(network.inward), damping, tolerance)


def _pagerank(inward: csr_array, given: Figures, damping: float, tolerance: float) -> Figures:
    """Return the shares that solve p = M p + c, c the same for all, M without those who give none.

    What is shared among all, by a new start or by those who link to nobody, only sets the scale:
    x = M x + 1 is solved, and p is x over its sum.
    """
    size = len(given)
    if not size:
        return np.zeros(0)
    share = np.divide(damping, given, out=np.zeros(size), where=given > 0)
    stay = np.flatnonzero(given == 0)
    strips = Strips(inward)
    figures: Figures = np.ones(size)
    told = share * figures
    # A sweep by itself brings x nearer by the damping each time, in the sum of the differences
    # weighted by 1 - damping or more: after the scaled ones so many always suffice.
    enough = _SCALED + int(np.log(tolerance * (1 - damping) / size) / np.log(max(damping, 0.5)))
    for step in range(enough):
        change = sweep(strips, share, figures, told)
        if change < tolerance * figures.sum():
            break
        if step < _SCALED:
            # Of the solution it is known that x less what it gives on is 1 for each actor.
            kept = (1 - damping) * figures.sum() + damping * figures[stay].sum()
            figures *= size / kept
            told *= size / kept
    return np.asarray(figures / figures.sum())


def katz(network: Network, *, attenuation: float | None = None, weighted: bool = False) -> Figures:
    r"""1 plus the number of walks that end at each actor, longer ones counting less (Katz).

    .. math:: x = (I-\alpha A^\top)^{-1} 1, \qquad \alpha < 1/\lambda_1

    High: much lies upstream of it, near or far. Unlike eigenvector centrality it is defined on
    chains without a circle and on networks in several parts.

    Parameters
    ----------
    attenuation
        How much less a walk counts with each step (α). By default half of the largest value
        for which the sum is finite, and half where the network has no circle.
    weighted
        Whether a strong link counts as several.

    Raises
    ------
    Fault
        If the attenuation is so large that the sum is not finite.

    Examples
    --------
    >>> katz(Network.from_pairs([("a", "b"), ("b", "c")]), attenuation=0.5).tolist()
    [1.0, 1.5, 1.75]

    References
    ----------
    Katz (1953), https://doi.org/10.1007/BF02289026
    """
    matrix = network.weights if weighted else network.arcs
    bound = strongest_growth(matrix)
    alpha = 0.5 / max(bound, 1.0) if attenuation is None else attenuation
    if alpha * bound >= 1:
        raise Fault("fault.attenuation", found=f"{alpha:g}", limit=f"{1 / bound:.6g}")
    strips = Strips(csr_array(matrix.T) if weighted else network.inward)
    share = np.full(network.size, alpha)
    figures: Figures = np.ones(network.size)
    told = share * figures
    while sweep(strips, share, figures, told) > 1e-14 * figures.sum():
        pass
    return figures


def strongest_growth(matrix: csr_array) -> float:
    """Return the largest eigenvalue of a matrix without negative cells, or a little more.

    It is 0 where the links form no circle. The bound is that of Collatz and Wielandt: for
    positive x no eigenvalue exceeds the largest (Ax)_i / x_i.
    """
    _, part = connected_components(matrix, connection="strong")
    # Links between strongly connected parts add no circle and no eigenvalue.
    within = part[rows_of(matrix)] == part[matrix.indices]
    kept = np.flatnonzero(np.bincount(matrix.indices[within], minlength=len(part)))
    if not len(kept):
        return 0.0
    circles = like(matrix, np.where(within, matrix.data, 0.0))[kept][:, kept]
    _, part = np.unique(part[kept], return_inverse=True)
    vector: Figures = np.ones(len(kept))
    bounds = np.full(part.max() + 1, np.inf)
    for _ in range(500):
        grown = circles @ vector
        highest, lowest = _extremes(grown / vector, part)
        bounds = np.minimum(bounds, highest)
        if (highest - lowest <= 1e-10 * highest).all():
            break
        # Half of the vector is kept, so that a circle of even length does not swing.
        grown += vector * (highest / 2)[part]
        vector = grown / _extremes(grown, part)[0][part]
    return float(bounds.max())


def _extremes(figures: Figures, part: NDArray[np.int64]) -> tuple[Figures, Figures]:
    """Return the highest and the lowest figure in each part."""
    highest, lowest = np.zeros(part.max() + 1), np.full(part.max() + 1, np.inf)
    np.maximum.at(highest, part, figures)
    np.minimum.at(lowest, part, figures)
    return highest, lowest


def hubs(network: Network, *, weighted: bool = False) -> Figures:
    r"""How much each actor links to authorities; the figures sum to 1 (HITS).

    .. math:: h \propto A a, \qquad a \propto A^\top h

    In a supply network a hub supplies many of the chief assemblers.

    Raises
    ------
    Fault
        Where several parts of the network are equally strong, so that it is not unique.

    Examples
    --------
    >>> hubs(Network.from_pairs([("a", "c"), ("b", "c")])).round(6).tolist()
    [0.5, 0.5, 0.0]

    References
    ----------
    Kleinberg (1999), https://doi.org/10.1145/324133.324140
    """
    if weighted:
        return _hits(network.weights, csr_array(network.weights.T), "hub")
    return _hits(network.arcs, network.inward, "hub")


def authorities(network: Network, *, weighted: bool = False) -> Figures:
    """How much each actor is linked to by hubs; the figures sum to 1 (HITS).

    In a supply network an authority buys from many of the chief suppliers: an assembler.

    Raises
    ------
    Fault
        Where several parts of the network are equally strong, so that it is not unique.

    Examples
    --------
    >>> authorities(Network.from_pairs([("a", "c"), ("b", "c")])).round(6).tolist()
    [0.0, 0.0, 1.0]

    References
    ----------
    Kleinberg (1999), https://doi.org/10.1145/324133.324140
    """
    if weighted:
        return _hits(csr_array(network.weights.T), network.weights, "authority")
    return _hits(network.inward, network.arcs, "authority")


def _hits(matrix: csr_array, turned: csr_array, name: str) -> Figures:
    figures = _unique(leading(matrix, turned), name)
    return np.asarray(figures / figures.sum())


def _unique(figures: Figures | None, name: str) -> Figures:
    if figures is None:
        raise Fault("fault.not-unique", measure=codes("measure")[name].labels)
    return figures


def eigenvector(network: Network, *, weighted: bool = False) -> Figures:
    r"""Centrality in which an actor is as central as its partners together (length 1).

    .. math:: A x = \lambda_1 x

    Raises
    ------
    Fault
        On a network with directed links, where PageRank or Katz is to be used; or with several
        equally strong parts, where it is not unique.

    Examples
    --------
    >>> star = Network.from_pairs([("hub", "a"), ("hub", "b")], directed=False)
    >>> eigenvector(star).round(4).tolist()
    [0.5, 0.5, 0.7071]

    References
    ----------
    Bonacich (1972), https://doi.org/10.1080/0022250X.1972.9989806
    """
    name = codes("measure")["eigenvector"].labels
    if network.directed:
        raise Fault("fault.undirected-only", measure=name)
    matrix = network.weights if weighted else network.arcs
    return _unique(leading(matrix, None), "eigenvector")
