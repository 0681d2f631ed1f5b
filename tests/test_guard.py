"""Guarded queries end at their limits, whatever the engine does, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from pyoxigraph import Literal, NamedNode, Quad, QueryResultsFormat, Store, parse_query_results

from klaster.graph.store.guard import Guard, Limits
from klaster.ontology.faults import Fault
from klaster.ontology.terms import KL

JSON = "application/sparql-results+json"
CSV, TSV = "text/csv", "text/tab-separated-values"
ONE = (
    b"<https://example.org/7> <https://w3id.org/klaster/ontology#o> "
    b'"1"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
)
# Each of these runs for longer than anyone waits on a ring of 2,000 firms.
HOURS = {
    "two paths": "SELECT (COUNT(*) AS ?n) { ?a kl:suppliesTo+ ?b . ?c kl:suppliesTo+ ?d }",
    "a cross product": "SELECT (SUM(?w) AS ?n) { ?a kl:n ?u . ?b kl:n ?v . ?c kl:n ?w }",
    "no rows to tell": "ASK { ?a kl:n ?u . ?b kl:n ?v . ?c kl:n ?w FILTER (?u + ?v + ?w < 0) }",
}
ALL = "SELECT ?a ?u { ?a kl:n ?u }"
PAIRS = "SELECT * { ?a kl:n ?u . ?b kl:n ?v }"
# A sort keeps all its rows.
HUGE = "SELECT * { ?a kl:n ?u . ?b kl:n ?v . ?c kl:n ?w } ORDER BY ?w ?v ?u"


@pytest.fixture(scope="module")
def ring(tmp_path_factory) -> Path:
    """A store of 2,000 firms, each supplying the next."""
    path = tmp_path_factory.mktemp("ring") / "store"
    store = Store(str(path))
    graph = NamedNode("https://example.org/g")
    firms = [NamedNode(f"https://example.org/{number}") for number in range(2000)]
    for number, firm in enumerate(firms):
        store.add(Quad(firm, NamedNode(KL + "suppliesTo"), firms[number - 1], graph))
        store.add(Quad(firm, NamedNode(KL + "n"), Literal(number), graph))
    store.flush()
    del store
    return path


@pytest.fixture(scope="module")
def guard(ring):
    with Guard(ring) as opened:
        yield opened


def whole(guard, sparql, **options) -> bytes:
    return b"".join(guard.ask(sparql, **options))


def rows(data: bytes) -> list[list[str]]:
    found = parse_query_results(data, format=QueryResultsFormat.JSON)
    return [[term.value for term in solution] for solution in found]


def fault(guard, sparql, **options) -> Fault:
    with pytest.raises(Fault) as caught:
        whole(guard, sparql, **options)
    for language in ("en", "ru", "uz"):
        assert caught.value.text(language)
    return caught.value


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def gone(pid: int, seconds: float = 5) -> bool:
    """Say whether a process ends within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


# What is asked is answered


@pytest.mark.parametrize(
    ("sparql", "media_type", "form", "answer"),
    [
        ("ASK { ?a kl:n 7 }", JSON, "boolean", b'{"head":{},"boolean":true}'),
        ("SELECT ?u { ?a kl:n ?u } ORDER BY ?u LIMIT 2", CSV, "rows", b"u\r\n0\r\n1\r\n"),
        ("SELECT ?u { ?a kl:n ?u FILTER (?u < 0) }", TSV, "rows", b"?u\n"),
        ("CONSTRUCT { ?a kl:o 1 } { ?a kl:n 7 }", CSV, "graph", ONE),
        ("CONSTRUCT { ?a kl:o 1 } { ?a kl:n -7 }", CSV, "graph", b""),
    ],
)
def test_an_answer_comes_in_its_form(guard, sparql, media_type, form, answer) -> None:
    found = guard.ask(sparql, media_type=media_type)
    assert found.form == form
    sent_as = "application/n-triples" if form == "graph" else media_type
    assert found.media_type.removesuffix("; charset=utf-8") == sent_as
    assert b"".join(found) == answer


def test_a_graph_comes_with_short_names(guard) -> None:
    found = whole(
        guard,
        "CONSTRUCT { ?a kl:suppliesTo ?b } { ?a kl:n 7 ; kl:suppliesTo ?b }",
        graph_type="text/turtle",
        prefixes={"x": "https://example.org/"},
    ).decode()
    assert "x:7 kl:suppliesTo x:6 ." in found


def test_values_are_terms_and_never_text(guard) -> None:
    query = "SELECT ?a ?u ?text { ?a kl:n ?u }"
    seven = NamedNode("https://example.org/7")
    evil = Literal('" } { ?s ?p ?o } #')
    found = rows(whole(guard, query, values={"a": seven, "text": evil}))
    assert found == [[seven.value, "7", evil.value]]
    far = {"a": Literal("7", language="en"), "u": Literal("7", datatype=NamedNode("x:y"))}
    assert rows(whole(guard, "SELECT ?a ?u { ?a kl:n ?u }", values=far)) == []


def test_the_graphs_asked_are_those_given_then_those_named_then_all(guard) -> None:
    count = "SELECT (COUNT(*) AS ?n) %s { ?a kl:n ?u }"
    inside = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?a kl:n ?u } }"
    ours, other = "https://example.org/g", "https://example.org/other"
    assert rows(whole(guard, count % "")) == [["2000"]]
    assert rows(whole(guard, count % f"FROM <{ours}>")) == [["2000"]]
    assert rows(whole(guard, count % f"FROM <{other}>")) == [["0"]]
    assert rows(whole(guard, count % f"FROM <{other}>", default_graphs=[ours])) == [["2000"]]
    assert rows(whole(guard, count % "", default_graphs=[other])) == [["0"]]
    assert rows(whole(guard, count % "", named_graphs=[ours])) == [["0"]]
    assert rows(whole(guard, inside, named_graphs=[ours])) == [["2000"]]
    assert rows(whole(guard, inside, default_graphs=[ours])) == [["0"]]


def test_a_long_answer_comes_in_pieces_and_whole(guard) -> None:
    found = list(guard.ask(PAIRS + " LIMIT 100000", media_type="text/csv"))
    assert len(found) > 30
    assert b"".join(found).count(b"\r\n") == 100_001


def test_what_cannot_be_read_is_told_with_its_place(guard) -> None:
    found = fault(guard, "SELECT ?a {\n ?a kl:n }")
    assert (found.key, found.values["line"]) == ("fault.sparql", 2)
    assert str(found).endswith("^")
    assert fault(guard, "SELECT \ud800").key == "fault.sparql-other"
    assert fault(guard, "ASK { FILTER (<x:f>(1)) }").key == "fault.sparql-other"
    assert fault(guard, ALL, media_type="text/html").key == "fault.media-type"
    assert fault(guard, "CONSTRUCT WHERE { ?a kl:n 1 }", graph_type="a/b").key == "fault.media-type"


@pytest.mark.parametrize(
    "target", ["<http://127.0.0.1:1/>", "<http://x@example.org/>", "?where", "kl:x", "<relative>"]
)
def test_no_query_reaches_a_machine_that_was_not_named(guard, target) -> None:
    call = f"SELECT * {{ BIND (<http://127.0.0.1:1/> AS ?where) SERVICE {target} {{ ?s ?p ?o }} }}"
    assert fault(guard, call).key == "fault.service"
    assert fault(guard, call, hosts=["example.org", "x"]).key == "fault.service"


def test_a_named_machine_that_does_not_answer_is_told(guard) -> None:
    call = "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"
    assert fault(guard, call, hosts=["127.0.0.1:1"]).key == "fault.service-failed"


# Limits


@pytest.mark.parametrize("name", HOURS)
def test_a_query_of_hours_is_ended_at_its_second(guard, name) -> None:
    start = time.monotonic()
    found = fault(guard, HOURS[name], limits=Limits(seconds=0.4))
    assert time.monotonic() - start < 3
    assert (found.key, found.values["seconds"]) == ("fault.timeout", "0.4")
    assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]


def test_a_query_that_streams_for_hours_is_ended_too(guard) -> None:
    found = guard.ask("SELECT * { ?a kl:n ?u . ?b kl:n ?v . ?c kl:n ?w }", limits=Limits(seconds=1))
    assert len(next(found)) >= 8192
    with pytest.raises(Fault) as caught:
        for _ in found:
            pass
    assert caught.value.key == "fault.timeout"


def test_memory_is_limited(guard) -> None:
    start = time.monotonic()
    found = fault(guard, HUGE, limits=Limits(memory=300 << 20, seconds=60))
    assert time.monotonic() - start < 30
    assert (found.key, found.values["megabytes"]) == ("fault.memory", 300)
    assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]


def test_memory_is_watched_where_the_system_does_not_limit_it(guard, monkeypatch) -> None:
    limits = Limits(memory=1 << 20)  # No process stands in so little, and Linux would refuse it.
    monkeypatch.setattr("klaster.graph.store.worker._memory_of", lambda _: 2 << 20)
    assert fault(guard, HOURS["two paths"], limits=limits).key == "fault.memory"


@pytest.mark.parametrize(
    "media_type",
    [JSON, "application/sparql-results+xml", CSV, TSV],
)
def test_rows_are_limited_in_every_format(guard, media_type) -> None:
    whole(guard, ALL, media_type=media_type, limits=Limits(rows=2000))
    found = fault(guard, ALL, media_type=media_type, limits=Limits(rows=1999))
    assert (found.key, found.values["limit"]) == ("fault.rows", 1999)


def test_triples_are_limited(guard) -> None:
    query = "CONSTRUCT WHERE { ?a kl:n ?u }"
    assert whole(guard, query, limits=Limits(rows=2000)).count(b"\n") == 2000
    assert fault(guard, query, limits=Limits(rows=1999)).key == "fault.rows"


def test_a_query_nested_without_end_takes_no_more_than_its_process(guard) -> None:
    found = fault(guard, "SELECT * { " + "{" * 50_000 + "}" * 50_000 + " }")
    assert found.key == "fault.engine"
    assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]


# Processes


def test_two_answers_can_be_read_by_turns(ring) -> None:
    before = children()
    with Guard(ring) as guard:
        first, second = guard.ask(ALL, media_type=CSV), guard.ask(ALL, media_type=CSV)
        assert next(second) == next(first)
        assert list(first) == list(second)
        assert len(children() - before) == 1


def test_a_small_query_costs_little_on_a_warm_worker(guard) -> None:
    whole(guard, ALL)
    times = []
    for number in range(200):
        start = time.perf_counter()
        whole(
            guard,
            f"SELECT ?u {{ <https://example.org/{number}> kl:n ?u }}",
            limits=Limits(seconds=5, memory=1 << 30, rows=100),
        )
        times.append(time.perf_counter() - start)
    # About a millisecond where nothing else runs; starting a process would take a hundred.
    assert sorted(times)[100] < 0.02


def test_queries_run_beside_each_other(ring) -> None:
    with Guard(ring, workers=2) as guard:
        slow: list[Fault] = []
        heavy = threading.Thread(
            target=lambda: slow.append(fault(guard, HOURS["two paths"], limits=Limits(seconds=2)))
        )
        heavy.start()
        time.sleep(0.1)
        for _ in range(20):
            assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]
        assert heavy.is_alive()
        heavy.join()
        assert slow[0].key == "fault.timeout"


def test_closing_ends_the_children_even_in_the_midst_of_a_query(ring) -> None:
    before = children()
    guard = Guard(ring, workers=2)
    ended: list[Fault] = []
    asking = threading.Thread(target=lambda: ended.append(fault(guard, HOURS["two paths"])))
    asking.start()
    time.sleep(0.3)
    assert len(children() - before) == 2
    guard.close()
    asking.join()
    assert children() - before == set()
    assert ended[0].key == "fault.engine"
    with pytest.raises(ValueError, match="closed"):
        guard.ask(ALL)


def test_a_retired_guard_ends_what_it_began(ring) -> None:
    before = children()
    guard = Guard(ring)
    found = guard.ask(PAIRS + " LIMIT 50000", media_type="text/csv")
    guard.retire()
    assert b"".join(found).count(b"\r\n") == 50_001
    assert children() - before == set()
    # Somebody who was given the guard just before asks only now.
    assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]
    assert children() - before == set()
    guard.close()
    with pytest.raises(ValueError, match="closed"):
        guard.ask(ALL)


def test_an_answer_left_unread_ends_its_query(ring) -> None:
    with Guard(ring) as guard:
        found = guard.ask("SELECT * { ?a kl:n ?u . ?b kl:n ?v . ?c kl:n ?w }")
        next(found)
        found.close()
        assert rows(whole(guard, "SELECT ?u { <https://example.org/7> kl:n ?u }")) == [["7"]]


def test_a_query_whose_answer_nobody_waits_for_is_ended(guard) -> None:
    left = time.monotonic() + 0.3
    found = fault(guard, HOURS["two paths"], wanted=lambda: time.monotonic() < left)
    assert (found.key, found.values["reason"]) == ("fault.engine", "given up")
    assert time.monotonic() - left < 2


def test_a_long_query_of_many_askers_gives_way_to_short_ones(ring) -> None:
    with Guard(ring) as guard:
        (worker,) = guard._idle
        before = psutil.Process(worker.pid).nice()
        seen: list[int] = []

        def wanted() -> bool:
            seen.append(psutil.Process(worker.pid).nice())
            return True

        fault(guard, HOURS["two paths"], wanted=wanted, limits=Limits(seconds=1.2))
        assert seen[0] == before < seen[-1]
        assert guard._idle[0].pid != worker.pid
        assert psutil.Process(guard._idle[0].pid).nice() == before


def test_a_child_that_died_while_idle_is_replaced(ring) -> None:
    before = children()
    with Guard(ring) as guard:
        whole(guard, ALL)
        (pid,) = children() - before
        psutil.Process(pid).kill()
        until = time.monotonic() + 5
        while guard._idle[0].alive and time.monotonic() < until:
            time.sleep(0.02)
        assert len(rows(whole(guard, ALL))) == 2000


def test_a_store_that_is_not_there_is_told(tmp_path) -> None:
    with Guard(tmp_path / "nothing") as guard:
        assert fault(guard, ALL).key == "fault.store"


ASKING = """
import sys
from pathlib import Path
from klaster.graph.store.guard import Guard
from klaster.graph.store.worker import Worker

with Guard(Path(sys.argv[1])) as guard:
    print(guard._idle[0].pid, flush=True)
    b"".join(guard.ask(sys.argv[2]))
"""


def start_asking(ring) -> tuple[subprocess.Popen[str], int]:
    """Start a process that asks a query of hours; return it and the number of its child."""
    command = [sys.executable, "-c", textwrap.dedent(ASKING), str(ring), HOURS["two paths"]]
    asking = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    pid = int(asking.stdout.readline())
    time.sleep(1)
    assert psutil.Process(pid).is_running()
    return asking, pid


def test_no_child_outlives_a_parent_that_is_killed(ring) -> None:
    asking, pid = start_asking(ring)
    asking.kill()
    asking.communicate()
    assert gone(pid)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_ctrl_c_ends_the_query_and_its_process(ring) -> None:
    asking, pid = start_asking(ring)
    start = time.monotonic()
    asking.send_signal(signal.SIGINT)
    _, told = asking.communicate()
    assert time.monotonic() - start < 3
    assert told.rstrip().endswith("KeyboardInterrupt")
    assert gone(pid)


def test_a_module_lying_in_the_folder_is_not_run(ring, tmp_path, monkeypatch) -> None:
    (tmp_path / "pyoxigraph.py").write_text("open('ran', 'w')")
    (tmp_path / "json.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    with Guard(ring) as guard:
        assert json.loads(whole(guard, "ASK { ?a kl:n 7 }"))["boolean"]
    assert not (tmp_path / "ran").exists()
