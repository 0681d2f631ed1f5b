"""Score any ontology file: how much of it is labelled, defined, exemplified and connected.

Usage: python benchmarks/ontology/scoreboard.py FILE... [--namespace IRI] [--exempt CSV] [--findings]

Only terms of the ontology's own namespace count: it is taken from --namespace, else from
vann:preferredNamespaceUri or the IRI of the ontology, else it is the commonest one among the
terms declared. Every file is scored by itself, on named classes, object and datatype properties.
As a definition counts what the vocabularies in use call one: see DEFINITIONS. The findings are
those of the queries in tests/hygiene; --findings lists them by check.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pyoxigraph as ox

HYGIENE = Path(__file__).parents[2] / "tests" / "hygiene"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SCHEMA = ("http://schema.org/", "https://schema.org/")
NO_INVERSE = ox.NamedNode("https://w3id.org/klaster/check#noInverse")
LANGUAGES = 3

LABELS = (f"{RDFS}label", f"{SKOS}prefLabel")
DEFINITIONS = {
    f"{SKOS}definition": "skos:definition",
    f"{RDFS}comment": "rdfs:comment",
    "http://purl.obolibrary.org/obo/IAO_0000115": "IAO:0000115",
    "https://spec.industrialontologies.org/ontology/annotation/naturalLanguageDefinition": (
        "iof-av:naturalLanguageDefinition"
    ),
}
EXAMPLES = (f"{SKOS}example", "http://purl.org/vocab/vann/example")
DOMAINS = (f"{RDFS}domain", *(f"{base}domainIncludes" for base in SCHEMA))
RANGES = (f"{RDFS}range", *(f"{base}rangeIncludes" for base in SCHEMA))
KINDS = {
    f"{OWL}Class": "class",
    f"{RDFS}Class": "class",
    f"{OWL}ObjectProperty": "object",
    f"{OWL}SymmetricProperty": "object",
    f"{OWL}TransitiveProperty": "object",
    f"{OWL}DatatypeProperty": "datatype",
    # RDFS says no more than that it is a property: neither of objects nor of data.
    f"{RDF}Property": "property",
}
FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".n3": ox.RdfFormat.N3,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
}


@dataclass
class Score:
    """The figures of one file; a share is None where there is nothing to take it of."""

    name: str
    namespace: str
    classes: int = 0
    object_properties: int = 0
    datatype_properties: int = 0
    other_properties: int = 0
    label: float | None = None
    definition: float | None = None
    example: float | None = None
    labels_in_three: float | None = None
    definitions_in_three: float | None = None
    examples_in_three: float | None = None
    domain: float | None = None
    range: float | None = None
    inverse: float | None = None
    disjoint_pairs: int = 0
    definitions_by: Counter[str] = field(default_factory=Counter)
    findings: dict[str, int] = field(default_factory=dict)


def load(path: Path) -> ox.Store:
    """Return the triples of a file, in Turtle or RDF/XML whatever its ending says."""
    data = path.read_bytes()
    looks_like_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<rdf:RDF", b"<!"))
    kind = FORMATS.get(path.suffix.lower(), ox.RdfFormat.TURTLE)
    if looks_like_xml:
        kind = ox.RdfFormat.RDF_XML
    elif kind is ox.RdfFormat.RDF_XML:
        kind = ox.RdfFormat.TURTLE
    store = ox.Store()
    store.load(data, format=kind, base_iri="https://example.org/")
    return store


def objects(store: ox.Store, subject: ox.NamedNode, predicates: Iterable[str]) -> list[object]:
    """Return what a subject is linked to by any of the predicates."""
    return [
        quad.object
        for predicate in predicates
        for quad in store.quads_for_pattern(subject, ox.NamedNode(predicate), None)
    ]


def declared(store: ox.Store) -> dict[str, str]:
    """Return the kind of each named class and property that the file declares."""
    kinds: dict[str, str] = {}
    for type_iri, kind in KINDS.items():
        pattern = (None, ox.NamedNode(f"{RDF}type"), ox.NamedNode(type_iri))
        for quad in store.quads_for_pattern(*pattern):
            if isinstance(quad.subject, ox.NamedNode):
                kinds.setdefault(quad.subject.value, kind)
    return kinds


def guess_namespace(store: ox.Store, terms: Iterable[str]) -> str:
    """Return the namespace of the ontology's own terms."""
    terms = list(terms)
    candidates = [
        str(getattr(quad.object, "value", ""))
        for quad in store.quads_for_pattern(
            None, ox.NamedNode("http://purl.org/vocab/vann/preferredNamespaceUri"), None
        )
    ]
    pattern = (None, ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{OWL}Ontology"))
    for quad in store.quads_for_pattern(*pattern):
        if isinstance(quad.subject, ox.NamedNode):
            iri = quad.subject.value.rstrip("#/")
            candidates += [f"{iri}#", f"{iri}/"]
    sizes = {
        candidate: sum(term.startswith(candidate) for term in terms)
        for candidate in candidates
        if candidate
    }
    if sizes and max(sizes.values()):
        return max(sizes, key=lambda candidate: sizes[candidate])
    names = Counter(re.sub(r"[^#/]*$", "", term) for term in terms)
    return names.most_common(1)[0][0] if names else ""


def share(count: int, total: int) -> float | None:
    """Return a count as a percentage of a total."""
    return 100 * count / total if total else None


def languages(texts: Iterable[object]) -> set[str]:
    """Return the languages that texts are in, variants of one language taken together."""
    tags = (text.language for text in texts if isinstance(text, ox.Literal))
    return {tag.split("-")[0].lower() for tag in tags if tag}


def disjoint_pairs(store: ox.Store) -> int:
    """Return how many pairs of classes exclude one another by an axiom that names them both."""
    query = f"""
        PREFIX owl: <{OWL}> PREFIX rdf: <{RDF}>
        SELECT DISTINCT ?a ?b WHERE {{
          {{ ?a owl:disjointWith ?b }} UNION {{
            ?axiom (owl:members|owl:disjointUnionOf)/rdf:rest* ?cell .
            ?cell rdf:first ?a ; rdf:rest+/rdf:first ?b .
            FILTER(EXISTS {{ ?axiom a owl:AllDisjointClasses }}
                || EXISTS {{ ?axiom owl:disjointUnionOf ?list }}) }} }}"""
    rows = cast("ox.QuerySolutions", store.query(query))
    return len({frozenset((str(row["a"]), str(row["b"]))) for row in rows})


def hygiene(store: ox.Store, namespace: str) -> dict[str, int]:
    """Return how many terms each query of tests/hygiene finds fault with."""
    found = {}
    for path in sorted(HYGIENE.glob("*.rq")):
        query = re.sub(
            r"^PREFIX own: <[^>]*>",
            lambda _: f"PREFIX own: <{namespace}>",
            path.read_text("utf-8"),
            flags=re.MULTILINE,
        )
        found[path.stem] = sum(1 for _ in cast("ox.QuerySolutions", store.query(query)))
    return found


def score(path: Path, namespace: str = "", exempt: Iterable[tuple[str, str]] = ()) -> Score:
    """Return the figures of one file.

    Parameters
    ----------
    path
        A file in Turtle, N-Triples or RDF/XML.
    namespace
        Where the ontology's own terms are; guessed if it is empty.
    exempt
        Names of object properties that need no inverse, each with the reason.
    """
    store = load(path)
    kinds = declared(store)
    namespace = namespace or guess_namespace(store, kinds)
    own: dict[str, list[ox.NamedNode]] = defaultdict(list)
    for iri, kind in kinds.items():
        if namespace and iri.startswith(namespace):
            own[kind].append(ox.NamedNode(iri))
    terms = [term for nodes in own.values() for term in nodes]
    properties = [term for kind, nodes in own.items() if kind != "class" for term in nodes]
    result = Score(path.name, namespace)
    result.classes = len(own["class"])
    result.object_properties = len(own["object"])
    result.datatype_properties = len(own["datatype"])
    result.other_properties = len(own["property"])

    def shared(predicates: Iterable[str], nodes: list[ox.NamedNode]) -> float | None:
        return share(sum(bool(objects(store, node, predicates)) for node in nodes), len(nodes))

    def in_three(predicates: Iterable[str]) -> float | None:
        many = (len(languages(objects(store, node, predicates))) >= LANGUAGES for node in terms)
        return share(sum(many), len(terms))

    result.label, result.labels_in_three = shared(LABELS, terms), in_three(LABELS)
    result.definition, result.definitions_in_three = (
        shared(DEFINITIONS, terms),
        in_three(DEFINITIONS),
    )
    result.example, result.examples_in_three = shared(EXAMPLES, terms), in_three(EXAMPLES)
    result.domain, result.range = shared(DOMAINS, properties), shared(RANGES, properties)
    for term in terms:
        for predicate, name in DEFINITIONS.items():
            result.definitions_by[name] += bool(objects(store, term, [predicate]))

    for name, reason in exempt:
        if f"{namespace}{name}" in kinds:
            store.add(ox.Quad(ox.NamedNode(f"{namespace}{name}"), NO_INVERSE, ox.Literal(reason)))
    symmetric = ox.NamedNode(f"{OWL}SymmetricProperty")
    inverse = ox.NamedNode(f"{OWL}inverseOf")
    answered = sum(
        any(store.quads_for_pattern(term, inverse, None))
        or any(store.quads_for_pattern(None, inverse, term))
        or symmetric in objects(store, term, [f"{RDF}type"])
        or any(store.quads_for_pattern(term, NO_INVERSE, None))
        for term in own["object"]
    )
    result.inverse = share(answered, len(own["object"]))
    result.disjoint_pairs = disjoint_pairs(store)
    result.findings = hygiene(store, namespace)
    return result


def read_exemptions(path: Path | None) -> list[tuple[str, str]]:
    """Return the properties that need no inverse, from a table with term and no_inverse."""
    if path is None:
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [(row["term"], row["no_inverse"]) for row in rows if row["no_inverse"]]


def percent(value: float | None) -> str:
    """Return a percentage as the table shows it, never rounded up to 100 nor down to 0."""
    if value is None:
        return "–"
    return str(min(max(round(value), 1 if value else 0), 100 if value >= 100 else 99))


def table(scores: list[Score]) -> str:
    """Return the scores as a Markdown table."""
    head = [
        "ontology",
        "cls/OP/DP",
        "label %",
        "definition %",
        "example %",
        "≥3 label languages %",
        "definitions in 3 %",
        "examples in 3 %",
        "domain/range %",
        "inverse or exempt %",
        "disjoint pairs",
        "findings (checks)",
    ]
    rows = [head, ["---"] * len(head)]
    for one in scores:
        counts = f"{one.classes}/{one.object_properties}/{one.datatype_properties}"
        rows.append(
            [
                one.name,
                counts + (f"(+{one.other_properties})" if one.other_properties else ""),
                percent(one.label),
                percent(one.definition),
                percent(one.example),
                percent(one.labels_in_three),
                percent(one.definitions_in_three),
                percent(one.examples_in_three),
                f"{percent(one.domain)}/{percent(one.range)}",
                percent(one.inverse),
                str(one.disjoint_pairs),
                f"{sum(one.findings.values())} ({sum(map(bool, one.findings.values()))})",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(arguments: list[str] | None = None) -> None:
    """Print the table, and below it what the figures rest on."""
    parser = argparse.ArgumentParser(
        description="Score ontology files.",
        epilog=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--namespace", default="", help="IRI that the ontology's own terms begin with"
    )
    parser.add_argument(
        "--exempt", type=Path, help="table (term, no_inverse) of properties that need no inverse"
    )
    parser.add_argument("--findings", action="store_true", help="list the findings by check")
    given = parser.parse_args(arguments)
    exempt = read_exemptions(given.exempt)
    scores = []
    for path in given.files:
        try:
            scores.append(score(path, given.namespace, exempt))
        except (OSError, SyntaxError, ValueError) as error:
            print(f"{path.name}: not read: {error}")
    print(table(scores))
    for one in scores:
        named = ", ".join(f"{name} {n}" for name, n in one.definitions_by.most_common() if n)
        print(f"\n{one.name}: terms of <{one.namespace}>; definitions are {named or 'none'}")
        if given.findings:
            for check, count in one.findings.items():
                if count:
                    print(f"  {count:5d}  {check}")


if __name__ == "__main__":
    main()
