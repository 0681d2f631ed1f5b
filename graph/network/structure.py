"""Figures of a network as a whole: how dense, how wide, how clustered, how centralised it is."""

from __future__ import annotations

import numpy as np

from klaster.graph.network.connectivity import parts
from klaster.graph.network.network import Figures, Network, row_sums, rows_of
from klaster.graph.network.paths import waves
from klaster.graph.network.triangles import Ties
from klaster.ontology.faults import Fault


def mean_steps(network: Network) -> float:
    """Return the mean number of steps between the pairs of actors of which one reaches the other.

    Examples
    --------
    >>> round(mean_steps(Network.from_pairs([("a", "b"), ("b", "c")])), 4)
    1.3333
    """
    pairs = total = 0
    for step, reached in waves(network.arcs):
        pairs += int(reached.sum())
        total += step * int(reached.sum())
    return total / pairs if pairs else float("nan")


def diameter(network: Network) -> int:
    """Return the largest number of steps between two actors of whom one reaches the other.

    Examples
    --------
    >>> diameter(Network.from_pairs([("a", "b"), ("b", "c")]))
    2
    """
    return max((step for step, _ in waves(network.arcs)), default=0)


def density(network: Network) -> float:
    """Return the share of the pairs of actors, in either direction, that a link joins.

    Examples
    --------
    >>> density(Network.from_pairs([("a", "b"), ("b", "a"), ("b", "c")]))
    0.5
    """
    size = network.size
    return float(row_sums(network.arcs).sum() / (size * (size - 1))) if size > 1 else float("nan")


def transitivity(network: Network) -> float:
    """Return the share of the pairs of an actor's partners that are partners too, over all actors.

    Examples
    --------
    >>> edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
    >>> transitivity(Network.from_pairs(edges))
    0.6

    References
    ----------
    Newman, Watts and Strogatz (2002), https://doi.org/10.1073/pnas.012582999
    """
    closed = 3 * sum(len(found.ab) for found in Ties(network).triangles())
    partners = row_sums(network.ties)
    pairs = float((partners * (partners - 1)).sum() / 2)
    return closed / pairs if pairs else float("nan")


def assortativity(network: Network) -> float:
    """Return the correlation of the numbers of partners of those who are tied: from -1 to 1.

    Below 0: those with many partners are tied to those with few, as in most supply networks.

    Examples
    --------
    >>> assortativity(Network.from_pairs([("hub", leaf) for leaf in "abc"])).__round__(6)
    -1.0

    References
    ----------
    Newman (2002), https://doi.org/10.1103/PhysRevLett.89.208701
    """
    partners = row_sums(network.ties)
    here, there = partners[rows_of(network.ties)], partners[network.ties.indices]
    spread = float(((here - here.mean()) ** 2).sum()) if len(here) else 0.0
    if not spread:
        return float("nan")
    return float(((here - here.mean()) * (there - there.mean())).sum() / spread)


def centralisation(figures: Figures, most: float) -> float:
    """Return how far the first actor stands out: 0 if all are alike, 1 for the most uneven network.

    Parameters
    ----------
    figures
        A measure's figures.
    most
        The sum of the differences from the first in the most uneven network of this size, mostly
        a star: (n - 1)(n - 2) for degree, n - 1 for betweenness as a share.

    Examples
    --------
    >>> star = Network.from_pairs([("hub", leaf) for leaf in "abc"])
    >>> centralisation(row_sums(star.ties), most=3 * 2)
    1.0

    References
    ----------
    Freeman (1978), https://doi.org/10.1016/0378-8733(78)90021-7
    """
    return float((figures.max() - figures).sum() / most)


def current_flow_betweenness(network: Network, *, weighted: bool = False) -> Figures:
    r"""Share of a current between pairs of other actors that passes through each actor.

    Each tie is a wire: unlike betweenness it counts all paths, the longer ones less, as if news
    wandered about. Direction is left out of account. It takes a full matrix, so that it is for
    networks of some thousands of actors.

    Parameters
    ----------
    weighted
        Whether a strong tie conducts better than a weak one.

    Raises
    ------
    Fault
        On a network in several parts, where betweenness is to be used.

    Examples
    --------
    >>> circle = Network.from_pairs([("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")])
    >>> current_flow_betweenness(circle).round(4).tolist()
    [0.3333, 0.3333, 0.3333, 0.3333]

    References
    ----------
    Newman (2005), https://doi.org/10.1016/j.socnet.2004.11.009
    """
    size = network.size
    if parts(network) != 1 or size < 3:
        raise Fault("fault.one-part-only")
    matrix = network.exchange if weighted else network.ties
    laplacian = np.diag(row_sums(matrix)) - matrix.toarray()
    # Potentials are told up to a constant, so that any inverse on the others will do.
    potential = np.linalg.inv(laplacian + 1 / size)
    ties = Ties(network)
    figures: Figures = np.zeros(size)
    rise = 2 * np.arange(size) - size + 1
    strength = matrix.data[ties.forward].tolist()
    for a, b, w in zip(ties.lower.tolist(), ties.upper.tolist(), strength, strict=True):
        current = w * (potential[a] - potential[b])
        # Over all pairs of sources and sinks, less those of which the actor is one.
        whole = float((np.sort(current) * rise).sum())
        for end in (a, b):
            figures[end] += whole - np.abs(current - current[end]).sum()
    return figures / ((size - 1) * (size - 2))
