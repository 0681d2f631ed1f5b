"""Sources: what is given becomes checked, typed tables, or one message with every fault."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl
from rapidfuzz import process

from klaster.loaders.cells import (
    format_suffix,
    refuse_what_is_no_file,
    shown,
    table_stem,
    unreadable,
)
from klaster.loaders.check import (
    CheckedTable,
    OwnCodes,
    check_table,
    match_headers,
    nearest,
    nearest_words,
    own_codes,
)
from klaster.loaders.identity import addresses, name_things
from klaster.loaders.mapping import SqlMapping, bound, mapped, read_sql_mapping
from klaster.loaders.raw import RawTable
from klaster.loaders.references import check_references
from klaster.loaders.registries import recognised, registries
from klaster.loaders.table_files import (
    ARCHIVE,
    TABLE_FILES,
    read_folder,
    read_table_file,
    table_files,
    unpacked,
)
from klaster.loaders.workbook import WORKBOOKS, read_workbook
from klaster.ontology.faults import CellFault, Fault, SourceError
from klaster.ontology.labels import phrase_words
from klaster.ontology.names import fold
from klaster.ontology.tables import SourceTables, Table, tables

LOADER_VERSION: Final = "1"
"""Goes up when the same file would give other tables, so that it is then loaded again."""


@dataclass(frozen=True)
class Manner:
    """How a source is to be read, where its content does not tell.

    ``kind`` is the name of a registry whose mapping is meant (see ``klaster.loaders.registries``),
    ``mapping`` a file of SQL that selects from the source's tables into klaster's.
    """

    kind: str = ""
    mapping: Path | None = None

    def sql(self) -> SqlMapping | None:
        """Return the mapping that is asked for, if any.

        Raises
        ------
        Fault
            If both are given, there is no such registry, or the file cannot be read.
        """
        if self.kind and self.mapping:
            raise Fault("fault.two-mappings")
        if self.mapping:
            return read_sql_mapping(self.mapping)
        if self.kind and self.kind not in registries():
            known = ", ".join(registries())
            near = nearest_words(nearest(self.kind, list(registries())))
            raise Fault("fault.unknown-registry", found=self.kind, known=known, nearest=near)
        return registries()[self.kind] if self.kind else None


@dataclass(frozen=True)
class Loaded:
    """A source that may be loaded, with what was skipped or left aside on the way.

    ``unread`` names sheets, files and columns that are no part of klaster's tables;
    ``guessed`` says of each file of text that is not in UTF-8 with commas what it was taken to
    be; ``mapping`` names the mapping by which the source was read, if one was used.
    """

    tables: SourceTables
    skipped: list[CellFault]
    unread: list[str]
    guessed: list[str] = field(default_factory=list)
    mapping: str = ""


def source_kind(path: Path) -> str:
    """Return ``workbook``, ``folder``, ``archive`` or ``file`` (which holds one table).

    Raises
    ------
    Fault
        If the path leads nowhere or to something else.
    """
    try:
        if path.is_dir():
            return "folder"
        if not path.exists():
            raise Fault("fault.not-there", path=shown(path))
    except (OSError, ValueError) as reason:
        raise unreadable(path, reason) from reason
    suffix = format_suffix(path)
    if suffix not in WORKBOOKS | TABLE_FILES | {ARCHIVE}:
        raise Fault("fault.kind", path=shown(path))
    refuse_what_is_no_file(path)
    if suffix in WORKBOOKS:
        return "workbook"
    return "archive" if suffix == ARCHIVE else "file"


def source_name(path: Path) -> str:
    """Return the name under which a source is kept: its file name, made simple.

    Examples
    --------
    >>> source_name(Path("data/Klaster 2024.xlsx"))
    'klaster-2024'
    """
    return re.sub(r"[^\w.-]+", "-", table_stem(path.resolve()).casefold()).strip("-.") or "source"


def fingerprint(path: Path, manner: Manner | None = None) -> str:
    """Return the SHA-256 of a file, or of all table files in a folder, with their names.

    The mapping by which the source is read, where one is given, is part of it.
    """
    if path.is_dir():
        lines = [f"{shown(file.name)} {_sha256(file)}\n" for file in table_files(path)]
    else:
        lines = []
    mapping = manner.sql() if manner else None
    if not lines and not mapping:
        return _sha256(path) if not path.is_dir() else hashlib.sha256(b"").hexdigest()
    lines = lines or [f"{_sha256(path)}\n"]
    if mapping:
        lines.append(mapping.sql)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    refuse_what_is_no_file(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as reason:
        raise unreadable(path, reason) from reason


def _read(path: Path, guessed: list[str], *, every: bool) -> Iterator[RawTable]:
    kind = source_kind(path)
    if kind == "workbook":
        yield from read_workbook(path)
    elif kind == "folder":
        yield from read_folder(path, guessed, every=every)
    elif kind == "archive":
        with unpacked(path) as folder:
            yield from read_folder(folder, guessed, every=every)
    else:
        yield read_table_file(path, guessed, every=every)


@dataclass
class _Found:
    """The tables of a source as they stand in it, or as a mapping made them."""

    raws: dict[str, RawTable]
    faults: list[CellFault]
    unread: list[str]
    mapping: str = ""


def _find(path: Path, manner: Manner, guessed: list[str]) -> _Found:
    """Read a source by the mapping asked for, in klaster's own tables, or as a known registry."""
    mapping = manner.sql()
    if mapping is None:
        found = _sort_out(_read(path, guessed, every=False))
        # Lists of codes and of products may come by themselves; all else rests on actors.
        if found.raws.keys() & _ALONE and not _lacks_columns(found):
            return found
        # A registry's table may be called as one of ours, or nearly so.
        mapping = _recognised(path, found)
        if mapping is None:
            return found
        guessed.clear()
    tables_of_source = [raw for raw in _read(path, guessed, every=True) if raw.frame.width > 1]
    made = _sort_out(mapped(mapping, tables_of_source))
    read = {id(raw) for parts in (bound(mapping, tables_of_source) or {}).values() for raw in parts}
    made.unread += [raw.place for raw in tables_of_source if id(raw) not in read]
    made.mapping = mapping.name.removesuffix(".sql")
    return made


def _lacks_columns(found: _Found) -> bool:
    """Say whether a table that bears the name of one of ours lacks a column of it."""
    for name, raw in found.raws.items():
        there, _, _ = match_headers(raw, tables()[name])
        needed = {column.name for column in tables()[name].columns if column.required}
        if raw.frame.width > 1 and needed - there.keys():
            return True
    return False


_ALONE: Final = frozenset({"actors", "codes", "products"})


def _recognised(path: Path, found: _Found) -> SqlMapping | None:
    """Return the mapping of the registry to which a source belongs.

    There is none where tables of ours are only misspelt.

    Raises
    ------
    Fault
        If it is no registry, or may be one or another.
    """
    tables_of_source = [raw for raw in _read(path, [], every=True) if raw.frame.width > 1]
    names = recognised(tables_of_source)
    if len(names) > 1:
        raise Fault("fault.two-registries", source=shown(path.name), found=", ".join(names))
    if not names and (found.faults or found.raws.keys() & _ALONE):
        return None
    if not names:
        told = ", ".join([*found.raws, *found.unread]) or "-"
        raise Fault("fault.no-actors", source=shown(path.name), found=told)
    return registries()[names[0]]


def read_source(
    path: Path,
    *,
    base: str,
    name: str,
    skip_bad_rows: bool = False,
    manner: Manner | None = None,
) -> Loaded:
    """Read, check and type a source.

    Raises
    ------
    SourceError
        With every fault of every table, unless ``skip_bad_rows`` leaves those rows out.
    Fault
        If the source cannot be read at all.
    """
    manner = manner or Manner()
    guessed: list[str] = []
    found = _find(path, manner, guessed)
    raws, faults = found.raws, found.faults
    if not raws.keys() & _ALONE:
        raise SourceError(path.name, faults)
    if all(raw.frame.is_empty() for raw in raws.values()) and not faults:
        raise Fault("fault.no-rows", source=path.name)
    skipped: list[CellFault] = []
    while True:
        own = own_codes(raws["codes"]) if "codes" in raws else {}
        checked = {table: _checked(path, raw, tables()[table], own) for table, raw in raws.items()}
        frames = {table: result.frame for table, result in checked.items()}
        found_now = _in_order(faults, checked, check_references(frames, raws))
        if not found_now:
            break
        if not skip_bad_rows or any(
            fault.row == 0 or _in_header(fault, raws) for fault in found_now
        ):
            raise SourceError(path.name, _at_origins(found_now, raws))
        skipped += _at_origins(found_now, raws)
        raws = _without_rows(raws, found_now)
    unread = found.unread + [
        f"{raws[table].place}: {column}"
        for table, result in checked.items()
        for column in result.unread_columns
    ]
    typed = {table: frame for table, frame in frames.items() if not frame.is_empty()}
    named = name_things(typed, base=base, source=name)
    given = addresses(typed, base=base)
    if not given.is_empty():
        named["sources"] = _with_addresses(named.get("sources"), given)
    kind = found.mapping or source_kind(path)
    sha256 = fingerprint(path, manner)
    source = SourceTables(name, kind, str(path.resolve()), sha256, named)
    return Loaded(source, skipped, unread, guessed, found.mapping)


def _in_header(fault: CellFault, raws: Mapping[str, RawTable]) -> bool:
    """Say whether a fault is of a whole column; a table that a mapping made has no header row."""
    made = any(raw.place == fault.place and raw.origins is not None for raw in raws.values())
    return fault.row == 1 and not (made and fault.key not in _OF_COLUMNS)


_OF_COLUMNS: Final = frozenset(
    {"fault.missing-column", "fault.repeated-column", "fault.unknown-column"}
)


def _checked(path: Path, raw: RawTable, table: Table, own: OwnCodes) -> CheckedTable:
    try:
        return check_table(raw, table, own)
    except pl.exceptions.PolarsError as reason:
        why = f"{raw.place}: {str(reason)[:200]}"
        raise Fault("fault.table", path=shown(path), reason=why) from reason


def _sort_out(found: Iterator[RawTable]) -> _Found:
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
    return _Found(ordered, faults, unread)


def _in_order(
    faults: list[CellFault], checked: dict[str, CheckedTable], dangling: list[CellFault]
) -> list[CellFault]:
    """Return all faults by table and row, so that a user can walk through the file once."""
    found = list(faults)
    for result in checked.values():
        found += result.faults
    places = list(dict.fromkeys(fault.place for fault in [*found, *dangling]))
    return sorted([*found, *dangling], key=lambda fault: (places.index(fault.place), fault.row))


def _at_origins(faults: list[CellFault], raws: Mapping[str, RawTable]) -> list[CellFault]:
    """Name the places where a user finds what is at fault, for tables made from others."""
    places = {
        (raw.place, row): (place, number)
        for raw in raws.values()
        if raw.origins is not None
        for row, place, number in raw.origins.select("row", "place", "number").rows()
    }
    made = {place for place, _ in places}
    found = []
    for fault in faults:
        if fault.key in _OF_COLUMNS and fault.place in made:
            # A table that a mapping made has no header row to show.
            found.append(replace(fault, row=0))
            continue
        place, number = places.get((fault.place, fault.row), (fault.place, fault.row))
        found.append(replace(fault, place=place, row=number))
    return found


def _without_rows(raws: dict[str, RawTable], faults: list[CellFault]) -> dict[str, RawTable]:
    bad: dict[str, set[int]] = {}
    for fault in faults:
        bad.setdefault(fault.place, set()).add(fault.row)
    return {
        name: replace(
            raw, frame=raw.frame.filter(~pl.col("row").is_in(sorted(bad.get(raw.place, ()))))
        )
        for name, raw in raws.items()
    }


def _with_addresses(sources: pl.DataFrame | None, given: pl.DataFrame) -> pl.DataFrame:
    """Add a row for each address that was given where a source's id may stand."""
    rows = given.select(pl.col("url").alias("id"), pl.col("url").alias("title"), "url", "iri")
    if sources is None:
        columns = [column.name for column in tables()["sources"].columns]
        return rows.select(
            *(
                pl.col(name) if name in rows.columns else pl.lit(None, dtype=pl.String).alias(name)
                for name in columns
            ),
            pl.lit(None, dtype=pl.UInt32).alias("row"),
            pl.lit(None, dtype=pl.String).alias("locator"),
            "iri",
        )
    return pl.concat([sources, rows], how="diagonal")
