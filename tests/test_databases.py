"""Databases load like files, and nothing in them or asked of them writes or tells a secret."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import traceback
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import duckdb
import polars as pl
import pytest
from made_up import SMALL, folder_bytes
from pg8000.native import Connection, identifier, literal

import klaster
from klaster.loaders.databases import duckdb_file, postgresql, query, sqlite_file
from klaster.loaders.databases.database import (
    address_without_secrets,
    database_name,
    fingerprint_tables,
    is_database,
    read_database,
)
from klaster.loaders.databases.postgresql import server_of
from klaster.loaders.raw import RawTable
from klaster.loaders.table_files import read_folder
from klaster.ontology.faults import Fault, SourceError

# Every sign that must be encoded in an address.
PASSWORD = "pa@ss/wo:rd?#%ў"  # noqa: S105
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), "wo:rd", "wo%3Ard")


def read(source, queries=None, wanted=None) -> dict[str, RawTable]:
    return {raw.name: raw for raw in read_database(str(source), queries or {}, wanted)}


def answer(source, sql: str) -> dict[str, list[str | None]]:
    (raw,) = read(source, {"t": sql}).values()
    return raw.frame.to_dict(as_series=False)


def fault_of(source, sql: str = "SELECT 1 AS a") -> Fault:
    with pytest.raises(Fault) as caught:
        read(source, {"t": sql})
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert not [secret for secret in SECRETS if secret in told]
    return caught.value


def key_of(source, sql: str = "SELECT 1 AS a") -> str:
    fault = fault_of(source, sql)
    return fault.faults[0].key if isinstance(fault, SourceError) else fault.key


# -- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "postgresql://db.example/firms",
        "postgres://db.example",
        "PostgreSQL://db.example",
        "sqlite:///firms.db",
        "duckdb:////data/firms",
        "data/firms.sqlite",
        "data/Firms.SQLite3",
        "firms.duckdb",
    ],
)
def test_an_address_or_a_suffix_names_a_database(source) -> None:
    assert is_database(source)


@pytest.mark.parametrize(
    "source", ["firms.csv", "firms", "https://db.example", "mysql://db.example/firms", "no.db", ""]
)
def test_other_sources_are_no_databases(source) -> None:
    assert not is_database(source)


def test_a_file_called_db_is_a_database_if_it_says_so_itself(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as file:
        file.execute("CREATE TABLE actors AS SELECT 'a' AS id")
    with closing(duckdb.connect(tmp_path / "b.db")) as file:
        file.execute("CREATE TABLE actors AS SELECT 'b' AS id")
    (tmp_path / "c.db").write_bytes(b"thumbnails")
    assert [is_database(str(tmp_path / f"{name}.db")) for name in "abc"] == [True, True, False]
    assert read(tmp_path / "a.db")["actors"].frame["id"].to_list() == ["a"]
    assert read(tmp_path / "b.db")["actors"].frame["id"].to_list() == ["b"]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (
            "postgresql://u:word@db.example:5432/firms?sslmode=require",
            "postgresql://u@db.example:5432/firms?sslmode=require",
        ),
        ("postgresql://u:w:o:r:d@[::1]/firms", "postgresql://u@[::1]/firms"),
        ("postgresql:///firms?user=u&password=word", "postgresql:///firms?user=u"),
        ("postgresql:///firms?host=/run&options=-cx.y=word", "postgresql:///firms?host=/run"),
        ("postgresql:///firms?%70assword=word", "postgresql:///firms"),
        ("postgresql:///firms?sslmode=require;password=word", None),
        ("postgresql://u:wo@word@db.example/firms", "postgresql://…"),
        ("postgresql://u:wo/word@db.example/firms", "postgresql://…"),
        ("postgresql://u:wo#word@db.example/firms", "postgresql://…"),
        ("postgresql://u:wo?word@db.example/firms", None),
        ("postgresql://u:word", "postgresql://…"),
        ("sqlite:///firms.db?key=word", "sqlite:///firms.db"),
        ("data/firms.sqlite", "data/firms.sqlite"),
    ],
)
def test_an_address_is_shown_without_secrets(source, shown) -> None:
    found = address_without_secrets(source)
    assert "word" not in found
    assert shown is None or found == shown


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("postgresql://u:word@db.example/Firms%202024?sslmode=require", "Firms 2024"),
        ("postgresql://u@db.example", "u"),
        ("sqlite:///data/firms.db", "firms"),
        ("data/firms.duckdb", "firms"),
    ],
)
def test_a_database_has_a_name(source, name, monkeypatch) -> None:
    monkeypatch.delenv("PGDATABASE", raising=False)
    assert database_name(source) == name


@pytest.mark.parametrize(
    "source",
    [
        f"postgresql://u:{PASSWORD}@127.0.0.1/firms",
        f"postgresql://u:{quote(PASSWORD, safe='')}@127.0.0.1:70000/firms",
        f"postgresql://u:{quote(PASSWORD, safe='')}@127.0.0.1:port/firms",
        f"postgresql://u:{quote(PASSWORD, safe='')}@127.0.0.1/firms?sslmode=perhaps",
        f"postgresql://u:{quote(PASSWORD, safe='')}@127.0.0.1/firms?colour=red",
        f"postgresql://u:{quote(PASSWORD, safe='')}%00@127.0.0.1/firms",
        f"sqlite:///firms.db?key={quote(PASSWORD, safe='')}",
    ],
)
def test_what_is_no_address_is_refused(source) -> None:
    assert key_of(source) == "fault.database-address"


def test_the_parts_of_an_address_are_decoded() -> None:
    server = server_of(
        f"postgresql://a%40b:{quote(PASSWORD, safe='')}@[::1]:5433/d%2Fb?sslmode=require"
    )
    assert (server.user, server.host, server.port) == ("a@b", "::1", 5433)
    assert (server.database, server.mode, server.password) == ("d/b", "require", PASSWORD)
    assert server_of("postgresql://%2Frun%2Fpg/firms").host == "/run/pg"


def test_a_password_comes_from_the_environment_or_the_users_own_file(tmp_path, monkeypatch) -> None:
    kept = tmp_path / "pgpass"
    kept.write_text("# u's\nother:*:*:*:no\ndb.example:5432:firms:u:a\\:b\\\\c\n", "utf-8")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert server_of("postgresql://u@db.example/firms").password == "a:b\\c"  # noqa: S105
    assert server_of("postgresql://u@db.example/else").password is None
    kept.chmod(0o644)
    assert server_of("postgresql://u@db.example/firms").password is None
    monkeypatch.setenv("PGPASSWORD", "word")
    assert server_of("postgresql://u@db.example/firms").password == "word"  # noqa: S105
    assert server_of("postgresql://u:own@db.example/firms").password == "own"  # noqa: S105


# -- a server -----------------------------------------------------------------------------------


def programs() -> Path | None:
    """Return where PostgreSQL's programs are; Debian keeps them by version, not on the path."""
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = kept[-1] if kept else shutil.which("initdb")
    return Path(found).parent if found else None


def has_user(name: str) -> bool:
    import pwd

    return name in {user.pw_name for user in pwd.getpwall()}


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as line:
        return line.getsockname()[1]


@contextmanager
def running_server(bin_folder: Path, folder: Path):
    """Run a server on loopback and yield its port; it refuses to be run by the superuser."""
    owner = "postgres" if hasattr(os, "getuid") and os.getuid() == 0 else None
    if owner:
        shutil.chown(folder, owner, owner)
    kept = folder / "password"
    kept.write_text(PASSWORD, "utf-8")
    kept.chmod(0o644)

    def run(*command: str | Path) -> None:
        # A server that stays would keep a pipe open, and who started it waiting.
        subprocess.run(
            command,
            check=True,
            cwd=folder,
            timeout=120,
            user=owner,
            group=owner,
            extra_groups=[owner] if owner else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    port, data = free_port(), folder / "data"
    locale = ["--encoding=UTF8", "--locale=C", "--no-sync", "--auth=scram-sha-256"]
    run(bin_folder / "initdb", "-D", data, "-U", "owner", f"--pwfile={kept}", *locale)
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -k {folder} -c fsync=off"
    if shutil.which("openssl"):
        subject = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"]
        keys: list[str | Path] = [
            "-nodes",
            "-keyout",
            data / "server.key",
            "-out",
            data / "server.crt",
        ]
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "2", *subject, *keys)
        run("chmod", "600", data / "server.key")
        settings += " -c ssl=on"
        shutil.copy(data / "server.crt", folder / "root.crt")
    run(bin_folder / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start")
    try:
        yield port
    finally:
        run(bin_folder / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def server():
    """The folder and the port of a server that was started for the tests."""
    bin_folder = programs()
    if not bin_folder:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    if os.name == "posix" and os.getuid() == 0 and not has_user("postgres"):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    # The folder of a test run is closed to other users, and the server's is another user.
    with (
        tempfile.TemporaryDirectory(prefix="klaster-") as folder,
        running_server(bin_folder, Path(folder)) as port,
    ):
        with entered(port) as owner:
            owner.run("CREATE DATABASE firms TEMPLATE template0")
            owner.run("CREATE DATABASE old TEMPLATE template0 ENCODING 'WIN1251' LOCALE 'C'")
        yield Path(folder), port


def address(port: int, *, database: str = "postgres", user: str = "owner", more: str = "") -> str:
    word = quote(PASSWORD, safe="")
    return f"postgresql://{user}:{word}@127.0.0.1:{port}/{database}{more}"


@contextmanager
def entered(port: int, database: str = "postgres"):
    connection = Connection(
        "owner", host="127.0.0.1", port=port, password=PASSWORD, database=database
    )
    with closing(connection):
        yield connection


@pytest.fixture
def pg(server):
    """The address of an empty database, entered as the server's owner, who may do anything."""
    _, port = server
    with entered(port, "firms") as owner:
        for schema in ("public", "other"):
            owner.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        owner.run("CREATE SCHEMA public")
        owner.run("GRANT USAGE ON SCHEMA public TO public")
    return address(port, database="firms")


@pytest.fixture
def owner(server, pg):
    with entered(server[1], "firms") as connection:
        yield connection


# What is selected, and what one would type into a CSV file.
PG_VALUES = {
    "12.500::numeric": "12.5",
    "100::numeric": "100",
    "1e7::numeric": "10000000",
    "12345678901234567890.123456789::numeric": "12345678901234567890.123456789",
    "'NaN'::numeric": None,
    "10000000.50::money": "10000000.5",
    "7::float8": "7",
    "0.1::float4": "0.1",
    "0.1::float8": "0.1",
    "10000000::float8": "10000000",
    "'NaN'::float8": None,
    "9223372036854775807": "9223372036854775807",
    "true": "true",
    "false": "false",
    "NULL::bool": None,
    "NULL": None,
    "''": None,
    "'  '": None,
    "date '2024-05-31'": "2024-05-31",
    "timestamp '2024-05-31'": "2024-05-31",
    "timestamp '2024-05-31 10:20:30.5'": "2024-05-31T10:20:30.5",
    "timestamptz '2024-05-31 00:00'": "2024-05-31",
    "ARRAY[1,2,NULL,3]": "1;2;3",
    "ARRAY[true,false]": "true;false",
    "ARRAY[1.50,2]::numeric[]": "1.5;2",
    "ARRAY[date '2024-05-31']": "2024-05-31",
    "ARRAY['a b','c']": "a b;c",
    "'{}'::text[]": None,
    "NULL::int[]": None,
    "'Oʻzbekiston gʻoʻzasi — Ғўза, қ, ҳ'": "Oʻzbekiston gʻoʻzasi — Ғўза, қ, ҳ",
    "E'two\\nlines, \"quoted\"; \\\\.'": 'two\nlines, "quoted"; \\.',
    "'{\"a\": [1, 2]}'::jsonb": '{"a": [1, 2]}',
    "'a'::char(5)": "a",
    "'00000000-0000-0000-0000-00000000000a'::uuid": "00000000-0000-0000-0000-00000000000a",
    '1 AS "a"': "1",
}


def test_values_of_postgresql_are_written_as_in_a_csv_file(pg) -> None:
    names = [f"v{index}" for index in range(len(PG_VALUES))]
    selected = ", ".join(
        value if " AS " in value else f"{value} AS {name}"
        for name, value in zip(names, PG_VALUES, strict=True)
    )
    (row,) = read(pg, {"t": f"SELECT {selected}"})["t"].frame.drop("row").rows()
    assert dict(zip(PG_VALUES, row, strict=True)) == PG_VALUES


@pytest.mark.parametrize("value", ["'\\x00'::bytea", "ARRAY['\\x00'::bytea]", "(1, 2)"])
def test_values_of_postgresql_that_are_no_cells_are_refused(pg, value) -> None:
    assert key_of(pg, f"SELECT 1 AS a, {value} AS b") == "fault.no-cells"


def test_domains_and_enumerations_are_written_as_what_they_rest_on(owner, pg) -> None:
    owner.run("CREATE DOMAIN yes AS boolean")
    owner.run("CREATE TYPE kind AS ENUM ('enterprise')")
    assert answer(pg, "SELECT true::yes AS a, ARRAY[true::yes] AS b, 'enterprise'::kind AS c") == {
        "row": [2],
        "a": ["true"],
        "b": ["true"],
        "c": ["enterprise"],
    }


def test_the_tables_and_views_of_the_search_path_are_read(owner, pg) -> None:
    hostile = 'x"; DROP TABLE actors; --'
    for statement in (
        "CREATE TABLE actors (id text)",
        "INSERT INTO actors VALUES ('a')",
        "CREATE VIEW clusters AS SELECT id FROM actors",
        "CREATE TABLE supplies (year int) PARTITION BY LIST (year)",
        "CREATE TABLE supplies_2024 PARTITION OF supplies FOR VALUES IN (2024)",
        "INSERT INTO supplies VALUES (2024)",
        f"CREATE TABLE {identifier(hostile)} (id text)",
        "CREATE SCHEMA other CREATE TABLE hidden (id text)",
    ):
        owner.run(statement)
    found = read(pg)
    assert sorted(found) == ["actors", "clusters", "supplies", hostile]
    assert found["supplies"].frame["year"].to_list() == ["2024"]
    assert list(read(pg, wanted=lambda name: name == "clusters")) == ["clusters"]
    assert list(read(f"{pg}?options=-csearch_path%3Dother")) == ["hidden"]


def test_rows_are_counted_as_below_a_header_even_where_one_is_empty(pg, server) -> None:
    raw = read(pg, {"actors": "VALUES (NULL), ('a'), (NULL), ('b');"})["actors"]
    assert raw.frame.rows() == [(3, "a"), (5, "b")]
    assert raw.place == f"postgresql://owner@127.0.0.1:{server[1]}/firms, actors"
    assert raw.locator == "actors"


@pytest.mark.parametrize("kind", ["pg", "sqlite", "duck"])
def test_headers_that_stand_twice_or_mean_something_else_are_told(kind, request) -> None:
    source = request.getfixturevalue(kind)
    raw = read(source, {"t": 'SELECT 1 AS a, 2 AS a, 3 AS "row", 4 AS "q""; --"'})["t"]
    assert raw.repeated == ("a",)
    assert raw.frame.rows(named=True) == [{"row": 2, "a": "1", "“row”": "3", 'q"; --': "4"}]
    assert answer(source, "SELECT 1 AS a WHERE 1 = 2") == {"row": [], "a": []}


def test_rows_come_in_the_order_that_a_query_asks(pg) -> None:
    found = answer(pg, "SELECT i AS a FROM generate_series(1, 3) AS g(i) ORDER BY i DESC")
    assert found["a"] == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT 1; DROP TABLE actors", "fault.query"),
        ("SELECT 1) AS q; DROP TABLE actors; --", "fault.query-at"),
        ("SELECT 1) TO PROGRAM 'true'; --", "fault.query-at"),
        ("SELECT 1) AS q; COMMIT; DROP TABLE actors; --", "fault.query-at"),
        ("DELETE FROM actors", "fault.query-kind"),
        ("/* SELECT */ DELETE FROM actors RETURNING id", "fault.query-kind"),
        ("/* /* */ SELECT */ DELETE FROM actors RETURNING id", "fault.query"),
        ("WITH gone AS (DELETE FROM actors RETURNING id) SELECT id FROM gone", "fault.query"),
        ("WITH a AS (SELECT 1) DELETE FROM actors RETURNING id", "fault.query"),
        ("SELECT id INTO other FROM actors", "fault.query-kind"),
        ("SELECT id FROM actors FOR UPDATE", "fault.query"),
        ("SELECT nextval('numbers')", "fault.query"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "fault.query"),
        ("COPY actors TO PROGRAM 'true'", "fault.query-kind"),
        ("COPY (SELECT 1) TO STDOUT", "fault.query-kind"),
        ("DO $$ BEGIN DELETE FROM actors; END $$", "fault.query-kind"),
        ("CALL emptied()", "fault.query-kind"),
        ("SELECT emptied_by()", "fault.query"),
        ("EXPLAIN ANALYZE DELETE FROM actors", "fault.query-kind"),
        ("SELECT $1", "fault.query"),
        ("SELECT 'a\0'", "fault.query-kind"),
        ("SELECT '\udcff'", "fault.query-kind"),
        ("", "fault.query-kind"),
    ],
)
def test_a_query_of_postgresql_changes_nothing_even_for_the_servers_owner(
    owner, pg, sql, key
) -> None:
    for statement in (
        "CREATE TABLE actors (id text)",
        "INSERT INTO actors VALUES ('a'), ('b')",
        "CREATE SEQUENCE numbers",
        "CREATE PROCEDURE emptied() LANGUAGE SQL AS 'DELETE FROM actors'",
        """CREATE FUNCTION emptied_by() RETURNS int LANGUAGE plpgsql AS
          'BEGIN DELETE FROM actors; RETURN 1; END'""",
    ):
        owner.run(statement)
    assert key_of(pg, sql) == key
    assert owner.run("SELECT count(*), (SELECT last_value FROM numbers) FROM actors") == [[2, 1]]
    assert owner.run("SELECT count(*) FROM pg_class WHERE relname = 'other'") == [[0]]


def test_nothing_that_a_query_does_on_the_server_is_kept(owner, pg) -> None:
    with closing(postgresql.PostgreSQL(server_of(pg))) as database:
        # Before version 16, this is allowed where nothing may be written.
        try:
            database.answer("t", "SELECT lo_create(0) AS a")
        except Fault as fault:
            assert fault.key == "fault.query"
    assert owner.run("SELECT count(*) FROM pg_largeobject_metadata") == [[0]]


def test_a_refused_query_is_told_with_the_servers_reason_and_place(pg) -> None:
    fault = fault_of(pg, "SELECT 1,\n  nowhere FROM pg_class")
    assert fault.key == "fault.query-at"
    assert (fault.values["line"], fault.values["column"]) == (2, 3)
    assert "nowhere" in str(fault)
    missing = fault_of(pg, "SELECT * FROM nothing_here")
    assert "nothing_here" in str(missing)
    assert fault_of(pg, "SELECT 1 / 0 AS a").key == "fault.query"


def test_what_a_server_says_cannot_move_the_cursor(pg) -> None:
    assert "\x1b" not in str(fault_of(pg, 'SELECT "\x1b[2J\n" FROM pg_class'))


def test_a_user_may_be_denied_a_table(owner, pg, server) -> None:
    owner.run("DROP ROLE IF EXISTS reader")
    owner.run(f"CREATE ROLE reader LOGIN PASSWORD {literal(PASSWORD)}")
    owner.run("CREATE TABLE actors (id text)")
    source = address(server[1], database="firms", user="reader")
    fault = fault_of(source, "SELECT * FROM actors")
    assert fault.key == "fault.query"
    assert "actors" in str(fault)


def test_all_tables_are_read_as_they_were_at_one_moment(owner, pg) -> None:
    for name in ("actors", "clusters"):
        owner.run(f"CREATE TABLE {name} (id text)")
    tables = read_database(pg, {})
    assert next(tables).frame.is_empty()
    owner.run("INSERT INTO clusters VALUES ('late')")
    assert [raw.frame.is_empty() for raw in tables] == [True]


def test_a_server_sees_who_reads(pg) -> None:
    sql = "SELECT application_name AS a FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    assert answer(pg, sql)["a"] == ["klaster"]


def test_a_slow_query_of_postgresql_is_stopped(pg, monkeypatch) -> None:
    monkeypatch.setattr(postgresql, "QUERY_SECONDS", 1)
    assert key_of(pg, "SELECT pg_sleep(60)::text AS a") == "fault.query-time"


def test_a_database_in_another_encoding_is_read(server) -> None:
    _, port = server
    assert answer(address(port, database="old"), "SELECT 'Пахта' AS a")["a"] == ["Пахта"]


@pytest.mark.parametrize("kind", ["pg", "sqlite", "duck"])
def test_a_cell_without_bounds_and_an_answer_without_bounds_are_refused(
    kind, request, monkeypatch
) -> None:
    source = request.getfixturevalue(kind)
    digits = "SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3"
    crossed = "SELECT 'abcdefgh' AS a FROM d, d AS e, d AS f, d AS g, d AS h"
    many = f"WITH d AS ({digits}) {crossed}"
    assert len(answer(source, many)["a"]) == 1024
    monkeypatch.setattr(query, "UNPACKED_LIMIT", 5_000)
    assert key_of(source, many) == "fault.query-size"
    monkeypatch.setattr(query, "UNPACKED_LIMIT", 1_000_000)
    assert key_of(source, f"SELECT '{'x' * 100_001}' AS a") == "fault.long-cell"


# -- the door of a server -----------------------------------------------------------------------


def test_a_wrong_password_is_told_and_not_shown(server, monkeypatch) -> None:
    _, port = server
    wrong = address(port, user="nobody")
    assert key_of(wrong) == "fault.database-login"
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", "no-such-file")
    none = fault_of(f"postgresql://owner@127.0.0.1:{port}/postgres")
    assert none.key == "fault.database-login"
    assert "PGPASSWORD" in str(none)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert answer(f"postgresql://owner@127.0.0.1:{port}/postgres", "SELECT 1 AS a")["a"] == ["1"]


def test_a_database_or_a_server_that_is_not_there_is_told(server) -> None:
    _, port = server
    fault = fault_of(address(port, database="no-such"))
    assert (fault.key, fault.values["database"]) == ("fault.no-database", "no-such")
    assert key_of(address(free_port())) == "fault.database-unreachable"
    elsewhere = address(port).replace("127.0.0.1", "no-such-host.invalid")
    assert key_of(elsewhere) == "fault.database-unreachable"
    sockets = f"postgresql:///x?host=/no/such&user=u&password={quote(PASSWORD, safe='')}"
    assert key_of(sockets) == "fault.database-unreachable"


def test_a_socket_of_the_machine_leads_to_the_server(server) -> None:
    folder, port = server
    word = quote(PASSWORD, safe="")
    source = f"postgresql:///postgres?host={folder}&port={port}&user=owner&password={word}"
    assert answer(source, "SELECT 1 AS a")["a"] == ["1"]


@contextmanager
def other_server(reply: bytes):
    """Listen on loopback and give everyone who asks the same reply, or none at all."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        lines = []

        def serve() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                lines.append(line)
                if reply:
                    line.recv(100)
                    line.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for line in lines:
                line.close()


@pytest.mark.parametrize(
    "reply",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"N" + b"\xff" * 50, b"NX\0\0\0\x08what", b"S" * 9, b""],
    ids=["http", "noise", "a letter of no message", "no TLS behind its promise", "silence"],
)
@pytest.mark.parametrize("mode", ["prefer", "disable"])
def test_what_is_no_postgresql_server_is_told_in_time(reply, mode, monkeypatch) -> None:
    monkeypatch.setattr(postgresql, "CONNECT_SECONDS", 1)
    with other_server(reply) as port:
        key = key_of(address(port, more=f"?sslmode={mode}"))
    assert key in ("fault.database-unreachable", "fault.database-tls")


@pytest.fixture
def certificate(server) -> Path:
    kept = server[0] / "root.crt"
    if not kept.exists():
        pytest.skip("openssl is not installed: the server has no certificate")
    return kept


def test_a_connection_is_secured_as_the_address_asks(server, certificate) -> None:
    _, port = server
    sql = "SELECT ssl AS a FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    for more, secured in {
        "": "true",
        "?sslmode=disable": "false",
        "?sslmode=require": "true",
        f"?sslmode=verify-full&sslrootcert={certificate}": "true",
    }.items():
        assert answer(address(port, more=more), sql)["a"] == [secured]


def test_a_certificate_of_no_known_authority_or_of_another_host_is_refused(
    server, certificate
) -> None:
    _, port = server
    assert key_of(address(port, more="?sslmode=verify-full")) == "fault.database-tls"
    other = address(port, more=f"?sslmode=verify-full&sslrootcert={certificate}")
    assert key_of(other.replace("127.0.0.1", "localhost")) == "fault.database-tls"
    by_authority = other.replace("verify-full", "verify-ca").replace("127.0.0.1", "localhost")
    assert answer(by_authority, "SELECT 1 AS a")["a"] == ["1"]
    missing = address(port, more="?sslmode=verify-full&sslrootcert=no-such-file")
    assert key_of(missing) in ("fault.database-tls", "fault.database-unreachable")


# -- files --------------------------------------------------------------------------------------


@pytest.fixture
def sqlite(tmp_path) -> Path:
    path = tmp_path / "firms ?#%41 'a'.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(
            """
            CREATE TABLE actors (id, "na""me", price);
            INSERT INTO actors VALUES (1, 'Ғўза', 2.50), ('b', 1.0, 'much'), (NULL, '', NULL);
            CREATE VIEW clusters AS SELECT id FROM actors;
            CREATE TABLE "x""; DROP TABLE actors; --" (day);
            INSERT INTO "x""; DROP TABLE actors; --" VALUES ('2024-05-31 00:00:00.000');
            """
        )
    return path


@pytest.fixture
def duck(tmp_path) -> Path:
    # DuckDB itself cannot open a file with a question mark in its name.
    path = tmp_path / "firms #%41 'a'.duckdb"
    other = tmp_path / "other.csv"
    other.write_text("id\nsecret\n", "utf-8")
    with closing(duckdb.connect(path)) as file:
        file.execute("CREATE TABLE actors AS SELECT unnest(['a', 'b']) AS id")
        file.execute("CREATE VIEW clusters AS SELECT id FROM actors")
        file.execute(f"CREATE VIEW outside AS FROM read_csv('{other}')")
        file.execute('CREATE TABLE "x""; DROP TABLE actors; --" (day DATE)')
    return path


def test_loosely_typed_cells_of_sqlite_are_read_as_they_are(sqlite) -> None:
    found = read(sqlite)
    assert list(found) == ["actors", "clusters", 'x"; DROP TABLE actors; --']
    assert found["actors"].frame.rows(named=True) == [
        {"row": 2, "id": "1", 'na"me': "Ғўза", "price": "2.5"},
        {"row": 3, "id": "b", 'na"me': "1", "price": "much"},
    ]
    assert found['x"; DROP TABLE actors; --'].frame["day"].to_list() == ["2024-05-31"]
    assert found["actors"].place == f"{sqlite}, actors"


def test_an_address_of_a_file_is_decoded(sqlite, duck) -> None:
    for scheme, path in (("sqlite", sqlite), ("duckdb", duck)):
        found = read(f"{scheme}:///{quote(str(path))}", wanted=lambda name: name == "clusters")
        assert found["clusters"].frame.height == 2


def test_the_index_of_a_full_text_table_is_no_table(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as file:
        file.execute("CREATE VIRTUAL TABLE notes USING fts5(body)")
        file.execute("INSERT INTO notes VALUES ('paxta')")
        file.commit()
    found = read(tmp_path / "a.sqlite")
    assert {name: raw.frame["body"].to_list() for name, raw in found.items()} == {
        "notes": ["paxta"]
    }


def folder_state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT 1; DROP TABLE actors", "fault.query"),
        ("DELETE FROM actors", "fault.query-kind"),
        ("WITH a AS (SELECT 1) DELETE FROM actors", "fault.query"),
        ("WITH a AS (SELECT 1) INSERT INTO actors SELECT 1, 2, 3 FROM a", "fault.query"),
        ("ATTACH 'other.sqlite' AS other", "fault.query-kind"),
        ("/* /* */ ATTACH 'other.sqlite' AS other", "fault.query-kind"),
        ("VACUUM INTO 'other.sqlite'", "fault.query-kind"),
        ("PRAGMA writable_schema = ON", "fault.query-kind"),
        ("SELECT * FROM pragma_database_list", "fault.query"),
        ("SELECT load_extension('other')", "fault.query"),
        ("SELECT zeroblob(1000000000)", "fault.query"),
        ("SELECT x'00' AS a", "fault.no-cells"),
        ("SELECT CAST(x'ff41' AS text) AS a", "fault.not-utf8-cell"),
        ("SELECT char(0) || 'a' AS a", "fault.nul"),
        ("SELECT nowhere FROM actors", "fault.query"),
        ("SELECT * FROM nothing", "fault.query"),
        ("SELECT ?", "fault.query"),
    ],
)
def test_a_query_of_sqlite_reads_its_own_file_and_nothing_else(sqlite, sql, key) -> None:
    before = folder_state(sqlite.parent)
    assert key_of(sqlite, sql) == key
    assert folder_state(sqlite.parent) == before


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("SELECT 1; DROP TABLE actors", "fault.query-kind"),
        ("SELECT 1) AS q; DROP TABLE actors; --", "fault.query"),
        ("DELETE FROM actors", "fault.query-kind"),
        ("ATTACH 'other.duckdb'", "fault.query-kind"),
        ("COPY actors TO 'other.csv'", "fault.query-kind"),
        ("SET enable_external_access = true", "fault.query-kind"),
        ("INSTALL httpfs", "fault.query-kind"),
        ("SELECT * FROM read_csv('/etc/passwd')", "fault.query"),
        ("SELECT * FROM read_text('/etc/passwd')", "fault.query"),
        ("SELECT * FROM '/etc/passwd'", "fault.query"),
        ("SELECT * FROM glob('/*')", "fault.query"),
        ("SELECT * FROM read_csv('https://127.0.0.1/a.csv')", "fault.query"),
        ("SELECT * FROM outside", "fault.query"),
        ("SELECT * FROM duck", "fault.query"),
        ("SELECT {'a': 1} AS a", "fault.no-cells"),
        ("SELECT [[1]] AS a", "fault.no-cells"),
        ("SELECT 'x'::BLOB AS a", "fault.no-cells"),
        ("SELECT nowhere FROM actors", "fault.query"),
        ("DESCRIBE actors", "fault.query-kind"),
    ],
)
def test_a_query_of_duckdb_reads_its_own_file_and_nothing_else(duck, sql, key) -> None:
    before = folder_state(duck.parent)
    assert key_of(duck, sql) == key
    assert folder_state(duck.parent) == before


DUCK_VALUES = {
    "12.500::DECIMAL(9,3)": "12.5",
    "100::DECIMAL(9,0)": "100",
    "170141183460469231731687303715884105727::HUGEINT": "170141183460469231731687303715884105727",
    "7::DOUBLE": "7",
    "0.1::FLOAT": "0.1",
    "10000000::DOUBLE": "10000000",
    "'nan'::DOUBLE": None,
    "true": "true",
    "NULL": None,
    "''": None,
    "DATE '2024-05-31'": "2024-05-31",
    "TIMESTAMP '2024-05-31'": "2024-05-31",
    "TIMESTAMP '2024-05-31 10:20:30.5'": "2024-05-31T10:20:30.5",
    "TIMESTAMPTZ '2024-05-31 05:00:00+05'": "2024-05-31",
    "[1, 2, NULL, 3]": "1;2;3",
    "[1.50::DECIMAL(4,2), 2]": "1.5;2",
    "[true, false]::BOOLEAN[2]": "true;false",
    "['a b', 'c']": "a b;c",
    "NULL::INTEGER[]": None,
    "'Oʻzbekiston Ғўза'": "Oʻzbekiston Ғўза",
    "'{\"a\": 1}'::JSON": '{"a": 1}',
    "'a'::ENUM ('a', 'b[]')": "a",
}


def test_values_of_duckdb_are_written_as_in_a_csv_file(duck) -> None:
    selected = ", ".join(f"{value} AS v{index}" for index, value in enumerate(DUCK_VALUES))
    (row,) = read(duck, {"t": f"SELECT {selected}"})["t"].frame.drop("row").rows()
    assert dict(zip(DUCK_VALUES, row, strict=True)) == DUCK_VALUES


def test_a_query_that_never_ends_is_stopped(sqlite, duck, monkeypatch) -> None:
    monkeypatch.setattr(sqlite_file, "QUERY_SECONDS", 1)
    monkeypatch.setattr(duckdb_file, "QUERY_SECONDS", 1)
    endless = (
        "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r"
    )
    assert key_of(sqlite, endless) == "fault.query-time"
    product = "SELECT count(*) FROM range(100000000) AS a, range(100000000) AS b"
    assert key_of(duck, product) == "fault.query-time"


@pytest.mark.parametrize("kind", ["sqlite", "duck"])
def test_a_file_that_is_no_database_is_told(kind, request, tmp_path) -> None:
    path = request.getfixturevalue(kind)
    content = path.read_bytes()
    broken = path.with_name(f"broken{path.suffix}")
    assert key_of(broken) == "fault.not-there"
    for found, keys in {
        b"": {"fault.empty-file"},
        b"no database at all": {"fault.damaged-file"},
        content[:5000]: {"fault.damaged-file", "fault.unreadable"},
        content[:100] + b"\xff" * 20_000: {"fault.damaged-file", "fault.unreadable"},
    }.items():
        broken.write_bytes(found)
        assert key_of(broken, "SELECT * FROM actors") in keys
    broken.unlink()
    broken.mkdir()
    assert key_of(broken) == "fault.no-file"


def test_a_database_that_another_program_has_open_is_read_and_left_alone(tmp_path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE actors AS SELECT 'a' AS id")
        file.commit()
        assert answer(path, "SELECT id FROM actors")["id"] == ["a"]
    assert answer(path, "SELECT id FROM actors")["id"] == ["a"]
    assert list(folder_state(tmp_path)) == ["a.sqlite"]


def test_what_is_still_in_the_log_of_duckdb_is_read(tmp_path) -> None:
    path = tmp_path / "a.duckdb"
    with closing(duckdb.connect(path)) as file:
        file.execute("PRAGMA disable_checkpoint_on_shutdown")
        file.execute("CREATE TABLE actors AS SELECT 'a' AS id")
    assert (tmp_path / "a.duckdb.wal").exists()
    before = folder_state(tmp_path)
    assert answer(path, "SELECT id FROM actors")["id"] == ["a"]
    assert folder_state(tmp_path) == before


# -- the same rows everywhere -------------------------------------------------------------------


def columns_of(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def fill(run, tables: dict[str, list[dict[str, str]]]) -> None:
    """Write tables by SQL that all databases understand, empty cells as null."""
    for name, rows in tables.items():
        titles = columns_of(rows)
        run(f"CREATE TABLE {name} ({', '.join(f'{title} TEXT' for title in titles)})")
        for row in rows:
            cells = (row.get(title) for title in titles)
            written = ("NULL" if not cell else f"'{cell}'" for cell in cells)
            run(f"INSERT INTO {name} VALUES ({', '.join(written)})")


def test_the_same_tables_are_read_alike_from_every_database_and_from_files(
    owner, pg, tmp_path, small_source
) -> None:
    fill(owner.run, SMALL)
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as file, file:
        fill(file.execute, SMALL)
    with closing(duckdb.connect(tmp_path / "a.duckdb")) as duck_file:
        fill(duck_file.execute, SMALL)
    expected = {raw.name: raw.frame for raw in read_folder(small_source, [])}
    assert len(expected) == len(SMALL)
    prints = set()
    for source in (pg, tmp_path / "a.sqlite", tmp_path / "a.duckdb"):
        found = read(source)
        assert found.keys() == expected.keys()
        for name, raw in found.items():
            assert raw.frame.rows(named=True) == expected[name].rows(named=True), name
        prints.add(fingerprint_tables(found.values()))
    assert prints == {fingerprint_tables(read_folder(small_source, []))}


def table(text: str, name: str = "actors") -> RawTable:
    rows = list(csv.reader(io.StringIO(text)))
    frame = pl.DataFrame(rows[1:], schema=dict.fromkeys(rows[0], pl.String), orient="row")
    return RawTable(name, name, name, frame.with_row_index("row", offset=2))


def test_a_fingerprint_tells_contents_and_not_their_order() -> None:
    one = table("id,name\na,A\nb,B\n")
    whole = fingerprint_tables([one, table("id\nc\n", "clusters")])
    same = fingerprint_tables([table("id\nc\n", "clusters"), table("name,id\nB,b\nA,a\n")])
    assert whole == same
    assert len(whole) == 64


@pytest.mark.parametrize(
    "changed",
    [
        table("id,name\na,A\n"),
        table("id,name\na,A\nb,B\nb,B\n"),
        table("id,name\na,B\nb,A\n"),
        table("id,name\na,A\nbB,\n"),
        table("id,name\naA,\nb,B\n"),
        table("id,title\na,A\nb,B\n"),
        table("id,name\na,A\nb,B\n", "clusters"),
        table("id,name,x\na,A,\nb,B,\n"),
    ],
)
def test_a_fingerprint_changes_with_the_contents(changed) -> None:
    assert fingerprint_tables([changed]) != fingerprint_tables([table("id,name\na,A\nb,B\n")])


def test_days_and_texts_of_a_table_written_by_python_are_read(tmp_path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as file, file:
        file.execute(
            "CREATE TABLE actors (id TEXT, founded TIMESTAMP, share REAL, exporter BOOLEAN)"
        )
        day = dt.datetime(2024, 5, 31).isoformat(" ")  # noqa: DTZ001
        file.execute("INSERT INTO actors VALUES ('a', ?, 0.5, 1)", (day,))
    found = answer(tmp_path / "a.sqlite", "SELECT * FROM actors")
    assert found == {
        "row": [2],
        "id": ["a"],
        "founded": ["2024-05-31"],
        "share": ["0.5"],
        "exporter": ["1"],
    }


def test_a_graph_loaded_from_a_server_keeps_no_password(pg, owner, tmp_path) -> None:
    owner.run("CREATE TABLE firm (tin text, name text)")
    owner.run("INSERT INTO firm VALUES ('1', 'Oʻzbek tekstil'), ('2', 'Ғўза')")
    owner.run("GRANT SELECT ON firm TO public")
    ask = {"actors": "SELECT tin AS id, name, 'enterprise' AS kind FROM firm ORDER BY tin"}
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(pg, queries=ask)
    assert sorted(graph.table("actors")["name"]) == ["Oʻzbek tekstil", "Ғўза"]
    (entry,) = graph.sources()
    assert (entry.kind, entry.name) == ("database", "firms")
    kept = b"".join(folder_bytes(graph.path).values())
    assert not [secret for secret in SECRETS if secret.encode() in kept]
    (report,) = graph.load(pg, queries=ask)
    assert report.unchanged
    owner.run("DELETE FROM firm WHERE tin = '2'")
    (report,) = graph.load(pg, queries=ask)
    assert report.changes and report.changes["actors"].gone == 1
