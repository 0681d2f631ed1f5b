"""Names of terms, codes and things: every IRI that klaster writes is made here."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

KL: Final = "https://w3id.org/klaster/ontology#"
CODE: Final = "https://w3id.org/klaster/code/"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
DCTERMS: Final = "http://purl.org/dc/terms/"
PROV: Final = "http://www.w3.org/ns/prov#"

PREFIXES: Final = {
    "kl": KL,
    "code": CODE,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "skos": SKOS,
    "xsd": XSD,
    "dcterms": DCTERMS,
    "prov": PROV,
}


def code_iri(scheme: str, code: str) -> str:
    """Return the IRI of a code in a code list.

    Examples
    --------
    >>> code_iri("sector", "livestock")
    'https://w3id.org/klaster/code/sector/livestock'
    """
    return f"{CODE}{scheme}/{quote(code, safe='')}"


def mint(base: str, *parts: str) -> str:
    """Return the IRI of a thing in the user's data: the base and the parts, made safe.

    Examples
    --------
    >>> mint("https://example.org/", "actor", "demo", "A 1/2")
    'https://example.org/actor/demo/A%201%2F2'
    """
    return base + "/".join(quote(part, safe="") for part in parts)


def graph_iri(base: str, *parts: str) -> str:
    """Return the IRI of a named graph: ``source/NAME``, ``derived``, ``findings``, ``ontology``."""
    return mint(base, "graph", *parts)
