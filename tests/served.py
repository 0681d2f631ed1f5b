"""A running server for the tests, and clients that ask it anything."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

# Runs for longer than anyone waits, on any graph.
HOURS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (?a != ?d && ?f != ?i) }"
MANY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
TOKEN = "a-token-of-the-tests"  # noqa: S105
FORM = "application/x-www-form-urlencoded"
JSON = "application/sparql-results+json"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    told: str

    @property
    def port(self) -> int:
        return urlsplit(self.address).port or 0

    def call(
        self, method: str, path: str, body: bytes | None = None, timeout: float = 30, **headers: str
    ) -> Reply:
        """Send one request; underscores in the names of headers stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            held = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, held, answer.read())

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, None, **headers)  # type: ignore[arg-type]

    def query(self, sparql: str, *, timeout: float = 30, **headers: str) -> Reply:
        """Ask by POST, as most clients do."""
        body = urlencode({"query": sparql}).encode()
        return self.call("POST", "/sparql", body, timeout, Content_Type=FORM, **headers)

    def raw(self, data: bytes, *, seconds: float = 5) -> bytes:
        """Send bytes as they are, and return what comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as stream:
            with contextlib.suppress(OSError):
                stream.sendall(data)
            found = b""
            with contextlib.suppress(OSError):
                while piece := stream.recv(65536):
                    found += piece
            return found


@contextlib.contextmanager
def serving(graph, *options: str, **variables: str) -> Iterator[Served]:
    """Start ``klaster serve`` on a graph, and stop it as Ctrl-C does."""
    command = [sys.executable, "-m", "klaster", "serve", str(graph), "--port", "0", "--lang", "en"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
        start_new_session=True,
    )
    endpoint = process.stdout.readline().strip()
    if not endpoint:
        raise AssertionError(process.communicate())
    served = Served(process, endpoint.removesuffix("sparql"), "")
    try:
        yield served
        assert process.poll() is None, "the server fell"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, served.told = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            _, served.told = process.communicate()
    assert "Traceback" not in served.told, served.told
    assert process.returncode == 0, served.told
