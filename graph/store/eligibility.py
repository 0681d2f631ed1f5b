"""Who meets the criteria of which instrument, and which products are kinds of which."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from klaster.graph.store.columns import Columns
from klaster.graph.store.holding import counted, made
from klaster.graph.store.pairs import Pairs
from klaster.graph.store.places import Register
from klaster.ontology.codes import narrower

Mask = NDArray[np.bool_]


def eligible(columns: Columns) -> pl.DataFrame:
    """Return who meets a criterion of which instrument (``instrument``, ``actor``), in order.

    The conditions of one criterion hold together, several criteria of one instrument are
    alternatives, and a condition that is not stated does not restrict. An actor of whom what a
    condition asks for is not recorded is not eligible here.
    """
    return Eligibility(columns).pairs


def eligible_but_for_product(columns: Columns) -> pl.DataFrame:
    """Return who meets all of a criterion but its product (``instrument, product, actor``).

    ``product`` is what one would have to make, null where nothing is asked of it. A criterion
    that asks for a product alone is met by every actor.
    """
    met = []
    known = Eligibility(columns)
    for criterion in columns.table("criteria").iter_rows(named=True):
        others = {**criterion, "product": None}
        if all(others[name] is None for name in _CONDITIONS):
            found = known.actors if criterion["product"] is not None else known.actors.clear()
        else:
            found = known.actors.filter(pl.Series(known.who_meets(others)))
        asked = pl.lit(criterion["product"], dtype=pl.String)
        met.append(
            pl.select(
                pl.lit(criterion["instrument"]).alias("instrument"), asked.alias("product")
            ).join(found.to_frame("actor"), how="cross")
        )
    schema = {"instrument": pl.String, "product": pl.String, "actor": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *met]).unique()


class Eligibility:
    """Who meets the criteria of which instrument, one instrument at a time.

    Of each is told, for every actor in the order of their IRIs, whether it does. A million actors
    are a million bytes, and who may have what is never all in memory as texts unless asked for.
    ``produced`` is who makes what, if that is known already.
    """

    def __init__(self, columns: Columns, produced: Pairs | None = None) -> None:
        self._columns = columns
        self._produced = produced
        self._criteria: dict[str, list[dict[str, Any]]] = {}
        for criterion in columns.table("criteria").iter_rows(named=True):
            self._criteria.setdefault(str(criterion["instrument"]), []).append(criterion)
        self._met: dict[tuple[str, object], Mask] = {}

    @property
    def instruments(self) -> list[str]:
        """The instruments of which a criterion is recorded, in order."""
        return sorted(self._criteria)

    @property
    def actors(self) -> pl.Series:
        """The actors, in order: whom the figures of ``meets`` and ``may_meet`` are of."""
        return self._rows["iri"]

    def places(self, actors: pl.Series) -> pl.Series:
        """Return where actors stand among ``actors``; null for those that no table describes."""
        return self._register.places(actors)

    def meets(self, instrument: str) -> Mask:
        """Return, of each actor, whether it meets a criterion of an instrument."""
        return self._any(instrument, doubtful=False)

    def may_meet(self, instrument: str) -> Mask:
        """Return, of each actor, whether it would meet a criterion only were all recorded of it.

        These meet every condition of a criterion of which it is recorded whether they do, and a
        place, an activity or a number of employees that it asks for is not recorded of them.
        """
        return self._any(instrument, doubtful=True) & ~self.meets(instrument)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """Who meets a criterion of which instrument (``instrument``, ``actor``), in order."""
        turns, places = self._met_by
        names = pl.Series(self.instruments, dtype=pl.String)
        return pl.DataFrame(
            {"instrument": names.gather(turns), "actor": self.actors.gather(places)}
        )

    def pairs_by_actor(self) -> Pairs:
        """Return who meets a criterion of which instrument, in the order of the actors."""
        turns, places = self._met_by
        instruments = Register(pl.Series(self.instruments, dtype=pl.String))
        return Pairs.placed(self._register, instruments, places, turns)

    @property
    def _met_by(self) -> tuple[pl.Series, pl.Series]:
        """Which instrument of ``instruments`` is meant for which of ``actors``, by places."""
        found = [np.flatnonzero(self.meets(name)) for name in self.instruments]
        turns = np.repeat(np.arange(len(found)), [len(places) for places in found])
        return pl.Series(turns), pl.Series(np.concatenate([np.empty(0, np.int64), *found]))

    def who_meets(self, criterion: dict[str, Any], *, doubtful: bool = False) -> Mask:
        """Return, of each actor, whether it meets all conditions of a criterion.

        Nobody meets one that states none. With ``doubtful``, also those do of whom what a
        condition asks for is not recorded.
        """
        stated = {name: value for name in _CONDITIONS if (value := criterion[name]) is not None}
        met = np.full(len(self.actors), bool(stated))
        for name, value in stated.items():
            one = self._holds(name, value)
            met &= one | self._unrecorded[name] if doubtful and name in _NOT_RECORDED else one
        return met

    def _any(self, instrument: str, *, doubtful: bool) -> Mask:
        met = np.zeros(len(self.actors), dtype=bool)
        for criterion in self._criteria.get(instrument, ()):
            met |= self.who_meets(criterion, doubtful=doubtful)
        return met

    def _holds(self, name: str, value: object) -> Mask:
        """Return, of each actor, whether a condition holds; many criteria state the same."""
        if (name, value) not in self._met:
            self._met[name, value] = _CONDITIONS[name](self, value)
        return self._met[name, value]

    @cached_property
    def _unrecorded(self) -> dict[str, Mask]:
        return {name: self.of_actors(missing) for name, missing in _NOT_RECORDED.items()}

    @cached_property
    def _rows(self) -> pl.DataFrame:
        return self._columns.table("actors").select("iri", *_LOOKED_AT)

    @cached_property
    def _register(self) -> Register:
        return Register(self.actors)

    def of_actors(self, condition: pl.Expr) -> Mask:
        """Return, of each actor, what a condition on its own columns says; not known is no."""
        return self._rows.select(condition.fill_null(value=False)).to_series().to_numpy()

    def among(self, places: pl.Series) -> Mask:
        """Return, of each actor, whether its place is one of these."""
        found = np.zeros(len(self.actors), dtype=bool)
        found[places.drop_nulls().to_numpy()] = True
        return found

    @cached_property
    def members(self) -> pl.DataFrame:
        """Who belongs to which cluster in which role (``place``, ``cluster``, ``role``)."""
        rows = self._columns.links("memberships", "actor", "cluster", "role")
        return rows.select("cluster", "role", place=self.places(rows["actor"]))

    @cached_property
    def exporters(self) -> pl.Series:
        """The places of those who are recorded to export."""
        return self.places(self._columns.links("exports", "exporter")["exporter"].unique())

    @cached_property
    def making(self) -> pl.DataFrame:
        """Who makes what a criterion asks for, or a kind of it (``place``, ``broader``)."""
        asked = self._columns.table("criteria")["product"].drop_nulls().unique().implode()
        kinds = broader_products(self._columns).filter(pl.col("broader").is_in(asked))
        makers = self._makers(pl.col("product").is_in(kinds["product"].unique().implode()))
        found = makers.join(kinds, on="product")
        return found.select("broader", place=self.places(found["actor"])).unique()

    def _makers(self, wanted: pl.Expr) -> pl.DataFrame:
        """Return who makes what of the products that are wanted (``actor``, ``product``)."""
        if self._produced is not None:
            return self._produced.texts(("actor", "product")).filter(wanted)
        sold = self._columns.links("supplies", "supplier", "product", "kind", "status")
        stated = self._columns.links("makes", "actor", "product").filter(wanted)
        return made(stated, counted(sold.filter(wanted)))

    def clusters_of_sector(self, sector: str) -> pl.Series:
        """Return the clusters of a sector, narrower ones included."""
        wanted = sorted(narrower("sector", sector))
        clusters = self._columns.table("clusters")
        return clusters.filter(pl.col("sector").is_in(wanted))["iri"]


def _of_cluster(known: Eligibility, cluster: object) -> Mask:
    return known.among(known.members.filter(pl.col("cluster") == cluster)["place"])


def _of_sector(known: Eligibility, sector: object) -> Mask:
    clusters = known.clusters_of_sector(str(sector)).implode()
    return known.among(known.members.filter(pl.col("cluster").is_in(clusters))["place"])


def _of_country(known: Eligibility, country: object) -> Mask:
    region = pl.col("region").list.first().str.starts_with(f"{country}-").fill_null(value=False)
    return known.of_actors(pl.col("country").eq(country).fill_null(value=False) | region)


def _of_region(known: Eligibility, region: object) -> Mask:
    return known.of_actors(pl.col("region").list.contains(str(region)))


def _of_kind(known: Eligibility, kind: object) -> Mask:
    return known.of_actors(pl.col("kind").is_in(sorted(narrower("actor-kind", str(kind)))))


def _of_role(known: Eligibility, role: object) -> Mask:
    """Hold where the actor plays the role anywhere; an exporter is also who is said to export."""
    own = known.of_actors(pl.col("roles").list.contains(str(role)))
    own |= known.among(known.members.filter(pl.col("role") == role)["place"])
    return own | known.among(known.exporters) if role == "exporter" else own


def _of_product(known: Eligibility, product: object) -> Mask:
    return known.among(known.making.filter(pl.col("broader") == product)["place"])


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


def _of_activity(known: Eligibility, activity: object) -> Mask:
    return known.of_actors(pl.col("activity").str.starts_with(str(activity)))


def _at_least(known: Eligibility, employees: object) -> Mask:
    return known.of_actors(pl.col("employees") >= pl.lit(employees))


def _at_most(known: Eligibility, employees: object) -> Mask:
    return known.of_actors(pl.col("employees") <= pl.lit(employees))


_CONDITIONS: Final[dict[str, Callable[[Eligibility, object], Mask]]] = {
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
_LOOKED_AT: Final = ("country", "region", "kind", "roles", "activity", "employees")
_NOT_RECORDED: Final = {
    "country": pl.col("country").is_null() & pl.col("region").is_null(),
    "region": pl.col("region").is_null(),
    "activity": pl.col("activity").is_null(),
    "min_employees": pl.col("employees").is_null(),
    "max_employees": pl.col("employees").is_null(),
}
