"""What each supplier is in the market of, and which inputs a buyer cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.network.network import Network, Places, row_sums, rows_of
from klaster.graph.network.systemic_risk import ESSENTIAL, NEGLIGIBLE, REPLACEABLE
from klaster.graph.store.columns import Columns
from klaster.graph.store.eligibility import broader_products
from klaster.graph.store.holding import product_makers
from klaster.ontology.codes import spellings
from klaster.ontology.faults import Fault
from klaster.ontology.names import fold

MARKETS: Final = ("activity", "product", "sector")
"""What can make suppliers stand in for each other, what tells most about it first."""

_NEEDS: Final = ("supplier_sector", "buyer_sector", "need")


@dataclass(frozen=True)
class Markets:
    """The market of each actor.

    Attributes
    ----------
    by
        One of ``MARKETS``.
    numbers
        A number of a market an actor. One of whom it is not known is a market of its own: it is
        replaced by nobody and replaces nobody.
    names
        What the numbers stand for: codes, or IRIs of products or of actors that stand alone.
    known, sellers
        Of how many of those who sell anything the market is known, and how many they are.
    """

    by: str
    numbers: Places
    names: list[str]
    known: int
    sellers: int


def markets(columns: Columns, network: Network, by: str | None = None) -> Markets:
    """Return what each actor is in the market of, as far as the tables tell.

    That is its ``activity``, the ``product`` of which it sells (else makes) most, or the
    ``sector`` of a cluster to which it belongs. By default the first of these that is known of
    at least half of the sellers, else the one that is known of most.
    """
    selling = pl.Series(row_sums(network.weights) > 0)
    found = {name: _of_each(columns, network, name) for name in ([by] if by else MARKETS)}
    known = {name: int((labels.is_not_null() & selling).sum()) for name, labels in found.items()}
    sellers = int(selling.sum())
    half = [name for name, count in known.items() if 2 * count >= sellers]
    # Of equals the first is taken.
    best = half[0] if half else max(known, key=lambda name: known[name])
    labels = pl.select(pl.coalesce(found[best], network.actors["actor"])).to_series()
    names = labels.unique().sort()
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[label] for label in labels], dtype=np.int64)
    return Markets(best, numbers, names.to_list(), known[best], sellers)


def _of_each(columns: Columns, network: Network, by: str) -> pl.Series:
    rows = {"activity": _activities, "product": _products, "sector": _sectors}[by]
    first = rows(columns, network).drop_nulls("market").unique("actor", keep="first")
    return network.actors.join(first, on="actor", how="left", maintain_order="left")["market"]


def _activities(columns: Columns, _: Network) -> pl.DataFrame:
    return columns.table("actors").select(actor="iri", market="activity")


def _products(columns: Columns, network: Network) -> pl.DataFrame:
    """Return what each actor sells, most first, then what it is only said to make."""
    product = (
        columns.links("supplies", "iri", "product")
        .rename({"product": "market"})
        .unique("iri", keep="first")
    )
    weight = "weight" if "weight" in network.links.columns else pl.lit(1.0)
    sold = (
        network.links.select("source", "iri", weight=weight)
        .join(product, on="iri")
        .group_by("source", "market")
        .agg(pl.col("weight").sum())
        .sort("source", "weight", "market", descending=[False, True, False])
    )
    named = sold.select("market", actor=network.actors["actor"].gather(sold["source"]))
    makes = columns.table("makes").select(market="product", actor="actor").sort("actor", "market")
    return pl.concat([named, makes])


def _sectors(columns: Columns, _: Network) -> pl.DataFrame:
    clusters = columns.table("clusters").select(cluster="iri", market="sector")
    members = columns.table("memberships").select("actor", "cluster")
    return members.join(clusters, on="cluster").select("actor", "market").sort("actor", "market")


@dataclass(frozen=True)
class Needs:
    """What each supply is to its buyer, in the order of the cells of ``Network.weights``.

    ``least`` takes inputs of which it is not known for replaceable, ``most`` for essential;
    ``by_table`` and ``by_recipes`` count the pairs of supplier and buyer of which a table given
    or the recipes tell it, ``pairs`` all.
    """

    least: Places
    most: Places
    by_table: int
    by_recipes: int
    pairs: int

    @property
    def known(self) -> bool:
        """Whether it is known of every supply."""
        return bool((self.least == self.most).all())


def needs(
    columns: Columns,
    network: Network,
    found: Markets,
    *,
    table: pl.DataFrame | None = None,
    unknown: int | None = None,
) -> Needs:
    """Return what each supply is to its buyer, by a table of markets and by the recipes.

    A recipe tells of a supply if the buyer makes its product and the supply is of its input, or
    of a kind of it. What several recipes or supplies of a pair tell, the gravest holds.

    Parameters
    ----------
    table
        ``supplier_sector``, ``buyer_sector`` and ``need`` (0, 1 or 2), as ``read_needs`` reads it:
        it goes before the recipes.
    unknown
        What inputs are taken for of which nothing is known, instead of both.
    """
    matrix = network.weights
    supplier, buyer = rows_of(matrix), matrix.indices.astype(np.int64)
    mild = REPLACEABLE if unknown is None else unknown
    grave = ESSENTIAL if unknown is None else unknown
    told = _by_recipes(columns, network)
    cells = np.searchsorted(supplier * network.size + buyer, told["cell"].to_numpy())
    least, most = np.full(matrix.nnz, mild), np.full(matrix.nnz, grave)
    least[cells] = told["need"].fill_null(mild).to_numpy()
    # Beside a supply of which nothing is known the other may be as grave as any.
    most[cells] = (
        told.select(
            pl.when("whole").then("need").otherwise(pl.max_horizontal("need", pl.lit(grave)))
        )
        .to_series()
        .to_numpy()
    )
    recipes = np.zeros(matrix.nnz, dtype=bool)
    recipes[cells] = True
    given = np.full(matrix.nnz, -1)
    if table is not None:
        given = _by_table(table, columns, found)[found.numbers[supplier], found.numbers[buyer]]
    sure = given >= 0
    least[sure], most[sure] = given[sure], given[sure]
    return Needs(least, most, int(sure.sum()), int((recipes & ~sure).sum()), matrix.nnz)


def _by_recipes(columns: Columns, network: Network) -> pl.DataFrame:
    """Return the gravest need by pair of supplier and buyer (``cell``) of whom recipes tell it.

    ``whole`` says whether they tell it of all supplies of the pair.
    """
    product = columns.links("supplies", "iri", "product").unique("iri", keep="first")
    recipes = columns.table("recipes").select("product", "input", "essential").drop_nulls()
    apart = network.links.filter(pl.col("source") != pl.col("target"))
    links = apart.with_columns(buyer=network.actors["actor"].gather(apart["target"])).join(
        product, on="iri", how="left"
    )
    makers = product_makers(columns).rename({"actor": "buyer", "product": "made"})
    need = (
        links.select("iri", "buyer", "product")
        .join(broader_products(columns), on="product")
        .join(makers, on="buyer")
        .join(recipes, left_on=["made", "broader"], right_on=["product", "input"])
        .group_by("iri", "buyer")
        .agg(need=pl.col("essential").max().replace_strict({True: ESSENTIAL, False: REPLACEABLE}))
    )
    return (
        links.join(need, on=["iri", "buyer"], how="left")
        .group_by(cell=pl.col("source") * network.size + pl.col("target"))
        .agg(need=pl.col("need").max().cast(pl.Int64), whole=pl.col("need").is_not_null().all())
        .drop_nulls("need")
    )


def _by_table(table: pl.DataFrame, columns: Columns, found: Markets) -> Places:
    """Return markets by markets what a table says an input is to its buyer; -1 for nothing."""
    whole = np.full((len(found.names), len(found.names)), -1)
    called = _spelled(columns, found.by)
    # Narrower activities come last, so that they go before those they are part of.
    for supplier, buyer, need in sorted(
        table.select(_NEEDS).rows(), key=lambda row: len(row[0] + row[1])
    ):
        ends = [_meant(called.get(fold(name), name), found) for name in (supplier, buyer)]
        whole[np.ix_(*ends)] = need
    return whole


def _spelled(columns: Columns, by: str) -> dict[str, str]:
    """Return what markets may be called in a table, folded, and what each stands for."""
    if by == "sector":
        return dict(spellings("sector"))
    if by == "activity":
        return {}
    rows = columns.table("products").select("iri", "id", "name", "name_en", "name_ru", "name_uz")
    return {fold(word): row[0] for row in rows.rows() for word in row if word}


def _meant(name: str, found: Markets) -> list[int]:
    """Return the numbers of the markets that a name stands for: an activity with all below it."""
    if found.by == "activity":
        return [at for at, market in enumerate(found.names) if market.startswith(name)]
    return [at for at, market in enumerate(found.names) if market == name]


def read_needs(path: str | Path) -> pl.DataFrame:
    """Read a CSV file that says what inputs are to buyers, by market of supplier and of buyer.

    Its columns are ``supplier_sector``, ``buyer_sector`` and ``need``: 0 if nothing is lost
    without the input, 1 if a proportionate share is, 2 if nothing is made without it.

    Raises
    ------
    Fault
        If the file cannot be read, lacks a column, or a need is neither 0, 1 nor 2.
    """
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as reason:
        raise Fault("fault.needs-file", path=path, reason=str(reason)[:200]) from reason
    lacking = [name for name in _NEEDS if name not in rows.columns]
    if lacking:
        raise Fault("fault.needs-columns", path=path, columns=", ".join(lacking))
    known = {str(need): need for need in (NEGLIGIBLE, REPLACEABLE, ESSENTIAL)}
    for row, (supplier, buyer, need) in enumerate(rows.select(_NEEDS).rows(), start=2):
        if not supplier or not buyer or need not in known:
            raise Fault("fault.needs-row", path=path, row=row, found=need or "")
    return rows.select(
        "supplier_sector",
        "buyer_sector",
        pl.col("need").replace_strict(known, return_dtype=pl.Int64),
    )
