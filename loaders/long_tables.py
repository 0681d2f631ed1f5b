"""Long tables checked, typed and named piece after piece, and sorted on disk.

The result is what would be had of the whole table at once. What concerns several rows (records
that say the same, the order by IRI) is worked out from a few bytes a row.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.loaders.check import OwnCodes, check_table
from klaster.loaders.identity import addresses, record_iris, record_keys, resolve
from klaster.loaders.raw import RawTable
from klaster.loaders.references import Known, dangling
from klaster.ontology.faults import CellFault
from klaster.ontology.schemas import kept
from klaster.ontology.tables import LongTable, Table

SORTED_AT_ONCE: Final = 400_000
"""About so many rows are sorted, and stand in a file, at once."""
_MOST_FAULTS: Final = 1000
# The last signs of a record's IRI are its digest, in which records are spread evenly.
_DIGEST: Final = 16
_SPREAD: Final = 4
_AT_ONCE: Final = 2

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Beside:
    """What a long table refers to: the other tables of its source, with the ids of their things.

    ``known`` has the ids with their IRIs by table, and ``elsewhere`` tells the things that other
    sources state.
    """

    base: str
    frames: Mapping[str, pl.DataFrame]
    known: Mapping[str, pl.DataFrame]
    own: OwnCodes
    elsewhere: Known


@dataclass
class Typed:
    """A long table when it was read: its rows, the faults, the web addresses that it cites.

    ``resumed`` says that a load that was killed had read it.
    """

    table: LongTable | None = None
    faults: list[CellFault] = field(default_factory=list)
    unread: tuple[str, ...] = ()
    addresses: list[pl.DataFrame] = field(default_factory=list)
    resumed: bool = False


def type_long_table(
    raw: RawTable,
    table: Table,
    beside: Beside,
    folder: Path,
    *,
    skip_bad_rows: bool,
    step: Callable[[], None] = lambda: None,
) -> Typed:
    """Check and type a long table into ``folder``, a new one; one with faults has no rows.

    Past a thousand faults nothing more is read, unless bad rows are to be skipped. ``step`` is
    called for each piece that was checked, and for each that was named.
    """
    pieces = folder / "pieces"
    pieces.mkdir(parents=True)
    typed = Typed()
    hashes: list[NDArray[np.uint64]] = []

    def read(piece: RawTable) -> _Piece:
        return _typed_piece(piece, table, beside)

    with closing(_in_order(read, _pieces(raw))) as found:
        for number, piece in enumerate(found):
            step()
            typed.faults += [fault for fault in piece.faults if not number or fault.row > 1]
            typed.unread = piece.unread
            if typed.faults and not skip_bad_rows:
                if len(typed.faults) >= _MOST_FAULTS:
                    row = typed.faults[-1].row
                    typed.faults.append(CellFault(raw.place, row, "", "fault.further-unread"))
                    return typed
                continue
            typed.addresses += [piece.cited] if piece.cited.height else []
            hashes.append(piece.hashes)
            piece.named.write_ipc(pieces / f"{number:06}.arrow", compression="lz4")
    if not typed.faults or skip_bad_rows:
        typed.table = _sorted(table, beside.base, folder, np.concatenate(hashes), step)
    return typed


def _in_order(work: Callable[[Given], Made], many: Iterable[Given]) -> Generator[Made, None, None]:
    """Yield what some work makes of each of many, in their order, while the next is worked on."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    waiting: deque[Future[Made]] = deque()
    try:
        for one in many:
            waiting.append(pool.submit(work, one))
            if len(waiting) > _AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pieces(raw: RawTable) -> Iterator[RawTable]:
    yield replace(raw, further=None)
    for frame in raw.further() if raw.further else ():
        yield replace(raw, frame=frame, further=None)


@dataclass(frozen=True)
class _Piece:
    """The sound rows of a piece, with IRIs for references, and what was found in it."""

    named: pl.DataFrame
    hashes: NDArray[np.uint64]
    faults: list[CellFault]
    unread: tuple[str, ...]
    cited: pl.DataFrame


def _typed_piece(piece: RawTable, table: Table, beside: Beside) -> _Piece:
    """Check and resolve a piece, knowing nothing of the others: several are worked on at once."""
    checked = check_table(piece, table, beside.own)
    faults = [*checked.faults]
    frame = checked.frame
    for column in table.columns:
        if column.refers:
            faults += dangling(frame, piece, column, beside.frames, beside.elsewhere)
    faults.sort(key=lambda fault: fault.row)
    if faults:
        frame = frame.filter(~pl.col("row").is_in([fault.row for fault in faults]))
    cited = addresses({table.name: frame, **_sources(beside)}, base=beside.base)
    named = resolve(frame, table, beside.known, beside.base, beside.elsewhere)
    hashes = record_keys(named, table).hash().to_numpy()
    return _Piece(named, hashes, faults, checked.unread_columns, cited)


def _sources(beside: Beside) -> dict[str, pl.DataFrame]:
    """Return the table of sources, whose ids are no addresses to be added."""
    return {"sources": beside.frames["sources"]} if "sources" in beside.frames else {}


def _sorted(
    table: Table, base: str, folder: Path, hashes: NDArray[np.uint64], step: Callable[[], None]
) -> LongTable:
    """Name the records of all pieces, and write them sorted by IRI and row."""
    parts = max(1, -(-len(hashes) // SORTED_AT_ONCE))
    again = _found_again(hashes)
    counted: Counter[str] = Counter()
    begun = 0

    def read(file: Path) -> tuple[pl.DataFrame, pl.Series]:
        piece = pl.read_ipc(file.read_bytes())
        return piece, record_keys(piece, table)

    files = sorted((folder / "pieces").glob("*.arrow"))
    for file, (piece, keys) in zip(files, _in_order(read, files), strict=True):
        here = hashes[begun : begun + piece.height]
        begun += piece.height
        copies = _copies(keys, np.isin(here, again), counted)
        named = piece.with_columns(record_iris(keys, copies, table, base))
        _spread(named, table, parts, folder, file.name)
        file.unlink()
        step()
    (folder / "pieces").rmdir()
    for _ in _in_order(lambda part: _write_part(folder, part), range(parts)):
        pass
    return LongTable(folder, len(hashes))


def _write_part(folder: Path, part: int) -> None:
    """Write a part of the order by IRI, of what was spread over the parts."""
    files = sorted(folder.glob(f"{part:06}-*.arrow"))
    if files:
        rows = pl.concat([pl.read_ipc(file.read_bytes()) for file in files]).sort("iri", "row")
        rows.write_parquet(folder / f"{part:06}.parquet", compression="lz4")
    for file in files:
        file.unlink()


def _found_again(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hashes that stand more than once."""
    ordered = np.sort(hashes)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def _copies(keys: pl.Series, doubtful: NDArray[np.bool_], counted: Counter[str]) -> pl.Series:
    """Return how many records before each say the same; ``doubtful`` are those that may have any."""
    copies = np.zeros(len(keys), dtype=np.int64)
    for place in np.flatnonzero(doubtful):
        key = keys[int(place)]
        copies[place] = counted[key]
        counted[key] += 1
    return pl.Series("copy", copies)


def _spread(named: pl.DataFrame, table: Table, parts: int, folder: Path, name: str) -> None:
    """Write the rows into the parts of the order by IRI to which they belong."""
    first = pl.col("iri").str.slice(-_DIGEST, _SPREAD).str.to_integer(base=16, dtype=pl.Int64)
    part = (first * parts) // 16**_SPREAD
    rows = kept(named, table).with_columns(part=part)
    for (number,), group in rows.partition_by("part", as_dict=True).items():
        group.drop("part").write_ipc(folder / f"{number:06}-{name}")
