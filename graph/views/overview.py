"""The page of a graph that has too many actors for one page: its clusters, with their totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.findings.finding import Finding
from klaster.graph.network.layout import lay_out
from klaster.graph.network.network import Network
from klaster.graph.views.canvas import names, same
from klaster.graph.views.palette import ACTORS, CLUSTER, LINKS
from klaster.graph.views.picture import (
    Link,
    LinkKind,
    Measure,
    Node,
    NodeKind,
    Picture,
    Rank,
    Reference,
    Remark,
    Words,
)
from klaster.graph.views.table import shown
from klaster.graph.views.ties import REMARKS
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words, term_words
from klaster.ontology.terms import code_iri

MOST: Final = 1_500
"""So many groups are drawn at the most, those with the most members."""
STRONGEST: Final = 4
"""Of each group the links with so many others are drawn: where all deal with all, more is a blot."""
_HEADS: Final = {
    "members": "drawing.members",
    "outside": "overview.outside-total",
    "within": "overview.within",
}
_MEANINGS: Final = {
    "members": "overview.members-meaning",
    "outside": "overview.outside-meaning",
    "within": "overview.within-meaning",
}
_MEASURES: Final = tuple(_HEADS)


@dataclass(frozen=True)
class Groups:
    """The groups that actors are in.

    ``of`` is the group of each actor of a network; ``nodes`` stand for the groups, without
    totals.
    """

    of: NDArray[np.int64]
    nodes: tuple[Node, ...]


def draw_overview(
    tables: Mapping[str, pl.DataFrame],
    network: Network,
    findings: Sequence[Finding],
    *,
    counts: Mapping[str, int],
    coverage: str,
    name: str,
    language: str,
    revision: str,
) -> Picture:
    """Return the picture of a graph's clusters, and by region of who is in none.

    Each is a node with its totals; the size is the number of actors, of links within or of links
    with others. An actor in several clusters counts in the first of them. No actor is drawn by
    itself.
    """
    groups = _groups(tables, network)
    size = len(groups.nodes)
    source = groups.of[network.links["source"].to_numpy()]
    target = groups.of[network.links["target"].to_numpy()]
    joined, links = _between(source, target, size)
    apart = source != target
    totals = {
        "members": np.bincount(groups.of, minlength=size),
        "within": np.bincount(source[~apart], minlength=size),
        "outside": np.bincount(source[apart], minlength=size)
        + np.bincount(target[apart], minlength=size),
    }
    nodes = _told(groups.nodes, totals)
    kept = np.sort(np.lexsort((np.arange(size), -totals["members"]))[:MOST])
    drawn, drawn_links = _drawn(nodes, kept, joined, links)
    place = {node.iri: at for at, node in enumerate(drawn)}
    kinds = {node.kind for node in drawn}
    return Picture(
        title=phrase_words("drawing.title", name=name),
        revision=revision,
        language=language,
        nodes=drawn,
        links=drawn_links,
        node_kinds=tuple(kind for kind in _node_kinds() if kind.code in kinds),
        link_kinds=(_link_kind(),),
        measures=tuple(
            Measure(code, _words(code), phrase_words(_MEANINGS[code])) for code in _MEASURES
        ),
        remarks=_remarks(findings, place),
        note=_note(network, size, coverage),
        asides=_asides(size, len(drawn), len(links), len(drawn_links), findings, counts),
    )


def _groups(tables: Mapping[str, pl.DataFrame], network: Network) -> Groups:
    """Return the clusters that have members, and the regions of the actors in none."""
    first = (
        tables["memberships"]
        .join(tables["clusters"].select(cluster="iri"), on="cluster", how="semi")
        .group_by("actor")
        .agg(pl.col("cluster").min())
    )
    regions = tables["actors"].select(actor="iri", region=pl.col("region").list.first())
    actors = (
        network.actors.select("actor")
        .join(first, on="actor", how="left", maintain_order="left")
        .join(regions, on="actor", how="left", maintain_order="left")
        .with_columns(key=pl.coalesce("cluster", "region", pl.lit("")))
    )
    keys = actors["key"].unique().sort()
    rows = {row["iri"]: row for row in tables["clusters"].iter_rows(named=True)}
    nodes = tuple(_cluster(rows[key]) if key in rows else _outside(key) for key in keys)
    return Groups(keys.search_sorted(actors["key"]).to_numpy().astype(np.int64), nodes)


def _cluster(row: Mapping[str, object]) -> Node:
    facts = [(term_words("specialisesIn"), codes("sector")[str(row["sector"])].labels)]
    if row["coverage"]:
        facts.append((term_words("coverage"), codes("coverage")[str(row["coverage"])].labels))
    return Node(
        iri=str(row["iri"]),
        label=str(row["name"]),
        names=names(row),
        kind="cluster",
        x=0.0,
        y=0.0,
        facts=tuple(facts),
        references=(Reference("", "", str(row["locator"] or "")),),
    )


def _outside(region: str) -> Node:
    """Return what stands for the actors of a region that are in no cluster."""
    known = codes("region")
    place = known[region].labels if region in known else same(region)
    key = "overview.outside" if region else "overview.nowhere"
    words = phrase_words(key, region=place) if region else phrase_words(key)
    iri = code_iri("region", region) if region else "urn:klaster:outside"
    return Node(iri=iri, label=words["en"], names=words, kind="outside", x=0.0, y=0.0)


def _between(
    source: NDArray[np.int64], target: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of groups that links join, and how many join each."""
    apart = source != target
    key, count = np.unique(source[apart] * size + target[apart], return_counts=True)
    return np.column_stack(np.divmod(key, size)), count


def _told(nodes: Sequence[Node], totals: Mapping[str, NDArray[np.int64]]) -> list[Node]:
    """Return the nodes with their totals as facts and as ranks."""
    placed = {
        code: pl.Series(totals[code]).rank("min", descending=True).to_list() for code in _MEASURES
    }
    found = []
    for at, node in enumerate(nodes):
        figures = [(code, int(totals[code][at])) for code in _MEASURES]
        facts = tuple(
            (_words(code), {code_: shown(figure, code_) for code_ in LANGUAGES})
            for code, figure in figures
        )
        own = tuple(Rank(code, float(figure), int(placed[code][at])) for code, figure in figures)
        found.append(replace(node, facts=(*node.facts, *facts), ranks=own))
    return found


def _drawn(
    nodes: Sequence[Node],
    kept: NDArray[np.int64],
    joined: NDArray[np.int64],
    links: NDArray[np.int64],
) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    """Return the nodes that are drawn, with places, and the strongest links between them."""
    place = np.full(len(nodes), -1)
    place[kept] = np.arange(len(kept))
    ends = place[joined]
    there = (ends >= 0).all(axis=1)
    ends, links = ends[there], links[there]
    strongest = np.lexsort((ends[:, 1], ends[:, 0], -links))
    chosen = np.zeros(len(links), dtype=bool)
    for side in (0, 1):
        own = ends[strongest, side]
        rank = np.empty(len(own), dtype=np.int64)
        order = np.argsort(own, kind="stable")
        starts = np.searchsorted(own[order], own[order])
        rank[order] = np.arange(len(own)) - starts
        chosen[strongest[rank < STRONGEST]] = True
    ends, links = ends[chosen], links[chosen]
    positions = lay_out(len(kept), ends)
    drawn = tuple(
        replace(nodes[at], x=round(x), y=round(y))
        for at, (x, y) in zip(kept.tolist(), positions.tolist(), strict=True)
    )
    told = [_figures("overview.links", count=count) for count in links.tolist()]
    return drawn, tuple(
        Link(one, other, "supply", words)
        for (one, other), words in zip(ends.tolist(), told, strict=True)
    )


def _words(code: str) -> Words:
    return phrase_words(_HEADS[code])


def _node_kinds() -> tuple[NodeKind, ...]:
    colour, _ = ACTORS["other"]
    return (
        NodeKind("cluster", phrase_words("drawing.cluster"), CLUSTER, "hexagon"),
        NodeKind("outside", phrase_words("overview.kind"), colour, "circle"),
    )


def _link_kind() -> LinkKind:
    return LinkKind("supply", phrase_words("overview.link"), LINKS["supply"][0], directed=True)


def _remarks(findings: Sequence[Finding], place: Mapping[str, int]) -> tuple[Remark, ...]:
    rules = codes("gap-rule")
    return tuple(
        Remark(
            rule=finding.rule,
            label=rules[finding.rule].labels,
            severity=finding.severity,
            text=finding.text,
            subjects=tuple(place[iri] for iri in finding.subjects if iri in place),
        )
        for finding in findings[:REMARKS]
    )


def _note(network: Network, groups: int, coverage: str) -> Words:
    """Say what is not drawn and where it is shown, and how complete the data are."""
    figures = {"actors": network.size, "links": network.links.height, "groups": groups}
    left_out = _figures("overview.not-drawn", **figures)
    note = phrase_words("drawing.note", coverage=codes("coverage")[coverage].labels)
    return {code: f"{left_out[code]} {note[code]}" for code in LANGUAGES}


def _asides(
    groups: int,
    drawn: int,
    ties: int,
    drawn_ties: int,
    findings: Sequence[Finding],
    counts: Mapping[str, int],
) -> tuple[Words, ...]:
    """Say what else is left out."""
    found = []
    if drawn < groups:
        found.append(_figures("overview.groups-cut", shown=drawn, count=groups))
    if drawn_ties < ties:
        found.append(_figures("overview.links-cut", most=STRONGEST, shown=drawn_ties, count=ties))
    count = max(len(findings), sum(counts.values()))
    if count > REMARKS:
        found.append(_figures("drawing.findings-cut", shown=REMARKS, count=count))
    return tuple(found)


def _figures(key: str, **figures: int) -> Words:
    """Return a phrase with figures as each language writes them."""
    said = {
        name: {code: shown(figure, code) for code in LANGUAGES} for name, figure in figures.items()
    }
    return phrase_words(key, **said)
