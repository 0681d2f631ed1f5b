"""The network of a graph as a file for Gephi, Cytoscape, igraph and networkx: GraphML or GEXF.

Both are text that is written in columns, a batch of links at a time: networkx writes these
formats, too, but holds every link as objects for it, a kilobyte each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Final, Protocol

import polars as pl

from klaster.graph.store.batches import ROWS, Batches
from klaster.graph.store.columns import Columns
from klaster.graph.store.files import whole_file

_OF_ACTORS: Final = {
    "label": "string",
    "name_en": "string",
    "name_ru": "string",
    "name_uz": "string",
    "kind": "string",
    "roles": "string",
    "ownership": "string",
    "country": "string",
    "region": "string",
    "lat": "double",
    "lon": "double",
    "activity": "string",
    "sectors": "string",
    "clusters": "string",
    "employees": "long",
    "revenue": "double",
    "currency": "string",
}
"""The attributes of a node, called as the columns of ``actors`` are, and their types."""
_OF_LINKS: Final = {
    "kind": "string",
    "subkind": "string",
    "directed": "boolean",
    "weight": "double",
    "product": "string",
    "value": "double",
    "currency": "string",
    "share": "double",
    "valid_from": "string",
    "valid_to": "string",
    "record": "string",
}
"""The attributes of an edge, and their types."""
_AT_ONCE: Final = 250_000
"""Of so many edges the text is held at once: some 200 MB."""
_SIGNS: Final = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"),
    ("\t", "&#9;"), ("\n", "&#10;"), ("\r", "&#13;"),
)  # fmt: skip
_NO_XML: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
"""The signs for which XML has no place, however they are written."""


def write_network_file(columns: Columns, path: Path, *, title: str, rows: int = ROWS) -> None:
    """Write actors and the links between them, as measures count them, into one file.

    A node is an actor, called by its IRI; an edge is a link, several between the same two
    included. Where links of both sorts are there, one without direction is two edges, one each
    way, as measures take it, since networkx and igraph refuse files that mix them; where no link
    has a direction, each is one edge of an undirected network.

    Parameters
    ----------
    path
        Its suffix, ``.graphml`` or ``.gexf``, gives the format.
    title
        What the network is of.
    rows
        So many links are read at a time.

    Raises
    ------
    Fault
        If the file cannot be written.
    """
    written = _Written(Batches(columns, rows), FORMATS[path.suffix.lower()], title)
    with whole_file(path) as unfinished, unfinished.open("wb") as stream:
        written.write(stream)


class _Format(Protocol):
    """How a network is said in XML; all values that it is given are escaped already."""

    def begin(
        self, title: str, nodes: Mapping[str, str], edges: Mapping[str, str], *, directed: bool
    ) -> str:
        """Return what comes before the nodes, whose attributes and their types are given."""

    between: str
    end: str

    def node(self, attributes: Sequence[str]) -> pl.Expr:
        """Return nodes of the column ``iri`` and those of their attributes."""

    def edge(self, attributes: Sequence[str]) -> pl.Expr:
        """Return edges of ``number``, ``source``, ``target`` and their attributes."""


class _GraphMl:
    between = ""
    end = "</graph>\n</graphml>\n"

    def begin(
        self, title: str, nodes: Mapping[str, str], edges: Mapping[str, str], *, directed: bool
    ) -> str:
        keys = "".join(
            f'<key id="{of[0]}-{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>\n'
            for of, attributes in (("node", nodes), ("edge", edges))
            for name, kind in attributes.items()
        )
        sort = "directed" if directed else "undirected"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
            f'{keys}<graph edgedefault="{sort}">\n<desc>{title}</desc>\n'
        )

    def node(self, attributes: Sequence[str]) -> pl.Expr:
        return pl.format('<node id="{}">{}</node>', "iri", self._data("n", attributes))

    def edge(self, attributes: Sequence[str]) -> pl.Expr:
        data = self._data("e", attributes)
        return pl.format('<edge source="{}" target="{}">{}</edge>', "source", "target", data)

    def _data(self, of: str, attributes: Sequence[str]) -> pl.Expr:
        return pl.concat_str(
            _if_known(f'<data key="{of}-{name}">', name, "</data>") for name in attributes
        )


class _Gexf:
    between = "</nodes>\n<edges>\n"
    end = "</edges>\n</graph>\n</gexf>\n"

    def begin(
        self, title: str, nodes: Mapping[str, str], edges: Mapping[str, str], *, directed: bool
    ) -> str:
        sort = "directed" if directed else "undirected"
        described = "".join(
            f'<attributes class="{of}" mode="static">\n{self._described(attributes)}</attributes>\n'
            for of, attributes in (("node", nodes), ("edge", edges))
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<gexf xmlns="http://gexf.net/1.3" version="1.3">\n'
            f"<meta><creator>klaster</creator><description>{title}</description></meta>\n"
            f'<graph defaultedgetype="{sort}" mode="dynamic" timeformat="date">\n'
            f"{described}<nodes>\n"
        )

    def _described(self, attributes: Mapping[str, str]) -> str:
        return "".join(
            f'<attribute id="{name}" title="{name}" type="{kind}"/>\n'
            for name, kind in attributes.items()
            if name not in _SAID_BY_GEXF
        )

    def node(self, attributes: Sequence[str]) -> pl.Expr:
        label = _if_known(' label="', "label", '"')
        return pl.format('<node id="{}"{}>{}</node>', "iri", label, self._values(attributes))

    def edge(self, attributes: Sequence[str]) -> pl.Expr:
        begun, over = _if_known(' start="', "valid_from", '"'), _if_known(' end="', "valid_to", '"')
        return pl.format(
            '<edge id="{}" source="{}" target="{}" weight="{}"{}{}>{}</edge>',
            *("number", "source", "target", "weight", begun, over, self._values(attributes)),
        )

    def _values(self, attributes: Sequence[str]) -> pl.Expr:
        own = [name for name in attributes if name not in _SAID_BY_GEXF]
        values = (_if_known(f'<attvalue for="{name}" value="', name, '"/>') for name in own)
        return pl.concat_str(pl.lit("<attvalues>"), *values, pl.lit("</attvalues>"))


_SAID_BY_GEXF: Final = frozenset({"label", "weight", "valid_from", "valid_to"})
"""What GEXF has words of its own for."""
FORMATS: Final[Mapping[str, _Format]] = {".graphml": _GraphMl(), ".gexf": _Gexf()}


@dataclass(frozen=True)
class _Written:
    """A network while it is written."""

    batches: Batches
    format: _Format
    title: str

    def write(self, stream: IO[bytes]) -> None:
        nodes = {name: _OF_ACTORS[name] for name in self._actors.columns if name != "iri"}
        title = pl.select(_escaped(pl.lit(self.title))).item()
        begin = self.format.begin(title, nodes, _OF_LINKS, directed=self._directed)
        stream.write(begin.encode())
        for rows in self._actors.iter_slices(_AT_ONCE):
            _write(stream, rows.select(self.format.node([*nodes])))
        stream.write(self.format.between.encode())
        number = 0
        for links in self._links():
            for rows in links.with_row_index("number", offset=number).iter_slices(_AT_ONCE):
                _write(stream, rows.select(self.format.edge([*_OF_LINKS])))
            number += links.height
        stream.write(self.format.end.encode())

    @cached_property
    def _actors(self) -> pl.DataFrame:
        """The actors, a text a cell, and only what is known of some of them."""
        found = self.batches.actors().rename({"label_en": "name_en", "label_ru": "name_ru"})
        found = found.rename({"label_uz": "name_uz"})
        of_clusters = found.select("iri", "clusters").explode("clusters").drop_nulls()
        names = of_clusters.with_columns(
            self.batches.clusters()["label"].gather(of_clusters["clusters"]).alias("clusters")
        )
        named = names.group_by("iri", maintain_order=True).agg("clusters")
        found = found.drop("clusters").join(named, on="iri", how="left", maintain_order="left")
        texts = found.select("iri", *_OF_ACTORS).with_columns(
            pl.col(pl.List(pl.String)).list.join("; ").replace("", None)
        )
        known = [name for name in _OF_ACTORS if texts[name].count()]
        return _as_text(texts.select("iri", *known))

    @cached_property
    def _directed(self) -> bool:
        """Whether any link has a direction."""
        return any(
            batch["directed"].any() for _, batches in self.batches.links() for batch in batches
        )

    def _links(self) -> Iterator[pl.DataFrame]:
        """Yield the links with names for numbers, a text a cell."""
        actors, products = self._actors["iri"], _as_text(self.batches.products())["label"]
        last_day = pl.col("valid_to").dt.offset_by("-1d")
        for kind, batches in self.batches.links():
            for batch in batches:
                links = self._both_ways(batch)
                texts = _as_text(
                    links.drop("source", "target", "product").with_columns(
                        kind=pl.lit(kind), valid_to=last_day
                    )
                )
                yield texts.with_columns(
                    actors.gather(links["source"]).alias("source"),
                    actors.gather(links["target"]).alias("target"),
                    products.gather(links["product"]).alias("product"),
                )

    def _both_ways(self, links: pl.DataFrame) -> pl.DataFrame:
        """Return links with those without direction the other way, too, if any link has one."""
        if not self._directed or links["directed"].all():
            return links
        back = pl.col("target").alias("source"), pl.col("source").alias("target")
        turned = links.filter(~pl.col("directed")).with_columns(*back)
        return pl.concat([links, turned]).sort("source", "target", maintain_order=True)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table with every cell as text that can stand in XML."""
    return frame.with_columns(
        _escaped(pl.col(name)) if kind == pl.String else pl.col(name).cast(pl.String)
        for name, kind in frame.schema.items()
        if not isinstance(kind, pl.List)
    )


def _escaped(cell: pl.Expr) -> pl.Expr:
    told = cell.str.replace_all(_NO_XML, "")
    for sign, written in _SIGNS:
        told = told.str.replace_all(sign, written, literal=True)
    return told


def _if_known(before: str, name: str, after: str) -> pl.Expr:
    """Return a value with what stands around it, and nothing where it is not known."""
    return pl.concat_str(pl.lit(before), pl.col(name), pl.lit(after)).fill_null("")


def _write(stream: IO[bytes], lines: pl.DataFrame) -> None:
    lines.write_csv(stream, include_header=False, quote_style="never")
