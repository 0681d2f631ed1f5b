"""Export potential: what is exported, how concentrated and complex it is, how it grew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from klaster.graph.asking import nearest_of
from klaster.graph.findings.export_potential import Prospects, Sold
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding
from klaster.graph.findings.product_spaces import product_space, space_of
from klaster.graph.trade.advantage import (
    concentration,
    diversity,
    revealed_advantage,
    specialised,
    ubiquity,
)
from klaster.graph.trade.complexity import Complexity, economic_complexity
from klaster.graph.trade.flows import LEVELS, Flows, Matrix, flows, matrix
from klaster.graph.trade.growth import margins, market_shares
from klaster.graph.trade.product_space import density, outlook, product_proximity
from klaster.ontology.faults import Fault
from klaster.ontology.names import fold
from klaster.ontology.terms import code_iri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_array

    from klaster.graph.store.columns import Columns

_FEWEST: Final = 2


class Potential:
    """The exports of a graph at one level and in one year, and what can be said of them.

    Parameters
    ----------
    columns
        The tables of the graph.
    level
        ``actor``, ``cluster``, ``region`` or ``country``; by default that with most exporters.
    year
        By default the latest with exports.
    currency
        By default that of most flows.
    least
        Leave out exporters that export less in a year: the few products of a very small exporter
        look rare because it is small.
    language
        Of the names.

    Raises
    ------
    Fault
        If there are no exports, or none in that year.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        level: str = "",
        year: int | None = None,
        currency: str = "",
        least: float = 0.0,
        language: str = "en",
    ) -> None:
        self.facts = Facts(columns)
        self._language = language
        self.flows: Flows = flows(columns, level=level, currency=currency, least=least)
        if not self.flows.years:
            raise Fault("fault.no-exports")
        self.year = year or self.flows.years[-1]
        if self.year not in self.flows.years:
            known = ", ".join(map(str, self.flows.years))
            raise Fault("fault.no-exports-of-year", year=self.year, known=known)
        self.traded: Matrix = matrix(self.flows.in_year(self.year))
        self.advantage: csr_array = revealed_advantage(self.traded.values)
        self.made: csr_array = specialised(self.advantage)
        self.complexity: Complexity = economic_complexity(self.made)
        self.prospects = Prospects(self.facts, space_of(self.flows, self.year))

    def label(self, iri: str) -> str:
        """Return the name of an exporter, product or destination."""
        return self.facts.name(iri)[self._language]

    def exporter(self, name: str) -> str:
        """Return the IRI of an exporter given by IRI, code or name in any language.

        Raises
        ------
        Fault
            If it exports nothing, naming the nearest.
        """
        return _named(name, self.flows.rows["exporter"].unique().sort().to_list(), self.facts)

    def exporters(self) -> pl.DataFrame:
        """Return the exporters, the most complex first.

        ``location, label, year, value, products`` and ``markets`` (how many), ``diversity`` (in
        how many products specialised), ``complexity`` (ECI), ``outlook`` (standardised),
        ``product_concentration, effective_products, market_concentration, effective_markets``
        and ``entropy`` (of the products). Null where it is not defined.
        """
        spread = concentration(self.traded.values)
        near = density(self.made, product_proximity(self.made))
        ahead = outlook(self.made, near, self.complexity.products)
        if not self.complexity.defined or not ahead.std() > 0:
            ahead = np.full(len(ahead), np.nan)
        else:
            ahead = (ahead - ahead.mean()) / ahead.std()
        frame = pl.DataFrame(
            {
                "location": self.traded.exporters,
                "label": [self.label(iri) for iri in self.traded.exporters],
                "year": [self.year] * len(self.traded.exporters),
                "value": np.asarray(self.traded.values.sum(axis=1)).ravel(),
                "products": spread["count"],
                "diversity": diversity(self.made).astype(np.int64),
                "complexity": self.complexity.exporters,
                "outlook": ahead,
                "product_concentration": spread["herfindahl"],
                "effective_products": spread["effective"],
                "entropy": spread["entropy"],
            }
        )
        return (
            frame.join(self._markets(), on="location", how="left")
            .with_columns(pl.col("complexity", "outlook").fill_nan(None))
            .select(
                *("location", "label", "year", "value", "products", "markets", "diversity"),
                *("complexity", "outlook", "product_concentration", "effective_products"),
                *("market_concentration", "effective_markets", "entropy"),
            )
            .sort(
                "complexity", "value", "location", descending=[True, True, False], nulls_last=True
            )
        )

    def _markets(self) -> pl.DataFrame:
        """Return how the destinations are spread, for exporters of whom they are recorded."""
        sold = matrix(self.flows.in_year(self.year), "destination")
        spread = concentration(sold.values)
        return pl.DataFrame(
            {
                "location": sold.exporters,
                "markets": spread["count"],
                "market_concentration": spread["herfindahl"],
                "effective_markets": spread["effective"],
            },
            schema_overrides={"location": pl.String},
        )

    def goods(self, exporter: str = "") -> pl.DataFrame:
        """Return the products of one exporter, or of all together, the most telling first.

        Of one: ``location, product, label, value, share, rca, density, complexity`` (PCI) and
        ``ubiquity``, by revealed advantage. Of all: ``product, label, value, share, exporters,
        ubiquity, complexity``, by complexity.
        """
        common = pl.DataFrame(
            {
                "product": self.traded.columns,
                "label": [self.label(iri) for iri in self.traded.columns],
                "complexity": self.complexity.products,
                "ubiquity": ubiquity(self.made).astype(np.int64),
            }
        ).with_columns(pl.col("complexity").fill_nan(None))
        if not exporter:
            value = np.asarray(self.traded.values.sum(axis=0)).ravel()
            counts = np.bincount(self.traded.values.indices, minlength=len(value))
            return (
                common.with_columns(
                    value=pl.Series(value),
                    share=pl.Series(value / value.sum()),
                    exporters=pl.Series(counts),
                )
                .select(
                    *("product", "label", "value", "share", "exporters", "ubiquity"), "complexity"
                )
                .sort("complexity", "product", descending=[True, False], nulls_last=True)
            )
        row = self.traded.row(exporter)
        value, advantage = (
            part[[row]].toarray().ravel() for part in (self.traded.values, self.advantage)
        )
        near = density(self.made[[row]], product_proximity(self.made)).ravel()
        return (
            common.with_columns(
                location=pl.lit(exporter),
                value=pl.Series(value),
                share=pl.Series(value / value.sum()),
                rca=pl.Series(advantage),
                density=pl.Series(near),
            )
            .filter(pl.col("value") > 0)
            .select(
                *("location", "product", "label", "value", "share", "rca", "density"),
                *("complexity", "ubiquity"),
            )
            .sort("rca", "product", descending=[True, False])
        )

    def near(self, product: str) -> pl.DataFrame:
        """Return the products nearest to one (``product, other, label, proximity, complexity``).

        Raises
        ------
        Fault
            If there is no such product in the product space, naming the nearest.
        """
        space = product_space(self.facts, year=self.year) or self.prospects.space
        place = space.place[_named(product, space.products, self.facts)]
        row = space.proximity[[place]].tocoo()
        others = row.coords[1]
        return (
            pl.DataFrame(
                {
                    "product": [space.products[place]] * len(others),
                    "other": [space.products[other] for other in others],
                    "label": [self.label(space.products[other]) for other in others],
                    "proximity": row.data,
                    "complexity": space.complexity[others],
                },
                schema_overrides={"product": pl.String, "other": pl.String, "label": pl.String},
            )
            .with_columns(pl.col("complexity").fill_nan(None))
            .filter(pl.col("proximity") > 0)
            .sort("proximity", "other", descending=[True, False])
        )

    def over_time(self, exporter: str = "") -> pl.DataFrame:
        """Return how concentrated exports were in each year: of one exporter, or of each.

        ``location, label, year, value, growth`` (on the year before), ``products``,
        ``product_concentration, effective_products, markets, market_concentration`` and
        ``effective_markets``.
        """
        rows = self.flows.rows
        if exporter:
            rows = rows.filter(pl.col("exporter") == exporter)
        frames = []
        for year in self.flows.years:
            now = rows.filter(pl.col("year") == year)
            if now.is_empty():
                continue
            goods, places = matrix(now), matrix(now, "destination")
            of_goods, of_places = concentration(goods.values), concentration(places.values)
            frame = pl.DataFrame(
                {
                    "location": goods.exporters,
                    "year": [year] * len(goods.exporters),
                    "value": np.asarray(goods.values.sum(axis=1)).ravel(),
                    "products": of_goods["count"],
                    "product_concentration": of_goods["herfindahl"],
                    "effective_products": of_goods["effective"],
                }
            )
            markets = pl.DataFrame(
                {
                    "location": places.exporters,
                    "markets": of_places["count"],
                    "market_concentration": of_places["herfindahl"],
                    "effective_markets": of_places["effective"],
                },
                schema_overrides={"location": pl.String},
            )
            frames.append(frame.join(markets, on="location", how="left"))
        labels = {iri: self.label(iri) for iri in rows["exporter"].unique()}
        return (
            pl.concat(frames)
            .sort("location", "year")
            .with_columns(
                label=pl.col("location").replace_strict(labels, return_dtype=pl.String),
                growth=pl.col("value") / pl.col("value").shift(1).over("location") - 1,
            )
            .select(
                *("location", "label", "year", "value", "growth", "products"),
                *("product_concentration", "effective_products", "markets"),
                *("market_concentration", "effective_markets"),
            )
        )

    def growth(self, since: int) -> pl.DataFrame:
        """Return where the change since a year comes from, the largest gain first.

        ``location, label, then, now, change``, the margins (``entered, grew, shrank, left``) and
        the parts of a constant market share analysis (``world, products, markets, own``); each
        four add up to the change.

        Raises
        ------
        Fault
            If there are no exports of that year.
        """
        if since not in self.flows.years or since >= self.year:
            known = ", ".join(str(year) for year in self.flows.years if year < self.year) or "–"
            raise Fault("fault.no-exports-of-year", year=since, known=known)
        before, after = self.flows.in_year(since), self.flows.in_year(self.year)
        own = margins(before, after)
        beside = market_shares(before, after).drop("then", "now")
        found = own.join(beside, on="exporter").rename({"exporter": "location"})
        labels = [self.label(iri) for iri in found["location"]]
        return (
            found.with_columns(label=pl.Series(labels), change=pl.col("now") - pl.col("then"))
            .select(
                *(
                    "location",
                    "label",
                    "then",
                    "now",
                    "change",
                    "entered",
                    "grew",
                    "shrank",
                    "left",
                ),
                *("world", "products", "markets", "own"),
            )
            .sort("change", "location", descending=[True, False])
        )

    @cached_property
    def _sold(self) -> Sold:
        return Sold(self.flows, self.year)

    def next_markets(self, exporter: str, *, count: int) -> list[Finding]:
        """Return the destinations nearest to where an exporter sells, with reasons."""
        return list(self.prospects.markets(self._sold, exporter, count=count))


def level_of(columns: Columns, exporter: str) -> str:
    """Return whether an exporter is an actor, a cluster, a region or a country.

    Raises
    ------
    Fault
        If there is none of this IRI, id, code or name, naming the nearest.
    """
    iri = find_exporter(columns, exporter)
    for level in ("region", "country"):
        if iri.startswith(code_iri(level, "")):
            return level
    return "cluster" if iri in Facts(columns).clusters else "actor"


def every_cluster(columns: Columns) -> list[str]:
    """Return the clusters of which a member is recorded, sorted."""
    return sorted(Facts(columns).clusters)


def find_exporter(columns: Columns, name: str) -> str:
    """Return the IRI of a cluster, actor, country or region given by IRI, id, code or name.

    Raises
    ------
    Fault
        If there is none, naming the nearest.
    """
    facts = Facts(columns)
    exporters = columns.table("exports")["exporter"].unique()
    known = [*facts.clusters, *columns.table("actors")["iri"], *exporters.sort()]
    return _named(name, list(dict.fromkeys(known)), facts)


def next_products(
    columns: Columns,
    exporters: Sequence[str],
    *,
    count: int,
    order: str = "nearness",
    strict: bool = True,
) -> list[Finding]:
    """Return the products nearest to what clusters, regions, countries or actors make.

    Parameters
    ----------
    count
        How many an exporter.
    order
        ``nearness``, or ``complexity`` or ``gain`` among the nearer half.
    strict
        Whether an exporter of whom nothing can be told is a fault; else it is passed over.

    Raises
    ------
    Fault
        If nothing tells which products are near to which, or what the exporter makes.
    """
    facts = Facts(columns)
    space = product_space(facts)
    if space is None:
        raise Fault("fault.no-product-space")
    prospects = Prospects(facts, space)
    made = Made(facts)
    found: list[Finding] = []
    for exporter in exporters:
        own = made.by(exporter)
        if strict and not any(prospects.homes.of(product) for product in own):
            raise Fault("fault.nothing-made", name=facts.name(exporter))
        found += prospects.products(exporter, own, count=count, order=order)
    return found


class Made:
    """What exporters make; the flows of each level are worked out once for all of them."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[tuple[str, int], tuple[Matrix, csr_array]] = {}

    def by(self, exporter: str) -> list[str]:
        """Return what an exporter makes: by its members' or its own records, or by its exports."""
        members = self._facts.members_of.get(exporter, (exporter,))
        made = {product for member in members for product in self._recorded.get(member, ())}
        for level, latest in self._latest.items():
            if exporter in latest:
                traded, strong = self._strong(level, latest[exporter])
                row = strong[[traded.row(exporter)]]
                made.update(traded.columns[place] for place in row.indices)
        return sorted(made)

    @cached_property
    def _recorded(self) -> dict[str, list[str]]:
        """The products that each actor is recorded to make."""
        found: dict[str, list[str]] = {}
        for actor, product in self._facts.makers.select("actor", "product").rows():
            found.setdefault(actor, []).append(product)
        return found

    @cached_property
    def _flows(self) -> dict[str, Flows]:
        return {level: flows(self._facts.columns, level=level) for level in LEVELS}

    @cached_property
    def _latest(self) -> dict[str, dict[str, int]]:
        """The last year in which each exporter of a level exports."""
        return {
            level: dict(found.rows.group_by("exporter").agg(pl.col("year").max()).rows())
            for level, found in self._flows.items()
        }

    def _strong(self, level: str, year: int) -> tuple[Matrix, csr_array]:
        """Return the exports of a year, and where exporters are specialised."""
        if (level, year) not in self._known:
            traded = matrix(self._flows[level].in_year(year))
            strong = traded.values
            if len(traded.exporters) > _FEWEST:
                strong = specialised(revealed_advantage(strong))
            self._known[level, year] = traded, strong
        return self._known[level, year]


def _named(name: str, known: Sequence[str], facts: Facts) -> str:
    """Return the one among IRIs that a name stands for."""
    spellings: dict[str, str] = {}
    for iri in known:
        words = facts.name(iri)
        for spelling in (iri, iri.rsplit("/", 1)[-1], *words.values()):
            spellings.setdefault(fold(spelling), iri)
    if fold(name) not in spellings:
        near = nearest_of(fold(name), list(spellings))
        raise Fault("fault.unknown-exporter", found=name, nearest=near)
    return spellings[fold(name)]
