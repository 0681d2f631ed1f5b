"""What clusters lack in supply: inputs nobody makes or sells, and sources that are too few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from klaster.graph.findings.facts import Facts, grouped
from klaster.graph.findings.finding import Finding, make_finding
from klaster.graph.network.connectivity import dominators
from klaster.graph.network.network import Network
from klaster.ontology.labels import phrase_words

CONCENTRATED: Final = 0.5
"""A Herfindahl index above this means fewer than two equal suppliers' worth of choice."""
SHOWN: Final = 5
"""So many candidates and records are kept of a finding that rests on very many."""
TIERS: Final = 20
"""Dominators further than this up the chains into a producer are not named: no chain of
production in the literature has so many tiers, and the work stays linear."""


def uncovered_inputs(facts: Facts) -> Iterator[Finding]:
    """G1: products that members need, nobody in the cluster makes, and some have no supplier of.

    Severity is the share of the cluster's recorded needs that the uncovered ones are; 1 where a
    recipe calls the input essential and no member that needs it has a supplier. A kind of the
    product serves for it. To an analyst: look for a maker to attract, or a supplier abroad.
    """
    needs = facts.needers.join(facts.members, on="actor")
    makes = facts.makers.join(facts.members, on="actor")
    made = makes.join(facts.above, on="product").select("cluster", product="broader")
    unmade = needs.join(made, on=["cluster", "product"], how="anti")
    uncovered = unmade.join(_served(facts), on=["actor", "product"], how="anti")
    all_needs = dict(needs.group_by("cluster").len().rows())
    without = grouped(uncovered, ["cluster", "product"], "actor")
    needers = grouped(unmade, ["cluster", "product"], "actor")
    for (cluster, product), lacking in sorted(without.items()):
        who = needers[cluster, product]
        all_lost = product in facts.essential and len(lacking) == len(who)
        yield make_finding(
            "G1",
            1.0 if all_lost else len(lacking) / all_needs[cluster],
            subjects=(cluster,),
            numbers={
                "needers": len(who),
                "uncovered": len(lacking),
                "makers": 0,
                "essential": _essential(facts, product),
            },
            evidence=(product, *who),
            coverage=facts.coverage(cluster),
            words={
                "product": facts.name(product),
                "cluster": facts.name(cluster),
                "needers": len(who),
                "uncovered": len(lacking),
            },
            product=product,
        )


def _essential(facts: Facts, product: str) -> str:
    return "yes" if product in facts.essential else "not recorded"


def _served(facts: Facts) -> pl.DataFrame:
    """Return who is supplied with what, or with a kind of it (``actor``, ``product``)."""
    bought = facts.supplies.select(actor="buyer", product="product").drop_nulls()
    return bought.join(facts.above, on="product").select("actor", product="broader").unique()


def unmatched_inputs(facts: Facts) -> Iterator[Finding]:
    """G1b: what a member needs, others in its cluster make, and none of them supplies it with.

    Severity is the need's share of the cluster's recorded needs, or 1 where the input is
    essential and the member has no supplier at all; all makers in the cluster are candidates,
    so that their share of its capacity is whole. To an analyst: the nearest link to make.
    """
    needs = facts.needers.join(facts.members, on="actor")
    all_needs = dict(needs.group_by("cluster").len().rows())
    made = (
        facts.makers.join(facts.members, on="actor")
        .join(facts.above, on="product")
        .select("cluster", "actor", product="broader")
        .unique()
    )
    inside = (
        facts.supplies.drop_nulls("product")
        .join(facts.members, left_on="buyer", right_on="actor")
        .join(facts.members, left_on=["supplier", "cluster"], right_on=["actor", "cluster"])
        .join(facts.above, on="product")
        .select("cluster", actor="buyer", product="broader")
        .unique()
    )
    unmatched = (
        needs.join(made.select("cluster", "product").unique(), on=["cluster", "product"])
        .join(made, on=["cluster", "actor", "product"], how="anti")
        .join(inside, on=["cluster", "actor", "product"], how="anti")
        .sort("cluster", "product", "actor")
    )
    makers = grouped(made, ["cluster", "product"], "actor")
    lacking = set(unmatched.join(_served(facts), on=["actor", "product"], how="anti").rows())
    for row in unmatched.select("actor", "product", "cluster").rows():
        actor, product, cluster = row
        candidates = makers[cluster, product]
        stops = product in facts.essential and row in lacking
        yield make_finding(
            "G1b",
            1.0 if stops else 1 / all_needs[cluster],
            subjects=(cluster, actor),
            numbers={
                "makers": len(candidates),
                "links": 0,
                "supplied_from_outside": "no" if row in lacking else "yes",
                "essential": _essential(facts, product),
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


def single_sources(facts: Facts) -> Iterator[Finding]:
    """G2: products that a cluster, or some buyers in it, take from one supplier only.

    So too where one of several suppliers has so much of the recorded shares that the Herfindahl
    index of a buyer is above 0.5; suppliers without a recorded share have equal parts of what is
    left. Severity is the highest index among the buyers concerned, times how essential the input
    is (1 where a recipe says so, else ½), times the share of the cluster's members that they
    are. Buyers in no cluster are looked at together. To an analyst: what stops if one firm does.
    """
    scoped = _suppliers_of_buyers(facts)
    groups = scoped.group_by("cluster", "product").agg(
        buyers=pl.len(),
        narrow=pl.col("buyer").filter(pl.col("herfindahl") > CONCENTRATED).sort(),
        herfindahl=pl.col("herfindahl").max(),
        suppliers=pl.col("suppliers").list.explode().unique().sort(),
        sole=(pl.col("suppliers").list.len() == 1)
        .filter(pl.col("herfindahl") > CONCENTRATED)
        .all(),
        close=pl.col("suppliers").filter(pl.col("herfindahl") > CONCENTRATED).list.explode().unique().sort(),
        iri=pl.col("iri").filter(pl.col("herfindahl") > CONCENTRATED).list.explode().unique().sort(),
    )  # fmt: skip
    everyone = facts.columns.table("actors").height
    found = groups.filter(pl.col("narrow").list.len() > 0).sort("cluster", "product")
    for row in found.iter_rows(named=True):
        size = len(facts.members_of[row["cluster"]]) if row["cluster"] else everyone
        yield _single_source(facts, row, size)


def _single_source(facts: Facts, row: dict[str, object], size: int) -> Finding:
    cluster, product = str(row["cluster"]), str(row["product"])
    narrow, suppliers, close = (_texts(row[name]) for name in ("narrow", "suppliers", "close"))
    herfindahl = float(str(row["herfindahl"]))
    kind = "finding.G2" if len(suppliers) == 1 else "finding.G2.buyers"
    if not row["sole"]:
        kind = "finding.G2.concentrated"
    weight = 1.0 if product in facts.essential else 0.5
    return make_finding(
        "G2",
        herfindahl * weight * len(narrow) / size,
        phrase=kind,
        subjects=(*filter(None, (cluster,)), *narrow),
        numbers={
            "suppliers": len(suppliers),
            "herfindahl": herfindahl,
            "equal_suppliers": 1 / herfindahl,
            "buyers": int(str(row["buyers"])),
            "buyers_concerned": len(narrow),
            "essential": _essential(facts, product),
        },
        evidence=(product, *close, *_texts(row["iri"])),
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


def _texts(values: object) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list) else ()


def _suppliers_of_buyers(facts: Facts) -> pl.DataFrame:
    """Return each buyer's suppliers of a product and how concentrated they are, by cluster."""
    supplies = facts.supplies.drop_nulls("product")
    each = supplies.group_by("buyer", "product", "supplier").agg(
        pl.col("share").sum(), known=pl.col("share").count() > 0, iri=pl.col("iri")
    )
    left = (1 - pl.col("share").sum()).clip(lower_bound=0)
    share = pl.when("known").then("share").otherwise(left / (~pl.col("known")).sum())
    total = pl.when(share.sum() > 0).then(share.sum()).otherwise(1.0)
    return (
        each.group_by("buyer", "product")
        .agg(
            herfindahl=((share / total) ** 2).sum(),
            suppliers=pl.col("supplier").sort(),
            iri=pl.col("iri").list.explode().sort(),
        )
        .with_columns(
            # One supplier is one supplier, whatever share of it was recorded.
            herfindahl=pl.when(pl.col("suppliers").list.len() == 1)
            .then(1.0)
            .otherwise("herfindahl")
        )
        .join(facts.members, left_on="buyer", right_on="actor", how="left")
        .with_columns(pl.col("cluster").fill_null(""))
    )


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
    found = _in_common(pairs, upstream)
    named = grouped(found, ["buyer", "product", "input", "source"], "supplier")
    share = found.group_by("buyer", "product", "input", "source").agg(
        (1 / pl.col("sources")).mean().alias("share")
    )
    for row in share.sort("buyer", "product", "input", "source").rows():
        buyer, product, needed, source, part = row
        suppliers = named[buyer, product, needed, source]
        yield make_finding(
            "G3",
            part,
            subjects=(buyer,),
            numbers={"suppliers": len(suppliers), "sources_in_common": 1, "share": part},
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

    Only buyers with two suppliers or more are kept, all of whom have a recorded source.
    """
    recipes = facts.columns.table("recipes").filter(pl.col("essential")).select("product", "input")
    links = facts.supplies.drop_nulls("product").select("buyer", "product", "supplier").unique()
    upstream = (
        links.join(facts.above, on="product")
        .select(supplier="buyer", input="broader", source="supplier")
        .join(recipes.select("input").unique(), on="input", how="semi")
        .unique()
        .with_columns(sources=pl.len().over("supplier", "input"))
    )
    sourced = upstream.select("supplier", "input", "sources").unique()
    pairs = (
        links.with_columns(suppliers=pl.len().over("buyer", "product"))
        .filter(pl.col("suppliers") > 1)
        .join(recipes, on="product")
        .join(sourced, on=["supplier", "input"])
        .filter(pl.len().over("buyer", "product", "input") == pl.col("suppliers"))
    )
    return pairs, upstream


def _in_common(pairs: pl.DataFrame, upstream: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs all of whose sellers share exactly one source, with that source.

    What all have in common is among the sources of the seller that has fewest, so only those
    are looked for with the others.
    """
    group = ["buyer", "product", "input"]
    fewest = pairs.sort("sources", "supplier").unique(group, keep="first", maintain_order=True)
    candidates = fewest.join(
        upstream.select("supplier", "input", "source"), on=["supplier", "input"]
    ).select(*group, "source")
    everywhere = (
        pairs.join(candidates, on=group)
        .join(
            upstream.select("supplier", "input", "source"),
            on=["supplier", "input", "source"],
            how="semi",
        )
        .filter(pl.len().over(*group, "source") == pl.col("suppliers"))
    )
    return everywhere.filter(pl.col("source").n_unique().over(group) == 1)


def chokepoints(facts: Facts) -> Iterator[Finding]:
    """G4: actors through which every recorded chain of goods into a final producer passes.

    A final producer is a member that buys goods and is not recorded as selling any on. The only
    direct supplier of one is G2's and not named here. Severity is the share of the cluster's
    final producers that the actor commands. To an analyst: one failure stops all of these.
    """
    goods = facts.supplies.filter(pl.col("kind").fill_null("goods") == "goods")
    links = goods.select("supplier", "buyer").unique()
    finals = (
        links.select(actor="buyer")
        .unique()
        .join(links, left_on="actor", right_on="supplier", how="anti")
    )
    commanded = _commanded(links, finals)
    of_cluster = finals.join(facts.members, on="actor")
    sizes = dict(of_cluster.group_by("cluster").len().rows())
    inside = commanded.join(facts.members, left_on="final", right_on="actor")
    for (cluster, actor), who in sorted(grouped(inside, ["cluster", "actor"], "final").items()):
        yield make_finding(
            "G4",
            len(who) / sizes[cluster],
            subjects=(cluster, actor),
            numbers={"final_producers": sizes[cluster], "commanded": len(who)},
            evidence=(actor, *who),
            coverage=facts.coverage(cluster),
            words={
                "actor": facts.name(actor),
                "cluster": facts.name(cluster),
                "producers": facts.names(who),
                "count": len(who),
                "all": sizes[cluster],
            },
        )


def _commanded(links: pl.DataFrame, finals: pl.DataFrame) -> pl.DataFrame:
    """Return the actors that dominate each final producer (``actor``, ``final``)."""
    actors = pl.concat([links["supplier"], links["buyer"]]).unique().sort()
    ends = pl.DataFrame(
        {
            "source": actors.search_sorted(links["supplier"]).cast(pl.Int64),
            "target": actors.search_sorted(links["buyer"]).cast(pl.Int64),
        }
    )
    above = dominators(
        Network(actors.to_frame("actor"), ends.with_columns(directed=pl.lit(value=True)))
    )
    suppliers = dict(links.group_by("buyer").agg(pl.col("supplier")).rows())
    rows = []
    for final in finals["actor"].sort():
        step = above[actors.search_sorted(final)]
        for _ in range(TIERS):
            if step < 0:
                break
            if [actors[int(step)]] != suppliers[final]:
                rows.append((actors[int(step)], final))
            step = above[step]
    return pl.DataFrame(rows, schema={"actor": pl.String, "final": pl.String}, orient="row")
