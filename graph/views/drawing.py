"""From results to a picture: which nodes and links a page draws, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.network.layout import lay_out
from klaster.graph.network.network import Network
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
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words, term_words
from klaster.ontology.tables import tables

DRAWN: Final = 2_000
"""So many actors are drawn at the most; a page with more is a blot and slow."""

_ACTOR_STYLE: Final = {
    "enterprise": ("#0072b2", "circle"),
    "cluster-organization": ("#5b4fa2", "square"),
    "logistics": ("#b35900", "diamond"),
    "research": ("#00796b", "triangle"),
    "university": ("#4d7c0f", "triangle"),
    "education": ("#7a7000", "triangle"),
    "government": ("#8c510a", "star"),
    "finance": ("#a6428e", "diamond"),
    "support": ("#3b7a9e", "triangleDown"),
    "industry": ("#6b5b2e", "square"),
    "other": ("#6e7781", "circle"),
}
_LINK_STYLE: Final = {
    "supply": ("#0072b2", True),
    "cooperation": ("#00796b", False),
    "ownership": ("#5b4fa2", True),
    "membership": ("#8a929b", False),
}
_FINDING: Final = "#c0262d"


@dataclass(frozen=True)
class Results:
    """What a picture is drawn from: tables by name, the network, rankings, findings.

    ``rankings`` maps a measure to its ranking.
    """

    tables: Mapping[str, pl.DataFrame]
    network: Network
    rankings: Mapping[str, pl.DataFrame]
    findings: Sequence[Finding]
    coverage: str


def draw(results: Results, *, name: str, language: str, revision: str) -> Picture:
    """Return the picture of a graph.

    Actors, clusters and instruments that reached nobody are nodes; what a rule found missing
    is a node of its own, tied by a dashed link to where it is missing.
    """
    canvas = _Canvas(_Sources(results.tables["sources"]))
    left_out = _add_actors(canvas, results)
    _add_clusters(canvas, results)
    _add_links(canvas, results)
    remarks = _add_findings(canvas, results)
    nodes = _placed(canvas)
    note = phrase_words("drawing.note", coverage=codes("coverage")[results.coverage].labels)
    if left_out:
        cut = phrase_words("drawing.cut-off", drawn=DRAWN, left_out=left_out)
        note = {code: f"{cut[code]} {note[code]}" for code in LANGUAGES}
    used_nodes = {node.kind for node in nodes}
    used_links = {link.kind for link in canvas.links}
    return Picture(
        title=phrase_words("drawing.title", name=name),
        revision=revision,
        language=language,
        nodes=nodes,
        links=tuple(canvas.links),
        node_kinds=tuple(kind for kind in _node_kinds() if kind.code in used_nodes),
        link_kinds=tuple(kind for kind in _link_kinds() if kind.code in used_links),
        measures=tuple(
            Measure(code, codes("measure")[code].labels, codes("measure")[code].meanings)
            for code in results.rankings
        ),
        remarks=tuple(remarks),
        note=note,
    )


@dataclass
class _Canvas:
    """The nodes and links so far, and where each thing stands among the nodes."""

    sources: _Sources
    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        self.place[node.iri] = len(self.nodes)
        self.nodes.append(node)
        return self.place[node.iri]


class _Sources:
    """The sources that rows cite."""

    def __init__(self, table: pl.DataFrame) -> None:
        rows = table.select("iri", "title", "url").rows()
        self._known = {iri: (title or url or "", url or "") for iri, title, url in rows}

    def of(self, row: Mapping[str, object]) -> tuple[Reference, ...]:
        """Return what a row cites, with where the row stands."""
        cited = row.get("source") or []
        place = str(row.get("locator") or "")
        found = [self._known[iri] for iri in _texts(cited) if iri in self._known]
        return tuple(Reference(title, url, place) for title, url in found) or (
            Reference("", "", place),
        )


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _same(text: object) -> Words:
    return dict.fromkeys(LANGUAGES, str(text))


def _names(row: Mapping[str, object]) -> Words:
    own = {code: row.get(f"name_{code}") for code in LANGUAGES}
    return {code: str(name) for code, name in own.items() if name}


def _add_actors(canvas: _Canvas, results: Results) -> int:
    """Add the actors, the best linked ones where there are too many; return how many are left."""
    actors = results.tables["actors"]
    degree = results.rankings["degree"]
    kept = degree.head(DRAWN).select(iri="actor")
    ranks = _ranks(results)
    memberships = results.tables["memberships"].select("actor", "cluster")
    clusters = dict(memberships.group_by("actor").agg(pl.col("cluster").sort()).rows())
    names = {row["iri"]: row for row in results.tables["clusters"].iter_rows(named=True)}
    for row in actors.join(kept, on="iri", how="semi").sort("iri").iter_rows(named=True):
        facts = _actor_facts(row)
        inside = [names[cluster] for cluster in clusters.get(row["iri"], []) if cluster in names]
        if inside:
            facts.append((term_words("memberOf"), _joined(_label(cluster) for cluster in inside)))
        canvas.add(
            Node(
                iri=row["iri"],
                label=row["name"],
                names=_names(row),
                kind=row["kind"],
                x=0.0,
                y=0.0,
                facts=tuple(facts),
                ranks=ranks.get(row["iri"], ()),
                references=canvas.sources.of(row),
            )
        )
    return actors.height - kept.height


def _label(row: Mapping[str, object]) -> Words:
    return {**_same(row["name"]), **_names(row)}


def _joined(words: Iterable[Words]) -> Words:
    listed = list(words)
    return {code: ", ".join(word[code] for word in listed) for code in LANGUAGES}


def _ranks(results: Results) -> dict[str, tuple[Rank, ...]]:
    found: dict[str, list[Rank]] = {}
    for measure, frame in results.rankings.items():
        for actor, value, rank, tied in frame.select("actor", measure, "rank", "tied").rows():
            if value is not None:
                found.setdefault(actor, []).append(Rank(measure, value, rank, tied))
    return {actor: tuple(ranks) for actor, ranks in found.items()}


_ACTOR_FACTS: Final = ("country", "region", "place", "roles", "employees", "revenue", "stir")


def _actor_facts(row: Mapping[str, object]) -> list[tuple[Words, Words]]:
    """Return what is known of an actor, under the ontology's words for it."""
    facts: list[tuple[Words, Words]] = []
    for name in _ACTOR_FACTS:
        column = tables()["actors"].column(name)
        value = row[name]
        if value is None or value == []:
            continue
        words = _same(f"{value:g}" if isinstance(value, float) else value)
        if column.codes:
            listed = _texts(value) or [str(value)]
            known = codes(column.codes[0])
            words = _joined(known[code].labels if code in known else _same(code) for code in listed)
        term = _FACT_TERMS.get(name, column.term)
        facts.append((term_words(term), words))
    if row["note"]:
        facts.append((phrase_words("drawing.note-label"), _same(row["note"])))
    return facts


_FACT_TERMS: Final = {"country": "Country", "region": "Region"}


def _add_clusters(canvas: _Canvas, results: Results) -> None:
    sizes = dict(results.tables["memberships"].group_by("cluster").len().rows())
    for row in results.tables["clusters"].sort("iri").iter_rows(named=True):
        facts: list[tuple[Words, Words]] = [
            (term_words("specialisesIn"), codes("sector")[row["sector"]].labels)
        ]
        if row["coverage"]:
            facts.append((term_words("coverage"), codes("coverage")[row["coverage"]].labels))
        facts.append((phrase_words("drawing.members"), _same(sizes.get(row["iri"], 0))))
        if row["note"]:
            facts.append((phrase_words("drawing.note-label"), _same(row["note"])))
        canvas.add(
            Node(
                iri=row["iri"],
                label=row["name"],
                names=_names(row),
                kind="cluster",
                x=0.0,
                y=0.0,
                facts=tuple(facts),
                references=canvas.sources.of(row),
            )
        )


def _add_links(canvas: _Canvas, results: Results) -> None:
    records: dict[str, Mapping[str, object]] = {}
    for table in ("supplies", "cooperations", "ownerships"):
        for row in results.tables[table].iter_rows(named=True):
            records.setdefault(str(row["iri"]), {**row, "table": table})
    names = results.network.actors["actor"]
    for source, target, kind, iri in results.network.links.select(
        "source", "target", "kind", "iri"
    ).rows():
        # Membership is drawn to the cluster itself, not to the body that manages it.
        ends = (canvas.place.get(names[source]), canvas.place.get(names[target]))
        if kind != "membership" and None not in ends:
            _add_link(canvas, ends, kind, records[iri])
    for row in results.tables["memberships"].iter_rows(named=True):
        ends = (canvas.place.get(row["actor"]), canvas.place.get(row["cluster"]))
        if None not in ends:
            _add_link(canvas, ends, "membership", {**row, "table": "memberships"})


_DETAIL: Final = {
    "supplies": ("kind", "service-kind"),
    "cooperations": ("kind", "cooperation-kind"),
    "ownerships": ("kind", "ownership-kind"),
    "memberships": ("role", "role"),
}


def _add_link(
    canvas: _Canvas, ends: tuple[int | None, int | None], kind: str, row: Mapping[str, object]
) -> None:
    source, target = ends
    if source is None or target is None:
        return
    column, scheme = _DETAIL[str(row["table"])]
    entry = codes(scheme).get(str(row[column]))
    detail = entry.labels if entry else _same("")
    canvas.links.append(Link(source, target, kind, detail, canvas.sources.of(row)))


def _add_findings(canvas: _Canvas, results: Results) -> list[Remark]:
    """Add what findings say is missing, and return the findings in words."""
    remarks = []
    for finding in results.findings:
        subjects = [canvas.place[iri] for iri in finding.subjects if iri in canvas.place]
        made = _missing_node(canvas, results, finding)
        if made is not None:
            subjects.append(made)
        remarks.append(
            Remark(
                rule=finding.rule,
                label=codes("gap-rule")[finding.rule].labels,
                severity=finding.severity,
                text=finding.text,
                subjects=tuple(subjects),
            )
        )
    return remarks


def _missing_node(canvas: _Canvas, results: Results, finding: Finding) -> int | None:
    """Add a node for the role, product or instrument of a finding, tied to where it is missing."""
    if finding.rule == "G7":
        role = phrase_words(f"helix.{finding.role}")
        node = _ghost(
            f"{finding.subjects[0]}#{finding.role}", phrase_words("drawing.no-role", role=role)
        )
        near = list(finding.subjects)
    elif finding.rule == "G1":
        products = results.tables["products"].filter(pl.col("iri") == finding.product)
        product = _label(products.row(0, named=True))
        words = phrase_words("drawing.no-product", product=product)
        node = _ghost(f"{finding.subjects[0]}#{finding.product}", words)
        near = list(finding.subjects)
    elif finding.rule == "G10":
        node = _instrument(canvas, results, finding)
        near = _meant_for(results, finding)
    else:
        return None
    place = canvas.add(node)
    for iri in near:
        if iri in canvas.place:
            canvas.links.append(Link(place, canvas.place[iri], "finding", finding.text))
    return place


def _ghost(iri: str, words: Words) -> Node:
    return Node(iri=iri, label=words["en"], names=words, kind="missing", x=0.0, y=0.0)


def _instrument(canvas: _Canvas, results: Results, finding: Finding) -> Node:
    rows = results.tables["instruments"].filter(pl.col("iri") == finding.subjects[0])
    row = rows.row(0, named=True)
    kind = codes("instrument-type")[row["kind"]].labels
    facts: list[tuple[Words, Words]] = [(term_words("instrumentType"), kind)]
    if row["status"]:
        status = codes("instrument-status")[row["status"]].labels
        facts.append((term_words("instrumentStatus"), status))
    facts.append((phrase_words("drawing.eligible"), _same(finding.numbers["eligible"])))
    return Node(
        iri=row["iri"],
        label=row["title"] or kind["en"],
        names={} if row["title"] else kind,
        kind="instrument",
        x=0.0,
        y=0.0,
        facts=tuple(facts),
        references=canvas.sources.of(row),
    )


def _meant_for(results: Results, finding: Finding) -> list[str]:
    """Return the clusters an instrument is meant for, else the actors eligible for it."""
    criteria = results.tables["criteria"].filter(pl.col("instrument") == finding.subjects[0])
    clusters = criteria["cluster"].drop_nulls().unique().sort().to_list()
    return clusters or list(finding.evidence[:12])


def _placed(canvas: _Canvas) -> tuple[Node, ...]:
    """Return the nodes with their positions."""
    pairs = np.array([(link.source, link.target) for link in canvas.links], dtype=np.int64).reshape(
        -1, 2
    )
    positions = lay_out(len(canvas.nodes), pairs)
    return tuple(
        replace(node, x=round(float(x), 1), y=round(float(y), 1))
        for node, (x, y) in zip(canvas.nodes, positions, strict=True)
    )


def _node_kinds() -> list[NodeKind]:
    kinds = codes("actor-kind")
    actors = [
        NodeKind(code, kinds[code].labels, colour, shape)
        for code, (colour, shape) in _ACTOR_STYLE.items()
    ]
    return [
        NodeKind("cluster", phrase_words("drawing.cluster"), "#444c56", "hexagon"),
        *actors,
        NodeKind("instrument", phrase_words("drawing.instrument"), "#57606a", "diamond"),
        NodeKind("missing", phrase_words("drawing.missing"), _FINDING, "circle"),
    ]


def _link_kinds() -> list[LinkKind]:
    kinds = codes("link-kind")
    links = [
        LinkKind(code, kinds[code].labels, colour, directed)
        for code, (colour, directed) in _LINK_STYLE.items()
    ]
    found = phrase_words("drawing.finding")
    return [*links, LinkKind("finding", found, _FINDING, directed=False, dashed=True)]
