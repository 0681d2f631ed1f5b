"""The links of a network as a load leaves them beside the tables: whole numbers, in order.

Of ten million links, reading the names of both ends and looking them up takes longer than most
measures. Who is at which end does not change until the next load, so the load writes it down.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns

STORED_FROM: Final = 1_000_000
"""From so many links on they are stored; fewer are as soon read from the tables."""
LINKS: Final = ("source", "target", "kind", "directed", "value", "currency")
_FILE: Final = "network.parquet"


def store_links(links: pl.DataFrame, columns: Columns, actors: pl.Series, folder: Path) -> None:
    """Write the links of all kinds, in the order of a network's, into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    places = pl.col("source", "target").cast(pl.UInt32)
    told = {"of": _fingerprint(columns, actors)}
    links.select(LINKS).with_columns(places).write_parquet(folder / _FILE, metadata=told)


def stored_links(columns: Columns, actors: pl.Series) -> pl.DataFrame | None:
    """Return the links that the load of these tables stored, None where it stored none.

    They are those of ``G/network`` beside ``G/tables/SOURCE``, if they are of the same actors in
    the same order, of the same sources and decisions.
    """
    beside = {folder.parent.parent for folder in columns.folders}
    if len(beside) != 1:
        return None
    path = beside.pop() / "network" / _FILE
    if not path.exists():
        return None
    if pl.read_parquet_metadata(path).get("of") != _fingerprint(columns, actors):
        return None
    return pl.read_parquet(path).with_columns(pl.col("source", "target").cast(pl.Int64))


def _fingerprint(columns: Columns, actors: pl.Series) -> str:
    """Return what tells whether stored links are of these actors and sources."""
    names = ",".join(sorted(folder.name for folder in columns.folders))
    mixed = int((actors.hash(1) % 2**32).cast(pl.UInt64).sum())
    ends = f"{actors[0]} {actors[-1]}" if len(actors) else ""
    return f"{pl.__version__} {len(actors)} {mixed} {ends} {len(columns.merges)} {names}"
