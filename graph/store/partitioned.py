"""A graph as partitioned Parquet, its things numbered, for engines that run on many machines.

The tables are those of ``klaster.graph.store.batches``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from klaster.graph.store.batches import ROWS, Batches, as_told
from klaster.graph.store.columns import Columns
from klaster.graph.store.partition_columns import SCHEMAS, told_columns
from klaster.graph.store.tabular import new_folder

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"


def write_partitioned(
    columns: Columns, folder: Path, *, about: Mapping[str, str], rows: int = ROWS
) -> None:
    """Write the tables that measures and rules need into a new folder, ``rows`` to a file.

    ``actors``, ``clusters`` and ``products`` are numbered from 0 on in the order of their IRIs;
    ``links/kind=…`` join those numbers. Links are those that count: planned and ended ones are
    left out, as is what leads to an actor the graph does not have. ``manifest.json`` tells of
    each table its columns, rows and files; ``about`` stands at its top.

    Raises
    ------
    Fault
        If something of that name is there already, or it cannot be written.
    """
    with new_folder(folder) as unfinished:
        export = _Export(Batches(columns, rows), unfinished)
        export.write()
        told = {"format": FORMAT, **about, "tables": export.told}
        text = json.dumps(told, ensure_ascii=False, indent=1)
        (unfinished / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


@dataclass
class _Export:
    """What has been written of a graph."""

    batches: Batches
    folder: Path
    told: dict[str, dict[str, object]] = field(default_factory=dict)

    def write(self) -> None:
        found, rows = self.batches, self.batches.rows
        self._write("actors", found.actors().iter_slices(rows))
        self._write("clusters", [found.clusters()])
        self._write("products", [found.products()])
        parts = {kind: self._write_links(kind, frames) for kind, frames in found.links()}
        self.told["links"] = {
            "rows": sum(int(str(part["rows"])) for part in parts.values()),
            "partitioned_by": "kind",
            "kinds": parts,
            "columns": told_columns("links"),
        }
        self._write("memberships", found.memberships())
        for name in ("makes", "needs"):
            self._write(name, found.goods(name))
        self._write("recipes", found.recipes().iter_slices(rows))
        self._write("product_kinds", found.product_kinds().iter_slices(rows))

    def _write(self, name: str, frames: Iterable[pl.DataFrame]) -> None:
        counts = _write_parts(self.folder / name, frames, SCHEMAS[name])
        self.told[name] = {**counts, "columns": told_columns(name)}

    def _write_links(self, kind: str, frames: Iterable[pl.DataFrame]) -> dict[str, object]:
        place = self.folder / "links" / f"kind={kind}"
        counts = _write_parts(place, frames, SCHEMAS["links"])
        directed = kind in ("supply", "ownership")
        unit = self.batches.unit if kind == "supply" else None
        return {**counts, "directed": directed, "unit": unit}


def _write_parts(
    folder: Path, frames: Iterable[pl.DataFrame], types: Mapping[str, pl.DataType]
) -> dict[str, object]:
    """Write a table, a file a batch; one without rows has a file, too, which tells its columns."""
    folder.mkdir(parents=True)
    rows = files = 0
    for frame in frames:
        if frame.is_empty():
            continue
        as_told(frame, types).write_parquet(folder / f"part-{files:05}.parquet")
        rows, files = rows + frame.height, files + 1
    if not files:
        as_told(pl.DataFrame(), types).clear().write_parquet(folder / "part-00000.parquet")
    return {"rows": rows, "files": max(files, 1)}
