"""How a change lands: the new state is made beside the old one and takes over in one step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Final

import polars as pl

from klaster.graph.findings.gaps import METHOD, find_gaps
from klaster.graph.findings.measured import quick_measures, write_results
from klaster.graph.findings.record import write_findings
from klaster.graph.network.projection import WORTH, project, write_network
from klaster.graph.stating import derived_place, write_statements
from klaster.graph.store.begun import ChangedTextError
from klaster.graph.store.columns import Columns, long_tables, write_columns
from klaster.graph.store.dealings import Dealings
from klaster.graph.store.derived import EDGES, Derived, derived_statements, write_edges
from klaster.graph.store.derived_files import DerivedFiles
from klaster.graph.store.folder import GraphFolder, Manifest, SourceEntry, Staging
from klaster.graph.store.merging import read_tables
from klaster.graph.store.quads import write_codes
from klaster.graph.store.remote_change import RemoteStaging
from klaster.graph.store.remote_folder import RemoteFolder
from klaster.ontology.tables import SourceTables
from klaster.ontology.terms import graph_iri

RECORDED_UP_TO: Final = 2_000_000
"""Rows of links up to which a load looks for gaps and central actors; more take longer to look
through than to load, and are looked through when somebody asks."""
_REMOVED_UP_TO: Final = 1_000_000
"""Rows whose statements are taken out of a store one by one; for more it is made anew."""


def land(
    folder: GraphFolder | RemoteFolder,
    sources: Sequence[SourceTables],
    *,
    loaded_at: dt.datetime,
    loader: str,
    dropped: str,
    progress: Callable[[str], None],
    share: Callable[[float], None] = lambda _: None,
) -> bool:
    """Add or replace sources, take one out, and derive and look for gaps anew.

    Returns whether that went on with a store that a killed load had begun to fill.

    Each source's named graph is replaced as a whole. The other sources' are not touched, but
    for those whose actors are merged or separated by the change. ``progress`` is told each stage,
    ``share`` how much of it is done.
    """
    with folder.change() as staging:
        entries = partial(_entries, staging.before, sources, loader=loader, dropped=dropped)
        began = loaded_at.isoformat(timespec="seconds")
        after = entries(began)
        # A load that goes on from a killed one says what that had said.
        after = entries(staging.take_over(after) or began)
        staging.after = after
        changed = {source.name for source in sources}
        for source in sources:
            write_columns(source, staging.tables(source.name))
        for entry in after.sources:
            if entry.name not in changed:
                staging.keep_tables(entry.name)
        columns = Columns(staging.tables(entry.name) for entry in after.sources)
        changed |= _touched(columns, Columns(folder.table_folders(staging.before)))
        write = partial(_write_store, staging, columns, changed, dropped, progress, share)
        try:
            write()
        except ChangedTextError:
            staging.forget()
            write()
        return staging.resumed


def _write_store(
    staging: Staging | RemoteStaging,
    columns: Columns,
    changed: set[str],
    dropped: str,
    progress: Callable[[str], None],
    share: Callable[[float], None],
) -> None:
    """Write what the sources state and what follows from it, as far as it has changed."""
    after = staging.after
    graphs = {part: graph_iri(after.base, part) for part in ("derived", "findings", "ontology")}
    gone = changed | ({dropped} if dropped else set())
    many = _rows(staging.before, gone) > _REMOVED_UP_TO
    large = staging.may_start_empty and (
        _rows(after, {entry.name for entry in after.sources}) > _REMOVED_UP_TO
    )
    # What stands in the default graph cannot be told apart by source, nor be removed as a whole.
    apart = any(long_tables(staging.tables_before(name)) for name in gone)
    smaller = staging.derived_before is not None and not large
    anew = staging.may_start_empty and (many or apart or smaller)
    if anew:
        changed, gone = {entry.name for entry in after.sources}, set()
    store = staging.open_store(empty=anew)
    derived = DerivedFiles(
        None if anew else staging.derived_before, staging.derived if large else None
    )
    replaced = [
        graph_iri(after.base, part, name) for name in sorted(gone) for part in staging.parts
    ]
    kept = {"derived"} if derived.differing else set()

    place = partial(derived_place, base=after.base, large=large)

    with store.replacing(
        [*replaced, *(graphs[part] for part in graphs if part not in kept)], share=share
    ) as stream:
        progress("write")
        written = _counting(_rows(after, changed), share)
        for entry in after.sources:
            if entry.name in changed:
                write_statements(
                    stream,
                    entry,
                    staging.tables(entry.name),
                    columns,
                    base=after.base,
                    parts=staging.parts,
                    with_place=staging.tells_places,
                    long_apart=staging.may_start_empty,
                    written=written,
                )
        write_codes(stream, graphs["ontology"])
        progress("derive")
        network = staging.path / "network" if large else None
        told = 0
        for statements in _derived(columns, network):
            write_edges(stream, statements.term, derived.added(statements), place(statements))
            told += statements.joins
            share(told / EDGES)
        if records_findings(after):
            progress("find")
            found = find_gaps(columns)
            write_findings(stream, found, base=after.base, graph=graphs["findings"], method=METHOD)
            _write_measures(stream, columns, after.base, graphs["findings"])
        progress("store")
    for statements in derived.lost():
        store.remove(statements.triples(), place(statements))
    store.load_ontology(graphs["ontology"])
    store.close()


def _derived(columns: Columns, network: Path | None) -> Iterator[Derived]:
    """Return what is derived; the network is written of the same numbers, if it has a place."""
    dealings = Dealings(columns, beside=WORTH)
    if network:
        write_network(columns, network, dealings=dealings)
    # They are kept by nobody else, so that they take no memory after the last look at them.
    return derived_statements(dealings)


def _counting(whole: int, share: Callable[[float], None]) -> Callable[[int], None]:
    """Return what is told how many rows more are done, and tells the share of all."""
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        share(min(done / max(whole, 1), 1.0))

    return told


def records_findings(manifest: Manifest) -> bool:
    """Say whether a graph is small enough for a load to look for gaps and central actors."""
    return _rows(manifest, {entry.name for entry in manifest.sources}) <= RECORDED_UP_TO


def _rows(manifest: Manifest, names: Collection[str]) -> int:
    """Return how many rows some sources have together."""
    return sum(sum(entry.rows.values()) for entry in manifest.sources if entry.name in names)


def _write_measures(stream: IO[bytes], columns: Columns, base: str, graph: str) -> None:
    if columns.table("actors").height:
        network = project(columns)
        write_results(stream, network, quick_measures(network), base=base, graph=graph)


def _touched(after: Columns, before: Columns) -> set[str]:
    """Return the sources whose statements change with what is decided about their actors.

    What a decision refers to may come and go with other sources, so decisions are always written.
    """
    turned = {
        iri
        for iri in before.merges.keys() | after.merges.keys()
        if before.merges.get(iri) != after.merges.get(iri)
    }
    rows = [read_tables(after.folders, "matches", ["iri"])]
    if turned:
        actors = read_tables(after.folders, "actors", ["iri"])
        rows.append(actors.filter(pl.col("iri").is_in(sorted(turned))))
    return set(pl.concat(rows)["origin"])


def _entries(
    before: Manifest,
    sources: Sequence[SourceTables],
    loaded_at: str,
    *,
    loader: str,
    dropped: str,
) -> Manifest:
    """Return the manifest with the sources that the new state has."""
    entries = {entry.name: entry for entry in before.sources if entry.name != dropped}
    for source in sources:
        entries[source.name] = SourceEntry(
            name=source.name,
            kind=source.kind,
            path=source.path,
            sha256=source.sha256,
            loader=loader,
            loaded_at=loaded_at,
            rows=source.heights,
            manner=source.manner,
        )
    return replace(before, sources=tuple(entries[name] for name in sorted(entries)))
