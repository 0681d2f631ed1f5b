"""Where the things behind the figures of a report are described: file, sheet, row, document."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.views.document import Record, Reference
from klaster.ontology.tables import tables


def records_of(columns: Columns, iris: Iterable[str]) -> dict[str, Record]:
    """Return the rows that describe things, and the documents that these rows cite.

    All of them are looked up together, with one pass over each table.
    """
    wanted = pl.Series("iri", sorted(set(iris)), dtype=pl.String)
    if wanted.is_empty():
        return {}
    documents = _documents(columns)
    several = (
        len({origin for table in tables() for origin in columns.table(table)["origin"].unique()})
        > 1
    )
    places: dict[str, dict[tuple[str, str], None]] = {}
    references: dict[str, dict[Reference, None]] = {}
    for table in tables():
        frame = columns.table(table)
        cites = pl.col("source") if "source" in frame.columns else pl.lit(None)
        found = frame.filter(pl.col("iri").is_in(wanted.implode())).select(
            "iri", "origin", "locator", cites=cites
        )
        for iri, origin, locator, cited in found.rows():
            place, _, row = (locator or "").rpartition("!")
            named = f"{origin}: {place}" if several else place
            places.setdefault(iri, {})[named or str(origin), row] = None
            own = references.setdefault(iri, {})
            own |= dict.fromkeys(documents[cite] for cite in cited or () if cite in documents)
    return {iri: Record(tuple(places[iri]), tuple(references[iri])) for iri in places}


def _documents(columns: Columns) -> dict[str, Reference]:
    rows = columns.table("sources").select("iri", "title", "publisher", "date", "url").rows()
    return {
        iri: Reference(title or url or "", publisher or "", date or "", url or "")
        for iri, title, publisher, date, url in rows
    }
