"""In what an exporter is strong, and on how little its exports rest."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.network.network import Figures, column_sums, like, row_sums, rows_of

THRESHOLD: Final = 1.0
"""From this revealed advantage on an exporter counts as making a product."""


def revealed_advantage(values: csr_array) -> csr_array:
    r"""Return the revealed comparative advantage of each exporter (row) in each product (column).

    .. math:: RCA_{cp} = \frac{x_{cp} / \sum_{p'} x_{cp'}}{\sum_{c'} x_{c'p} / \sum_{c'p'} x_{c'p'}}

    The share of the product in what the exporter exports, over its share in the exports of all.
    To an analyst: 3 says that the product weighs three times as much here as elsewhere; 1 is the
    usual mark of being specialised in it. It says nothing of profit, and depends on who is
    compared. What is not exported is not in the matrix.

    Parameters
    ----------
    values
        What each exporter exports of each product, above 0, in one currency.

    Examples
    --------
    A district lives by cotton alone, the other by both.

    >>> from scipy.sparse import csr_array
    >>> revealed_advantage(csr_array([[4.0, 0.0], [2.0, 2.0]])).toarray().round(3).tolist()
    [[1.333, 0.0], [0.667, 2.0]]

    References
    ----------
    Balassa (1965), https://doi.org/10.1111/j.1467-9957.1965.tb00050.x
    """
    exporter, product, whole = row_sums(values), column_sums(values), values.sum()
    expected = exporter[rows_of(values)] * product[values.indices]
    return like(values, values.data * whole / expected)


def specialised(advantage: csr_array, *, threshold: float = THRESHOLD) -> csr_array:
    """Return 1 where an exporter (row) has a revealed advantage in a product (column).

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> specialised(csr_array([[1.333, 0.0], [0.667, 2.0]])).toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    made = like(advantage, (advantage.data >= threshold).astype(np.float64)).copy()
    made.eliminate_zeros()
    return made


def diversity(made: csr_array) -> Figures:
    """Return in how many products each exporter is specialised."""
    return row_sums(made)


def ubiquity(made: csr_array) -> Figures:
    """Return how many exporters are specialised in each product: few can do what is rare."""
    return column_sums(made)


def concentration(values: csr_array) -> pl.DataFrame:
    r"""Return how much each row of a matrix rests on few of its columns.

    .. math:: H = \sum_p s_p^2, \quad E = -\sum_p s_p \ln s_p

    Returns
    -------
    polars.DataFrame
        A row a row: ``herfindahl`` (1: all in one, near 0: spread over many), ``effective`` (its
        inverse: as concentrated as that many equal shares), ``entropy`` (Shannon, in nats; 0: all
        in one), ``count`` and ``largest`` (the largest share). Null where there is nothing.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> shares = concentration(csr_array([[7.0, 2.0, 1.0], [5.0, 0.0, 0.0]]))
    >>> shares.select(pl.col("herfindahl", "effective", "largest").round(2)).rows()
    [(0.54, 1.85, 0.7), (1.0, 1.0, 1.0)]

    References
    ----------
    Hirschman (1964), https://www.jstor.org/stable/1818582;
    Shannon (1948), https://doi.org/10.1002/j.1538-7305.1948.tb01338.x
    """
    total, row = row_sums(values), rows_of(values)
    share = values.data / total[row]
    size = values.shape[0]
    herfindahl = np.bincount(row, share**2, size)
    entropy = np.bincount(row, -share * np.log(share), size)
    largest = np.zeros(size)
    np.maximum.at(largest, row, share)
    some = pl.Series(total > 0)
    columns = {"herfindahl": herfindahl, "effective": 1 / np.where(herfindahl, herfindahl, 1)}
    columns |= {"entropy": np.abs(entropy), "largest": largest}
    frame = pl.DataFrame(columns).with_columns(count=pl.Series(np.diff(values.indptr)))
    return frame.select(
        pl.when(some).then(pl.col(name))
        for name in ("herfindahl", "effective", "entropy", "count", "largest")
    )
