"""What a source becomes: its tables as rows of text, with references by id."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from klaster.loaders.reading import Manner
from klaster.loaders.sources import Loaded, read_source
from klaster.ontology.tables import tables
from klaster.ontology.terms import CODE

BASE = "https://example.org/"


def loaded(path: Path, kind: str = "") -> Loaded:
    return read_source(path, base=BASE, name="s", manner=Manner(kind))


def rows_of(path: Path, kind: str = "") -> tuple[str, dict[str, tuple[list[str], list[list[str]]]]]:
    """Return the mapping by which a source was read, and each table's columns and rows.

    Columns without a value are left out; the last is the place from which a row came.
    """
    found = loaded(path, kind)
    ids: dict[str, str] = {}
    for frame in found.tables.frames.values():
        if "id" in frame.columns:
            ids |= dict(frame.select("iri", "id").rows())
    return found.mapping, {
        name: _rows(frame, [column.name for column in tables()[name].columns], ids)
        for name, frame in found.tables.frames.items()
    }


def _rows(
    frame: pl.DataFrame, columns: list[str], ids: dict[str, str]
) -> tuple[list[str], list[list[str]]]:
    kept = [name for name in columns if frame[name].null_count() < frame.height] + ["locator"]
    rows = frame.sort("row").select(kept).rows()
    return kept, [[_written(cell, ids) for cell in row] for row in rows]


def _written(cell: object, ids: dict[str, str]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, list):
        return ";".join(_written(part, ids) for part in cell)
    text = str(cell)
    return ids.get(text, text.replace(CODE, "code:"))
