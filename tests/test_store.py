"""What stands in the store: facts with their rows, derived edges, findings, safe text."""

from __future__ import annotations

import io
from importlib.resources import files

import polars as pl
import pyoxigraph as ox
import pytest
from made_up import write_tables

import klaster
from klaster.graph.store import quads
from klaster.ontology.faults import Fault
from klaster.ontology.terms import graph_iri

RULES = sorted(path.name for path in files("klaster.ontology").joinpath("rules").iterdir())
LATER = ("roles-by-edges.rq", "needs.rq", "eligible-for.rq")
IN_ORDER = sorted(RULES, key=lambda name: (name in LATER, name == LATER[0], name))


def test_each_fact_stands_in_its_source_with_file_and_row(small_graph) -> None:
    rows = small_graph.query(
        """
        SELECT ?graph ?where ?value ?from WHERE {
          GRAPH ?graph { ?link a kl:SupplyLink ; kl:sourceLocator ?where ; kl:inputShare ?value ;
                         kl:validFrom ?from }
        } ORDER BY ?where"""
    ).rows
    base = small_graph.base
    assert rows == (
        (f"{base}graph/source/small", "supplies.csv!2", 1.0, "2020-01-01"),
        (f"{base}graph/source/small", "supplies.csv!3", 0.5, "2021-03-01"),
    )


def test_the_source_is_known_by_its_bytes_and_time(small_graph) -> None:
    (row,) = small_graph.query(
        """
        SELECT ?label ?sha ?when ?loader WHERE {
          ?graph a kl:LoadGraph ; prov:wasGeneratedBy ?load .
          ?load prov:used ?file ; kl:loader ?loader .
          ?file rdfs:label ?label ; kl:sha256 ?sha ; kl:retrievedAt ?when }"""
    ).rows
    assert row[0] == "small"
    assert row[1] == small_graph.sources()[0].sha256
    assert row[2] == "2026-01-02T03:04:05Z"
    assert row[3].startswith("klaster 0.1.0")


def derived_by_rules(graph) -> set[str]:
    """Run the rules in SPARQL over the facts and the ontology alone."""
    store = ox.Store()
    names = [graph_iri(graph.base, "source", entry.name) for entry in graph.sources()]
    for name in [*names, graph_iri(graph.base, "ontology")]:
        lines = graph._store.dump(name)
        store.load(lines, format=ox.RdfFormat.N_TRIPLES)
    # What the ontology says of classes and codes is not derived anew.
    vocabulary = {
        triple.subject
        for triple in ox.parse(
            graph._store.dump(graph_iri(graph.base, "ontology")), format=ox.RdfFormat.N_TRIPLES
        )
    }
    found = set()
    for name in IN_ORDER:
        query = files("klaster.ontology").joinpath("rules", name).read_text("utf-8")
        triples = [triple for triple in store.query(query) if triple.subject not in vocabulary]
        found |= {str(triple) for triple in triples}
        store.extend(ox.Quad(*triple) for triple in triples)
    return found


def derived_in_columns(graph) -> set[str]:
    text = graph._store.dump(graph_iri(graph.base, "derived"))
    return {str(triple) for triple in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}


def test_the_rules_in_sparql_and_the_columns_derive_the_same(small_graph) -> None:
    in_columns = derived_in_columns(small_graph)
    assert len(in_columns) > 30
    assert derived_by_rules(small_graph) == in_columns


def test_the_rules_agree_on_the_demonstration_too(demo_graph) -> None:
    in_columns = derived_in_columns(demo_graph)
    assert len(in_columns) > 250
    assert derived_by_rules(demo_graph) == in_columns


def test_planned_links_are_facts_but_derive_no_edge(small_graph) -> None:
    assert small_graph.query(
        "ASK { ?l kl:linkStatus <https://w3id.org/klaster/code/link-status/planned> }"
    ).rows[0][0]
    assert not small_graph.query("ASK { ?a kl:suppliesTo ?b . ?b rdfs:label 'Bank' }").rows[0][0]


def test_every_actor_counts_once_whatever_its_class(demo_graph) -> None:
    (row,) = demo_graph.query("SELECT (COUNT(?a) AS ?n) WHERE { ?a a kl:Actor }").rows
    assert row == (71,)


def test_findings_can_be_queried_beside_the_facts(small_graph) -> None:
    rows = small_graph.query(
        """
        SELECT ?rule ?score ?text WHERE {
          ?gap a kl:Gap ; kl:gapRule/skos:notation ?rule ; kl:score ?score ;
               kl:explanation ?text FILTER(LANG(?text) = 'en') } ORDER BY ?rule ?text"""
    ).rows
    expected = sorted(
        (finding.rule, round(finding.severity, 6), finding.text["en"])
        for finding in small_graph.missing()
    )
    assert sorted(rows) == expected


def test_whatever_text_a_table_holds_comes_back_as_it_was(tmp_path) -> None:
    evil = 'quote " backslash \\ newline \n> <http://x> . </script> {{7*7}} oʻ ў 漢 \t end'
    rows = [{"id": 'i"d <>{}|^`\\', "name": evil, "kind": "support", "website": "javascript:x"}]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    (row,) = graph.query(
        "SELECT ?a ?l ?w { ?a kl:actorKind ?k ; rdfs:label ?l ; kl:website ?w }"
    ).rows
    assert row[1:] == (evil, "javascript:x")
    assert row[0].endswith("/actor/t/i%22d%20%3C%3E%7B%7D%7C%5E%60%5C")


def test_amounts_keep_their_digits(tmp_path) -> None:
    rows = [
        {"id": "a", "name": "A", "kind": "support", "revenue": revenue, "currency": "UZS"}
        for revenue in ("1500000000000.25",)
    ]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    assert graph.query("SELECT ?r { ?a kl:revenue ?r }").rows == ((1500000000000.25,),)


def test_a_region_outside_the_list_becomes_a_place_in_its_country(tmp_path) -> None:
    rows = [{"id": "a", "name": "A", "kind": "support", "region": "DE-BY"}]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    found = graph.query(
        "SELECT ?code ?c { ?a kl:locatedIn ?p . ?p a kl:Region ; kl:isoCode ?code ; kl:within/kl:isoCode ?c }"
    )
    assert found.rows == (("DE-BY", "DE"),)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
        "SELECT * { { SELECT ?s { service silent <http://127.0.0.1:9/sparql> { ?s ?p ?o } } } }",
    ],
)
def test_a_query_does_not_leave_the_machine(small_graph, query) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.query(query)
    assert caught.value.key == "fault.service"


def test_the_word_service_in_a_text_or_name_is_no_call(small_graph) -> None:
    query = "SELECT ?service { # SERVICE\n ?service a kl:ServiceLink ; rdfs:label 'SERVICE <x>' }"
    assert small_graph.query(query).rows == ()


def test_a_query_that_cannot_be_read_is_told_in_words(small_graph) -> None:
    with pytest.raises(Fault) as caught:
        small_graph.query("SELECT ?a\nWHERE { ?a a }")
    assert caught.value.text("en").splitlines() == [
        "the query cannot be read at line 2, column 15:",
        "  WHERE { ?a a }",
        "                ^",
    ]
    with pytest.raises(Fault) as caught:
        small_graph.query("SELECT ?a { ?a nowhere:b ?c }")
    assert "nowhere" in caught.value.text("uz")


def test_rdflib_reads_the_same_store(small_graph) -> None:
    graph = small_graph.rdflib()
    asked = "SELECT (COUNT(?a) AS ?n) WHERE { ?a a <https://w3id.org/klaster/ontology#Actor> }"
    assert [int(row[0]) for row in graph.query(asked)] == [5]


def test_few_statements_are_written_as_many_are(monkeypatch) -> None:
    texts = ['"quoted"', "a\\b", "two\nlines\r", "tab\tand, comma", "сўз — oʻq", "", None]
    frame = pl.DataFrame({"id": range(7 * 200), "text": texts * 200})
    subject = quads.iri(pl.lit("https://example.org/") + pl.col("id").cast(pl.String))
    said = (subject, "<https://example.org/p>", quads.literal(pl.col("text"), "@uz"))

    def written(graph: str) -> bytes:
        stream = io.BytesIO()
        quads.write_lines(stream, frame, *said, graph)
        return stream.getvalue()

    for graph in ("https://example.org/g", ""):
        monkeypatch.setattr(quads, "_FEW", 0)
        many = written(graph)
        monkeypatch.setattr(quads, "_FEW", 10**6)
        assert written(graph) == many
        statements = list(ox.parse(many, format=ox.RdfFormat.N_QUADS))
        values = [statement.object.value for statement in statements]
        assert values == [text for text in texts if text is not None] * 200
