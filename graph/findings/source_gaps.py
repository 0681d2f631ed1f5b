"""Where sources of supply are too few: one supplier, or several who depend on one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.findings.supply_gaps import (
    SHOWN,
    actor_iris,
    cluster_iri,
    essential,
    product_iri,
    told_essential,
)
from klaster.ontology.labels import phrase_words

CONCENTRATED: Final = 0.5
"""A Herfindahl index above this means fewer than two equal suppliers' worth of choice."""
_PURCHASE: Final = ["buyer", "product"]
_PLACE: Final = ["cluster", "product"]


def single_sources(facts: Facts) -> Iterator[Finding]:
    """G2: products that a cluster, or some buyers in it, take from one supplier only.

    So too where one of several suppliers has so much of the recorded shares that the Herfindahl
    index of a buyer is above 0.5; suppliers without a recorded share have equal parts of what is
    left. Severity is the highest index among the buyers concerned, times how essential the input
    is (1 where a recipe says so, else ½), times the share of the cluster's members that they
    are. Buyers in no cluster are looked at together. To an analyst: what stops if one firm does.
    """
    narrow = _of_clusters(facts, _narrow(facts))
    groups = _groups(narrow)
    if facts.cluster:
        groups = facts.of_scope(groups.drop_nulls("cluster"))
    everyone = facts.columns.table("actors").height
    whole = facts.overall_coverage == "unknown"
    rows = groups.join(facts.unknown, on="cluster", how="left").with_columns(
        pl.col("size").fill_null(everyone), pl.col("unknown").fill_null(whole)
    )
    weight = pl.when(essential(facts)).then(1.0).otherwise(0.5)
    severity = pl.col("herfindahl") * weight * pl.col("concerned") / pl.col("size")
    found = facts.worst("G2", rows.with_columns(severity=severity), *_PLACE)
    told = _told(facts, found, narrow)
    joined = found.join(told, on=_PLACE, maintain_order="left", nulls_equal=True)
    for row in joined.iter_rows(named=True):
        yield _single_source(facts, row)


def single_sourced(facts: Facts) -> pl.DataFrame:
    """Return which products come to which cluster from too few suppliers, as G2 finds them.

    ``cluster`` (place; null: buyers in none) and ``product`` (place), and of the buyers concerned
    how many there are, the highest ``herfindahl``, and whether each has a ``sole`` supplier.
    """
    return _groups(_of_clusters(facts, _narrow(facts)))


def _groups(narrow: pl.DataFrame) -> pl.DataFrame:
    return narrow.group_by(_PLACE).agg(
        concerned=pl.len(),
        herfindahl=pl.col("herfindahl").max(),
        sole=(pl.col("suppliers") == 1).all(),
    )


def _narrow(facts: Facts) -> pl.DataFrame:
    """Return whose purchases of what are concentrated: ``herfindahl``, ``suppliers`` (how many).

    Several suppliers of whom no share is recorded have equal parts, and so are never too few.
    """
    supplies = facts.numbered.supplies.drop_nulls("product")
    bought = supplies.group_by(_PURCHASE).agg(
        first=pl.col("supplier").min(),
        last=pl.col("supplier").max(),
        shares=pl.col("share").count(),
    )
    one = bought.filter(pl.col("first") == pl.col("last")).select(
        *_PURCHASE, herfindahl=pl.lit(1.0), suppliers=pl.lit(1, pl.UInt32)
    )
    several = bought.filter((pl.col("first") != pl.col("last")) & (pl.col("shares") > 0))
    shared = supplies.join(several, on=_PURCHASE, how="semi")
    return pl.concat([one, _concentrated(shared)])


def _concentrated(supplies: pl.DataFrame) -> pl.DataFrame:
    """Return the purchases from several suppliers of which one has too much."""
    each = (
        supplies.group_by(*_PURCHASE, "supplier")
        .agg(pl.col("share").sum(), known=pl.col("share").count() > 0)
        .sort(*_PURCHASE, "supplier")
    )
    left = (1 - pl.col("share").sum()).clip(lower_bound=0)
    share = pl.when("known").then("share").otherwise(left / (~pl.col("known")).sum())
    total = pl.when(share.sum() > 0).then(share.sum()).otherwise(1.0)
    found = each.group_by(_PURCHASE).agg(
        herfindahl=((share / total) ** 2).sum(), suppliers=pl.len().cast(pl.UInt32)
    )
    return found.filter(pl.col("herfindahl") > CONCENTRATED)


def _of_clusters(facts: Facts, purchases: pl.DataFrame) -> pl.DataFrame:
    """Return purchases with each cluster of the buyer, null where it is in none."""
    members = facts.numbered.members.rename({"actor": "buyer"})
    return purchases.join(members, on="buyer", how="left")


def _told(facts: Facts, found: pl.DataFrame, narrow: pl.DataFrame) -> pl.DataFrame:
    """Return what is told of the findings: who buys, of whom, by which records.

    ``buyers`` counts all who buy the product, ``narrow`` are those concerned, ``close`` whom
    these buy from, ``all_suppliers`` counts those of all buyers.
    """
    products = found["product"].unique().implode()
    supplies = facts.numbered.supplies.filter(pl.col("product").is_in(products))
    mine = _of_clusters(facts, supplies).join(found, on=_PLACE, how="semi", nulls_equal=True)
    theirs = mine.join(narrow, on=[*_PURCHASE, "cluster"], how="semi", nulls_equal=True)
    counted = mine.group_by(_PLACE).agg(
        buyers=pl.col("buyer").n_unique(), all_suppliers=pl.col("supplier").n_unique()
    )
    named = theirs.group_by(_PLACE).agg(
        narrow=pl.col("buyer").unique().sort(),
        close=pl.col("supplier").unique().sort(),
        records=pl.col("iri").unique().sort(),
    )
    return counted.join(named, on=_PLACE, nulls_equal=True)


def _single_source(facts: Facts, row: dict[str, object]) -> Finding:
    place = row["cluster"]
    cluster = "" if place is None else cluster_iri(facts, int(str(place)))
    product = product_iri(facts, int(str(row["product"])))
    narrow, close = (actor_iris(facts, _list(row[name])) for name in ("narrow", "close"))
    herfindahl = float(str(row["herfindahl"]))
    suppliers = int(str(row["all_suppliers"]))
    kind = "finding.G2" if suppliers == 1 else "finding.G2.buyers"
    if not row["sole"]:
        kind = "finding.G2.concentrated"
    return make_finding(
        "G2",
        float(str(row["severity"])),
        phrase=kind,
        subjects=(*filter(None, (cluster,)), *narrow),
        numbers={
            "suppliers": suppliers,
            "herfindahl": herfindahl,
            "equal_suppliers": 1 / herfindahl,
            "buyers": int(str(row["buyers"])),
            "buyers_concerned": len(narrow),
            "essential": told_essential(facts, product),
        },
        evidence=(product, *close, *map(str, _list(row["records"]))),
        coverage=facts.coverage_of_scope(cluster),
        words={
            "product": facts.name(product),
            "supplier": facts.names(close),
            "scope": facts.name(cluster) if cluster else phrase_words("finding.graph"),
            "buyers": int(str(row["buyers"])),
            "concerned": facts.names(narrow),
            "count": len(narrow),
        },
        product=product,
    )


def _list(values: object) -> list[int]:
    return values if isinstance(values, list) else []


def common_sources(facts: Facts) -> Iterator[Finding]:
    """G3: buyers whose several suppliers of a product have one source of an essential input in common.

    It fires where the suppliers' own recorded suppliers of the input intersect in exactly one
    actor. Severity is the share of the buyer's supply of the product that rests on that actor,
    where a supplier takes equal parts of the input from each of its sources. To an analyst: two
    suppliers here are no safer than one.
    """
    pairs, upstream = _tiers(facts)
    if pairs.is_empty() or upstream.is_empty():
        return
    key = ["buyer", "product", "input", "source"]
    rows = (
        _in_common(facts, pairs, upstream)
        .group_by(key)
        .agg(severity=(1 / pl.col("sources").sort()).mean(), supplier=pl.col("supplier").sort())
        .with_columns(actor="buyer")
        .join(facts.unknown_of_actors, on="actor", how="left")
        .with_columns(pl.col("unknown").fill_null(facts.overall_coverage == "unknown"))
    )
    for row in facts.worst("G3", facts.of_scope(rows), *key).iter_rows(named=True):
        product, needed = (product_iri(facts, row[name]) for name in ("product", "input"))
        buyer, source, *suppliers = actor_iris(
            facts, [row["buyer"], row["source"], *row["supplier"]]
        )
        yield make_finding(
            "G3",
            row["severity"],
            subjects=(buyer,),
            numbers={
                "suppliers": len(suppliers),
                "sources_in_common": 1,
                "share": row["severity"],
            },
            evidence=(product, needed, source, *suppliers[:SHOWN]),
            coverage=facts.coverage_of(buyer),
            words={
                "buyer": facts.name(buyer),
                "product": facts.name(product),
                "input": facts.name(needed),
                "source": facts.name(source),
                "count": len(suppliers),
            },
            product=needed,
        )


def _tiers(facts: Facts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return who buys what of whom, with what making it takes, and who sells that to the seller.

    Only buyers with two suppliers or more are kept, all of whom have a recorded source. What an
    actor has to do with a product is one number (``purchase``, ``sourcing``), since one is joined
    and counted several times as fast as two.
    """
    known = facts.numbered
    recipes = known.recipes
    supplies = known.supplies.drop_nulls("product").select("buyer", "product", "supplier")
    inputs, made = (recipes[name].unique().implode() for name in ("input", "product"))
    upstream = (
        known.serving(supplies)
        .filter(pl.col("product").is_in(inputs))
        .select(_pair(facts, "buyer", "product").alias("sourcing"), source="supplier")
        .unique()
    )
    sources = upstream.group_by("sourcing").agg(sources=pl.len())
    bought = supplies.filter(pl.col("product").is_in(made)).select(
        "product", "supplier", purchase=_pair(facts, "buyer", "product")
    )
    several = (
        bought.group_by("purchase")
        .agg(first=pl.col("supplier").min(), last=pl.col("supplier").max())
        .filter(pl.col("first") != pl.col("last"))
    )
    pairs = (
        bought.join(several, on="purchase", how="semi")
        .unique()
        .with_columns(suppliers=pl.len().over("purchase"))
        .join(recipes, on="product")
        .with_columns(sourcing=_pair(facts, "supplier", "input"))
        .join(sources, on="sourcing")
        .filter(pl.len().over("purchase", "input") == pl.col("suppliers"))
        .drop("product")
    )
    return pairs, upstream


def _pair(facts: Facts, actor: str, product: str) -> pl.Expr:
    """Return one number for an actor and a product."""
    return pl.col(actor).cast(pl.UInt64) * len(facts.numbered.products) + pl.col(product)


def _in_common(facts: Facts, pairs: pl.DataFrame, upstream: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs all of whose sellers share exactly one source, with that source.

    What all have in common is among the sources of the seller that has fewest, so only those
    are looked for with the others.
    """
    group = ["purchase", "input"]
    fewest = pairs.group_by(group).agg(pl.col("sourcing").sort_by("sources", "supplier").first())
    candidates = fewest.join(upstream, on="sourcing").select(*group, "source")
    products = len(facts.numbered.products)
    return (
        pairs.join(candidates, on=group)
        .join(upstream, on=["sourcing", "source"], how="semi")
        .filter(pl.len().over(*group, "source") == pl.col("suppliers"))
        .filter(pl.col("source").n_unique().over(group) == 1)
        .with_columns(
            buyer=(pl.col("purchase") // products).cast(pl.UInt32),
            product=(pl.col("purchase") % products).cast(pl.UInt32),
        )
    )
