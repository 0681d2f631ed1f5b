"""Measure ``klaster serve`` under load and attack, and write its part of RESULTS.md.

    python benchmarks/serving.py [--firms 2000] [--seconds 20] [--requests 10000]

Small queries come at 50 a second, each at its time whether the one before was answered or not,
while queries that would run for hours follow each other. Then requests made up by Hypothesis are
sent, none of which may be answered with status 500.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from generate import generate
from results import put
from served import Served, serving
from test_serving_limits import REQUESTS, judge

import klaster

HEADING = "## Serving"
ATTACK = "## Made-up requests to the server"
A_SECOND = 50
LIMIT = 10
HEAVY = (
    "SELECT (COUNT(*) AS ?n) { ?a kl:suppliesTo+ ?b . ?c kl:suppliesTo+ ?d }",
    "SELECT (COUNT(*) AS ?n) { ?a rdfs:label ?x . ?b rdfs:label ?y . ?c rdfs:label ?z }",
    "SELECT * { ?a kl:suppliesTo+ ?b . ?c kl:suppliesTo+ ?d } ORDER BY ?d ?b",
)
SMALL = (
    "SELECT ?buyer ?name {{ <{firm}> kl:suppliesTo ?buyer . ?buyer rdfs:label ?name }} LIMIT 20",
    "SELECT ?p ?o {{ <{firm}> ?p ?o }}",
    "ASK {{ <{firm}> kl:memberOf/kl:sector ?sector }}",
)


class Small:
    """Asks small queries, over connections that are kept."""

    def __init__(self, served: Served, firms: list[str]) -> None:
        self._port = served.port
        self._firms = firms
        self._own = threading.local()

    def ask(self, number: int, due: float) -> tuple[float, int]:
        """Ask at a time; return after how many seconds the answer was there, and its status."""
        time.sleep(max(0.0, due - time.monotonic()))
        chance = random.Random(number)  # noqa: S311 - nothing secret
        sparql = chance.choice(SMALL).format(firm=chance.choice(self._firms))
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection = self._own.connection
        connection.request("GET", "/sparql?" + urlencode({"query": sparql}))
        reply = connection.getresponse()
        reply.read()
        return time.monotonic() - due, reply.status


def small_queries(small: Small, seconds: float) -> list[tuple[float, int]]:
    """Ask at a steady rate, and return what came of each."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: small.ask(n, time.monotonic()), range(16)))
        start = time.monotonic() + 0.1
        many = int(seconds * A_SECOND)
        return list(pool.map(lambda n: small.ask(n, start + n / A_SECOND), range(many)))


def heavy_queries(served: Served, done: threading.Event, ended: Counter[int]) -> None:
    """Ask one heavy query after another until it is enough."""
    number = 0
    while not done.is_set():
        ended[served.query(HEAVY[number % len(HEAVY)], timeout=120).status] += 1
        number += 1


def attack(served: Served, many: int) -> Counter[int]:
    """Send requests that Hypothesis makes up, and count their statuses."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=many,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(REQUESTS)
    def send(request: object) -> None:
        statuses[judge(served, request)] += 1

    send()
    return statuses


def line(name: str, found: list[tuple[float, int]], heavy: str) -> str:
    """Return a line of the table."""
    times = sorted(1000 * seconds for seconds, _ in found)
    good = sum(status == 200 for _, status in found)
    shares = [times[min(len(times) - 1, len(times) * share // 100)] for share in (50, 95, 99)]
    figures = " | ".join(f"{value:.1f}" for value in (*shares, times[-1]))
    return f"| {name} | {good} of {len(found)} | {figures} | {heavy} |"


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        generate(options.firms, Path(scratch) / "made", links_per_firm=10, seed=0)
        graph = klaster.open(Path(scratch) / "made.klaster")
        graph.load(Path(scratch) / "made")
        firms = graph.table("actors")["iri"].to_list()
        if options.seconds:
            write(HEADING, under_load(graph.path, firms, options.seconds))
        if options.requests:
            write(ATTACK, attacked(graph.path, options.requests))


def under_load(graph: Path, firms: list[str], seconds: float) -> str:
    """Measure small queries alone and beside heavy ones, and return the section."""
    with serving(graph, "--timeout", str(LIMIT)) as served:
        small = Small(served, firms)
        alone = small_queries(small, seconds)
        done, ended = threading.Event(), Counter[int]()
        beside = threading.Thread(target=heavy_queries, args=(served, done, ended))
        beside.start()
        time.sleep(1)
        load = os.getloadavg()[0]
        loaded = small_queries(small, seconds)
        done.set()
        beside.join()
    heavy = ", ".join(f"{many} with status {status}" for status, many in sorted(ended.items()))
    return f"""Written by `python benchmarks/serving.py`: a made-up network of {len(firms):,} actors, ten supply links each, seed 0;
{A_SECOND} small queries a second (what is said of a firm, its buyers, its sector), each sent at its time, and heavy ones one
after another (`?a kl:suppliesTo+ ?b . ?c kl:suppliesTo+ ?d` and the like), which the server ends at {LIMIT} s. Milliseconds from
when a query was due to its answer; server, clients and whatever else ran on 2 cores, load {load:.0f}.
{today()}

| beside | answered | p50 | p95 | p99 | longest | heavy queries |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
{line("nothing", alone, "–")}
{line("a heavy query", loaded, heavy)}
"""


def attacked(graph: Path, requests: int) -> str:
    """Send made-up requests, and return the section."""
    with serving(graph, "--timeout", "2", "--workers", "2") as served:
        statuses = attack(served, requests)
        assert served.query("ASK {}").status == 200  # noqa: S101
    told = ", ".join(f"{status}: {many:,}" for status, many in sorted(statuses.items()))
    return f"""Written by `python benchmarks/serving.py`. {sum(statuses.values()):,} requests made up by Hypothesis (methods, addresses, parameters,
headers and bodies, broken and hostile), by the status of the answer: {told}.
The server answers afterwards. {today()}
"""


def today() -> str:
    """Return the day and the versions measured."""
    packages = ", ".join(f"{n} {version(n)}" for n in ("pyoxigraph", "starlette", "uvicorn"))
    return f"{datetime.now(UTC).date().isoformat()} · Python {sys.version.split()[0]}, {packages}"


def write(heading: str, section: str) -> None:
    """Put a section in its place."""
    put(f"{heading}\n\n{section}")
    print(section)


if __name__ == "__main__":
    main()
