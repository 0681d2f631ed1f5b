"""A made-up production network in klaster's tables, as like a country's as can be made up.

Usage: python benchmarks/generate.py FIRMS FOLDER [--links-per-firm 10] [--seed 0] [--form parquet]

Suppliers and buyers have heavy-tailed degrees; half the links stay in a region; an actor has one
industry, makes one to three of its products and mostly buys inputs of them; two in five belong
to a cluster; there are policies with instruments, criteria and awards, cooperations, exports,
owners and infrastructure. The same seed writes the same bytes. Links are drawn two million at a
time, and tables written in streams.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from cells import DAYS, chosen, days, named
from economy import (
    INDUSTRIES,
    REGIONS,
    SECTORS,
    Firms,
    Industry,
    Products,
    draw,
    draw_among,
    make_firms,
    make_products,
)
from setting import awards, cooperations, exports, infrastructure, instruments, ownerships
from supply import SERVICES, Supplies, make_supplies

ROW_GROUP: Final = 250_000
WORDS: Final = (
    "Oltin", "Yangi", "Buyuk", "Boʻston", "Chashma", "Navroʻz", "Istiqlol", "Humo", "Lola",
    "Zarafshon", "Sarbon", "Gʻuncha", "Karvon", "Mehr", "Nurli", "Orzu",
)  # fmt: skip
TRADES: Final = ("Agro", "Teks", "Savdo", "Servis", "Invest", "Trans", "Qurilish", "Plast")


def generate(
    firms: int,
    folder: Path,
    *,
    links_per_firm: float = 10,
    seed: int = 0,
    form: str = "csv",
) -> dict[str, int]:
    """Write the tables of a network as ``csv`` or ``parquet``, and return how many rows each has.

    Raises
    ------
    ValueError
        If there are too few firms for a network: fewer than ten.
    """
    if firms < 10:
        message = f"{firms} firms make no network: at least 10 do"
        raise ValueError(message)
    folder.mkdir(parents=True, exist_ok=True)
    streams = np.random.SeedSequence(seed).spawn(12)
    chance = dict(zip(_STREAMS, map(np.random.default_rng, streams), strict=True))
    clusters = max(4, firms // 250)
    products = make_products(chance["products"], firms)
    actors = make_firms(chance["firms"], firms, clusters, products)
    links = int(firms * links_per_firm)
    supplies = make_supplies(chance["supplies"], actors, products, links, len(REGIONS))
    frames = {
        "actors": _actors(chance["actors"], actors),
        "products": _products(products),
        "recipes": _recipes(chance["recipes"], products),
        "makes": _makes(chance["makes"], actors),
        **_clusters(chance["clusters"], actors, clusters),
        "supplies": _supplies(chance["links"], actors, supplies),
        "cooperations": cooperations(chance["cooperations"], actors),
        "ownerships": ownerships(chance["owners"], actors),
    }
    where = frames["clusters"].collect()
    frames |= instruments(chance["policies"], products)
    frames["awards"] = awards(chance["policies"], actors, frames["criteria"].collect())
    frames["exports"] = exports(chance["exports"], actors)
    frames["infrastructure"] = infrastructure(where)
    return {name: _write(frame, folder / f"{name}.{form}") for name, frame in frames.items()}


_STREAMS: Final = (
    "products", "firms", "supplies", "actors", "recipes", "makes", "clusters", "links",
    "cooperations", "owners", "policies", "exports",
)  # fmt: skip


def _write(frame: pl.LazyFrame, path: Path) -> int:
    if path.suffix == ".parquet":
        frame.sink_parquet(path, row_group_size=ROW_GROUP)
    else:
        frame.sink_csv(path)
    return int(frame.select(pl.len()).collect().item())


def _actors(chance: np.random.Generator, firms: Firms) -> pl.LazyFrame:
    many = len(firms.size)
    revenue = firms.employees * np.exp(chance.normal(17, 1, many))
    # Numbers of nine digits that look like tax numbers, in no order.
    stir = 200_000_000 + chance.permutation(many)
    frame = pl.LazyFrame(
        {
            "number": np.arange(many),
            "word": chance.integers(0, len(WORDS), many),
            "trade": chance.integers(0, len(TRADES), many),
            "kind": firms.kind,
            "region": firms.region,
            "industry": firms.industry,
            "stir": stir,
            "employees": firms.employees,
            "revenue": np.round(revenue),
            "known": chance.random(many),
        }
    )
    isic = tuple(one.isic for one in INDUSTRIES)
    ours = pl.col("kind").is_in(["enterprise", "logistics"])
    return frame.select(
        id=named("F", "number"),
        name=pl.concat_str(
            chosen(WORDS, "word"),
            pl.lit(" "),
            chosen(TRADES, "trade"),
            pl.lit(" "),
            pl.col("number").cast(pl.String),
        ),
        kind="kind",
        region=chosen(tuple(REGIONS), "region"),
        activity=pl.when(ours).then(chosen(isic, "industry")),
        stir=pl.when(ours & (pl.col("known") < 0.98)).then(pl.col("stir").cast(pl.String)),
        employees=pl.when(pl.col("known") > 0.05).then("employees"),
        revenue=pl.when(ours & (pl.col("known") > 0.2)).then(pl.col("revenue").cast(pl.Int64)),
        currency=pl.when(ours & (pl.col("known") > 0.2)).then(pl.lit("UZS")),
    )


def _products(products: Products) -> pl.LazyFrame:
    stages = [INDUSTRIES[place].stage for place in products.industry]
    frame = pl.LazyFrame({"number": np.arange(len(stages)), "stage": stages})
    name = pl.concat_str(pl.lit("Product "), pl.col("number").cast(pl.String))
    return frame.select(id=named("P", "number"), name=name, stage="stage")


def _recipes(chance: np.random.Generator, products: Products) -> pl.LazyFrame:
    frame = pl.LazyFrame(
        {
            "product": products.made,
            "input": products.input,
            "quantity": np.round(chance.random(len(products.made)) * 5 + 0.05, 2),
            "essential": products.essential,
        }
    )
    ends = {name: named("P", name) for name in ("product", "input")}
    return frame.select(**ends, quantity="quantity", essential="essential")


def _makes(chance: np.random.Generator, firms: Firms) -> pl.LazyFrame:
    """State half of what is made; the rest is known by who sells it."""
    stated = chance.random(len(firms.maker)) < 0.5
    frame = pl.LazyFrame({"actor": firms.maker[stated], "product": firms.product[stated]})
    return frame.select(actor=named("F", "actor"), product=named("P", "product"))


def _clusters(chance: np.random.Generator, firms: Firms, clusters: int) -> dict[str, pl.LazyFrame]:
    """Clusters of a sector and a region, a few of them large; two in five actors belong to one."""
    regions, sectors = len(REGIONS), len(SECTORS)
    region = draw(chance, list(REGIONS.values()), clusters)
    sector = chance.integers(0, sectors, clusters)
    bodies = np.flatnonzero(firms.kind == "cluster-organization")
    coverage = draw(chance, [0.3, 0.5, 0.1, 0.1], clusters)
    listed = np.array([*map(_sector_of, INDUSTRIES)])[firms.industry]
    own = np.where(listed < 0, chance.integers(0, sectors, len(listed)), listed)
    member = np.flatnonzero(chance.random(len(own)) < 0.4)
    # A cluster of one's sector and region if there is one, else one of the region, else any.
    size = (1 - chance.random(clusters)) ** (-1 / 1.5)
    home, trade = firms.region[member], own[member]
    belongs = draw_among(chance, sector * regions + region, size, trade * regions + home)
    for near in (draw_among(chance, region, size, home), draw(chance, size, len(member))):
        belongs = np.where(belongs < 0, near, belongs)
    frame = pl.LazyFrame(
        {
            "number": np.arange(clusters),
            "sector": sector,
            "region": region,
            "body": bodies[:clusters],
            "coverage": coverage,
        }
    )
    clustered = frame.select(
        id=named("C", "number"),
        name=pl.concat_str(pl.lit("Cluster "), pl.col("number").cast(pl.String)),
        sector=chosen(SECTORS, "sector"),
        region=chosen(tuple(REGIONS), "region"),
        country=pl.lit("UZ"),
        managed_by=named("F", "body"),
        coverage=chosen(("census", "survey", "news"), "coverage"),
    )
    members = pl.LazyFrame({"actor": member, "cluster": belongs})
    pairs = members.select(actor=named("F", "actor"), cluster=named("C", "cluster"))
    return {"clusters": clustered, "memberships": pairs}


def _sector_of(industry: Industry) -> int:
    return SECTORS.index(industry.sector) if industry.sector in SECTORS else -1


def _supplies(chance: np.random.Generator, firms: Firms, links: Supplies) -> pl.LazyFrame:
    many = len(links.supplier)
    trade = np.sqrt(np.minimum(firms.size[links.supplier], firms.size[links.buyer]))
    value = np.maximum(1, np.round(trade * np.exp(chance.normal(16, 1.5, many)))).astype(np.int64)
    begun = np.where(chance.random(many) < 0.2, chance.integers(0, DAYS, many), -1)
    over = (begun >= 0) & (chance.random(many) < 0.1)
    ended = np.where(over, begun + chance.integers(30, 1_500, many), -1)
    status = np.where(chance.random(many) < 0.01, chance.integers(0, 2, many), -1)
    frame = pl.LazyFrame(
        {
            "supplier": links.supplier,
            "buyer": links.buyer,
            "product": links.product,
            "service": links.service,
            "value": value,
            "status": status.astype(np.int8),
            **days({"valid_from": begun, "valid_to": ended}),
        }
    )
    return frame.select(
        supplier=named("F", "supplier"),
        buyer=named("F", "buyer"),
        product=pl.when(pl.col("product") >= 0).then(named("P", "product")),
        value="value",
        currency=pl.lit("UZS"),
        kind=chosen(SERVICES, "service"),
        status=chosen(("planned", "ended"), "status"),
        valid_from="valid_from",
        valid_to="valid_to",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("firms", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--links-per-firm", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--form", choices=["csv", "parquet"], default="csv")
    given = parser.parse_args()
    rows = generate(
        given.firms,
        given.folder,
        links_per_firm=given.links_per_firm,
        seed=given.seed,
        form=given.form,
    )
    print(", ".join(f"{name} {count:,}" for name, count in rows.items()))
