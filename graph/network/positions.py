"""Groups of actors by what the tables tell of them: brokers between them, helices within them."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from klaster.graph.network.brokerage import ROLES, ei_index, grouped, roles
from klaster.graph.network.centrality import ranks
from klaster.graph.network.change import within
from klaster.graph.network.communities import communities
from klaster.graph.network.helix import completeness, presence, synergy
from klaster.graph.network.network import Network
from klaster.graph.store.columns import Columns

GROUPS: Final = ("kind", "sector", "region", "cluster", "community")
"""By what actors can be grouped."""


def group_of(columns: Columns, network: Network, by: str) -> list[str | None]:
    """Return the group of each actor: a code, the IRI of a cluster, or the number of a community.

    Of several regions, sectors or clusters the first counts. None where nothing is recorded.
    """
    if by == "kind":
        return network.actors["kind"].to_list()
    if by == "community":
        return [str(number + 1) for number in communities(network).tolist()]
    if by == "region":
        rows = columns.table("actors").select("region", actor="iri").explode("region")
    else:
        clusters = columns.table("clusters").select("sector", cluster="iri")
        rows = columns.table("memberships").select("actor", "cluster").join(clusters, on="cluster")
    found = rows.select("actor", group=by).drop_nulls().sort("actor", "group")
    first = found.unique("actor", keep="first")
    return network.actors.join(first, on="actor", how="left", maintain_order="left")[
        "group"
    ].to_list()


def brokers(columns: Columns, network: Network, by: str) -> pl.DataFrame:
    """Return who is how often a broker between or within groups, the busiest first.

    The columns are ``actor, label, kind, group, rank, tied, chains`` (all roles together), one a
    role of Gould and Fernandez, and ``ei``: the E-I index, -1 for one who keeps to its group.
    """
    labels = group_of(columns, network, by)
    groups, _ = grouped(labels)
    counts = roles(network, groups)
    rank, tied = ranks(counts.sum(axis=1))
    whole = counts.astype(np.int64)
    return (
        network.actors.with_columns(
            pl.Series("group", labels, dtype=pl.String),
            pl.Series("rank", rank),
            pl.Series("tied", tied),
            pl.Series("chains", whole.sum(axis=1)),
            *(pl.Series(role, whole[:, at]) for at, role in enumerate(ROLES)),
            pl.Series("ei", ei_index(network, groups)).fill_nan(None),
        )
        .sort("rank", "label", "actor")
        .select("actor", "label", "kind", "group", "rank", "tied", "chains", *ROLES, "ei")
    )


def helices(columns: Columns, network: Network) -> pl.DataFrame:
    """Return for each cluster which spheres of the triple helix it has, how linked, in what synergy.

    The columns are ``cluster``, those of ``completeness`` and ``synergy`` (bits, over the
    recorded links among its members; below 0: the spheres meet in ways that no two explain).
    """
    members = columns.table("memberships").select("actor", group="cluster").unique()
    rows = []
    for cluster, part in within(network, members):
        found = (
            completeness(part, np.zeros(part.size, dtype=np.int64)).drop("group").row(0, named=True)
        )
        bits = synergy(presence(part)) if part.links.height else None
        rows.append({"cluster": cluster, **found, "synergy": bits})
    return pl.DataFrame(rows, infer_schema_length=None)
