"""Files that hold one table each: by themselves, in a folder or packed together."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from klaster.loaders.cells import (
    format_suffix,
    refuse_too_large,
    refuse_what_is_no_file,
    shown,
    table_stem,
    unreadable,
)
from klaster.loaders.columnar import read_json, read_json_lines, read_parquet
from klaster.loaders.pieces import long_text
from klaster.loaders.raw import RawTable
from klaster.loaders.text_tables import read_text_table
from klaster.loaders.workbook import WORKBOOKS, read_workbook
from klaster.ontology.faults import Fault
from klaster.ontology.names import fold
from klaster.ontology.tables import tables

TABLE_FILES: Final = frozenset({".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json"})
ARCHIVE: Final = ".zip"
_CHUNK: Final = 1024 * 1024


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
            if format_suffix(path) in TABLE_FILES | WORKBOOKS
            and not path.name.startswith((".", "~$"))
        )
        for path in found:
            if not path.resolve().is_relative_to(inside):
                raise Fault("fault.outside", path=shown(path))
    except (OSError, RuntimeError) as reason:
        raise unreadable(folder, reason) from reason
    return found


def _table_of(path: Path) -> str | None:
    return {fold(name): name for name in tables()}.get(fold(table_stem(path)))


def read_folder(
    folder: Path, guessed: list[str], *, every: bool = False, passing: bool = False
) -> Iterator[RawTable]:
    """Yield the tables of a folder, and tell in ``guessed`` what its files were taken to be.

    Files that bear no table's name are opened only if ``every`` one is wanted. Of a ``passing``
    folder, which may be gone when further rows are wanted, every table is read whole.

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
            yield read_table_file(path, guessed, every=every, whole=every or passing)


def read_table_file(
    path: Path, guessed: list[str], *, every: bool = False, whole: bool = False
) -> RawTable:
    """Return the table of a file.

    One that bears no table's name is left unread, and is empty, unless ``every`` one is wanted.
    A long one has only its first rows at once, unless it is wanted ``whole``.

    Raises
    ------
    Fault
        If the file cannot be read or is no table.
    """
    table = _table_of(path)
    if not table and not every:
        place = shown(path.name)
        return RawTable(table_stem(path), place, place, pl.DataFrame(schema={"row": pl.UInt32}))
    refuse_what_is_no_file(path)
    suffix = format_suffix(path)
    if suffix == ".parquet":
        return read_parquet(path, None if whole else table)
    if suffix == ".json":
        return read_json(path, nested=every)
    if suffix in (".jsonl", ".ndjson"):
        return read_json_lines(path, nested=every)
    in_pieces = None if whole else long_text(path, table)
    return in_pieces or read_text_table(path, table, guessed)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack an archive (.zip) of table files into a folder that is there for the while.

    Only the names of the files count, not the folders in which they lie.

    Raises
    ------
    Fault
        If it is no archive, has a password, holds a name twice or unpacks to more than may be.
    """
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            with zipfile.ZipFile(path) as archive:
                # A damaged archive may hold a name without a letter, on which the library's own
                # test for a folder fails.
                entries = [
                    entry for entry in archive.infolist() if not entry.filename.endswith("/")
                ]
                refuse_too_large(path, sum(entry.file_size for entry in entries))
                written = 0
                for entry in entries:
                    written += _unpack(path, archive, entry, folder, written)
        except RuntimeError as reason:
            # The library has no error of its own for a password.
            raise Fault("fault.password", path=shown(path)) from reason
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as reason:
            raise Fault("fault.damaged-file", path=shown(path), format="ZIP") from reason
        except (OSError, ValueError) as reason:
            raise unreadable(path, reason) from reason
        yield folder


def _unpack(
    path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, before: int
) -> int:
    """Write one file of an archive, and return its size, which may not be what it says."""
    target = folder / (PurePosixPath(entry.filename.replace("\\", "/")).name or "-")
    if format_suffix(target) not in TABLE_FILES | WORKBOOKS or target.name.startswith("."):
        return 0
    if target.exists():
        raise Fault("fault.exists-packed", path=shown(path), name=shown(target.name))
    size = 0
    with archive.open(entry) as packed, target.open("wb") as stream:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            refuse_too_large(path, before + size)
            stream.write(chunk)
    return size
