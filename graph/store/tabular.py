"""A graph as the tables it was loaded from, so that they can be mended and loaded again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.graph.store.batches import ROWS
from klaster.graph.store.columns import Columns
from klaster.graph.store.files import whole_file
from klaster.ontology.faults import Fault
from klaster.ontology.schemas import schema
from klaster.ontology.tables import Column, Table, tables
from klaster.ontology.terms import CODE

# A spreadsheet runs a cell that begins with one of these; the loader takes the sign off again.
SHEET_ROWS: Final = 1_048_575
"""A sheet of a workbook has no more rows below its header."""
_CELL: Final = 32_767
"""A cell of a workbook has no more signs."""
_FORMULA = r"^([=+\-@\t\r])"


@dataclass(frozen=True)
class Stated:
    """A table as it is written: its rows come as frames of these columns, to be read once."""

    table: Table
    columns: Sequence[str]
    height: int
    frames: Iterable[pl.DataFrame]


def as_loaded(columns: Columns, *, rows: int = ROWS) -> Iterator[Stated]:
    """Yield every table that holds anything, as text, with ids in place of IRIs.

    Where several sources use the same id for different things, it is told apart by the name of
    the source. Columns without any value are left out. Records of more than so many ``rows`` come
    in parts, in the order in which their sources state them; all else in the order of the IRIs.
    """
    ids = _ids(columns)
    for name, table in tables().items():
        height = columns.height(name)
        if table.key or height <= rows:
            frame = columns.table(name)
            if name == "sources":
                frame = frame.filter(pl.col("row").is_not_null())
            height, parts = frame.height, partial(iter, [frame])
        else:
            parts = partial(columns.batches, name, [*schema(table)], rows=rows)
        if height:
            told = _told(table, parts())
            yield Stated(table, told, height, _texts(table, told, parts(), ids))


def _told(table: Table, parts: Iterable[pl.DataFrame]) -> list[str]:
    """Return the columns that are required or have a value."""
    found = {column.name for column in table.columns if column.required}
    for part in parts:
        lists = pl.col(pl.List(pl.String)).list.len().replace(0, None)
        counts = part.with_columns(lists).select(pl.all().count()).row(0, named=True)
        found |= {name for name, count in counts.items() if count}
    return [column.name for column in table.columns if column.name in found]


def _texts(
    table: Table, told: Sequence[str], parts: Iterable[pl.DataFrame], ids: Mapping[str, str]
) -> Iterator[pl.DataFrame]:
    for part in parts:
        yield part.select(
            (
                pl.col("iri").replace_strict(ids, default=None)
                if name == "id"
                else _text(table.column(name), part, ids)
            ).alias(name)
            for name in told
        )


def _ids(columns: Columns) -> dict[str, str]:
    """Return the id under which each thing is written, by IRI."""
    given = columns.table("sources").filter(pl.col("row").is_null())
    found = dict(given.select("iri", "url").rows())
    for name, table in tables().items():
        if "id" not in [column.name for column in table.columns]:
            continue
        rows = columns.table(name).unique("iri", maintain_order=True)
        taken: set[str] = set()
        for iri, key, origin in rows.select("iri", "id", "origin").rows():
            if iri not in found:
                found[iri] = f"{origin}:{key}" if key in taken else key
                taken.add(found[iri])
    return found


def _text(column: Column, frame: pl.DataFrame, ids: Mapping[str, str]) -> pl.Expr:
    cell = pl.col(column.name)
    if column.refers or len(column.codes) > 1:
        cells = frame[column.name].explode() if column.is_list else frame[column.name]
        known = {iri: ids.get(iri) or _code(iri) for iri in cells.drop_nulls().unique()}
        turn = pl.element() if column.is_list else cell
        turned = turn.replace_strict(known, default=None, return_dtype=pl.String)
        cell = cell.list.eval(turned) if column.is_list else turned
    if column.is_list:
        joined = cell.list.join(";")
        return pl.when(joined != "").then(joined)
    if column.type == "number":
        plain = cell.cast(pl.Decimal(38, 9)).cast(pl.String).str.strip_chars_end("0")
        return plain.str.strip_suffix(".")
    return cell.cast(pl.String)


def _code(iri: str) -> str:
    """Return the code at the end of a code's IRI, or the IRI itself."""
    return unquote(iri.rsplit("/", 1)[-1]) if iri.startswith(CODE) else iri


def _write_csv_folder(columns: Columns, folder: Path) -> None:
    with new_folder(folder) as unfinished:
        for table in as_loaded(columns):
            with (unfinished / f"{table.table.name}.csv").open("wb") as stream:
                for position, frame in enumerate(table.frames):
                    told = guarded(frame, table.table.name)
                    told.write_csv(stream, include_header=not position)


def _write_parquet_folder(columns: Columns, folder: Path) -> None:
    with new_folder(folder) as unfinished:
        for table in as_loaded(columns):
            types = {column.name: column.type for column in table.table.columns}
            numbers = [
                pl.col(name).cast(_NUMBERS[types[name]])
                for name in table.columns
                if types[name] in _NUMBERS
            ]
            parts = unfinished / "parts"
            parts.mkdir()
            for position, frame in enumerate(table.frames):
                frame.with_columns(numbers).write_parquet(parts / f"{position:05}.parquet")
            pl.scan_parquet(sorted(parts.iterdir()), glob=False).sink_parquet(
                unfinished / f"{table.table.name}.parquet", maintain_order=True
            )
            shutil.rmtree(parts)


_NUMBERS: Final = {"number": pl.Float64, "integer": pl.Int64, "year": pl.Int64}


def _write_book(columns: Columns, path: Path) -> None:
    for name in tables():
        if (rows := columns.height(name)) > SHEET_ROWS:
            raise Fault("fault.sheet-rows", path=path, table=name, rows=rows, most=SHEET_ROWS)
    frames = {table.table.name: pl.concat(table.frames) for table in as_loaded(columns)}
    write_workbook(frames, path)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder beside the wanted one, whose name it takes if the block ends without an error.

    Raises
    ------
    Fault
        If something of that name is there already, or it cannot be written.
    """
    if folder.exists():
        raise Fault("fault.exists", path=folder)
    unfinished = folder.with_name(f".{folder.name}.part")
    # What a killed run left is no one's.
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        unfinished.rename(folder)
    except OSError as reason:
        raise Fault("fault.unwritable", path=folder, reason=reason) from reason
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def guarded(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Return a table with a sign before each cell that a spreadsheet would run as a formula."""
    return frame.with_columns(
        pl.col(column.name).str.replace(_FORMULA, "'$1")
        for column in tables()[table].columns
        if column.name in frame.columns and column.type == "string"
    )


def write_workbook(frames: Mapping[str, pl.DataFrame], path: Path) -> None:
    """Write tables into a workbook, a sheet each; every cell is text or a number, none a formula.

    Raises
    ------
    Fault
        If it cannot be written, or a text is longer than a cell holds.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with whole_file(path) as unfinished, xlsxwriter.Workbook(unfinished, options) as book:
        bold = book.add_format({"bold": True})
        for name, frame in frames.items():
            _write_sheet(book.add_worksheet(name), frame, tables()[name], bold)


def _write_sheet(sheet: object, frame: pl.DataFrame, table: Table, bold: object) -> None:
    numbers = {column.name for column in table.columns if column.type in _NUMBERS}
    for position, name in enumerate(frame.columns):
        sheet.write_string(0, position, name, bold)  # type: ignore[attr-defined]
        for row, value in enumerate(frame[name], start=1):
            if value is None:
                continue
            if len(value) > _CELL:
                raise Fault(
                    "fault.cell-long", table=table.name, row=row + 1, column=name, most=_CELL
                )
            if name in numbers:
                sheet.write_number(row, position, float(value))  # type: ignore[attr-defined]
            else:
                sheet.write_string(row, position, value)  # type: ignore[attr-defined]
    sheet.freeze_panes(1, 0)  # type: ignore[attr-defined]


TABULAR: Final[Mapping[str, Callable[[Columns, Path], None]]] = {
    "": _write_csv_folder,
    ".csv": _write_csv_folder,
    ".xlsx": _write_book,
    ".parquet": _write_parquet_folder,
}
"""What writes the tables, by the suffix of where they go: a new folder, or one workbook."""
