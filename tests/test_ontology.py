"""Terms, codes, tables and phrases hold together, in three languages."""

from __future__ import annotations

import csv
import json
import re
import string
from importlib.resources import files
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from klaster.graph.store import quads
from klaster.ontology.codes import codes, schemes
from klaster.ontology.labels import LANGUAGES, code_label, phrase, term_label
from klaster.ontology.names import fold
from klaster.ontology.tables import tables
from klaster.ontology.terms import KL

FOLDER = files("klaster.ontology")
OWL = rdflib.OWL
SKOS = rdflib.SKOS


@pytest.fixture(scope="module")
def ontology() -> rdflib.Graph:
    return rdflib.Graph().parse(data=FOLDER.joinpath("klaster.ttl").read_text("utf-8"))


def own_terms(ontology) -> set[rdflib.URIRef]:
    kinds = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    return {
        term
        for kind in kinds
        for term in ontology.subjects(rdflib.RDF.type, kind)
        if isinstance(term, rdflib.URIRef)
    }


def test_every_term_has_one_label_in_each_language_and_a_definition(ontology) -> None:
    terms = own_terms(ontology)
    assert len(terms) > 150
    for term in terms:
        labels = sorted(str(label.language) for label in ontology.objects(term, rdflib.RDFS.label))
        assert labels == ["en", "ru", "uz"], term
        assert ontology.value(term, SKOS.definition), term


def test_every_property_has_a_domain_and_a_range(ontology) -> None:
    for kind in (OWL.ObjectProperty, OWL.DatatypeProperty):
        for term in ontology.subjects(rdflib.RDF.type, kind):
            assert ontology.value(term, rdflib.RDFS.domain), term
            assert ontology.value(term, rdflib.RDFS.range), term


def test_no_two_terms_of_a_kind_share_a_label(ontology) -> None:
    for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty):
        seen: dict[str, rdflib.URIRef] = {}
        for term in ontology.subjects(rdflib.RDF.type, kind):
            for label in ontology.objects(term, rdflib.RDFS.label):
                other = seen.setdefault(f"{label}@{label.language}", term)
                assert other == term, label


def test_every_term_that_is_written_is_in_the_ontology(demo_graph, small_graph, ontology) -> None:
    terms = {str(term) for term in own_terms(ontology)}
    for graph in (demo_graph, small_graph):
        rows = graph.query(
            "SELECT DISTINCT ?t { GRAPH ?g { { ?s ?t ?o } UNION { ?s a ?t } } }"
        ).rows
        used = {term for (term,) in rows if term.startswith(KL)}
        assert used <= terms, used - terms


def test_every_table_and_column_rests_on_a_term_with_labels() -> None:
    for table in tables().values():
        assert term_label(table.rdf_class, "uz")
        for column in table.columns:
            if column.term.startswith(KL):
                assert term_label(column.term, "ru"), column
            for scheme in column.codes:
                assert codes(scheme)
            for other in column.refers:
                assert other in tables()


def test_the_tables_are_a_data_package() -> None:
    package = json.loads(FOLDER.joinpath("datapackage.json").read_text("utf-8"))
    assert package["profile"] == "data-package"
    types = {"string", "number", "integer", "boolean", "date", "year"}
    for resource in package["resources"]:
        assert resource["path"] == f"{resource['name']}.csv"
        names = [field["name"] for field in resource["schema"]["fields"]]
        assert len(names) == len(set(names))
        assert {field["type"] for field in resource["schema"]["fields"]} <= types


@pytest.mark.parametrize("scheme", schemes())
def test_every_code_has_labels_and_a_known_parent(scheme) -> None:
    entries = codes(scheme)
    above = codes("country") if scheme == "region" else entries
    for code, entry in entries.items():
        assert all(
            entry.labels[language].strip() == entry.labels[language] != "" for language in LANGUAGES
        ), code
        assert not entry.broader or entry.broader in above, code
        if entry.rdf_class:
            assert term_label(entry.rdf_class, "en"), code


@pytest.mark.parametrize("scheme", schemes())
def test_no_spelling_stands_for_two_codes(scheme) -> None:
    for language in LANGUAGES:
        labels = [fold(entry.labels[language]) for entry in codes(scheme).values()]
        twice = {label for label in labels if labels.count(label) > 1}
        assert not twice


def test_the_fourteen_regions_of_uzbekistan_are_there() -> None:
    assert len(codes("region")) == 14
    assert all(code.startswith("UZ-") for code in codes("region"))
    assert code_label("region", "UZ-FA", "uz") == "Fargʻona viloyati"


def all_phrases(*, besides: str = "") -> list[dict[str, str]]:
    rows = []
    for path in FOLDER.joinpath("phrases").iterdir():
        if path.name == besides:
            continue
        with path.open(encoding="utf-8") as stream:
            rows += list(csv.DictReader(stream))
    return rows


def test_every_phrase_has_the_same_places_for_values_in_each_language() -> None:
    for row in all_phrases():
        places = {
            language: {name for _, name, _, _ in string.Formatter().parse(row[language]) if name}
            for language in LANGUAGES
        }
        assert places["en"] == places["ru"] == places["uz"], row["key"]
        assert all(row[language] for language in LANGUAGES), row["key"]


def test_no_phrase_is_given_twice_and_none_is_left_over() -> None:
    keys = [row["key"] for row in all_phrases()]
    assert len(keys) == len(set(keys))
    # The page's own phrases are looked after by its tests.
    keys = [row["key"] for row in all_phrases(besides="page.csv")]
    root = FOLDER.joinpath("..")
    code = "".join(
        path.read_text("utf-8")
        for folder in (
            ".",
            "ontology",
            "loaders",
            "graph",
            "graph/store",
            "graph/network",
            "graph/findings",
            "graph/matching",
            "graph/views",
            "graph/views/templates",
        )
        for path in sorted(Path(str(root)).joinpath(folder).rglob("*"))
        if path.is_file() and path.name.endswith((".py", ".js", ".html"))
    )
    built = (
        "data-gap.",
        "card.",
        "meaning.",
        "mechanism.",
        "docs.",
        "finding.G",
        "prediction.",
        "helix.",
        "head.",
        "severity.",
        "info.",
        "stage.",
        "layer.",
        "note.",
        "measure.",
        "risk.",
        "count.",
        "level.",
        "method.",
        "month.",
        "parameter.",
        "report.",
        "serve.",
        "theme.",
        "trade",
        "brokers.",
        "fault.integer",
        "fault.year",
        "page.",
        "partitioned.",
    )
    unused = [
        key
        for key in keys
        if not key.startswith(built) and f'"{key}"' not in code and f"'{key}'" not in code
    ]
    assert not unused


def test_uzbek_is_written_with_its_own_apostrophes() -> None:
    texts = [row["uz"] for row in all_phrases()]
    texts += [entry.labels["uz"] for scheme in schemes() for entry in codes(scheme).values()]
    texts += [entry.meanings["uz"] for scheme in schemes() for entry in codes(scheme).values()]
    for text in texts:
        assert not re.search("[‘’'`]", text), text


def test_a_phrase_takes_its_values() -> None:
    assert phrase("fault.row", "ru", row=3) == "строка 3"


def test_the_codes_are_concepts_and_places(tmp_path) -> None:
    path = tmp_path / "codes.nq"
    with path.open("wb") as stream:
        quads.write_codes(stream, "https://example.org/graph")
    store = ox.Store()
    store.load(path.read_bytes(), format=ox.RdfFormat.N_QUADS)
    found = store.query(
        """
        PREFIX kl: <https://w3id.org/klaster/ontology#>
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?label ?country WHERE {
          ?region a kl:Region , skos:Concept ; kl:isoCode "UZ-XO" ; skos:prefLabel ?label ;
                  kl:within ?c . ?c a kl:Country ; kl:isoCode ?country }
        ORDER BY ?label""",
        use_default_graph_as_union=True,
    )
    rows = [(row["label"].value, row["country"].value) for row in found]
    assert rows == [
        ("Khorezm region", "UZ"),
        ("Xorazm viloyati", "UZ"),
        ("Хорезмская область", "UZ"),
    ]
