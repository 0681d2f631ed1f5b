"""Databases as sources: their addresses, and their tables or what queries answer as raw tables."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.loaders.cells import refuse_what_is_no_file, shown, unreadable
from klaster.loaders.databases.query import Database, one_line
from klaster.loaders.raw import RawTable
from klaster.ontology.faults import Fault

_SERVERS: Final = ("postgresql://", "postgres://")
_FILES: Final = {"sqlite:///": "SQLite", "duckdb:///": "DuckDB"}
_SUFFIXES: Final = {".sqlite": "SQLite", ".sqlite3": "SQLite", ".duckdb": "DuckDB"}
# Where a file of each kind says what it is.
_SIGNS: Final = {"SQLite": (0, b"SQLite format 3\0"), "DuckDB": (8, b"DUCK")}
_BATCH: Final = 10_000
# No cell holds this character: it ends each of them without a doubt.
_END: Final = "\0"


def is_database(source: str) -> bool:
    """Say whether a source is the address of a database, or a file that is one."""
    return _is_server(source) or _file_of(source) is not None


def _is_server(source: str) -> bool:
    return source.lower().startswith(_SERVERS)


def _file_of(source: str) -> tuple[str, Path] | None:
    """Return what kind of database a file is, by its address, its suffix or what it holds."""
    for scheme, kind in _FILES.items():
        if source.lower().startswith(scheme):
            return kind, Path(unquote(source[len(scheme) :].partition("?")[0]))
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix == ".db":
        kinds = [kind for kind in _SIGNS if _bears_sign(path, kind)]
        return (kinds[0], path) if kinds else None
    return (_SUFFIXES[suffix], path) if suffix in _SUFFIXES else None


def _bears_sign(path: Path, kind: str) -> bool:
    start, sign = _SIGNS[kind]
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(start + len(sign))[start:] == sign
    except (OSError, ValueError):
        return False


def address_without_secrets(source: str) -> str:
    """Return what may be kept and shown of an address: no password, and no more than is known.

    Examples
    --------
    >>> address_without_secrets("postgresql://reader:word@db.example/firms?sslmode=require")
    'postgresql://reader@db.example/firms?sslmode=require'
    >>> address_without_secrets("postgresql://reader:p@ss@db.example/firms")
    'postgresql://…'
    """
    from klaster.loaders.databases.postgresql import shown_server

    if _is_server(source):
        return shown_server(source)
    is_address = source.lower().startswith(tuple(_FILES))
    return one_line(shown(source.partition("?")[0] if is_address else source))


def database_name(source: str) -> str:
    """Return the name of a database, after which a source may be called.

    Examples
    --------
    >>> database_name("postgresql://db.example/firms"), database_name("data/Firms.sqlite")
    ('firms', 'Firms')
    """
    from klaster.loaders.databases.postgresql import server_of

    found = _file_of(source)
    return shown(found[1].stem) if found else server_of(source).database


def read_database(
    source: str, queries: Mapping[str, str], wanted: Callable[[str], bool] | None = None
) -> Iterator[RawTable]:
    """Yield what each query answers as the table of its name; without queries, the tables.

    All are read as they are at one moment. Nothing is written, and only queries that select are
    run: whatever one says, it reaches the tables and no file.

    Parameters
    ----------
    source
        The address of a database, or the path of a file that is one.
    queries
        A ``SELECT`` for each table that is wanted of it.
    wanted
        Without queries: says of a table's name whether to read it; all are read by default.

    Raises
    ------
    Fault
        If the database cannot be reached or read, or refuses a query.
    """
    with contextlib.closing(_opened(source)) as database:
        asked = queries.items() or (
            (name, query) for name, query in database.tables() if wanted is None or wanted(name)
        )
        for name, query in asked:
            yield database.answer(name, query)


def _opened(source: str) -> Database:
    from klaster.loaders.databases.duckdb_file import DuckDB
    from klaster.loaders.databases.postgresql import PostgreSQL, server_of
    from klaster.loaders.databases.sqlite_file import SQLite

    found = _file_of(source)
    if not found:
        return PostgreSQL(server_of(source))
    kind, path = found
    address = address_without_secrets(source)
    if "?" in source and source.lower().startswith(tuple(_FILES)):
        raise Fault("fault.database-address", address=address)
    _refuse_what_is_no_database(path, kind, address)
    try:
        return DuckDB(path, address) if kind == "DuckDB" else SQLite(path, address)
    except OSError as reason:
        raise unreadable(path, reason) from reason


def _refuse_what_is_no_database(path: Path, kind: str, address: str) -> None:
    try:
        is_there = path.exists()
    except (OSError, ValueError) as reason:
        raise unreadable(path, reason) from reason
    if not is_there:
        raise Fault("fault.not-there", path=address)
    refuse_what_is_no_file(path)
    if not path.stat().st_size:
        raise Fault("fault.empty-file", path=address)
    if not _bears_sign(path, kind):
        raise Fault("fault.damaged-file", path=address, format=kind)


def fingerprint_tables(raws: Iterable[RawTable]) -> str:
    """Return the SHA-256 of tables: of their names, headers and cells.

    A database keeps its rows in no order and may answer in another one each time, so the order
    of tables, columns and rows does not count; a row that stands twice does.
    """
    whole = hashlib.sha256()
    for raw in sorted(raws, key=lambda raw: raw.name):
        headers = sorted(column for column in raw.frame.columns if column != "row")
        head = [raw.name, str(len(headers)), *headers, *raw.repeated, "", str(raw.frame.height)]
        whole.update((_END.join(head) + _END).encode())
        if headers:
            cells = (pl.col(column).fill_null("") + _END for column in headers)
            rows = raw.frame.select(pl.concat_str(list(cells)).alias("cells"))["cells"].sort()
            for start in range(0, len(rows), _BATCH):
                whole.update("".join(rows[start : start + _BATCH]).encode())
    return whole.hexdigest()
