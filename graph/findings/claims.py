"""What the effects that a source claims for clusters come to, by what the graph can compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from klaster.graph.findings.card import cards
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.policy_reach import reach
from klaster.graph.store.holding import counted
from klaster.graph.trade.advantage import concentration, revealed_advantage, specialised
from klaster.graph.trade.flows import Flows, flows, matrix

INDICATORS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "export-potential": ("export-value", "revealed-comparative-advantage", "export-share"),
    "export-volume": ("export-value", "export-growth"),
    "competitiveness": ("revealed-comparative-advantage", "national-export-share"),
    "unit-cost": ("unit-cost",),
    "production-cost": ("unit-cost",),
    "logistics-cost": ("logistics-cost-share",),
    "resource-efficiency": ("unit-cost", "local-sourcing-share"),
    "technology-adoption": ("helix-completeness",),
    "innovation": ("helix-completeness",),
    "synergy": ("helix-completeness", "network-density"),
    "cooperation": ("network-density",),
    "domestic-competition": ("supplier-concentration",),
    "market-diversification": ("market-count", "market-concentration"),
    "product-diversification": ("product-count", "product-concentration"),
    "employment": ("employees", "jobs-created"),
    "product-quality": ("high-value-added-share",),
    "output-volume": ("revenue", "output-quantity"),
    "production-efficiency": ("labour-productivity",),
    "value-added": ("high-value-added-share",),
    "infrastructure-efficiency": ("logistics-cost-share",),
    "sustainable-growth": ("export-growth", "employees"),
    "world-market-integration": ("market-count", "export-share"),
}
"""By which indicators each effect that is claimed can be judged. Where none measures the effect
itself, the nearest that is recorded: helix completeness says whether firms and institutes are
joined at all, not what they invent."""

NOT_KEPT: Final = ("unit-cost", "logistics-cost-share", "jobs-created", "high-value-added-share")
"""Indicators for which no table of klaster's has a column."""


@dataclass(frozen=True)
class Value:
    """An indicator's value; ``year`` of the exports it is of, ``unit`` a currency or a word."""

    figure: float
    year: int | None = None
    unit: str = ""


class Indicators:
    """The indicators of a graph or of one cluster, each worked out when it is asked for."""

    def __init__(self, facts: Facts, cluster: str = "") -> None:
        self._facts, self._cluster = facts, cluster

    def value(self, indicator: str) -> Value | None:
        """Return an indicator's value, or nothing where the data do not allow it."""
        work = _COMPUTED.get(indicator)
        return work(self) if work else None

    @cached_property
    def _flows(self) -> Flows:
        found = flows(self._facts.columns, level="cluster" if self._cluster else "")
        if not self._cluster:
            return found
        own = found.rows.filter(pl.col("exporter") == self._cluster)
        return Flows(own, found.level, found.currency, found.left_out, found.summed)

    @cached_property
    def _members(self) -> pl.DataFrame:
        actors = self._facts.columns.table("actors")
        if not self._cluster:
            return actors
        return actors.filter(pl.col("iri").is_in(self._facts.members_of.get(self._cluster, ())))

    def _exported(self, year: int) -> float:
        return float(self._flows.in_year(year)["value"].sum())

    def export_value(self) -> Value | None:
        """Sum up the exports of the latest year."""
        years = self._flows.years
        if not years:
            return None
        return Value(self._exported(years[-1]), years[-1], self._flows.currency)

    def export_growth(self) -> Value | None:
        """Growth of exports a year, from the first year to the last."""
        years = self._flows.years
        if len(years) < 2:
            return None
        ratio = self._exported(years[-1]) / self._exported(years[0])
        return Value(ratio ** (1 / (years[-1] - years[0])) - 1, years[-1])

    def _concentration(self, by: str, figure: str) -> Value | None:
        years = self._flows.years
        rows = self._flows.in_year(years[-1]).drop_nulls(by) if years else self._flows.rows
        if rows.is_empty():
            return None
        whole = rows.with_columns(exporter=pl.lit("all"))
        return Value(float(concentration(matrix(whole, by).values)[figure][0]), years[-1])

    def market_count(self) -> Value | None:
        """Destinations of the latest year's exports."""
        return self._concentration("destination", "count")

    def product_count(self) -> Value | None:
        """Products of the latest year's exports."""
        return self._concentration("product", "count")

    def market_concentration(self) -> Value | None:
        """Herfindahl index of the destinations."""
        return self._concentration("destination", "herfindahl")

    def product_concentration(self) -> Value | None:
        """Herfindahl index of the products."""
        return self._concentration("product", "herfindahl")

    def advantages(self) -> Value | None:
        """Products with a revealed advantage, of the cluster or on average."""
        everyone = flows(self._facts.columns, level="cluster" if self._cluster else "")
        if not everyone.years or everyone.rows["exporter"].n_unique() < 2:
            return None
        year = everyone.years[-1]
        traded = matrix(everyone.in_year(year))
        counts = specialised(revealed_advantage(traded.values)).sum(axis=1)
        if not self._cluster:
            return Value(float(counts.mean()), year)
        if self._cluster not in traded.exporters:
            return None
        return Value(float(counts[traded.row(self._cluster)]), year)

    def national_share(self) -> Value | None:
        """Share of the cluster's exports in those of its country."""
        row = self._facts.clusters.get(self._cluster)
        if not row or not self._flows.years:
            return None
        from klaster.ontology.terms import code_iri

        year = self._flows.years[-1]
        country = row.get("country") or str(row.get("region") or "")[:2]
        national = flows(self._facts.columns, level="country", currency=self._flows.currency)
        theirs = national.in_year(year).filter(
            pl.col("exporter") == code_iri("country", str(country))
        )
        whole = float(theirs["value"].sum())
        return Value(self._exported(year) / whole, year) if whole else None

    def export_share(self) -> Value | None:
        """Divide exports by revenue, of the members of which both are recorded."""
        sold = flows(self._facts.columns, level="actor")
        if not sold.years:
            return None
        exported = sold.in_year(sold.years[-1]).group_by(iri="exporter").agg(pl.col("value").sum())
        both = self._members.filter(pl.col("currency") == sold.currency).join(exported, on="iri")
        both = both.drop_nulls("revenue")
        whole = float(both["revenue"].sum())
        return Value(float(both["value"].sum()) / whole, sold.years[-1]) if whole else None

    def employees(self) -> Value | None:
        """Employees of those of whom it is recorded."""
        known = self._members["employees"].drop_nulls()
        return Value(float(known.sum())) if len(known) else None

    def revenue(self) -> Value | None:
        """Revenue of those of whom it is recorded, where it is in one currency."""
        known = self._members.drop_nulls(["revenue", "currency"])
        if known["currency"].n_unique() != 1:
            return None
        return Value(float(known["revenue"].sum()), unit=str(known["currency"][0]))

    def labour_productivity(self) -> Value | None:
        """Revenue an employee, of those of whom both are recorded, where it is in one currency."""
        known = self._members.drop_nulls(["revenue", "currency", "employees"])
        staff = float(known["employees"].sum())
        if known["currency"].n_unique() != 1 or not staff:
            return None
        return Value(float(known["revenue"].sum()) / staff, unit=str(known["currency"][0]))

    def output_quantity(self) -> Value | None:
        """Quantity made, where it is in one unit."""
        made = self._facts.columns.table("makes").drop_nulls(["quantity", "unit"])
        made = made.filter(pl.col("actor").is_in(self._members["iri"].implode()))
        if made["unit"].n_unique() != 1:
            return None
        return Value(float(made["quantity"].sum()), unit=str(made["unit"][0]))

    def supplier_concentration(self) -> Value | None:
        """Mean Herfindahl index of the suppliers of those of whose purchases values are known."""
        wanted = ("supplier", "buyer", "value", "status")
        bought = counted(self._facts.columns.links("supplies", *wanted)).filter(
            pl.col("buyer").is_in(self._members["iri"].implode())
            & (pl.col("supplier") != pl.col("buyer"))
            & (pl.col("value") > 0)
        )
        if bought.is_empty():
            return None
        rows = bought.select(exporter="buyer", product="supplier", value="value")
        return Value(_mean(concentration(matrix(rows).values)["herfindahl"]))

    def network_density(self) -> Value | None:
        """Share of the pairs of members between whom a link is recorded."""
        actors = self._facts.numbered.actors.places(self._members["iri"])
        size = len(actors)
        inside = self._facts.pairs.filter(
            pl.col("actor").is_in(actors.implode()) & pl.col("partner").is_in(actors.implode())
        )
        return Value(inside.height / (size * (size - 1))) if size > 1 else None

    def _of_card(self, item: str) -> Value | None:
        found = cards(self._facts.columns, cluster=self._cluster or None)
        values = found.filter(pl.col("item") == item)["value"]
        return Value(_mean(values)) if len(values) else None

    def helix_completeness(self) -> Value | None:
        """Share of the pairs of roles that are linked, of the cluster or on average."""
        return self._of_card("helix-completeness")

    def local_sourcing(self) -> Value | None:
        """Share of the recorded supplies to members that come from members."""
        return self._of_card("local-sourcing")

    def instrument_coverage(self) -> Value | None:
        """Mean coverage of the instruments of which it can be told."""
        known = reach(self._facts.columns)["coverage"].drop_nulls()
        return Value(_mean(known)) if len(known) else None


_COMPUTED: Final[Mapping[str, Callable[[Indicators], Value | None]]] = {
    "export-value": Indicators.export_value,
    "export-growth": Indicators.export_growth,
    "export-share": Indicators.export_share,
    "national-export-share": Indicators.national_share,
    "market-count": Indicators.market_count,
    "product-count": Indicators.product_count,
    "market-concentration": Indicators.market_concentration,
    "product-concentration": Indicators.product_concentration,
    "supplier-concentration": Indicators.supplier_concentration,
    "revealed-comparative-advantage": Indicators.advantages,
    "employees": Indicators.employees,
    "revenue": Indicators.revenue,
    "labour-productivity": Indicators.labour_productivity,
    "output-quantity": Indicators.output_quantity,
    "local-sourcing-share": Indicators.local_sourcing,
    "helix-completeness": Indicators.helix_completeness,
    "network-density": Indicators.network_density,
    "instrument-coverage": Indicators.instrument_coverage,
}

NEEDS: Final[Mapping[str, str]] = {
    "export-value": "exports",
    "export-growth": "exports-of-two-years",
    "export-share": "exports-and-revenue-of-actors",
    "national-export-share": "exports-of-country-and-cluster",
    "market-count": "exports-with-destination",
    "market-concentration": "exports-with-destination",
    "product-count": "exports",
    "product-concentration": "exports",
    "supplier-concentration": "supplies-with-value",
    "revealed-comparative-advantage": "exports-of-several",
    "employees": "employees",
    "revenue": "revenue",
    "labour-productivity": "revenue-and-employees",
    "output-quantity": "makes-with-quantity",
    "local-sourcing-share": "supplies-of-members",
    "helix-completeness": "memberships",
    "network-density": "two-actors",
    "instrument-coverage": "criteria",
}
"""What a graph lacks where an indicator cannot be told (the phrase ``lack.…``)."""


def claimed_effects(facts: Facts, *, cluster: str = "") -> pl.DataFrame:
    """Return each claimed effect with the indicators by which it can be judged, an indicator a row.

    The columns are ``cause, effect, claims`` (how many say so), ``indicator, value, year, unit``
    and ``lacking``: what would have to be recorded (``not-kept``: klaster's tables have no
    place for it). A value says how things are, not that the claimed cause brought it about.
    """
    claims = facts.columns.table("claims")
    counts = claims.group_by("cause", "effect").agg(claims=pl.col("iri").n_unique())
    known = Indicators(facts, cluster)
    values: dict[str, Value | None] = {}
    rows = []
    for cause, effect, count in counts.sort("cause", "effect").rows():
        for indicator in INDICATORS_OF.get(code_of(effect), ()):
            if indicator not in values:
                values[indicator] = known.value(indicator)
            found = values[indicator]
            lacking = "" if found else NEEDS.get(indicator, "not-kept")
            figure, year, unit = (
                (found.figure, found.year, found.unit) if found else (None, None, "")
            )
            rows.append(
                (code_of(cause), code_of(effect), count, indicator, figure, year, unit, lacking)
            )
    schema = {
        "cause": pl.String,
        "effect": pl.String,
        "claims": pl.Int64,
        "indicator": pl.String,
        "value": pl.Float64,
        "year": pl.Int64,
        "unit": pl.String,
        "lacking": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def code_of(cell: str) -> str:
    """Return the code in a cell that holds it bare or as an IRI."""
    return cell.rsplit("/", 1)[-1]


def _mean(figures: pl.Series) -> float:
    """Return the mean of some figures."""
    return float(figures.to_numpy().mean())
