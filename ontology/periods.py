"""Dates in tables: a full day, or a year or a month alone, which means the whole of it."""

from __future__ import annotations

import polars as pl


def day(text: pl.Expr) -> pl.Expr:
    """Return a full ISO date as a date; null where there is no such day."""
    return text.str.to_date("%Y-%m-%d", strict=False)


def first_day(column: str) -> pl.Expr:
    """Return the first day of the period that a date column names."""
    cell = pl.col(column)
    padded = (
        pl.when(cell.str.len_chars() == 4)
        .then(cell + "-01-01")
        .when(cell.str.len_chars() == 7)
        .then(cell + "-01")
        .otherwise(cell)
    )
    return day(padded)


def first_day_after(column: str) -> pl.Expr:
    """Return the first day on which a record valid to the period no longer holds.

    A full date is that day itself; a year or a month alone is meant to its end.
    """
    length = pl.col(column).str.len_chars()
    return (
        pl.when(length == 4)
        .then(first_day(column).dt.offset_by("1y"))
        .when(length == 7)
        .then(first_day(column).dt.offset_by("1mo"))
        .otherwise(first_day(column))
    )
