"""How each engine makes a store that answers queries, and what it answers to a few."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from building import _maplib_model, _rdflib_graph
from measuring import Clock, disk
from statements import read_tables

Found = dict[str, Any]
ASKED = 20
"""So many actors are looked up in each store; the answers must be the same."""


def klaster_store(clock: Clock, tables: str, graph: str, base: str) -> Found:
    """Load the tables as ``klaster load`` does: checked, with derived edges and findings, on disk."""
    import pyoxigraph as ox
    from pipeline import load

    import klaster

    found = load(clock, tables, graph)
    opened = klaster.open(graph)
    store = opened._store.oxigraph
    source = f"{base}graph/source/made-up"

    def ask(thing: str) -> Iterable[tuple[str, str]]:
        quads = store.quads_for_pattern(ox.NamedNode(thing), None, None, ox.NamedNode(source))
        return ((quad.predicate.value, quad.object.value) for quad in quads)

    actors = opened.table("actors").sort("row")["iri"].head(ASKED).to_list()
    return {
        **found,
        "count": len(store),
        # Counted by the store: ten million statements as Python objects take minutes.
        "of source": _count_of(store, source),
        "asked": actors,
        "answers": _answers(actors, ask),
        "disk_mb": disk(Path(graph)),
    }


def klaster_alone(clock: Clock, tables: str, folder: str, base: str, asked: list[str]) -> Found:
    """Make a store of what the source states alone: on disk as a load does, or in memory.

    In memory, for which ``folder`` is empty, is how peers hold it; klaster itself does not.
    """
    import datetime as dt
    from functools import partial
    from tempfile import TemporaryDirectory

    import pyoxigraph as ox

    from klaster.graph.store.embedded import StagedStore
    from klaster.graph.store.quads import write_source
    from klaster.loaders.sources import read_source

    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    write = partial(write_source, base=base, loaded_at=day, loader="benchmark")
    clock.start()
    source = read_source(tables, base=base, name="made-up").tables
    clock.lap("read and check")
    if folder:
        path = Path(folder) / "store"
        staged = StagedStore(path, None)
        with staged.replacing([]) as stream:
            write(stream, source)
            clock.lap("write")
        staged.close()
        store = ox.Store.read_only(str(path))
    else:
        with TemporaryDirectory() as scratch:
            text = Path(scratch) / "klaster.nq"
            with text.open("wb") as stream:
                write(stream, source)
            clock.lap("write")
            store = ox.Store()
            store.bulk_load(path=str(text), format=ox.RdfFormat.N_QUADS)
    clock.lap("store")
    found = clock.stop()
    graph = f"{base}graph/source/made-up"

    def ask(thing: str) -> Iterable[tuple[str, str]]:
        quads = store.quads_for_pattern(ox.NamedNode(thing), None, None, ox.NamedNode(graph))
        return ((quad.predicate.value, quad.object.value) for quad in quads)

    return {**found, "count": _count_of(store, graph), "answers": _answers(asked, ask)}


def _count_of(store: Any, graph: str) -> int:  # noqa: ANN401
    """Return how many statements a named graph of an Oxigraph store has."""
    asked = f"SELECT (COUNT(*) AS ?count) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
    (row,) = store.query(asked)
    return int(row["count"].value)


def rdflib_add(clock: Clock, folder: str, share: float, asked: list[str]) -> Found:
    """Add the statements to an rdflib graph one by one."""
    graph = _rdflib_graph(clock, read_tables(Path(folder)), share)
    return {**clock.stop(), "count": len(graph), "answers": _answers(asked, _of(graph))}


def rdflib_parse(clock: Clock, text: str, asked: list[str], store: str, form: str) -> Found:
    """Parse N-Triples into an rdflib graph, in its own store or another."""
    import rdflib

    clock.start()
    graph = rdflib.Graph(store=store)
    graph.parse(text, format=form)
    found = clock.stop()
    return {**found, "count": len(graph), "answers": _answers(asked, _of(graph))}


def _of(graph: Any) -> Callable[[str], Iterable[tuple[str, str]]]:  # noqa: ANN401
    from rdflib import URIRef

    return lambda thing: ((str(p), str(o)) for p, o in graph.predicate_objects(URIRef(thing)))


def maplib_store(clock: Clock, folder: str, asked: list[str]) -> Found:
    """Map the tables by OTTR templates into maplib's store in memory."""
    model = _maplib_model(clock, read_tables(Path(folder)))
    found = clock.stop()
    count = model.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")["n"][0]

    def ask(thing: str) -> Iterable[tuple[str, str]]:
        rows = model.query(f"SELECT ?p ?o WHERE {{ <{thing}> ?p ?o }}").rows()
        return ((str(p).strip("<>"), _lexical(str(o))) for p, o in rows)

    return {**found, "count": int(count), "answers": _answers(asked, ask)}


def _lexical(term: str) -> str:
    if term.startswith("<"):
        return term[1:-1]
    return term[1 : term.rindex('"')] if term.startswith('"') else term


def _answers(things: list[str], ask: Callable[[str], Iterable[tuple[str, str]]]) -> str:
    """Return a digest of what is said of some things; 1.50 and 1.5 are the same.

    Raises
    ------
    ValueError
        If nothing is said of one of them: then the answers could not differ.
    """
    said: list[tuple[str, str, str]] = []
    for thing in things:
        answer = sorted((thing, p, _number(o)) for p, o in ask(thing))
        if not answer:
            message = f"nothing is said of {thing}"
            raise ValueError(message)
        said += answer
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _number(text: str) -> str:
    try:
        return repr(float(text))
    except ValueError:
        return text
