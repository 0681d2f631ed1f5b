"""Sources: what is given becomes checked, typed tables, or one message with every fault."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.cells import shown
from klaster.loaders.check import CheckedTable, OwnCodes, check_table, own_codes
from klaster.loaders.citations import repeals_of_themselves, with_ids_of_acts
from klaster.loaders.given import fingerprint, is_address, source_kind, source_place
from klaster.loaders.identity import addresses, known_things, name_things
from klaster.loaders.long_tables import Beside, Typed, type_long_table
from klaster.loaders.pieces import LONG_TABLES
from klaster.loaders.raw import RawTable
from klaster.loaders.reading import STANDALONE_TABLES, Manner, find_tables
from klaster.loaders.references import Known, check_references, nothing_known
from klaster.loaders.unfinished import Unfinished
from klaster.ontology.faults import CellFault, Fault, SourceError
from klaster.ontology.tables import LongTable, SourceTables, Table, tables

LOADER_VERSION: Final = "2"
"""Goes up when the same file would give other tables, so that it is then loaded again."""


@dataclass(frozen=True)
class Loaded:
    """A source that may be loaded, with what was skipped or left aside on the way.

    ``unread`` names sheets, files and columns that are no part of klaster's tables;
    ``guessed`` says of each file of text that is not in UTF-8 with commas what it was taken to
    be, and of a network what its parts were taken for; ``mapping`` names the mapping by which
    the source was read, if one was used. ``resumed`` says that a load that was killed had read
    some of its tables.
    """

    tables: SourceTables
    skipped: list[CellFault]
    unread: list[str]
    guessed: list[str] = field(default_factory=list)
    mapping: str = ""
    resumed: bool = False


def manner_digest(manner: Manner) -> str:
    """Return a digest of how a source was read, or nothing where nothing special was asked for."""
    written = manner.written()
    return hashlib.sha256(written.encode()).hexdigest()[:16] if written else ""


def read_source(
    source: str | Path,
    *,
    base: str,
    name: str,
    skip_bad_rows: bool = False,
    manner: Manner | None = None,
    known: Known = nothing_known,
    scratch: Path | None = None,
    beside: str = "",
    share: Callable[[float], None] = lambda _: None,
) -> Loaded:
    """Read, check and type a source; its references may name things that are ``known``.

    Long tables are written into ``scratch``, a folder of the source's own; without one, every
    table is held at once. What a load that was killed left there is taken over if the source,
    how it is read and ``beside``, by which is told what is ``known``, are the same. ``share`` is
    told how much of the long tables is read.

    Raises
    ------
    SourceError
        With every fault of every table, unless ``skip_bad_rows`` leaves those rows out.
    Fault
        If the source cannot be read at all.
    """
    manner = manner or Manner()
    place = source_place(source) if is_address(source) else shown(Path(source).name)
    found = find_tables(source, manner)
    raws, faults = found.raws, found.faults
    long = {}
    if scratch is None:
        raws = {table: _whole(raw) for table, raw in raws.items()}
    else:
        long = {table: raw for table, raw in raws.items() if raw.further}
        raws = {table: raw for table, raw in raws.items() if not raw.further}
    if not raws.keys() & (STANDALONE_TABLES | LONG_TABLES) and not long:
        raise SourceError(place, faults)
    if not long and all(raw.frame.is_empty() for raw in raws.values()) and not faults:
        raise Fault("fault.no-rows", source=place)
    skipped: list[CellFault] = []
    while True:
        own = own_codes(raws["codes"]) if "codes" in raws else {}
        checked = {table: _checked(place, raw, tables()[table], own) for table, raw in raws.items()}
        frames = with_ids_of_acts({table: result.frame for table, result in checked.items()})
        dangling = check_references(frames, raws, known) + repeals_of_themselves(frames, raws)
        found_now = _in_order(faults, checked, dangling)
        if not found_now:
            break
        if not skip_bad_rows or any(
            fault.row == 0 or _in_header(fault, raws) for fault in found_now
        ):
            raise SourceError(place, _at_origins(found_now, raws))
        skipped += _at_origins(found_now, raws)
        raws = _without_rows(raws, found_now)
    unread = found.unread + [
        f"{raws[table].place}: {column}"
        for table, result in checked.items()
        for column in result.unread_columns
    ]
    typed = {table: frame for table, frame in frames.items() if not frame.is_empty()}
    named = name_things(typed, base=base, source=name, elsewhere=known)
    given = [addresses(typed, base=base)]
    content = found.content or fingerprint(source)
    read = (content, source_place(source), base, name, manner_digest(manner), LOADER_VERSION)
    left = Unfinished(Path(scratch or ""), repr((*read, skip_bad_rows, beside)) if content else "")
    others = Beside(base, frames, known_things(named), own, known)
    kept_long: dict[str, LongTable] = {}
    resumed = False
    step = _steps(2 * sum(raw.pieces for raw in long.values()), share)
    for table, raw in long.items():
        result = _typed_long(place, raw, tables()[table], others, left, skip_bad_rows, step)
        skipped += result.faults
        unread += [f"{raw.place}: {column}" for column in result.unread]
        given += result.addresses
        resumed |= result.resumed
        if result.table:
            kept_long[table] = result.table
    cited = pl.concat(given).unique("iri").sort("url")
    if not cited.is_empty():
        named["sources"] = _with_addresses(named.get("sources"), cited)
    tables_of_source = SourceTables(
        name,
        found.mapping or source_kind(source),
        source_place(source),
        content,
        named,
        manner_digest(manner),
        kept_long,
    )
    return Loaded(tables_of_source, skipped, unread, found.notes, found.mapping, resumed)


def _whole(raw: RawTable) -> RawTable:
    """Return a table with all its rows at once."""
    if raw.further is None:
        return raw
    return replace(raw, frame=pl.concat([raw.frame, *raw.further()]), further=None)


def _steps(many: int, share: Callable[[float], None]) -> Callable[[], None]:
    """Return what is called at each of many steps, and tells the share of them that is done."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        share(done / many)

    return step


def _typed_long(
    place: str,
    raw: RawTable,
    table: Table,
    beside: Beside,
    left: Unfinished,
    skip_bad_rows: bool,
    step: Callable[[], None],
) -> Typed:
    typed = left.found(table.name)
    if typed is not None:
        return typed
    folder = left.table(table.name)
    try:
        typed = type_long_table(raw, table, beside, folder, skip_bad_rows=skip_bad_rows, step=step)
    except pl.exceptions.PolarsError as reason:
        why = f"{raw.place}: {str(reason)[:200]}"
        raise Fault("fault.table", path=place, reason=why) from reason
    of_columns = any(fault.row <= 1 for fault in typed.faults)
    if typed.faults and (of_columns or not skip_bad_rows):
        raise SourceError(place, typed.faults)
    left.keep(table.name, typed)
    return typed


def _in_header(fault: CellFault, raws: Mapping[str, RawTable]) -> bool:
    """Say whether a fault is of a whole column; a table that a mapping made has no header row."""
    made = any(raw.place == fault.place and raw.origins is not None for raw in raws.values())
    return fault.row == 1 and not (made and fault.key not in _OF_COLUMNS)


_OF_COLUMNS: Final = frozenset(
    {"fault.missing-column", "fault.repeated-column", "fault.unknown-column"}
)


def _checked(place: str, raw: RawTable, table: Table, own: OwnCodes) -> CheckedTable:
    try:
        return check_table(raw, table, own)
    except pl.exceptions.PolarsError as reason:
        why = f"{raw.place}: {str(reason)[:200]}"
        raise Fault("fault.table", path=place, reason=why) from reason


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
