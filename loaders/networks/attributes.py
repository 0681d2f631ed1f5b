"""Which attribute of a network fills which column of a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from klaster.loaders.check import TERMS_OF_ONE_COLUMN, meaning_of
from klaster.loaders.networks.relations import Records
from klaster.ontology.labels import LANGUAGES, term_words
from klaster.ontology.names import fold
from klaster.ontology.tables import Column, Table

# What other programs call the columns of actors.
SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("label", "title"),
    "kind": ("type", "category"),
    "lat": ("latitude",),
    "lon": ("lng", "long", "longitude"),
    "valid_from": ("start",),
    "valid_to": ("end",),
    "website": ("url",),
    "note": ("description",),
}
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


@dataclass(frozen=True)
class Taken:
    """Which attribute fills which column, and which fill none."""

    columns: dict[str, str]
    unused: list[str]


def match_attributes(
    records: Records,
    table: Table,
    synonyms: Mapping[str, tuple[str, ...]],
    *,
    besides: Collection[str],
    attributes: list[str] | None = None,
) -> Taken:
    """Find the attribute that fills each column, by its name, its label or what others call it."""
    names: dict[str, list[str]] = {}
    found = records.attributes if attributes is None else attributes
    for attribute in found:
        names.setdefault(fold(attribute), []).append(attribute)
    columns: dict[str, str] = {}
    for column in table.columns:
        if column.name in besides:
            continue
        own = [word for word in _words(table, column) if word in names]
        other = [word for word in synonyms.get(column.name, ()) if word in names]
        candidates = [(name, True) for word in own for name in names[word]]
        candidates += [(name, False) for word in other for name in names[word]]
        for name, is_own in candidates:
            if _fits(records.distinct(name), column, is_own=is_own):
                columns[column.name] = name
                break
    used = set(columns.values())
    return Taken(columns, [attribute for attribute in found if attribute not in used])


def _words(table: Table, column: Column) -> list[str]:
    """Return the folded headers of a column: its name, and its label in every language."""
    words = [fold(column.name)]
    if column.term in TERMS_OF_ONE_COLUMN[table.name]:
        labels = term_words(column.term)
        words += [fold(labels[language]) for language in LANGUAGES]
    return list(dict.fromkeys(words))


def _fits(cells: set[str], column: Column, *, is_own: bool) -> bool:
    """Say whether an attribute is what a column holds.

    Codes are ours if one of them is in our lists; others use the same word for codes of their
    own. Of an attribute of another name every number and date must be one.
    """
    if column.codes:
        singles = {part.strip() for cell in cells for part in cell.split(";")}
        return any(meaning_of(part, column) for part in (singles if column.is_list else cells))
    if is_own or column.type == "string":
        return True
    shape = _DATE if column.type == "date" else _NUMBER
    return all(shape.fullmatch(cell) for cell in cells)
