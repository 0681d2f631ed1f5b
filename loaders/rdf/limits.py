"""RDF that would take the machine down before any message: found before a parser sees it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from xml.parsers import expat

from klaster.loaders.cells import shown
from klaster.ontology.faults import Fault

NESTED: Final = 100
"""Levels of terms within terms or of brackets; the parsers walk them by recursion."""

_XML_NESTED: Final = 1000
_XML_ENTITIES: Final = 10_000_000
_CHUNK: Final = 1 << 20

# Strings, IRIs and comments hold no triple terms.
_TRIPLE_TERMS: Final = re.compile(
    rb"""\#[^\n]*|\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    rb"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?P<open><<)|(?P<close>>>)"""
    rb"""|<[^\x00-\x20<>"{}|^`]*>""",
    re.DOTALL,
)
_JSON: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)


def refuse_deep_terms(path: Path, place: str) -> None:
    """Refuse Turtle, TriG, N-Triples or N-Quads with triple terms nested beyond all use.

    Raises
    ------
    Fault
        If they are.
    """
    with path.open("rb") as stream:
        few = sum(chunk.count(b"<<") for chunk in iter(lambda: stream.read(_CHUNK), b"")) < NESTED
    # Two signs may stand on both sides of a cut; the margin to what the parser bears is wide.
    if not few:
        _refuse_nested(_TRIPLE_TERMS, path, place)


def refuse_deep_json(path: Path, place: str) -> None:
    """Refuse JSON nested beyond all use.

    Raises
    ------
    Fault
        If it is.
    """
    _refuse_nested(_JSON, path, place)


def _refuse_nested(tokens: re.Pattern[bytes], path: Path, place: str) -> None:
    depth = 0
    for token in tokens.finditer(path.read_bytes()):
        depth += bool(token["open"]) - bool(token["close"])
        if depth > NESTED:
            raise Fault("fault.rdf-deep", path=place, limit=NESTED)


class _Watch:
    """Counts what XML declares and how far it is nested, as a parser that reaches nothing reads it."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._depth = 0
        self._entities = False
        self._expanded = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._count
        self.parser.EntityDeclHandler = self._entity

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _XML_NESTED:
            raise Fault("fault.rdf-deep", path=self._place, limit=_XML_NESTED)
        if self._entities:
            self._count("".join(attributes.values()))

    def _end(self, _: str) -> None:
        self._depth -= 1

    def _count(self, text: str) -> None:
        if self._entities:
            self._expanded += len(text)
            if self._expanded > _XML_ENTITIES:
                raise Fault("fault.rdf-entities", path=self._place)

    def _entity(self, name: str, parameter: bool, value: str | None, *outside: str | None) -> None:
        # An abbreviation of an IRI is common; what names a file or further entities is none.
        if parameter or value is None or "&" in value or len(value) > _CHUNK // 1024:
            raise Fault("fault.rdf-entities", path=self._place)
        self._entities = True


def refuse_hostile_xml(path: Path, place: str) -> None:
    """Refuse XML whose entities reach outside or blow it up, that is nested too deep, or is none.

    Raises
    ------
    Fault
        With what is wrong, and where.
    """
    watch = _Watch(place)
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                watch.parser.Parse(chunk, False)
        watch.parser.Parse(b"", True)
    except expat.ExpatError as reason:
        said = expat.ErrorString(reason.code)
        if reason.code == expat.errors.codes[expat.errors.XML_ERROR_AMPLIFICATION_LIMIT_BREACH]:
            raise Fault("fault.rdf-entities", path=place) from reason
        raise Fault(
            "fault.rdf-syntax",
            path=shown(place),
            format="XML",
            line=reason.lineno,
            column=reason.offset + 1,
            reason=said,
        ) from reason
