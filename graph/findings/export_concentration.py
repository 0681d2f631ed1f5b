"""How concentrated exports are: on few products, on few markets."""

from __future__ import annotations

import polars as pl

from klaster.graph.store.columns import Columns

_FLOW = ("exporter", "product", "destination", "year", "currency")


def flows(columns: Columns) -> pl.DataFrame:
    """Return the recorded export flows above zero, a flow that is stated twice with the larger value.

    The columns are ``exporter, product, destination, year, currency, value``.
    """
    exports = columns.table("exports").filter(pl.col("value") > 0)
    return exports.group_by(_FLOW).agg(pl.col("value").max()).sort(_FLOW)


def concentration(columns: Columns) -> pl.DataFrame:
    """Return how an exporter's recorded exports of a year are spread, a row an exporter and year.

    The columns are ``exporter, year, currency, value, products, product_index, markets,
    market_index``. An index is the Herfindahl-Hirschman one, the sum of the squared shares: 1
    where all is one product (or goes to one market), 1/n where n have equal shares. Above a
    quarter, what happens to one product or market is felt in the whole. ``market_index`` is null
    where the destination of a flow is not recorded. Years and currencies are kept apart.

    References
    ----------
    Hirschman (1964), The Paternity of an Index, American Economic Review 54(5)
    """
    found = flows(columns)
    keys = ["exporter", "year", "currency"]
    total = found.group_by(keys).agg(
        pl.col("value").sum(),
        pl.col("destination").is_null().any().alias("unplaced"),
    )
    products = _index(found, keys, "product").rename(
        {"parts": "products", "index": "product_index"}
    )
    markets = _index(found.drop_nulls("destination"), keys, "destination").rename(
        {"parts": "markets", "index": "market_index"}
    )
    return (
        total.join(products, on=keys, how="left", nulls_equal=True)
        .join(markets, on=keys, how="left", nulls_equal=True)
        .with_columns(
            pl.col("markets").fill_null(0),
            market_index=pl.when(~pl.col("unplaced")).then("market_index"),
        )
        .select(*keys, "value", "products", "product_index", "markets", "market_index")
        .sort(
            pl.col("year"),
            pl.col("value"),
            "exporter",
            "currency",
            descending=[True, True, False, False],
            nulls_last=True,
        )
    )


def _index(found: pl.DataFrame, keys: list[str], part: str) -> pl.DataFrame:
    parts = found.group_by([*keys, part]).agg(pl.col("value").sum())
    share = pl.col("value") / pl.col("value").sum()
    return parts.group_by(keys).agg(parts=pl.len().cast(pl.Int64), index=(share**2).sum())
