"""Networks written in XML, read as a stream by expat, with nothing fetched or expanded.

A document type is the only door by which an XML file reaches other files, the network or an
endless expansion. No program writes one with GraphML or GEXF, so any is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.parsers import expat

from klaster.loaders.cells import CELL_LIMIT, MEGABYTE, refuse_what_is_no_file, shown, unreadable
from klaster.loaders.networks.relations import MOST_ATTRIBUTES, Relations
from klaster.ontology.faults import Fault

KEYED: Final = "\0"
"""Begins the name of an attribute that is known by a key until the keys are all read."""

_DEEPEST: Final = 64
# Expat keeps every name of an element or attribute that it met.
_MOST_NAMES: Final = 100_000
# Expat reads a tag or comment again with each chunk until it ends; a longer one is no network.
_LONGEST_TAG: Final = 16 * MEGABYTE


class GraphXml:
    """Walks through an XML file and calls the method of each element that a format knows.

    A format gives ``root``, the elements that only hold others (``frame``), and fills ``starts`` and ``ends``: what to do at an element, by its
    name. Elements of other namespaces, such as drawings, come with their prefix.
    """

    root = ""
    frame: frozenset[str] = frozenset()

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.starts: dict[str, Callable[[Mapping[str, str]], None]] = {}
        self.ends: dict[str, Callable[[], None]] = {}
        self.path: list[str] = []
        # Text is gathered only where a format asks for it, by setting this to a list.
        self.text: list[str] | None = None
        self._length = 0
        self._prefix = ""
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(intern=self._names)

    @property
    def line(self) -> int:
        """The line at which the reader stands."""
        return self._parser.CurrentLineNumber

    def read(self) -> None:
        """Read the file to its end.

        Raises
        ------
        Fault
            If it is not well-formed, has a document type, or is another kind of file.
        """
        parser = self._parser
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        path = self.relations.path
        refuse_what_is_no_file(path)
        try:
            self._feed(path)
        except expat.ExpatError as reason:
            raise self._broken(reason.lineno, expat.ErrorString(reason.code)) from reason
        except OSError as reason:
            raise unreadable(path, reason) from reason
        except (ValueError, LookupError) as reason:
            # The encoding that the file names is none, or not of a byte a letter.
            raise self._broken(1, str(reason)) from reason

    def take_text(self) -> str:
        """Return the text that was gathered, and gather no more."""
        text = "".join(self.text or ())
        self.text = None
        return text

    def gather_text(self) -> None:
        """Begin to gather text."""
        self.text = []
        self._length = 0

    def refuse(self, *elements: str) -> Fault:
        """Return the message that a part of the file cannot be kept as actors and links."""
        found = "".join(f"<{element[:40]}>" for element in elements)
        path = shown(self.relations.path)
        return Fault("fault.network-part", path=path, line=self.line, found=found)

    def _feed(self, path: Path) -> None:
        fed = 0
        with path.open("rb") as stream:
            while chunk := stream.read(MEGABYTE):
                self._parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - max(self._parser.CurrentByteIndex, 0) > _LONGEST_TAG:
                    raise self._too_long()
                if len(self._names) > _MOST_NAMES:
                    raise self.relations.too_large()
        if not fed:
            raise Fault("fault.empty-file", path=shown(path))
        self._parser.Parse(b"", True)

    def _broken(self, line: int, reason: str) -> Fault:
        return Fault(
            "fault.network-file",
            path=shown(self.relations.path),
            format=self.relations.format_name,
            line=line,
            reason=reason,
        )

    def _too_long(self) -> Fault:
        self.relations.fault(self.line, "", "fault.long-cell", limit=CELL_LIMIT)
        self.relations.refuse_faults()
        return Fault("fault.no-rows", source=self.relations.place)

    def _doctype(self, *_: object) -> None:
        raise Fault("fault.network-doctype", path=shown(self.relations.path), line=self.line)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.path:
            self._prefix, _, name = tag.rpartition(":")
            if name != self.root:
                raise self._broken(self.line, f"<{tag[:40]}>")
        if len(self.path) >= _DEEPEST:
            raise self.refuse(*self.path[:2], "…", tag)
        name = self._local(tag)
        self.path.append(name)
        start = self.starts.get(name)
        if start:
            start(attributes)
        elif name not in self.frame:
            self.relations.leave(f"<{name[:38]}>")

    def _end(self, _tag: str) -> None:
        end = self.ends.get(self.path[-1])
        if end:
            end()
        self.path.pop()

    def _local(self, tag: str) -> str:
        return tag.removeprefix(f"{self._prefix}:") if self._prefix else tag

    def _characters(self, text: str) -> None:
        if self.text is not None:
            self._length += len(text)
            if self._length > CELL_LIMIT:
                raise self._too_long()
            self.text.append(text)


class Keys:
    """The attributes that a file declares: for each key its name, type and default."""

    def __init__(self, relations: Relations, *, of_edges: bool) -> None:
        self._relations = relations
        self._records = relations.edges if of_edges else relations.nodes
        self._declared: dict[str, tuple[str, str]] = {}
        self._defaults: dict[str, str] = {}

    def declare(self, key: str, name: str, type_name: str) -> None:
        """Keep the name and type of a key."""
        self._declared[key] = (name or key, type_name)
        if len(self._declared) > MOST_ATTRIBUTES:
            raise self._relations.too_large()

    def default(self, key: str, text: str) -> None:
        """Keep what a record without the key has."""
        if text.strip():
            self._defaults[key] = text.strip()

    def resolve(self) -> None:
        """Give the attributes their names, fill in defaults and drop numbers that are none.

        Of two keys with one name, the second is known by both.
        """
        records = self._records
        for key, text in self._defaults.items():
            if len(records):
                records.fill(KEYED + key, text)
            if records.is_too_large:
                raise self._relations.too_large()
        for attribute in records.attributes:
            if not attribute.startswith(KEYED):
                continue
            key = attribute.removeprefix(KEYED)
            name, type_name = self._declared.get(key, (key, ""))
            if type_name in ("double", "float"):
                records.drop_what_is_no_number(attribute)
            taken = name in records
            records.rename(attribute, f"{name} ({key})" if taken else name)
