"""Typed tables: Parquet and JSON lines, their values written as text for the same checks."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import polars as pl

from klaster.loaders import pieces
from klaster.loaders.cells import (
    CELL_BYTES,
    is_panic,
    read_bytes,
    refuse_too_large,
    refuse_what_is_no_file,
    shown,
    table_of,
    table_stem,
)
from klaster.loaders.pieces import long_parquet, may_be_long, refuse_too_dense
from klaster.loaders.raw import RawTable
from klaster.loaders.typed import as_typed
from klaster.ontology.faults import CellFault, Fault, SourceError


def read_parquet(path: Path, table: str | None = None) -> RawTable:
    """Read a Parquet file; its rows are counted from 2, as if the header were row 1.

    If it holds one of klaster's tables, ``table`` says which: a long one is read in pieces.

    Raises
    ------
    Fault
        If the file is none, is damaged, too large, or holds values that are no cells.
    """
    refuse_what_is_no_file(path)
    if not path.stat().st_size:
        raise Fault("fault.empty-file", path=shown(path))
    # A table that may be long is not taken into memory before it is known how long it is.
    from_disk = may_be_long(path, table)
    found = path if from_disk else io.BytesIO(read_bytes(path))
    try:
        scan = pl.scan_parquet(found, glob=False)
        schema = scan.collect_schema()
        height = scan.select(pl.len()).collect().item()
        strange = [name for name, dtype in schema.items() if not _writable(dtype)]
        if strange:
            faults = [
                CellFault(shown(path.name), 1, name, "fault.no-cells", {"found": schema[name]})
                for name in strange
            ]
            raise SourceError(shown(path.name), faults)
        cells = [
            _written(pl.col(name), dtype).alias(f"column_{index}")
            for index, (name, dtype) in enumerate(schema.items())
        ]
        if from_disk and height >= pieces.LONG_HEIGHT:
            refuse_too_dense(path, height * len(schema))
            return long_parquet(path, scan, cells, height)
        refuse_too_large(path, height * len(schema) * CELL_BYTES)
        written = scan.select(cells).collect()
    except BaseException as reason:
        if isinstance(reason, pl.exceptions.PolarsError | OSError) or is_panic(reason):
            raise Fault("fault.damaged-file", path=shown(path), format="Parquet") from reason
        raise
    header = pl.DataFrame([list(schema.names())], schema=written.schema, orient="row")
    return _table(path, pl.concat([header, written]))


def _table(path: Path, cells: pl.DataFrame) -> RawTable:
    place = shown(path.name)
    return table_of(table_stem(path), place, place, cells.with_row_index("row", offset=1))


def _writable(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return not isinstance(dtype.inner, pl.List | pl.Array) and _writable(_inner(dtype))
    return not isinstance(dtype, pl.Struct | pl.Binary | pl.Object)


def _inner(dtype: pl.List | pl.Array) -> pl.DataType:
    inner = dtype.inner
    return inner if isinstance(inner, pl.DataType) else inner()


def _written(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return cells as one would type them into a CSV file."""
    if isinstance(dtype, pl.Array):
        cell, dtype = cell.arr.to_list(), pl.List(dtype.inner)
    if isinstance(dtype, pl.List):
        written = cell.list.eval(_written(pl.element(), _inner(dtype)))
        return written.list.join(";", ignore_nulls=True)
    if dtype.is_float():
        whole = (cell == cell.round()) & (cell.abs() < 2**53)
        integer = pl.when(whole).then(cell).otherwise(None).cast(pl.Int64).cast(pl.String)
        return pl.when(whole).then(integer).when(~cell.is_nan()).then(cell.cast(pl.String))
    if isinstance(dtype, pl.Decimal):
        text = cell.cast(pl.String)
        trimmed = text.str.strip_chars_end("0").str.strip_chars_end(".")
        return pl.when(text.str.contains(".", literal=True)).then(trimmed).otherwise(text)
    if isinstance(dtype, pl.Datetime):
        moment = cell.dt.replace_time_zone(None)
        midnight = moment == moment.dt.truncate("1d")
        return (
            pl.when(midnight)
            .then(moment.dt.strftime("%Y-%m-%d"))
            .otherwise(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.f"))
        )
    return cell.cast(pl.String)


def read_json_lines(path: Path, *, nested: bool = False) -> RawTable:
    """Read JSON lines, an object a line; records are counted from 2, as rows below a header.

    Where ``nested`` objects are wanted, a cell holds them as JSON.

    Raises
    ------
    Fault
        If the file is not in UTF-8 or a line of it is no object of plain values.
    """
    # Other signs that end a line for Python may stand inside a text of JSON.
    lines = (line for line in _text(path).split("\n") if line.strip())
    records = (_parsed(path, number, line) for number, line in enumerate(lines, start=2))
    return _table_of_records(path, records, nested=nested)


def read_json(path: Path, *, nested: bool = False) -> RawTable:
    """Read a JSON array of objects, or an object with one such array in it.

    Records are counted from 2, as rows below a header; for ``nested`` see ``read_json_lines``.

    Raises
    ------
    Fault
        If the file is not in UTF-8 or holds no array of objects.
    """
    found = _parsed(path, 0, _text(path))
    if isinstance(found, dict):
        arrays = [value for value in found.values() if isinstance(value, list)]
        found = arrays[0] if len(arrays) == 1 else [found]
    return _table_of_records(path, iter(found if isinstance(found, list) else []), nested=nested)


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise Fault("fault.not-utf8", path=shown(path)) from reason


def _parsed(path: Path, number: int, text: str) -> object:
    try:
        found: object = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_number)
        text.encode()
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as reason:
        raise _bad_record(path, number) from reason
    return found


def _table_of_records(path: Path, records: Iterator[object], *, nested: bool) -> RawTable:
    columns: dict[str, list[str]] = {}
    height = 0
    for number, record in enumerate(records, start=2):
        if not isinstance(record, dict):
            raise _bad_record(path, number)
        for name, value in record.items():
            column = columns.setdefault(name, [])
            column += [""] * (height - len(column))
            column.append(_as_cell(path, number, name, value, nested=nested))
        height += 1
    cells = {
        f"column_{index}": pl.Series([name, *column, *[""] * (height - len(column))])
        for index, (name, column) in enumerate(columns.items())
    }
    return _table(path, pl.DataFrame(cells))


def _bad_record(path: Path, number: int) -> SourceError:
    place = shown(path.name)
    return SourceError(place, [CellFault(place, number, "", "fault.json")])


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError(pairs)
    return record


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _as_cell(path: Path, row: int, name: str, value: object, *, nested: bool) -> str:
    values = value if isinstance(value, list) else [value]
    if any(isinstance(part, list | dict) for part in values):
        if nested:
            return json.dumps(value, ensure_ascii=False)
        place = shown(path.name)
        fault = CellFault(place, row, name, "fault.no-cells", {"found": json.dumps(value)[:40]})
        raise SourceError(place, [fault])
    return ";".join(as_typed(part) for part in values if part is not None)
