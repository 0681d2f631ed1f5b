"""What clusters lack in supply: inputs that nobody makes, or that nobody near sells to who needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, make_finding

SHOWN: Final = 5
"""So many candidates and records are kept of a finding that rests on very many."""
_PAIR: Final = ["actor", "product"]
_PLACE: Final = ["cluster", "product"]


def uncovered_inputs(facts: Facts) -> Iterator[Finding]:
    """G1: products that members need, nobody in the cluster makes, and some have no supplier of.

    Severity is the share of the cluster's recorded needs that the uncovered ones are; 1 where a
    recipe calls the input essential and no member that needs it has a supplier. A kind of the
    product serves for it. To an analyst: look for a maker to attract, or a supplier abroad.
    """
    known = facts.numbered
    needs = _needs(facts)
    made = known.serving(_makes(facts)).select(_PLACE).unique()
    unmade = needs.join(made, on=_PLACE, how="anti")
    uncovered = _unserved(facts, unmade)
    counts = (
        uncovered.group_by(_PLACE)
        .len("lacking")
        .join(unmade.group_by(_PLACE).len("needers"), on=_PLACE)
        .join(needs.group_by("cluster").len("all"), on="cluster")
        .join(facts.unknown, on="cluster")
    )
    lost = essential(facts) & (pl.col("lacking") == pl.col("needers"))
    share = pl.col("lacking") / pl.col("all")
    found = facts.worst(
        "G1",
        facts.of_scope(counts).with_columns(severity=pl.when(lost).then(1.0).otherwise(share)),
        *_PLACE,
    )
    who = unmade.join(found, on=_PLACE, how="semi").group_by(_PLACE).agg(pl.col("actor").sort())
    for row in found.join(who, on=_PLACE, maintain_order="left").iter_rows(named=True):
        cluster, product = cluster_iri(facts, row["cluster"]), product_iri(facts, row["product"])
        yield make_finding(
            "G1",
            row["severity"],
            subjects=(cluster,),
            numbers={
                "needers": row["needers"],
                "uncovered": row["lacking"],
                "makers": 0,
                "essential": told_essential(facts, product),
            },
            evidence=(product, *actor_iris(facts, row["actor"])),
            coverage=facts.coverage(cluster),
            words={
                "product": facts.name(product),
                "cluster": facts.name(cluster),
                "needers": row["needers"],
                "uncovered": row["lacking"],
            },
            product=product,
        )


def _needs(facts: Facts) -> pl.DataFrame:
    """Return what members need (``actor, product, cluster``)."""
    return facts.numbered.needers.join(facts.numbered.members, on="actor")


def _makes(facts: Facts) -> pl.DataFrame:
    return facts.numbered.makers.join(facts.numbered.members, on="actor")


def essential(facts: Facts) -> pl.Expr:
    """Return whether some recipe calls a product essential."""
    return pl.col("product").is_in(facts.numbered.recipes["input"].unique().implode())


def told_essential(facts: Facts, product: str) -> str:
    """Return what a finding says of whether a product is essential."""
    return "yes" if product in facts.essential else "not recorded"


def cluster_iri(facts: Facts, place: int) -> str:
    """Return the IRI of a cluster."""
    return facts.numbered.clusters.iri(place)


def product_iri(facts: Facts, place: int) -> str:
    """Return the IRI of a product."""
    return facts.numbered.products.iri(place)


def actor_iris(facts: Facts, places: list[int]) -> tuple[str, ...]:
    """Return the IRIs of actors."""
    return tuple(map(facts.numbered.actors.iri, places))


def _unserved(facts: Facts, needs: pl.DataFrame) -> pl.DataFrame:
    """Return the needs of actors whom nobody supplies with the product or with a kind of it."""
    supplies = facts.numbered.supplies.select(actor="buyer", product="product").drop_nulls()
    bought = supplies.join(needs.select("actor").unique(), on="actor", how="semi")
    served = facts.numbered.serving(bought.unique())
    return needs.join(served, on=_PAIR, how="anti")


def unmatched_inputs(facts: Facts) -> Iterator[Finding]:
    """G1b: what a member needs, others in its cluster make, and none of them supplies it with.

    Severity is the need's share of the cluster's recorded needs, or 1 where the input is
    essential and the member has no supplier at all; all makers in the cluster are candidates,
    so that their share of its capacity is whole. To an analyst: the nearest link to make.
    """
    needs = _needs(facts)
    made = facts.numbered.serving(_makes(facts)).unique()
    unmatched = facts.of_scope(_unmatched(facts, needs, made))
    lacking = _unserved(facts, unmatched.filter(essential(facts)))
    rows = (
        unmatched.join(
            lacking.with_columns(stops=pl.lit(value=True)), on=[*_PAIR, "cluster"], how="left"
        )
        .join(needs.group_by("cluster").len("all"), on="cluster")
        .join(facts.unknown, on="cluster")
        .with_columns(severity=pl.when("stops").then(1.0).otherwise(1 / pl.col("all")))
    )
    found = facts.worst("G1b", rows, "cluster", "product", "actor")
    unserved = _unserved(facts, found.select(*_PAIR, "cluster")).with_columns(
        unserved=pl.lit(value=True)
    )
    makers = (
        made.join(found, on=_PLACE, how="semi")
        .group_by(_PLACE)
        .agg(makers=pl.col("actor").unique().sort())
    )
    told = found.join(makers, on=_PLACE, maintain_order="left").join(
        unserved, on=[*_PAIR, "cluster"], how="left", maintain_order="left"
    )
    for row in told.iter_rows(named=True):
        yield _unmatched_input(facts, row)


def _unmatched(facts: Facts, needs: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Return what members need, do not make, and buy of no other member, who make it."""
    members = facts.numbered.members
    supplies = facts.numbered.supplies.select("supplier", "buyer", "product").drop_nulls()
    inside = (
        supplies.join(members.select(supplier="actor").unique(), on="supplier", how="semi")
        .join(members.rename({"actor": "buyer"}), on="buyer")
        .join(members.rename({"actor": "supplier"}), on=["supplier", "cluster"])
        .select("cluster", "product", actor="buyer")
        .unique()
    )
    key = ["cluster", *_PAIR]
    return (
        needs.join(made.select(_PLACE).unique(), on=_PLACE)
        .join(made, on=key, how="anti")
        .join(facts.numbered.serving(inside), on=key, how="anti")
    )


def _unmatched_input(facts: Facts, row: dict[str, object]) -> Finding:
    cluster, product = (
        cluster_iri(facts, _int(row["cluster"])),
        product_iri(facts, _int(row["product"])),
    )
    (actor,) = actor_iris(facts, [_int(row["actor"])])
    places = row["makers"]
    candidates = actor_iris(facts, places if isinstance(places, list) else [])
    return make_finding(
        "G1b",
        float(str(row["severity"])),
        subjects=(cluster, actor),
        numbers={
            "makers": len(candidates),
            "links": 0,
            "supplied_from_outside": "no" if row["unserved"] else "yes",
            "essential": told_essential(facts, product),
        },
        evidence=(product, actor, *candidates[:SHOWN]),
        coverage=facts.coverage(cluster),
        words={
            "actor": facts.name(actor),
            "product": facts.name(product),
            "cluster": facts.name(cluster),
            "makers": facts.names(candidates),
        },
        product=product,
        candidates=candidates[:SHOWN],
    )


def _int(value: object) -> int:
    return int(str(value))
