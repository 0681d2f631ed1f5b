"""The ontology keeps the rules of good ontologies, and each check can fail."""

from __future__ import annotations

import csv
import importlib.util
import os
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from rdflib import OWL, RDF, namespace

ROOT = Path(__file__).parents[1]
HYGIENE = sorted((ROOT / "tests" / "hygiene").glob("*.rq"))
VOCABULARIES = ROOT / "tests" / "data" / "vocabularies"
ONTOLOGY = ROOT / "ontology" / "klaster.ttl"
ALIGNMENT = ROOT / "ontology" / "alignment.ttl"
KL = "https://w3id.org/klaster/ontology#"
NO_INVERSE = ox.NamedNode("https://w3id.org/klaster/check#noInverse")

PREFIXES = """
@prefix kl: <https://w3id.org/klaster/ontology#> .
@prefix check: <https://w3id.org/klaster/check#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
HEADER = """
<https://w3id.org/klaster/ontology> a owl:Ontology ;
  owl:versionIRI <https://w3id.org/klaster/ontology/0.1.0> ; owl:versionInfo "0.1.0" ;
  dcterms:title "Firms"@en ; dcterms:description "Firms and places."@en ;
  dcterms:license <https://creativecommons.org/licenses/by/4.0/> .
"""
# A small ontology in which no check finds a fault.
CLEAN = """
kl:Firm a owl:Class ; rdfs:subClassOf prov:Agent ; owl:disjointWith kl:Place ;
  rdfs:label "firm"@en , "фирма"@ru , "firma"@uz ;
  skos:definition "An agent that sells."@en , "Агент, который продаёт."@ru ,
    "Sotadigan agent, oʻz nomi bilan."@uz ;
  skos:example "Cotton Mill No. 1"@en , "Фабрика № 1"@ru , "1-fabrika"@uz .
kl:Place a owl:Class ; rdfs:subClassOf prov:Location ;
  rdfs:label "place"@en , "место"@ru , "joy"@uz ;
  skos:definition "A part of a country."@en , "Часть страны."@ru , "Maʼlum hudud qismi."@uz ;
  skos:example "Fergana"@en , "Фергана"@ru , "Fargʻona"@uz .
kl:Town a owl:Class ; rdfs:subClassOf kl:Place ;
  rdfs:label "town"@en , "город"@ru , "shahar"@uz ;
  skos:definition "A place with streets."@en , "Место с улицами."@ru , "Koʻchalari bor joy."@uz ;
  skos:example "Kokand"@en , "Коканд"@ru , "Qoʻqon"@uz .
kl:locatedIn a owl:ObjectProperty ; rdfs:domain kl:Firm ; rdfs:range kl:Place ;
  owl:inverseOf kl:locationOf ;
  rdfs:label "located in"@en , "находится в"@ru , "joylashgan"@uz ;
  skos:definition "Relates a firm to its place."@en , "Связывает фирму с местом."@ru ,
    "Firmani joyga bogʻlaydi."@uz ;
  skos:example "the mill is in Fergana"@en , "фабрика в Фергане"@ru , "fabrika Fargʻonada"@uz .
kl:locationOf a owl:ObjectProperty ; rdfs:domain kl:Place ; rdfs:range kl:Firm ;
  rdfs:label "location of"@en , "место расположения"@ru , "joylashuv oʻrni"@uz ;
  skos:definition "Relates a place to a firm there."@en , "Связывает место с фирмой."@ru ,
    "Joyni firmaga bogʻlaydi."@uz ;
  skos:example "Fergana has the mill"@en , "в Фергане фабрика"@ru , "Fargʻonada fabrika"@uz .
kl:lei a owl:DatatypeProperty ; rdfs:domain kl:Firm ; rdfs:range xsd:string ;
  rdfs:label "LEI"@en , "код LEI"@ru , "LEI kodi"@uz ;
  skos:definition "The ISO 17442 code of a firm."@en , "Код фирмы по ISO 17442."@ru ,
    "Firmaning ISO 17442 kodi."@uz ;
  skos:example "5299 0000"@en , "код 5299"@ru , "kod 5299"@uz .
"""

# Each check with a fault that it must find in the small ontology, and the term at fault.
FAULTS = {
    "annotation-whitespace": ('kl:Firm rdfs:comment "Sells  things. "@en .', "Firm"),
    "datatype-mismatch": ("kl:x a owl:DatatypeProperty ; rdfs:range kl:Firm .", "x"),
    "definition-circular": ('kl:Town skos:definition "A town."@en .', "Town"),
    "definition-lowercase": ('kl:Town skos:definition "place with streets."@en .', "Town"),
    "definition-one-sentence": (
        'kl:Town skos:definition "It has streets. It has squares."@en .',
        "Town",
    ),
    "deprecated-referenced": ("kl:Place owl:deprecated true .", "Town"),
    "deprecated-without-successor": ("kl:Place owl:deprecated true .", "Place"),
    "duplicate-definition": ('kl:Firm skos:definition "A place with streets."@en .', "Firm"),
    "duplicate-label": ('kl:Firm rdfs:label "Town"@en .', "Firm"),
    "equivalent-pair": ("kl:Town owl:equivalentClass kl:Place .", "Town"),
    "example-repeats": ('kl:Town skos:example "Town"@en .', "Town"),
    "label-capitalised": ('kl:Town rdfs:label "Town"@en .', "Town"),
    "label-formatting": (r'kl:Town rdfs:label "to\nwn"@en .', "Town"),
    "missing-definition": ('kl:Shop a owl:Class ; rdfs:label "shop"@en .', "Shop"),
    "missing-example": ('kl:Shop a owl:Class ; rdfs:label "shop"@en .', "Shop"),
    "missing-label": ('kl:Shop a owl:Class ; skos:definition "It sells."@en .', "Shop"),
    "missing-translation": (
        'kl:Shop a owl:Class ; rdfs:label "shop"@en ; skos:definition "It sells."@en .',
        "Shop",
    ),
    "multiple-definitions": ('kl:Town skos:definition "A big place."@en .', "Town"),
    "multiple-labels": ('kl:Town rdfs:label "city"@en .', "Town"),
    "no-language": ('kl:Town rdfs:label "city" .', "Town"),
    "p04-unconnected": ("kl:Shop a owl:Class .", "Shop"),
    "p05-wrong-inverse": (
        (
            "kl:employs a owl:ObjectProperty ; rdfs:domain kl:Firm ; rdfs:range kl:Town ;"
            " owl:inverseOf kl:locatedIn ."
        ),
        "employs",
    ),
    "p06-cycle": ("kl:Place rdfs:subClassOf kl:Town .", "Town"),
    "p10-excluded-kin": ("kl:Town rdfs:subClassOf kl:Firm .", "Town"),
    "p11-no-domain": ("kl:owns a owl:ObjectProperty ; rdfs:range kl:Firm .", "owns"),
    "p11-no-range": ("kl:owns a owl:ObjectProperty ; rdfs:domain kl:Firm .", "owns"),
    "p13-needless-exemption": ('kl:locatedIn check:noInverse "edge" .', "locatedIn"),
    "p13-no-inverse": (
        'kl:owns a owl:ObjectProperty ; check:noInverse "because" .',
        "owns",
    ),
    "p19-several-domains": ("kl:locatedIn rdfs:domain kl:Town .", "locatedIn"),
    "p19-several-ranges": ("kl:locatedIn rdfs:range kl:Town .", "locatedIn"),
    "p20-swapped-annotations": (
        (
            'kl:Shop a owl:Class ; rdfs:label "A firm that sells to people."@en ;'
            ' skos:definition "shop"@en .'
        ),
        "Shop",
    ),
    "p21-miscellaneous": ("kl:OtherFirm a owl:Class .", "OtherFirm"),
    "p22-naming": ("kl:shops a owl:Class .", "shops"),
    "p24-recursive-definition": (
        (
            "kl:Town owl:equivalentClass"
            " [ a owl:Class ; owl:intersectionOf ( kl:Place [ owl:complementOf kl:Town ] ) ] ."
        ),
        "Town",
    ),
    "p25-inverse-of-itself": ("kl:locatedIn owl:inverseOf kl:locatedIn .", "locatedIn"),
    "p26-symmetric-with-inverse": ("kl:locatedIn a owl:SymmetricProperty .", "locatedIn"),
    "p28-wrong-symmetric": ("kl:locatedIn a owl:SymmetricProperty .", "locatedIn"),
    "p29-wrong-transitive": ("kl:locatedIn a owl:TransitiveProperty .", "locatedIn"),
    "p34-untyped-class": ("kl:Town rdfs:subClassOf kl:Settlement .", "Settlement"),
    "p35-untyped-property": ("kl:Town kl:nearTo kl:Place .", "nearTo"),
    "p40-foreign-axiom": ("prov:Agent rdfs:subClassOf kl:Firm .", str(namespace.PROV.Agent)),
    "redundant-parent": ("kl:Town rdfs:subClassOf prov:Location .", "Town"),
    "two-kinds": ("kl:Town a owl:ObjectProperty .", "Town"),
    "undeclared-term": ("kl:Shop skos:closeMatch prov:Agent .", "Shop"),
    "uzbek-apostrophe": ('kl:Town rdfs:comment "O\'zbekiston shahri."@uz .', "Town"),
    "wrong-script": ('kl:Town rdfs:comment "A place with streets."@ru .', "Town"),
}
# Faults of the whole file: what to take out of the header, or the file that stands for all.
WHOLE = {
    "ontology-declaration": ("", ""),
    "ontology-description": ("", HEADER.replace("dcterms:description", "rdfs:comment")),
    "ontology-licence": (
        "",
        HEADER.replace("<https://creativecommons.org/licenses/by/4.0/>", '"CC BY"'),
    ),
    "ontology-p36-file-extension": (
        "",
        HEADER.replace("klaster/ontology> a", "klaster/ontology.owl> a"),
    ),
    "ontology-title": ("", HEADER.replace("dcterms:title", "rdfs:label")),
    "ontology-version": ("", HEADER.replace("owl:versionIRI", "owl:priorVersion")),
    "p10-no-disjointness": (CLEAN.replace("owl:disjointWith kl:Place ;", ""), HEADER),
}


def store_of(*turtle: str) -> ox.Store:
    store = ox.Store()
    for text in turtle:
        store.load(text.encode(), format=ox.RdfFormat.TURTLE)
    return store


def findings(query: Path, store: ox.Store) -> list[tuple[str, ...]]:
    rows = store.query(query.read_text("utf-8"))
    return [tuple(value.value for value in row if value is not None) for row in rows]


def exemptions() -> dict[str, str]:
    path = ROOT / "ontology" / "terms" / "object-properties.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["term"]: row["no_inverse"] for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def ontology() -> ox.Store:
    store = store_of(ONTOLOGY.read_text("utf-8"))
    for term, reason in exemptions().items():
        if reason:
            store.add(ox.Quad(ox.NamedNode(KL + term), NO_INVERSE, ox.Literal(reason)))
    return store


def by_name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("query", HYGIENE, ids=by_name)
def test_the_ontology_has_no_fault(query, ontology) -> None:
    assert findings(query, ontology) == [], query.read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize("query", HYGIENE, ids=by_name)
def test_a_clean_ontology_passes_and_a_fault_is_found(query) -> None:
    assert query.read_text("utf-8").startswith("# ")
    assert findings(query, store_of(PREFIXES + HEADER + CLEAN)) == []
    if query.stem in WHOLE:
        body, header = WHOLE[query.stem]
        assert findings(query, store_of(PREFIXES + header + body))
    else:
        fault, term = FAULTS[query.stem]
        store = store_of(PREFIXES + HEADER + CLEAN, PREFIXES + fault)
        expected = term if term.startswith("http") else KL + term
        assert expected in {row[0] for row in findings(query, store)}


def test_every_fault_belongs_to_a_check() -> None:
    assert {path.stem for path in HYGIENE} == {*FAULTS, *WHOLE}


@pytest.mark.parametrize(
    "query",
    [path for path in HYGIENE if path.stem.startswith("ontology-")],
    ids=by_name,
)
def test_the_alignment_has_a_whole_header(query) -> None:
    assert findings(query, store_of(ALIGNMENT.read_text("utf-8"))) == []


def test_the_alignment_matches_terms_that_exist_and_adds_no_axiom() -> None:
    store = store_of(ONTOLOGY.read_text("utf-8"), ALIGNMENT.read_text("utf-8"))
    undeclared = next(path for path in HYGIENE if path.stem == "undeclared-term")
    assert findings(undeclared, store) == []
    alignment = rdflib.Graph().parse(ALIGNMENT)
    matches = {namespace.SKOS.exactMatch, namespace.SKOS.closeMatch, namespace.RDFS.seeAlso}
    terms = {subject for subject in alignment.subjects() if str(subject).startswith(KL)}
    assert len(terms) > 70
    for term in terms:
        assert set(alignment.predicates(term)) <= matches, term


def foreign_terms(path: Path) -> set[str]:
    """Return the terms of other vocabularies that a file uses, documents it cites left out."""
    graph = rdflib.Graph().parse(path)
    headers = set(graph.subjects(RDF.type, OWL.Ontology))
    found: set[rdflib.term.Node] = set()
    for subject, predicate, value in graph:
        found.add(predicate)
        if subject not in headers or predicate == RDF.type:
            found |= {subject, value}
        if isinstance(value, rdflib.Literal) and value.datatype:
            found.add(value.datatype)
    return {
        str(node)
        for node in found
        if isinstance(node, rdflib.URIRef) and not node.startswith("https://w3id.org/klaster/")
    }


def alien_terms() -> dict[str, dict[str, str]]:
    path = ROOT / "tests" / "data" / "alien-terms.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["iri"]: row for row in csv.DictReader(stream)}


@pytest.mark.parametrize("path", [ONTOLOGY, ALIGNMENT], ids=lambda path: path.stem)
def test_every_foreign_term_was_found_where_it_is_defined(path) -> None:
    assert foreign_terms(path) - set(alien_terms()) == set()


def test_the_table_of_foreign_terms_tells_where_each_was_found() -> None:
    for iri, row in alien_terms().items():
        assert all(row.values()), iri
        place = row["found_in"]
        if place.startswith("rdflib.namespace."):
            assert rdflib.URIRef(iri) in getattr(namespace, place.rpartition(".")[2]), iri
        else:
            assert ":" in place, iri


def test_a_foreign_term_of_a_stored_vocabulary_is_declared_there() -> None:
    stored = {
        str(namespace.ORG): rdflib.Graph().parse(VOCABULARIES / "org.ttl"),
        str(namespace.PROV): rdflib.Graph().parse(VOCABULARIES / "prov.ttl"),
        "http://www.w3.org/ns/regorg#": rdflib.Graph().parse(VOCABULARIES / "regorg.ttl"),
    }
    used = foreign_terms(ONTOLOGY) | foreign_terms(ALIGNMENT)
    for base, graph in stored.items():
        own = {iri for iri in used if iri.startswith(base)}
        assert own, base
        for iri in own:
            assert graph.value(rdflib.URIRef(iri), RDF.type), iri


# -- consistency --------------------------------------------------------------------------------

JAVA = shutil.which("java") or ""
OWLREADY2 = importlib.util.find_spec("owlready2")
HERMIT = Path(OWLREADY2.origin or "").parent / "hermit" if OWLREADY2 else Path("hermit")
needs_hermit = pytest.mark.skipif(
    not (JAVA and (HERMIT / "HermiT.jar").is_file()),
    reason="HermiT needs Java and the package owlready2",
)


def hermit(folder: Path, *paths: Path, extra: str = "") -> tuple[bool, list[str]]:
    """Return whether files taken together are consistent, and their unsatisfiable classes."""
    graph = rdflib.Graph()
    for path in paths:
        graph.parse(path)
    graph.parse(data=PREFIXES + extra)
    # Nothing is fetched: what is imported is among the files or left out.
    graph.remove((None, OWL.imports, None))
    merged = folder / "merged.owl"
    graph.serialize(merged, format="xml")
    classes = f"{HERMIT}{os.pathsep}{HERMIT / 'HermiT.jar'}"

    def ask(flag: str) -> str:
        done = subprocess.run(
            [
                JAVA,
                "-Xmx1g",
                "-cp",
                classes,
                "org.semanticweb.HermiT.cli.CommandLine",
                flag,
                merged,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if "InconsistentOntologyException" in done.stderr:
            return "inconsistent"
        # HermiT may fail with an exit code of 0.
        assert "Exception" not in done.stderr, done.stderr[:1000]
        return done.stdout

    answer = ask("-k")
    if answer == "inconsistent":
        return False, []
    assert "owl#Thing is satisfiable" in answer
    listed = [line.strip() for line in ask("-U").splitlines() if line.startswith("\t")]
    return True, [name for name in listed if name != "owl:Nothing"]


@needs_hermit
@pytest.mark.parametrize(
    "others",
    [(), ("org", "prov", "regorg")],
    ids=["alone", "with ORG, PROV-O and RegOrg"],
)
def test_the_ontology_is_consistent_and_every_class_can_have_members(others, tmp_path) -> None:
    paths = [VOCABULARIES / f"{name}.ttl" for name in others]
    assert hermit(tmp_path, ONTOLOGY, ALIGNMENT, *paths) == (True, [])


@needs_hermit
def test_hermit_finds_a_class_that_can_have_no_members(tmp_path) -> None:
    clean = tmp_path / "clean.ttl"
    clean.write_text(PREFIXES + HEADER + CLEAN, "utf-8")
    assert hermit(tmp_path, clean) == (True, [])
    consistent, empty = hermit(tmp_path, clean, extra="kl:Town rdfs:subClassOf kl:Firm .")
    assert consistent
    assert len(empty) == 1
    assert "Town" in empty[0]


@needs_hermit
def test_hermit_finds_a_contradiction(tmp_path) -> None:
    clean = tmp_path / "clean.ttl"
    clean.write_text(PREFIXES + HEADER + CLEAN, "utf-8")
    consistent, _ = hermit(tmp_path, clean, extra="<urn:x> a kl:Firm , kl:Place .")
    assert not consistent


# -- scoreboard ---------------------------------------------------------------------------------

# Two classes and two properties: half of them have what is counted, or three of four.
TINY = """
kl:Firm a owl:Class ; rdfs:label "firm"@en , "фирма"@ru , "firma"@uz ; owl:disjointWith kl:Place ;
  skos:definition "It sells."@en , "Продаёт."@ru , "Sotadi."@uz ; skos:example "a mill"@en .
kl:Place a owl:Class ; rdfs:label "place"@en ; rdfs:comment "A part of a country."@en .
kl:locatedIn a owl:ObjectProperty ; rdfs:label "located in"@en , "in"@en-GB , "в"@ru ;
  rdfs:domain kl:Firm ; rdfs:range kl:Place .
kl:near a owl:ObjectProperty , owl:SymmetricProperty .
<https://example.org/Foreign> a owl:Class .
"""


@pytest.fixture(scope="module")
def scoreboard() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks" / "ontology" / "scoreboard.py"))


@pytest.mark.parametrize("form", ["turtle", "xml"])
def test_the_scoreboard_counts_what_there_is(scoreboard, tmp_path, form) -> None:
    path = tmp_path / "tiny.owl"
    rdflib.Graph().parse(data=PREFIXES + HEADER + TINY).serialize(path, format=form)
    one = scoreboard["score"](path)
    assert one.namespace == KL
    assert (one.classes, one.object_properties, one.datatype_properties) == (2, 2, 0)
    assert (one.label, one.definition, one.example) == (75, 50, 25)
    assert (one.labels_in_three, one.definitions_in_three, one.examples_in_three) == (25, 25, 0)
    assert (one.domain, one.range, one.inverse) == (50, 50, 50)
    assert one.disjoint_pairs == 1
    assert one.definitions_by == {"skos:definition": 1, "rdfs:comment": 1} | dict.fromkeys(
        ("IAO:0000115", "iof-av:naturalLanguageDefinition"), 0
    )
    assert one.findings["missing-label"] == 1
    assert one.findings["p13-no-inverse"] == 1
    assert one.findings["ontology-title"] == 0
    exempted = scoreboard["score"](path, exempt=[("locatedIn", "edge"), ("unknown", "edge")])
    assert exempted.inverse == 100
    assert exempted.findings["p13-no-inverse"] == 0


def test_the_scoreboard_scores_other_namespaces(scoreboard, tmp_path) -> None:
    path = tmp_path / "tiny.ttl"
    path.write_text(PREFIXES + HEADER + TINY, "utf-8")
    other = scoreboard["score"](path, namespace="https://example.org/")
    assert (other.classes, other.label, other.domain) == (1, 0, None)
    assert other.findings["missing-label"] == 1
    organizations = scoreboard["score"](VOCABULARIES / "org.ttl")
    assert organizations.namespace == str(namespace.ORG)
    assert organizations.labels_in_three == 100
    assert organizations.disjoint_pairs == 10


def test_the_scoreboard_prints_a_table(scoreboard, tmp_path, capsys) -> None:
    path = tmp_path / "tiny.ttl"
    path.write_text(PREFIXES + HEADER + TINY, "utf-8")
    broken = tmp_path / "broken.ttl"
    broken.write_text("no triples", "utf-8")
    exempt = ROOT / "ontology" / "terms" / "object-properties.csv"
    scoreboard["main"]([str(path), str(broken), "--exempt", str(exempt), "--findings"])
    printed = capsys.readouterr().out
    assert "broken.ttl: not read" in printed
    row = next(line for line in printed.splitlines() if line.startswith("| tiny.ttl"))
    assert row.startswith("| tiny.ttl | 2/2/0 | 75 | 50 | 25 | 25 | 25 | 0 | 50/50 | 100 | 1 |")
    assert "1  missing-label" in printed
