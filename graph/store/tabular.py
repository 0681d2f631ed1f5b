"""A graph as the tables it was loaded from, so that they can be mended and loaded again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.faults import Fault
from klaster.ontology.tables import Column, Table, tables
from klaster.ontology.terms import CODE

# A spreadsheet runs a cell that begins with one of these; the loader takes the sign off again.
_FORMULA = r"^([=+\-@\t\r])"


def as_loaded(columns: Columns) -> dict[str, pl.DataFrame]:
    """Return every table that holds anything, as text, with ids in place of IRIs.

    Where several sources use the same id for different things, it is told apart by the name of
    the source. Columns without any value are left out.
    """
    ids = _ids(columns)
    found = {}
    for name, table in tables().items():
        frame = columns.table(name)
        if name == "sources":
            frame = frame.filter(pl.col("row").is_not_null())
        if frame.is_empty():
            continue
        texts = frame.select(
            (
                pl.col("iri").replace_strict(ids, default=None)
                if column.name == "id"
                else _text(column, frame, ids)
            ).alias(column.name)
            for column in table.columns
        )
        kept = [
            column.name for column in table.columns if column.required or texts[column.name].count()
        ]
        found[name] = texts.select(kept)
    return found


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


def write_csv_folder(frames: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write tables into a new folder, a CSV file each.

    Raises
    ------
    Fault
        If something is there already, or it cannot be written.
    """
    with new_folder(folder) as unfinished:
        for name, frame in frames.items():
            guarded(frame, name).write_csv(unfinished / f"{name}.csv")


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
    """Write tables into a workbook, a sheet each; every cell is text or a number, none a formula."""
    import xlsxwriter

    unfinished = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(
            unfinished, {"strings_to_formulas": False, "strings_to_urls": False}
        ) as book:
            bold = book.add_format({"bold": True})
            for name, frame in frames.items():
                _write_sheet(book.add_worksheet(name), frame, tables()[name], bold)
        os.replace(unfinished, path)  # noqa: PTH105
    except OSError as reason:
        raise Fault("fault.unwritable", path=path, reason=reason) from reason
    finally:
        unfinished.unlink(missing_ok=True)


def _write_sheet(sheet: object, frame: pl.DataFrame, table: Table, bold: object) -> None:
    numbers = {
        column.name for column in table.columns if column.type in ("number", "integer", "year")
    }
    for position, name in enumerate(frame.columns):
        sheet.write_string(0, position, name, bold)  # type: ignore[attr-defined]
        for row, value in enumerate(frame[name], start=1):
            if value is None:
                continue
            if name in numbers:
                sheet.write_number(row, position, float(value))  # type: ignore[attr-defined]
            else:
                sheet.write_string(row, position, value)  # type: ignore[attr-defined]
    sheet.freeze_panes(1, 0)  # type: ignore[attr-defined]
