"""RDF files as tables: in klaster's terms, or turned into them by CONSTRUCT queries.

The thing in a row keeps its IRI as its id. Everything happens in a store of its own, which is
gone afterwards; nothing that a file names is fetched.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, Protocol

import polars as pl
from pyoxigraph import Quad, RdfFormat, Store

from klaster.loaders.cells import (
    MEGABYTE,
    UNPACKED_LIMIT,
    refuse_what_is_no_file,
    shown,
    unreadable,
)
from klaster.loaders.raw import RawTable
from klaster.loaders.rdf.construct import Construct, read_mapping, unreadable_query
from klaster.loaders.rdf.limits import refuse_deep_terms, refuse_hostile_xml
from klaster.loaders.rdf.statements import Graph
from klaster.loaders.rdf.tables import tables_of
from klaster.ontology.faults import Fault
from klaster.ontology.terms import PREFIXES


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        ...


_BY_SUFFIX: Final = {
    ".ttl": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".trig": RdfFormat.TRIG,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".xml": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
    ".json-ld": RdfFormat.JSON_LD,
}
RDF_FILES: Final = frozenset({*_BY_SUFFIX, *(f"{suffix}.gz" for suffix in _BY_SUFFIX)})
"""The endings of the names of RDF files, packed by gzip or not."""

CONTEXTS: Final = (
    "https://w3id.org/klaster/ontology/context.jsonld",
    "https://w3id.org/klaster/context.jsonld",
)
"""The addresses of klaster's own JSON-LD context, which is read from the package."""

# JSON-LD drops what a relative IRI names without a word; under this base it is found and told.
_NOWHERE: Final = "https://relative.invalid/"
# Five times as fast as on disk; 234 MB of N-Triples took 2 GB with all that is made of them.
_ON_DISK: Final = 256 * MEGABYTE
_CLASSES_NAMED: Final = 20


def rdf_suffix(path: Path) -> str:
    """Return the ending by which a file is RDF (``.ttl``, ``.nt.gz``), or nothing."""
    name = path.name.lower()
    return next((suffix for suffix in sorted(RDF_FILES) if name.endswith(suffix)), "")


def read_rdf(path: Path, construct: str = "") -> Iterator[RawTable]:
    """Yield the tables of an RDF file, and an empty one for each thing that was left aside.

    Parameters
    ----------
    construct
        A mapping: CONSTRUCT queries that are run over all graphs of the file at once. The
        tables are then those of what they construct together.

    Raises
    ------
    Fault
        If the file cannot be read as what its suffix says, or holds nothing in klaster's terms.
    """
    if not rdf_suffix(path):
        raise Fault("fault.suffix", path=shown(path), known=", ".join(_BY_SUFFIX))
    queries = read_mapping(construct) if construct else []
    refuse_what_is_no_file(path)
    with TemporaryDirectory() as scratch:
        unpacked = _unpacked(path, Path(scratch))
        store = _store(unpacked.stat().st_size, Path(scratch))
        place = shown(path.name)
        load(store, unpacked, _format(path, unpacked), place)
        foreign = Graph(store).foreign_classes()
        if queries:
            store = _constructed(store, queries)
        yield from read_store(store, place, foreign=foreign, mapped=bool(queries))


def read_store(
    store: Store, place: str, *, foreign: list[tuple[str, int]], mapped: bool
) -> Iterator[RawTable]:
    """Yield the tables of the graph in a store.

    Parameters
    ----------
    foreign
        The classes in the source that are not klaster's, with how many things are of them.
    mapped
        The graph is what a mapping made of the source; its other classes were then dealt with.

    Raises
    ------
    Fault
        If nothing in it is in klaster's terms.
    """
    read = tables_of(Graph(store), place)
    if not read.raws:
        named = ", ".join(iri for iri, _ in foreign[:_CLASSES_NAMED]) or "-"
        raise Fault(
            "fault.mapping-nothing" if mapped else "fault.rdf-none", path=place, found=named
        )
    yield from read.raws
    aside = [] if mapped else [f"{place}: {iri} ({count})" for iri, count in foreign]
    for line in [*aside, *read.unread]:
        # No table is called so; the line is told as what was not read.
        yield RawTable("?", line, line, pl.DataFrame(schema={"row": pl.UInt32}))


def _constructed(store: Store, queries: Iterable[Construct]) -> Store:
    found = Store()
    for query in queries:
        try:
            found.extend(_run(query, store))
        except (SyntaxError, RuntimeError, ValueError) as reason:
            raise unreadable_query(query, str(reason)) from reason
    return found


def _run(query: Construct, store: Store) -> Iterator[Quad]:
    # No name holds the result: it must not outlive its thread in the traceback of an error.
    for triple in store.query(query.text, prefixes=PREFIXES, use_default_graph_as_union=True):  # type: ignore[union-attr]
        yield Quad(*triple)


def _unpacked(path: Path, scratch: Path) -> Path:
    """Return the file, or what is packed in it, if it has a size that can be handled."""
    if path.suffix.lower() == ".gz":
        unpacked = scratch / "unpacked"
        try:
            with gzip.open(path) as packed, unpacked.open("wb") as stream:
                copy_within_limit(packed, stream, shown(path))
        except (OSError, EOFError, zlib.error) as reason:
            raise Fault("fault.damaged-file", path=shown(path), format="gzip") from reason
    else:
        unpacked = path
    try:
        size = unpacked.stat().st_size
        with unpacked.open("rb") as stream:
            if not stream.read(MEGABYTE).strip():
                raise Fault("fault.empty-file", path=shown(path))
    except OSError as reason:
        raise unreadable(path, reason) from reason
    if size > UNPACKED_LIMIT:
        raise _too_large(shown(path))
    return unpacked


def copy_within_limit(source: Readable, target: IO[bytes], place: str) -> None:
    """Copy a stream of unknown length, and stop where it is more than can be handled.

    Raises
    ------
    Fault
        If it is.
    """
    size = 0
    while chunk := source.read(MEGABYTE):
        size += len(chunk)
        if size > UNPACKED_LIMIT:
            raise _too_large(place)
        target.write(chunk)


def _too_large(place: str) -> Fault:
    return Fault("fault.rdf-large", path=place, limit=UNPACKED_LIMIT // MEGABYTE)


def _store(size: int, scratch: Path) -> Store:
    return Store() if size < _ON_DISK else Store(str(scratch / "store"))


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4096).removeprefix(BOM_UTF8).lstrip()


def _format(path: Path, unpacked: Path) -> RdfFormat:
    suffix = rdf_suffix(path).removesuffix(".gz")
    # Ontology editors write either under this suffix.
    if suffix == ".owl" and not _looks_like_xml(_beginning(unpacked)):
        return RdfFormat.TURTLE
    return _BY_SUFFIX[suffix]


def _looks_like_xml(beginning: bytes) -> bool:
    return beginning.startswith((b"<?xml", b"<rdf:RDF", b"<!DOCTYPE", b"<!--"))


def load(store: Store, path: Path, form: RdfFormat, place: str) -> None:
    """Load an RDF file into a store, if nothing in it is hostile.

    Raises
    ------
    Fault
        If it is, or is not what it should be; with line and column where they are known.
    """
    _refuse_other_formats(path, form, place)
    base = None
    if form == RdfFormat.RDF_XML:
        refuse_hostile_xml(path, place)
    elif form == RdfFormat.JSON_LD:
        base = _NOWHERE
    else:
        refuse_deep_terms(path, place)
    try:
        _bulk_load(store, path, form, base)
    except SyntaxError as reason:
        raise _syntax(path, form, place, reason) from reason
    except (ValueError, OSError, RuntimeError) as reason:
        raise Fault(
            "fault.rdf-unreadable", path=place, format=form.name, reason=str(reason)
        ) from reason
    if base:
        _refuse_relative(store, place)


def _bulk_load(store: Store, path: Path, form: RdfFormat, base: str | None) -> None:
    with path.open("rb") as stream:
        marked = stream.read(len(BOM_UTF8)) == BOM_UTF8
        if form == RdfFormat.JSON_LD and (document := _with_context(path)):
            store.bulk_load(document, format=form, base_iri=base)
        elif marked:
            store.bulk_load(stream, format=form, base_iri=base)
        else:
            store.bulk_load(path=str(path), format=form, base_iri=base)


def _refuse_other_formats(path: Path, form: RdfFormat, place: str) -> None:
    """Refuse a file that is plainly in another format than its suffix says."""
    beginning = _beginning(path)
    found = None
    if _looks_like_xml(beginning):
        found = RdfFormat.RDF_XML
    elif re.match(rb'(\{|\[\s*\{)\s*"', beginning):
        found = RdfFormat.JSON_LD
    elif re.match(rb"(@prefix|@base|PREFIX)\s", beginning, re.IGNORECASE):
        found = RdfFormat.TURTLE
    like_turtle = (RdfFormat.TURTLE, RdfFormat.TRIG)
    if found and found != form and not (found in like_turtle and form in like_turtle):
        raise Fault(
            "fault.rdf-other",
            path=place,
            found=found.name,
            expected=form.name,
            suffix=f".{found.file_extension}",
        )


def _syntax(path: Path, form: RdfFormat, place: str, reason: SyntaxError) -> Fault:
    said = re.sub(r"^Parser error at line .*?: | \(line \d+\)$", "", str(reason.msg or reason))
    if "LoadDocumentCallback" in said:
        return Fault("fault.rdf-context", path=place, known=CONTEXTS[0])
    if "No scheme found" in said:
        return Fault("fault.rdf-relative", path=place, found=_near(path, reason, said))
    if reason.lineno is None:
        return Fault("fault.rdf-unreadable", path=place, format=form.name, reason=said[:300])
    return Fault(
        "fault.rdf-syntax",
        path=place,
        format=form.name,
        line=reason.lineno,
        column=reason.offset or 1,
        reason=said[:300],
    )


def _near(path: Path, reason: SyntaxError, said: str) -> str:
    """Return the relative IRI, or the line in which it stands."""
    quoted = re.search(r"'([^']*)'", said)
    if quoted:
        return quoted[1]
    if reason.lineno is None:
        return "?"
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number == reason.lineno:
                text = line.decode("utf-8", "replace")
                end = reason.end_offset if reason.end_offset else len(text)
                return f"{text[(reason.offset or 1) - 1 : end - 1].strip()[:200]} ({number})"
    return "?"


def _refuse_relative(store: Store, place: str) -> None:
    asked = f"""
    SELECT ?iri {{
      {{ ?iri ?p ?o }} UNION {{ ?s ?iri ?o }} UNION {{ ?s ?p ?iri }}
      FILTER (isIRI(?iri) && STRSTARTS(STR(?iri), "{_NOWHERE}"))
    }} LIMIT 1"""
    for (iri,) in Graph(store).select(asked):
        found = getattr(iri, "value", "").removeprefix(_NOWHERE)
        raise Fault("fault.rdf-relative", path=place, found=found)


@cache
def _own_context() -> object:
    text = files("klaster.ontology").joinpath("context.jsonld").read_text("utf-8")
    return json.loads(text)["@context"]


def _with_context(path: Path) -> bytes:
    """Return JSON-LD with klaster's context in place of its address; nothing if it names none."""
    found = path.read_bytes()
    if not any(address.encode() in found for address in CONTEXTS):
        return b""
    try:
        document = json.loads(found)
        replaced = json.dumps(_replaced(document), ensure_ascii=False)
        return replaced.encode()
    except (ValueError, RecursionError):
        # The parser tells better what is wrong, and where.
        return b""


def _replaced(node: object) -> object:
    if isinstance(node, list):
        return [_replaced(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _context(part) if key == "@context" else _replaced(part) for key, part in node.items()
    }


def _context(node: object) -> object:
    if isinstance(node, list):
        return [_context(part) for part in node]
    return _own_context() if isinstance(node, str) and node in CONTEXTS else node
