"""What the endpoint is and can: https://www.w3.org/TR/sparql11-service-description/."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, serialize

from klaster.graph.serving.states import State
from klaster.ontology.terms import RDF

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_FORMATS: Final = "http://www.w3.org/ns/formats/"
_SENT: Final = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "N-Triples",
    "RDF_XML",
    "JSON-LD",
    "N3",
)


def describe(state: State, address: str, media_type: str, *, federated: bool) -> bytes:
    """Return the description of the endpoint at an address."""
    form = RdfFormat.from_media_type(media_type) or RdfFormat.TURTLE
    prefixes = {"sd": SD, "formats": _FORMATS}
    triples = _triples(state, address, federated=federated)
    return serialize(triples, format=form, prefixes=prefixes) or b""


def _triples(state: State, address: str, *, federated: bool) -> Iterator[Triple]:
    service, dataset, default = NamedNode(address), BlankNode("dataset"), BlankNode("default")

    def said(subject: NamedNode | BlankNode, name: str, value: NamedNode | BlankNode) -> Triple:
        return Triple(subject, NamedNode(SD + name), value)

    def is_a(subject: NamedNode | BlankNode, name: str) -> Triple:
        return Triple(subject, NamedNode(RDF + "type"), NamedNode(SD + name))

    yield is_a(service, "Service")
    yield said(service, "endpoint", service)
    for language in ("SPARQL10Query", "SPARQL11Query"):
        yield said(service, "supportedLanguage", NamedNode(SD + language))
    for form in _SENT:
        yield said(service, "resultFormat", NamedNode(_FORMATS + form))
    yield said(service, "feature", NamedNode(SD + "UnionDefaultGraph"))
    if federated:
        yield said(service, "feature", NamedNode(SD + "BasicFederatedQuery"))
    yield said(service, "defaultDataset", dataset)
    yield is_a(dataset, "Dataset")
    yield said(dataset, "defaultGraph", default)
    yield is_a(default, "Graph")
    for number, graph in enumerate(state.graphs):
        named = BlankNode(f"graph{number}")
        yield said(dataset, "namedGraph", named)
        yield is_a(named, "NamedGraph")
        yield said(named, "name", NamedNode(graph))
