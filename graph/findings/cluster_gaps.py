"""What clusters lack in links and roles: who is missing or apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import polars as pl

from klaster.graph.findings.facts import HELIX, Facts, grouped
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.findings.supply_gaps import actor_iris, cluster_iri
from klaster.graph.store.holding import counted, participations
from klaster.ontology.labels import LANGUAGES, phrase_words

REACH: Final = 2
"""An exporter's logistics or certification partner is looked for among its partners and theirs:
whoever is further away is met by chance only."""


def missing_roles(facts: Facts) -> Iterator[Finding]:
    """G7: clusters in which a helix role is played by no member and no partner of a member.

    Severity is 1 over the number of roles expected. To an analyst: whom to invite.
    """
    members = facts.numbered.members
    partners = facts.pairs.join(members, on="actor").select(actor="partner", cluster="cluster")
    around = pl.concat([members, partners]).unique()
    present = grouped(
        around.join(facts.played, on="actor").select("cluster", pl.col("role").cast(pl.String)),
        "cluster",
        "role",
    )
    for place, cluster in enumerate(facts.numbered.clusters.all):
        for role in HELIX:
            if role in present.get(place, ()) or cluster not in facts.clusters:
                continue
            who = facts.members_of[cluster]
            yield make_finding(
                "G7",
                1 / len(HELIX),
                subjects=(cluster,),
                numbers={"role": role, "members": len(who), "with_role": 0},
                evidence=who,
                coverage=facts.coverage(cluster),
                words={
                    "cluster": facts.name(cluster),
                    "role": phrase_words(f"helix.{role}"),
                    "members": len(who),
                },
                role=role,
            )


def unconnected_roles(facts: Facts) -> Iterator[Finding]:
    """G8: clusters in which members play a helix role but none is linked to another role.

    Severity is 1 less the share of pairs of roles between which a link is recorded. To an
    analyst: those who belong, but with whom nobody else does anything that was recorded.
    """
    joined = joined_roles(facts)
    played = facts.numbered.members.join(facts.played, on="actor")
    holders = grouped(
        played.select("cluster", pl.col("role").cast(pl.String), "actor"),
        ["cluster", "role"],
        "actor",
    )
    possible = len(list(combinations(HELIX, 2)))
    for place, cluster in enumerate(facts.numbered.clusters.all):
        roles = [role for role in HELIX if (place, role) in holders]
        linked = joined.get(cluster, set())
        completeness = len(linked) / possible
        for role in roles:
            if (
                len(roles) < 2
                or any(role in pair for pair in linked)
                or cluster not in facts.clusters
            ):
                continue
            who = actor_iris(facts, list(holders[place, role]))
            yield make_finding(
                "G8",
                1 - completeness,
                subjects=(cluster,),
                numbers={
                    "role": role,
                    "with_role": len(who),
                    "links": 0,
                    "completeness": completeness,
                },
                evidence=who,
                coverage=facts.coverage(cluster),
                words={
                    "cluster": facts.name(cluster),
                    "role": phrase_words(f"helix.{role}"),
                    "count": len(who),
                },
                role=role,
            )


def joined_roles(facts: Facts) -> dict[str, set[tuple[str, str]]]:
    """Return, by cluster, the pairs of different roles between whose players a link is recorded."""
    roles = facts.played.select("actor", "role")
    others = roles.select(partner="actor", other="role")
    linked = facts.inner.join(roles, on="actor").join(others, on="partner")
    rows = linked.filter(pl.col("role") < pl.col("other")).select("cluster", "role", "other")
    found: dict[str, set[tuple[str, str]]] = {}
    for place, role, other in rows.unique().rows():
        found.setdefault(cluster_iri(facts, place), set()).add((role, other))
    return found


def weakly_integrated(facts: Facts) -> Iterator[Finding]:
    """G6: members without a recorded link, or whose every link leads out of the cluster.

    Severity is the member's share of the cluster by head: 1 over the number of members. An
    actor without any link is reported once, with all its clusters. To an analyst: members in
    name only, or members about whom nobody has asked.
    """
    yield from _isolated(facts)
    members = facts.numbered.members
    alone = members.join(facts.inner, on=["actor", "cluster"], how="anti")
    rows = (
        alone.join(facts.pairs, on="actor", how="semi")
        .join(facts.unknown, on="cluster")
        .with_columns(severity=1 / pl.col("size"))
    )
    found = facts.worst("G6", facts.of_scope(rows), "actor", "cluster")
    records = _records(facts, found["actor"].unique())
    for row in found.iter_rows(named=True):
        cluster = cluster_iri(facts, row["cluster"])
        (actor,) = actor_iris(facts, [row["actor"]])
        told = records[actor]
        yield make_finding(
            "G6",
            row["severity"],
            phrase="finding.G6.outside",
            subjects=(actor, cluster),
            numbers={"links": len(told), "links_inside": 0, "members": row["size"]},
            evidence=told,
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "scope": facts.name(cluster),
                "links": len(told),
            },
        )


def _records(facts: Facts, actors: pl.Series) -> dict[str, tuple[str, ...]]:
    """Return the records of the links of some actors with others."""
    known = facts.numbered
    names = known.actors.iris(actors).implode()
    described = pl.Series(known.actors.places(facts.columns.table("actors")["iri"])).implode()
    told = []
    for one, other in (("supplier", "buyer"), ("buyer", "supplier")):
        asked = known.supplies.filter(pl.col(one).is_in(actors.implode()))
        asked = asked.filter(pl.col(other).is_in(described))
        told.append(asked.select("iri", actor=known.actors.iris(asked[one])))
    for one, other in (("owner", "owned"), ("owned", "owner")):
        owned = counted(facts.columns.links("ownerships", "owner", "owned", "iri", "status"))
        asked = owned.filter(pl.col(one).is_in(names) & (pl.col(one) != pl.col(other)))
        places = known.actors.places(asked[other])
        told.append(asked.filter(places.is_in(described)).select("iri", actor=one))
    takers = participations(facts.columns)
    takers = takers.filter(known.actors.places(takers["participant"]).is_in(described))
    several = takers.filter(pl.len().over("iri") > 1)
    told.append(
        several.filter(pl.col("participant").is_in(names)).select("iri", actor="participant")
    )
    return grouped(pl.concat(told), "actor", "iri")


def _isolated(facts: Facts) -> Iterator[Finding]:
    """Yield the actors without any link."""
    known = facts.numbered
    everyone = pl.DataFrame({"actor": known.actors.places(facts.columns.table("actors")["iri"])})
    smallest = (
        known.members.join(facts.unknown, on="cluster")
        .sort("cluster")
        .group_by("actor", maintain_order=True)
        .agg(pl.col("size").min(), pl.col("unknown").first(), pl.col("cluster"))
    )
    whole = facts.overall_coverage == "unknown"
    rows = (
        everyone.unique()
        .join(facts.pairs, on="actor", how="anti")
        .join(smallest, on="actor", how="left")
        .with_columns(pl.col("size").fill_null(everyone.height), pl.col("unknown").fill_null(whole))
        .with_columns(severity=1 / pl.col("size"))
    )
    if facts.cluster:
        here = known.clusters.places(pl.Series([facts.cluster]))[0]
        rows = rows.filter(pl.col("cluster").list.contains(here))
    for row in facts.worst("G6", rows, "actor").iter_rows(named=True):
        (actor,) = actor_iris(facts, [row["actor"]])
        yield _one_isolated(facts, actor, row["cluster"] or [], row["size"])


def _one_isolated(facts: Facts, actor: str, places: list[int], smallest: int) -> Finding:
    clusters = tuple(cluster_iri(facts, place) for place in places)
    names = [facts.name(cluster) for cluster in clusters]
    whole = phrase_words("finding.graph")
    scope = {
        language: ", ".join(name[language] for name in names) or whole[language]
        for language in LANGUAGES
    }
    coverage = facts.coverage(clusters[0]) if clusters else facts.overall_coverage
    return make_finding(
        "G6",
        1 / smallest,
        phrase="finding.G6.none",
        subjects=(actor, *clusters),
        numbers={"links": 0, "members": smallest},
        evidence=(actor,),
        coverage=coverage,
        words={"actor": facts.name(actor), "scope": scope},
    )


def unserved_exporters(facts: Facts) -> Iterator[Finding]:
    """G9: exporters without a logistics or certification partner within two recorded steps.

    Severity is their share of the recorded exports of the cluster's exporters, or by head where
    values are not recorded for all. To an analyst: who sells abroad without a known way there.
    """
    places = facts.numbered.actors.places
    roles = facts.played.filter(pl.col("role") == "logistics").select("actor")
    certifiers = pl.DataFrame({"actor": places(_certifiers(facts)["actor"])}).drop_nulls()
    reached = pl.concat([roles, certifiers]).unique()
    for _ in range(REACH):
        nearer = facts.pairs.join(reached, on="actor", how="semi").select(actor="partner")
        reached = pl.concat([reached, nearer.unique()]).unique()
    exporters = facts.exporters.join(facts.members, on="actor")
    weight = pl.when(pl.col("value").is_null().any().over("cluster")).then(1.0).otherwise("value")
    served = places(exporters["actor"]).is_in(reached["actor"].implode())
    exporters = exporters.with_columns(weight=weight, served=served)
    groups = exporters.group_by("cluster").agg(
        all=pl.len(),
        unserved=pl.col("actor").filter(~pl.col("served")).sort(),
        share=pl.col("weight").filter(~pl.col("served")).sum() / pl.col("weight").sum(),
    )
    found = groups.filter(pl.col("unserved").list.len() > 0).sort("cluster")
    for cluster, exporting, unserved, share in found.rows():
        yield make_finding(
            "G9",
            share,
            subjects=(cluster, *unserved),
            numbers={"exporters": exporting, "unserved": len(unserved), "share": share},
            evidence=tuple(unserved),
            coverage=facts.coverage(cluster),
            words={
                "cluster": facts.name(cluster),
                "exporters": facts.names(unserved),
                "count": len(unserved),
                "all": exporting,
            },
        )


def _certifiers(facts: Facts) -> pl.DataFrame:
    own = facts.columns.table("actors").select(actor="iri", role="roles").explode("role")
    given = facts.columns.table("memberships").select("actor", "role")
    return pl.concat([own, given]).filter(pl.col("role") == "certifier").select("actor").unique()
