"""The public data of the comparison as layers, read from a folder that holds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from klaster.graph.findings.layer import Layer


def cordis(folder: Path) -> Layer:
    """Cooperation in projects of Horizon 2020 on food: participants, days, contributions."""
    texts = {"pic": pl.String, "rcn": pl.String}
    takers = pl.read_csv(folder / "participations.csv", schema_overrides=texts)
    projects = pl.read_csv(
        folder / "projects.csv", schema_overrides={"rcn": pl.String}, try_parse_dates=True
    )
    actors = (
        takers.select(iri="pic", kind="type", country="country")
        .unique("iri", keep="first", maintain_order=True)
        .sort("iri")
        .with_columns(label=pl.col("iri"))
    )
    places = actors.select(pic="iri").with_row_index("at")
    placed = (
        takers.join(projects.select("rcn", "start_date"), on="rcn")
        .join(places, on="pic")
        .select("rcn", "at", "start_date", "contribution")
    )
    pairs = (
        placed.join(placed, on="rcn")
        .filter(pl.col("at") < pl.col("at_right"))
        .select(
            source="at",
            target="at_right",
            event="rcn",
            date="start_date",
            source_value="contribution",
            target_value="contribution_right",
        )
    )
    return Layer.of("cooperation", actors, None, pairs)


def cordis_truth(folder: Path) -> pl.DataFrame:
    """Return the pairs that were new from 2019 on."""
    texts = {"pic_a": pl.String, "pic_b": pl.String}
    return pl.read_csv(folder / "truth_new_pairs_2019plus.csv.gz", schema_overrides=texts)


def _table(rows: pl.DataFrame, actor: str, product: str, depth: int) -> Layer:
    """Return the layer of who has what; a product's class is the beginning of its code."""
    actors = rows.select(iri=actor).unique().sort("iri")
    products = rows.select(iri=product).unique().sort("iri")
    products = products.with_columns(parent=pl.col("iri").str.slice(0, depth))
    records = pl.DataFrame(
        {
            "source": np.asarray(actors["iri"].search_sorted(rows[actor]), dtype=np.int64),
            "target": np.asarray(products["iri"].search_sorted(rows[product]), dtype=np.int64),
        }
    )
    return Layer.of("actor-product", actors, products, records)


def uses(folder: Path) -> Layer:
    """Which industry of the United States uses which commodity (2012)."""
    texts = {"commodity": pl.String, "industry": pl.String}
    rows = pl.read_csv(folder / "use_2012.csv.gz", schema_overrides=texts)
    return _table(rows.filter(pl.col("value_musd") > 0), "industry", "commodity", 3)


def exports(folder: Path) -> Layer:
    """Which country exports which product more than the world does (1998–2000)."""
    rows = pl.read_csv(folder / "trade.csv.gz", schema_overrides={"product": pl.String})
    own = pl.col("value") / pl.col("value").sum().over("country")
    world = pl.col("value").sum().over("product") / pl.col("value").sum()
    return _table(rows.filter(own / world >= 1), "country", "product", 2)
