"""A mapping from foreign RDF to klaster's terms: SPARQL CONSTRUCT queries, one after another.

A query ends where the next one's PREFIX, BASE or CONSTRUCT stands. A prefix that one query
declares holds for those below it too; ``kl:``, ``code:`` and the other usual ones need none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from klaster.ontology.faults import Fault
from klaster.ontology.sparql import calls_service
from klaster.ontology.terms import PREFIXES

_TOKEN: Final = re.compile(
    r"""(?P<aside>\#[^\n]*|<[^\x00-\x20<>"{}|^`]*>|\"{3}.*?\"{3}|'{3}.*?'{3}"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[?$@]\w[\w-]*|[\w-]*(?:\.[\w-]+)*:[\w.%\\:-]*)"""
    r"""|(?P<word>[A-Za-z_]+)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<sign>[^\s\w])""",
    re.DOTALL,
)
_NESTED: Final = 100
_SIGNS: Final = 10_000
"""The engine walks nested and chained expressions by recursion, and would run out of stack."""


@dataclass(frozen=True)
class Construct:
    """One query of a mapping, with the lines above it blank, so that line numbers are the file's."""

    number: int
    text: str


def read_mapping(text: str) -> list[Construct]:
    """Split a mapping into its queries.

    Raises
    ------
    Fault
        If there is none, one of them is no CONSTRUCT, asks another machine, or is nested deeper
        than the engine bears.

    Examples
    --------
    >>> [
    ...     query.text
    ...     for query in read_mapping("CONSTRUCT WHERE {?s ?p 1} CONSTRUCT WHERE {?s ?p 2}")
    ... ]
    ['CONSTRUCT WHERE {?s ?p 1} ', '                          CONSTRUCT WHERE {?s ?p 2}']
    """
    queries: list[Construct] = []
    prologue = ""
    for number, (start, body, end) in enumerate(_parts(text), start=1):
        if calls_service(text[start:end]):
            raise Fault("fault.service")
        # What stood above keeps its lines; of it only the prefixes are still said.
        queries.append(Construct(number, prologue + text[start:end]))
        prologue += text[start:body] + _blanked(text[body:end])
    if not queries:
        raise Fault("fault.mapping-empty")
    return queries


def _blanked(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _parts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield where each query starts, where its prologue ends, and where it ends."""
    start, body, depth, signs = 0, -1, 0, 0
    number = 1
    for token in _TOKEN.finditer(text):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        signs += bool(token["sign"] or token["word"])
        if depth > _NESTED or signs > _SIGNS:
            raise Fault("fault.mapping-deep", number=number, limit=_NESTED, signs=_SIGNS)
        word = (token["word"] or "").upper() if depth == 0 else ""
        if word in ("PREFIX", "BASE", "CONSTRUCT") and body >= 0:
            yield start, body, token.start()
            start, body, signs, number = token.start(), -1, 0, number + 1
        if word in ("SELECT", "ASK", "DESCRIBE", "INSERT", "DELETE", "LOAD"):
            raise Fault("fault.mapping-kind", number=number, found=word)
        if word == "CONSTRUCT":
            body = token.start()
    if body >= 0:
        yield start, body, len(text)


def with_prefixes(query: Construct) -> str:
    """Return a query for another machine, with the usual prefixes said on a line of their own."""
    said = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in PREFIXES.items())
    return f"{said}\n{query.text}"


def unreadable_query(query: Construct, reason: str) -> Fault:
    """Return a message that shows where a query of a mapping stops making sense."""
    place = re.search(r"error at (\d+):(\d+)", reason)
    if not place:
        return Fault("fault.mapping-other", number=query.number, reason=reason)
    line, column = int(place[1]), int(place[2])
    lines = query.text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1].strip()[:200]
    return Fault("fault.mapping-syntax", number=query.number, line=line, column=column, shown=shown)
