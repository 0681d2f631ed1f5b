"""The columns of a graph written as partitioned Parquet: their types and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from klaster.ontology.labels import phrase_words, term_words
from klaster.ontology.tables import tables

LINK_KINDS: Final = ("supply", "cooperation", "ownership", "membership")

_TEXT, _NUMBER, _PLACE = pl.String(), pl.Float64(), pl.Int64()
_TEXTS, _PLACES = pl.List(pl.String()), pl.List(pl.Int64())
_PERIOD: Final = {"valid_from": pl.Date(), "valid_to": pl.Date()}
_THING: Final = {"id": _PLACE, "iri": _TEXT, "label": _TEXT}
_NAMES: Final = {f"label_{language}": _TEXT for language in ("en", "ru", "uz")}
SCHEMAS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "actors": {
        **_THING,
        **_NAMES,
        "kind": _TEXT,
        "roles": _TEXTS,
        "ownership": _TEXT,
        "country": _TEXT,
        "region": _TEXTS,
        "lat": _NUMBER,
        "lon": _NUMBER,
        "activity": _TEXT,
        "sectors": _TEXTS,
        "clusters": _PLACES,
        "employees": _PLACE,
        "revenue": _NUMBER,
        "currency": _TEXT,
    },
    "clusters": {
        **_THING,
        **_NAMES,
        "sector": _TEXT,
        "country": _TEXT,
        "region": _TEXTS,
        "coverage": _TEXT,
        "managed_by": _PLACE,
        "coordinated_by": _PLACE,
    },
    "products": {**_THING, **_NAMES, "hs": _TEXT, "cpc": _TEXT},
    "links": {
        "source": _PLACE,
        "target": _PLACE,
        "directed": pl.Boolean(),
        "weight": _NUMBER,
        "subkind": _TEXT,
        "product": _PLACE,
        "value": _NUMBER,
        "currency": _TEXT,
        "share": _NUMBER,
        **_PERIOD,
        "record": _TEXT,
    },
    "memberships": {"actor": _PLACE, "cluster": _PLACE, "role": _TEXT, **_PERIOD},
    "makes": {"actor": _PLACE, "product": _PLACE},
    "needs": {"actor": _PLACE, "product": _PLACE},
    "recipes": {"product": _PLACE, "input": _PLACE, "essential": pl.Boolean()},
    "product_kinds": {"product": _PLACE, "broader": _PLACE},
}
_OWN: Final = frozenset(
    {
        *_THING, *_NAMES, "country", "region", "sectors", "clusters", "source", "target",
        "directed", "weight", "subkind", "product", "value", "currency", "share", "valid_from",
        "valid_to", "record", "actor", "cluster", "input", "broader",
    }
)  # fmt: skip
"""Columns of which a phrase tells what they hold; of the others the ontology does."""


def told_columns(name: str) -> list[dict[str, object]]:
    """Return what the manifest tells of the columns of a table, in three languages."""
    return [
        {"name": column, "type": _type_name(type_), "meaning": dict(_meaning(name, column))}
        for column, type_ in SCHEMAS[name].items()
    ]


def _meaning(table: str, column: str) -> Mapping[str, str]:
    if column in _OWN:
        return phrase_words(f"partitioned.{column}")
    return term_words(tables()[table].column(column).term)


def _type_name(type_: pl.DataType) -> str:
    names = {_TEXT: "string", _NUMBER: "double", _PLACE: "int64", pl.Boolean(): "boolean"}
    names |= {pl.Date(): "date", _TEXTS: "list<string>", _PLACES: "list<int64>"}
    return names[type_]
