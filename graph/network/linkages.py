"""Sectors that pull and push the rest of an economy: linkages on an input-output table."""

from __future__ import annotations

import numpy as np
import polars as pl

from klaster.graph.network.network import Figures
from klaster.ontology.faults import Fault


def technical_coefficients(flows: Figures, output: Figures) -> Figures:
    """Return how much of each sector (row) one unit of each sector's output (column) takes.

    Examples
    --------
    >>> technical_coefficients(np.array([[2.0, 3.0], [4.0, 1.0]]), np.array([10.0, 10.0])).tolist()
    [[0.2, 0.3], [0.4, 0.1]]

    References
    ----------
    Miller and Blair (2009), https://doi.org/10.1017/CBO9780511626982
    """
    _square(flows, output)
    return _shares(flows, output[None, :])


def allocation_coefficients(flows: Figures, output: Figures) -> Figures:
    """Return what share of each sector's output (row) goes to each sector (column).

    References
    ----------
    Ghosh (1958), https://doi.org/10.2307/2550694
    """
    _square(flows, output)
    return _shares(flows, output[:, None])


def _square(flows: Figures, output: Figures) -> None:
    if flows.shape != (len(output), len(output)):
        raise Fault("fault.flows", sectors=len(output))


def _shares(flows: Figures, output: Figures) -> Figures:
    """Return flows as shares of outputs, and 0 for a sector without any."""
    whole = np.broadcast_to(output, flows.shape)
    return np.divide(flows, whole, out=np.zeros(flows.shape), where=whole > 0)


def leontief_inverse(coefficients: Figures) -> Figures:
    r"""Return how much each sector (row) makes, in all, for a unit of final demand of each.

    .. math:: L = (I - A)^{-1}

    Raises
    ------
    Fault
        If the sectors use up more than they make, so that there is no such inverse.

    Examples
    --------
    >>> leontief_inverse(np.array([[0.2, 0.3], [0.4, 0.1]])).round(4).tolist()
    [[1.5, 0.5], [0.6667, 1.3333]]

    References
    ----------
    Miller and Blair (2009), https://doi.org/10.1017/CBO9780511626982
    """
    largest = np.abs(np.linalg.eigvals(coefficients)).max(initial=0)
    if largest >= 1:
        raise Fault("fault.not-productive")
    return np.asarray(np.linalg.inv(np.eye(len(coefficients)) - coefficients))


def linkages(flows: Figures, output: Figures) -> pl.DataFrame:
    r"""Return how strongly each sector pulls its suppliers and pushes its buyers.

    .. math:: BL_j = \sum_i l_{ij}, \quad FL_i = \sum_j l_{ij}, \quad
              U_j = \frac{BL_j / n}{\sum_{ij} l_{ij} / n^2}

    Returns
    -------
    polars.DataFrame
        A row a sector: ``backward`` and ``forward`` (of Leontief's inverse), ``forward_ghosh``
        (of Ghosh's), ``dispersion`` and ``sensitivity`` (backward and forward over their mean:
        above 1 is more than the average sector), ``key`` (both are above 1, Hirschman's key
        sector).

    Examples
    --------
    >>> table = linkages(np.array([[2.0, 3.0], [4.0, 1.0]]), np.array([10.0, 10.0]))
    >>> table.select(pl.col("backward", "forward", "dispersion").round(4)).rows()
    [(2.1667, 2.0, 1.0833), (1.8333, 2.0, 0.9167)]

    References
    ----------
    Rasmussen (1956), Studies in Inter-Sectoral Relations, North-Holland;
    Hirschman (1958), The Strategy of Economic Development, Yale University Press
    """
    inverse = leontief_inverse(technical_coefficients(flows, output))
    # Ghosh's inverse is Leontief's of the same flows looked at from the other side.
    onward = leontief_inverse(allocation_coefficients(flows, output))
    backward, forward = inverse.sum(axis=0), inverse.sum(axis=1)
    mean = inverse.sum() / max(len(output), 1)
    dispersion, sensitivity = backward / mean, forward / mean
    return pl.DataFrame(
        {
            "backward": backward,
            "forward": forward,
            "forward_ghosh": onward.sum(axis=1),
            "dispersion": dispersion,
            "sensitivity": sensitivity,
            "key": (dispersion > 1) & (sensitivity > 1),
        }
    )
