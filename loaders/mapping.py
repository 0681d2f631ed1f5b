"""Mappings: a file of SQL that selects from a source's tables into klaster's.

The SQL is run by DuckDB on copies of the source's tables, with no way to other files or to the
network. Beside them it may read ``klaster.country`` and ``klaster.region``, how places are written. Each row of a source's table has a number, ``_row``, which is carried through the queries
where that is possible, so that a fault in what they yield can be shown where it stands in the
source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from klaster.loaders.cells import refuse_hostile_cells
from klaster.loaders.lineage import traced
from klaster.loaders.places import country_spellings, region_spellings
from klaster.loaders.raw import ORIGINS, RawTable
from klaster.ontology.faults import CellFault, Fault, SourceError
from klaster.ontology.names import fold
from klaster.ontology.tables import tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TITLE: Final = re.compile(r"^--\s*title:\s*(.+)$", re.MULTILINE)
_READS: Final = re.compile(r"^--\s*reads:\s*(\?)?([A-Za-z_]\w*)\s*\((.*)\)\s*$", re.MULTILINE)
_CREATE: Final = re.compile(
    r"""(?is)^(?:\s|--[^\n]*\n)*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?
    (?P<what>TABLE|VIEW)\s+(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))\s+AS\s+(?P<select>.+?)[\s;]*$""",
    re.VERBOSE,
)
_MACRO: Final = re.compile(
    r"(?is)^(?:\s|--[^\n]*\n)*CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:MACRO|FUNCTION)\s"
)
# Columns that each of the source's tables has beside its own: where its rows stand.
ROW: Final = "_row"
FILE: Final = "_file"


@dataclass(frozen=True)
class Read:
    """A table that a mapping reads: its columns, and those that may be missing."""

    name: str
    columns: tuple[str, ...]
    may_lack: tuple[str, ...]
    optional: bool

    def fits(self, raw: RawTable) -> bool:
        """Say whether a table has every column that is needed."""
        there = {fold(header) for header in raw.frame.columns}
        return all(fold(column) in there for column in self.columns)


@dataclass(frozen=True)
class SqlMapping:
    """A mapping: the SQL, and what its first lines say of it."""

    name: str
    sql: str
    title: str = ""
    reads: tuple[Read, ...] = ()

    def mentions(self, table: str) -> bool:
        """Say whether the SQL can mean this table of a source."""
        return bool(self.reads) or identifier(table) in _words(self.sql)


def _words(sql: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"\w+", sql)}


def identifier(name: str) -> str:
    """Return the name under which SQL knows a table of a source.

    Examples
    --------
    >>> identifier("Zakupki 2024-05.csv")
    'zakupki_2024_05_csv'
    """
    return re.sub(r"\W+", "_", name.strip().casefold()).strip("_") or "table"


def sql_mapping(name: str, sql: str) -> SqlMapping:
    """Read the head of a mapping: lines ``-- title: …`` and ``-- reads: table(column, ?column)``.

    A table or column with ``?`` before it may be missing; it is then empty. Without such lines
    the tables of the source are known by the names of their files or sheets.
    """
    title = _TITLE.search(sql)
    reads = []
    for optional, table, listed in _READS.findall(sql):
        columns = [column.strip() for column in listed.split(",") if column.strip()]
        reads.append(
            Read(
                table,
                tuple(column for column in columns if not column.startswith("?")),
                tuple(column[1:] for column in columns if column.startswith("?")),
                bool(optional),
            )
        )
    return SqlMapping(name, sql, title[1].strip() if title else "", tuple(reads))


def read_sql_mapping(path: Path) -> SqlMapping:
    """Read a mapping from its file.

    Raises
    ------
    Fault
        If it cannot be read as text.
    """
    from klaster.loaders.cells import read_bytes, shown

    try:
        return sql_mapping(shown(path.name), read_bytes(path).decode("utf-8-sig"))
    except UnicodeDecodeError as reason:
        raise Fault("fault.not-utf8", path=shown(path)) from reason


def bound(mapping: SqlMapping, raws: Sequence[RawTable]) -> dict[str, list[RawTable]] | None:
    """Return which tables of a source stand for which that the mapping reads.

    A table is taken by its name, else by its columns; several with the same columns are read
    as one. Nothing is returned where one that is needed is missing.
    """
    if not mapping.reads:
        named: dict[str, list[RawTable]] = {}
        for raw in raws:
            named.setdefault(identifier(raw.name), []).append(raw)
        return named
    found: dict[str, list[RawTable]] = {}
    taken: set[int] = set()
    for wanted in mapping.reads:
        free = [raw for raw in raws if id(raw) not in taken and wanted.fits(raw)]
        by_name = [raw for raw in free if identifier(raw.name) == wanted.name.casefold()]
        found[wanted.name] = by_name or free
        taken |= {id(raw) for raw in found[wanted.name]}
        if not found[wanted.name] and not wanted.optional:
            return None
    return found


def lacking(mapping: SqlMapping, raws: Sequence[RawTable]) -> Fault:
    """Return the message that a source has not the tables that a mapping reads."""
    needed = ", ".join(
        f"{read.name}({', '.join(read.columns)})" for read in mapping.reads if not read.optional
    )
    found = ", ".join(f"{raw.place}({', '.join(raw.frame.columns[1:])})" for raw in raws) or "-"
    return Fault("fault.mapping-lacks", mapping=mapping.name, needed=needed, found=found[:500])


def mapped(mapping: SqlMapping, raws: Sequence[RawTable]) -> Iterator[RawTable]:
    """Run a mapping on a source's tables, and yield the tables of klaster's that it makes.

    Raises
    ------
    Fault
        If the source lacks a table, the SQL is at fault or does anything but create tables,
        views and macros.
    """
    import duckdb

    found = bound(mapping, raws)
    if found is None:
        raise lacking(mapping, raws)
    frames, origins = _numbered(mapping, found)
    with TemporaryDirectory() as scratch, duckdb.connect(config=dict(_CONFIG)) as database:
        _take_in(database, frames, Path(scratch))
        made = _run(database, mapping)
        for table in dict.fromkeys(made):
            if table in tables():
                yield _table(database, mapping, table, origins, Path(scratch))


_CONFIG: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "6GB",
    "threads": "2",
}


def _numbered(
    mapping: SqlMapping, found: Mapping[str, Sequence[RawTable]]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return the tables with ``_row`` and ``_file``, and what the numbers stand for."""
    may_lack = {read.name: (*read.columns, *read.may_lack) for read in mapping.reads}
    frames: dict[str, pl.DataFrame] = {}
    places: list[pl.DataFrame] = []
    count = 0
    for name, parts in found.items():
        numbered = []
        for raw in parts:
            rows = pl.int_range(count + 1, count + raw.frame.height + 1, dtype=pl.Int64)
            count += raw.frame.height
            numbered.append(
                _distinct(raw.frame.drop("row")).with_columns(
                    rows.alias(ROW), pl.lit(raw.place).alias(FILE)
                )
            )
            places.append(_places(raw).with_columns(rows.alias(ROW)))
        frame = pl.concat(numbered, how="diagonal") if numbered else pl.DataFrame()
        frames[name] = _with_columns(frame, may_lack.get(name, ()))
    empty = pl.DataFrame(schema={**_PLACES, ROW: pl.Int64})
    return frames, pl.concat([empty, *(part.select(empty.columns) for part in places)])


_PLACES: Final = {name: dtype for name, dtype in ORIGINS.items() if name != "row"}


def _places(raw: RawTable) -> pl.DataFrame:
    if raw.origins is not None:
        return (
            raw.frame.select("row")
            .join(raw.origins, on="row", how="left", maintain_order="left")
            .drop("row")
        )
    return raw.frame.select(
        place=pl.lit(raw.place),
        number="row",
        locator=pl.concat_str(pl.lit(f"{raw.locator}!"), pl.col("row").cast(pl.String)),
    )


def _distinct(frame: pl.DataFrame) -> pl.DataFrame:
    """Tell headers that differ only in case apart by a number, since SQL knows no case."""
    seen: dict[str, int] = {}
    names = {}
    for header in frame.columns:
        key = header.casefold()
        seen[key] = seen.get(key, 0) + 1
        names[header] = header if seen[key] == 1 else f"{header}_{seen[key]}"
    return frame.rename(names)


def _with_columns(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    there = {fold(header): header for header in frame.columns}
    renamed = {there[fold(name)]: name for name in columns if fold(name) in there}
    frame = frame.rename({old: new for old, new in renamed.items() if old != new})
    lacking = [name for name in dict.fromkeys((*columns,)) if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in lacking)
    if ROW not in frame.columns:
        frame = frame.with_columns(
            pl.lit(None, dtype=pl.Int64).alias(ROW), pl.lit(None, dtype=pl.String).alias(FILE)
        ).clear()
    return frame


def _take_in(
    database: DuckDBPyConnection, frames: Mapping[str, pl.DataFrame], scratch: Path
) -> None:
    """Copy the tables into the schema ``source``, and shut every other way in or out."""
    folder = str(scratch).replace("'", "''")
    database.execute(f"SET allowed_directories=['{folder}']")
    database.execute(f"SET temp_directory='{folder}'")
    database.execute("SET enable_external_access=false")
    database.execute("CREATE SCHEMA source")
    database.execute("CREATE SCHEMA klaster")
    tables_of_source = {f"source.{_quoted(name)}": frame for name, frame in frames.items()}
    places = {"klaster.country": country_spellings(), "klaster.region": region_spellings()}
    for name, frame in (tables_of_source | places).items():
        file = scratch / "taken.parquet"
        frame.write_parquet(file)
        take = f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder}/taken.parquet')"  # noqa: S608
        database.execute(take)
        file.unlink()
    database.execute("SET search_path='main,source'")
    database.execute("SET lock_configuration=true")


def _run(database: DuckDBPyConnection, mapping: SqlMapping) -> list[str]:
    """Run the statements of a mapping one by one, and return the tables that they make."""
    import duckdb

    try:
        statements = duckdb.extract_statements(mapping.sql)
    except duckdb.Error as reason:
        raise _wrong(mapping, str(reason)) from reason
    made = []
    for statement in statements:
        text = statement.query
        create = _CREATE.match(text)
        try:
            if create:
                made.append(create["quoted"] or create["plain"].casefold())
                select = traced(database, create["select"], ROW)
                database.execute(f'CREATE OR REPLACE {create["what"]} "{made[-1]}" AS {select}')
            elif _MACRO.match(text):
                database.execute(text)
            else:
                raise Fault("fault.mapping-statement", mapping=mapping.name, found=_start(text))
        except duckdb.Error as reason:
            raise _wrong(mapping, str(reason), made[-1] if create else "") from reason
    if not set(made) & tables().keys():
        raise Fault("fault.mapping-makes", mapping=mapping.name, found=", ".join(made) or "-")
    return made


def _start(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if not line.lstrip().startswith("--")]
    return " ".join(" ".join(lines).split())[:60]


def _wrong(mapping: SqlMapping, reason: str, table: str = "") -> Fault:
    place = f"{mapping.name}, {table}" if table else mapping.name
    told = " ".join(reason.split("\n\n")[0].split())
    return Fault("fault.mapping-sql", place=place, reason=told[:400])


def _table(
    database: DuckDBPyConnection,
    mapping: SqlMapping,
    table: str,
    origins: pl.DataFrame,
    scratch: Path,
) -> RawTable:
    """Fetch one table that the mapping made, its cells written as text."""
    import duckdb

    place = f"{mapping.name}, {table}"
    described: list[tuple[Any, ...]] = database.execute(f'DESCRIBE "{table}"').fetchall()
    cells = [
        f"{_cell(place, name, str(dtype))} AS {_quoted(name)}"
        for name, dtype, *_ in described
        if name != ROW
    ]
    file = scratch / "made.parquet"
    row = ROW if ROW in [name for name, *_ in described] else "NULL"
    written = str(file).replace("'", "''")
    # The names come from the list of tables and are quoted; the file is our own.
    select = f'SELECT {", ".join(cells)}, CAST({row} AS BIGINT) AS {ROW} FROM "{table}"'  # noqa: S608
    try:
        database.execute(f"COPY ({select}) TO '{written}' (FORMAT parquet)")
    except duckdb.Error as reason:
        raise _wrong(mapping, str(reason), table) from reason
    made = pl.read_parquet(file)
    file.unlink()
    texts = [column for column in made.columns if column != ROW]
    # The engine works on several rows at once and keeps no order; the same input must give the
    # same tables.
    made = made.with_columns(pl.col(texts).str.strip_chars().replace("", None)).sort(
        ROW, *texts, nulls_last=True
    )
    made = made.with_row_index("row", offset=1)
    refuse_hostile_cells(place, made.drop(ROW))
    traces = (
        made.select("row", ROW)
        .filter(pl.col(ROW).is_not_null())
        .join(origins, on=ROW, how="inner", maintain_order="left")
        .select(ORIGINS.keys())
    )
    return RawTable(table, place, place, made.drop(ROW), origins=traces)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(place: str, name: str, dtype: str) -> str:
    """Return the SQL that writes a value as one would type it into a CSV file."""
    column = _quoted(name)
    if dtype.endswith("[]") and not dtype.startswith(("STRUCT", "MAP")) and dtype.count("[") == 1:
        return f"array_to_string({column}, ';')"
    if dtype.startswith(("STRUCT", "MAP", "BLOB", "UNION")) or dtype.endswith("]"):
        raise SourceError(place, [CellFault(place, 0, name, "fault.no-cells", {"found": dtype})])
    if dtype.startswith("TIMESTAMP"):
        return (
            f"CASE WHEN {column} = date_trunc('day', {column}) "
            f"THEN strftime({column}, '%Y-%m-%d') ELSE CAST({column} AS VARCHAR) END"
        )
    if dtype in ("DOUBLE", "FLOAT"):
        return (
            f"CASE WHEN {column} = trunc({column}) AND abs({column}) < 9007199254740992 "
            f"THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) "
            f"WHEN isfinite({column}) THEN CAST({column} AS VARCHAR) END"
        )
    return f"CAST({column} AS VARCHAR)"
