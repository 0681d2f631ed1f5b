"""Validation against the SHACL shapes, with messages in the user's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from klaster.ontology.terms import RDF, RDFS

SEVERITIES: Final = ("Violation", "Warning", "Info")
_SHACL: Final = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True)
class Result:
    """One result of a validation: what is wrong with which node.

    ``focus`` is the IRI of the node, ``path`` the term or terms looked at, ``value`` what was
    found there, ``shape`` the local name of the shape, ``message`` its text by language.
    """

    severity: str
    focus: str
    path: str
    value: str
    shape: str
    message: Mapping[str, str]


def shapes_text() -> str:
    """Return the shapes as Turtle."""
    return files("klaster.ontology").joinpath("shapes.ttl").read_text("utf-8")


@cache
def _messages() -> dict[str, dict[str, str]]:
    """Return the messages of every shape, and of the query behind a shape, by IRI."""
    from pyoxigraph import Literal, NamedNode, RdfFormat, parse

    found: dict[str, dict[str, str]] = {}
    query_of: dict[str, str] = {}
    for triple in parse(shapes_text().encode(), format=RdfFormat.TURTLE):
        if not isinstance(triple.subject, NamedNode):
            continue
        if triple.predicate.value == _SHACL + "message" and isinstance(triple.object, Literal):
            language = triple.object.language or "en"
            found.setdefault(triple.subject.value, {})[language] = triple.object.value
        if triple.predicate.value == _SHACL + "sparql" and isinstance(triple.object, NamedNode):
            query_of[triple.subject.value] = triple.object.value
    return found | {shape: found[query] for shape, query in query_of.items()}


@cache
def shape_predicates() -> frozenset[str]:
    """Return the properties that the shapes look at; statements of others change no result.

    It may be some more, but none is lacking while no shape is closed and no query of a shape asks
    for just any property, which the tests see to.
    """
    text = shapes_text()
    namespaces = dict(re.findall(r"@prefix (\w+): <([^>]+)>", text))
    named = re.findall(r"\b(\w+):([A-Za-z]\w*)", text)
    found = {namespaces[prefix] + name for prefix, name in named if prefix in namespaces}
    return frozenset(found | {f"{RDF}type", f"{RDFS}subClassOf"})


def validate(data: str) -> list[Result]:
    """Validate a graph given as N-Triples, and return what does not conform.

    Statements whose properties are not among ``shape_predicates`` may be left out.

    The engine is rudof (pySHACL gives the same results on the test graphs, slower). Results are
    sorted by severity, shape and focus.
    """
    from pyrudof import RDFFormat, Rudof, RudofConfig

    engine = Rudof(RudofConfig())
    engine.read_data(data, format=RDFFormat.NTriples)
    engine.read_shacl(shapes_text())
    found = [
        Result(
            severity=str(entry.severity).rsplit(".", 1)[-1],
            focus=entry.focus_node,
            path=_terms(entry.path),
            value=_plain(entry.value),
            shape=str(entry.source_shape).rsplit("#", 1)[-1],
            message=_messages().get(str(entry.source_shape), {"en": str(entry.message)}),
        )
        for entry in engine.validate_shacl()
    ]
    return sorted(
        found,
        key=lambda result: (
            SEVERITIES.index(result.severity),
            result.shape,
            result.focus,
            result.value,
        ),
    )


def _terms(path: str | None) -> str:
    return ", ".join(re.findall(r"[#/]([A-Za-z]\w*)(?=[\s)|]|$)", path or ""))


def _plain(value: str | None) -> str:
    """Return a value without the marks of its syntax."""
    literal = re.match(r'"(.*)"(?:\^\^.*|@[\w-]+)?$', value or "", re.DOTALL)
    return literal[1] if literal else (value or "")
