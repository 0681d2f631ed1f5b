"""One layer of links as arrays: who is linked with whom, by which record, since when.

Predictions and their evaluation see nothing else, so a layer cut at a day, or without some of
its records, is all that a score can know: no figure can leak from a hidden link.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from klaster.graph.store.columns import Columns
from klaster.graph.store.holding import counted, participations, product_makers

Whole = NDArray[np.int64]

LAYERS: Final = ("supply", "cooperation", "actor-product")
THINGS: Final = {
    "iri": pl.String,
    "label": pl.String,
    "kind": pl.String,
    "country": pl.String,
    "region": pl.String,
    "sector": pl.String,
    "parent": pl.String,
}
"""What is known of an actor or product that no link tells; ``parent`` is a product's broader one."""

RECORDS: Final = {
    "source": pl.Int64,
    "target": pl.Int64,
    "event": pl.String,
    "date": pl.Date,
    "product": pl.String,
    "product_class": pl.String,
    "theme": pl.String,
    "source_value": pl.Float64,
    "target_value": pl.Float64,
}
"""A row a recorded link: positions, the project or record it comes from, its day, what it moves."""


def _complete(frame: pl.DataFrame, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Return a frame with just the columns of a schema, those that it lacks empty."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )


@dataclass(frozen=True)
class Layer:
    """The links of one kind. A cooperation stands once, and leads both ways.

    ``sources`` and ``targets`` are the things that links lead from and to (the same frame, but
    for actors and products), ``records`` the links. Records of one event, as the pairs of a
    project, stand and fall together.
    """

    name: str
    sources: pl.DataFrame
    targets: pl.DataFrame
    records: pl.DataFrame

    @staticmethod
    def of(
        name: str, sources: pl.DataFrame, targets: pl.DataFrame | None, records: pl.DataFrame
    ) -> Layer:
        """Return a layer of frames that may lack columns (``targets`` None: the same things).

        Links of a thing with itself are left out.
        """
        things = _complete(sources, THINGS)
        others = things if targets is None else _complete(targets, THINGS)
        kept = _complete(records, RECORDS)
        if targets is None:
            kept = kept.filter(pl.col("source") != pl.col("target"))
        return Layer(name, things, others, kept)

    @property
    def directed(self) -> bool:
        """Whether a link leads only one way."""
        return self.name != "cooperation"

    @property
    def bipartite(self) -> bool:
        """Whether links lead between two kinds of thing."""
        return self.name == "actor-product"

    @property
    def shape(self) -> tuple[int, int]:
        """The number of sources and of targets."""
        return (self.sources.height, self.targets.height)

    @cached_property
    def matrix(self) -> csr_array:
        """The adjacency, sources by targets: 1 where a link is recorded."""
        return self.weighted(np.ones(self.records.height), together=False)

    def weighted(self, weights: NDArray[np.float64], *, together: bool = True) -> csr_array:
        """Return the adjacency with the weights of the records, added up or (not) just once."""
        rows = self.records["source"].to_numpy()
        columns = self.records["target"].to_numpy()
        if not self.directed:
            rows, columns = np.concatenate([rows, columns]), np.concatenate([columns, rows])
            weights = np.concatenate([weights, weights])
        found = csr_array((weights, (rows, columns)), shape=self.shape)
        found.sum_duplicates()
        if not together:
            found.data[:] = 1.0
        return found

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """The linked pairs as sorted keys (source times the number of targets, plus target).

        A cooperation has one key, that with the lower position first.
        """
        source, target = (self.records[name].to_numpy() for name in ("source", "target"))
        if not self.directed:
            source, target = np.minimum(source, target), np.maximum(source, target)
        return np.unique(self.keys(source, target))

    def keys(self, source: Whole, target: Whole) -> Whole:
        """Return the key of each pair."""
        return source.astype(np.int64) * self.shape[1] + target

    def ends(self, keys: Whole) -> tuple[Whole, Whole]:
        """Return the positions of source and target of each key."""
        source, target = np.divmod(keys, self.shape[1])
        return source, target

    @cached_property
    def known(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which sources and which targets have a link."""
        return (
            np.diff(self.matrix.indptr) > 0,
            np.bincount(self.matrix.indices, minlength=self.shape[1]) > 0,
        )

    @property
    def mean_degree(self) -> float:
        """The mean number of partners of those that have one."""
        sources, targets = self.known
        linked = sources.sum() + targets.sum() if self.bipartite else (sources | targets).sum()
        return 2 * len(self.pairs) / float(linked) if linked else 0.0

    def only(self, kept: pl.Series | pl.Expr) -> Layer:
        """Return the layer with some of its records."""
        return replace(self, records=self.records.filter(kept))

    def before(self, cut: dt.date) -> Layer:
        """Return what was recorded before a day, with all that is undated."""
        return self.only(pl.col("date").is_null() | (pl.col("date") < cut))

    def since(self, cut: dt.date, end: dt.date | None = None) -> Layer:
        """Return what was recorded from a day on, until before another."""
        later = pl.col("date") >= cut
        return self.only(later if end is None else later & (pl.col("date") < end))

    def without_events(self, hidden: Sequence[str]) -> Layer:
        """Return the layer without some events, each with all its pairs."""
        gone = pl.col("event").is_in(list(hidden))
        return self.only(~gone.fill_null(value=False))


def layer_of(columns: Columns, name: str) -> Layer:
    """Return a layer of the tables of a graph: planned and ended links left out.

    Supply leads from supplier to buyer, actor–product from maker to product.
    """
    actors = _actors(columns)
    if name == "actor-product":
        products = columns.table("products").select(
            "iri", label="name", parent="broader", sector=pl.col("hs").str.slice(0, 2)
        )
        made = product_makers(columns).select(source="actor", target="product", event=None)
        return Layer.of(name, actors, products, _placed(made, actors, products))
    rows = _supply_records(columns) if name == "supply" else _cooperation_records(columns)
    return Layer.of(name, actors, None, _placed(rows, actors, actors))


def _actors(columns: Columns) -> pl.DataFrame:
    return (
        columns.table("actors")
        .select(
            "iri",
            "kind",
            "country",
            region=pl.col("region").list.join("; "),
            label="name",
            sector=pl.col("activity").str.replace_all(r"[^0-9A-Za-z]", "").str.slice(0, 2),
        )
        .with_columns(
            sector=pl.coalesce(_filled("sector"), _filled("kind")), region=_filled("region")
        )
        .sort("iri")
    )


def _filled(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _placed(rows: pl.DataFrame, sources: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Return records with positions in place of IRIs, in an order that no source decides."""
    place = [
        frame.select("iri").with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
        for frame in (sources, targets)
    ]
    found = rows.join(place[0].rename({"at": "from"}), left_on="source", right_on="iri").join(
        place[1].rename({"at": "to"}), left_on="target", right_on="iri"
    )
    return (
        found.drop("source", "target")
        .rename({"from": "source", "to": "target"})
        .sort("source", "target", "event", nulls_last=True)
    )


def _day(name: str) -> pl.Expr:
    """Return the first day of a date that may be a year or a month alone."""
    text = pl.col(name)
    return (text + pl.lit("-01-01").str.slice(text.str.len_chars() - 4)).str.to_date(
        "%Y-%m-%d", strict=False
    )


def _in_one_currency() -> pl.Expr:
    """Return the values of a table, none where they are in several currencies."""
    return pl.when(pl.col("currency").drop_nulls().n_unique() <= 1).then(pl.col("value"))


def _supply_records(columns: Columns) -> pl.DataFrame:
    classes = columns.table("products").select(product="iri", product_class="broader")
    wanted = ("iri", "supplier", "buyer", "product", "value", "currency", "status", "valid_from")
    stated = columns.links("supplies", *wanted)
    links = counted(stated).with_columns(value=_in_one_currency())
    return links.join(classes, on="product", how="left").select(
        source="supplier",
        target="buyer",
        event="iri",
        product="product",
        product_class="product_class",
        date=_day("valid_from"),
        source_value="value",
        target_value="value",
    )


def _cooperation_records(columns: Columns) -> pl.DataFrame:
    rows = columns.table("cooperations").with_columns(value=_in_one_currency())
    own = rows.group_by("iri", "participant").agg(pl.col("value").sum())
    told = rows.group_by("iri").agg(
        pl.col("theme").drop_nulls().first(), pl.col("valid_from").min()
    )
    takers = (
        participations(columns)
        .join(own, on=["iri", "participant"], how="left")
        .join(told, on="iri", how="left")
    )
    return (
        takers.join(takers.select("iri", "participant", "value"), on="iri")
        .filter(pl.col("participant") < pl.col("participant_right"))
        .select(
            source="participant",
            target="participant_right",
            event="iri",
            theme="theme",
            date=_day("valid_from"),
            source_value="value",
            target_value="value_right",
        )
    )
