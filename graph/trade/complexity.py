"""How much knowledge exports tell of: the complexity of exporters and of products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigsh

from klaster.graph.network.network import Figures, Places, column_sums, row_sums

_DENSE: Final = 1500
"""Up to so many rows or columns all eigenvectors are computed at once."""
_SAME: Final = 1e-9
"""Eigenvalues nearer than this cannot be told apart, and then neither can their vectors."""


@dataclass(frozen=True)
class Complexity:
    """The complexity of exporters and products; NaN where it is not defined.

    It is defined among exporters that are linked by products they have in common: where there
    are several such groups, for the largest. ``left_out`` counts the exporters outside of it.
    """

    exporters: Figures
    products: Figures
    left_out: int

    @property
    def defined(self) -> bool:
        """Whether there is any."""
        return bool(np.isfinite(self.exporters).any())


def economic_complexity(made: csr_array) -> Complexity:
    r"""Return the economic complexity index of exporters (ECI) and products (PCI).

    .. math:: \tilde M_{cc'} = \frac{1}{k_c} \sum_p \frac{M_{cp} M_{c'p}}{k_p}

    The ECI is the eigenvector of the second largest eigenvalue, standardised, with the sign with
    which it goes along with diversity. The PCI is on the same scale: the ECI of an exporter is
    the mean PCI of what it is specialised in. To an analyst: high where an exporter makes what
    few others make who in turn make much that is rare. It orders exporters; a difference of 1 is
    a standard deviation, not a sum of money.

    Parameters
    ----------
    made
        1 where an exporter (row) is specialised in a product (column).

    Examples
    --------
    Each exporter makes one product fewer than the one before.

    >>> from scipy.sparse import csr_array
    >>> found = economic_complexity(csr_array(np.tri(4)[::-1]))
    >>> found.exporters.round(6).tolist()
    [1.341641, 0.447214, -0.447214, -1.341641]

    References
    ----------
    Hidalgo and Hausmann (2009), https://doi.org/10.1073/pnas.0900943106;
    Mealy, Farmer and Teytelboym (2019), https://doi.org/10.1126/sciadv.aau1705
    """
    rows, columns = _largest_group(made)
    whole = Complexity(np.full(made.shape[0], np.nan), np.full(made.shape[1], np.nan), 0)
    active = int((np.diff(made.indptr) > 0).sum())
    inside = csr_array(made[rows][:, columns])
    variety, ubiquity = row_sums(inside), column_sums(inside)
    found = _second_eigenvector(inside, variety, ubiquity)
    if found is None:
        return Complexity(whole.exporters, whole.products, active)
    raw = _upright(found / np.sqrt(variety), variety)
    sophistication = _products_of(inside, raw, variety, ubiquity)
    centre, spread = raw.mean(), raw.std()
    whole.exporters[rows] = (raw - centre) / spread
    whole.products[columns] = (sophistication - centre) / spread
    return Complexity(whole.exporters, whole.products, active - len(rows))


def _largest_group(made: csr_array) -> tuple[Places, Places]:
    """Return the rows and columns of the largest group that is joined by what is made."""
    size = made.shape[0]
    links = made.tocoo()
    joint = csr_array(
        (np.ones(links.nnz), (links.coords[0], links.coords[1] + size)),
        shape=(sum(made.shape), sum(made.shape)),
    )
    _, group = connected_components(joint, directed=False)
    active = np.diff(made.indptr) > 0
    if not active.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    largest = np.bincount(group[:size][active]).argmax()
    rows = np.flatnonzero((group[:size] == largest) & active)
    return rows, np.flatnonzero(group[size:] == largest)


def _second_eigenvector(made: csr_array, variety: Figures, ubiquity: Figures) -> Figures | None:
    """Return the second eigenvector of the exporters' symmetric form, if it is the only one."""
    if made.shape[0] < 3 or made.shape[1] < 2:
        return None
    scaled = diags_array(1 / np.sqrt(variety)) @ made @ diags_array(1 / np.sqrt(ubiquity))
    turned = scaled.shape[0] > scaled.shape[1]
    # The smaller side has the same eigenvalues above 0, and leads over to the other's vectors.
    small = csr_array(scaled.T if turned else scaled)
    values, vectors = _leading(small)
    if values[1] < _SAME or values[0] - values[1] < _SAME:
        return None
    if len(values) > 2 and values[1] - values[2] < _SAME:
        return None
    found = vectors[:, 1]
    if turned:
        found = scaled @ found
    raw = found / np.sqrt(variety)
    return np.asarray(found) if raw.std() > _SAME else None


def _leading(scaled: csr_array) -> tuple[Figures, Figures]:
    """Return the three largest eigenvalues of a matrix times its transpose, and their vectors."""
    size = scaled.shape[0]
    if size <= _DENSE:
        values, vectors = np.linalg.eigh((scaled @ scaled.T).toarray())
        return values[::-1][:3], vectors[:, ::-1][:, :3]
    back = csr_array(scaled.T)
    product = LinearOperator((size, size), matvec=lambda x: scaled @ (back @ x), dtype=np.float64)
    # A fixed start, so that the same data give the same figures.
    values, vectors = eigsh(product, k=3, which="LA", v0=np.ones(size) / np.sqrt(size))
    order = np.argsort(-values)
    return values[order], vectors[:, order]


def _upright(raw: Figures, variety: Figures) -> Figures:
    """Return a vector with the sign with which it goes along with diversity.

    Where all are equally diverse either sign is as good: the first exporter's is made positive.
    """
    if variety.std() > 0:
        together = float(((raw - raw.mean()) * (variety - variety.mean())).sum())
        if abs(together) > _SAME:
            return np.asarray(raw * np.sign(together))
    first = raw[np.argmax(np.abs(raw) > _SAME)]
    return np.asarray(raw * (np.sign(first) or 1))


def _products_of(made: csr_array, raw: Figures, variety: Figures, ubiquity: Figures) -> Figures:
    """Return the products' eigenvector on the scale on which an exporter has its products' mean."""
    of_products = (made.T @ raw) / ubiquity
    back = (made @ of_products) / variety
    scale = float(raw @ back) / float(back @ back)
    return np.asarray(of_products * scale)


def reflections(made: csr_array, *, steps: int = 18) -> tuple[Figures, Figures]:
    r"""Return exporters and products by the method of reflections, standardised.

    .. math:: k_{c,n} = \frac{1}{k_{c,0}} \sum_p M_{cp} k_{p,n-1}, \quad
              k_{p,n} = \frac{1}{k_{p,0}} \sum_c M_{cp} k_{c,n-1}

    Even steps tell of exporters' diversity seen through ever more steps; they come to order
    exporters as the ECI does, which is exact and to be preferred. NaN for those that are
    specialised in nothing.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> exporters, _ = reflections(csr_array(np.tri(4)[::-1]))
    >>> exporters.round(3).tolist()
    [1.342, 0.447, -0.447, -1.342]

    References
    ----------
    Hidalgo and Hausmann (2009), https://doi.org/10.1073/pnas.0900943106
    """
    variety, spread = row_sums(made), column_sums(made)
    inverse_variety = np.divide(1, variety, out=np.full(len(variety), np.nan), where=variety > 0)
    inverse_spread = np.divide(1, spread, out=np.full(len(spread), np.nan), where=spread > 0)
    exporters, products = variety, spread
    for _ in range(steps):
        after = inverse_variety * (made @ np.nan_to_num(products))
        products = inverse_spread * (made.T @ np.nan_to_num(exporters))
        # What comes to differ by ever less is kept apart from being rounded away.
        exporters = _standard(after)
        products = _standard(products)
    return exporters, products


def _standard(figures: Figures) -> Figures:
    spread = np.nanstd(figures)
    if not spread > 0:
        return np.asarray(figures * np.nan)
    return np.asarray((figures - np.nanmean(figures)) / spread)
