"""Who meets the criteria of which instrument, and which products are kinds of which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from klaster.graph.store.columns import Columns
from klaster.graph.store.holding import product_makers
from klaster.graph.store.pairs import distinct_pairs
from klaster.ontology.codes import narrower


def eligible(columns: Columns) -> pl.DataFrame:
    """Return who meets a criterion of which instrument (``instrument``, ``actor``).

    The conditions of one criterion hold together, several criteria of one instrument are
    alternatives, and a condition that is not stated does not restrict. An actor of whom what a
    condition asks for is not recorded is not eligible here.
    """
    return _meeting(_Known(columns), doubtful=False)


def undetermined(columns: Columns, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return who may be eligible for what, were all recorded of it (``instrument``, ``actor``).

    These are the actors that meet every condition of a criterion of which it is recorded whether
    they do, and of whom a place, an activity or a number of employees that it asks for is not.
    """
    known = eligible(columns) if known is None else known
    return _meeting(_Known(columns), doubtful=True).join(
        known, on=["instrument", "actor"], how="anti"
    )


def eligible_but_for_product(columns: Columns) -> pl.DataFrame:
    """Return who meets all of a criterion but its product (``instrument, product, actor``).

    ``product`` is what one would have to make, null where nothing is asked of it. A criterion
    that asks for a product alone is met by every actor.
    """
    met = []
    known = _Known(columns)
    for criterion in columns.table("criteria").iter_rows(named=True):
        others = {**criterion, "product": None}
        if all(others[name] is None for name in _CONDITIONS):
            found = columns.table("actors").select(actor="iri")
            found = found if criterion["product"] is not None else found.clear()
        else:
            found = known.who_meets(others)
        asked = pl.lit(criterion["product"], dtype=pl.String)
        met.append(
            found.select(
                pl.lit(criterion["instrument"]).alias("instrument"), asked.alias("product"), "actor"
            )
        )
    schema = {"instrument": pl.String, "product": pl.String, "actor": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *met]).unique()


@dataclass(frozen=True)
class _Known:
    """The tables on which conditions look, and what is worked out of them once for all."""

    columns: Columns

    @cached_property
    def actors(self) -> pl.DataFrame:
        """The actors, with what conditions look at."""
        return self.columns.table("actors").select(_LOOKED_AT).with_row_index("place")

    @cached_property
    def _met(self) -> dict[tuple[str, object], pl.Series]:
        return {}

    def who_meets(self, criterion: dict[str, object], *, doubtful: bool = False) -> pl.DataFrame:
        """Return the actors that meet all conditions of a criterion, or none where none is stated.

        With ``doubtful``, also those of whom what a condition asks for is not recorded.
        """
        stated = {name: value for name in _CONDITIONS if (value := criterion[name]) is not None}
        if not stated:
            return self.actors.clear().select(actor="iri")
        met = pl.repeat(True, self.actors.height, dtype=pl.Boolean, eager=True)
        for name, value in stated.items():
            one = self._meets(name, value)
            met &= one | self._unrecorded[name] if doubtful and name in _NOT_RECORDED else one
        return self.actors.filter(met).select(actor="iri")

    def _meets(self, name: str, value: object) -> pl.Series:
        """Return, for each actor, whether it meets a condition; many criteria state the same."""
        if (name, value) not in self._met:
            met = np.zeros(self.actors.height, dtype=bool)
            # Only what it looks at: rows of a million actors are many bytes.
            looked_at = self.actors.select("place", *_LOOKED_AT_BY[name])
            met[_CONDITIONS[name](self, looked_at, value)["place"].to_numpy()] = True
            self._met[name, value] = pl.Series(met)
        return self._met[name, value]

    @cached_property
    def _unrecorded(self) -> dict[str, pl.Series]:
        return {
            name: self.actors.select(missing).to_series() for name, missing in _NOT_RECORDED.items()
        }

    @cached_property
    def making(self) -> pl.DataFrame:
        """Who makes what, or a kind of it (``actor``, ``broader``)."""
        kinds = broader_products(self.columns)
        return product_makers(self.columns).join(kinds, on="product").select("actor", "broader")


def _meeting(known: _Known, *, doubtful: bool) -> pl.DataFrame:
    met = [
        known.who_meets(criterion, doubtful=doubtful).select(
            pl.lit(criterion["instrument"]).alias("instrument"), "actor"
        )
        for criterion in known.columns.table("criteria").iter_rows(named=True)
    ]
    empty = pl.DataFrame(schema={"instrument": pl.String, "actor": pl.String})
    return distinct_pairs(pl.concat([empty, *met]))


def _in(found: pl.DataFrame, actors: pl.DataFrame) -> pl.DataFrame:
    return found.join(actors, left_on="iri", right_on="actor", how="semi")


def _of_cluster(known: _Known, found: pl.DataFrame, cluster: object) -> pl.DataFrame:
    return _in(found, known.columns.table("memberships").filter(pl.col("cluster") == cluster))


def _of_sector(known: _Known, found: pl.DataFrame, sector: object) -> pl.DataFrame:
    wanted = sorted(narrower("sector", str(sector)))
    clusters = known.columns.table("clusters").filter(pl.col("sector").is_in(wanted))
    members = known.columns.table("memberships").join(
        clusters, left_on="cluster", right_on="iri", how="semi"
    )
    return _in(found, members)


def _of_country(_: _Known, found: pl.DataFrame, country: object) -> pl.DataFrame:
    region = pl.col("region").list.first().fill_null("")
    return found.filter((pl.col("country") == country) | region.str.starts_with(f"{country}-"))


def _of_region(_: _Known, found: pl.DataFrame, region: object) -> pl.DataFrame:
    return found.filter(pl.col("region").list.contains(str(region)))


def _of_kind(_: _Known, found: pl.DataFrame, kind: object) -> pl.DataFrame:
    return found.filter(pl.col("kind").is_in(sorted(narrower("actor-kind", str(kind)))))


def _of_role(known: _Known, found: pl.DataFrame, role: object) -> pl.DataFrame:
    """Hold where the actor plays the role anywhere; an exporter is also who is said to export."""
    own = found.filter(pl.col("roles").list.contains(str(role))).select(actor="iri")
    in_cluster = known.columns.table("memberships").filter(pl.col("role") == role).select("actor")
    exporting = known.columns.table("exports").select(actor="exporter")
    if role != "exporter":
        exporting = exporting.clear()
    return _in(found, pl.concat([own, in_cluster, exporting]))


def _of_product(known: _Known, found: pl.DataFrame, product: object) -> pl.DataFrame:
    return _in(found, known.making.filter(pl.col("broader") == product))


def broader_products(columns: Columns) -> pl.DataFrame:
    """Return each product with itself and every product it is a kind of (``product, broader``)."""
    products = columns.table("products")
    step = products.select(product="iri", broader="broader").drop_nulls()
    found = products.select(product="iri", broader="iri")
    while True:
        further = found.join(step, left_on="broader", right_on="product").select(
            "product", broader="broader_right"
        )
        grown = pl.concat([found, further]).unique()
        if grown.height == found.height:
            return found
        found = grown


def _of_activity(_: _Known, found: pl.DataFrame, activity: object) -> pl.DataFrame:
    return found.filter(pl.col("activity").fill_null("").str.starts_with(str(activity)))


def _at_least(_: _Known, found: pl.DataFrame, employees: object) -> pl.DataFrame:
    return found.filter(pl.col("employees") >= pl.lit(employees))


def _at_most(_: _Known, found: pl.DataFrame, employees: object) -> pl.DataFrame:
    return found.filter(pl.col("employees") <= pl.lit(employees))


_CONDITIONS = {
    "cluster": _of_cluster,
    "sector": _of_sector,
    "country": _of_country,
    "region": _of_region,
    "kind": _of_kind,
    "role": _of_role,
    "product": _of_product,
    "activity": _of_activity,
    "min_employees": _at_least,
    "max_employees": _at_most,
}
_LOOKED_AT_BY = {
    "cluster": ("iri",),
    "sector": ("iri",),
    "country": ("country", "region"),
    "region": ("region",),
    "kind": ("kind",),
    "role": ("iri", "roles"),
    "product": ("iri",),
    "activity": ("activity",),
    "min_employees": ("employees",),
    "max_employees": ("employees",),
}
_LOOKED_AT = sorted({name for names in _LOOKED_AT_BY.values() for name in names})
_NOT_RECORDED = {
    "country": pl.col("country").is_null() & pl.col("region").is_null(),
    "region": pl.col("region").is_null(),
    "activity": pl.col("activity").is_null(),
    "min_employees": pl.col("employees").is_null(),
    "max_employees": pl.col("employees").is_null(),
}
