"""A graph as an RDF file, for other systems."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final, cast

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple, serialize

from klaster.graph.store.files import whole_file
from klaster.ontology.faults import Fault
from klaster.ontology.terms import KL, PREFIXES

FORMATS: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".trig": RdfFormat.TRIG,
    ".rdf": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
}
IN_ORDER: Final = 1_000_000
"""Fewer statements than so many are held at once, to be put into order and told once."""
_WITH_GRAPHS: Final = frozenset({".nq", ".trig"})

# A link as a reifier of its direct edge: <link> rdf:reifies <<( supplier suppliesTo buyer )>>.
_REIFIED: Final = {
    "suppliesTo": ("supplier", "buyer"),
    "owns": ("owner", "owned"),
    "memberOf": ("membershipActor", "membershipCluster"),
    "benefitsFrom": ("awardBeneficiary", "awardInstrument"),
}


def write_rdf(
    store: Store, path: Path, *, graphs: list[str], prefixes: dict[str, str], rdf12: bool = False
) -> None:
    """Write named graphs into a file, in the format of its suffix.

    N-Quads and TriG keep the named graphs; the other formats hold each statement once, but may
    repeat what several graphs state where these have more than ``IN_ORDER`` statements. With
    ``rdf12`` every link also reifies its direct edge (RDF 1.2), which Turtle, N-Triples,
    N-Quads and TriG can say.

    Raises
    ------
    Fault
        If the suffix names no format, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    known = [name for name in FORMATS if not rdf12 or name not in (".rdf", ".jsonld")]
    if suffix not in known:
        raise Fault("fault.suffix", path=path, known=", ".join(known))
    quads = chain(_quads(store, graphs), _reified(store) if rdf12 else ())
    statements: Iterator[Quad] | Iterator[Triple] = quads
    if suffix not in _WITH_GRAPHS:
        statements = _once(quad.triple for quad in quads)
    with whole_file(path) as unfinished, unfinished.open("wb") as stream:
        names = {name: iri for name, iri in (PREFIXES | prefixes).items() if name != "code"}
        serialize(statements, stream, format=FORMATS[suffix], prefixes=names)


LINES: Final = (".nq", ".nt")
"""The formats in which a statement is a line."""


def write_rdf_lines(
    store: Store, path: Path, *, graphs: list[str], write: Callable[[IO[bytes]], None]
) -> None:
    """Write a graph into a file of lines: what ``write`` writes as N-Quads, then named graphs.

    In N-Triples the names of graphs are left out; there and in N-Quads a statement may stand
    twice.

    Raises
    ------
    Fault
        If the file cannot be written.
    """
    named = path.suffix.lower() == ".nq"
    with whole_file(path) as unfinished, unfinished.open("wb") as stream:
        write(stream if named else cast("IO[bytes]", _Unnamed(stream)))
        for graph in graphs:
            quads = _in_order(store.quads_for_pattern(None, None, None, NamedNode(graph)))
            statements = quads if named else (quad.triple for quad in quads)
            serialize(statements, stream, format=FORMATS[path.suffix.lower()])


class _Unnamed(io.RawIOBase):
    """A stream that takes N-Quads, whole lines at a time, and leaves out their graphs."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, text: bytes, /) -> int:  # type: ignore[override]
        self._stream.write(_GRAPH.sub(rb"\1 .\n", text))
        return len(text)


_GRAPH: Final = re.compile(rb"^(\S+ \S+ .+) <[^<>\"\s]*> \.\n", re.MULTILINE)
"""A statement in a named graph; one of the default graph has no second IRI after its value."""


def _quads(store: Store, graphs: list[str]) -> Iterator[Quad]:
    # The records of long tables stand in the default graph.
    names: list[NamedNode | DefaultGraph] = [*map(NamedNode, graphs), DefaultGraph()]
    for graph in names:
        yield from _in_order(store.quads_for_pattern(None, None, None, graph))


def _in_order(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield statements in the order of their text; very many as the store has them, by subject."""
    rest = iter(quads)
    first = list(islice(rest, IN_ORDER))
    if len(first) < IN_ORDER:
        first.sort(key=str)
    yield from first
    del first
    yield from rest


def _once(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Yield statements without those that came before, as far back as they are remembered."""
    known: set[Triple] = set()
    for triple in triples:
        if triple not in known:
            yield triple
            if len(known) < IN_ORDER:
                known.add(triple)


def _reified(store: Store) -> Iterator[Quad]:
    for edge, (start, end) in _REIFIED.items():
        found = store.query(
            f"PREFIX kl: <{KL}> CONSTRUCT {{ ?a kl:{edge} ?b ~ ?link }} "
            f"WHERE {{ ?link kl:{start} ?a ; kl:{end} ?b . ?a kl:{edge} ?b }}",
            use_default_graph_as_union=True,
        )
        # The edge itself stands among the derived ones.
        links = (triple for triple in found if triple.predicate.value != KL + edge)  # type: ignore[union-attr]
        yield from _in_order(
            Quad(triple.subject, triple.predicate, triple.object, DefaultGraph())
            for triple in links
        )
