"""Where chains and clusters hang by one: actors whom all chains pass, or who hold a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
import rustworkx as rx
from numpy.typing import NDArray

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.findings.supply_gaps import actor_iris, cluster_iri
from klaster.graph.network.change import of_kinds
from klaster.graph.network.connectivity import dominators
from klaster.graph.network.network import Network
from klaster.graph.store.holding import GOODS

TIERS: Final = 20
"""Dominators further than this up the chains into a producer are not named: no chain of
production in the literature has so many tiers, and the work stays linear."""
_PLACE: Final = ["cluster", "actor"]


def chokepoints(facts: Facts) -> Iterator[Finding]:
    """G4: actors through which every recorded chain of goods into a final producer passes.

    A final producer is a member that buys goods and is not recorded as selling any on. The only
    direct supplier of one is G2's and not named here. Severity is the share of the cluster's
    final producers that the actor commands. To an analyst: one failure stops all of these.
    """
    goods = facts.numbered.supplies.filter(GOODS)
    links = goods.select("supplier", "buyer").unique().sort("supplier", "buyer")
    finals = (
        links.select(actor="buyer")
        .unique()
        .join(links, left_on="actor", right_on="supplier", how="anti")
    )
    of_cluster = finals.join(facts.numbered.members, on="actor")
    sizes = of_cluster.group_by("cluster").len("all")
    commanded = _commanded(facts, links, finals["actor"].sort())
    inside = commanded.join(facts.numbered.members, left_on="final", right_on="actor")
    rows = (
        inside.group_by(_PLACE)
        .len("count")
        .join(sizes, on="cluster")
        .join(facts.unknown, on="cluster")
        .with_columns(severity=pl.col("count") / pl.col("all"))
    )
    found = facts.worst("G4", facts.of_scope(rows), *_PLACE)
    producers = (
        inside.join(found, on=_PLACE, how="semi").group_by(_PLACE).agg(pl.col("final").sort())
    )
    for row in found.join(producers, on=_PLACE, maintain_order="left").iter_rows(named=True):
        cluster = cluster_iri(facts, row["cluster"])
        actor, *who = actor_iris(facts, [row["actor"], *row["final"]])
        yield make_finding(
            "G4",
            row["severity"],
            subjects=(cluster, actor),
            numbers={"final_producers": row["all"], "commanded": len(who)},
            evidence=(actor, *who),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "cluster": facts.name(cluster),
                "producers": facts.names(who),
                "count": len(who),
                "all": row["all"],
            },
        )


def _commanded(facts: Facts, links: pl.DataFrame, finals: pl.Series) -> pl.DataFrame:
    """Return the actors that dominate each final producer (``actor``, ``final``)."""
    ends = links.select(
        source=pl.col("supplier").cast(pl.Int64),
        target=pl.col("buyer").cast(pl.Int64),
        directed=pl.lit(value=True),
    )
    above = dominators(Network(facts.numbered.actors.all.to_frame("actor"), ends))
    sole = np.full(len(facts.numbered.actors), -1)
    only = links.group_by("buyer").agg(pl.len(), pl.col("supplier").first()).filter(len=1)
    sole[only["buyer"].to_numpy()] = only["supplier"].to_numpy()
    producers = finals.to_numpy().astype(np.int64)
    step = above[producers]
    rows = []
    for _ in range(TIERS):
        going = step >= 0
        producers, step = producers[going], step[going]
        if not len(step):
            break
        named = step != sole[producers]
        rows.append(
            pl.DataFrame(
                {
                    "actor": step[named].astype(np.uint32),
                    "final": producers[named].astype(np.uint32),
                }
            )
        )
        step = above[step]
    empty = pl.DataFrame(schema={"actor": pl.UInt32, "final": pl.UInt32})
    return pl.concat([empty, *rows])


def cut_actors(facts: Facts) -> Iterator[Finding]:
    """G5: members without whom some others have no recorded path to the rest of the cluster.

    Looked for among the supply and cooperation links of members. Severity is 1 less the largest
    part left over the number left, of those whom the member joins. To an analyst: the cluster
    falls apart there; each bridge is a single link that does so.
    """
    rows = (
        splits(facts)
        .join(facts.unknown, on="cluster")
        .with_columns(severity=1 - pl.col("largest") / pl.col("left"))
    )
    for row in facts.worst("G5", facts.of_scope(rows), "place").iter_rows(named=True):
        cluster = cluster_iri(facts, row["cluster"])
        (actor,) = actor_iris(facts, [row["actor"]])
        yield make_finding(
            "G5",
            row["severity"],
            subjects=(cluster, actor),
            numbers={
                "parts": row["parts"],
                "largest_part": row["largest"],
                "split_off": row["left"] - row["largest"],
                "bridges": row["bridges"],
            },
            evidence=(actor,),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "cluster": facts.name(cluster),
                "count": row["left"] - row["largest"],
            },
        )


def splits(facts: Facts) -> pl.DataFrame:
    """Return which member's loss would split its cluster, and into what.

    ``place`` in the order of the memberships, ``cluster`` and ``actor`` (places), and what
    ``_splits`` returns.
    """
    members = facts.numbered.members
    network = of_kinds(facts.network, ("supply", "cooperation"))
    inner = facts.numbered.inside(facts.numbered.pairs(network))
    numbered = members.with_row_index("place")
    partners = numbered.rename({"actor": "partner", "place": "other"})
    edges = (
        inner.join(numbered, on=_PLACE)
        .join(partners, on=["cluster", "partner"])
        .filter(pl.col("place") < pl.col("other"))
        .select("place", "other")
        .sort("place", "other")
    )
    found = _splits(members.height, edges.to_numpy().astype(np.int64))
    return found.with_columns(pl.col("place").cast(pl.UInt32)).join(numbered, on="place")


def _splits(size: int, edges: NDArray[np.int64]) -> pl.DataFrame:
    """Return each cut vertex (``place``), the parts without it and its number of bridges.

    ``largest`` is the size of the largest of the ``parts``, ``left`` that of all together. The
    blocks and cut vertices of a graph form a forest, of which each branch is counted once.
    """
    graph: rx.PyGraph[int, None] = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(size))
    for begin in range(0, len(edges), 1_000_000):
        chunk = edges[begin : begin + 1_000_000]
        graph.add_edges_from_no_data(list(zip(*chunk.T.tolist(), strict=True)))
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
    rows = []
    for cut in sorted(cuts):
        parts = [below[block] for block in joined[cut] if above.get(block) == cut]
        parts.append(below[root[cut]] - below[cut])
        bridges = sum(len(blocks[block]) == 2 for block in joined[cut])
        rows.append((cut, len(parts), max(parts), sum(parts), bridges))
    names = ("place", "parts", "largest", "left", "bridges")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")


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
