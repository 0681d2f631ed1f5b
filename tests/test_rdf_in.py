"""RDF comes in as tables: klaster's own whole, foreign by a mapping, and hostile not at all."""

from __future__ import annotations

import gzip
import json
import resource
import time
from pathlib import Path

import pytest
from made_up import LOADED_AT, write_tables
from rdf_sources import HEAD, KL, answering, cells, contents, landed, loaded, typed

import klaster
from klaster.graph.store.exchange import FORMATS
from klaster.loaders.raw import RawTable
from klaster.loaders.rdf.construct import read_mapping
from klaster.loaders.rdf.files import CONTEXTS, RDF_FILES, read_rdf
from klaster.ontology.faults import Fault, SourceError
from klaster.ontology.sparql import calls_service

DATA = Path(__file__).parent / "data/rdf"
FORMS = sorted(FORMATS)


def read(tmp_path, text: str | bytes, name: str = "g.ttl", construct: str = "") -> list[RawTable]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_rdf(path, construct))


def fault(tmp_path, text: str | bytes, name: str = "g.ttl", construct: str = "") -> Fault:
    with pytest.raises(Fault) as caught:
        read(tmp_path, text, name, construct)
    for language in ("en", "ru", "uz"):
        assert caught.value.text(language)
    return caught.value


def aside(raws) -> list[str]:
    return [raw.place for raw in raws if raw.name == "?"]


# What klaster wrote


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("which", ["small", "demo"])
def test_a_graph_comes_back_from_each_format(request, tmp_path, which, suffix) -> None:
    graph = request.getfixturevalue(f"{which}_graph")
    graph.export(tmp_path / f"g{suffix}")
    raws = list(read_rdf(tmp_path / f"g{suffix}"))
    assert aside(raws) == []
    again = landed(raws, tmp_path / graph.path.name, "again")
    assert contents(again) == contents(graph)


FACTS = """SELECT ?s ?p ?o WHERE {
  { ?s ?p ?o . ?s kl:actorKind ?k } UNION { ?s ?p ?o . ?s kl:specialisesIn ?k }
  UNION { ?s ?p ?o . ?s kl:productStage ?k } UNION { ?s ?p ?o . ?s kl:instrumentType ?k }
  FILTER (?p NOT IN (kl:sourceLocator, kl:source))
}"""


def test_links_that_reify_their_edges_are_read_once(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "g.ttl", rdf12=True)
    raws = list(read_rdf(tmp_path / "g.ttl"))
    assert aside(raws) == []
    assert contents(landed(raws, tmp_path / "small.klaster", "again")) == contents(small_graph)


@pytest.mark.parametrize("suffix", FORMS)
def test_the_same_facts_stand_in_the_graph_afterwards(small_graph, tmp_path, suffix) -> None:
    small_graph.export(tmp_path / f"g{suffix}")
    again = landed(read_rdf(tmp_path / f"g{suffix}"), tmp_path / "small.klaster", "again")
    before = {tuple(map(str, row)) for row in small_graph.query(FACTS).rows}
    assert len(before) > 60
    assert {tuple(map(str, row)) for row in again.query(FACTS).rows} == before
    # Among the evidence are records, whose IRIs rest on how a date is written.
    found, first = (
        [(one.rule, one.subjects, one.row("en")["text"]) for one in graph.missing()]
        for graph in (again, small_graph)
    )
    assert found == first


def test_every_kind_of_cell_comes_back(tmp_path) -> None:
    given = {
        "actors": [
            {
                "id": "a 1",
                "name": "Завод №1",
                "name_uz": "Zavod",
                "name_ru": "Завод",
                "name_en": "Works",
                "aliases": "W;The Works",
                "kind": "logistics",
                "roles": "producer;holding",
                "ownership": "",
                "country": "UZ",
                "region": "UZ-FA;KZ-ALA",
                "place": "Quva",
                "lat": "40.5",
                "lon": "-71.25",
                "activity": "1311",
                "stir": "123456789",
                "employees": "50",
                "revenue": "1.5",
                "currency": "UZS",
                "website": "https://example.org/?a=1&b=2",
                "source": "s;https://example.org/page",
                "confidence": "0.5",
                "valid_from": "2020",
                "valid_to": "2021-03",
                "note": 'a "b"\nc',
            },
            {"id": "u", "name": "University", "kind": "university", "country": "UZ"},
        ],
        "clusters": [
            {
                "id": "c",
                "name": "C",
                "sector": "livestock",
                "country": "UZ",
                "export_oriented": "yes",
                "managed_by": "a 1",
                "coverage": "census",
            }
        ],
        "products": [
            {"id": "p", "name": "P", "hs": "5205", "cpc": "263"},
            {"id": "q", "name": "Q", "broader": "p"},
        ],
        "needs": [{"actor": "u", "product": "p", "value": "1e3", "currency": "UZS"}],
        "supplies": [
            {"supplier": "a 1", "buyer": "u", "kind": "freight", "status": "planned"},
            {"supplier": "a 1", "buyer": "u", "product": "q", "valid_to": "2022-01-02"},
        ],
        "ownerships": [{"owner": "a 1", "owned": "u", "share": "0.25"}],
        "cooperations": [
            {"id": "k", "kind": "training", "participant": "a 1", "role": "producer"},
            {"id": "k", "kind": "training", "participant": "u", "role": ""},
        ],
        "policies": [{"id": "d", "title": "D", "kind": "decree", "date": "2020-05", "issuer": "u"}],
        "instruments": [{"id": "i", "policy": "d", "kind": "fiscal-relief", "rate": "0.1"}],
        "criteria": [
            {"instrument": "i", "country": "UZ", "role": "producer", "activity": "13"},
            {"instrument": "i", "region": "UZ-FA", "min_employees": "5"},
        ],
        "awards": [{"instrument": "i", "beneficiary": "a 1"}],
        "exports": [
            {
                "exporter": exporter,
                "product": "p",
                "year": "2020",
                "value": "2",
                "currency": "USD",
                "destination": "KZ",
            }
            for exporter in ("a 1", "c", "UZ", "UZ-FA")
        ],
        "infrastructure": [
            {
                "id": "f",
                "name": "F",
                "kind": "technopark",
                "region": "UZ-FA",
                "operator": "u",
                "serves": "a 1;c",
            }
        ],
        "claims": [
            {
                "cause": "grant",
                "effect": "exports",
                "direction": "",
                "quote": "Sic",
                "language": "en",
            }
        ],
        "sources": [
            {
                "id": "s",
                "title": "S",
                "publisher": "P",
                "date": "2020",
                "url": "https://example.org/s",
                "licence": "CC",
            }
        ],
        "codes": [
            {"scheme": "own", "code": "x/y", "name": "X", "name_ru": "Икс"},
            {"scheme": "own", "code": "z", "name": "Z", "broader": "x/y"},
        ],
    }
    from klaster.ontology.codes import codes

    given["claims"][0]["effect"] = next(iter(codes("effect")))
    given["actors"][0]["ownership"] = next(iter(codes("ownership-form")))
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", given), loaded_at=LOADED_AT)
    assert {name for name, rows in contents(graph).items() if rows} == set(given)
    for suffix in (".ttl", ".nq", ".jsonld"):
        graph.export(tmp_path / f"g{suffix}")
        raws = list(read_rdf(tmp_path / f"g{suffix}"))
        assert aside(raws) == []
        again = landed(raws, tmp_path / suffix / "g.klaster", "again")
        assert contents(again) == contents(graph)


def test_what_came_as_rdf_keeps_its_iri_in_tables_and_out_again(small_graph, tmp_path) -> None:
    small_graph.export(tmp_path / "g.ttl")
    other = landed(read_rdf(tmp_path / "g.ttl"), tmp_path / "other.klaster", "again")
    actor = small_graph.base + "actor/small/gin"
    assert actor in set(other.table("actors")["iri"])
    assert not actor.startswith(other.base)
    other.export(tmp_path / "csv")
    third = klaster.open(tmp_path / "third.klaster")
    third.load(tmp_path / "csv")
    assert contents(third) == contents(other)


# What a publisher writes

FIRMS = """
x:a a kl:Enterprise ; rdfs:label "A" . x:b a kl:Enterprise ; rdfs:label "B" .
x:c a kl:Cluster ; rdfs:label "C" ; kl:specialisesIn <https://w3id.org/klaster/code/sector/livestock> .
x:p a kl:Product ; rdfs:label "P" . x:q a kl:Product ; rdfs:label "Q" .
x:d a kl:Policy ; rdfs:label "D" .
x:i a kl:PolicyInstrument ; kl:establishedBy x:d ; kl:instrumentType code:instrument-type\\/grant .
"""
A, B, C, P, Q, I = (f"https://example.org/{name}" for name in "abcpqi")


@pytest.mark.parametrize(
    ("edge", "table", "row"),
    [
        ("x:a kl:suppliesTo x:b", "supplies", {"supplier": A, "buyer": B}),
        ("x:a kl:memberOf x:c", "memberships", {"actor": A, "cluster": C}),
        ("x:a kl:owns x:b", "ownerships", {"owner": A, "owned": B}),
        ("x:a kl:produces x:p", "makes", {"actor": A, "product": P}),
        ("x:a kl:needs x:p", "needs", {"actor": A, "product": P}),
        ("x:p kl:requiresInput x:q", "recipes", {"product": P, "input": Q}),
        ("x:a kl:benefitsFrom x:i", "awards", {"instrument": I, "beneficiary": A}),
        ("x:i kl:targets x:c", "criteria", {"instrument": I, "cluster": C}),
    ],
)
def test_a_direct_edge_is_a_row(tmp_path, edge, table, row) -> None:
    raws = read(tmp_path, f"{HEAD}{FIRMS}{edge} .")
    assert cells(raws, table) == [row]
    origin = next(raw for raw in raws if raw.name == table).origins.row(0, named=True)
    assert origin["place"].startswith("g.ttl: https://example.org/")
    assert len(typed(raws).frames[table]) == 1


def test_an_edge_of_cooperation_has_no_direction_and_no_stated_kind(tmp_path) -> None:
    both = f"{HEAD}{FIRMS} x:a kl:cooperatesWith x:b . x:b kl:cooperatesWith x:a ."
    found = cells(read(tmp_path, both), "cooperations")
    assert [(row["participant"], row["kind"]) for row in found] == [
        (A, "unspecified"),
        (B, "unspecified"),
    ]
    assert len({row["id"] for row in found}) == 1


LINKED = """
[] a kl:SupplyLink ; kl:supplier x:a ; kl:buyer x:b ; kl:linkProduct x:p .
x:k a kl:CooperationLink ; kl:participant x:a , x:b .
x:a kl:suppliesTo x:b ; kl:produces x:p ; kl:cooperatesWith x:b . x:b kl:needs x:p .
"""


def test_an_edge_that_a_link_explains_is_no_second_row(tmp_path) -> None:
    raws = read(tmp_path, HEAD + FIRMS + LINKED)
    assert cells(raws, "supplies") == [{"supplier": A, "buyer": B, "product": P}]
    assert cells(raws, "makes") == cells(raws, "needs") == []
    assert [row["kind"] for row in cells(raws, "cooperations")] == ["unspecified"] * 2


def test_the_kind_follows_from_the_most_special_class(tmp_path) -> None:
    text = """x:a a kl:Actor, kl:Enterprise, kl:LogisticsProvider ; rdfs:label "A" .
    x:u a kl:ResearchOrganization, kl:University ; rdfs:label "U" ."""
    assert [row["kind"] for row in cells(read(tmp_path, HEAD + text), "actors")] == [
        "logistics",
        "university",
    ]


def test_a_service_of_unstated_kind_is_not_taken_for_goods(tmp_path) -> None:
    link = "[] a kl:ServiceLink ; kl:supplier x:a ; kl:buyer x:b ."
    raws = read(tmp_path, HEAD + FIRMS + link)
    with pytest.raises(SourceError) as caught:
        typed(raws)
    assert [found.key for found in caught.value.faults] == ["fault.unknown-code"]


def test_the_name_is_the_plain_label_else_the_english_one(tmp_path) -> None:
    text = """x:a a kl:Enterprise ; rdfs:label "Werk"@de , "Works"@en-GB , "Завод"@ru .
    x:b a kl:Enterprise ; rdfs:label "Zavod"@uz-Latn , "B" ."""
    raws = read(tmp_path, HEAD + text)
    a, b = cells(raws, "actors")
    assert (a["name"], a["name_en"], a["name_ru"]) == ("Works", "Works", "Завод")
    assert (b["name"], b["name_uz"]) == ("B", "Zavod")
    assert aside(raws) == ["g.ttl: actors: rdfs:label (1)"]


def test_dates_and_numbers_are_read_in_all_their_forms(tmp_path) -> None:
    text = """x:a a kl:Enterprise ; rdfs:label "A" ; kl:employees "+050"^^xsd:integer ;
      kl:revenue .5 ; kl:validFrom "2020-05-06T00:00:00Z"^^xsd:dateTime ; kl:validTo "2021Z"^^xsd:gYear .
    x:b a kl:Enterprise ; rdfs:label "B" ; kl:revenue 1.5e3 ; kl:validFrom "2020-05+05:00"^^xsd:gYearMonth ;
      kl:locatedIn "UZ", "UZ-FA" ."""
    frame = typed(read(tmp_path, HEAD + text)).frames["actors"].sort("id")
    assert frame["employees"].to_list() == [50, None]
    assert frame["revenue"].to_list() == [0.5, 1500.0]
    assert frame["valid_from"].to_list() == ["2020-05-06", "2020-05"]
    assert frame["valid_to"].to_list() == ["2021", None]
    assert (frame["country"][1], frame["region"][1].to_list()) == ("UZ", ["UZ-FA"])


def test_a_second_value_is_told_as_not_read(tmp_path) -> None:
    text = 'x:a a kl:Enterprise ; rdfs:label "A" ; kl:employees 5 , 6 ; x:colour "red" .'
    raws = read(tmp_path, HEAD + text)
    assert cells(raws, "actors")[0]["employees"] == "5"
    assert aside(raws) == [
        "g.ttl: actors: https://example.org/colour (1)",
        "g.ttl: actors: kl:employees (1)",
    ]


def test_a_link_with_two_products_is_a_link_for_each(tmp_path) -> None:
    link = "x:l a kl:SupplyLink ; kl:supplier x:a ; kl:buyer x:b ; kl:linkProduct x:p , x:q ."
    found = cells(read(tmp_path, HEAD + FIRMS + link), "supplies")
    assert [row["product"] for row in found] == [P, Q]


def test_named_graphs_count_as_one(tmp_path) -> None:
    text = HEAD + 'x:g1 { x:a a kl:Enterprise . } x:g2 { x:a rdfs:label "A" . }'
    assert cells(read(tmp_path, text, "g.trig"), "actors") == [
        {"id": A, "name": "A", "kind": "enterprise"}
    ]


def test_blank_nodes_keep_their_names_from_one_reading_to_the_next(tmp_path) -> None:
    lines = [
        '[] a kl:Enterprise ; rdfs:label "A" ; kl:suppliesTo [ a kl:Enterprise ; rdfs:label "B" ] .',
        '[] a kl:Enterprise ; rdfs:label "Twin" .',
        '[] rdfs:label "Twin" ; a kl:Enterprise .',
    ]
    first = typed(read(tmp_path, HEAD + "\n".join(lines))).frames
    again = typed(read(tmp_path, HEAD + "\n".join([*reversed(lines), "x:n x:p [] ."]))).frames
    assert sorted(first["actors"]["iri"]) == sorted(again["actors"]["iri"])
    assert len(set(first["actors"]["iri"])) == 4
    supply = first["supplies"].row(0, named=True)
    names = dict(first["actors"].select("iri", "name").rows())
    assert (names[supply["supplier"]], names[supply["buyer"]]) == ("A", "B")


def test_two_things_with_one_tax_number_are_both_named(tmp_path) -> None:
    text = "".join(
        f'x:{n} a kl:Enterprise ; rdfs:label "{n}" ; kl:stir "123456789" .' for n in "ab"
    )
    with pytest.raises(SourceError) as caught:
        typed(read(tmp_path, HEAD + text))
    (found,) = caught.value.faults
    assert (found.place, found.values["first"]) == (f"g.ttl: {B}", A)


def test_a_mark_at_the_beginning_of_a_file_is_no_statement(tmp_path) -> None:
    document = json.dumps({"@context": CONTEXTS[0], "id": A, "type": "Enterprise"})
    for name, text in (
        ("g.ttl", HEAD + FIRMS),
        ("g.rdf", XML.replace("{label}", "A")),
        ("g.jsonld", document),
        ("h.jsonld", json.dumps({"@id": A, "@type": f"{KL}Enterprise"})),
    ):
        assert cells(read(tmp_path, b"\xef\xbb\xbf" + text.encode(), name), "actors")


def test_a_fault_names_the_thing(tmp_path) -> None:
    raws = read(tmp_path, HEAD + 'x:a a kl:Enterprise ; rdfs:label "A" ; kl:employees "many" .')
    with pytest.raises(SourceError) as caught:
        typed(raws)
    (found,) = caught.value.faults
    assert (found.place, found.row, found.key) == (f"g.ttl: {A}", 0, "fault.number")


def test_a_reference_to_what_is_not_described_is_a_fault(tmp_path) -> None:
    raws = read(tmp_path, f"{HEAD}{FIRMS} x:a kl:suppliesTo x:nobody .")
    with pytest.raises(SourceError) as caught:
        typed(raws)
    assert [found.key for found in caught.value.faults] == ["fault.unknown-id"]


@pytest.mark.parametrize("iri", [KL + "Actor", "https://w3id.org/klaster/code/sector/livestock"])
def test_a_term_or_code_of_klaster_is_no_thing_of_the_data(tmp_path, iri) -> None:
    raws = read(tmp_path, f'{HEAD}<{iri}> a kl:Enterprise ; rdfs:label "A" .')
    with pytest.raises(SourceError) as caught:
        typed(raws)
    assert [found.key for found in caught.value.faults] == ["fault.own-iri"]


def test_an_iri_goes_before_a_tax_number_and_a_key_after_it(tmp_path) -> None:
    text = f'{HEAD} x:a a kl:Enterprise ; rdfs:label "A" ; kl:stir "123456789" .'
    assert typed(read(tmp_path, text)).frames["actors"]["iri"].to_list() == [A]
    rows = [
        {"id": "https://example.org/a b> <x", "name": "A", "kind": "support"},
        {"id": "k", "name": "B", "kind": "support", "stir": "123456789"},
    ]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", {"actors": rows}))
    assert sorted(graph.table("actors")["iri"]) == [
        f"{graph.base}actor/stir/123456789",
        f"{graph.base}actor/t/https%3A%2F%2Fexample.org%2Fa%20b%3E%20%3Cx",
    ]


def test_a_web_address_in_place_of_an_id_is_no_way_into_the_graph(tmp_path) -> None:
    rows = [{"id": "a", "name": "A", "kind": "support"}]
    flow = {"product": "p", "year": "2020", "value": "1", "currency": "USD"}
    for exporter in ("https://x> <y> <z", "https://w3id.org/klaster/code/region/x> <y"):
        given = {
            "actors": rows,
            "products": [{"id": "p", "name": "P"}],
            "exports": [{"exporter": exporter, **flow}],
        }
        with pytest.raises(SourceError) as caught:
            klaster.open(tmp_path / "g.klaster").load(write_tables(tmp_path / "t", given))
        assert [found.key for found in caught.value.faults] == ["fault.unknown-id"]


def test_the_exporter_of_a_flow_is_known_by_what_it_is(tmp_path) -> None:
    flow = """[] a kl:ExportFlow ; kl:exporterOf x:a ; kl:linkProduct x:p ; kl:flowYear "2020"^^xsd:gYear ;
      kl:value 5 ; kl:currency "USD" ."""
    graph = landed(read(tmp_path, HEAD + FIRMS + flow), tmp_path / "g.klaster", "g")
    rows = graph.query("SELECT ?a ?p { ?a kl:exports ?p }").rows
    assert [tuple(map(str, row)) for row in rows] == [(A, P)]


def test_what_is_of_other_classes_is_counted_and_told(tmp_path) -> None:
    text = (
        """x:a a kl:Enterprise ; rdfs:label "A" . x:n a x:Note . x:m a x:Note . x:o a x:Actors ."""
    )
    raws = read(tmp_path, HEAD + text)
    assert aside(raws) == [
        "g.ttl: https://example.org/Note (2)",
        "g.ttl: https://example.org/Actors (1)",
    ]
    assert loaded(raws).unread == aside(raws)


def test_a_file_without_our_terms_asks_for_a_mapping(tmp_path) -> None:
    found = fault(tmp_path, HEAD + "x:n a x:Note .")
    assert found.key == "fault.rdf-none"
    assert "https://example.org/Note" in str(found)
    assert "CONSTRUCT" in str(found)


# JSON-LD


@pytest.mark.parametrize("context", CONTEXTS)
def test_our_context_is_known_by_its_address(tmp_path, context) -> None:
    document = {"@context": context, "id": A, "type": "Enterprise", "label": "A", "employees": 5}
    raws = read(tmp_path, json.dumps(document), "g.jsonld")
    assert cells(raws, "actors") == [{"id": A, "name": "A", "kind": "enterprise", "employees": "5"}]
    document["@context"] = [context, {"nick": "http://www.w3.org/2004/02/skos/core#altLabel"}]
    document["nick"] = "Alpha"
    assert (
        cells(read(tmp_path, json.dumps(document), "g.jsonld"), "actors")[0]["aliases"] == "Alpha"
    )


def test_no_context_is_fetched(tmp_path) -> None:
    with answering(lambda *_: (200, {"Content-Type": "application/ld+json"}, b"{}")) as (
        address,
        seen,
    ):
        for context in (f"{address}/c.jsonld", {"@import": f"{address}/c.jsonld"}):
            found = fault(tmp_path, json.dumps({"@context": context, "@id": A}), "g.jsonld")
            assert found.key == "fault.rdf-context"
    assert seen == []


# Files gone wrong


@pytest.mark.parametrize(
    ("name", "text", "key", "values"),
    [
        ("g.ttl", "<http://a> <http://b>\n  foo .", "fault.rdf-syntax", {"line": 2, "column": 3}),
        ("g.nt", "<http://a> <http://b> .", "fault.rdf-syntax", {"line": 1}),
        ("g.rdf", "<rdf:RDF\n<x/>", "fault.rdf-syntax", {"line": 2}),
        ("g.rdf", "<html><body/></html>", "fault.rdf-unreadable", {}),
        ("g.jsonld", '{"@id": \n x}', "fault.rdf-syntax", {"line": 2}),
        ("g.doc", "x", "fault.suffix", {}),
        ("g.ttl", "", "fault.empty-file", {}),
        ("g.ttl", " \n", "fault.empty-file", {}),
        ("g.ttl", "<?xml version='1.0'?><a/>", "fault.rdf-other", {"suffix": ".rdf"}),
        ("g.ttl", '{"@id": "http://a"}', "fault.rdf-other", {"suffix": ".jsonld"}),
        ("g.rdf", "@prefix a: <http://a> .", "fault.rdf-other", {"suffix": ".ttl"}),
        ("g.ttl", "<a> <http://b> 1 .", "fault.rdf-relative", {"found": "<a> (1)"}),
        ("g.jsonld", '{"@id": "a", "http://b": 1}', "fault.rdf-relative", {"found": "a"}),
        ("g.ttl.gz", "not packed", "fault.damaged-file", {}),
        ("g.ttl", '<http://a> <http://b> "\udcff" .', "fault.rdf-syntax", {"line": 1}),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, name, text, key, values) -> None:
    found = fault(tmp_path, text.encode("utf-8", "surrogateescape"), name)
    assert found.key == key
    assert {name: found.values[name] for name in values} == values


def test_a_file_may_be_packed_and_have_any_of_the_suffixes(tmp_path) -> None:
    text = (HEAD + FIRMS).encode()
    assert cells(read(tmp_path, gzip.compress(text), "g.ttl.gz"), "actors")
    assert cells(read(tmp_path, text, "g.owl"), "actors")
    assert {".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".xml", ".jsonld"} <= RDF_FILES


def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("klaster.loaders.rdf.files.UNPACKED_LIMIT", 1000)
    assert fault(tmp_path, gzip.compress(b" " * 2000), "g.nt.gz").key == "fault.rdf-large"
    assert fault(tmp_path, "#" * 2000, "g.nt").key == "fault.rdf-large"


XML = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:k="{kl}" '
    'xmlns:s="http://www.w3.org/2000/01/rdf-schema#"><k:Enterprise rdf:about="https://example.org/a">'
    "<s:label>{label}</s:label></k:Enterprise></rdf:RDF>"
).replace("{kl}", KL)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY e SYSTEM "{file}">',
        '<!ENTITY e SYSTEM "{web}">',
        '<!ENTITY e PUBLIC "x" "{web}">',
        '<!ENTITY % p SYSTEM "{web}"> %p;',
        f'<!ENTITY l0 "lol">{LAUGHS}<!ENTITY e "&l11;">',
        f'<!ENTITY e "{"x" * 100_000}">',
    ],
)
def test_xml_that_reaches_out_or_blows_up_is_refused(tmp_path, declared) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with answering(lambda *_: (200, {}, b"")) as (address, seen):
        declared = declared.replace("{file}", secret.as_uri()).replace("{web}", address)
        text = f"<!DOCTYPE r [{declared}]>" + XML.replace("{label}", "&e;" * 1000)
        start = time.monotonic()
        assert fault(tmp_path, text, "g.rdf").key == "fault.rdf-entities"
    assert seen == []
    assert time.monotonic() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_small_entities_repeated_without_end_are_refused(tmp_path) -> None:
    text = f'<!DOCTYPE r [<!ENTITY e "{"x" * 1000}">]>' + XML.replace("{label}", "&e;" * 20_000)
    assert fault(tmp_path, text, "g.rdf").key == "fault.rdf-entities"


def test_abbreviations_and_an_external_subset_do_no_harm(tmp_path) -> None:
    with answering(lambda *_: (200, {}, b"")) as (address, seen):
        text = f'<!DOCTYPE r SYSTEM "{address}" [<!ENTITY e "Works">]>' + XML.replace(
            "{label}", "&e;"
        )
        assert cells(read(tmp_path, text, "g.rdf"), "actors")[0]["name"] == "Works"
    assert seen == []


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("g.ttl", "<http://a> <http://b> " + "<<( <http://a> <http://b> " * 100_000, "deep"),
        ("g.rdf", XML.replace("{label}", "<s:C><s:p>" * 50_000), "deep"),
        ("g.jsonld", '{"http://b":' * 100_000 + "1" + "}" * 100_000, "syntax"),
        (
            "g.ttl",
            "<http://a> <http://b> " + "[<http://b> " * 50_000 + "1" + "]" * 50_000 + " .",
            "none",
        ),
        ("g.ttl", "<http://a> <http://b> " + "(" * 50_000 + "1" + ")" * 50_000 + " .", "none"),
    ],
)
def test_deep_nesting_ends_in_a_message(tmp_path, name, text, keys) -> None:
    start = time.monotonic()
    assert fault(tmp_path, text, name).key == f"fault.rdf-{keys}"
    assert time.monotonic() - start < 30


def test_a_text_that_hides_triple_terms_in_strings_is_read(tmp_path) -> None:
    notes = ", ".join(f'"{"<<" * 10} {n}"' for n in range(200))
    raws = read(tmp_path, f'{HEAD} x:a a kl:Enterprise ; rdfs:label "A" ; skos:altLabel {notes} .')
    assert cells(raws, "actors")[0]["aliases"].count(";") == 199


def test_values_that_no_cell_holds_are_refused(tmp_path) -> None:
    for value, key in (("x" * 10_000_000, "fault.long-cell"), ("\\u0000", "fault.nul")):
        found = fault(tmp_path, f'{HEAD} x:a a kl:Enterprise ; rdfs:label "{value}" .')
        assert isinstance(found, SourceError)
        assert [(cell.place, cell.key) for cell in found.faults] == [(f"g.ttl: {A}", key)]


def test_an_iri_that_a_list_would_split_is_refused(tmp_path) -> None:
    text = """<https://example.org/s;1> a kl:Source ; rdfs:label "S" .
    x:a a kl:Enterprise ; rdfs:label "A" ; kl:source <https://example.org/s;1> ."""
    found = fault(tmp_path, HEAD + text)
    assert isinstance(found, SourceError)
    assert [cell.key for cell in found.faults] == ["fault.list-separator"]


# Foreign RDF by a mapping


def test_organisations_are_mapped_by_constructs(tmp_path) -> None:
    mapping = (DATA / "organisations.rq").read_text("utf-8")
    raws = list(read_rdf(DATA / "organisations.ttl", mapping))
    firm = "https://directory.example.org/"
    actors = {row["id"]: row for row in cells(raws, "actors")}
    assert actors[firm + "mill"] == {
        "id": firm + "mill",
        "name": "Mill",
        "aliases": "The Mill",
        "kind": "enterprise",
        "country": "UZ",
        "website": "https://mill.example.org/",
    }
    assert actors[firm + "institute"]["kind"] == "research"
    assert cells(raws, "memberships") == [
        {"actor": firm + name, "cluster": firm + "cluster"} for name in ("institute", "mill")
    ]
    assert cells(raws, "ownerships") == [{"owner": firm + "holding", "owned": firm + "mill"}]
    assert aside(raws) == []
    frames = typed(raws).frames
    assert sorted(frames) == ["actors", "clusters", "memberships", "ownerships"]


def test_prefixes_hold_for_the_queries_below_and_lines_are_those_of_the_file() -> None:
    text = """PREFIX o: <http://o/> # PREFIX and CONSTRUCT in a comment
CONSTRUCT { ?s a kl:Enterprise } WHERE { ?s a o:A ; rdfs:label "CONSTRUCT {" }

PREFIX n: <http://n/>
construct where { ?s a o:B , n:C }"""
    first, second = read_mapping(text)
    assert second.text.splitlines()[4] == "construct where { ?s a o:B , n:C }"
    assert "o:A" in first.text
    assert "o:A" not in second.text
    assert "PREFIX o:" in second.text


@pytest.mark.parametrize(
    ("mapping", "key", "values"),
    [
        ("CONSTRUCT WHERE { ?s a x:C }", "fault.mapping-syntax", {"number": 1, "line": 1}),
        (
            "CONSTRUCT WHERE { ?s a kl:C }\n\nCONSTRUCT { ?s a } WHERE { ?s ?p ?o }",
            "fault.mapping-syntax",
            {"number": 2, "line": 3},
        ),
        ("SELECT * { ?s ?p ?o }", "fault.mapping-kind", {"found": "SELECT"}),
        ("LOAD <http://127.0.0.1:9/>", "fault.mapping-kind", {"found": "LOAD"}),
        ("# nothing", "fault.mapping-empty", {}),
        ("CONSTRUCT WHERE { ?s a kl:C }", "fault.mapping-nothing", {}),
        ("CONSTRUCT WHERE " + "{" * 200, "fault.mapping-deep", {"number": 1}),
        ("CONSTRUCT {} WHERE { FILTER(1" + "+1" * 50_000 + ") }", "fault.mapping-deep", {}),
    ],
)
def test_a_mapping_gone_wrong_is_told_with_its_query(tmp_path, mapping, key, values) -> None:
    found = fault(tmp_path, HEAD + "x:n a x:Note .", construct=mapping)
    assert found.key == key
    assert {name: found.values[name] for name in values} == values


CALLS = [
    "SERVICE <{u}> {{ ?s ?p ?o }}",
    "?s ?p 1 .SERVICE <{u}> {{ ?s ?p ?o }}",
    "?s ?p 1.SERVICE<{u}>{{ ?s ?p ?o }}",
    "?s ?p true .service silent <{u}> {{ ?s ?p ?o }}",
    "BIND(<{u}> AS ?u) SERVICE ?u {{ ?s ?p ?o }}",
    "SERVICE # a comment {{\n <{u}> {{ ?s ?p ?o }}",
    "FILTER(?a<'>'&&''='') SERVICE <{u}> {{ ?s ?p ?o }} #'",
    "{{ }} SERVICE u: {{ ?s ?p ?o }}",
]


@pytest.mark.parametrize("call", CALLS)
def test_no_mapping_and_no_query_reaches_another_machine(small_graph, tmp_path, call) -> None:
    with answering(
        lambda *_: (200, {"Content-Type": "application/sparql-results+json"}, b"{}")
    ) as (
        address,
        seen,
    ):
        body = "{ " + call.format(u=address) + " }"
        prefix = f"PREFIX u: <{address}> "
        found = fault(
            tmp_path, HEAD + FIRMS, construct=f"{prefix}CONSTRUCT {{ ?s ?p ?o }} WHERE {body}"
        )
        assert found.key == "fault.service"
        with pytest.raises(Fault) as caught:
            small_graph.query(f"{prefix}SELECT * {body}")
        assert caught.value.key == "fault.service"
    assert seen == []


def test_a_graph_named_in_a_mapping_is_not_fetched(tmp_path) -> None:
    with answering(lambda *_: (200, {"Content-Type": "text/turtle"}, (HEAD + FIRMS).encode())) as (
        address,
        seen,
    ):
        mapping = f"CONSTRUCT {{ ?s ?p ?o }} FROM <{address}> WHERE {{ ?s ?p ?o }}"
        raws = read(tmp_path, f"{HEAD}{FIRMS}x:n a x:Note .", construct=mapping)
    assert [row["id"] for row in cells(raws, "actors")] == [A, B]
    assert seen == []


def test_words_and_names_of_services_are_no_calls() -> None:
    for query in (
        "SELECT ?service { ?service a kl:ServiceLink }",
        "SELECT ?service WHERE { ?service rdfs:label 'customer SERVICE <x>' } # SERVICE",
        "SELECT * { ?s kl:linkKind <https://w3id.org/klaster/code/service-kind/freight> }",
        "SELECT * { GRAPH ?service { ?s x:service ?o } }",
    ):
        assert not calls_service(query), query
