"""Tables of a PostgreSQL server, read in one read-only transaction."""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote

import polars as pl

from klaster.loaders.databases.query import (
    QUERY_SECONDS,
    answered,
    one_line,
    place_of,
    quoted,
    reading,
    refuse_no_cells,
    refuse_too_large,
    refused,
    too_slow,
)
from klaster.loaders.raw import RawTable
from klaster.ontology.faults import CellFault, Fault, SourceError

CONNECT_SECONDS: Final = 10
_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
# These may be kept and shown; a password and the server's options may hold secrets.
_SHOWN: Final = ("host", "port", "user", "dbname", "sslmode", "sslrootcert")
_KNOWN: Final = frozenset({*_SHOWN, "password", "options"})
# Nothing of an address that does not have exactly this form is ever shown: a sign such as @ or /
# in a password may stand anywhere then.
_ADDRESS: Final = re.compile(
    r"(?P<scheme>postgres(?:ql)?)://"
    r"(?:(?P<user>[^:@/?#\[\]]*)(?::(?P<password>[^@/?#]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^:@/?#\[\]]*)(?::(?P<port>[0-9]{0,5}))?"
    r"(?:/(?P<dbname>[^@/?#]*))?(?:\?(?P<parameters>[^#]*))?",
    re.IGNORECASE,
)
_SOCKETS: Final = ("/var/run/postgresql", "/tmp")  # noqa: S108 where libpq looks as well
_TLS_REQUEST: Final = struct.pack("!ii", 8, 80877103)
_NO_SERVER: Final = "what answers there is no PostgreSQL server"
# The codes of the server's messages (SQLSTATE).
_LOGIN: Final = frozenset({"28000", "28P01"})
_NO_DATABASE: Final = "3D000"
_CANCELLED: Final = "57014"
# The numbers of the server's own types; they never change.
_BOOL, _BYTEA, _NUMERIC, _MONEY = 16, 17, 1700, 790
_FLOATS: Final = frozenset({700, 701})
_MOMENTS: Final = frozenset({1114, 1184})

_STARTUP: Final = {"client_encoding": "UTF8"}
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL standard_conforming_strings = on",
)
# Tables of extensions and parts of a partitioned table are no tables of the user.
_TABLES: Final = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
  AND n.nspname = ANY (pg_catalog.current_schemas(false)) AND pg_catalog.pg_table_is_visible(c.oid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
ORDER BY c.relname
"""
_TYPES: Final = """
SELECT t.oid, t.typcategory = 'A', coalesce(nullif(e.typbasetype, 0), e.oid, t.oid)::oid,
  coalesce(e.typtype, t.typtype) IN ('c', 'p') OR coalesce(e.typcategory, t.typcategory) = 'P',
  pg_catalog.format_type(t.oid, NULL)
FROM pg_catalog.pg_type t
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE t.oid = ANY ($1::oid[])
"""


@dataclass(frozen=True)
class Server:
    """Where a database is, and as whom to enter; the password is in no representation of it."""

    shown: str
    host: str
    port: int
    user: str
    database: str
    mode: str
    root: str | None = None
    options: str | None = None
    password: str | None = field(default=None, repr=False)


def shown_server(source: str) -> str:
    """Return an address without its password and without parameters that may hold secrets."""
    found = _ADDRESS.fullmatch(source)
    if not found:
        return "postgresql://…"
    user = f"{found['user']}@" if found["user"] else ""
    port = f":{found['port']}" if found["port"] else ""
    pairs = re.split("[&;]", found["parameters"] or "")
    kept = "&".join(pair for pair in pairs if pair.partition("=")[0] in _SHOWN)
    database = f"/{found['dbname']}" if found["dbname"] else ""
    address = f"{found['scheme']}://{user}{found['host']}{port}{database}"
    return one_line(address + (f"?{kept}" if kept else ""))


def server_of(source: str) -> Server:
    """Return what an address tells, filled up from the environment as other programs do.

    Raises
    ------
    Fault
        If it is no address of a PostgreSQL server.
    """
    shown = shown_server(source)
    found = _ADDRESS.fullmatch(source)
    if not found:
        raise Fault("fault.database-address", address=shown)
    parts = {
        name: unquote(found[name]).strip("[]" if name == "host" else "")
        for name in ("host", "port", "user", "dbname", "password")
        if found[name]
    }
    parts |= dict(parse_qsl((found["parameters"] or "").replace("+", "%2B")))
    if parts.keys() - _KNOWN or any("\0" in part for part in parts.values()):
        raise Fault("fault.database-address", address=shown)
    port = parts.get("port") or os.environ.get("PGPORT") or "5432"
    user = parts.get("user") or os.environ.get("PGUSER") or _own_name()
    mode = parts.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"
    if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 0xFFFF or mode not in _MODES:
        raise Fault("fault.database-address", address=shown)
    server = Server(
        shown,
        host=parts.get("host") or os.environ.get("PGHOST") or _nearest_host(port),
        port=int(port),
        user=user,
        database=parts.get("dbname") or os.environ.get("PGDATABASE") or user,
        mode=mode,
        root=parts.get("sslrootcert"),
        options=parts.get("options"),
    )
    given = parts.get("password") or os.environ.get("PGPASSWORD") or _kept_password(server)
    return Server(**{**vars(server), "password": given})


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "postgres"


def _nearest_host(port: str) -> str:
    sockets = (folder for folder in _SOCKETS if Path(folder, f".s.PGSQL.{port}").exists())
    return next(sockets, "localhost")


def _kept_password(server: Server) -> str | None:
    """Return the password that the user's own file keeps, if only the user can read the file."""
    path = Path(os.environ.get("PGPASSFILE") or "~/.pgpass").expanduser()
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            return None
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    host = "localhost" if server.host.startswith("/") else server.host
    asked = [host, str(server.port), server.database, server.user]
    for line in lines:
        # A colon or a backslash within a part is written with a backslash before it.
        parts = [re.sub(r"\\(.)", r"\1", part) for part in re.findall(r"(?:\\.|[^:\\])+", line)]
        matches = all(part in ("*", want) for part, want in zip(parts, asked, strict=False))
        if len(parts) == len(asked) + 1 and matches and not line.startswith("#"):
            return parts[-1]
    return None


def _line_to(server: Server) -> socket.socket:
    """Return a connection to the server's port, secured as the address asks."""
    if server.host.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(CONNECT_SECONDS)
        with _closed_on_failure(line):
            line.connect(f"{server.host}/.s.PGSQL.{server.port}")
        return line
    line = socket.create_connection((server.host, server.port), CONNECT_SECONDS)
    if server.mode in ("disable", "allow"):
        return line
    with _closed_on_failure(line):
        line.sendall(_TLS_REQUEST)
        answer = line.recv(1)
        if answer == b"S":
            return _trust(server).wrap_socket(line, server_hostname=server.host)
        if answer != b"N":
            raise OSError(_NO_SERVER)
        if server.mode != "prefer":
            raise ssl.SSLError(0, "the server offers no TLS")
    return line


@contextlib.contextmanager
def _closed_on_failure(line: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        line.close()
        raise


def _trust(server: Server) -> ssl.SSLContext:
    """Return whom to trust: as ``sslmode`` says, with the authorities of ``sslrootcert``."""
    root = None if server.root == "system" else server.root
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = server.mode == "verify-full"
    # An authority of one's own seldom keeps every rule for public ones.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not server.mode.startswith("verify-") and root is None:
        context.verify_mode = ssl.CERT_NONE
    return context


class _Copied(io.BytesIO):
    """What a server sends, up to the limit."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def write(self, found: bytes) -> int:  # type: ignore[override]
        written = super().write(found)
        refuse_too_large(self.place, self.tell())
        return written


class PostgreSQL:
    """A server's database, seen as it is at one moment, in which nothing can be written."""

    def __init__(self, server: Server) -> None:
        """Enter the database.

        Raises
        ------
        Fault
            If the server cannot be reached or does not let in.
        """
        from pg8000.native import Connection

        self.server = server
        self._line = _reached(server)
        with _closed_on_failure(self._line), _entry_told(server):
            self._connection = Connection(
                server.user,
                server.host,
                server.database,
                server.port,
                server.password,
                ssl_context=False,
                application_name="klaster",
                startup_params=_STARTUP | ({"options": server.options} if server.options else {}),
                sock=self._line,
            )
            # The server ends a slow query itself; this ends a silent line.
            self._line.settimeout(QUERY_SECONDS + CONNECT_SECONDS)
            for statement in (*_BEGIN, f"SET LOCAL statement_timeout = '{QUERY_SECONDS}s'"):
                self._connection.execute_simple(statement)

    def close(self) -> None:
        """End the connection."""
        from pg8000.exceptions import Error

        with contextlib.suppress(Error, OSError, ValueError):
            self._connection.close()
        self._line.close()

    def tables(self) -> list[tuple[str, str]]:
        """Return the tables and views of the search path."""
        with _query_told(self.server.shown):
            found = self._connection.execute_simple(_TABLES).rows or []
        return [
            (name, f"SELECT * FROM {quoted(schema)}.{quoted(name)}")  # noqa: S608 quoted
            for schema, name in found
        ]

    def answer(self, name: str, query: str) -> RawTable:
        """Return what a query answers, its values written by the server as text.

        Raises
        ------
        Fault
            If the server refuses it, or it selects what is no cell.
        """
        place = place_of(self.server.shown, name)
        asked = reading(place, query)
        copied = _Copied(place)
        # By itself, before anything is put around it: only one whole statement passes.
        with _query_told(place, asked):
            _, columns, _ = self._connection.prepare_statement(asked, ())
        if columns is None:
            raise Fault("fault.query-kind", place=place)
        titles = [column["name"] for column in columns]
        with _query_told(place):
            written = self._written(place, titles, [column["type_oid"] for column in columns])
            names = ", ".join(f"c{index}" for index in range(len(titles)))
            rows = f"SELECT {written} FROM ({asked}\n) AS q({names})"  # noqa: S608 one query
            if titles:
                self._connection.execute_unnamed(
                    f"COPY ({rows}) TO STDOUT (FORMAT csv)", stream=copied
                )
        return answered(name, place, titles, _cells(place, copied, len(titles)))

    def _written(self, place: str, titles: list[str], types: list[int]) -> str:
        """Return what writes each column as one would type it into a CSV file."""
        asked = "{" + ",".join(map(str, types)) + "}"
        found = self._connection.execute_unnamed(_TYPES, vals=(asked,)).rows or []
        kinds: Mapping[int, tuple[bool, int, bool, str]] = {oid: kind for oid, *kind in found}
        refuse_no_cells(
            place,
            (
                (title, kinds[oid][3])
                for title, oid in zip(titles, types, strict=True)
                if kinds[oid][2] or kinds[oid][1] == _BYTEA
            ),
        )
        cells = [_as_text(f"c{index}", *kinds[oid][:2]) for index, oid in enumerate(types)]
        # A row of nothing but a null would be a line of nothing, and no reader counts that.
        return ", ".join([f"coalesce({cells[0]}, '')", *cells[1:]]) if cells else ""


def _as_text(cell: str, is_list: bool, oid: int) -> str:
    if is_list:
        each = f"unnest({cell}) WITH ORDINALITY AS u(e, i) ORDER BY i"
        texts = f"ARRAY(SELECT {_as_text('e', False, oid)} FROM {each})"  # noqa: S608
        # Lists of lists are left as the server writes them: they are no cells.
        flat = f"array_to_string({texts}, ';')"
        return f"CASE WHEN array_ndims({cell}) > 1 THEN {cell}::text ELSE {flat} END"
    if oid == _BOOL:
        return f"CASE WHEN {cell} THEN 'true' WHEN NOT {cell} THEN 'false' END"
    if oid in (_NUMERIC, _MONEY):
        text = f"{cell}::numeric::text"
        trimmed = f"rtrim(rtrim({text}, '0'), '.')"
        return f"CASE WHEN strpos({text}, '.') > 0 THEN {trimmed} ELSE nullif({text}, 'NaN') END"
    if oid in _FLOATS:
        return f"nullif({cell}::text, 'NaN')"
    if oid in _MOMENTS:
        text = f"replace({cell}::timestamp::text, ' ', 'T')"
        return f"regexp_replace({text}, 'T00:00:00$', '')"
    return f"{cell}::text"


def _cells(place: str, copied: io.BytesIO, width: int) -> pl.DataFrame:
    schema = {f"column_{index}": pl.String for index in range(width)}
    if not copied.tell():
        return pl.DataFrame(schema=schema)
    try:
        return pl.read_csv(copied.getvalue(), has_header=False, schema=schema)
    except pl.exceptions.PolarsError as reason:
        # The one thing that PostgreSQL may send and Polars may not take: text in no encoding.
        fault = CellFault(place, 0, "", "fault.not-utf8-cell")
        raise SourceError(place, [fault]) from reason


def _reached(server: Server) -> socket.socket:
    try:
        return _line_to(server)
    except ssl.SSLError as reason:
        told = one_line(getattr(reason, "verify_message", "") or reason.strerror or str(reason))
        raise Fault("fault.database-tls", address=server.shown, reason=told) from reason
    except (OSError, UnicodeError) as reason:
        told = one_line(getattr(reason, "strerror", None) or str(reason))
        raise Fault("fault.database-unreachable", address=server.shown, reason=told) from reason


@contextlib.contextmanager
def _entry_told(server: Server) -> Iterator[None]:
    """Turn what goes wrong at the door into a message."""
    from pg8000.exceptions import DatabaseError, InterfaceError

    try:
        yield
    except DatabaseError as reason:
        code, told, _ = _said(reason)
        if code in _LOGIN:
            raise Fault("fault.database-login", address=server.shown, reason=told) from None
        if code == _NO_DATABASE:
            raise Fault(
                "fault.no-database", address=server.shown, database=one_line(server.database)
            ) from None
        raise Fault("fault.database-unreachable", address=server.shown, reason=told) from None
    except Exception as reason:  # noqa: BLE001
        # The driver takes any answer for a server's, and asks a password that is not there for
        # its bytes. What it then raises says nothing to a user.
        if server.password is None and isinstance(reason, AttributeError | InterfaceError):
            told = "no password was given"
            raise Fault("fault.database-login", address=server.shown, reason=told) from None
        told = "it does not answer" if isinstance(reason, TimeoutError) else _NO_SERVER
        raise Fault("fault.database-unreachable", address=server.shown, reason=told) from None


@contextlib.contextmanager
def _query_told(place: str, query: str = "") -> Iterator[None]:
    """Turn what a server says to a query into a message."""
    from pg8000.exceptions import DatabaseError, InterfaceError

    try:
        yield
    except DatabaseError as reason:
        code, told, position = _said(reason)
        if code == _CANCELLED:
            raise too_slow(place, QUERY_SECONDS) from reason
        raise refused(place, told, query, position if query else 0) from reason
    except TimeoutError as reason:
        raise too_slow(place, QUERY_SECONDS) from reason
    except (InterfaceError, OSError, LookupError, ValueError, struct.error) as reason:
        # The driver believes what it is sent; from a broken server it may be anything.
        raise refused(place, "the connection was lost") from reason


def _said(reason: Exception) -> tuple[str, str, int]:
    """Return the code, the message and the position that a server tells."""
    told = reason.args[0] if reason.args and isinstance(reason.args[0], dict) else {}
    parts = [told.get(key) for key in ("M", "H")]
    position = str(told.get("P", "0"))
    return (
        str(told.get("C", "")),
        ". ".join(one_line(part) for part in parts if part),
        int(position) if position.isdecimal() else 0,
    )
