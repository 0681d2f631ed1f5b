"""Who depends on whom: the largest exposure to each supplier, those behind it, those cut off."""

from __future__ import annotations

import numpy as np
import polars as pl

from klaster.graph.network.connectivity import dominators, part_of
from klaster.graph.network.network import Network, Places, column_sums, row_sums, rows_of


def largest_exposures(network: Network) -> pl.DataFrame:
    """Return which buyer has the largest share of what it buys from each supplier.

    Returns
    -------
    polars.DataFrame
        A row an actor: ``exposed`` (position of the buyer; of equals the one that buys most,
        then the first by IRI) and ``share`` (0 to 1); null without a buyer.

    Examples
    --------
    >>> links = [("farm", "mill"), ("field", "mill"), ("farm", "shop")]
    >>> largest_exposures(Network.from_pairs(links)).rows()
    [(3, 1.0), (2, 0.5), (None, None), (None, None)]
    """
    weights = network.weights
    bought = column_sums(weights)[weights.indices]
    cells = pl.DataFrame(
        {
            "supplier": rows_of(weights),
            "exposed": weights.indices.astype(np.int64),
            "share": weights.data / bought,
            "bought": bought,
        }
    )
    first = cells.sort(
        "supplier", "share", "bought", "exposed", descending=[False, True, True, False]
    ).unique("supplier", keep="first")
    everybody = pl.DataFrame({"supplier": np.arange(network.size)})
    found = everybody.join(first, on="supplier", how="left", maintain_order="left")
    return found.select("exposed", "share")


def dependants(network: Network, actors: Places) -> list[list[int]]:
    """Return for each of some actors those to whom every recorded chain leads through it.

    Examples
    --------
    >>> chain = Network.from_pairs([("farm", "mill"), ("field", "mill"), ("mill", "shop")])
    >>> dependants(chain, np.array([0, 2]))
    [[], [3]]

    References
    ----------
    Lengauer and Tarjan (1979), https://doi.org/10.1145/357062.357071
    """
    before = dominators(network)
    below = np.argsort(before, kind="stable")
    first = np.searchsorted(before[below], np.arange(network.size))
    end = np.searchsorted(before[below], np.arange(network.size), side="right")
    found = []
    for actor in actors.tolist():
        waiting, behind = [actor], []
        while waiting:
            top = waiting.pop()
            next_ones = below[first[top] : end[top]].tolist()
            behind += next_ones
            waiting += next_ones
        found.append(sorted(behind))
    return found


def cut_off(before: Network, after: Network) -> pl.DataFrame:
    """Return the actors of both networks who lose what they had in the first.

    Returns
    -------
    polars.DataFrame
        ``actor``, ``label`` and ``what``: ``suppliers`` or ``buyers`` (it had some and has none
        left) or ``main-part`` (it was in the largest part and is not in what is left of it).

    Examples
    --------
    >>> chain = Network.from_pairs([("farm", "mill"), ("mill", "shop")])
    >>> left = Network.from_pairs([("farm", "mill")], also=["shop"])
    >>> cut_off(chain, left).select("actor", "what").rows()
    [('mill', 'buyers'), ('shop', 'main-part'), ('shop', 'suppliers')]
    """
    old, new = _standing(before), _standing(after)
    both = old.join(new, on="actor", suffix="_after")
    lost = [
        both.filter(pl.col(what) & ~pl.col(f"{what}_after")).select(
            "actor", "label", what=pl.lit(what)
        )
        for what in ("suppliers", "buyers", "main-part")
    ]
    return pl.concat(lost).sort("label", "actor", "what")


def _standing(network: Network) -> pl.DataFrame:
    return network.actors.select("actor", "label").with_columns(
        pl.Series("suppliers", column_sums(network.arcs) > 0),
        pl.Series("buyers", row_sums(network.arcs) > 0),
        # The largest part is numbered 0.
        pl.Series("main-part", part_of(network) == 0),
    )
