"""The statements of a graph as columns: what is said of the things of some classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import polars as pl
from pyoxigraph import BlankNode, Literal, NamedNode, Store

from klaster.loaders.rdf.blank_nodes import stable_names
from klaster.ontology.tables import Table
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import KL, PREFIXES, PROV

STATEMENTS: Final = {
    "subject": pl.String,
    "term": pl.String,
    "value": pl.String,
    "language": pl.String,
}
"""An IRI is its own text, a blank node its stable name; ``language`` is empty where there is none."""

_ABOUT: Final = """
SELECT DISTINCT ?s ?p ?o WHERE {
  { SELECT DISTINCT ?s WHERE { VALUES ?class { %s } ?s a ?class } }
  ?s ?p ?o
}"""


_INVERSE: Final = {
    f"{KL}criterionOf": "SELECT ?criterion ?instrument { ?instrument kl:hasCriterion ?criterion }",
    f"{KL}serves": "SELECT ?served ?user { ?user kl:usesInfrastructure ?served }",
    f"{KL}participant": """SELECT ?link ?actor {
        ?link kl:hasParticipation/kl:participationActor ?actor }""",
}


@cache
def classes_of(table: Table) -> tuple[str, ...]:
    """Return the IRIs of a table's class and of every class below it."""
    found = [table.rdf_class]
    for name in found:
        found += [term.name for term in terms().values() if name in term.parents]
    return tuple(KL + name for name in dict.fromkeys(found))


def short(iri: str) -> str:
    """Return an IRI with one of the usual prefixes, where one fits.

    Examples
    --------
    >>> short("https://w3id.org/klaster/ontology#Actor")
    'kl:Actor'
    """
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


@dataclass(frozen=True)
class Graph:
    """A graph in a store, asked over all its named graphs at once."""

    store: Store

    def select(self, sparql: str) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a SELECT query."""
        # No name holds the result: it must not outlive its thread in the traceback of an error.
        for solution in self.store.query(  # type: ignore[union-attr]
            sparql, prefixes=PREFIXES, use_default_graph_as_union=True
        ):
            yield tuple(solution)

    @cached_property
    def _blank(self) -> dict[str, str]:
        return stable_names(self.store)

    def name(self, term: object) -> str:
        """Return the IRI or the text of a term, or the stable name of a blank node."""
        if isinstance(term, BlankNode):
            return self._blank[term.value]
        return term.value if isinstance(term, NamedNode | Literal) else str(term)

    def about(self, classes: Iterable[str]) -> pl.DataFrame:
        """Return everything that is said of the things of some classes, sorted."""
        named = " ".join(f"<{iri}>" for iri in classes)
        rows = [
            (self.name(subject), self.name(term), self.name(value), _language(value))
            for subject, term, value in self.select(_ABOUT % named)
        ]
        # What the other side says of them is said of them too.
        things = {subject for subject, *_ in rows}
        rows += [
            (subject, term, value, "")
            for term, asked in _INVERSE.items()
            for subject, value in self.edges(asked)
            if subject in things
        ]
        frame = pl.DataFrame(rows, schema=STATEMENTS, orient="row")
        return frame.unique().sort(list(STATEMENTS))

    def edges(self, sparql: str) -> set[tuple[str, str]]:
        """Return pairs of things."""
        return {(self.name(start), self.name(end)) for start, end in self.select(sparql)}

    def pairs(self, sparql: str) -> dict[str, str]:
        """Return texts by things; of several the first."""
        rows = sorted((self.name(key), self.name(value)) for key, value in self.select(sparql))
        return dict(reversed(rows))

    @cached_property
    def loads(self) -> frozenset[str]:
        """The files from which klaster loaded what it then wrote out: provenance, no sources."""
        asked = f"SELECT ?file {{ ?load a kl:LoadActivity ; <{PROV}used> ?file }}"
        return frozenset(self.name(file) for (file,) in self.select(asked))

    @cached_property
    def addresses(self) -> dict[str, str]:
        """The web addresses that stand for sources of which nothing else is known, by IRI."""
        asked = """
        SELECT ?source ?url { ?source a kl:Source ; kl:documentAddress ?url ; rdfs:label ?label
          FILTER (STR(?url) = STR(?label) && REGEX(STR(?source), "/source/address/[0-9a-f]{16}$"))
        }"""
        return self.pairs(asked)

    @cached_property
    def regions(self) -> dict[str, str]:
        """The ISO codes of places that have an IRI of their own."""
        return self.pairs("SELECT ?place ?code { ?place kl:isoCode ?code }")

    @cached_property
    def notations(self) -> dict[str, str]:
        """The codes of concepts."""
        return self.pairs("SELECT ?concept ?code { ?concept skos:notation ?code }")

    def foreign_classes(self) -> list[tuple[str, int]]:
        """Return the classes that are not klaster's and how many things are of them alone."""
        ours = " ".join(f"<{KL}{term.name}>" for term in terms().values() if term.kind == "classes")
        asked = f"""
        SELECT ?class (COUNT(DISTINCT ?thing) AS ?count) WHERE {{
          {{ ?thing a ?class }}
          MINUS {{ VALUES ?own {{ {ours} }} ?thing a ?own }}
        }} GROUP BY ?class ORDER BY DESC(?count) ?class"""
        return [(self.name(found), int(self.name(count))) for found, count in self.select(asked)]


def _language(value: object) -> str:
    """Return the language of a text, without its region or script."""
    tag = value.language if isinstance(value, Literal) else None
    return (tag or "").split("-")[0].lower()
