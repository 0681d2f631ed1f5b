"""How a change lands: the new state is made beside the old one and takes over in one step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl

from klaster.graph.findings.gaps import METHOD, find_gaps
from klaster.graph.findings.measured import quick_measures, write_results
from klaster.graph.findings.record import write_findings
from klaster.graph.network.projection import project
from klaster.graph.store.columns import Columns, read_columns, write_columns
from klaster.graph.store.derived import write_derived
from klaster.graph.store.folder import GraphFolder, Manifest, SourceEntry, Staging
from klaster.graph.store.merging import as_stated, read_tables
from klaster.graph.store.quads import write_codes, write_source
from klaster.graph.store.remote_change import RemoteStaging
from klaster.graph.store.remote_folder import RemoteFolder
from klaster.ontology.tables import SourceTables
from klaster.ontology.terms import graph_iri


def land(
    folder: GraphFolder | RemoteFolder,
    sources: Sequence[SourceTables],
    *,
    loaded_at: dt.datetime,
    loader: str,
    dropped: str,
    progress: Callable[[str], None],
) -> None:
    """Add or replace sources, take one out, and derive and look for gaps anew.

    Each source's named graph is replaced as a whole. The other sources' are not touched, but
    for those whose actors are merged or separated by the change.
    """
    with folder.change() as staging, TemporaryDirectory() as scratch:
        after = _entries(staging.before, sources, loaded_at, loader, dropped)
        staging.after = after
        graphs = {part: graph_iri(after.base, part) for part in ("derived", "findings", "ontology")}
        changed = {source.name for source in sources}
        quads = Path(scratch) / "load.nq"
        for source in sources:
            write_columns(source, staging.tables(source.name))
        for entry in after.sources:
            if entry.name not in changed:
                staging.keep_tables(entry.name)
        columns = Columns(staging.tables(entry.name) for entry in after.sources)
        changed |= _touched(columns, Columns(folder.table_folders(staging.before)))
        with quads.open("wb") as stream:
            for entry in after.sources:
                if entry.name in changed:
                    _write_statements(stream, entry, columns, staging, after.base)
            write_codes(stream, graphs["ontology"])
            progress("derive")
            write_derived(stream, columns, graphs["derived"])
            progress("find")
            found = find_gaps(columns)
            write_findings(stream, found, base=after.base, graph=graphs["findings"], method=METHOD)
            _write_measures(stream, columns, after.base, graphs["findings"])
        progress("store")
        store = staging.open_store()
        gone = sorted(changed | ({dropped} if dropped else set()))
        replaced = [graph_iri(after.base, part, name) for name in gone for part in staging.parts]
        store.replace([*replaced, *graphs.values()], quads)
        store.load_ontology(graphs["ontology"])
        store.close()


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


def _write_statements(
    stream: IO[bytes],
    entry: SourceEntry,
    columns: Columns,
    staging: Staging | RemoteStaging,
    base: str,
) -> None:
    """Write what a source states, with the IRIs that stand for actors that are one."""
    frames = read_columns(staging.tables(entry.name))
    source = SourceTables(entry.name, entry.kind, entry.path, entry.sha256, frames, entry.manner)
    stated = replace(source, frames=as_stated(frames, columns.folders, columns.merges))
    write = partial(
        write_source,
        stream,
        base=base,
        loaded_at=dt.datetime.fromisoformat(entry.loaded_at),
        loader=entry.loader,
        with_place=staging.tells_places,
    )
    write(stated)
    apart = frames | {name: stated.frames[name] for name in frames.keys() & {"matches"}}
    changed = any(not frame.equals(stated.frames[name]) for name, frame in apart.items())
    if changed and "loaded" in staging.parts:
        write(replace(source, frames=apart), part="loaded")


def _entries(
    before: Manifest,
    sources: Sequence[SourceTables],
    loaded_at: dt.datetime,
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
            loaded_at=loaded_at.isoformat(timespec="seconds"),
            rows={table: frame.height for table, frame in source.frames.items()},
            manner=source.manner,
        )
    return replace(before, sources=tuple(entries[name] for name in sorted(entries)))
