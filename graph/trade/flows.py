"""Export flows of actors, clusters, regions or countries, as a table and as matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from klaster.graph.store.columns import Columns
from klaster.ontology.terms import code_iri

LEVELS: Final = ("actor", "cluster", "region", "country")
"""Whose exports: each level takes the next smaller one's where it has none of its own."""


@dataclass(frozen=True)
class Flows:
    """What exporters of one level sell, where to and when, in one currency.

    ``rows`` has ``exporter, product, destination`` (IRIs), ``year`` and ``value``: a row a year and
    flow, with a value above 0. ``left_out`` counts the flows in other currencies, which cannot be added.
    ``summed`` says for how many exporters the flows are those of their members or inhabitants.
    """

    rows: pl.DataFrame
    level: str
    currency: str
    left_out: int
    summed: int

    @property
    def years(self) -> list[int]:
        """The years in which there are exports, the earliest first."""
        return sorted(self.rows["year"].unique())

    def in_year(self, year: int) -> pl.DataFrame:
        """Return the rows of one year."""
        return self.rows.filter(pl.col("year") == year)


@dataclass(frozen=True)
class Matrix:
    """Values by exporter (row) and product or destination (column), named by IRI and sorted."""

    exporters: list[str]
    columns: list[str]
    values: csr_array

    def row(self, exporter: str) -> int:
        """Return the row of an exporter."""
        return self.exporters.index(exporter)


def matrix(rows: pl.DataFrame, by: str = "product") -> Matrix:
    """Return the values of flows by exporter and ``product`` or ``destination``.

    Examples
    --------
    >>> flows = pl.DataFrame({"exporter": ["b", "a"], "product": ["x", "x"], "value": [2.0, 1.0]})
    >>> found = matrix(flows)
    >>> found.exporters, found.values.toarray().tolist()
    (['a', 'b'], [[1.0], [2.0]])
    """
    known = rows.drop_nulls(by)
    exporters, columns = known["exporter"].unique().sort(), known[by].unique().sort()
    ends = (
        exporters.search_sorted(known["exporter"]).to_numpy(),
        columns.search_sorted(known[by]).to_numpy(),
    )
    shape = (len(exporters), len(columns))
    values = csr_array((known["value"].to_numpy().astype(np.float64), ends), shape=shape)
    values.sum_duplicates()
    return Matrix(exporters.to_list(), columns.to_list(), values)


def flows(columns: Columns, *, level: str = "", currency: str = "", least: float = 0.0) -> Flows:
    """Return the export flows of a level (by default of that with the most exporters).

    A flow that two sources state counts once, with the larger value. A cluster's exports are
    those recorded for it or else those of its members, a region's or country's likewise those of
    its actors; who belongs to two counts in both.

    Parameters
    ----------
    currency
        The currency of the values; by default the one of most flows.
    least
        Exporters are left out in the years in which they export less than that.
    """
    stated = _stated(columns)
    currency = currency or _commonest(stated)
    told = stated.filter(pl.col("currency") == currency).drop("currency")
    by_level = {name: _of_level(columns, told, name) for name in ([level] if level else LEVELS)}
    chosen = level or max(LEVELS, key=lambda name: by_level[name][0]["exporter"].n_unique())
    rows, summed = by_level[chosen]
    total = pl.col("value").sum().over("exporter", "year")
    ordered = rows.filter(total >= least).sort("exporter", "year", "product", "destination")
    return Flows(ordered, chosen, currency, stated.height - told.height, summed)


_KEYS: Final = ("exporter", "product", "destination", "year")


def _stated(columns: Columns) -> pl.DataFrame:
    country = pl.lit(code_iri("country", "")) + pl.col("destination")
    flow = columns.table("exports").filter(pl.col("value") > 0).with_columns(destination=country)
    largest = flow.group_by("iri", *_KEYS, "currency").agg(pl.col("value").max())
    return largest.group_by(*_KEYS, "currency").agg(pl.col("value").sum())


def _commonest(stated: pl.DataFrame) -> str:
    counts = stated.group_by("currency").len().sort("len", "currency", descending=[True, False])
    return str(counts["currency"][0]) if counts.height else ""


def _of_level(columns: Columns, told: pl.DataFrame, level: str) -> tuple[pl.DataFrame, int]:
    """Return the flows of a level, and how many exporters have those of others."""
    own = told.filter(_is(columns, level))
    if level == "actor":
        return own, 0
    whole = _wholes(columns, level)
    parts = told.filter(_is(columns, "actor")).join(whole, left_on="exporter", right_on="actor")
    sums = parts.drop("exporter").rename({"whole": "exporter"})
    sums = sums.group_by(*_KEYS).agg(pl.col("value").sum())
    sums = sums.join(own.select("exporter", "year"), on=["exporter", "year"], how="anti")
    kept = [*_KEYS, "value"]
    return pl.concat([own.select(kept), sums.select(kept)]), sums["exporter"].n_unique()


def _is(columns: Columns, level: str) -> pl.Expr:
    exporter = pl.col("exporter")
    if level in ("region", "country"):
        return exporter.str.starts_with(code_iri(level, ""))
    return exporter.is_in(columns.table(f"{level}s")["iri"].implode())


def _wholes(columns: Columns, level: str) -> pl.DataFrame:
    """Return to which cluster, region or country an actor belongs (``actor``, ``whole``)."""
    if level == "cluster":
        return columns.table("memberships").select("actor", whole="cluster").unique()
    located = columns.table("actors").select("iri", "country", "region").explode("region")
    # The code of a region begins with that of its country.
    country = pl.coalesce("country", pl.col("region").str.slice(0, 2))
    code = pl.col("region") if level == "region" else country
    whole = pl.lit(code_iri(level, "")) + code
    return located.select(actor="iri", whole=whole).drop_nulls().unique()
