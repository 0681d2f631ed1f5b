"""What the sources of a graph state, as text: written when they land, and when the graph goes out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from klaster.graph.store.columns import Columns, long_tables, read_columns
from klaster.graph.store.derived import Derived, write_edges
from klaster.graph.store.derived_files import read_derived
from klaster.graph.store.folder import GraphFolder, Manifest, SourceEntry
from klaster.graph.store.merging import StandingTable, as_stated
from klaster.graph.store.quads import write_source
from klaster.ontology.tables import SourceTables, tables
from klaster.ontology.terms import graph_iri


def write_statements(
    stream: IO[bytes],
    entry: SourceEntry,
    folder: Path,
    columns: Columns,
    *,
    base: str,
    parts: Collection[str] = ("source",),
    with_place: bool = False,
    long_apart: bool = True,
    written: Callable[[int], None] = lambda _: None,
) -> None:
    """Write what a source states, with the IRIs that stand for actors that are one.

    Parameters
    ----------
    folder
        Where the tables of the source are.
    columns
        The tables of all sources.
    parts
        Kinds of named graphs that the store has: with ``loaded``, what was read is kept beside
        what is stated where the two differ.
    with_place, long_apart, written
        As for ``write_source``.
    """
    frames, long = read_columns(folder), long_tables(folder)
    source = SourceTables(
        entry.name, entry.kind, entry.path, entry.sha256, frames, entry.manner, long
    )
    stated = replace(
        source,
        frames=as_stated(frames, columns.folders, columns.merges),
        long={
            name: StandingTable(table.folder, table.height, tables()[name], columns.merges)
            for name, table in long.items()
        },
    )
    write = partial(
        write_source,
        stream,
        base=base,
        loaded_at=dt.datetime.fromisoformat(entry.loaded_at),
        loader=entry.loader,
        with_place=with_place,
        long_apart=long_apart,
    )
    write(stated, written=written)
    apart = frames | {name: stated.frames[name] for name in frames.keys() & {"matches"}}
    changed = any(not frame.equals(stated.frames[name]) for name, frame in apart.items())
    if (changed or (long and columns.merges)) and "loaded" in parts:
        write(replace(source, frames=apart), part="loaded")


def derived_place(statements: Derived, *, base: str, large: bool) -> str:
    """Return the graph of derived statements: millions take half the time in none."""
    return "" if large and statements.joins else graph_iri(base, "derived")


def write_large(
    stream: IO[bytes], folder: GraphFolder, manifest: Manifest, columns: Columns, derived: Path
) -> None:
    """Write what the sources of a large graph state and what is derived, as its store has it.

    From the tables and the pairs beside the store, in columns: out of the store it would take ten
    times as long. A statement that two rows make stands twice.

    Parameters
    ----------
    derived
        Where the folder keeps what is derived.
    """
    for entry in manifest.sources:
        place = folder.tables(manifest, entry.name)
        write_statements(stream, entry, place, columns, base=manifest.base)
    for statements in read_derived(derived):
        graph = derived_place(statements, base=manifest.base, large=True)
        write_edges(stream, statements.term, statements.edges, graph)
