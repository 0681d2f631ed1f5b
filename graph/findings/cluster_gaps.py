"""What clusters lack in links and roles: who holds them together, who is missing or apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import polars as pl
import rustworkx as rx

from klaster.graph.findings.facts import HELIX, Facts, grouped
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.network.projection import project
from klaster.ontology.labels import LANGUAGES, phrase_words

REACH: Final = 2
"""An exporter's logistics or certification partner is looked for among its partners and theirs:
whoever is further away is met by chance only."""
ONE_BROKER: Final = 0.8
"""Above this share of the paths between two roles they are taken to meet through one broker."""
HUB: Final = 100
"""A broker with more partners than this introduces nobody to anybody, and counting its pairs
would grow with their square."""
SHOWN: Final = 5


def cut_actors(facts: Facts) -> Iterator[Finding]:
    """G5: members without whom some others have no recorded path to the rest of the cluster.

    Looked for among the supply and cooperation links of members. Severity is 1 less the largest
    part left over the number left, of those whom the member joins. To an analyst: the cluster
    falls apart there; each bridge is a single link that does so.
    """
    network = project(facts.columns, links=("supply", "cooperation"))
    names = network.actors["actor"]
    pairs = pl.DataFrame(
        {
            "actor": names.gather(network.links["source"]),
            "partner": names.gather(network.links["target"]),
        }
    ).filter(pl.col("actor") != pl.col("partner"))
    inner = _inside(facts, pairs).select("cluster", "actor", "partner").unique().sort(pl.all())
    places = {row: number for number, row in enumerate(facts.members.sort(pl.all()).rows())}
    edges = [(places[a, cluster], places[b, cluster]) for cluster, a, b in inner.rows()]
    members = list(places)
    for place, (parts, bridges) in sorted(_splits(len(places), edges).items()):
        actor, cluster = members[place]
        largest, left = max(parts), sum(parts)
        yield make_finding(
            "G5",
            1 - largest / left,
            subjects=(cluster, actor),
            numbers={
                "parts": len(parts),
                "largest_part": largest,
                "split_off": left - largest,
                "bridges": bridges,
            },
            evidence=(actor,),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "cluster": facts.name(cluster),
                "count": left - largest,
            },
        )


def _inside(facts: Facts, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of which both are members of one cluster, with that cluster."""
    return pairs.join(facts.members, on="actor").join(
        facts.members.select(partner="actor", cluster="cluster"), on=["partner", "cluster"]
    )


def _splits(size: int, edges: list[tuple[int, int]]) -> dict[int, tuple[list[int], int]]:
    """Return, for each cut vertex, the sizes of the parts without it and its number of bridges.

    The blocks and cut vertices of a graph form a forest, of which each branch is counted once.
    """
    graph: rx.PyGraph[int, None] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(size))
    graph.add_edges_from_no_data(edges)
    blocks: dict[int, set[int]] = {}
    for edge, block in rx.biconnected_components(graph).items():
        blocks.setdefault(size + block, set()).update(edge)
    cuts = set(rx.articulation_points(graph))
    joined: dict[int, list[int]] = {block: sorted(blocks[block] & cuts) for block in blocks}
    for block in blocks:
        for cut in joined[block]:
            joined.setdefault(cut, []).append(block)
    weight = {node: len(blocks[node] - cuts) if node in blocks else 1 for node in joined}
    above, order = _rooted(joined, sorted(blocks))
    below = dict(weight)
    root: dict[int, int] = {}
    for node in reversed(order):
        if node in above:
            below[above[node]] += below[node]
    for node in order:
        root[node] = root[above[node]] if node in above else node
    found = {}
    for cut in cuts:
        parts = [below[block] for block in joined[cut] if above.get(block) == cut]
        parts.append(below[root[cut]] - below[cut])
        found[cut] = (parts, sum(len(blocks[block]) == 2 for block in joined[cut]))
    return found


def _rooted(joined: dict[int, list[int]], starts: list[int]) -> tuple[dict[int, int], list[int]]:
    """Return what stands above each node of a forest, and all nodes, those above first."""
    above: dict[int, int] = {}
    seen: set[int] = set()
    order: list[int] = []
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        waiting = [start]
        while waiting:
            node = waiting.pop()
            order.append(node)
            for other in joined[node]:
                if other not in seen:
                    seen.add(other)
                    above[other] = node
                    waiting.append(other)
    return above, order


def missing_roles(facts: Facts) -> Iterator[Finding]:
    """G7: clusters in which a helix role is played by no member and no partner of a member.

    Severity is 1 over the number of roles expected. To an analyst: whom to invite.
    """
    partners = facts.members.join(facts.pairs, on="actor").select("cluster", actor="partner")
    around = pl.concat([facts.members.select("cluster", "actor"), partners]).unique()
    present = grouped(around.join(facts.helix, on="actor"), "cluster", "role")
    for cluster, members in facts.members_of.items():
        for role in HELIX:
            if role in present.get(cluster, ()):
                continue
            yield make_finding(
                "G7",
                1 / len(HELIX),
                subjects=(cluster,),
                numbers={"role": role, "members": len(members), "with_role": 0},
                evidence=members,
                coverage=facts.coverage(cluster),
                words={
                    "cluster": facts.name(cluster),
                    "role": phrase_words(f"helix.{role}"),
                    "members": len(members),
                },
                role=role,
            )


def unconnected_roles(facts: Facts) -> Iterator[Finding]:
    """G8: clusters in which members play a helix role but none is linked to another role.

    Severity is 1 less the share of pairs of roles between which a link is recorded. To an
    analyst: those who belong, but with whom nobody else does anything that was recorded.
    """
    played = facts.members.join(facts.helix, on="actor").select("cluster", "actor", "role")
    joined = joined_roles(facts, played)
    holders = grouped(played, ["cluster", "role"], "actor")
    possible = len(list(combinations(HELIX, 2)))
    for cluster in facts.clusters:
        roles = [role for role in HELIX if (cluster, role) in holders]
        linked = joined.get(cluster, set())
        completeness = len(linked) / possible
        for role in roles:
            if len(roles) < 2 or any(role in pair for pair in linked):
                continue
            who = holders[cluster, role]
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


def joined_roles(facts: Facts, played: pl.DataFrame) -> dict[str, set[tuple[str, str]]]:
    """Return, by cluster, the pairs of different roles between whose players a link is recorded."""
    partners = played.select("cluster", partner="actor", other="role")
    linked = facts.pairs.join(played, on="actor").join(partners, on=["cluster", "partner"])
    rows = linked.filter(pl.col("role") < pl.col("other")).select("cluster", "role", "other")
    found: dict[str, set[tuple[str, str]]] = {}
    for cluster, role, other in rows.unique().rows():
        found.setdefault(cluster, set()).add((role, other))
    return found


def weakly_integrated(facts: Facts) -> Iterator[Finding]:
    """G6: members without a recorded link, or whose every link leads out of the cluster.

    Severity is the member's share of the cluster by head: 1 over the number of members. An
    actor without any link is reported once, with all its clusters. To an analyst: members in
    name only, or members about whom nobody has asked.
    """
    sizes = {cluster: len(members) for cluster, members in facts.members_of.items()}
    actors = facts.columns.table("actors").select(actor="iri")
    for actor in actors.join(facts.pairs, on="actor", how="anti")["actor"].sort():
        yield _isolated(facts, actor, facts.clusters_of.get(actor, ()), sizes, actors.height)
    inner = facts.pairs.join(facts.members, on="actor").join(
        facts.members.select(partner="actor", cluster="cluster"),
        on=["partner", "cluster"],
        how="semi",
    )
    outside = (
        facts.members.join(inner, on=["actor", "cluster"], how="anti")
        .join(facts.pairs, on="actor")
        .group_by("actor", "cluster")
        .agg(pl.col("iri").unique().sort())
        .sort("actor", "cluster")
    )
    for actor, cluster, records in outside.select("actor", "cluster", "iri").rows():
        yield make_finding(
            "G6",
            1 / sizes[cluster],
            phrase="finding.G6.outside",
            subjects=(actor, cluster),
            numbers={"links": len(records), "links_inside": 0, "members": sizes[cluster]},
            evidence=tuple(records),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "scope": facts.name(cluster),
                "links": len(records),
            },
        )


def _isolated(
    facts: Facts, actor: str, clusters: tuple[str, ...], sizes: dict[str, int], actors: int
) -> Finding:
    smallest = min((sizes[cluster] for cluster in clusters), default=actors)
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
    roles = facts.helix.filter(pl.col("role") == "logistics").select("actor")
    reached = pl.concat([roles, _certifiers(facts)]).unique()
    for _ in range(REACH):
        nearer = facts.pairs.join(reached, on="actor", how="semi").select(actor="partner")
        reached = pl.concat([reached, nearer]).unique()
    exporters = facts.exporters.join(facts.members, on="actor")
    weight = pl.when(pl.col("value").is_null().any().over("cluster")).then(1.0).otherwise("value")
    exporters = exporters.with_columns(
        weight=weight, served=pl.col("actor").is_in(reached["actor"].implode())
    )
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


def open_brokerage(facts: Facts) -> Iterator[Finding]:
    """G13: members in different roles who share partners but are not linked themselves.

    Either two roles of a cluster are joined by no link and one member stands on more than 0.8
    of the paths of two steps between them, or pairs of members have at least two partners in
    common and no link. Severity is the share of the paths between the two roles that this is
    true of. To an analyst: introductions that somebody is well placed to make.
    """
    paths = _paths(facts)
    if paths.is_empty():
        return
    groups = paths.group_by("cluster", "role", "other_role").agg(
        paths=pl.len(),
        linked=pl.col("linked").any(),
        broker=pl.col("broker").sort().mode().sort().first(),
        most=pl.col("broker").value_counts(sort=True).struct.field("count").first(),
        open=pl.col("brokers").filter(pl.col("brokers") > 1).len(),
    )
    only = (pl.col("most") / pl.col("paths") > ONE_BROKER) & ~pl.col("linked") & ~pl.col("direct")
    judged = groups.join(
        _linked_roles(facts), on=["cluster", "role", "other_role"], how="left"
    ).with_columns(pl.col("direct").fill_null(value=False))
    pairs = _open_pairs(paths)
    for row in (
        judged.with_columns(only=only).sort("cluster", "role", "other_role").iter_rows(named=True)
    ):
        key = (row["cluster"], row["role"], row["other_role"])
        if row["only"]:
            yield _one_broker(facts, row)
        elif key in pairs:
            yield _shared_partners(facts, row, pairs[key])


def _roles(facts: Facts) -> pl.DataFrame:
    """Return one role a member, the first of the helix that it plays."""
    order = {role: place for place, role in enumerate(HELIX)}
    ordered = facts.helix.filter(pl.col("role").is_in(HELIX)).sort(
        "actor", pl.col("role").replace_strict(order, return_dtype=pl.Int64)
    )
    return ordered.unique("actor", keep="first", maintain_order=True)


def _inner(facts: Facts) -> pl.DataFrame:
    return _inside(facts, facts.pairs).select("cluster", "actor", "partner").unique()


def _linked_roles(facts: Facts) -> pl.DataFrame:
    roles = _roles(facts)
    linked = (
        _inner(facts)
        .join(roles, on="actor")
        .join(roles.select(partner="actor", other_role="role"), on="partner")
    )
    return (
        linked.select("cluster", "role", "other_role")
        .unique()
        .with_columns(direct=pl.lit(value=True))
    )


def _paths(facts: Facts) -> pl.DataFrame:
    """Return the open paths of two steps between members in different roles, by broker.

    ``brokers`` is how many join the same pair, ``linked`` whether the pair is linked as well.
    """
    inner = _inner(facts)
    ends = inner.join(_roles(facts), on="actor").select(
        "cluster", "actor", "role", broker="partner"
    )
    ends = ends.filter(pl.len().over("cluster", "broker") <= HUB)
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


def _open_pairs(paths: pl.DataFrame) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Return, by cluster and two roles, the pairs that share most partners, the first few."""
    pairs = (
        paths.filter(pl.col("brokers") > 1)
        .select("cluster", "role", "other_role", "actor", "other", "brokers")
        .unique()
        .sort("brokers", "actor", "other", descending=[True, False, False])
    )
    grouped_pairs = pairs.group_by("cluster", "role", "other_role", maintain_order=True)
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for cluster, role, other_role, *pair in (
        grouped_pairs.head(SHOWN).select("cluster", "role", "other_role", "actor", "other").rows()
    ):
        found.setdefault((cluster, role, other_role), []).append((pair[0], pair[1]))
    return found


def _words_of_roles(facts: Facts, row: dict[str, object]) -> dict[str, object]:
    return {
        "cluster": facts.name(str(row["cluster"])),
        "role": phrase_words(f"helix.{row['role']}"),
        "other": phrase_words(f"helix.{row['other_role']}"),
    }


def _one_broker(facts: Facts, row: dict[str, object]) -> Finding:
    cluster, broker = str(row["cluster"]), str(row["broker"])
    share = int(str(row["most"])) / int(str(row["paths"]))
    return make_finding(
        "G13",
        share,
        phrase="finding.G13.only",
        subjects=(cluster, broker),
        numbers={"paths": int(str(row["paths"])), "share": share, "links": 0},
        evidence=(broker,),
        coverage=facts.coverage(cluster),
        words={**_words_of_roles(facts, row), "broker": facts.name(broker)},
    )


def _shared_partners(facts: Facts, row: dict[str, object], pairs: list[tuple[str, str]]) -> Finding:
    cluster = str(row["cluster"])
    actor, other = pairs[0]
    share = int(str(row["open"])) / int(str(row["paths"]))
    who = tuple(dict.fromkeys(iri for pair in pairs for iri in pair))
    return make_finding(
        "G13",
        share,
        subjects=(cluster, actor, other),
        numbers={"paths": int(str(row["paths"])), "open_paths": int(str(row["open"])), "links": 0},
        evidence=who,
        coverage=facts.coverage(cluster),
        words={
            **_words_of_roles(facts, row),
            "actor": facts.name(actor),
            "partner": facts.name(other),
            "paths": int(str(row["open"])),
        },
        candidates=(actor, other),
    )
