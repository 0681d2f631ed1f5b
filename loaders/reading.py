"""From a source to klaster's tables as they stand in it: as they are, mapped, or recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rapidfuzz import process

from klaster.loaders.cells import read_bytes, shown
from klaster.loaders.check import match_headers, nearest, nearest_words
from klaster.loaders.databases.database import fingerprint_tables, is_database, read_database
from klaster.loaders.given import is_address, source_kind, source_place
from klaster.loaders.mapping import (
    SqlMapping,
    bound,
    mapped,
    read_sql_mapping,
)
from klaster.loaders.networks.files import is_edge_list, read_network_file
from klaster.loaders.pieces import LONG_TABLES
from klaster.loaders.raw import RawTable
from klaster.loaders.rdf.endpoint import read_endpoint
from klaster.loaders.rdf.files import read_rdf
from klaster.loaders.rdf.rml import RML_FILES, rdf_by_rml
from klaster.loaders.references import ELSEWHERE
from klaster.loaders.registries import recognised, registries
from klaster.loaders.table_files import read_folder, read_table_file, unpacked
from klaster.loaders.workbook import read_workbook
from klaster.ontology.faults import CellFault, Fault
from klaster.ontology.labels import phrase_words
from klaster.ontology.names import fold
from klaster.ontology.tables import tables

CONSTRUCTS: Final = frozenset({".rq", ".sparql"})
LINK_KINDS: Final = ("supply", "cooperation", "ownership")


@dataclass(frozen=True)
class Manner:
    """How a source is to be read, where its content does not tell.

    ``kind`` is the name of a registry (see ``klaster.loaders.registries``) or, for a network
    file, what its edges are (``supply``, ``cooperation`` or ``ownership``). ``mapping`` is a file
    of SQL, of CONSTRUCT queries or of RML rules, and ``queries`` are the SELECTs with which a
    database is asked, by the tables that they yield.
    """

    kind: str = ""
    mapping: Path | None = None
    queries: Mapping[str, str] = field(default_factory=dict)

    def sql(self) -> SqlMapping | None:
        """Return the mapping in SQL that is asked for, if any.

        Raises
        ------
        Fault
            If both a registry and a mapping are given, there is no such registry, or the file
            cannot be read.
        """
        if self.kind and self.mapping:
            raise Fault("fault.two-mappings")
        if self.mapping:
            return None if self.makes_rdf else read_sql_mapping(self.mapping)
        if self.kind and self.kind not in {*registries(), *LINK_KINDS}:
            known = ", ".join([*registries(), *LINK_KINDS])
            near = nearest_words(nearest(self.kind, [*registries(), *LINK_KINDS]))
            raise Fault("fault.unknown-registry", found=self.kind, known=known, nearest=near)
        return registries().get(self.kind)

    @property
    def makes_rdf(self) -> bool:
        """Whether the mapping is of CONSTRUCT queries or of RML rules."""
        return bool(self.mapping) and self._suffix in CONSTRUCTS | RML_FILES

    @property
    def is_rml(self) -> bool:
        """Whether the mapping is of RML rules."""
        return bool(self.mapping) and self._suffix in RML_FILES

    @property
    def _suffix(self) -> str:
        return self.mapping.suffix.lower() if self.mapping else ""

    def construct(self) -> str:
        """Return the text of the CONSTRUCT queries that are asked for, if any.

        Raises
        ------
        Fault
            If the file cannot be read as text.
        """
        if not self.mapping or self._suffix not in CONSTRUCTS:
            return ""
        try:
            return read_bytes(self.mapping).decode("utf-8-sig")
        except UnicodeDecodeError as reason:
            raise Fault("fault.not-utf8", path=shown(self.mapping)) from reason

    def written(self) -> str:
        """Return what of the manner may change what is read, for a fingerprint."""
        parts = [self.kind, *(f"{name}={query}" for name, query in sorted(self.queries.items()))]
        if mapping := self.sql():
            parts.append(mapping.sql)
        elif self.mapping:
            parts.append(read_bytes(self.mapping).decode("utf-8", "replace"))
        return "\0".join(filter(None, parts))


@dataclass
class Found:
    """The tables of a source as they stand in it, or as a mapping made them.

    ``faults`` are of whole tables; ``unread`` names what is no part of klaster's tables,
    ``notes`` what was taken for what; ``content`` is the fingerprint of what was read, where
    there are no bytes to take it from.
    """

    raws: dict[str, RawTable]
    faults: list[CellFault]
    unread: list[str]
    notes: list[str] = field(default_factory=list)
    mapping: str = ""
    content: str = ""


STANDALONE_TABLES: Final = frozenset({"actors", "codes", "matches", "products"})
"""The tables of which one must be there.

Lists, and decisions about the actors of other sources, may come by themselves; all else rests on
actors.
"""


def find_tables(source: str | Path, manner: Manner) -> Found:
    """Read a source by the mapping asked for, in klaster's own tables, or as a known registry.

    Raises
    ------
    Fault
        If the source or the mapping cannot be read, or the source holds none of the tables.
    """
    notes: list[str] = []
    kind = source_kind(source)
    if manner.makes_rdf or kind in ("rdf", "endpoint"):
        found = sort_out(_as_rdf(source, kind, manner))
    elif kind == "network":
        found = sort_out(read_network_file(Path(source), notes, links=_links(manner)))
    else:
        found = _as_tables(source, manner, notes)
    if manner.mapping:
        found.mapping = shown(manner.mapping.name)
    if is_address(source):
        found.content = fingerprint_tables(list(found.raws.values()))
    found.notes = notes
    return found


def _links(manner: Manner) -> str:
    return manner.kind if manner.kind in LINK_KINDS else ""


def _as_rdf(source: str | Path, kind: str, manner: Manner) -> Iterator[RawTable]:
    """Yield the tables of what is RDF, or becomes RDF by a mapping."""
    if manner.is_rml and manner.mapping:
        if is_address(source):
            raise Fault("fault.mapping-of-address", mapping=shown(manner.mapping.name))
        with rdf_by_rml(manner.mapping, Path(source)) as made:
            yield from read_rdf(made)
    elif kind == "endpoint":
        yield from read_endpoint(str(source), manner.construct())
    elif kind == "rdf":
        if manner.mapping and not manner.construct():
            raise Fault("fault.mapping-of-rdf", mapping=shown(manner.mapping.name))
        yield from read_rdf(Path(source), manner.construct())
    else:
        raise Fault("fault.mapping-of-tables", source=source_place(source))


def _as_tables(source: str | Path, manner: Manner, notes: list[str]) -> Found:
    """Read tables: as they are where they are klaster's own, else by a mapping."""
    mapping = manner.sql()
    if mapping is None:
        found = sort_out(_read(source, manner, notes, wanted=_is_ours))
        ours = found.raws.keys() & STANDALONE_TABLES or _refer_elsewhere(found)
        if ours and not _lacks_columns(found):
            return found
        # A registry's table may be called as one of ours, or nearly so.
        notes.clear()
        if is_database(str(source)):
            return _or_nothing(source, found)
        there = _whole(source, manner, notes, wanted=lambda _: True)
        mapping = _recognised(source, there)
        if mapping is None and not is_address(source) and is_edge_list(Path(source)):
            notes.clear()
            return sort_out(read_network_file(Path(source), notes, links=_links(manner)))
        if mapping is None:
            return _or_nothing(source, found)
    else:
        there = _whole(source, manner, notes, wanted=mapping.mentions)
    made = sort_out(mapped(mapping, there))
    read = {id(raw) for parts in (bound(mapping, there) or {}).values() for raw in parts}
    made.unread += [raw.place for raw in there if id(raw) not in read]
    made.mapping = mapping.name.removesuffix(".sql")
    return made


def _whole(
    source: str | Path, manner: Manner, notes: list[str], *, wanted: Callable[[str], bool]
) -> list[RawTable]:
    """Return the tables of a source that have columns, whatever they are called."""
    return [raw for raw in _read(source, manner, notes, wanted=wanted) if raw.frame.width > 1]


def _is_ours(table: str) -> bool:
    return fold(table) in {fold(name) for name in tables()}


def _read(
    source: str | Path, manner: Manner, notes: list[str], *, wanted: Callable[[str], bool]
) -> Iterator[RawTable]:
    """Yield the tables of a source; of a folder and a database only those that are wanted.

    Files that bear no wanted name come as empty tables, so that they can be told as unread.
    """
    kind = source_kind(source)
    every = wanted is not _is_ours
    if kind == "database":
        yield from read_database(str(source), manner.queries, wanted)
        return
    path = Path(source)
    if kind == "workbook":
        yield from read_workbook(path)
    elif kind == "folder":
        yield from read_folder(path, notes, every=every)
    elif kind == "archive":
        with unpacked(path) as folder:
            yield from read_folder(folder, notes, every=every, passing=True)
    else:
        yield read_table_file(path, notes, every=every, whole=every)


def _refer_elsewhere(found: Found) -> bool:
    """Say whether tables of links by themselves are about things of other sources."""
    for name in found.raws.keys() & LONG_TABLES:
        raw, table = found.raws[name], tables()[name]
        names, _, _ = match_headers(raw, table)
        ends = [
            names[column.name]
            for column in table.columns
            if column.required and column.refers and column.name in names
        ]
        if ends and raw.frame.height and raw.frame.head(1)[ends[0]].str.contains(ELSEWHERE).any():
            return True
    return False


def _lacks_columns(found: Found) -> bool:
    """Say whether a table that bears the name of one of ours lacks a column of it."""
    for name, raw in found.raws.items():
        there, _, _ = match_headers(raw, tables()[name])
        needed = {column.name for column in tables()[name].columns if column.required}
        if raw.frame.width > 1 and needed - there.keys():
            return True
    return False


def _recognised(source: str | Path, there: list[RawTable]) -> SqlMapping | None:
    """Return the mapping of the registry to which the tables of a source belong, if it is one.

    Raises
    ------
    Fault
        If it may be one or another.
    """
    names = recognised(there)
    if len(names) > 1:
        place = shown(Path(source).name)
        raise Fault("fault.two-registries", source=place, found=", ".join(names))
    return registries()[names[0]] if names else None


def _or_nothing(source: str | Path, found: Found) -> Found:
    """Return tables of ours with faults in them, or refuse a source that holds none.

    Raises
    ------
    Fault
        If nothing in the source is meant as one of klaster's tables.
    """
    if found.faults or found.raws.keys() & STANDALONE_TABLES:
        return found
    told = ", ".join([*found.raws, *found.unread]) or "-"
    place = source_place(source) if is_address(source) else shown(Path(source).name)
    raise Fault("fault.no-actors", source=place, found=told)


def sort_out(found: Iterable[RawTable]) -> Found:
    """Tell tables from sheets that are none.

    A name that is nearly a table's is a fault, and so is a table in two places.
    """
    accepted = {fold(name): name for name in tables()}
    # The template's own sheets: how to fill it in, and the lists behind its drop-downs.
    of_template = set(phrase_words("template.sheet").values())
    raws: dict[str, RawTable] = {}
    faults: list[CellFault] = []
    unread: list[str] = []
    for raw in found:
        if raw.name in of_template or raw.name.startswith("_"):
            continue
        name = accepted.get(fold(raw.name))
        if name in raws:
            where: dict[str, object] = {
                "table": name,
                "first": raws[name].place,
                "second": raw.place,
            }
            faults.append(CellFault(raw.place, 0, "", "fault.two-places", where))
            continue
        if name:
            raws[name] = raw
            continue
        near = process.extractOne(fold(raw.name), list(accepted), score_cutoff=85)
        if near:
            values: dict[str, object] = {"nearest": near[0]}
            faults.append(CellFault(raw.place, 0, "", "fault.unknown-table", values))
        else:
            unread.append(raw.place)
    ordered = {name: raws[name] for name in tables() if name in raws}
    return Found(ordered, faults, unread)
