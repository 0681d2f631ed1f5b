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

from klaster.loaders.cells import refuse_what_is_no_file, shown, unreadable
from klaster.loaders.check import CheckedTable, check_table
from klaster.loaders.csv_folder import (
    TABLE_FILES,
    is_read,
    read_folder,
    read_table_file,
    table_files,
)
from klaster.loaders.identity import addresses, name_things
from klaster.loaders.raw import RawTable
from klaster.loaders.references import check_references
from klaster.loaders.workbook import WORKBOOKS, read_workbook
from klaster.ontology.faults import CellFault, Fault, SourceError
from klaster.ontology.labels import phrase_words
from klaster.ontology.names import fold
from klaster.ontology.tables import SourceTables, Table, tables

LOADER_VERSION: Final = "1"
"""Goes up when the same file would give other tables, so that it is then loaded again."""

# A list of codes, or of decisions about the actors of other sources, may come by itself;
# everything else rests on actors.
_ALONE: Final = frozenset({"actors", "codes", "matches"})


@dataclass(frozen=True)
class Loaded:
    """A source that may be loaded, with what was skipped or left aside on the way.

    ``unread`` names sheets, files and columns that are no part of klaster's tables;
    ``guessed`` says of each file of text that is not in UTF-8 with commas what it was taken to be.
    """

    tables: SourceTables
    skipped: list[CellFault]
    unread: list[str]
    guessed: list[str] = field(default_factory=list)


def source_kind(path: Path) -> str:
    """Return ``workbook``, ``folder`` or ``file`` (which holds one table).

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
    suffix = path.suffix.lower()
    if suffix not in WORKBOOKS | TABLE_FILES:
        raise Fault("fault.kind", path=shown(path))
    refuse_what_is_no_file(path)
    return "workbook" if suffix in WORKBOOKS else "file"


def source_name(path: Path) -> str:
    """Return the name under which a source is kept: its file name, made simple.

    Examples
    --------
    >>> source_name(Path("data/Klaster 2024.xlsx"))
    'klaster-2024'
    """
    return re.sub(r"[^\w.-]+", "-", path.resolve().stem.casefold()).strip("-.") or "source"


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files that are read in a folder, with their names.

    Of files that bear no table's name, only the name counts.
    """
    if not path.is_dir():
        return _sha256(path)
    lines = [
        f"{shown(file.name)} {_sha256(file) if is_read(file) else '-'}\n"
        for file in table_files(path)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    refuse_what_is_no_file(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as reason:
        raise unreadable(path, reason) from reason


def _read(path: Path, kind: str, guessed: list[str]) -> Iterator[RawTable]:
    if kind == "workbook":
        yield from read_workbook(path)
    elif kind == "folder":
        yield from read_folder(path, guessed)
    else:
        yield read_table_file(path, guessed)


def read_source(path: Path, *, base: str, name: str, skip_bad_rows: bool = False) -> Loaded:
    """Read, check and type a source.

    Raises
    ------
    SourceError
        With every fault of every table, unless ``skip_bad_rows`` leaves those rows out.
    Fault
        If the source cannot be read at all.
    """
    kind = source_kind(path)
    guessed: list[str] = []
    raws, faults, unread = _sort_out(_read(path, kind, guessed))
    if not raws.keys() & _ALONE:
        found = ", ".join([*raws, *unread]) or "-"
        if not faults:
            raise Fault("fault.no-actors", source=path.name, found=found)
        raise SourceError(path.name, faults)
    if all(raw.frame.is_empty() for raw in raws.values()) and not faults:
        raise Fault("fault.no-rows", source=path.name)
    skipped: list[CellFault] = []
    while True:
        checked = {table: _checked(path, raw, tables()[table]) for table, raw in raws.items()}
        frames = {table: result.frame for table, result in checked.items()}
        found_now = _in_order(faults, checked, check_references(frames, raws))
        if not found_now:
            break
        if not skip_bad_rows or any(fault.row <= 1 for fault in found_now):
            raise SourceError(path.name, _at_origins(found_now, raws))
        skipped += _at_origins(found_now, raws)
        raws = _without_rows(raws, found_now)
    unread += [
        f"{raws[table].place}: {column}"
        for table, result in checked.items()
        for column in result.unread_columns
    ]
    typed = {table: frame for table, frame in frames.items() if not frame.is_empty()}
    named = name_things(typed, base=base, source=name)
    given = addresses(typed, base=base)
    if not given.is_empty():
        named["sources"] = _with_addresses(named.get("sources"), given)
    source = SourceTables(name, kind, str(path.resolve()), fingerprint(path), named)
    return Loaded(source, skipped, unread, guessed)


def _checked(path: Path, raw: RawTable, table: Table) -> CheckedTable:
    try:
        return check_table(raw, table)
    except pl.exceptions.PolarsError as reason:
        why = f"{raw.place}: {str(reason)[:200]}"
        raise Fault("fault.table", path=shown(path), reason=why) from reason


def _sort_out(
    found: Iterator[RawTable],
) -> tuple[dict[str, RawTable], list[CellFault], list[str]]:
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
    return ordered, faults, unread


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
    return [
        replace(fault, place=place, row=number)
        for fault in faults
        for place, number in [places.get((fault.place, fault.row), (fault.place, fault.row))]
    ]


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
