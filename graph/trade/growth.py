"""Where a change in exports comes from: old or new products and markets, the world or oneself."""

from __future__ import annotations

from typing import Final

import polars as pl

PARTS: Final = ("entered", "grew", "shrank", "left")
"""The margins of a change: new flows, more or less of what there was, flows that ended."""


def margins(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Divide the change in exports between two years into its margins.

    Parameters
    ----------
    before, after
        ``exporter``, ``product``, ``destination`` (may be null) and ``value``; a flow is what an
        exporter sells of a product to a destination.

    Returns
    -------
    polars.DataFrame
        A row an exporter: ``then`` and ``now`` (values), ``entered`` (new flows), ``grew``,
        ``shrank``, ``left`` (flows that ended); ``now - then`` is their sum. ``extensive`` is
        what entered and left together, ``intensive`` the rest. To an analyst: growth on the
        extensive margin is diversification, on the intensive one more of the same.

    Examples
    --------
    >>> then = pl.DataFrame(
    ...     {
    ...         "exporter": ["a", "a"],
    ...         "product": ["yarn", "seed"],
    ...         "destination": ["TR", "TR"],
    ...         "value": [5.0, 2.0],
    ...     }
    ... )
    >>> now = pl.DataFrame(
    ...     {
    ...         "exporter": ["a", "a"],
    ...         "product": ["yarn", "cloth"],
    ...         "destination": ["TR", "DE"],
    ...         "value": [8.0, 1.0],
    ...     }
    ... )
    >>> margins(then, now).rows()
    [('a', 7.0, 9.0, 1.0, 3.0, 0.0, -2.0, 3.0, -1.0)]

    References
    ----------
    Hummels and Klenow (2005), https://doi.org/10.1257/0002828054201396
    """
    both = _beside(before, after, ["exporter", "product", "destination"])
    change = pl.col("now") - pl.col("then")
    part = (
        pl.when(pl.col("then") == 0)
        .then(pl.lit("entered"))
        .when(pl.col("now") == 0)
        .then(pl.lit("left"))
        .when(change >= 0)
        .then(pl.lit("grew"))
        .otherwise(pl.lit("shrank"))
    )
    sums = [change.filter(part == name).sum().alias(name) for name in PARTS]
    return (
        both.group_by("exporter")
        .agg(pl.col("then").sum(), pl.col("now").sum(), *sums)
        .sort("exporter")
        .with_columns(
            intensive=pl.col("grew") + pl.col("shrank"),
            extensive=pl.col("entered") + pl.col("left"),
        )
    )


def _beside(before: pl.DataFrame, after: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return the values of flows in two years beside each other, 0 where there was none."""
    then = before.group_by(keys).agg(then=pl.col("value").sum())
    now = after.group_by(keys).agg(now=pl.col("value").sum())
    joined = then.join(now, on=keys, how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(pl.col("then", "now").fill_null(0.0))


def market_shares(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    r"""Divide the change in exports into the world's growth and the exporter's own doing.

    Constant market share analysis: had the exporter kept its share of every product in every
    market, its exports would have grown with them.

    .. math:: \Delta x_c = \underbrace{g x_c}_{world}
              + \underbrace{\sum_p (g_p - g) x_{cp}}_{products}
              + \underbrace{\sum_{pd} (g_{pd} - g_p) x_{cpd}}_{markets}
              + \underbrace{\sum_{pd} (x'_{cpd} - (1 + g_{pd}) x_{cpd})}_{own}

    with *g* the growth of the exports of all, of a product, of a product to a destination. Where
    a product or market was served by nobody before, all of it is one's own doing.

    Returns
    -------
    polars.DataFrame
        A row an exporter: ``then``, ``now``, ``world``, ``products`` (whether it makes what
        grows), ``markets`` (whether it sells where demand grows), ``own`` (shares won or lost:
        competitiveness, in the sense of the method). The four add up to ``now - then``.

    Examples
    --------
    The world buys twice as much; the one exporter sells three times as much, the other the same.

    >>> def year(*values):
    ...     return pl.DataFrame(
    ...         {
    ...             "exporter": ["a", "b"],
    ...             "product": ["yarn"] * 2,
    ...             "destination": ["TR"] * 2,
    ...             "value": list(values),
    ...         }
    ...     )
    >>> market_shares(year(10.0, 10.0), year(30.0, 10.0)).rows()
    [('a', 10.0, 30.0, 10.0, 0.0, 0.0, 10.0), ('b', 10.0, 10.0, 10.0, 0.0, 0.0, -10.0)]

    References
    ----------
    Leamer and Stern (1970), Quantitative International Economics, chapter 7;
    Richardson (1971), https://doi.org/10.1016/0022-1996(71)90008-1
    """
    both = _beside(before, after, ["exporter", "product", "destination"])
    then, now = pl.col("then"), pl.col("now")
    rates = both.with_columns(
        world=_growth(then.sum(), now.sum()),
        of_product=_growth(then.sum().over("product"), now.sum().over("product")),
        of_market=_growth(
            then.sum().over("product", "destination"), now.sum().over("product", "destination")
        ),
    )
    return (
        rates.group_by("exporter")
        .agg(
            then.sum(),
            now.sum(),
            world=(pl.col("world") * then).sum(),
            products=((pl.col("of_product") - pl.col("world")) * then).sum(),
            markets=((pl.col("of_market") - pl.col("of_product")) * then).sum(),
            own=(now - (1 + pl.col("of_market")) * then).sum(),
        )
        .sort("exporter")
    )


def _growth(then: pl.Expr, now: pl.Expr) -> pl.Expr:
    return pl.when(then > 0).then(now / then - 1).otherwise(0.0)
