"""The linkages of sectors, from the input-output table that a graph holds."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.findings.facts import Facts
from klaster.graph.network.linkages import linkages
from klaster.graph.network.network import Figures, column_sums
from klaster.ontology.faults import Fault


def sector_linkages(facts: Facts) -> pl.DataFrame:
    """Return how strongly each sector pulls its suppliers and pushes its buyers.

    The sectors are the actors of the kind ``industry`` with a revenue (their output). What they
    need, by value, is divided among the sectors that make it by what each makes of it (the
    assumption of fixed market shares), which gives the flows between sectors.

    Returns
    -------
    polars.DataFrame
        ``sector, label, output, backward, forward, forward_ghosh, dispersion, sensitivity, key``
        as in ``klaster.graph.network.linkages``, and ``local``: the share of what the sector
        needs that is made by some sector of the table. The strongest pull comes first.

    Raises
    ------
    Fault
        If the graph holds no such table.

    References
    ----------
    Miller and Blair (2009), chapter 5, https://doi.org/10.1017/CBO9780511626982
    """
    columns = facts.columns
    actors = columns.table("actors").filter(pl.col("kind") == "industry").drop_nulls("revenue")
    needs = _of(columns.table("needs"), actors)
    makes = _of(columns.table("makes"), actors)
    if actors.height < 2 or needs.is_empty() or makes.is_empty():
        raise Fault("fault.no-table")
    sectors = actors["iri"].sort()
    output = actors.sort("iri")["revenue"].to_numpy().astype(np.float64)
    products = pl.concat([needs["product"], makes["product"]]).unique().sort()
    use, make = (_matrix(frame, sectors, products) for frame in (needs, makes))
    total = column_sums(make)
    share = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    flows: Figures = ((make * share) @ use.T).toarray()
    needed = np.asarray(use.sum(axis=1)).ravel()
    local = np.divide(flows.sum(axis=0), needed, out=np.full(len(needed), np.nan), where=needed > 0)
    found = linkages(flows, output)
    labels = [facts.name(iri)["en"] for iri in sectors]
    return (
        found.with_columns(
            sector=sectors, label=pl.Series(labels), output=output, local=pl.Series(local)
        )
        .select("sector", "label", "output", *found.columns, "local")
        .with_columns(pl.col("local").fill_nan(None))
        .sort("dispersion", "sector", descending=[True, False])
    )


def _of(frame: pl.DataFrame, actors: pl.DataFrame) -> pl.DataFrame:
    valued = frame.drop_nulls("value").filter(pl.col("value") > 0)
    return valued.join(actors.select(actor="iri"), on="actor", how="semi")


def _matrix(frame: pl.DataFrame, sectors: pl.Series, products: pl.Series) -> csr_array:
    ends = (
        sectors.search_sorted(frame["actor"]).to_numpy(),
        products.search_sorted(frame["product"]).to_numpy(),
    )
    values = frame["value"].to_numpy().astype(np.float64)
    return csr_array((values, ends), shape=(len(sectors), len(products)))
