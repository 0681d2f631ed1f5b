"""Cells that name another row: each must name one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from klaster.loaders.check import nearest, nearest_words
from klaster.loaders.citations import forms
from klaster.loaders.raw import RawTable
from klaster.ontology.codes import codes, schemes
from klaster.ontology.faults import CellFault
from klaster.ontology.tables import Column, tables
from klaster.ontology.terms import CODE

# Each suggestion compares one cell with every id; past this many the first ones suffice.
_SUGGESTIONS = 200


Known = Callable[[str], pl.DataFrame]
"""The things of a table that the graph has from other sources: ``reference`` (an IRI, or the
source and the id there, ``tax-list:17``) and ``iri``."""


def nothing_known(_: str) -> pl.DataFrame:
    """Return that no other source states anything."""
    return pl.DataFrame(schema={"reference": pl.String, "iri": pl.String})


ELSEWHERE: Final = r"^(https?://|[\w.-]+:.)"
"""What may name a thing of another source."""


def check_references(
    frames: Mapping[str, pl.DataFrame],
    raws: Mapping[str, RawTable],
    known: Known = nothing_known,
) -> list[CellFault]:
    """Return a fault for each reference to an id that is in no row.

    A reference may also name a thing that is ``known`` from another source. Where a whole table is missing
    from the source, what refers to it by id is at fault too.
    """
    faults: list[CellFault] = []
    for name, frame in frames.items():
        for column in tables()[name].columns:
            if column.refers:
                faults += dangling(frame, raws[name], column, frames, known)
    if "codes" in frames:
        faults += _codes_without_parent(frames["codes"], raws["codes"])
    return faults


def _codes_without_parent(frame: pl.DataFrame, raw: RawTable) -> list[CellFault]:
    """Return the codes whose broader code is neither in the table nor in a bundled list."""
    bundled = [
        (scheme, code)
        for scheme in frame["scheme"].drop_nulls().unique()
        if scheme in schemes()
        for code in codes(scheme)
    ]
    own = frame.select("scheme", broader="code")
    known = pl.concat([own, pl.DataFrame(bundled, schema=own.schema, orient="row")])
    faults = []
    lacking = frame.filter(pl.col("broader").is_not_null()).join(
        known, on=["scheme", "broader"], how="anti"
    )
    for row, scheme, found in lacking.select("row", "scheme", "broader").rows():
        near = nearest(
            found, own.filter(pl.col("scheme") == scheme)["broader"].drop_nulls().to_list()
        )
        values: dict[str, object] = {
            "found": found,
            "scheme": scheme,
            "nearest": nearest_words(near),
        }
        faults.append(CellFault(raw.place, row, "broader", "fault.unknown-code", values))
    return faults


def references(frame: pl.DataFrame, column: Column) -> pl.DataFrame:
    """Return the rows and the single references of a column (``row``, ``reference``)."""
    cells = frame.select("row", reference=column.name)
    if column.is_list:
        cells = cells.explode("reference")
    return cells.filter(pl.col("reference").is_not_null())


def dangling(
    frame: pl.DataFrame,
    raw: RawTable,
    column: Column,
    frames: Mapping[str, pl.DataFrame],
    elsewhere: Known,
) -> list[CellFault]:
    """Return a fault for each reference of one column that leads to nothing."""
    known = pl.concat(
        [pl.Series("id", [], dtype=pl.String)]
        + [frames[table]["id"].cast(pl.String) for table in column.refers if table in frames]
    ).drop_nulls()
    # A code that was recognised, or an address where a source is due, is complete by itself; so
    # is what names an actor of another source.
    complete = pl.lit(value=False)
    if column.codes:
        complete = pl.col("reference").str.contains(rf"^{CODE}[a-z-]+/[\w.%~-]+$")
    if "sources" in column.refers:
        complete = pl.col("reference").str.contains("^https?://")
    if column.beyond:
        complete = pl.col("reference").str.contains(ELSEWHERE)
    lost = references(frame, column).filter(~complete & ~pl.col("reference").is_in(known.implode()))
    if lost.is_empty():
        return []
    if lost["reference"].str.contains(ELSEWHERE).any():
        for table in column.refers:
            lost = lost.join(elsewhere(table), on="reference", how="anti")
    ids = known.to_list()
    if "policies" in column.refers and "policies" in frames:
        ids += forms(frames["policies"])
    faults = []
    for count, (row, found) in enumerate(lost.select("row", "reference").rows()):
        near = nearest(found, ids) if count < _SUGGESTIONS else ""
        values: dict[str, object] = {
            "found": _masked(found),
            "tables": ", ".join(column.refers),
            "nearest": nearest_words(near),
        }
        faults.append(CellFault(raw.place, row, column.name, "fault.unknown-id", values))
    return faults


def _masked(found: str) -> str:
    """Return a cell for a message; a number of 14 digits may be a person's and is not shown."""
    return "**************" if found.isdigit() and len(found) == 14 else found
