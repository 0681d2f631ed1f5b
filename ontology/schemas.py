"""The Polars types of the tables, as they are kept."""

from __future__ import annotations

import polars as pl

from klaster.ontology.tables import Column, Table

_TYPES: dict[str, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "year": pl.Int64,
    "boolean": pl.Boolean,
}


def _dtype(column: Column) -> pl.DataType | type[pl.DataType]:
    if column.is_list:
        return pl.List(pl.String)
    return _TYPES.get(column.type, pl.String)


def schema(table: Table) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return the columns and types of a table as it is kept."""
    own = {column.name: _dtype(column) for column in table.columns}
    return own | {"iri": pl.String, "row": pl.UInt32, "locator": pl.String}


def kept(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return the columns of a typed table that are kept, in their order."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema(table).items())
