"""RDF and endpoints for the tests: loaded as sources, and a server on this machine."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import klaster
from klaster.cli import main
from klaster.loaders import sources
from klaster.loaders.reading import sort_out
from klaster.ontology.periods import first_day, first_day_after
from klaster.ontology.tables import SourceTables, tables

KL = "https://w3id.org/klaster/ontology#"
HEAD = """
@prefix kl: <https://w3id.org/klaster/ontology#> .
@prefix code: <https://w3id.org/klaster/code/> .
@prefix kind: <https://w3id.org/klaster/code/actor-kind/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix x: <https://example.org/> .
"""


def loaded(raws, name: str = "given", base: str = "https://example.org/base/") -> sources.Loaded:
    """Check and name tables as a source does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "source_kind", lambda _: "rdf")
        patch.setattr(sources, "find_tables", lambda *_: sort_out(raws))
        patch.setattr(sources, "fingerprint", lambda _: "0" * 64)
        return sources.read_source(Path(name), base=base, name=name)


def typed(raws) -> SourceTables:
    """Return the tables alone."""
    return loaded(raws).tables


def landed(raws, folder: Path, name: str):
    """Return a graph into which tables were landed."""
    from made_up import LOADED_AT

    from klaster.graph.landing import land

    graph = klaster.open(folder)
    land(
        graph._folder,
        [loaded(raws, name, graph.base).tables],
        loaded_at=LOADED_AT,
        loader="test",
        dropped="",
        progress=lambda _: None,
    )
    return klaster.open(folder)


def contents(graph) -> dict[str, list[list[str]]]:
    """Return what the tables say, without ids, and periods by their first days."""
    found = {}
    for name in tables():
        frame = graph.table(name).drop("row", "locator", "origin", "id", strict=False)
        if not tables()[name].key and name not in ("cooperations", "codes"):
            frame = frame.drop("iri")
        if "valid_from" in frame.columns:
            frame = frame.with_columns(
                valid_from=first_day("valid_from"), valid_to=first_day_after("valid_to")
            )
        frame = frame.with_columns(
            pl.col(pl.List(pl.String)).list.sort().list.join(";").replace("", None)
        )
        found[name] = sorted([str(value) for value in row] for row in frame.rows())
    return found


def run(*args, **environment):
    """Run a command as a user does, in English unless it asks otherwise."""
    variables = {"LANG": "C.UTF-8", "LC_ALL": "", "COLUMNS": "100", **environment}
    return CliRunner(env=variables).invoke(main, [str(arg) for arg in args])


def cells(raws, table: str) -> list[dict[str, str]]:
    """Return the rows of one of the tables, without empty cells."""
    rows: list[dict[str, str]] = next(
        (raw.frame.drop("row").to_dicts() for raw in raws if raw.name == table), []
    )
    return [{key: cell for key, cell in row.items() if cell is not None} for row in rows]


@contextlib.contextmanager
def oxigraph_server(*options: str):
    """Start a SPARQL server on this machine and yield its address."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which("oxigraph", path=beside) or shutil.which("oxigraph")
    if not program:
        pytest.skip("the server oxigraph is not installed: pip install oxigraph")
    port = free_port()
    command = [program, "serve", "--bind", f"127.0.0.1:{port}", *options]
    with serving(command, port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def jena_server(scratch: Path):
    """Start Apache Jena's engine behind an endpoint on this machine and yield its address."""
    jars = Path(os.environ.get("KLASTER_JENA", "/usr/share/java"))
    java = shutil.which("javac") and shutil.which("java")
    if not java or not (jars / "jena-arq.jar").exists():
        pytest.skip("Apache Jena is not installed: apt install libapache-jena-java default-jdk")
    with zipfile.ZipFile(jars / "jena-core.jar") as packed:
        # Debian's package has moved these classes and left what they read where it was.
        for name in packed.namelist():
            inside = name.partition("org/apache/jena/ext/")[2]
            if inside.endswith(".properties"):
                target = scratch / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed.read(name))
    unwanted = ("-over-", "jul-to-", "-jcl", "-jdk14", "-log4j12", "-simple", "-ext", "-migrator")
    found = [
        jar
        for start in _NEEDED_BY_JENA
        for jar in sorted(jars.glob(f"{start}*.jar"))
        if not any(part in jar.name for part in unwanted)
    ]
    path = os.pathsep.join(map(str, [scratch, *found]))
    port = free_port()
    source = Path(__file__).parent / "java" / "JenaServer.java"
    command = [java, "-XX:TieredStopAtLevel=1", "-cp", path, source, str(port)]
    with serving(command, port):
        yield f"http://127.0.0.1:{port}/ds"


_NEEDED_BY_JENA = (
    "jena-", "commons-cli", "commons-codec", "commons-compress", "commons-csv", "commons-io",
    "commons-lang3", "commons-logging", "dexx", "gson", "guava", "httpc", "jackson-", "jakarta.json",
    "jsonld", "libthrift", "thrift", "protobuf", "slf4j-api", "slf4j-nop", "titanium", "xerces", "xml-apis",
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(command, port: int):
    """Run a server until it is no longer needed; it has a minute to begin."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(1200):
                assert server.poll() is None, f"the server ended by itself: {command}"
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield
        finally:
            server.kill()


def put(address: str, data: bytes, kind: str, graph: str = "default") -> None:
    """Put a graph into the server."""
    request = urllib.request.Request(  # noqa: S310
        f"{address}/store?{graph}", data, {"Content-Type": kind}, method="PUT"
    )
    urllib.request.urlopen(request).close()  # noqa: S310


@contextlib.contextmanager
def answering(answer):
    """Serve on this machine what ``answer(path, body, headers)`` returns: status, headers, body."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            seen.append((self.command, self.path, dict(self.headers), body))
            status, headers, text = answer(self.path, body, self.headers)
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(text)

        do_GET = do_POST = _any  # noqa: N815

        def log_message(self, *_) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
