"""Every kind of source loads by one command, and loads again only when it has changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import networkx as nx
import pytest
from click.testing import CliRunner
from made_up import SMALL, write_tables
from rdf_sources import oxigraph_server, put

import klaster
from klaster.cli import main

DATA = Path(__file__).parent / "data"
FIRMS = "tin,firm,sort\n1,Paxta zavodi,enterprise\n2,Ўзбек институти,research\n"
SQL = "CREATE TABLE actors AS SELECT tin AS id, firm AS name, sort AS kind FROM firms;"
RML = """
@prefix rr: <http://www.w3.org/ns/r2rml#> .
@prefix rml: <http://semweb.mmlab.be/ns/rml#> .
@prefix ql: <http://semweb.mmlab.be/ns/ql#> .
@prefix kl: <https://w3id.org/klaster/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<#firms> rml:logicalSource [ rml:source "firms.csv" ; rml:referenceFormulation ql:CSV ] ;
  rr:subjectMap [ rr:template "https://example.org/firm/{tin}" ; rr:class kl:Enterprise ] ;
  rr:predicateObjectMap [ rr:predicate rdfs:label ; rr:objectMap [ rml:reference "firm" ] ] .
"""


def load(*args) -> str:
    ended = CliRunner().invoke(main, ["load", *map(str, args), "--lang", "en"])
    assert ended.exit_code == 0, ended.stderr
    return ended.stderr


def refused(*args) -> str:
    ended = CliRunner().invoke(main, ["load", *map(str, args), "--lang", "en"])
    assert ended.exit_code == 1
    assert not ended.exception or isinstance(ended.exception, SystemExit)
    return ended.stderr


def names(folder: Path) -> list[str]:
    return sorted(klaster.open(folder).table("actors")["name"])


@pytest.fixture
def firms(tmp_path) -> Path:
    path = tmp_path / "firms.csv"
    path.write_text(FIRMS, "utf-8")
    (tmp_path / "firms.sql").write_text(SQL, "utf-8")
    return path


def sqlite_file(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def test_a_table_in_another_shape_loads_by_a_mapping_and_is_unchanged_after(
    firms, tmp_path
) -> None:
    graph = tmp_path / "g.klaster"
    order = (firms, "--map", tmp_path / "firms.sql", "--into", graph)
    assert "read by the mapping firms" in load(*order)
    assert names(graph) == ["Paxta zavodi", "Ўзбек институти"]
    assert "not changed since" in load(*order)
    (tmp_path / "firms.sql").write_text(SQL.replace("firm AS", "upper(firm) AS"), "utf-8")
    assert "changed 2" in load(*order)
    assert names(graph) == ["PAXTA ZAVODI", "ЎЗБЕК ИНСТИТУТИ"]


def test_a_database_in_a_file_loads_by_its_path_or_address_with_or_without_a_query(
    tmp_path,
) -> None:
    own = (
        "CREATE TABLE actors (id, name, kind); INSERT INTO actors VALUES ('a', 'A', 'enterprise');"
    )
    path = sqlite_file(tmp_path / "own.sqlite", own)
    graph = tmp_path / "g.klaster"
    assert "loaded 1 rows" in load(path, "--into", graph)
    assert "not changed since" in load(path, "--into", graph)
    with closing(duckdb.connect(str(tmp_path / "firms.duckdb"))) as connection:
        connection.execute(
            "CREATE TABLE firms AS SELECT 7 AS tin, 'Oʻgʻil' AS firm, 'research' AS sort"
        )
    address = f"duckdb:///{tmp_path / 'firms.duckdb'}"
    ask = "actors=SELECT tin AS id, firm AS name, sort AS kind FROM firms"
    told = load(address, "--query", ask, "--into", graph)
    assert "loaded 1 rows" in told
    assert "not changed since" in load(address, "--query", ask, "--into", graph)
    (tmp_path / "firms.sql").write_text(SQL, "utf-8")
    mapped = tmp_path / "mapped.klaster"
    load(address, "--map", tmp_path / "firms.sql", "--into", mapped)
    assert names(mapped) == ["Oʻgʻil"]
    assert names(graph) == ["A", "Oʻgʻil"]


def test_no_password_of_an_address_is_kept(tmp_path) -> None:
    told = refused("postgresql://reader:topsecret@127.0.0.1:1/db", "--into", tmp_path / "g.klaster")
    assert "topsecret" not in told
    assert not (tmp_path / "g.klaster").exists()


def test_rdf_loads_by_its_file_and_foreign_rdf_by_constructs(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "small.ttl")
    load(tmp_path / "small.ttl", "--into", tmp_path / "g.klaster")
    assert names(tmp_path / "g.klaster") == names(small_graph.path)
    foreign = DATA / "rdf" / "organisations.ttl"
    assert "CONSTRUCT" in refused(foreign, "--into", tmp_path / "h.klaster")
    told = load(
        foreign, "--map", DATA / "rdf" / "organisations.rq", "--into", tmp_path / "h.klaster"
    )
    assert "read by the mapping organisations.rq" in told
    assert len(names(tmp_path / "h.klaster")) > 1


def test_a_sparql_endpoint_loads_by_its_address(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "small.nt")
    with oxigraph_server() as server:
        put(server, (tmp_path / "small.nt").read_bytes(), "application/n-triples")
        load(f"{server}/query", "--into", tmp_path / "g.klaster")
        assert "not changed since" in load(f"{server}/query", "--into", tmp_path / "g.klaster")
    assert names(tmp_path / "g.klaster") == names(small_graph.path)
    (entry,) = klaster.open(tmp_path / "g.klaster").sources()
    assert (entry.name, entry.path) == ("127.0.0.1", f"{server}/query")


def test_a_network_loads_by_its_file_and_as_the_links_that_one_says(tmp_path) -> None:
    network = nx.MultiDiGraph([("gin", "spin"), ("gin", "spin"), ("spin", "weave")])
    nx.write_graphml(network, tmp_path / "net.graphml")
    graph = tmp_path / "g.klaster"
    load(tmp_path / "net.graphml", "--into", graph)
    assert klaster.open(graph).table("supplies").height == 3
    assert "gone 3" in load(tmp_path / "net.graphml", "--as", "cooperation", "--into", graph)
    assert klaster.open(graph).table("supplies").is_empty()
    (tmp_path / "edges.csv").write_text("source,target\na,b\nb,c\n", "utf-8")
    told = load(tmp_path / "edges.csv", "--as", "supply", "--into", tmp_path / "e.klaster")
    assert "loaded 5 rows" in told
    assert klaster.open(tmp_path / "e.klaster").table("supplies").height == 2


def test_what_was_taken_for_what_is_told_in_the_users_language(tmp_path) -> None:
    (tmp_path / "edges.csv").write_text("source,target\na,b\n", "utf-8")
    order = ["load", tmp_path / "edges.csv", "--into", tmp_path / "e.klaster", "--lang", "uz"]
    told = CliRunner().invoke(main, list(map(str, order))).stderr
    assert "korxona" in told


def test_rml_rules_load_files_through_an_environment_of_their_own(firms, tmp_path) -> None:
    rules = tmp_path / "firms.rml.ttl"
    rules.write_text(RML, "utf-8")
    if not os.environ.get("KLASTER_MORPH_KGC"):
        assert "KLASTER_MORPH_KGC" in refused(
            firms, "--map", rules, "--into", tmp_path / "g.klaster"
        )
        pytest.skip("KLASTER_MORPH_KGC names no environment with morph-kgc")
    load(firms, "--map", rules, "--into", tmp_path / "g.klaster")
    assert names(tmp_path / "g.klaster") == ["Paxta zavodi", "Ўзбек институти"]
    secret = tmp_path.parent / "secret.csv"
    secret.write_text(FIRMS, "utf-8")
    rules.write_text(RML.replace("firms.csv", str(secret)), "utf-8")
    assert "which was not given" in refused(firms, "--map", rules, "--into", tmp_path / "h.klaster")
    rules.write_text(RML.replace('"firm"', '"nobody"'), "utf-8")
    assert "firms.rml.ttl" in refused(firms, "--map", rules, "--into", tmp_path / "h.klaster")
    assert not (tmp_path / "h.klaster").exists()


@pytest.mark.parametrize(
    ("source", "mapping", "said"),
    [
        ("firms.csv", "map.rq", "CONSTRUCT queries are for RDF"),
        ("firms.ttl", "map.sql", "RDF is mapped by CONSTRUCT"),
        ("firms.csv", "none.sql", "none.sql"),
    ],
)
def test_a_mapping_that_does_not_fit_its_source_is_refused(tmp_path, source, mapping, said) -> None:
    write_tables(tmp_path / "t", SMALL)
    (tmp_path / "firms.csv").write_text(FIRMS, "utf-8")
    (tmp_path / "firms.ttl").write_text("<urn:a> <urn:b> <urn:c> .", "utf-8")
    (tmp_path / "map.rq").write_text("CONSTRUCT WHERE { ?s ?p ?o }", "utf-8")
    (tmp_path / "map.sql").write_text(SQL, "utf-8")
    order = (tmp_path / source, "--map", tmp_path / mapping, "--into", tmp_path / "g.klaster")
    assert said in refused(*order)
