"""The terms of the ontology as their tables state them (``ontology/terms/*.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from klaster.ontology.labels import LANGUAGES

KINDS: Final = ("classes", "object-properties", "datatype-properties")


@dataclass(frozen=True)
class Term:
    """A term of the ontology as its table states it.

    ``domain`` and ``range`` are the members of a union; ``no_inverse`` is why an object
    property declares none: ``code``, ``edge`` or ``record``.
    """

    kind: str
    name: str
    parents: tuple[str, ...]
    domain: tuple[str, ...]
    range: tuple[str, ...]
    inverse: str
    no_inverse: str
    characteristics: str
    label: Mapping[str, str]
    definition: Mapping[str, str]
    example: Mapping[str, str]


@cache
def terms() -> dict[str, Term]:
    """Return every term by its local name, in the order of the tables."""
    found = {}
    for kind in KINDS:
        path = files("klaster.ontology").joinpath("terms", f"{kind}.csv")
        with path.open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                found[row["term"]] = _term(kind, row)
    return found


def _term(kind: str, row: Mapping[str, str]) -> Term:
    def several(name: str) -> tuple[str, ...]:
        return tuple(part for part in row.get(name, "").split("|") if part)

    def in_each_language(name: str) -> dict[str, str]:
        return {language: row[f"{name}_{language}"] for language in LANGUAGES}

    return Term(
        kind=kind,
        name=row["term"],
        parents=several("parents"),
        domain=several("domain"),
        range=several("range"),
        inverse=row.get("inverse", ""),
        no_inverse=row.get("no_inverse", ""),
        characteristics=row.get("characteristics", ""),
        label=in_each_language("label"),
        definition=in_each_language("definition"),
        example=in_each_language("example"),
    )
