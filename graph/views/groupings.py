"""Ways to put the nodes of a picture in groups: clusters, communities, regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.network.layout import place_discs
from klaster.graph.views.canvas import Canvas, Results, label, texts
from klaster.graph.views.picture import Group, Grouping, Words
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words, term_words

BUBBLES: Final = 120
"""So many groups are drawn as bubbles, the largest."""
_MOSTLY: Final = 0.5


def groupings(canvas: Canvas, results: Results) -> tuple[Grouping, ...]:
    """Return the ways to group the nodes, first the one that puts most actors in a group.

    Clusters come first where they hold half of the actors.
    """
    made = [
        _grouping(canvas, "cluster", phrase_words("drawing.cluster"), *_clusters(canvas, results)),
        _grouping(
            canvas, "community", phrase_words("drawing.community"), *_communities(canvas, results)
        ),
        _grouping(canvas, "region", term_words("Region"), *_regions(canvas, results)),
    ]
    held = [sum(bool(own) for own in grouping.of) for grouping in made]
    actors = results.network.size
    order = [0, 1, 2] if held[0] >= _MOSTLY * actors else [1, 0, 2]
    return tuple(made[at] for at in order if len(made[at].groups) > 1)


Members = Mapping[str, list[int]]
"""The nodes of each group, by a key of the group."""


def _grouping(
    canvas: Canvas,
    code: str,
    words: Words,
    members: Members,
    labels: Mapping[str, Words],
    stands: Mapping[str, int],
) -> Grouping:
    """Return a grouping, the largest group first."""
    order = sorted(members, key=lambda key: (-len(members[key]), key))
    of: list[list[int]] = [[] for _ in canvas.nodes]
    for place, key in enumerate(order):
        for node in members[key]:
            of[node].append(place)
    radii = np.array([24 + 11 * np.sqrt(len(members[key])) for key in order[:BUBBLES]])
    # Room between bubbles lets their links be seen.
    middles = place_discs(radii * 1.3, _between(canvas, of, len(radii)))
    groups = []
    for place, key in enumerate(order):
        x, y = middles[place] if place < len(radii) else (0.0, 0.0)
        radius = float(radii[place]) if place < len(radii) else 0.0
        groups.append(Group(labels[key], round(x), round(y), round(radius, 1), stands.get(key, -1)))
    return Grouping(code, words, tuple(groups), tuple(map(tuple, of)))


def _between(canvas: Canvas, of: Sequence[Sequence[int]], count: int) -> csr_array:
    """Return how many links lead between each two of the first groups."""
    first = np.array([own[0] if own and own[0] < count else -1 for own in of] or [-1])
    ends = np.array(
        [(link.source, link.target) for link in canvas.links if link.kind != "membership"],
        dtype=np.int64,
    ).reshape(-1, 2)
    pairs = first[ends]
    pairs = pairs[(pairs >= 0).all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    found = csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    found.sum_duplicates()
    return found


Parts = tuple[Members, Mapping[str, Words], Mapping[str, int]]


def _clusters(canvas: Canvas, results: Results) -> Parts:
    members: dict[str, list[int]] = {}
    pairs = results.tables["memberships"].select("cluster", "actor").unique().sort("actor")
    for cluster, actor in pairs.rows():
        if actor in canvas.place and cluster in canvas.place:
            members.setdefault(cluster, []).append(canvas.place[actor])
    rows = results.tables["clusters"].iter_rows(named=True)
    labels = {row["iri"]: label(row) for row in rows}
    return members, labels, {key: canvas.place[key] for key in members}


def _communities(canvas: Canvas, results: Results) -> Parts:
    """Return the communities of two actors or more, each named after its best-linked actor."""
    members: dict[str, list[int]] = {}
    sizes = np.bincount(results.communities, minlength=1)
    actors = results.network.actors["actor"]
    for actor, community in zip(actors, results.communities.tolist(), strict=True):
        if sizes[community] > 1:
            members.setdefault(f"{community:09}", []).append(canvas.place[actor])
    degree = _degrees(canvas)
    labels = {}
    for key, nodes in members.items():
        node = canvas.nodes[max(nodes, key=lambda at: (degree[at], -at))]
        name = {code: node.names.get(code) or node.label for code in LANGUAGES}
        labels[key] = phrase_words("drawing.around", name=name)
    return members, labels, {}


def _degrees(canvas: Canvas) -> NDArray[np.int64]:
    counted = Counter(end for link in canvas.links for end in (link.source, link.target))
    return np.array([counted[at] for at in range(len(canvas.nodes))], dtype=np.int64)


def _regions(canvas: Canvas, results: Results) -> Parts:
    members: dict[str, list[int]] = {}
    shown = results.network.actors.select(iri="actor")
    actors = results.tables["actors"].join(shown, on="iri", how="semi").sort("iri")
    for iri, regions in actors.select("iri", pl.col("region")).rows():
        for region in texts(regions) or ([str(regions)] if isinstance(regions, str) else []):
            members.setdefault(region, []).append(canvas.place[iri])
    known = codes("region")
    labels = {
        key: known[key].labels if key in known else dict.fromkeys(LANGUAGES, key) for key in members
    }
    return members, labels, {}
