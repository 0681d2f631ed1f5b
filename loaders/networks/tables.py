"""From the nodes and edges of a network file to the tables of actors and links.

What the file does not say is not made up: what has to be taken for something, and what no
table can take, is told in a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final, Self

import numpy as np
import polars as pl

from klaster.loaders.check import nearest, nearest_words
from klaster.loaders.networks.attributes import SYNONYMS, match_attributes
from klaster.loaders.networks.relations import DIRECTED, MUTUAL, UNDIRECTED, Relations
from klaster.loaders.raw import ORIGINS, RawTable
from klaster.ontology.codes import spellings
from klaster.ontology.labels import phrase, term_words
from klaster.ontology.names import fold
from klaster.ontology.tables import Table, tables

LINK_TABLES: Final = {
    "supply": "supplies",
    "cooperation": "cooperations",
    "ownership": "ownerships",
}
_ENDS: Final = {"supplies": ("supplier", "buyer"), "ownerships": ("owner", "owned")}
_LINKS_OF_TABLES: Final = {name: link for link, name in LINK_TABLES.items()} | {
    "memberships": "membership"
}
_KINDS_OF_LINKS: Final = {
    "cooperation": "cooperation-kind",
    "ownership": "ownership-kind",
    "supply": "service-kind",
}
_SCHEMES: Final = ("link-kind", *_KINDS_OF_LINKS.values())

_KIND_NAMES: Final = ("kind", "type", "relation", "relationship", "link", "link_kind")
_WEIGHTS: Final = ("weight", "amount", "strength")
_STATED_KIND: Final = "\0kind"
_NOTE: Final = "note"
# No attribute of a file bears such a name.
_AMOUNT: Final = "\0amount"
_MOST_NAMED: Final = 50


class Note(str):
    """A note to the user: English as a text, and the other languages on demand."""

    key: str
    values: dict[str, object]

    def __new__(cls, key: str, **values: object) -> Self:
        """Put the values into the phrase."""
        note = super().__new__(cls, phrase(key, "en", **values))
        note.key, note.values = key, values
        return note

    def text(self, language: str) -> str:
        """Return the note in one language."""
        return phrase(self.key, language, **self.values)


def tables_of(relations: Relations, notes: list[str], links: str) -> Iterator[RawTable]:
    """Yield the tables that a network gives, and tell in ``notes`` what was taken for what.

    ``links`` is the kind of link that all edges are, or empty where they tell it themselves.

    Raises
    ------
    SourceError
        If a kind of link is given that is none, or that needs more than a network holds.
    """
    making = _Making(relations, notes, links)
    made = [making.actors(), *making.link_tables()]
    relations.refuse_faults()
    yield from made
    yield from making.named_things(made)


class _Making:
    def __init__(self, relations: Relations, notes: list[str], links: str) -> None:
        self._relations = relations
        self._notes = notes
        self._links = links
        self._ids = pl.Series("id", list(relations.ids), dtype=pl.String)

    def _note(self, key: str, **values: object) -> None:
        self._notes.append(Note(key, place=self._relations.place, **values))

    def actors(self) -> RawTable:
        """Return the actors: every node but the events of a two-mode network."""
        relations, nodes = self._relations, self._relations.nodes
        taken = match_attributes(nodes, tables()["actors"], SYNONYMS, besides={"id"})
        frame = pl.DataFrame([self._ids]).with_columns(
            *(nodes.cells(name).alias(column) for column, name in taken.columns.items()),
            line=pl.Series(relations.nodes.lines, dtype=pl.UInt32),
            number=pl.Series(relations.numbers, dtype=pl.UInt32),
            declared=relations.is_declared(),
        )
        if relations.events:
            events = pl.Series(sorted(relations.events), dtype=pl.UInt32)
            frame = frame.with_row_index("index").filter(~pl.col("index").is_in(events.implode()))
            frame = frame.drop("index")
        own = pl.col("name") if "name" in taken.columns else pl.lit(None, dtype=pl.String)
        frame = frame.with_columns(name=pl.coalesce(own, "id"))
        frame = self._with_kinds(frame)
        if relations.undeclared():
            self._note("network.undeclared", count=relations.undeclared())
        unused = [name for name in taken.unused if fold(name) != "id"]
        if unused:
            self._note("network.unused-nodes", names=_listed(unused))
        counted = pl.when("declared").then(pl.lit("node ")).otherwise(pl.lit("edge "))
        return self._table("actors", frame.drop("declared"), frame.select(counted).to_series())

    def _with_kinds(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Take actors without a kind as enterprises, and say so."""
        if "kind" not in frame.columns:
            self._note("network.no-kinds", count=len(frame))
            return frame.with_columns(kind=pl.lit("enterprise"))
        lacking = frame["kind"].null_count()
        if lacking:
            self._note("network.some-kinds", count=lacking, total=len(frame))
        return frame.with_columns(pl.col("kind").fill_null("enterprise"))

    def link_tables(self) -> list[RawTable]:
        """Return the tables of links that have any."""
        relations = self._relations
        edges = pl.DataFrame(
            {
                "tail": pl.Series(relations.sources, dtype=pl.UInt32),
                "head": pl.Series(relations.targets, dtype=pl.UInt32),
                "line": pl.Series(relations.edges.lines, dtype=pl.UInt32),
                "direction": pl.Series(list(relations.directions), dtype=pl.UInt8),
            }
        ).with_row_index("edge")
        edges, kind_name = self._with_links(edges)
        self._tell_unread(edges, kind_name)
        # A kind that the kind of all links leaves no room for is not loaded.
        besides = {kind_name} if not self._links or edges["kind"].null_count() == 0 else set()
        unused: dict[str, list[str]] = {}
        made = []
        for link, name in LINK_TABLES.items():
            of_kind = edges.filter(pl.col("link") == link)
            if not of_kind.is_empty():
                made.append(self._links_of(name, of_kind, besides, unused))
        for name, attributes in unused.items():
            self._note("network.unused-edges", table=name, names=_listed(attributes))
        return made

    def _tell_unread(self, edges: pl.DataFrame, kind_name: str) -> None:
        relations = self._relations
        if relations.unread:
            self._note("network.unread", names=_listed(sorted(relations.unread)))
        if relations.by_time:
            self._note("network.by-time", names=_listed(sorted(relations.by_time)))
        if relations.events:
            self._note("network.events", count=len(relations.events))
        if kind_name or self._links or relations.events:
            return
        directed = edges.filter(pl.col("direction") != UNDIRECTED).height
        if directed:
            self._note("network.directed", count=directed)
        if directed < edges.height:
            self._note("network.undirected", count=edges.height - directed)

    def _with_links(self, edges: pl.DataFrame) -> tuple[pl.DataFrame, str]:
        """Say of each edge which kind of link it is, and of which kind within that."""
        by_direction = (
            pl.when(pl.col("direction") == UNDIRECTED)
            .then(pl.lit("cooperation"))
            .otherwise(pl.lit("supply"))
        )
        if self._relations.events:
            by_direction = pl.lit("cooperation")
        stated = pl.lit(self._links) if self._links else by_direction
        kind_name = self._kind_name()
        edges = edges.with_columns(link=stated, kind=pl.lit(None, dtype=pl.String))
        if not kind_name:
            return edges, ""
        cells = self._relations.edges.cells(kind_name)
        meanings = {cell: _meanings(cell) for cell in cells.drop_nulls().unique()}
        if not self._links:
            self._refuse_kinds(cells, meanings, kind_name)
        own = {cell: self._own_link(found) for cell, found in meanings.items()}
        edges = edges.with_columns(cell=cells).with_columns(
            link=pl.coalesce(_looked_up({c: own[c][0] for c in own}), "link"),
            kind=_looked_up({c: own[c][1] for c in own}),
        )
        return edges.drop("cell"), kind_name

    def _kind_name(self) -> str:
        """Return the attribute that names kinds of links; one without any such name is another."""
        edges = self._relations.edges
        folded = {fold(name): name for name in reversed(edges.attributes)}
        folded |= {fold(_STATED_KIND): _STATED_KIND} if _STATED_KIND in edges.attributes else {}
        term = tables()["supplies"].column("kind").term
        words = [fold(word) for word in term_words(term).values()]
        for candidate in (fold(_STATED_KIND), *_KIND_NAMES, *words):
            name = folded.get(candidate)
            if name and any(_meanings(cell) for cell in edges.distinct(name)):
                return name
        return ""

    def _own_link(self, meanings: Mapping[str, str]) -> tuple[str | None, str | None]:
        """Return the kind of link that a cell names, and the kind within it."""
        if self._links:
            return self._links, meanings.get(self._links) or None
        link = next(iter(meanings), None)
        if self._relations.events:
            return "cooperation", meanings.get("cooperation") or None
        return link, (meanings[link] or None) if link else None

    def _refuse_kinds(
        self, cells: pl.Series, meanings: Mapping[str, Mapping[str, str]], column: str
    ) -> None:
        refused = {cell for cell, found in meanings.items() if not found or "membership" in found}
        known = [word for scheme in _SCHEMES for word in spellings(scheme)]
        rows = (
            pl.DataFrame({"cell": cells})
            .with_row_index()
            .filter(pl.col("cell").is_in(list(refused)))
        )
        for index, cell in rows.rows():
            line = self._relations.edges.lines[index]
            if meanings[cell]:
                self._relations.fault(line, column, "fault.network-membership")
                continue
            near = nearest_words(nearest(fold(cell), known))
            values = {"found": cell, "scheme": ", ".join(_SCHEMES), "nearest": near}
            self._relations.fault(line, column, "fault.unknown-code", **values)

    def _links_of(
        self, name: str, edges: pl.DataFrame, besides: set[str], unused: dict[str, list[str]]
    ) -> RawTable:
        """Return one table of links."""
        records = self._relations.edges
        table = tables()[name]
        here = edges["edge"]
        is_here = np.zeros(len(records), dtype=bool)
        is_here[here.to_numpy()] = True
        present = [each for each in records.attributes if is_here[records.having(each)].any()]
        no_columns = {"id", "kind", "participant", "role", "value", *_ENDS.get(name, ())}
        taken = match_attributes(records, table, {}, besides=no_columns, attributes=present)
        edges = edges.with_columns(
            records.cells(attribute).gather(here).alias(column)
            for column, attribute in taken.columns.items()
        )
        edges, noted = self._with_amounts(edges, table, present)
        edges = self._with_ends(name, edges)
        left = [each for each in taken.unused if each not in noted and each not in besides]
        left = [each for each in left if fold(each) not in ("id", fold(_STATED_KIND))]
        if left:
            unused[name] = left
        kept = ["line", "number", *(column.name for column in table.columns)]
        edges = edges.with_columns(number=pl.col("edge") + 1)
        edges = edges.select(column for column in kept if column in edges.columns)
        return self._table(name, edges, "edge ")

    def _with_amounts(
        self, edges: pl.DataFrame, table: Table, present: list[str]
    ) -> tuple[pl.DataFrame, set[str]]:
        """Put a weight where it belongs: a value has a currency, a quantity a unit.

        A weight with neither is a strength that no column holds, and is kept in the note, and so
        is the label of an edge.
        """
        records, here = self._relations.edges, edges["edge"]
        columns = {column.name for column in table.columns}
        noted = [_NOTE] if _NOTE in edges.columns else []
        said = {fold(name): name for name in reversed(present)}
        amounts = [said[word] for word in _amount_words() if word in said]
        for attribute in amounts:
            edges = edges.with_columns(records.cells(attribute).gather(here).alias(_AMOUNT))
            is_weight = fold(attribute) in _WEIGHTS
            for column, needed in (("value", "currency"), ("quantity", "unit")):
                is_meant = column == "value" or is_weight
                if is_meant and column in columns and needed in edges.columns:
                    edges = _moved(edges, column, needed)
            rest = edges[_AMOUNT].drop_nulls()
            # Gephi writes a weight of 1 where none was given.
            if fold(attribute) == "weight" and set(rest.unique()) <= {"1", "1.0"}:
                continue
            if len(rest):
                values = {"attribute": attribute, "table": table.name, "count": len(rest)}
                self._note("network.strength", **values)
            told = f"\0{attribute}"
            edges = edges.with_columns((pl.lit(f"{attribute}: ") + pl.col(_AMOUNT)).alias(told))
            noted.append(told)
        if "label" in said:
            edges = edges.with_columns(records.cells(said["label"]).gather(here).alias("label"))
            noted.append("label")
        if noted:
            joined = pl.concat_str(noted, separator="; ", ignore_nulls=True)
            edges = edges.with_columns(pl.when(joined != "").then(joined).alias(_NOTE))
        return edges, {*amounts, *([said["label"]] if "label" in said else [])}

    def _with_ends(self, name: str, edges: pl.DataFrame) -> pl.DataFrame:
        """Add the ends of each edge: a row an edge, or a row a participant."""
        edges = edges.with_columns(
            start=self._ids.gather(edges["tail"]), end=self._ids.gather(edges["head"])
        )
        if name == "cooperations":
            return self._participations(edges)
        first, second = _ENDS[name]
        undirected = edges.filter(pl.col("direction") == UNDIRECTED).height
        if undirected:
            self._note("network.no-direction", count=undirected, table=name)
        forth = edges.with_columns(pl.col("start").alias(first), pl.col("end").alias(second))
        back = edges.filter(pl.col("direction") == MUTUAL).with_columns(
            pl.col("end").alias(first), pl.col("start").alias(second)
        )
        return pl.concat([forth, back]).sort("edge", maintain_order=True)

    def _participations(self, edges: pl.DataFrame) -> pl.DataFrame:
        directed = edges.filter(pl.col("direction") == DIRECTED).height
        if directed:
            self._note("network.lost-direction", count=directed)
        edges = edges.with_columns(kind=pl.col("kind").fill_null("unspecified"))
        if self._relations.events:
            return self._affiliations(edges)
        edges = edges.with_columns(id=self._edge_ids(edges))
        apart = edges.filter(pl.col("start") != pl.col("end"))
        if apart.height < edges.height:
            self._note("network.loops", count=edges.height - apart.height)
        both = [apart.with_columns(participant=end) for end in ("start", "end")]
        return pl.concat(both).sort("edge", maintain_order=True)

    def _edge_ids(self, edges: pl.DataFrame) -> pl.Series:
        """Return ids of cooperations: the edges' own where each stands once, else their numbers."""
        records = self._relations.edges
        if "id" in records.attributes:
            own = records.cells("id")
            if not own.null_count() and own.n_unique() == len(own):
                return own.gather(edges["edge"])
        return ("edge " + (edges["edge"] + 1).cast(pl.String)).alias("id")

    def _affiliations(self, edges: pl.DataFrame) -> pl.DataFrame:
        """Take each event of a two-mode network as a cooperation of those who take part in it."""
        events = sorted(self._relations.events)
        nodes = self._relations.nodes
        is_event = pl.col("head").is_in(pl.Series(events, dtype=pl.UInt32).implode())
        event = pl.when(is_event).then(pl.col("head")).otherwise(pl.col("tail"))
        edges = edges.with_columns(
            event=event,
            id=pl.when(is_event).then(pl.col("end")).otherwise(pl.col("start")),
            participant=pl.when(is_event).then(pl.col("start")).otherwise(pl.col("end")),
        )
        if "label" not in nodes.attributes:
            return edges
        return edges.with_columns(project=nodes.cells("label").gather(edges["event"]))

    def named_things(self, made: Iterable[RawTable]) -> Iterator[RawTable]:
        """Yield the products and sources that the other tables name, each as a row of its own."""
        for name, column, title in (
            ("products", "product", "name"),
            ("sources", "source", "title"),
        ):
            parts = [_named(raw, column) for raw in made if column in raw.frame.columns]
            if not parts:
                continue
            found = pl.concat(parts).unique("id", keep="first", maintain_order=True)
            if found.is_empty():
                continue
            frame = found.select("id", pl.col("id").alias(title)).with_row_index("row", offset=2)
            frame = frame.with_columns(pl.col("row").cast(pl.UInt32))
            origins = found.select("place", "number", "locator").with_columns(row=frame["row"])
            place = f"{self._relations.place}[{name}]"
            yield RawTable(
                name,
                place,
                place,
                frame,
                origins=origins.select("row", "place", "number", "locator"),
            )

    def _table(self, name: str, frame: pl.DataFrame, counted: pl.Series | str) -> RawTable:
        """Return a table with its rows numbered, and where in the file each stands."""
        place = pl.lit(self._relations.place)
        frame = frame.with_row_index("row", offset=2).with_columns(pl.col("row").cast(pl.UInt32))
        if self._relations.counts_records:
            before = pl.lit(counted)
            locator = place + "!" + before + pl.col("number").cast(pl.String)
            shown = locator
        else:
            locator, shown = place + "!" + pl.col("line").cast(pl.String), place
        origins = frame.select("row", place=shown, number="line", locator=locator)
        own = f"{self._relations.place}[{name}]"
        return RawTable(name, own, own, frame.drop("line", "number"), origins=origins)


def _moved(edges: pl.DataFrame, column: str, needed: str) -> pl.DataFrame:
    """Move an amount into its column, in the rows that say of what it is and have none yet."""
    own = pl.col(column) if column in edges.columns else pl.lit(None, dtype=pl.String)
    fits = pl.col(needed).is_not_null() & own.is_null()
    return edges.with_columns(
        pl.when(fits).then(_AMOUNT).otherwise(own).alias(column),
        pl.when(~fits).then(_AMOUNT).alias(_AMOUNT),
    )


def _amount_words() -> list[str]:
    labels = term_words(tables()["supplies"].column("value").term)
    return list(dict.fromkeys(["value", *map(fold, labels.values()), *_WEIGHTS]))


@cache
def _meanings(cell: str) -> Mapping[str, str]:
    """Return the kinds of link that a cell may name, each with the kind within it, if any."""
    folded = fold(cell)
    link = spellings("link-kind").get(folded) or _LINKS_OF_TABLES.get(folded)
    found = {link: ""} if link else {}
    for kind, scheme in _KINDS_OF_LINKS.items():
        code = spellings(scheme).get(folded)
        if code:
            found.setdefault(kind, code)
    return found


def _looked_up(known: Mapping[str, str | None]) -> pl.Expr:
    meant = pl.Series(list(known.values()), dtype=pl.String)
    keys = pl.Series(list(known), dtype=pl.String)
    return pl.col("cell").replace_strict(keys, meant, default=None, return_dtype=pl.String)


def _named(raw: RawTable, column: str) -> pl.DataFrame:
    """Return what a column of a table names, and where (``id``, ``place``, ``number``, ...)."""
    cells = raw.frame.select("row", id=column)
    if column == "source":
        cells = cells.with_columns(pl.col("id").str.split(";")).explode("id")
        cells = cells.with_columns(pl.col("id").str.strip_chars())
        cells = cells.filter(~pl.col("id").str.contains("^https?://") & (pl.col("id") != ""))
    origins = pl.DataFrame(schema=ORIGINS) if raw.origins is None else raw.origins
    return cells.drop_nulls("id").join(origins, on="row", maintain_order="left").drop("row")


def _listed(names: list[str]) -> str:
    """Return names for a note, of very many the first ones."""
    shown = ", ".join(name[:60] for name in names[:_MOST_NAMED])
    return f"{shown} … ({len(names)})" if len(names) > _MOST_NAMED else shown
