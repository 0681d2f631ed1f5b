"""``klaster query`` as an analyst uses it: formats, limits, and what it says of a slip."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import polars as pl
import pyoxigraph as ox
import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SMALL, write_tables

import klaster
from klaster.cli import main
from klaster.ontology.faults import Fault

NAMES = "SELECT ?a ?n { ?a a kl:Actor ; rdfs:label ?n } ORDER BY ?n"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
RESULTS = {"s": "http://www.w3.org/2005/sparql-results#"}


def run(*args, columns: int = 80, **options):
    environment = {"LANG": "C.UTF-8", "LC_ALL": "", "COLUMNS": str(columns)}
    return CliRunner(env=environment).invoke(main, [str(arg) for arg in args], **options)


def done(*args, **options):
    result = run(*args, **options)
    assert result.exit_code == 0, result.output
    return result


def asked(graph, *args, **options):
    return done("query", graph.path, *args, **options)


def test_rows_come_in_every_format_of_rows(small_graph, tmp_path) -> None:
    names = ["Bank", "Ginner", "Institute", "Spinner", "Weaver"]
    table = csv.DictReader(io.StringIO(asked(small_graph, NAMES, "--format", "csv").stdout))
    assert [row["n"] for row in table] == names
    objects = json.loads(asked(small_graph, NAMES, "--format", "json").stdout)
    assert [row["n"] for row in objects] == names
    own = json.loads(asked(small_graph, NAMES, "--format", "srj").stdout)
    assert [row["n"]["value"] for row in own["results"]["bindings"]] == names
    found = ET.fromstring(asked(small_graph, NAMES, "--format", "xml").stdout)  # noqa: S314
    assert [cell.text for cell in found.iterfind(".//s:literal", RESULTS)] == names
    header, *lines = asked(small_graph, NAMES, "--format", "tsv").stdout.splitlines()
    assert header == "?a\t?n"
    assert [line.split("\t")[1] for line in lines] == [f'"{name}"' for name in names]
    markdown = asked(small_graph, NAMES, "--format", "md").stdout.splitlines()
    assert [line.count("|") for line in markdown] == [4] * 7
    assert asked(small_graph, NAMES, "-o", tmp_path / "x.parquet").stdout == ""
    assert pl.read_parquet(tmp_path / "x.parquet")["n"].to_list() == names


@pytest.mark.parametrize("form", ["ttl", "nt", "rdf", "jsonld"])
def test_triples_come_in_every_format_of_rdf(small_graph, form) -> None:
    sparql = "CONSTRUCT { ?a rdfs:label ?n } { ?a a kl:Actor ; rdfs:label ?n }"
    written = asked(small_graph, sparql, "--format", form).stdout
    formats = {"ttl": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml",
               "jsonld": "application/ld+json"}  # fmt: skip
    known = ox.RdfFormat.from_media_type(formats[form])
    assert len({quad.triple for quad in ox.parse(written, format=known)}) == 5
    rows = json.loads(asked(small_graph, sparql, "--format", "json").stdout)
    assert {row["predicate"] for row in rows} == {"http://www.w3.org/2000/01/rdf-schema#label"}


def test_numbers_and_truth_are_typed(small_graph) -> None:
    sparql = "SELECT ?e (1.5 AS ?d) (true AS ?t) ('x' AS ?s) { ?a kl:employees ?e }"
    (row,) = json.loads(asked(small_graph, sparql, "--format", "json").stdout)
    assert row == {"e": 50, "d": 1.5, "t": True, "s": "x"}
    assert small_graph.query(sparql).rows == ((50, 1.5, True, "x"),)
    assert small_graph.query(sparql).to_polars().dtypes == [
        pl.Int64, pl.Float64, pl.Boolean, pl.String,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["x.csv", "x.json", "x.tsv", "x.srj", "x.xml", "x.md", "x.parquet"]
)
def test_the_suffix_of_a_file_gives_the_format(small_graph, tmp_path, name) -> None:
    path = tmp_path / "new" / name
    result = asked(small_graph, NAMES, "-o", path)
    assert str(path) in result.stderr
    assert [entry.name for entry in path.parent.iterdir()] == [name]
    form = name.partition(".")[2]
    if form != "parquet":
        text = path.read_text("utf-8")
        assert text == asked(small_graph, NAMES, "--format", form).stdout


@pytest.mark.parametrize(
    ("args", "key"),
    [
        ((NAMES, "--format", "ttl"), "fault.not-of-rows"),
        (("CONSTRUCT WHERE { ?a a kl:Actor }", "--format", "xml"), "fault.not-of-graphs"),
        ((NAMES, "-o", "x.docx"), "fault.suffix"),
        ((NAMES, "--limit-memory", "much"), "fault.size"),
        ((NAMES, "--set", "cluster=c"), "fault.no-parameters"),
        (("DELETE WHERE { ?s ?p ?o }",), "fault.not-a-query"),
        ((" ",), "fault.no-query"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_cannot_be_is_told_in_one_message(small_graph, args, key, language) -> None:
    from klaster.ontology.labels import phrase

    result = run("query", small_graph.path, *args, "--lang", language)
    assert result.exit_code == 1
    assert result.stdout == ""
    last = phrase(key, language, format="", known="", path="", found="").rstrip("“”«». ,")[-12:]
    assert last.split()[-1] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_query_is_read_from_a_file_or_the_standard_input(small_graph, tmp_path) -> None:
    path = tmp_path / "q.rq"
    path.write_text("\ufeffASK { ?a a kl:Cluster }", "utf-8")
    assert asked(small_graph, "-f", path).stdout == "answer\ntrue\n"
    assert asked(small_graph, "-f", "-", input="ASK { ?a a kl:Cluster }").stdout == "answer\ntrue\n"
    path.write_bytes(b"\xff\xfe\xff")
    result = run("query", small_graph.path, "-f", path)
    assert (result.exit_code, "q.rq" in result.stderr) == (1, True)


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_table_shows_labels_and_as_many_iris_as_there_is_room_for(demo_graph, language) -> None:
    sparql = "SELECT ?a ?k ?y { ?a a kl:Actor ; kl:actorKind ?k BIND (2024 AS ?y) } LIMIT 9"
    for columns in (60, 80, 200):
        shown = asked(
            demo_graph, sparql, "--format", "table", "--lang", language, columns=columns
        ).stdout
        assert all(len(line) <= columns for line in shown.splitlines())
        # The IRI of the kind comes last; a year has no thousands.
        assert ("code:actor-kind\\/" in shown) is (columns == 200)
        assert "2024" in shown
    labels = {"en": "university", "ru": "университет", "uz": "universitet"}
    assert labels[language] in shown


def test_an_iri_of_the_table_can_be_put_into_a_query(demo_graph) -> None:
    shown = asked(
        demo_graph, "SELECT ?a { ?a a kl:Cluster } ORDER BY ?a LIMIT 1", "--format", "table"
    ).stdout
    iri = shown.split()[-1]
    assert iri.startswith("d:cluster")
    assert asked(demo_graph, f"ASK {{ {iri} a kl:Cluster }}").stdout == "answer\ntrue\n"


def test_a_name_beside_its_thing_is_not_shown_twice(demo_graph) -> None:
    shown = asked(demo_graph, "cluster-governance", "--format", "table", columns=200).stdout
    assert shown.split("\n")[0].split() == [
        "cluster", "IRI", "manager", "IRI", "coordinator", "policy", "IRI",
    ]  # fmt: skip


def test_only_the_first_rows_are_shown_and_that_is_told(small_graph) -> None:
    numbers = " ".join(map(str, range(50)))
    sparql = f"SELECT ?a ?b {{ VALUES ?a {{ {numbers} }} VALUES ?b {{ {numbers} }} }}"
    result = asked(small_graph, sparql, "--format", "table")
    assert len(result.stdout.splitlines()) == 1002
    assert "1000" in result.stderr
    assert len(asked(small_graph, sparql).stdout.splitlines()) == 2501


@pytest.mark.parametrize(
    ("sparql", "expected"),
    [
        ("SELECT ?a { ?a a kl:Aktor }", "kl:Aktor; the nearest is “kl:Actor”"),
        ("SELECT ?a { ?a kl:memberof ?b }", "kl:memberof; the nearest is “kl:memberOf”"),
        (
            "SELECT ?a { ?a kl:gapRule code:gap-rule\\/G99 }",
            "the nearest is “<https://w3id.org/klaster/code/gap-rule/G9>”",
        ),
        (
            "SELECT ?a { ?a a <https://w3id.org/klaster/ontology#Suply> }",
            "the nearest is “kl:SupplyLink”",
        ),
    ],
)
def test_a_term_that_nothing_knows_is_warned_of(small_graph, sparql, expected) -> None:
    result = asked(small_graph, sparql)
    assert len(result.stdout.splitlines()) == 1
    assert expected in result.stderr
    assert asked(small_graph, sparql, "--quiet").stderr == ""
    for language in ("uz", "ru"):
        told = asked(small_graph, sparql, "--lang", language).stderr
        assert expected.rpartition("“")[2].rstrip("”") in told


@pytest.mark.parametrize(
    "sparql",
    [
        "SELECT ?a { ?a a kl:Actor ; kl:actorKind code:actor-kind\\/finance }",
        "PREFIX kl: <https://example.org/> SELECT ?a { ?a a kl:Aktor }",
        "SELECT ?a { ?a rdfs:label 'kl:Aktor' } # kl:Aktor",
        # The graph says something of it, though no list holds it.
        "SELECT ?a { <https://w3id.org/klaster/code/actor-kind> ?p ?a }",
    ],
)
def test_a_term_that_is_known_or_none_of_klaster_s_is_not_warned_of(small_graph, sparql) -> None:
    assert asked(small_graph, sparql).stderr == ""


@pytest.mark.parametrize(
    ("sparql", "caret", "expected"),
    [
        ("SELECT ?a { ?a klaster:suppliesTo ?b }", 15, "the nearest is “kl:”"),
        ("SELECT ?a\n{ ?a ks:x ?b }", 5, "line 2, column 6"),
        ("SELECT ?a { ?a a kl:Aktor . FILTER (?a = ) }", None, "the nearest is kl:Actor"),
        ("SELECT ?a { ?a kl:gapRule code:gap-rule/G1 }", None, "<"),
        ("SELECT ?a WHERE { ?a a }", 24, "line 1, column 25"),
    ],
)
def test_a_slip_is_shown_with_what_was_meant(small_graph, sparql, caret, expected) -> None:
    result = run("query", small_graph.path, sparql)
    assert result.exit_code == 1
    assert expected in result.stderr
    lines = result.stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[at - 1][2:] in sparql.splitlines()
    if caret is not None:
        assert lines[at].index("^") == caret + 2


def test_a_long_line_is_cut_around_the_slip(small_graph) -> None:
    sparql = f"SELECT ?a {{ {'?a a kl:Actor . ' * 30} ?a }}"
    lines = run("query", small_graph.path, sparql).stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert len(lines[at - 1]) <= 80
    assert lines[at - 1][: lines[at].index("^")].rstrip().endswith("?a }")


def test_adding_up_what_several_sources_state_is_noted(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    first = write_tables(tmp_path / "first", SMALL)
    actors = [row | {"lei": "5493001KJTIIGC8Y1R12"} for row in SMALL["actors"][:1]]
    second = write_tables(tmp_path / "second", {"actors": actors})
    graph.load(first, loaded_at=LOADED_AT)
    counted = "SELECT (COUNT(?a) AS ?n) { ?a a kl:Actor }"
    assert asked(graph, counted).stderr == ""
    graph.load(second, loaded_at=LOADED_AT)
    assert "DISTINCT" in asked(graph, counted).stderr
    assert asked(graph, counted.replace("?a)", "DISTINCT ?a)")).stderr == ""
    assert asked(graph, "purchase-concentration").stderr == ""


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_query_ends_at_its_limit_of_time(small_graph, language) -> None:
    began = time.monotonic()
    result = run("query", small_graph.path, ENDLESS, "--timeout", "1", "--lang", language)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "1" in result.stderr
    assert time.monotonic() - began < 20
    with pytest.raises(Fault) as caught:
        small_graph.query(ENDLESS, timeout=0.5)
    assert caught.value.key == "fault.timeout"
    # The graph answers the next query.
    assert small_graph.query("ASK {}", timeout=30).rows == ((True,),)


def test_a_query_ends_at_its_limit_of_memory(small_graph) -> None:
    hungry = "SELECT DISTINCT ?a ?c ?d ?f ?g { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    result = run(
        "query", small_graph.path, hungry, "--limit-memory", "120MB", "-o", "/dev/null.csv"
    )
    assert result.exit_code == 1
    with pytest.raises(Fault) as caught:
        small_graph.query(hungry, memory=120 << 20)
    assert caught.value.key == "fault.memory"


def started(*args, **options):
    command = [sys.executable, "-m", "klaster", *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
def test_ctrl_c_ends_a_query_at_once_and_leaves_nothing_behind(small_graph) -> None:
    process = started("query", small_graph.path, ENDLESS)
    children: list[str] = []
    listed = f"/proc/{process.pid}/task/{process.pid}/children"
    if not os.path.exists(listed):  # noqa: PTH110
        process.kill()
        pytest.skip("this system does not list the children of a process")
    while not children:
        time.sleep(0.05)
        with open(listed) as stream:  # noqa: PTH123
            children = stream.read().split()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert not any(os.path.exists(f"/proc/{child}") for child in children)  # noqa: PTH110


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are those of POSIX")
def test_a_reader_that_has_had_enough_is_no_fault(small_graph) -> None:
    numbers = " ".join(map(str, range(600)))
    sparql = f"SELECT ?a ?b {{ VALUES ?a {{ {numbers} }} VALUES ?b {{ {numbers} }} }}"
    process = started("query", small_graph.path, sparql, "--format", "csv")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"a,b\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(timeout=20)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not tell memory in use")
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_answer_of_any_length_needs_no_more_memory(small_graph, tmp_path, form) -> None:
    """Six times the rows, 50 MB more in one piece and thrice that as objects, take no more."""

    def megabytes(rows: int) -> float:
        some, more = (" ".join(map(str, range(many))) for many in (500, rows // 500))
        text = "x" * 200
        sparql = f"SELECT ?a ?b ?t {{ VALUES ?a {{ {some} }} VALUES ?b {{ {more} }} BIND ('{text}' AS ?t) }}"
        path = tmp_path / f"{rows}.{form}"
        process = started("query", small_graph.path, sparql, "-o", path, "--timeout", "0")
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        assert status == 0
        if form == "parquet":
            assert pl.scan_parquet(path).select(pl.len()).collect().item() == rows
        else:
            assert path.stat().st_size > 200 * rows
        return used.ru_maxrss / 1024

    assert megabytes(300_000) < megabytes(50_000) + 35
