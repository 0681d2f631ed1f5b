"""A network as its file states it: nodes and edges in order, with their attributes and lines."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from klaster.loaders.cells import CELL_LIMIT, MEGABYTE, shown
from klaster.ontology.faults import CellFault, Fault, SourceError

MOST_RECORDS: Final = 2_000_000
"""Nodes and edges of a file; twice the links that klaster is made for, and what still fits into
memory."""

MOST_CELLS: Final = 10_000_000
"""Attributes of all nodes, or of all edges: ten of each of a million."""

MOST_ATTRIBUTES: Final = 5_000
"""Names of attributes; a spreadsheet has no more than three times as many columns."""

# A list or a row of a matrix of Pajek may name as many as a million vertices.
_LONGEST_LINE: Final = 8 * MEGABYTE

# The names of what is left aside, for a note.
_MOST_NAMED: Final = 100

# So many faults are told at once; a file with more is of another kind than it claims.
_MOST_FAULTS: Final = 1000

UNDIRECTED, DIRECTED, MUTUAL = 0, 1, 2

DIRECTIONS: Final[Mapping[str, int]] = {
    "undirected": UNDIRECTED,
    "directed": DIRECTED,
    "mutual": MUTUAL,
}


class Records:
    """Nodes or edges in the order of the file: the line of each, and its attributes by name."""

    def __init__(self) -> None:
        self.lines = array("I")
        self._cells: dict[str, tuple[array[int], list[str]]] = {}
        self._held = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.lines)

    def put(self, record: int, attributes: Mapping[str, str]) -> None:
        """Keep attributes of a record; an empty one is none."""
        for name, text in attributes.items():
            cell = text.strip()
            if not cell:
                continue
            self._held += 1
            if name not in self._cells:
                self._cells[name] = (array("I"), [])
            places, cells = self._cells[name]
            places.append(record)
            cells.append(cell)

    @property
    def is_too_large(self) -> bool:
        """Whether more is said of the records than fits into memory."""
        return self._held > MOST_CELLS or len(self._cells) > MOST_ATTRIBUTES

    def __contains__(self, name: object) -> bool:
        """Say whether any record has an attribute of this name."""
        return name in self._cells

    @property
    def attributes(self) -> list[str]:
        """The names of the attributes, in the order in which they first appear."""
        return list(self._cells)

    def rename(self, name: str, new: str) -> None:
        """Give an attribute the name by which the file means it to be known."""
        if name in self._cells:
            self._cells[new] = self._cells.pop(name)

    def drop_what_is_no_number(self, name: str) -> None:
        """Take NaN, by which igraph and Gephi write that a number is not known, as no cell."""
        if name in self._cells:
            kept = [pair for pair in zip(*self._cells[name], strict=True) if not _is_nan(pair[1])]
            self._cells[name] = (array("I", [at for at, _ in kept]), [cell for _, cell in kept])

    def fill(self, name: str, default: str) -> None:
        """Give every record without the attribute its default."""
        self._held += len(self)
        if self.is_too_large:
            return
        cells = self.cells(name).to_list() if name in self._cells else [None] * len(self)
        filled = [default if cell is None else cell for cell in cells]
        self._cells[name] = (array("I", range(len(self))), filled)

    def distinct(self, name: str) -> set[str]:
        """Return the cells of an attribute, each once."""
        return set(self._cells[name][1])

    def having(self, name: str) -> array[int]:
        """Return the places of the records that have an attribute."""
        return self._cells[name][0]

    def cells(self, name: str) -> pl.Series:
        """Return the attribute of every record, null where it has none."""
        places, cells = self._cells[name]
        column: list[str | None] = [None] * len(self)
        for place, cell in zip(places, cells, strict=True):
            column[place] = cell
        return pl.Series(name, column, dtype=pl.String)


def _is_nan(cell: str) -> bool:
    return cell.casefold() == "nan"


class Relations:
    """The nodes and edges of one file, with what is at fault in them.

    An edge may name a node before the node is declared, or one that never is. ``events`` are the
    nodes of the second mode of a two-mode network; ``by_time`` are attributes of which only the
    last value was kept, ``unread`` the parts of the file that no table can take. Where
    ``counts_records`` is set a record is found by its number (``edge 12``), as several may
    share a line, and otherwise by its line.
    """

    def __init__(self, path: Path, format_name: str, *, counts_records: bool) -> None:
        self.path = path
        self.format_name = format_name
        self.place = shown(path.name)
        self.counts_records = counts_records
        self.nodes = Records()
        self.edges = Records()
        self.ids: dict[str, int] = {}
        self.sources = array("I")
        self.targets = array("I")
        self.directions = bytearray()
        self.events: set[int] = set()
        self.by_time: set[str] = set()
        self.unread: set[str] = set()
        self.encoding = "UTF-8"
        self.faults: list[CellFault] = []
        # The number of a declared node among nodes, of another one that of the edge naming it.
        self.numbers = array("I")
        self._declared = bytearray()
        self._declarations = 0

    def node(self, name: str, line: int, attributes: Mapping[str, str] | None = None) -> int:
        """Keep a node that the file declares."""
        if not self._holds(name, line, "id", self.nodes):
            return 0
        index = self._index(name, line)
        if self._declared[index]:
            first = self.nodes.lines[index]
            self.fault(line, "id", "fault.duplicate", found=name, first=first)
            return index
        self._declared[index] = True
        self._declarations += 1
        self.numbers[index] = self._declarations
        self.nodes.lines[index] = line
        if attributes:
            self._put(self.nodes, index, line, attributes)
        return index

    def edge(
        self,
        source: str,
        target: str,
        line: int,
        direction: int,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Keep an edge; each of several between the same nodes is one of its own."""
        record = len(self.edges)
        whole = self._holds(source, line, "source", self.edges)
        if not self._holds(target, line, "target", self.edges) or not whole:
            return
        self._refuse_too_many()
        self.edges.lines.append(line)
        self.sources.append(self._index(source, line))
        self.targets.append(self._index(target, line))
        self.directions.append(direction)
        if attributes:
            self._put(self.edges, record, line, attributes)

    def fault(self, line: int, column: str, key: str, **values: object) -> None:
        """Keep what is at fault at a line, to be told with everything else."""
        self.faults.append(CellFault(self.place, line, column, key, values))
        if len(self.faults) >= _MOST_FAULTS:
            self.refuse_faults()

    def refuse_faults(self) -> None:
        """Tell what was found at fault, if anything was.

        Raises
        ------
        SourceError
            With every fault.
        """
        if self.faults:
            raise SourceError(self.place, self.faults)

    def name_only(self, name: str, line: int) -> None:
        """Keep a node that is there though nothing is said of it."""
        self._index(name, line)

    def undeclared(self) -> int:
        """Return how many nodes are only named, by edges or by how many there are."""
        return self._declared.count(0)

    def is_declared(self) -> pl.Series:
        """Say of every node whether the file declares it."""
        return pl.Series(list(self._declared), dtype=pl.UInt8).cast(pl.Boolean)

    def _holds(self, name: str, line: int, column: str, records: Records) -> bool:
        if not name:
            self.fault(line, column, "fault.missing-cell")
        elif len(name) > CELL_LIMIT:
            self.fault(line, column, "fault.long-cell", limit=CELL_LIMIT)
        else:
            return True
        return False

    def leave(self, name: str) -> None:
        """Keep the name of a part of the file that no table can take."""
        if len(self.unread) < _MOST_NAMED:
            self.unread.add(name[:40])

    def changed(self, name: str) -> None:
        """Keep the name of an attribute of which only the last value is kept."""
        if len(self.by_time) < _MOST_NAMED:
            self.by_time.add(name[:40])

    def too_large(self) -> Fault:
        """Return the message that the network has more than fits into memory."""
        return Fault(
            "fault.network-size",
            path=shown(self.path),
            limit=f"{MOST_RECORDS:,}",
            values=f"{MOST_CELLS:,}",
            names=f"{MOST_ATTRIBUTES:,}",
        )

    def _put(self, records: Records, at: int, line: int, attributes: Mapping[str, str]) -> None:
        self._refuse_long(line, attributes)
        records.put(at, attributes)
        if records.is_too_large:
            raise self.too_large()

    def _refuse_long(self, line: int, attributes: Mapping[str, str]) -> None:
        for name, cell in attributes.items():
            if len(cell) > CELL_LIMIT or len(name) > CELL_LIMIT:
                self.fault(line, name[:40], "fault.long-cell", limit=CELL_LIMIT)
                self.refuse_faults()

    def _index(self, name: str, line: int) -> int:
        index = self.ids.get(name)
        if index is None:
            self._refuse_too_many()
            index = self.ids[name] = len(self.nodes)
            self.nodes.lines.append(line)
            self.numbers.append(len(self.edges))
            self._declared.append(False)
        return index

    def _refuse_too_many(self) -> None:
        if len(self.nodes) + len(self.edges) >= MOST_RECORDS:
            raise self.too_large()


def lines_of(text: str, place: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a text with its number, without a copy of all of them.

    Raises
    ------
    SourceError
        If a line is longer than any that a program writes.
    """
    number, start = 0, 0
    while start <= len(text):
        number += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > _LONGEST_LINE:
            faults = [CellFault(place, number, "", "fault.long-cell", {"limit": CELL_LIMIT})]
            raise SourceError(place, faults)
        yield number, text[start:end]
        start = end + 1
