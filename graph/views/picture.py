"""What a page shows: nodes with their facts, links, findings, and the words for all of it.

A picture holds results only. Everything in it may come from a data file and is hostile until
a renderer has made it text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Words = Mapping[str, str]
"""One text in several languages: language code (``en``, ``ru``, ``uz``) to text."""


@dataclass(frozen=True)
class NodeKind:
    """A kind of node as the legend shows it."""

    code: str
    label: Words
    colour: str
    shape: str
    layer: str = ""


@dataclass(frozen=True)
class LinkKind:
    """A kind of link as the legend shows it; ``dashed`` ones are findings, not facts."""

    code: str
    label: Words
    colour: str
    directed: bool
    dashed: bool = False
    layer: str = ""


@dataclass(frozen=True)
class Layer:
    """Kinds of nodes and links that are shown or hidden together; ``shown`` at first."""

    code: str
    label: Words
    shown: bool


@dataclass(frozen=True)
class Measure:
    """A measure that nodes can be sized by, with what its figures mean to an analyst."""

    code: str
    label: Words
    meaning: Words


@dataclass(frozen=True)
class Rank:
    """An actor's figure by one measure; those who share a rank are tied."""

    measure: str
    value: float
    rank: int


@dataclass(frozen=True)
class Reference:
    """Where a fact was taken from; ``address`` is a web address or empty."""

    title: str
    address: str
    row: str


@dataclass(frozen=True)
class Node:
    """An actor, a cluster, an instrument, or something that is recorded as missing.

    ``level`` is how many steps it stands down the supply chain, -1 where it is in none.
    """

    iri: str
    label: str
    names: Words
    kind: str
    x: float
    y: float
    facts: tuple[tuple[Words, Words], ...] = ()
    ranks: tuple[Rank, ...] = ()
    references: tuple[Reference, ...] = ()
    level: int = -1


@dataclass(frozen=True)
class Group:
    """A group of nodes, as a bubble at ``x`` and ``y``; ``node`` stands for it, -1 if none does."""

    label: Words
    x: float
    y: float
    radius: float
    node: int = -1


@dataclass(frozen=True)
class Grouping:
    """A way to put nodes in groups, such as clusters.

    ``of`` are the groups of each node, the main one first.
    """

    code: str
    label: Words
    groups: tuple[Group, ...]
    of: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Link:
    """A link between two nodes, given by their positions in ``Picture.nodes``.

    ``since`` and ``until`` are the years between which it holds, where they are recorded.
    """

    source: int
    target: int
    kind: str
    detail: Words
    references: tuple[Reference, ...] = ()
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Remark:
    """A finding in words, about the nodes at the positions ``subjects``."""

    rule: str
    label: Words
    severity: float
    text: Words
    subjects: tuple[int, ...]


@dataclass(frozen=True)
class ExportYear:
    """How concentrated exports were in a year (Herfindahl index), by product and by market."""

    year: int
    products: float | None
    markets: float | None


@dataclass(frozen=True)
class Prospect:
    """What is near to what a cluster makes, and how concentrated its exports were.

    ``products`` are drawn at ``places``; ``made`` says which of them are made, ``links`` which
    are near to each other (positions). ``following`` are sentences on what could come next.
    """

    products: tuple[Words, ...] = ()
    made: tuple[bool, ...] = ()
    places: tuple[tuple[float, float], ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    following: tuple[Words, ...] = ()
    years: tuple[ExportYear, ...] = ()


@dataclass(frozen=True)
class Picture:
    """All that a page shows.

    The first of ``groupings`` is the one that the page opens with. ``asides`` are sentences on
    what is not shown, and why. ``prospects`` are told of clusters, by their positions.
    """

    title: Words
    revision: str
    language: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    node_kinds: tuple[NodeKind, ...]
    link_kinds: tuple[LinkKind, ...]
    measures: tuple[Measure, ...]
    remarks: tuple[Remark, ...]
    note: Words
    groupings: tuple[Grouping, ...] = ()
    layers: tuple[Layer, ...] = ()
    asides: tuple[Words, ...] = ()
    prospects: Mapping[int, Prospect] = field(default_factory=dict)
