"""What was derived when a large graph was last changed, so that only what differs is written.

A statement is quickly added to a store and slowly taken out of it. Of small graphs nothing is
kept: all that is derived of them is replaced with every change.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import polars as pl

from klaster.graph.store.derived import ENDS
from klaster.graph.store.files import keep_file


class DerivedFiles:
    """Derived statements on disk, a file a term: those before a change, and those after it.

    Parameters
    ----------
    before, after
        Folders; nothing was kept before, or nothing is to be kept, where they are None.
    """

    def __init__(self, before: Path | None, after: Path | None) -> None:
        self._files = {
            unquote(path.stem): path for path in (before.glob("*.parquet") if before else ())
        }
        self._after = after
        self._lost: list[tuple[str, pl.DataFrame]] = []
        if after:
            after.mkdir(parents=True)

    @property
    def differing(self) -> bool:
        """Whether only what differs has to be written."""
        return bool(self._files)

    def added(self, term: str, edges: pl.DataFrame) -> pl.DataFrame:
        """Keep the statements of one term, and return those that are new."""
        kept = self._files.get(term)
        if kept is None:
            self._keep(term, edges)
            return edges
        before = pl.read_parquet(kept)
        old, new = (_hashed(frame) for frame in (before, edges))
        if old.equals(new):
            if self._after:
                keep_file(kept, self._after / kept.name)
            return edges.clear()
        self._keep(term, edges)
        self._lost.append((term, before.filter(~old.is_in(new.implode()))))
        return edges.filter(~new.is_in(old.implode()))

    def _keep(self, term: str, edges: pl.DataFrame) -> None:
        if self._after:
            edges.write_parquet(self._after / f"{quote(term, safe='')}.parquet", compression="lz4")

    def lost(self) -> Iterator[tuple[str, str, str]]:
        """Yield the statements that hold no more, each as subject, term and object."""
        for term, edges in self._lost:
            for subject, value in edges.rows():
                yield subject, term, value


def _hashed(edges: pl.DataFrame) -> pl.Series:
    """Return a number for each edge, by which edges are compared, four times as fast as by texts.

    That a new edge has the number of any of thirty million others happens once in 10^11.
    """
    subject, value = (pl.col(name).hash(seed) for seed, name in enumerate(ENDS))
    return edges.select(subject + value).to_series()
