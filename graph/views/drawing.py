"""From results to a picture: which nodes and links a page draws, and what it says of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from klaster.graph.network.layout import SPACING, lay_out
from klaster.graph.views.canvas import Canvas, Results, Sources
from klaster.graph.views.groupings import groupings
from klaster.graph.views.palette import ACTORS, CLUSTER, FINDING, INSTRUMENT, LINKS, SUGGESTED
from klaster.graph.views.picture import Layer, LinkKind, Measure, Node, NodeKind, Picture
from klaster.graph.views.things import add_actors, add_clusters, add_instruments
from klaster.graph.views.ties import (
    REMARKS,
    add_findings,
    add_links,
    add_policy_links,
    add_suggestions,
)
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import phrase_words

MOST: Final = 150_000
"""So many actors one page holds at the most."""
_POLICY: Final = "policy"
_SUGGESTED: Final = "suggested"


def draw(results: Results, *, name: str, language: str, revision: str) -> Picture:
    """Return the picture of a graph.

    Actors and clusters are nodes; what a rule found missing is a node of its own, tied by a
    dashed link to where it is missing; instruments are a layer above with those they reach.

    Raises
    ------
    Fault
        If there are more actors than one page holds.
    """
    if results.network.size > MOST:
        raise Fault("fault.page-too-large", actors=results.network.size, most=MOST)
    canvas = Canvas(Sources(results.tables["sources"]))
    add_actors(canvas, results)
    add_clusters(canvas, results)
    unlocated = add_links(canvas, results)
    add_instruments(canvas, results)
    remarks = add_findings(canvas, results)
    left_out = add_policy_links(canvas, results)
    products, asides = add_suggestions(canvas, results)
    if len(results.findings) > REMARKS:
        count = len(results.findings)
        asides.append(phrase_words("drawing.findings-cut", shown=REMARKS, count=count))
    if unlocated:
        asides.append(phrase_words("drawing.rows-cut", count=unlocated))
    if left_out:
        asides.append(phrase_words("drawing.reach-cut", count=left_out))
    communities = _communities(canvas, results)
    nodes = _placed(canvas, communities)
    used = {node.kind for node in nodes}, {link.kind for link in canvas.links}
    layers = {kind.layer for kind in _node_kinds() if kind.code in used[0]}
    layers |= {kind.layer for kind in _link_kinds() if kind.code in used[1]}
    return Picture(
        title=phrase_words("drawing.title", name=name),
        revision=revision,
        language=language,
        nodes=nodes,
        links=tuple(canvas.links),
        node_kinds=tuple(kind for kind in _node_kinds() if kind.code in used[0]),
        link_kinds=tuple(kind for kind in _link_kinds() if kind.code in used[1]),
        measures=tuple(
            Measure(code, codes("measure")[code].labels, codes("measure")[code].meanings)
            for code in results.rankings
        ),
        remarks=(*remarks, *products),
        note=phrase_words("drawing.note", coverage=codes("coverage")[results.coverage].labels),
        groupings=groupings(canvas, results),
        layers=tuple(layer for layer in _layers() if layer.code in layers),
        asides=tuple(asides),
    )


def _communities(canvas: Canvas, results: Results) -> NDArray[np.int64]:
    """Return a group a node: the community of an actor, else that of most of its partners.

    A cluster keeps those together of whom nothing but their membership is recorded.
    """
    sizes = np.bincount(results.communities, minlength=1)
    group = {
        canvas.place[actor]: int(community)
        for actor, community in zip(
            results.network.actors["actor"], results.communities, strict=True
        )
        if sizes[community] > 1
    }
    votes: dict[int, Counter[int]] = {}
    partners: dict[int, list[int]] = {}
    layered = {kind.code for kind in _link_kinds() if kind.layer}
    for link in canvas.links:
        if link.kind in layered:
            continue
        for one, other in ((link.source, link.target), (link.target, link.source)):
            if one not in group:
                partners.setdefault(one, []).append(other)
                if other in group:
                    votes.setdefault(one, Counter())[group[other]] += 1
    for node, counted in votes.items():
        group[node] = min(counted, key=lambda at: (-counted[at], at))
    fresh = len(sizes)
    for node in sorted(partners, key=lambda at: (canvas.nodes[at].kind != "cluster", at)):
        near = [group[other] for other in partners[node] if other in group]
        if node not in group:
            group[node] = near[0] if near else fresh + node
    return np.array([group.get(at, fresh + at) for at in range(len(canvas.nodes))], dtype=np.int64)


def _placed(canvas: Canvas, groups: NDArray[np.int64]) -> tuple[Node, ...]:
    """Return the nodes with their positions; instruments stand in rows above the rest."""
    layered = {kind.code for kind in _link_kinds() if kind.layer}
    shelf = [at for at, node in enumerate(canvas.nodes) if node.kind == "instrument"]
    below = [at for at, node in enumerate(canvas.nodes) if node.kind != "instrument"]
    place = np.full(len(canvas.nodes), -1)
    place[below] = np.arange(len(below))
    pairs = [(link.source, link.target) for link in canvas.links if link.kind not in layered]
    ends = place[np.array(pairs, dtype=np.int64).reshape(-1, 2)]
    positions = np.zeros((len(canvas.nodes), 2))
    positions[below] = lay_out(len(below), ends, groups=groups[below])
    width = float(positions[below, 0].max(initial=0.0)) if below else 0.0
    if shelf:
        _shelve(canvas, positions, shelf, width)
    return tuple(
        replace(node, x=round(x), y=round(y))
        for node, (x, y) in zip(canvas.nodes, positions.tolist(), strict=True)
    )


def _shelve(canvas: Canvas, positions: NDArray[np.float64], shelf: list[int], width: float) -> None:
    """Set instruments in rows at the top, each about above those it is for."""
    spots: dict[int, list[float]] = {}
    inside = set(shelf)
    for link in canvas.links:
        if link.source in inside:
            spots.setdefault(link.source, []).append(float(positions[link.target, 0]))
    middle = {at: float(np.mean(spots.get(at, [width / 2]))) for at in shelf}
    columns = max(4, int(width / (SPACING * 2)))
    rows = -(-len(shelf) // columns)
    step = max(width, SPACING * 2 * min(len(shelf), columns)) / min(len(shelf), columns)
    for place, at in enumerate(sorted(shelf, key=lambda at: (middle[at], at))):
        column, row = divmod(place, rows)
        positions[at] = ((column + 0.5) * step, -SPACING * (2.2 + row))


def _node_kinds() -> list[NodeKind]:
    kinds = codes("actor-kind")
    actors = [
        NodeKind(code, kinds[code].labels, colour, shape)
        for code, (colour, shape) in ACTORS.items()
    ]
    return [
        NodeKind("cluster", phrase_words("drawing.cluster"), CLUSTER, "hexagon"),
        *actors,
        NodeKind("missing", phrase_words("drawing.missing"), FINDING, "circle"),
        NodeKind(
            "instrument", phrase_words("drawing.instrument"), INSTRUMENT, "diamond", layer=_POLICY
        ),
    ]


def _link_kinds() -> list[LinkKind]:
    kinds = codes("link-kind")
    links = [
        LinkKind(code, kinds[code].labels, colour, directed)
        for code, (colour, directed) in LINKS.items()
    ]

    def said(phrase: str, colour: str, layer: str, *, dashed: bool, directed: bool) -> LinkKind:
        code, words = phrase.removeprefix("drawing."), phrase_words(phrase)
        return LinkKind(code, words, colour, directed=directed, dashed=dashed, layer=layer)

    return [
        *links,
        said("drawing.finding", FINDING, "", dashed=True, directed=False),
        said("drawing.suggested-supply", SUGGESTED, _SUGGESTED, dashed=True, directed=True),
        said("drawing.suggested-cooperation", SUGGESTED, _SUGGESTED, dashed=True, directed=False),
        said("drawing.award", INSTRUMENT, _POLICY, dashed=False, directed=True),
        said("drawing.eligible", INSTRUMENT, _POLICY, dashed=True, directed=True),
    ]


def _layers() -> list[Layer]:
    return [
        Layer(_SUGGESTED, phrase_words("drawing.layer-suggested"), shown=True),
        Layer(_POLICY, phrase_words("drawing.layer-policy"), shown=False),
    ]
