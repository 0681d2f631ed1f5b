"""How near products are to each other, and to what an exporter is specialised in already."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array

from klaster.graph.network.network import Figures, Places, column_sums, like, row_sums


def product_proximity(made: csr_array, some: slice | None = None) -> csr_array:
    r"""Return how often two products are made by the same exporters: a symmetric matrix.

    .. math:: \phi_{pq} = \min\{P(p \mid q), P(q \mid p)\}
              = \frac{\sum_c M_{cp} M_{cq}}{\max(k_p, k_q)}

    0 for a product with itself. To an analyst: 0.5 says that at least half of those who make the
    one make the other too, so that they are likely to need the same skills, suppliers and rules.

    Parameters
    ----------
    made
        1 where an exporter (row) is specialised in a product (column).
    some
        Only these rows of the matrix, where all of it would be too much to hold.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> near = product_proximity(csr_array(np.tri(4)[::-1]))
    >>> near.toarray().round(4).tolist()[0]
    [0.0, 0.75, 0.5, 0.25]

    References
    ----------
    Hidalgo, Klinger, Barabási and Hausmann (2007), https://doi.org/10.1126/science.1144581
    """
    makers = column_sums(made)
    rows = slice(0, made.shape[1]) if some is None else some
    both = csr_array(csr_array(made.T)[rows] @ made).tocoo()
    row, column = both.coords
    apart = row + rows.start != column
    row, column = row[apart], column[apart]
    near = both.data[apart] / np.maximum(makers[row + rows.start], makers[column])
    return csr_array((near, (row, column)), shape=both.shape)


def density(made: csr_array, proximity: csr_array, *, total: Figures | None = None) -> Figures:
    r"""Return how near each product (column) is to what each exporter (row) makes, from 0 to 1.

    .. math:: \omega_{cp} = \frac{\sum_q M_{cq} \phi_{pq}}{\sum_q \phi_{pq}}

    To an analyst: the share of a product's neighbourhood in which the exporter is at home. The
    higher, the more likely it is to take the product up; 1 less the density is the distance.

    Parameters
    ----------
    made
        1 where an exporter is specialised in a product.
    proximity
        Of the products, a symmetric matrix; a product is no neighbour of itself unless it is
        given as one. 0 for a product without neighbours.
    total
        The sum of each row of ``proximity``, if it is known.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> made = csr_array(np.tri(4)[::-1])
    >>> found = density(made, product_proximity(made)).round(4).tolist()
    >>> found[1][3], found[2][2]
    (1.0, 0.7)

    References
    ----------
    Hidalgo, Klinger, Barabási and Hausmann (2007), https://doi.org/10.1126/science.1144581
    """
    total = row_sums(proximity) if total is None else total
    weight = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    # Weighed last, so that of few exporters few rows of the products are looked at.
    found: Figures = csr_array(made @ proximity).toarray() * weight
    return found


def outlook(made: csr_array, near: Figures, complexity: Figures) -> Figures:
    r"""Return how much complexity lies near to what each exporter makes, but is not made yet.

    .. math:: COI_c = \sum_p \omega_{cp} (1 - M_{cp}) PCI_p

    The complexity outlook index, also called opportunity value, not standardised. To an analyst:
    high where many complex products are within reach, so that there is somewhere to go.

    Parameters
    ----------
    near
        The density of each product around each exporter.
    complexity
        Of the products; those of which it is not defined (NaN) count nothing.

    References
    ----------
    Hausmann, Hidalgo and others (2014), The Atlas of Economic Complexity, MIT Press,
    https://doi.org/10.7551/mitpress/9647.001.0001
    """
    weight = np.nan_to_num(complexity)
    absent = near @ weight - row_sums(like_made(made, near) @ diags_array(weight))
    return np.asarray(absent)


def like_made(made: csr_array, figures: Figures) -> csr_array:
    """Return the figures that stand where something is made, as a sparse matrix."""
    row = np.repeat(np.arange(made.shape[0]), np.diff(made.indptr))
    return like(made, figures[row, made.indices])


def gain(
    made: csr_array,
    proximity: csr_array,
    complexity: Figures,
    *,
    total: Figures | None = None,
    of: Places | None = None,
) -> Figures:
    r"""Return how much nearer each product, once made, would bring other complex products.

    .. math:: COG_{cp} = (1 - M_{cp}) \sum_q \frac{\phi_{pq}}{\sum_r \phi_{qr}} (1 - M_{cq}) PCI_q

    The complexity outlook gain: what the outlook of the exporter would gain. 0 for what it makes
    already. To an analyst: a product with a high gain is a stepping stone.

    Parameters
    ----------
    total
        The sum of each row of ``proximity``, if it is known.
    of
        Return the columns of these products only.

    References
    ----------
    Hausmann, Hidalgo and others (2014), The Atlas of Economic Complexity, MIT Press,
    https://doi.org/10.7551/mitpress/9647.001.0001
    """
    total = row_sums(proximity) if total is None else total
    weight = np.nan_to_num(complexity) * np.divide(
        1, total, out=np.zeros_like(total), where=total > 0
    )
    absent = 1 - made.toarray()
    wanted = np.arange(proximity.shape[0]) if of is None else of
    rows = csr_array(proximity)[wanted] if of is not None else csr_array(proximity)
    found: Figures = absent[:, wanted] * (rows @ (absent * weight).T).T
    return found
