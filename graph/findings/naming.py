"""The names of things in every language, looked up as they are told of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.terms import code_iri

_NAMED: Final = ("products", "clusters", "actors")


class Naming:
    """What things are called in every language, as far as their source gives it.

    A million actors have names and few are told of: a name is looked up where it is first asked
    for.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._known: dict[str, Mapping[str, str]] = {}

    def of(self, iri: str) -> Mapping[str, str]:
        """Return the name of a thing in every language; its IRI where it has none."""
        if iri not in self._known:
            found = self._described(iri) or self._instruments.get(iri) or self._places.get(iri)
            self._known[iri] = found or dict.fromkeys(LANGUAGES, self._columns.labels.get(iri, iri))
        return self._known[iri]

    @cached_property
    def _tables(self) -> list[pl.DataFrame]:
        wanted = ("iri", "name", "name_en", "name_ru", "name_uz")
        # Tables are sorted by IRI.
        return [self._columns.table(table).select(wanted) for table in _NAMED]

    def _described(self, iri: str) -> Mapping[str, str] | None:
        for table in self._tables:
            at = bisect_left(table["iri"], iri)
            if at < table.height and table["iri"][at] == iri:
                _, name, *translated = table.row(at)
                languages = zip(LANGUAGES, translated, strict=True)
                return {language: word or name for language, word in languages}
        return None

    @cached_property
    def _instruments(self) -> dict[str, Mapping[str, str]]:
        """The titles of instruments; of those without one, what kind they are."""
        kinds = codes("instrument-type")
        rows = self._columns.table("instruments").select("iri", "kind", "title").rows()
        return {
            iri: dict.fromkeys(LANGUAGES, title) if title is not None else kinds[kind].labels
            for iri, kind, title in rows
        }

    @cached_property
    def _places(self) -> dict[str, Mapping[str, str]]:
        """The names of countries and regions, by the IRIs of their codes."""
        found: dict[str, Mapping[str, str]] = {
            code_iri(scheme, code): entry.labels
            for scheme in ("country", "region")
            for code, entry in codes(scheme).items()
        }
        own = self._columns.table("codes").select("iri", "name", "name_en", "name_ru", "name_uz")
        for iri, name, *translated in own.rows():
            languages = zip(LANGUAGES, translated, strict=True)
            found.setdefault(iri, {language: word or name for language, word in languages})
        return found
