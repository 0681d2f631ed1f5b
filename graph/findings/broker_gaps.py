"""Who is well placed to introduce members of a cluster to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.findings.supply_gaps import actor_iris, cluster_iri
from klaster.ontology.labels import phrase_words

ONE_BROKER: Final = 0.8
"""Above this share of the paths between two roles they are taken to meet through one broker."""
HUB: Final = 100
"""A broker with more partners than this introduces nobody to anybody, and counting its pairs
would grow with their square."""
SHOWN: Final = 5
AT_ONCE: Final = 5_000_000
"""So many paths are looked at together, of whole clusters."""
_ROLES: Final = ["cluster", "role", "other_role"]


def open_brokerage(facts: Facts) -> Iterator[Finding]:
    """G13: members in different roles who share partners but are not linked themselves.

    Either two roles of a cluster are joined by no link and one member stands on more than 0.8
    of the paths of two steps between them, or pairs of members have at least two partners in
    common and no link. Severity is the share of the paths between the two roles that this is
    true of. To an analyst: introductions that somebody is well placed to make.
    """
    roles = _roles(facts)
    inner = facts.of_scope(facts.inner)
    linked = _linked_roles(inner, roles)
    ends = inner.join(roles, on="actor").rename({"partner": "broker"})
    ends = ends.filter(pl.len().over("cluster", "broker") <= HUB)
    for clusters in _portions(ends):
        some = pl.col("cluster").is_in(clusters.implode())
        yield from _of_clusters(facts, ends.filter(some), inner.filter(some), linked)


def _portions(ends: pl.DataFrame) -> list[pl.Series]:
    """Return clusters in portions, of which each has few enough paths to hold at once."""
    paths = (
        ends.group_by("cluster", "broker")
        .len()
        .group_by("cluster")
        .agg((pl.col("len").cast(pl.Int64) ** 2).sum())
        .sort("cluster")
        .with_columns(portion=pl.col("len").cum_sum() // AT_ONCE)
    )
    return [part["cluster"] for part in paths.partition_by("portion", maintain_order=True)]


def _of_clusters(
    facts: Facts, ends: pl.DataFrame, inner: pl.DataFrame, linked: pl.DataFrame
) -> Iterator[Finding]:
    paths = _paths(ends, inner)
    if paths.is_empty():
        return
    groups = paths.group_by(_ROLES).agg(
        paths=pl.len(),
        linked=pl.col("linked").any(),
        open=(pl.col("brokers") > 1).sum(),
    )
    judged = (
        groups.join(_brokers(paths), on=_ROLES)
        .join(linked, on=_ROLES, how="left")
        .with_columns(pl.col("direct").fill_null(value=False))
    )
    only = (pl.col("most") / pl.col("paths") > ONE_BROKER) & ~pl.col("linked") & ~pl.col("direct")
    pairs = _open_pairs(paths)
    for row in judged.with_columns(only=only).sort(_ROLES).iter_rows(named=True):
        key = (row["cluster"], row["role"], row["other_role"])
        if row["only"]:
            yield _one_broker(facts, row)
        elif key in pairs:
            yield _shared_partners(facts, row, pairs[key])


def _brokers(paths: pl.DataFrame) -> pl.DataFrame:
    """Return on how many paths between two roles the one broker stands that is on most."""
    counts = paths.group_by(*_ROLES, "broker").len("most")
    return counts.sort("most", "broker", descending=[True, False]).unique(
        _ROLES, keep="first", maintain_order=True
    )


def _roles(facts: Facts) -> pl.DataFrame:
    """Return one role a member, the first of the helix that it plays."""
    return facts.played.sort("actor", "place").unique("actor", keep="first").drop("place")


def _linked_roles(inner: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    linked = inner.join(roles, on="actor").join(
        roles.select(partner="actor", other_role="role"), on="partner"
    )
    return linked.select(_ROLES).unique().with_columns(direct=pl.lit(value=True))


def _paths(ends: pl.DataFrame, inner: pl.DataFrame) -> pl.DataFrame:
    """Return the open paths of two steps between members in different roles, by broker.

    ``brokers`` is how many join the same pair, ``linked`` whether the pair is linked as well.
    """
    paths = ends.join(
        ends.select("cluster", "broker", other="actor", other_role="role"),
        on=["cluster", "broker"],
    ).filter(pl.col("role") < pl.col("other_role"))
    direct = inner.select("cluster", "actor", other="partner", linked=pl.lit(value=True))
    return paths.join(direct, on=["cluster", "actor", "other"], how="left").with_columns(
        pl.col("linked").fill_null(value=False),
        brokers=pl.when(pl.col("linked").is_null())
        .then(pl.len().over("cluster", "actor", "other"))
        .otherwise(0),
    )


def _open_pairs(paths: pl.DataFrame) -> dict[tuple[int, str, str], list[tuple[int, int]]]:
    """Return, by cluster and two roles, the pairs that share most partners, the first few."""
    pairs = (
        paths.filter(pl.col("brokers") > 1)
        .select(*_ROLES, "actor", "other", "brokers")
        .unique()
        .sort("brokers", "actor", "other", descending=[True, False, False])
    )
    found: dict[tuple[int, str, str], list[tuple[int, int]]] = {}
    for cluster, role, other_role, *pair in (
        pairs.group_by(_ROLES, maintain_order=True)
        .head(SHOWN)
        .select(*_ROLES, "actor", "other")
        .rows()
    ):
        found.setdefault((cluster, role, other_role), []).append((pair[0], pair[1]))
    return found


def _words_of_roles(facts: Facts, row: dict[str, object], cluster: str) -> dict[str, object]:
    return {
        "cluster": facts.name(cluster),
        "role": phrase_words(f"helix.{row['role']}"),
        "other": phrase_words(f"helix.{row['other_role']}"),
    }


def _one_broker(facts: Facts, row: dict[str, object]) -> Finding:
    cluster = cluster_iri(facts, int(str(row["cluster"])))
    (broker,) = actor_iris(facts, [int(str(row["broker"]))])
    share = int(str(row["most"])) / int(str(row["paths"]))
    return make_finding(
        "G13",
        share,
        phrase="finding.G13.only",
        subjects=(cluster, broker),
        numbers={"paths": int(str(row["paths"])), "share": share, "links": 0},
        evidence=(broker,),
        coverage=facts.coverage(cluster),
        words={**_words_of_roles(facts, row, cluster), "broker": facts.name(broker)},
    )


def _shared_partners(facts: Facts, row: dict[str, object], pairs: list[tuple[int, int]]) -> Finding:
    cluster = cluster_iri(facts, int(str(row["cluster"])))
    who = tuple(dict.fromkeys(actor_iris(facts, [place for pair in pairs for place in pair])))
    actor, other = actor_iris(facts, list(pairs[0]))
    share = int(str(row["open"])) / int(str(row["paths"]))
    return make_finding(
        "G13",
        share,
        subjects=(cluster, actor, other),
        numbers={"paths": int(str(row["paths"])), "open_paths": int(str(row["open"])), "links": 0},
        evidence=who,
        coverage=facts.coverage(cluster),
        words={
            **_words_of_roles(facts, row, cluster),
            "actor": facts.name(actor),
            "partner": facts.name(other),
            "paths": int(str(row["open"])),
        },
        candidates=(actor, other),
    )
