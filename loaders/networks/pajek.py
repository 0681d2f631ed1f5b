"""Pajek networks (.net, .paj): vertices, arcs, edges, lists and matrices, of one or two modes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from klaster.loaders.cells import read_bytes, shown
from klaster.loaders.networks.relations import DIRECTED, UNDIRECTED, Relations, lines_of
from klaster.loaders.text_tables import decoded
from klaster.ontology.faults import Fault

_WORD: Final = re.compile(r'"([^"]*)"|(\S+)')
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SIGN: Final = re.compile(r"&#([0-9]{1,7});")
_RELATION: Final = re.compile(r":([0-9]+)")
_OF_RELATION: Final = re.compile(r"([0-9]+):")
_LINKS: Final = frozenset({"arcs", "edges", "arcslist", "edgeslist", "matrix"})
_BESIDE: Final = frozenset({"partition", "vector", "permutation", "cluster", "hierarchy"})
# What Pajek writes of a drawing, each with one value after it.
_DRAWING: Final = frozenset(
    {
        "x_fact",
        "y_fact",
        "phi",
        "r",
        "q",
        "ic",
        "bc",
        "bw",
        "lc",
        "la",
        "lr",
        "lphi",
        "fos",
        "font",
        "lp",
        "w",
        "c",
        "p",
        "s",
        "a",
        "ap",
        "h1",
        "h2",
        "a1",
        "a2",
        "k1",
        "k2",
        "x",
        "y",
        "z",
        "shape",
        "size",
    }
)
# Vertices that are stated and not listed: each of them becomes an actor.
_MOST_UNLISTED: Final = 1_000_000


def read_pajek(path: Path) -> Relations:
    """Read a network of Pajek.

    A vertex that is stated and not listed is named by its number. In a network of two modes the
    vertices of the second one are events in which those of the first take part. The name of a
    relation (``*Arcs :2 "supply"``) becomes the edge's attribute ``relation``. Partitions and
    vectors beside the network are left aside.

    Raises
    ------
    Fault
        If the file is broken or holds several networks.
    """
    relations = Relations(path, "Pajek", counts_records=False)
    text, relations.encoding = decoded(path, read_bytes(path))
    _Pajek(relations).read(text)
    return relations


class _Pajek:
    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._section = ""
        self._count = 0
        self._stated_at = 0
        self._is_beside = False
        self._first_mode = 0
        self._relation = ""
        self._relation_names: dict[str, str] = {}
        self._matrix_row = 0
        self._names: dict[str, str] = {}
        self._listed: set[int] = set()

    def read(self, text: str) -> None:
        """Read the lines, and then name the vertices that no line lists."""
        readers = {
            "vertices": self._vertex,
            "arcs": self._arc,
            "edges": self._edge,
            "arcslist": self._arcs,
            "edgeslist": self._edges,
            "matrix": self._row,
        }
        for line, content in _lines(text, self._relations.place):
            if content.startswith("*"):
                self._open(line, content)
                continue
            if not self._section:
                self._wrong(line, content)
                self._relations.refuse_faults()
            words = self._words(line, content)
            reader = readers.get(self._section)
            if words and reader:
                reader(line, words)
        if self._count:
            self._name_unlisted()

    def _words(self, line: int, content: str) -> list[str]:
        """Return the words of a line; what stands between quotation marks is one."""
        if '"' not in content:
            return content.split()
        if content.count('"') % 2:
            self._wrong(line, content)
            return []
        return [quoted or bare for quoted, bare in _WORD.findall(content)]

    def _wrong(self, line: int, content: str) -> None:
        found = content[:40]
        self._relations.fault(line, "", "fault.network-line", found=found, format="Pajek")

    def _open(self, line: int, content: str) -> None:
        """Begin a section."""
        words = self._words(line, content)
        if not words:
            return
        section = words[0][1:].casefold()
        self._section = section
        if section == "vertices":
            self._vertices(line, words[1:])
        elif section in _LINKS:
            self._links(line, words[1:])
        elif section in _BESIDE:
            self._relations.leave(f"*{section}")
            self._is_beside = True
        elif section == "network":
            self._is_beside = False
        else:
            self._wrong(line, content)

    def _vertices(self, line: int, words: list[str]) -> None:
        if self._is_beside:
            # A partition or a vector has vertices of its own, each with a number.
            self._section = "partition"
            self._is_beside = False
            return
        if self._count:
            raise Fault("fault.network-several", path=shown(self._relations.path))
        numbers = [_whole(word) for word in words[:2]]
        if not numbers or not all(numbers):
            self._wrong(line, " ".join(["*Vertices", *words]))
            self._relations.refuse_faults()
        self._count = numbers[0]
        self._stated_at = line
        self._first_mode = numbers[1] if len(numbers) > 1 else 0
        if self._first_mode >= self._count:
            self._first_mode = 0

    def _links(self, line: int, words: list[str]) -> None:
        if not self._count:
            self._wrong(line, f"*{self._section}")
            self._relations.refuse_faults()
        self._relation = ""
        self._matrix_row = 0
        number = _RELATION.fullmatch(words[0]) if words else None
        if number:
            self._relation_names.setdefault(number[1], words[1] if len(words) > 1 else number[1])
            self._relation = self._relation_names[number[1]]

    def _vertex(self, line: int, words: list[str]) -> None:
        number = self._number(line, words[0])
        if not number:
            return
        attributes = {"label": _unescaped(words[1])} if len(words) > 1 else {}
        at = 2
        while at < len(words) and at < 5 and _NUMBER.fullmatch(words[at]):
            at += 1
        # The shape is a word by itself, and what follows it comes in pairs.
        rest = words[at:]
        attributes |= _pairs(rest[1:] if len(rest) % 2 else rest)
        if len(attributes.get("label", "")) == 0:
            attributes["label"] = words[0]
        self._listed.add(number)
        self._relations.node(self._id(number), line, attributes)
        self._mark_event(number)

    def _mark_event(self, number: int) -> None:
        if self._first_mode and number > self._first_mode:
            self._relations.events.add(self._relations.ids[self._id(number)])

    def _id(self, number: int) -> str:
        return str(number)

    def _number(self, line: int, word: str) -> int:
        """Return the number of a vertex, or nothing where it is none."""
        number = _whole(word)
        if not 1 <= number <= self._count:
            values = {"found": word[:40], "count": self._count}
            self._relations.fault(line, "", "fault.network-vertex", **values)
            return 0
        return number

    def _arc(self, line: int, words: list[str]) -> None:
        self._link(line, words, DIRECTED)

    def _edge(self, line: int, words: list[str]) -> None:
        self._link(line, words, UNDIRECTED)

    def _link(self, line: int, words: list[str], direction: int) -> None:
        relation = self._relation
        stated = _OF_RELATION.fullmatch(words[0])
        if stated:
            relation = self._relation_names.get(stated[1], stated[1])
            words = words[1:]
        if len(words) < 2:
            self._wrong(line, " ".join(words))
            return
        has_value = len(words) > 2 and _NUMBER.fullmatch(words[2])
        attributes = {"weight": words[2]} if has_value else {}
        attributes |= _pairs(words[3:] if has_value else words[2:])
        if relation:
            attributes["relation"] = relation
        self._join(line, words[0], words[1], direction, attributes)

    def _join(
        self, line: int, source: str, target: str, direction: int, attributes: dict[str, str]
    ) -> None:
        start, end = self._number(line, source), self._number(line, target)
        if not (start and end):
            return
        if self._first_mode and (start > self._first_mode) == (end > self._first_mode):
            self._relations.fault(line, "", "fault.network-mode", found=f"{start} {end}")
            return
        self._relations.edge(self._id(start), self._id(end), line, direction, attributes)

    def _arcs(self, line: int, words: list[str]) -> None:
        self._list(line, words, DIRECTED)

    def _edges(self, line: int, words: list[str]) -> None:
        self._list(line, words, UNDIRECTED)

    def _list(self, line: int, words: list[str], direction: int) -> None:
        attributes = {"relation": self._relation} if self._relation else {}
        for target in words[1:]:
            self._join(line, words[0], target, direction, attributes)

    def _row(self, line: int, words: list[str]) -> None:
        """Read a row of a matrix: an arc for each number that is not zero."""
        self._matrix_row += 1
        width = self._count - self._first_mode
        height = self._first_mode or self._count
        if len(words) != width or self._matrix_row > height:
            found = f"{self._matrix_row}: {len(words)} ≠ {width}"
            self._relations.fault(line, "", "fault.network-line", found=found, format="Pajek")
            return
        direction = UNDIRECTED if self._first_mode else DIRECTED
        for place, word in enumerate(words, start=1):
            if not _NUMBER.fullmatch(word):
                self._wrong(line, word)
            elif float(word):
                attributes = {"weight": word}
                if self._relation:
                    attributes["relation"] = self._relation
                target = str(place + self._first_mode)
                self._join(line, str(self._matrix_row), target, direction, attributes)

    def _name_unlisted(self) -> None:
        if self._count - len(self._listed) > _MOST_UNLISTED:
            raise Fault(
                "fault.network-vertices",
                path=shown(self._relations.path),
                count=self._count,
                listed=len(self._listed),
            )
        for number in range(1, self._count + 1):
            if number not in self._listed:
                # A vertex without a line is still there, and stands alone if no link names it.
                self._relations.name_only(self._id(number), self._stated_at)
                self._mark_event(number)


def _lines(text: str, place: str) -> Iterator[tuple[int, str]]:
    for line, content in lines_of(text, place):
        stripped = content.strip()
        if stripped and not stripped.startswith("%"):
            yield line, stripped


def _whole(word: str) -> int:
    """Return a whole number, or nothing where it is none or beyond any that is meant."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0


def _pairs(words: list[str]) -> dict[str, str]:
    """Return the attributes after a vertex or a line, without those of a drawing."""
    found = {}
    for index in range(0, len(words) - 1, 2):
        name, value = words[index], words[index + 1]
        if name not in _DRAWING:
            found["label" if name == "l" else name] = _unescaped(value)
    return found


def _unescaped(text: str) -> str:
    """Return a label with the letters that Pajek writes by their numbers."""
    return _SIGN.sub(_sign, text) if "&#" in text else text


def _sign(found: re.Match[str]) -> str:
    number = int(found[1])
    is_letter = 0 < number < 0x110000 and not 0xD800 <= number < 0xE000
    return chr(number) if is_letter else found[0]
