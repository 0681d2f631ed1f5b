"""Files that hold one table each, by themselves or in a folder, in whatever format they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.cells import refuse_what_is_no_file, shown, unreadable
from klaster.loaders.columnar import read_json_lines, read_parquet
from klaster.loaders.raw import RawTable
from klaster.loaders.text_tables import read_text_table
from klaster.loaders.workbook import WORKBOOKS, read_workbook
from klaster.ontology.faults import Fault
from klaster.ontology.names import fold
from klaster.ontology.tables import tables

TABLE_FILES: Final = frozenset({".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson"})


def table_files(folder: Path) -> list[Path]:
    """Return the files of a folder that may hold tables.

    Hidden files, and those that a spreadsheet program keeps beside an open workbook, are none.

    Raises
    ------
    Fault
        If one of them is a link to a file outside the folder, or the folder cannot be read.
    """
    try:
        inside = folder.resolve()
        found = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in TABLE_FILES | WORKBOOKS
            and not path.name.startswith((".", "~$"))
        )
        for path in found:
            if not path.resolve().is_relative_to(inside):
                raise Fault("fault.outside", path=shown(path))
    except (OSError, RuntimeError) as reason:
        raise unreadable(folder, reason) from reason
    return found


def is_read(path: Path) -> bool:
    """Say whether a file is opened: a workbook always, another file if a table bears its name."""
    return path.suffix.lower() in WORKBOOKS or bool(_table_of(path))


def _table_of(path: Path) -> str | None:
    return {fold(name): name for name in tables()}.get(fold(path.stem))


def read_folder(folder: Path, guessed: list[str]) -> Iterator[RawTable]:
    """Yield the tables of a folder, and tell in ``guessed`` what its files were taken to be.

    Raises
    ------
    Fault
        If a file cannot be read or is no table.
    """
    for path in table_files(folder):
        if path.suffix.lower() in WORKBOOKS:
            refuse_what_is_no_file(path)
            for raw in read_workbook(path):
                yield replace(raw, locator=f"[{shown(path.name)}]{raw.locator}")
        else:
            yield read_table_file(path, guessed)


def read_table_file(path: Path, guessed: list[str]) -> RawTable:
    """Return the table of a file; one that bears no table's name is left unread, and is empty.

    Raises
    ------
    Fault
        If the file cannot be read or is no table.
    """
    table = _table_of(path)
    if not table:
        place = shown(path.name)
        return RawTable(shown(path.stem), place, place, pl.DataFrame(schema={"row": pl.UInt32}))
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix in (".jsonl", ".ndjson"):
        return read_json_lines(path)
    return read_text_table(path, table, guessed)
