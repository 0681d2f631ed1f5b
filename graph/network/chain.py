"""How far down the supply chain an actor stands, in chains with loops as well."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from klaster.graph.network.network import Figures, Network, column_sums, row_sums

_TOLERANCE = 1e-6


def trophic_levels(network: Network) -> Figures:
    r"""Return how many steps an actor stands below the sources of what it is supplied.

    0: nobody in its part of the network stands further up. An actor stands one step below the
    mean of its suppliers and one step above the mean of its customers, as nearly as all links
    together allow; where supply runs in circles, levels lie between whole numbers. An actor
    without a link has none (nan). With W the adjacency, u the links of each actor, and v its
    suppliers less its customers, the levels h solve

    .. math:: (\operatorname{diag}(u) - W - W^{\mathsf T})\, h = v

    Examples
    --------
    A grower, a spinner, a weaver, and a trader nobody deals with.

    >>> from klaster.graph.network.network import Network
    >>> chain = Network.from_pairs([("grower", "spinner"), ("spinner", "weaver")])
    >>> dict(zip(chain.actors["actor"], trophic_levels(chain).round(3).tolist()))
    {'grower': 0.0, 'spinner': 1.0, 'weaver': 2.0}

    References
    ----------
    MacKay, Johnson and Sansom (2020), https://doi.org/10.1098/rsos.201138
    """
    arcs = network.arcs
    suppliers, customers = column_sums(arcs), row_sums(arcs)
    links = suppliers + customers
    if not arcs.nnz:
        return np.full(network.size, np.nan)
    matrix = csr_array(diags_array(links) - arcs - arcs.T)
    # The matrix is singular, but the right side is in its range: conjugate gradients hold.
    scale = diags_array(1 / np.maximum(links, 1))
    levels, _ = cg(matrix, suppliers - customers, rtol=_TOLERANCE, M=scale, maxiter=2_000)
    _, part = connected_components(arcs, directed=False)
    lowest = np.full(part.max() + 1, np.inf)
    np.minimum.at(lowest, part, levels)
    return np.where(links > 0, levels - lowest[part], np.nan)
