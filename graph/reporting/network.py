"""The network as a picture, and what it is made of."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.network.communities import communities
from klaster.graph.network.layout import lay_out
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import Bar, Bars, Block, Dot, Drawing, Figure, Prose, Section
from klaster.graph.views.table import shown
from klaster.graph.views.wording import counted, first_capital, percent
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase

MOST_DRAWN = 150
"""Up to so many actors each is drawn; of more the clusters are, or the communities."""
MOST_BUBBLES = 30
LINKS_OF_GROUP = 2
"""So many of its strongest links are drawn of each group, and those that others need."""


def network_section(gathered: Gathered) -> Section:
    """Return the section on the network: its picture, kinds of actor, numbers of partners."""
    language = gathered.language
    blocks: list[Block] = [_picture(gathered), _kinds(gathered)]
    if gathered.network.size > MOST_DRAWN:
        blocks.append(_partners(gathered))
    return Section("network", phrase("report.network", language), tuple(blocks))


def _picture(gathered: Gathered) -> Block:
    language, size = gathered.language, gathered.network.size
    if not size:
        return Prose((phrase("report.no-actors", language),))
    each = size <= MOST_DRAWN
    drawing, told = _actors(gathered) if each else _groups(gathered)
    caption = phrase("report.picture" if each else "report.picture-of-groups", language)
    rests_on = gathered.network.links["iri"].head(200).to_list()
    origin = gathered.origin(
        "central", "--by", "degree", sliced=True, dated=True, rests_on=rests_on
    )
    return Figure(caption, drawing, told, origin)


def _actors(gathered: Gathered) -> tuple[Drawing, tuple[str, ...]]:
    """Return the picture of each actor, and of the clusters to which they belong."""
    network, language = gathered.network, gathered.language
    actors = network.actors["actor"].to_list()
    place = {actor: at for at, actor in enumerate(actors)}
    belonging = [
        (place[actor], cluster)
        for actor, cluster in gathered.facts.members.sort("actor", "cluster").rows()
        if actor in place
    ]
    clusters = sorted({cluster for _, cluster in belonging})
    at = {cluster: len(actors) + number for number, cluster in enumerate(clusters)}
    ends = network.edges(network.ties)
    links = [(int(a), int(b), 1.0) for a, b in ends.tolist() if a < b]
    links += [(actor, at[cluster], 1.0) for actor, cluster in belonging]
    pairs = np.array([link[:2] for link in links], dtype=np.int64).reshape(-1, 2)
    positions = lay_out(len(actors) + len(clusters), pairs)
    partners = gathered.figures("degree")
    members = Counter(cluster for _, cluster in belonging)
    kinds = [kind or "other" for kind in network.actors["kind"].to_list()]
    dots = [
        Dot(gathered.name(actor), kinds[number], *_xy(positions, number), float(partners[number]))
        for number, actor in enumerate(actors)
    ]
    dots += [
        Dot(gathered.name(cluster), "cluster", *_xy(positions, at[cluster]), 1000.0, 1.6)
        for cluster in clusters
    ]
    used = Counter(kinds)
    words = codes("actor-kind")
    styles = [("cluster", phrase("drawing.cluster", language))] if clusters else []
    styles += [(kind, words[kind].labels[language]) for kind in words if kind in used]
    told = [
        phrase(
            "report.drawn",
            language,
            actors=shown(len(actors), language),
            links=shown(len(ends) // 2, language),
        )
    ]
    told += [
        f"{gathered.name(cluster)}: {counted('members', members[cluster], language)}"
        for cluster in sorted(clusters, key=lambda one: (-members[one], gathered.name(one)))
    ]
    return Drawing(tuple(dots), tuple(links), tuple(styles)), tuple(told)


def _xy(positions: NDArray[np.float64], at: int) -> tuple[float, float]:
    return round(float(positions[at, 0]), 1), round(float(positions[at, 1]), 1)


def _groups(gathered: Gathered) -> tuple[Drawing, tuple[str, ...]]:
    """Return the picture of clusters, or of communities where there are none, as bubbles.

    A bubble's area is the number of its actors, a line's width how many pairs are linked.
    """
    language = gathered.language
    group_of, names = _grouped(gathered)
    sizes = np.bincount(group_of[group_of >= 0], minlength=len(names))
    kept = np.argsort(-sizes, kind="stable")[:MOST_BUBBLES]
    place = np.full(len(names) + 1, -1)
    place[kept] = np.arange(len(kept))
    ends = gathered.network.edges(gathered.network.ties)
    one, other = place[group_of[ends[:, 0]]], place[group_of[ends[:, 1]]]
    between = (one >= 0) & (other >= 0) & (one < other)
    pairs = Counter(zip(one[between].tolist(), other[between].tolist(), strict=True))
    pairs = _strongest(pairs)
    links = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    positions = lay_out(len(kept), links) * 1.6
    largest = float(sizes.max(initial=1))
    dots = [
        Dot(
            f"{names[group]} ({shown(int(sizes[group]), language)})",
            "cluster",
            *_xy(positions, at),
            float(sizes[group]),
            1.0 + 4.0 * float(np.sqrt(sizes[group] / largest)),
        )
        for at, group in enumerate(kept.tolist())
    ]
    strengths = tuple((int(a), int(b), float(count)) for (a, b), count in sorted(pairs.items()))
    told = [f"{names[group]}: {counted('actors', int(sizes[group]), language)}" for group in kept]
    left = len(names) - len(kept)
    if left:
        told.append(phrase("report.more-groups", language, count=shown(left, language)))
    alone = int((group_of < 0).sum())
    if alone:
        told.append(
            f"{phrase('report.no-cluster', language)}: {counted('actors', alone, language)}"
        )
    legend = (("cluster", phrase("report.bubble", language)),)
    return Drawing(tuple(dots), strengths, legend), tuple(told)


def _strongest(pairs: Counter[tuple[int, int]]) -> Counter[tuple[int, int]]:
    """Return of the links between groups the strongest few of each group: all would be a blot."""
    kept: Counter[tuple[int, int]] = Counter()
    of_group: Counter[int] = Counter()
    for pair, count in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if min(of_group[end] for end in pair) < LINKS_OF_GROUP:
            kept[pair] = count
            of_group.update(pair)
    return kept


def _grouped(gathered: Gathered) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each actor's group (-1: of none), and what the groups are called.

    An actor of several clusters counts to the first.
    """
    network = gathered.network
    first = gathered.facts.members.group_by("actor").agg(pl.col("cluster").min())
    of_actor = network.actors.select("actor").join(
        first, on="actor", how="left", maintain_order="left"
    )
    clusters = of_actor["cluster"].drop_nulls().unique().sort().to_list()
    if len(clusters) > 1:
        numbers = {cluster: number for number, cluster in enumerate(clusters)}
        place = of_actor["cluster"].replace_strict(numbers, default=-1, return_dtype=pl.Int64)
        return place.to_numpy(), gathered.names(clusters)
    found = communities(network)
    partners = gathered.figures("degree")
    heads = _most_linked(found, partners)
    actors = network.actors["actor"].gather(heads).to_list()
    around = [
        phrase("report.around", gathered.language, actor=gathered.name(actor)) for actor in actors
    ]
    return found, around


def _most_linked(groups: NDArray[np.int64], partners: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the actor with the most partners of each group, the first of several."""
    order = np.lexsort((-partners, groups))
    _, first = np.unique(groups[order], return_index=True)
    return order[first]


def _kinds(gathered: Gathered) -> Block:
    language = gathered.language
    actors = gathered.network.actors
    counts = actors.group_by("kind").len().sort("len", "kind", descending=[True, False]).rows()
    words = codes("actor-kind")
    bars = [
        Bar(
            first_capital(
                words[kind].labels[language]
                if kind in words
                else phrase("report.unknown", language)
            ),
            count,
            f"{shown(count, language)} ({percent(count / actors.height, language)})",
        )
        for kind, count in counts
    ]
    origin = gathered.origin("info")
    told = tuple(f"{bar.label}: {bar.shown}" for bar in bars)
    return Figure(phrase("report.kinds", language), Bars(tuple(bars)), told, origin)


def _partners(gathered: Gathered) -> Block:
    """Return how many actors have how many partners, by doublings."""
    language = gathered.language
    partners = gathered.figures("degree").astype(np.int64)
    bars = []
    low = 0
    while low <= int(partners.max(initial=0)):
        high = low if low < 2 else 2 * low - 1
        count = int(((partners >= low) & (partners <= high)).sum())
        label = (
            shown(low, language)
            if low == high
            else f"{shown(low, language)}–{shown(high, language)}"
        )
        bars.append(Bar(label, count, shown(count, language)))
        low = high + 1
    told = tuple(f"{bar.label}: {bar.shown}" for bar in bars)
    origin = gathered.origin("central", "--by", "degree", sliced=True, dated=True)
    return Figure(phrase("report.partners", language), Bars(tuple(bars)), told, origin)
