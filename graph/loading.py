"""Loading sources into a graph: what each is called, whether it changed, what becomes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from klaster.graph.landing import land, records_findings
from klaster.graph.store.columns import Difference, differences
from klaster.graph.store.folder import GraphFolder, Manifest, SourceEntry
from klaster.graph.store.merging import things, unknown_references
from klaster.graph.store.remote_folder import RemoteFolder
from klaster.loaders.given import (
    fingerprint,
    is_address,
    source_kind,
    source_name,
    source_place,
)
from klaster.loaders.reading import Manner
from klaster.loaders.references import Known
from klaster.loaders.sources import LOADER_VERSION, Loaded, manner_digest, read_source
from klaster.ontology.faults import CellFault, Fault


@dataclass(frozen=True)
class LoadReport:
    """What became of one source: its rows by table, or that it was unchanged.

    ``skipped`` are faults whose rows were left out because that was asked for, ``unread``
    sheets and columns that are no part of klaster's tables, ``guessed`` what was told of a
    text file's encoding, separator and decimal sign or of a network's parts, ``mapping`` by
    which mapping it was read. Where the source replaces an earlier state of itself, ``changes``
    counts, by table, the rows added, changed and gone. ``unknown`` are actors, by row, that
    decisions of the source are about and the graph lacks. ``without_findings`` says that the
    graph is too large for gaps and measures to be recorded in it by a load, and ``resumed`` that
    the load went on with what one that was killed had done.
    """

    name: str
    path: str
    unchanged: bool
    rows: Mapping[str, int]
    skipped: tuple[CellFault, ...] = ()
    unread: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    changes: Mapping[str, Difference] | None = None
    mapping: str = ""
    unknown: tuple[str, ...] = ()
    without_findings: bool = False
    resumed: bool = False


def program() -> str:
    """Return the name and version of what reads sources, as each load keeps it."""
    return f"klaster {version('klaster')} loader {LOADER_VERSION}"


def _of_all(before: int, many: int, share: Callable[[float], None]) -> Callable[[float], None]:
    """Return what is told the share of one source, and tells that of all; so many are done."""
    return lambda done: share((before + done) / many)


def load(
    folder: GraphFolder | RemoteFolder,
    sources: Sequence[str | Path],
    manner: Manner,
    *,
    name: str | None,
    skip_bad_rows: bool,
    loaded_at: dt.datetime,
    progress: Callable[[str], None],
    share: Callable[[float], None] = lambda _: None,
) -> list[LoadReport]:
    """Load sources, all of them or none.

    Raises
    ------
    SourceError
        With every fault found in a source. The graph is then as it was.
    """
    if name and len(sources) > 1:
        raise Fault("fault.two-names")
    before = folder.manifest()
    resumed = False
    progress("read")
    reports: list[LoadReport] = []
    loads: list[Loaded] = []
    with folder.reading() as scratch:
        for source in sources:
            kept_name = _name(before, source, name)
            entry = None if skip_bad_rows else _unchanged(before, source, kept_name, manner)
            if not entry:
                loaded = read_source(
                    source,
                    base=before.base,
                    name=kept_name,
                    skip_bad_rows=skip_bad_rows,
                    manner=manner,
                    known=_known(folder, before, kept_name),
                    scratch=scratch / str(len(loads)),
                    beside=_beside(before, kept_name),
                    share=_of_all(len(reports), len(sources), share),
                )
                entry = None if skip_bad_rows else _same(before, loaded)
            if entry:
                reports.append(LoadReport(entry.name, entry.path, unchanged=True, rows=entry.rows))
            else:
                loads.append(loaded)
                reports.append(_report(folder, before, loaded))
        if loads:
            resumed = land(
                folder,
                [loaded.tables for loaded in loads],
                loaded_at=loaded_at,
                loader=program(),
                dropped="",
                progress=progress,
                share=share,
            )
    after = folder.manifest()
    folders = folder.table_folders(after)
    return [
        replace(
            report,
            unknown=unknown_references(folders, report.name),
            without_findings=not records_findings(after),
            resumed=report.resumed or (resumed and not report.unchanged),
        )
        for report in reports
    ]


def _name(before: Manifest, source: str | Path, name: str | None) -> str:
    if name:
        return source_name(Path(name))
    found = source_name(source)
    entry = before.source(found)
    if entry and entry.path != source_place(source):
        raise Fault("fault.same-name", name=found, path=entry.path)
    return found


def _known(folder: GraphFolder | RemoteFolder, before: Manifest, name: str) -> Known:
    """Return what tells the things that other sources than ``name`` state."""
    folders = [folder.tables(before, entry.name) for entry in before.sources if entry.name != name]
    return things(folders)


def _beside(before: Manifest, name: str) -> str:
    """Return what tells apart what other sources than ``name`` state, and who read them."""
    others = [(entry.name, entry.sha256, entry.manner, entry.loader) for entry in before.sources]
    return repr((program(), [entry for entry in others if entry[0] != name]))


def _unchanged(
    before: Manifest, source: str | Path, name: str, manner: Manner
) -> SourceEntry | None:
    """Return the entry of a source whose bytes are known to be as they were."""
    entry = before.source(name)
    if entry is None or entry.loader != program() or is_address(source):
        return None
    source_kind(source)
    if entry.manner != manner_digest(manner):
        return None
    return entry if fingerprint(source) == entry.sha256 else None


def _same(before: Manifest, loaded: Loaded) -> SourceEntry | None:
    """Return the entry of a source that, once read, says what it said before."""
    entry = before.source(loaded.tables.name)
    known = (loaded.tables.sha256, loaded.tables.manner, program())
    if entry and (entry.sha256, entry.manner, entry.loader) == known:
        return entry
    return None


def _report(folder: GraphFolder | RemoteFolder, before: Manifest, loaded: Loaded) -> LoadReport:
    name = loaded.tables.name
    known = before.source(name) is not None
    return LoadReport(
        name,
        loaded.tables.path,
        unchanged=False,
        rows=loaded.tables.heights,
        skipped=tuple(loaded.skipped),
        unread=tuple(loaded.unread),
        guessed=tuple(loaded.guessed),
        changes=differences(folder.tables(before, name), loaded.tables) if known else None,
        mapping=loaded.mapping,
        resumed=loaded.resumed,
    )
