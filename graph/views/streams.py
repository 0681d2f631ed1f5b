"""Answers of any length as files: CSV, JSON and Parquet, a batch at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from klaster.graph.solutions import (
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGER,
    TEXT,
    Batch,
    Column,
    common_types,
    in_types,
)

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA: Final = r"^[=+\-@\t\r]"


def csv_pieces(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield rows as CSV under the names of the variables; numbers and IRIs are as they are.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    for number, batch in enumerate(batches):
        cells = [
            _harmless(column).alias(name)
            for name, column in zip(batch.names, batch.columns, strict=True)
        ]
        # A line of nothing would be passed over by who reads it.
        if len(cells) == 1:
            cells = [cells[0].fill_null("")]
        written = pl.DataFrame(cells).write_csv(include_header=number == 0, line_terminator="\n")
        yield written.encode()


def _harmless(column: Column) -> pl.Series:
    if not column.kinds & {TEXT, DATE}:
        return column.text
    text = column.text
    meant = column.kind.is_in([TEXT, DATE]) & text.str.contains(_FORMULA)
    return text.zip_with(~meant.fill_null(value=False), "'" + text)


def json_pieces(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield rows as one JSON array of objects, a line each; what is unbound is null."""
    begun = False
    for batch in batches:
        if batch.height:
            yield b",\n " if begun else b"[\n "
            yield ",\n ".join(_objects(batch)).encode()
            begun = True
    yield b"\n]\n" if begun else b"[]\n"


def _objects(batch: Batch) -> list[str]:
    if any(_is_mixed(column) for column in batch.columns):
        cells = ([*map(_value, column.text, column.kind)] for column in batch.columns)
        return [
            json.dumps(dict(zip(batch.names, row, strict=True)), ensure_ascii=False)
            for row in zip(*cells, strict=True)
        ]
    frame = batch.frame().with_columns(pl.selectors.date().cast(pl.String))
    return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_list()


def _is_mixed(column: Column) -> bool:
    """Say whether a column is of several types, so that it would become text as a whole."""
    kinds = column.kinds
    return bool(kinds & {INTEGER, FLOAT, BOOLEAN}) and column.typed().dtype == pl.String


def _value(text: str | None, kind: str | None) -> str | int | float | bool | None:
    if text is None:
        return None
    if kind == BOOLEAN:
        return text in ("true", "1")
    if kind == INTEGER:
        return int(text)
    if kind == FLOAT:
        number = float(text)
        return number if math.isfinite(number) else None
    return text


def write_parquet(batches: Iterable[Batch], path: Path) -> int:
    """Write rows as Parquet, each column in the narrowest type that holds all of it; count them.

    What type that is, is known with the last row, so the rows are laid down beside the file
    until then.
    """
    rows = 0
    with TemporaryDirectory(prefix=".rows-", dir=path.parent) as folder:
        parts: list[tuple[Path, pl.Schema]] = []
        for number, batch in enumerate(batches):
            frame = batch.frame()
            part = Path(folder) / f"{number:06d}.parquet"
            frame.write_parquet(part, compression="lz4")
            parts.append((part, frame.schema))
            rows += frame.height
        types = common_types([schema for _, schema in parts])
        frames = [pl.scan_parquet(part).select(in_types(found, types)) for part, found in parts]
        pl.concat(frames).sink_parquet(path)
    return rows
