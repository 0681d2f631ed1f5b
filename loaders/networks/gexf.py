"""GEXF 1.1 to 1.3, as Gephi and networkx write it, with the periods in which edges hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from klaster.loaders.cells import shown
from klaster.loaders.networks.graph_xml import KEYED, GraphXml, Keys
from klaster.loaders.networks.relations import DIRECTIONS, UNDIRECTED, Relations
from klaster.ontology.faults import Fault

_TIMES: Final = ("start", "startopen", "end", "endopen")
_OPEN: Final = frozenset({"", "-inf", "inf", "infinity", "-infinity", "+infinity"})
_DAY: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9:.]+)")
_YEAR: Final = re.compile(r"([12][0-9]{3})(\.0+)?")


def read_gexf(path: Path) -> Relations:
    """Read a GEXF file.

    An edge with several spells is as many edges, each with its period; an actor has the period
    from its first to its last. Of an attribute that changes with time, the last value is kept.
    Nodes within nodes are refused.

    Raises
    ------
    Fault
        If the file is broken, or holds what no table of links can keep.
    """
    relations = Relations(path, "GEXF", counts_records=True)
    _Gexf(relations).read_all()
    return relations


def valid_from(time: str) -> str | None:
    """Return the start of a period as a date of the tables; None where it is no date.

    Examples
    --------
    >>> valid_from("2010.0"), valid_from("2010-05-31T00:00:00.000+05:00"), valid_from("17.5")
    ('2010', '2010-05-31', None)
    """
    year = _YEAR.fullmatch(time)
    if year:
        return year[1]
    moment = _MOMENT.match(time)
    text = moment[1] if moment else time
    return text if _DAY.fullmatch(text) else None


def valid_to(time: str, *, inclusive: bool) -> str | None:
    """Return the end of a period as the tables write it: a full date is the first day after it.

    A year or a month that is not itself part of the period ends it with its first day.

    Examples
    --------
    >>> valid_to("2010-05-31", inclusive=True), valid_to("2010-05-31", inclusive=False)
    ('2010-06-01', '2010-05-31')
    >>> valid_to("2010", inclusive=True), valid_to("2010", inclusive=False)
    ('2010', '2010-01-01')
    """
    date = valid_from(time)
    if date is None:
        return None
    moment = _MOMENT.match(time)
    within_day = bool(moment and moment[2].strip("0:."))
    if len(date) < 10:
        return date if inclusive else f"{date}-01-01"[:10]
    if not inclusive and not within_day:
        return date
    try:
        return (dt.date.fromisoformat(date) + dt.timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        # The check of the tables tells what is wrong with it.
        return date


def _start(spell: Mapping[str, str]) -> str:
    return spell.get("start", spell.get("startopen", ""))


class _Gexf(GraphXml):
    root = "gexf"
    frame = frozenset({"gexf", "nodes", "edges", "attvalues", "spells", "meta", "creator"})

    def __init__(self, relations: Relations) -> None:
        super().__init__(relations)
        self.starts = {
            "graph": self._graph,
            "attributes": self._attributes,
            "attribute": self._attribute,
            "default": self._default,
            "node": self._node,
            "edge": self._edge,
            "attvalue": self._attvalue,
            "spell": self._spell,
        }
        self.ends = {"default": self._end_default, "node": self._end_node, "edge": self._end_edge}
        self._keys = {
            "node": Keys(relations, of_edges=False),
            "edge": Keys(relations, of_edges=True),
        }
        self._domain = "node"
        self._key = ""
        self._graphs = 0
        self._direction = UNDIRECTED
        self._record: dict[str, str] = {}
        self._spells: list[Mapping[str, str]] = []
        self._at = 0

    def read_all(self) -> None:
        """Read the file and give its attributes their titles."""
        self.read()
        for keys in self._keys.values():
            keys.resolve()

    def _graph(self, attributes: Mapping[str, str]) -> None:
        if len(self.path) > 2:
            raise self.refuse(self.path[-2], "graph")
        self._graphs += 1
        if self._graphs > 1:
            raise Fault("fault.network-several", path=shown(self.relations.path))
        self._direction = self._stated(attributes.get("defaultedgetype", "undirected"))

    def _stated(self, found: str) -> int:
        if found.casefold() not in DIRECTIONS:
            self.relations.fault(self.line, "type", "fault.network-direction", found=found)
        return DIRECTIONS.get(found.casefold(), UNDIRECTED)

    def _attributes(self, attributes: Mapping[str, str]) -> None:
        self._domain = "edge" if attributes.get("class") == "edge" else "node"

    def _attribute(self, attributes: Mapping[str, str]) -> None:
        self._key = attributes.get("id", "")
        title, type_name = attributes.get("title", ""), attributes.get("type", "")
        self._keys[self._domain].declare(self._key, title, type_name)

    def _default(self, _: Mapping[str, str]) -> None:
        if self.path[-2] == "attribute":
            self.gather_text()

    def _end_default(self) -> None:
        if self.path[-2] == "attribute":
            self._keys[self._domain].default(self._key, self.take_text())

    def _node(self, attributes: Mapping[str, str]) -> None:
        if self.path.count("node") > 1 or attributes.get("pid"):
            raise self.refuse("node", "nodes")
        self._begin(attributes)

    def _edge(self, attributes: Mapping[str, str]) -> None:
        self._begin(attributes)

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._record = dict(attributes)
        self._spells = []
        self._at = self.line

    def _attvalue(self, attributes: Mapping[str, str]) -> None:
        key = attributes.get("for", attributes.get("id", ""))
        name, value = KEYED + key, attributes.get("value", "")
        by_time = any(time in attributes for time in (*_TIMES, "timestamp"))
        if name in self._record and not by_time:
            self.relations.fault(self.line, key, "fault.network-twice", found=key)
        elif value.strip():
            if self._record.get(name, value) != value:
                self.relations.changed(key)
            self._record[name] = value

    def _spell(self, attributes: Mapping[str, str]) -> None:
        self._spells.append(attributes)

    def _end_node(self) -> None:
        name = self._record.pop("id", "").strip()
        spells = sorted(self._spells or [self._record], key=_start)
        first = {key: spells[0][key] for key in _TIMES[:2] if key in spells[0]}
        last = {key: spells[-1][key] for key in _TIMES[2:] if key in spells[-1]}
        self.relations.node(name, self._at, self._with_period({**first, **last}))

    def _end_edge(self) -> None:
        source = self._record.pop("source", "").strip()
        target = self._record.pop("target", "").strip()
        stated = self._record.pop("type", None)
        direction = self._direction if stated is None else self._stated(stated)
        for spell in self._spells or [self._record]:
            attributes = self._with_period(spell)
            self.relations.edge(source, target, self._at, direction, attributes)

    def _with_period(self, spell: Mapping[str, str]) -> dict[str, str]:
        """Return the attributes of a record with its period; what is no date stays as it was."""
        record = {key: text for key, text in self._record.items() if key not in _TIMES}
        times = {key: spell[key].strip() for key in _TIMES if key in spell}
        for key, time in times.items():
            if time.casefold() in _OPEN:
                continue
            if key.startswith("start"):
                date, column = valid_from(time), "valid_from"
            else:
                date, column = valid_to(time, inclusive=key == "end"), "valid_to"
            record[column if date else key] = date or time
        return record
