"""Edge lists: two columns of ids, as a table with a header or as bare lines."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from klaster.loaders.cells import MEGABYTE, read_bytes, shown
from klaster.loaders.networks.relations import DIRECTED, DIRECTIONS, UNDIRECTED, Relations, lines_of
from klaster.loaders.text_tables import decoded, separator_of
from klaster.ontology.faults import Fault
from klaster.ontology.names import fold
from klaster.ontology.tables import tables

EDGE_LISTS: Final = frozenset({".edges", ".edgelist"})
_TABLES: Final = frozenset({".csv", ".tsv", ".txt"})

# The headers of the two ends, and the kind of link that they tell.
_ENDS: Final = {
    ("source", "target"): "",
    ("from", "to"): "",
    ("откуда", "куда"): "",
    ("источник", "цель"): "",
    ("supplier", "buyer"): "supply",
    ("поставщик", "покупатель"): "supply",
    ("yetkazib beruvchi", "xaridor"): "supply",
    ("owner", "owned"): "ownership",
}
_SAMPLE: Final = 100
_MOST_OF_A_DICT: Final = 10_000
_FIRST: Final = re.compile(r"(?:[ \t\r]*(?:[#%][^\n]*)?\n)*")
_WITH_ATTRIBUTES: Final = re.compile(r"\S+\s+\S+\s+\{")
# A quotation mark that is never closed would make one row of the rest of the file.
_LONGEST_ROW: Final = MEGABYTE
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")


def is_edge_list(path: Path) -> bool:
    """Say whether a file is an edge list, by its suffix or else by how it begins.

    A CSV, TSV or TXT file is one if its header has the two ends of an edge (``source`` and
    ``target``, ``from`` and ``to``, in any case), or if it has no header, its lines hold two ids
    and perhaps a number, and some id stands in both columns. A file that bears the name of one
    of our tables is that table.
    """
    suffix = path.suffix.lower()
    if suffix in EDGE_LISTS:
        return True
    if suffix not in _TABLES or fold(path.stem) in {fold(name) for name in tables()}:
        return False
    try:
        with path.open("rb") as stream:
            start = stream.read(MEGABYTE // 16)
        whole = start.rpartition(b"\n")[0] if len(start) == MEGABYTE // 16 else start
        text, _ = decoded(path, whole)
        rows = [
            cells for _, cells in zip(range(_SAMPLE), _cells(text, shown(path.name)), strict=False)
        ]
    except (OSError, ValueError, Fault, csv.Error):
        return False
    cells = [row for _, row in rows]
    return bool(cells) and (_ends(cells[0]) is not None or _is_bare(cells))


def _is_bare(rows: list[list[str]]) -> bool:
    lengths = {len(row) for row in rows}
    if not lengths <= {2, 3} or len(lengths) > 1 or not all(row[0] and row[1] for row in rows):
        return False
    if lengths == {3} and not all(_NUMBER.fullmatch(row[2]) for row in rows):
        return False
    return not {row[0] for row in rows}.isdisjoint(row[1] for row in rows)


def _ends(header: list[str]) -> tuple[int, int, str] | None:
    """Return the columns of the two ends and the kind of link they tell, if a header has them."""
    folded = [fold(cell) for cell in header]
    for (source, target), kind in _ENDS.items():
        if source in folded and target in folded:
            return folded.index(source), folded.index(target), kind
    return None


def read_edge_list(path: Path) -> Relations:
    """Read an edge list.

    Columns headed as source and target tell a direction, and ``Type``, as Gephi writes it, tells
    it of each edge; bare pairs tell none. A third number of bare lines is a weight, and the
    dictionary that networkx writes at the end of a line holds attributes.

    Raises
    ------
    Fault
        If the file is no text or is broken.
    """
    relations = Relations(path, "CSV", counts_records=False)
    text, relations.encoding = decoded(path, read_bytes(path))
    rows = _cells(text, shown(path.name))
    try:
        line, first = next(rows, (0, []))
        ends = _ends(first)
        if ends:
            _read_headed(relations, first, ends, rows)
        else:
            _read_bare(relations, line, first, rows)
    except csv.Error as reason:
        raise Fault("fault.csv", path=shown(path), reason=str(reason)) from reason
    return relations


def _cells(text: str, place: str) -> Iterator[tuple[int, list[str]]]:
    """Return the rows of a text with their lines."""
    start = _FIRST.match(text)
    rest = text[start.end() :] if start else text
    first = rest.partition("\n")[0]
    separator = separator_of(rest, prefer="\t")
    # networkx separates the ends by a space, and the text of its attributes holds commas.
    if separator not in first or _WITH_ATTRIBUTES.match(first):
        return _split(text, place)
    return _separated(text, place, separator)


def _split(text: str, place: str) -> Iterator[tuple[int, list[str]]]:
    for line, content in lines_of(text, place):
        stripped = content.strip()
        if stripped and not stripped.startswith(("#", "%")):
            before, brace, after = stripped.partition("{")
            cells = before.split()
            yield line, [*cells, brace + after] if brace else cells


def _separated(text: str, place: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for _, line in lines_of(text, place):
            taken += len(line) + 1
            if taken > _LONGEST_ROW:
                reason = f"> {_LONGEST_ROW}"
                raise csv.Error(reason)
            yield f"{line}\n"

    reader = csv.reader(lines(), delimiter=separator)
    before = 0
    for row in reader:
        line, before, taken = before + 1, reader.line_num, 0
        cells = [cell.strip() for cell in row]
        if any(cells) and not cells[0].startswith(("#", "%")):
            yield line, cells


def _read_headed(
    relations: Relations,
    header: list[str],
    ends: tuple[int, int, str],
    rows: Iterator[tuple[int, list[str]]],
) -> None:
    source, target, kind = ends
    names = [name or f"column {index + 1}" for index, name in enumerate(header)]
    type_at = next((at for at, name in enumerate(names) if _tells_direction(name)), None)
    for line, cells in rows:
        if len(cells) > len(names):
            found = f"{len(cells)} > {len(names)}"
            relations.fault(line, "", "fault.network-line", found=found, format="CSV")
            continue
        cells += [""] * (len(names) - len(cells))
        direction = DIRECTED
        attributes = {
            name: cell
            for at, (name, cell) in enumerate(zip(names, cells, strict=True))
            if cell and at not in (source, target)
        }
        if type_at is not None and fold(cells[type_at]) in DIRECTIONS:
            direction = DIRECTIONS[fold(cells[type_at])]
            attributes.pop(names[type_at])
        if kind:
            attributes["\0kind"] = kind
        relations.edge(cells[source], cells[target], line, direction, attributes)


def _tells_direction(name: str) -> bool:
    return fold(name) == "type"


def _read_bare(
    relations: Relations, line: int, first: list[str], rows: Iterator[tuple[int, list[str]]]
) -> None:
    _read_pair(relations, line, first)
    for at, cells in rows:
        _read_pair(relations, at, cells)


def _read_pair(relations: Relations, line: int, cells: list[str]) -> None:
    if not cells:
        return
    attributes = _attributes(cells[2:])
    if len(cells) < 2 or attributes is None:
        found = " ".join(cells)[:40]
        relations.fault(line, "", "fault.network-line", found=found, format="CSV")
        return
    relations.edge(cells[0], cells[1], line, UNDIRECTED, attributes)


def _attributes(cells: list[str]) -> dict[str, str] | None:
    """Return what stands after the two ends, or nothing where it cannot be told."""
    if not cells or cells == ["{}"]:
        return {}
    if cells[0].startswith("{"):
        return _literal(cells[0])
    if not _NUMBER.fullmatch(cells[0]):
        return None
    # Lists of KONECT and SNAP go on with a time, which is no date of the tables.
    return {"weight": cells[0]} | {
        f"column {at}": cell for at, cell in enumerate(cells[1:], start=4) if cell
    }


def _literal(text: str) -> dict[str, str] | None:
    """Return a dictionary of plain values, read without running anything."""
    # A backslash that means nothing would warn; networkx writes none but before a quote.
    if len(text) > _MOST_OF_A_DICT or re.search(r"\\[^'\"\\nt]", text):
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    if not isinstance(found, dict):
        return None
    return {str(key): str(value) for key, value in found.items() if value is not None}
