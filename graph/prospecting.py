"""What the page shows of the exports of clusters: by year, what is near, the products around."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from klaster.graph.findings.export_potential import Prospects
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.neighbourhood import neighbourhood
from klaster.graph.findings.product_spaces import product_space
from klaster.graph.network.layout import lay_out
from klaster.graph.potential import Made, Potential
from klaster.graph.store.columns import Columns
from klaster.graph.trade.flows import flows
from klaster.graph.views.picture import ExportYear, Prospect

NEXT: Final = 3
"""So many products are told of each cluster, the nearest first."""
DRAWN: Final = 12
"""So many products that are not made are drawn around those that are."""
CLUSTERS: Final = 60
"""Of so many clusters at most: those with the most members."""


def prospects_of(columns: Columns, clusters: Sequence[str]) -> dict[str, Prospect]:
    """Return what is known of the exports and the nearest products of each cluster.

    Clusters of which neither is known are left out.
    """
    facts = Facts(columns)
    space = product_space(facts)
    told = Prospects(facts, space) if space else None
    made = Made(facts)
    years = _years(columns)
    largest = sorted(
        (cluster for cluster in clusters if cluster in facts.clusters),
        key=lambda cluster: (-len(facts.members_of[cluster]), cluster),
    )
    found = {
        cluster: _prospect(told, made, cluster, years.get(cluster, ()))
        for cluster in largest[:CLUSTERS]
    }
    return {cluster: shown for cluster, shown in sorted(found.items()) if shown != Prospect()}


def _years(columns: Columns) -> dict[str, tuple[ExportYear, ...]]:
    """Return the exports of each cluster in each year, and how concentrated they were."""
    if not flows(columns, level="cluster").years:
        return {}
    rows = Potential(columns, level="cluster").over_time()
    told = rows.select("location", "year", "product_concentration", "market_concentration")
    return {
        str(cluster): tuple(ExportYear(*row[1:]) for row in own.rows())
        for (cluster,), own in told.group_by("location", maintain_order=True)
        if isinstance(own, pl.DataFrame)
    }


def _prospect(
    told: Prospects | None, made: Made, cluster: str, years: tuple[ExportYear, ...]
) -> Prospect:
    """Return what is shown of one cluster."""
    if told is None:
        return Prospect(years=years)
    own = made.by(cluster)
    following = tuple(found.text for found in told.products(cluster, own, count=NEXT))
    if not following:
        return Prospect(years=years)
    around = neighbourhood(told.facts, told.space, own, near=DRAWN)
    places = lay_out(len(around.products), around.links)
    return Prospect(
        products=tuple(told.facts.name(product) for product in around.products),
        made=tuple(around.made),
        places=tuple((float(x), float(y)) for x, y in places),
        links=tuple((int(one), int(other)) for one, other in around.links),
        following=following,
        years=years,
    )
