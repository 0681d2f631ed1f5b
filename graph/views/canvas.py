"""What a picture is drawn from, and the nodes and links of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.findings.finding import Finding
from klaster.graph.network.network import Network
from klaster.graph.views.picture import Link, Node, Reference, Words
from klaster.ontology.labels import LANGUAGES


class Suggested(Protocol):
    """A link that is likely though not recorded: see ``findings.suggestion``."""

    @property
    def layer(self) -> str:
        """Which links it is about."""

    @property
    def source(self) -> str:
        """The IRI of its first end."""

    @property
    def target(self) -> str:
        """The IRI of its second end."""

    @property
    def target_label(self) -> Words:
        """The name of its second end."""

    @property
    def text(self) -> Words:
        """What speaks for it."""

    @property
    def against(self) -> Words:
        """What speaks against it."""


class Audited(Protocol):
    """What a layer's audit of itself found: see ``findings.audit``."""

    @property
    def layer(self) -> str:
        """Which links it is about."""

    @property
    def predictable(self) -> bool:
        """Whether suggestions may be shown."""

    @property
    def text(self) -> Words:
        """What speaks for it."""


class Predicted(Protocol):
    """Suggestions, and the audit of each layer: see ``findings.predicted``."""

    @property
    def suggestions(self) -> Sequence[Suggested]:
        """The suggestions, layer by layer."""

    @property
    def audits(self) -> Sequence[Audited]:
        """The audits, one a layer."""


@dataclass(frozen=True)
class Results:
    """What a picture is drawn from: tables by name, the network, rankings, findings.

    ``rankings`` maps a measure to its ranking; ``communities`` and ``levels`` (in the supply
    chain, nan for none) are an actor of the network each. ``eligible`` tells who meets the
    criteria of which instrument. ``predicted`` is None where it was not asked for.
    """

    tables: Mapping[str, pl.DataFrame]
    network: Network
    rankings: Mapping[str, pl.DataFrame]
    findings: Sequence[Finding]
    coverage: str
    communities: NDArray[np.int64]
    levels: NDArray[np.float64]
    eligible: pl.DataFrame
    predicted: Predicted | None


LOCATED: Final = 100_000
"""Of so many links a page says in which row of its file each stands; of more, in which file."""


def crowded(results: Results) -> bool:
    """Say whether there are so many links that a page tells less of each, to stay small."""
    return results.network.links.height > LOCATED


class Sources:
    """The sources that rows cite."""

    def __init__(self, table: pl.DataFrame) -> None:
        rows = table.select("iri", "title", "url").rows()
        self._known = {iri: (title or url or "", url or "") for iri, title, url in rows}

    def of(self, cited: object, place: object) -> tuple[Reference, ...]:
        """Return what a row cites, with where the row stands if that is told."""
        row = str(place or "")
        found = [self._known[iri] for iri in texts(cited) if iri in self._known]
        cited_so = tuple(Reference(title, url, row) for title, url in found)
        return cited_so or ((Reference("", "", row),) if row else ())


@dataclass
class Canvas:
    """The nodes and links so far, and where each thing stands among the nodes."""

    sources: Sources
    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """Add a node, and return where it stands."""
        self.place[node.iri] = len(self.nodes)
        self.nodes.append(node)
        return self.place[node.iri]


def texts(values: object) -> list[str]:
    """Return the texts of a list in a cell, or none."""
    return [str(value) for value in values] if isinstance(values, list) else []


def same(text: object) -> Words:
    """Return a text that is the same in every language."""
    return dict.fromkeys(LANGUAGES, str(text))


NO_WORDS: Final = same("")


def names(row: Mapping[str, object]) -> Words:
    """Return the names that a row has in some language."""
    own = {code: row.get(f"name_{code}") for code in LANGUAGES}
    return {code: str(name) for code, name in own.items() if name}


def label(row: Mapping[str, object]) -> Words:
    """Return the name of a row's thing in every language."""
    return {**same(row["name"]), **names(row)}


def joined(words: Iterable[Words]) -> Words:
    """Return several texts as one list."""
    listed = list(words)
    return {code: ", ".join(word[code] for word in listed) for code in LANGUAGES}


def year(day: object) -> int | None:
    """Return the year of a day, month or year as the tables write it."""
    written = str(day or "")[:4]
    return int(written) if written.isdecimal() else None
