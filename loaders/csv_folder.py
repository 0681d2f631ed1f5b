"""Folders of CSV files, one file a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from klaster.loaders.raw import RawTable, raw_table
from klaster.ontology.faults import Fault


def csv_files(folder: Path) -> list[Path]:
    """Return the CSV files of a folder.

    Raises
    ------
    Fault
        If one of them is a link to a file outside the folder.
    """
    inside = folder.resolve()
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    for path in found:
        if not path.resolve().is_relative_to(inside):
            raise Fault("fault.outside", path=path)
    return found


def read_csv_folder(folder: Path) -> Iterator[RawTable]:
    """Yield the tables of a folder.

    Raises
    ------
    Fault
        If a file is not in UTF-8 or is no table.
    """
    for path in csv_files(folder):
        yield raw_table(path.stem, path.name, path.name, _cells(path))


def _cells(path: Path) -> pl.DataFrame:
    if path.stat().st_size == 0:
        return pl.DataFrame(schema={"row": pl.UInt32})
    try:
        return pl.read_csv(
            path, has_header=False, infer_schema=False, separator=_separator(path)
        ).with_row_index("row", offset=1)
    except pl.exceptions.ComputeError as reason:
        if "utf-8" in str(reason):
            raise Fault("fault.not-utf8", path=path) from reason
        raise Fault("fault.csv", path=path, reason=_why_not_a_table(path)) from reason


def _separator(path: Path) -> str:
    """Return what separates the cells of the header: a comma, semicolon or tab."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline()
    return max(",;\t", key=header.count)


def _why_not_a_table(path: Path) -> str:
    """Return the first row that has more cells than the header."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=_separator(path))
        width = len(next(rows))
        for number, row in enumerate(rows, start=2):
            if len(row) > width:
                return f"row {number}: {len(row)} > {width}"
    return "quotes"
