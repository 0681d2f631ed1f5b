"""The shapes find what is wrong, name the row, and mean the same to pySHACL."""

from __future__ import annotations

import re
from importlib.resources import files

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from made_up import SMALL, write_tables
from rdflib.paths import Path
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.parserutils import CompValue

import klaster
from klaster.ontology.faults import Fault
from klaster.ontology.terms import KL
from klaster.ontology.validation import shape_predicates, shapes_text, validate

PREFIXES = """
@prefix kl: <https://w3id.org/klaster/ontology#> .
@prefix d: <https://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix kind: <https://w3id.org/klaster/code/actor-kind/> .
"""
# Two good actors, their place, source and cluster; each case below adds to them.
GOOD = """
d:fa a kl:Place , kl:Region ; rdfs:label "Fergana" ; kl:isoCode "UZ-FA" .
d:s a kl:Source ; rdfs:label "Source" .
d:a a kl:Actor , kl:Enterprise ; rdfs:label "A" ; kl:actorKind kind:enterprise ; kl:stir "301234567" ;
  kl:locatedIn d:fa .
d:b a kl:Actor , kl:Enterprise ; rdfs:label "B"@en , "Б"@ru ; kl:actorKind kind:enterprise ;
  kl:stir "301234568" ; kl:locatedIn d:fa .
d:p a kl:Product ; rdfs:label "Yarn" .
d:q a kl:Product ; rdfs:label "Cloth" .
d:pol a kl:Policy ; rdfs:label "Decree" .
"""
LINK = 'd:l a kl:Link , kl:SupplyLink ; kl:linkProduct d:p ; kl:value 1.0 ; kl:currency "UZS" ; kl:source d:s ; kl:sourceLocator "x!2" ; kl:supplier d:a ; kl:buyer '
COOP = 'd:l a kl:Link , kl:CooperationLink ; kl:linkKind d:k ; kl:source d:s ; kl:sourceLocator "x!2" ; kl:participant '
OWN = 'd:l a kl:Link , kl:OwnershipLink ; kl:source d:s ; kl:sourceLocator "x!2" ; kl:owner d:a ; kl:owned '
INSTRUMENT = 'd:i a kl:PolicyInstrument ; rdfs:label "I" ; kl:instrumentType d:t ; kl:hasCriterion d:k ; kl:establishedBy d:pol '
AWARD = 'd:w a kl:Award ; kl:source d:s ; kl:sourceLocator "x!2" ; kl:awardBeneficiary d:a ; kl:awardInstrument d:i '
METRIC = "d:x a kl:MetricResult ; "
GAP = 'd:g a kl:Gap ; kl:explanation "x"@en ; kl:gapRule d:r ; kl:score '

CASES = {
    "ActorKind": "d:x a kl:Actor ; rdfs:label 'X' ; kl:stir '301234569' ; kl:locatedIn d:fa .",
    "ActorStir": "d:a kl:stir '30123456X' .",
    "ActorLei": "d:a kl:lei 'short' .",
    "ActorRor": "d:a kl:ror 'https://ror.org/1' .",
    "ActorPlace": "d:a kl:locatedIn d:nowhere .",
    "ActorEmployees": "d:a kl:employees -1 .",
    "ActorIdentifier": "d:x a kl:Actor ; rdfs:label 'X' ; kl:actorKind kind:research ; kl:locatedIn d:fa .",
    "UniqueStir": "d:x a kl:Actor ; rdfs:label 'X' ; kl:actorKind kind:research ; kl:locatedIn d:fa ; kl:stir '301234567' .",
    "NamedLabel": "d:x a kl:Product .",
    "NamedOncePerLanguage": "d:b rdfs:label 'Bee'@en .",
    "ClusterPlace": "d:c a kl:Cluster ; rdfs:label 'C' .",
    "ClusterSector": "d:c a kl:Cluster ; rdfs:label 'C' .",
    "ClusterMembers": "d:c a kl:Cluster ; rdfs:label 'C' .",
    "ClusterCoordinator": "d:c a kl:Cluster ; rdfs:label 'C' .",
    "ClusterCoverage": "d:c a kl:Cluster ; rdfs:label 'C' .",
    "MembershipActor": "d:m a kl:ClusterMembership .",
    "MembershipCluster": "d:m a kl:ClusterMembership ; kl:membershipCluster d:a .",
    "MembershipRole": "d:m a kl:ClusterMembership .",
    "SupplySupplier": "d:l a kl:SupplyLink ; kl:supplier d:p .",
    "SupplyBuyer": "d:l a kl:SupplyLink .",
    "SupplyNotSelf": LINK + "d:a .",
    "SupplyProduct": "d:l a kl:SupplyLink .",
    "SupplyShare": LINK + "d:b ; kl:inputShare 1.7 .",
    "LinkValueNotNegative": LINK + "d:b ; kl:value -2.0 .",
    "LinkValueGiven": "d:l a kl:SupplyLink .",
    "OwnershipOwner": "d:l a kl:OwnershipLink .",
    "OwnershipOwned": "d:l a kl:OwnershipLink .",
    "OwnershipNotSelf": OWN + "d:a .",
    "OwnershipShare": OWN + "d:b ; kl:equityShare 1.2 .",
    "CooperationParticipants": COOP + "d:a .",
    "CooperationKind": "d:l a kl:CooperationLink .",
    "DatedOrder": "d:a kl:validFrom '2024-05-01'^^xsd:date ; kl:validTo '2024-01-01'^^xsd:date .",
    "DatedFrom": "d:a kl:validFrom '2024' .",
    "MoneyCurrency": "d:a kl:revenue 5.0 .",
    "SourcedSource": "d:l a kl:Link .",
    "SourcedLocator": "d:l a kl:Link .",
    "InstrumentType": "d:i a kl:PolicyInstrument ; rdfs:label 'I' .",
    "InstrumentPolicy": "d:i a kl:PolicyInstrument ; rdfs:label 'I' .",
    "InstrumentCriterion": "d:i a kl:PolicyInstrument ; rdfs:label 'I' .",
    "InstrumentRate": INSTRUMENT + "; kl:reliefRate 1.5 .",
    "InstrumentAward": INSTRUMENT + ".",
    "AwardBeneficiary": "d:w a kl:Award .",
    "AwardInstrument": "d:w a kl:Award .",
    "RequirementNotSelf": "d:r a kl:InputRequirement ; kl:outputProduct d:p ; kl:inputProduct d:p .",
    "ClaimQuote": "d:k a kl:Claim .",
    "PlaceIsoCode": "d:fa kl:isoCode 'Fergana' .",
    "UniqueLei": "d:a kl:lei '5493001KJTIIGC8Y1R12' . d:b kl:lei '5493001KJTIIGC8Y1R12' .",
    "UniqueRor": "d:a kl:ror 'https://ror.org/000vpa912' . d:b kl:ror 'https://ror.org/000vpa912' .",
    "InputShares": LINK + "d:b ; kl:inputShare 0.7 . d:l2 kl:buyer d:b ; kl:linkProduct d:p ; kl:inputShare 0.4 .",
    "EquityShares": OWN + "d:b ; kl:equityShare 0.7 . d:l2 kl:owned d:b ; kl:equityShare 0.7 .",
    "OwnershipCycle": "d:a kl:owns d:b . d:b kl:owns d:a .",
    "RecipeCycle": "d:p kl:requiresInput d:q . d:q kl:requiresInput d:p .",
    "PlaceCycle": "d:fa kl:within d:fb . d:fb kl:within d:fa .",
    "ExportAbroad": "d:f kl:exporterOf d:a ; kl:destination d:uz . d:fa kl:within d:uz .",
    "AwardInTime": AWARD + "; kl:validFrom '2020-01-01'^^xsd:date . " + INSTRUMENT + "; kl:validFrom '2021-01-01'^^xsd:date .",
    "AwardEligible": AWARD + ". " + INSTRUMENT + ".",
    "AwardWithinBudget": AWARD + "; kl:amount 5.0 ; kl:currency 'UZS' . " + INSTRUMENT + "; kl:budget 4.0 ; kl:currency 'UZS' .",
    "MembershipOnce": "d:m kl:membershipActor d:a ; kl:membershipCluster d:c ; a kl:ClusterMembership . d:n kl:membershipActor d:a ; kl:membershipCluster d:c .",
    "RepealedInForce": INSTRUMENT + "; kl:repealedBy d:pol ; kl:instrumentStatus <https://w3id.org/klaster/code/instrument-status/in-force> .",
    "ValueCurrency": "d:l kl:value 1.0 .",
    "QuantityUnit": "d:l kl:quantity 1.0 .",
    "QuantityPositive": "d:l kl:quantity -1.0 .",
    "NoPersonalNumberInIds": "d:a kl:stir '31505851234567' .",
    "MetricActor": "d:x a kl:MetricResult .",
    "MetricMeasure": "d:x a kl:MetricResult .",
    "MetricMeasurement": METRIC + "kl:measurement d:a .",
    "MetricValue": METRIC + "kl:metricValue 1 .",
    "MetricRank": METRIC + "kl:metricRank 0 .",
    "MetricPercentile": METRIC + "kl:metricPercentile 101.0 .",
    "MeasuredLinks": "d:x a kl:Measurement .",
    "FindingRule": "d:g a kl:Gap .",
    "FindingScore": GAP + "1.5 .",
    "FindingExplanation": "d:g a kl:Gap .",
}  # fmt: skip
FINE = [
    """d:c a kl:Cluster ; rdfs:label 'C' ; kl:locatedIn d:fa ; kl:specialisesIn d:sector ;
      kl:coordinatedBy d:a ; kl:coverage d:survey .
    d:m a kl:ClusterMembership ; kl:membershipActor d:a ; kl:membershipCluster d:c ;
      kl:membershipRole d:role ; kl:source d:s ; kl:sourceLocator 'x!2' .
    d:n a kl:ClusterMembership ; kl:membershipActor d:b ; kl:membershipCluster d:c ;
      kl:membershipRole d:role ; kl:source d:s ; kl:sourceLocator 'x!3' .""",
    "d:k a kl:Claim ; kl:quote 'words'@uz ; kl:source d:s ; kl:sourceLocator 'x!2' .",
    "d:a kl:revenue 5.0 ; kl:currency 'UZS' ; kl:employees 3 ; kl:ror 'https://ror.org/000vpa912' .",
    "d:b kl:ror 'https://ror.org/002rr8291' .",
    LINK + "d:b ; kl:inputShare 1.0 .",
    COOP + "d:a , d:b .",
    OWN + "d:b ; kl:equityShare 0.5 .",
    INSTRUMENT
    + "; kl:reliefRate 0.5 ; kl:budget 2.0 ; kl:currency 'UZS' ; kl:validFrom '2020-01-01'^^xsd:date . "
    + AWARD
    + "; kl:amount 1.0 ; kl:currency 'UZS' ; kl:validFrom '2020-05-01'^^xsd:date . d:a kl:eligibleFor d:i .",
    "d:a kl:owns d:b . d:q kl:requiresInput d:p . d:fa kl:within d:uz . d:l kl:quantity 1.0 ; kl:unitCode 't' .",
    "d:f kl:exporterOf d:a ; kl:destination d:tr . d:fa kl:within d:uz .",
    "d:a kl:lei '5493001KJTIIGC8Y1R12' . d:b kl:lei '529900T8BM49AURSDO55' .",
    LINK + "d:b ; kl:inputShare 0.6 . d:l2 kl:buyer d:b ; kl:linkProduct d:p ; kl:inputShare 0.4 .",
    "d:a kl:validFrom '2024-01-01'^^xsd:date ; kl:validTo '2024-05-01'^^xsd:date .",
    "d:r a kl:InputRequirement ; kl:outputProduct d:q ; kl:inputProduct d:p .",
    GAP + "0.5 .",
    "d:pol kl:repealedBy d:pol2 ; kl:validTo '2024-05-01'^^xsd:date ; kl:policyStatus <https://w3id.org/klaster/code/instrument-status/in-force> . d:pol2 a kl:Policy ; rdfs:label 'Later decree' .",
]


def triples(turtle: str) -> str:
    parsed = ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE)
    return ox.serialize(parsed, format=ox.RdfFormat.N_TRIPLES).decode()


def shape_names() -> set[str]:
    shacl = "http://www.w3.org/ns/shacl#"
    return {
        triple.subject.value.rsplit("#", 1)[-1]
        for triple in ox.parse(shapes_text().encode(), format=ox.RdfFormat.TURTLE)
        if triple.predicate.value == shacl + "message"
    }


def by_pyshacl(data: str) -> set[tuple[str, str, str]]:
    graph = rdflib.Graph().parse(data=data, format="nt")
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, advanced=True)
    return {
        tuple(
            str(report.value(result, term)).rsplit("#", 1)[-1]
            if term != rdflib.SH.focusNode
            else str(report.value(result, term))
            for term in (rdflib.SH.resultSeverity, rdflib.SH.sourceShape, rdflib.SH.focusNode)
        )
        for result in report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)
    }


def test_good_data_conform() -> None:
    assert validate(triples(GOOD)) == []
    for addition in FINE:
        assert validate(triples(GOOD + addition)) == [], addition


@pytest.mark.parametrize("shape", sorted(CASES))
def test_each_shape_finds_its_fault(shape) -> None:
    results = validate(triples(GOOD + CASES[shape]))
    (first, *_) = [result for result in results if result.shape == shape]
    assert all(first.message[language] for language in ("en", "ru", "uz"))


def test_every_shape_has_a_case() -> None:
    named = {name.removesuffix("Query") for name in shape_names()}
    assert named == set(CASES)


def test_what_is_stated_by_other_predicates_changes_no_result(small_graph) -> None:
    data = triples(GOOD + "".join(CASES.values()))
    for part in ("source/small", "derived", "ontology"):
        data += small_graph._store.dump(f"{small_graph.base}graph/{part}").decode()
    kept = "".join(
        f"{line}\n"
        for line in data.splitlines()
        if line.split(" ", 2)[1][1:-1] in shape_predicates()
    )
    assert len(kept) < 0.7 * len(data)
    found = validate(data)
    assert len({result.shape for result in found}) > len(CASES) // 2
    assert validate(kept) == found


def test_the_shapes_ask_for_no_predicate_without_naming_it() -> None:
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    assert not set(shapes.subjects(rdflib.SH.closed))
    asked = [str(text) for text in shapes.objects(None, rdflib.SH.select)]
    assert len(asked) > 10
    assert not set(shapes.objects(None, rdflib.SH.ask))
    named = set()
    for text in asked:
        query = prepareQuery(text, initNs={"kl": KL})
        patterns = [triple for part in parts_of(query.algebra) for triple in part["triples"]]
        assert patterns
        named |= {iri for _, predicate, _ in patterns for iri in named_in(predicate)}
    for term in (rdflib.SH.path, rdflib.SH.targetSubjectsOf, rdflib.SH.targetObjectsOf):
        named |= {str(iri) for iri in shapes.objects(None, term) if isinstance(iri, rdflib.URIRef)}
    assert len(named) > 60
    assert named <= shape_predicates()


def named_in(predicate):
    """Yield the IRIs in a predicate or path of a query; a variable has none."""
    if isinstance(predicate, rdflib.URIRef):
        yield str(predicate)
        return
    assert isinstance(predicate, Path), predicate
    parts = [getattr(predicate, name, None) for name in ("arg", "path")]
    for part in [*getattr(predicate, "args", ()), *filter(None, parts)]:
        yield from named_in(part)


def parts_of(part):
    """Yield the parts of a query that hold triples."""
    if isinstance(part, CompValue):
        if "triples" in part:
            yield part
        for value in part.values():
            yield from parts_of(value)
    elif isinstance(part, list):
        for value in part:
            yield from parts_of(value)


def test_pyshacl_reports_the_same() -> None:
    for shape, case in CASES.items():
        data = triples(GOOD + case)
        ours = {(result.severity, result.shape, result.focus) for result in validate(data)}
        assert ours == by_pyshacl(data), shape


def test_pyshacl_reports_the_same_on_a_loaded_graph(small_graph) -> None:
    parts = ("source/small", "derived", "findings", "ontology")
    data = "".join(
        small_graph._store.dump(f"{small_graph.base}graph/{part}").decode() for part in parts
    )
    ours = {(result.severity, result.shape, result.focus) for result in validate(data)}
    assert ours == by_pyshacl(data)


def test_the_shapes_are_valid_shacl() -> None:
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    conforms, _, text = pyshacl.validate(
        rdflib.Graph(), shacl_graph=shapes, advanced=True, meta_shacl=True
    )
    assert conforms, text


def test_a_result_names_the_row_it_came_from(tmp_path) -> None:
    tables = SMALL | {
        "supplies": [*SMALL["supplies"], {"supplier": "gin", "buyer": "gin", "product": "yarn"}],
        "cooperations": [{"id": "one", "kind": "training", "participant": "gin"}],
    }
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables))
    violations = [result for result in graph.check() if result.severity == "Violation"]
    assert [(result.source, result.row, result.message["en"]) for result in violations] == [
        (
            "t",
            "cooperations.csv!2",
            "A cooperation has at least two participants: add a row for each.",
        ),
        (
            "t",
            "supplies.csv!5",
            "An actor cannot supply itself: correct the supplier or the buyer.",
        ),
    ]


def test_the_demonstration_conforms(demo_graph) -> None:
    results = demo_graph.check()
    assert [result for result in results if result.severity == "Violation"] == []
    assert all(result.row for result in results), "every result leads to a row"
    assert files("klaster.ontology").joinpath("shapes.ttl").is_file()


def test_each_message_says_what_to_do() -> None:
    # What is wrong, a colon, and what would mend it.
    shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    messages = list(shapes.objects(None, rdflib.SH.message))
    assert len(messages) == 3 * len(shape_names())
    for message in messages:
        assert re.search(r"\S: .+\.$", str(message)), message


def test_a_graph_too_large_for_the_validator_is_told_of(small_graph, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.knowledge_graph.CHECKED_UP_TO", 10)
    with pytest.raises(Fault) as caught:
        small_graph.check()
    assert caught.value.key == "fault.check-large"
    rows = sum(sum(entry.rows.values()) for entry in small_graph.sources())
    assert caught.value.values == {"rows": rows, "most": 10}
