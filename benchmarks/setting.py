"""What surrounds a made-up network: policies and whom they reach, cooperations, owners, exports."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from cells import DAYS, chosen, days, named
from economy import INDUSTRIES, REGIONS, SECTORS, Firms, Products, Whole, draw, draw_among

POLICIES: Final = 6
INSTRUMENTS: Final = 30
_KINDS: Final = (
    "tax-privilege", "customs-privilege", "subsidy", "grant", "investment-grant", "export-credit",
    "export-insurance", "guarantee", "transport-compensation", "concessional-credit",
)  # fmt: skip
_COOPERATIONS: Final = (
    "joint-rd", "technology-transfer", "joint-marketing", "experience-exchange", "training",
    "joint-procurement", "agreement",
)  # fmt: skip
_MARKETS: Final = ("RU", "KZ", "CN", "TR", "AF", "KG", "TJ", "DE", "IN", "PL", "AE", "KR")


def instruments(chance: np.random.Generator, products: Products) -> dict[str, pl.LazyFrame]:
    """Return policies, their instruments, and criteria: two alternatives an instrument."""
    policies = pl.LazyFrame({"number": np.arange(POLICIES)}).select(
        id=named("L", "number"),
        title=pl.concat_str(pl.lit("Decree "), pl.col("number").cast(pl.String)),
        kind=pl.lit("decree"),
        date=pl.concat_str((pl.col("number") + 2018).cast(pl.String), pl.lit("-03-01")),
        status=pl.lit("in-force"),
    )
    number = np.arange(INSTRUMENTS)
    listed = pl.LazyFrame(
        {
            "number": number,
            "policy": number % POLICIES,
            "kind": number % len(_KINDS),
            "amount": 10_000_000 * chance.integers(1, 500, INSTRUMENTS),
        }
    ).select(
        id=named("I", "number"),
        policy=named("L", "policy"),
        kind=chosen(_KINDS, "kind"),
        title=pl.concat_str(pl.lit("Instrument "), pl.col("number").cast(pl.String)),
        amount="amount",
        currency=pl.lit("UZS"),
        status=pl.lit("in-force"),
    )
    return {"policies": policies, "instruments": listed, "criteria": _criteria(chance, products)}


def _criteria(chance: np.random.Generator, products: Products) -> pl.LazyFrame:
    many = 2 * INSTRUMENTS
    isic = tuple(one.isic for one in INDUSTRIES)
    frame = pl.LazyFrame(
        {
            "instrument": np.arange(many) // 2,
            "region": _some(chance, 0.5, chance.integers(0, len(REGIONS), many)),
            "sector": _some(chance, 0.3, chance.integers(0, len(SECTORS), many)),
            "activity": _some(chance, 0.3, chance.integers(0, len(isic), many)),
            "product": _some(chance, 0.2, chance.integers(0, len(products.industry), many)),
            "exporter": _some(chance, 0.1, np.zeros(many, dtype=np.int64)),
            "most": chance.integers(20, 500, many),
        }
    )
    return frame.select(
        instrument=named("I", "instrument"),
        region=chosen(tuple(REGIONS), "region"),
        sector=chosen(SECTORS, "sector"),
        kind=pl.lit("enterprise"),
        role=chosen(("exporter",), "exporter"),
        activity=chosen(isic, "activity"),
        product=pl.when(pl.col("product") >= 0).then(named("P", "product")),
        max_employees="most",
    )


def _some(chance: np.random.Generator, share: float, places: Whole) -> Whole:
    return np.where(chance.random(len(places)) < share, places, -1)


def awards(chance: np.random.Generator, firms: Firms, criteria: pl.DataFrame) -> pl.LazyFrame:
    """Return awards to one actor in forty, most to whom a region and a size are asked of."""
    many = len(firms.size)
    regions = list(REGIONS)
    found = []
    for row in criteria.iter_rows(named=True):
        meant = (firms.kind == "enterprise") & (firms.employees <= row["max_employees"])
        if row["region"]:
            meant &= firms.region == regions.index(row["region"])
        count = many // 40 // criteria.height + 1
        right = chance.choice(np.flatnonzero(meant), count) if meant.any() else np.empty(0, int)
        others = chance.integers(0, many, count // 8)
        taken = np.unique(np.concatenate([right, others]))
        found.append(pl.select(instrument=pl.lit(row["instrument"]), to=pl.Series(taken)))
    rows = pl.concat(found).unique(maintain_order=True)
    amount = np.round(np.exp(chance.normal(17, 1, rows.height))).astype(np.int64)
    given = chance.integers(2018, 2026, rows.height)
    return (
        rows.lazy()
        .with_columns(amount=amount, year=given)
        .select(
            instrument="instrument",
            beneficiary=named("F", "to"),
            amount="amount",
            currency=pl.lit("UZS"),
            valid_from=pl.col("year").cast(pl.String),
        )
    )


def cooperations(chance: np.random.Generator, firms: Firms) -> pl.LazyFrame:
    """Return cooperations, one to ten actors, of two to five: half of whom are near the first."""
    count = len(firms.size) // 10 + 1
    weight = np.sqrt(firms.size) * np.where(np.isin(firms.kind, ("research", "university")), 8, 1)
    first = draw(chance, weight, count)
    which = np.repeat(np.arange(count), 1 + draw(chance, [0.6, 0.25, 0.1, 0.05], count))
    near = draw_among(chance, firms.region, weight, firms.region[first][which])
    others = np.where(chance.random(len(which)) < 0.4, near, draw(chance, weight, len(which)))
    pairs = np.unique(
        np.stack([np.concatenate([np.arange(count), which]), np.concatenate([first, others])], 1),
        axis=0,
    )
    kind = chance.integers(0, len(_COOPERATIONS), count)
    begun = np.where(chance.random(count) < 0.6, chance.integers(0, DAYS, count), -1)
    # One in which nobody else came to take part is none.
    several = np.bincount(pairs[:, 0], minlength=count)[pairs[:, 0]] > 1
    which, who = pairs[several, 0], pairs[several, 1]
    return pl.LazyFrame(
        {"number": which, "actor": who, "kind": kind[which], **days({"begun": begun[which]})}
    ).select(
        id=named("K", "number"),
        kind=chosen(_COOPERATIONS, "kind"),
        participant=named("F", "actor"),
        valid_from="begun",
    )


def ownerships(chance: np.random.Generator, firms: Firms) -> pl.LazyFrame:
    """Return owners of one actor in fifty: larger than what they own, so that none owns itself."""
    count = len(firms.size) // 50 + 1
    owned = np.unique(chance.integers(0, len(firms.size), count))
    owner = draw(chance, firms.size, len(owned))
    above = firms.size[owner] > firms.size[owned]
    share = np.round(chance.random(len(owned)) * 0.9 + 0.1, 2)
    frame = pl.LazyFrame({"owner": owner, "owned": owned, "share": share}).filter(above)
    return frame.select(owner=named("F", "owner"), owned=named("F", "owned"), share="share")


def exports(chance: np.random.Generator, firms: Firms) -> pl.LazyFrame:
    """Return what one maker in thirty exports in three years."""
    chosen_ones = np.flatnonzero(chance.random(len(firms.maker)) < 0.03)
    rows = np.repeat(chosen_ones, 3 * (1 + draw(chance, [0.6, 0.3, 0.1], len(chosen_ones))))
    value = np.round(firms.size[firms.maker[rows]] * np.exp(chance.normal(9, 1.5, len(rows))))
    frame = pl.LazyFrame(
        {
            "exporter": firms.maker[rows],
            "product": firms.product[rows],
            "destination": chance.integers(0, len(_MARKETS), len(rows)),
            "year": 2022 + np.arange(len(rows)) % 3,
            "value": np.maximum(1, value).astype(np.int64),
        }
    ).unique(["exporter", "product", "destination", "year"], keep="first", maintain_order=True)
    return frame.select(
        exporter=named("F", "exporter"),
        product=named("P", "product"),
        destination=chosen(_MARKETS, "destination"),
        year="year",
        value="value",
        currency=pl.lit("USD"),
    )


def infrastructure(clusters: pl.DataFrame) -> pl.LazyFrame:
    """Return a technopark and a logistics centre a region, which serve its clusters."""
    kinds = ("technopark", "logistics-centre")
    by_region = clusters.sort("id").group_by("region", maintain_order=True).agg("id")
    served = dict(by_region.rows())
    rows = [
        (f"{kind} {region}", f"{kind} of {region}", kind, region, ";".join(served.get(region, ())))
        for region in REGIONS
        for kind in kinds
    ]
    columns = ("id", "name", "kind", "region", "serves")
    return pl.LazyFrame(rows, schema=columns, orient="row")
