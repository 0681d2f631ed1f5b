"""Missing links by those rules that go over tables, on Spark.

They are those of ``klaster missing`` that a network of any size allows: G1, G1b, G2, G3, G6 and
G7. The others follow paths or cut points through the whole network (G4, G5, G9, G12, G13), are
about policies, of which there are few (G10, G11), or about the table of clusters by products,
which fits one machine (G14). Confidence, which rests on what is not recorded (G15), is not told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Final

from klaster.graph.findings.facts import HELIX
from klaster.graph.findings.source_gaps import CONCENTRATED
from klaster.graph.spark.exported import Exported
from klaster.graph.spark.facts import Facts

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SHOWN: Final = 100
"""So many of the actors that a finding is about are named, those of least number; it counts all."""
COLUMNS: Final = (
    "rule", "severity", "coverage", "cluster", "actor", "product", "output", "source", "role",
    "actors", "numbers",
)  # fmt: skip


def uncovered_inputs(facts: Facts) -> DataFrame:
    """G1: products that members need, nobody in the cluster makes, and some have no supplier of."""
    from pyspark.sql import functions as sf

    made = facts.made.select("cluster", "product").distinct()
    unmade = facts.needs.join(made, ["cluster", "product"], "left_anti")
    served = facts.served.withColumn("served", sf.lit(True))
    flagged = unmade.join(served, ["actor", "product"], "left")
    groups = flagged.groupBy("cluster", "product").agg(
        sf.count("*").alias("needers"), sf.count_if(sf.col("served").isNull()).alias("uncovered")
    )
    found = (
        groups.where("uncovered > 0")
        .join(facts.all_needs, "cluster")
        .join(facts.essential, "product", "left")
    )
    stops = sf.col("essential") & (sf.col("uncovered") == sf.col("needers"))
    severity = sf.when(stops, 1.0).otherwise(sf.col("uncovered") / sf.col("all_needs"))
    named = _first(unmade, ["cluster", "product"])
    found = found.join(named, ["cluster", "product"]).join(facts.coverage, "cluster")
    return _finding("G1", found, severity, ("needers", "uncovered"))


def unmatched_inputs(facts: Facts) -> DataFrame:
    """G1b: what a member needs, others in its cluster make, and none of them supplies it with."""
    from pyspark.sql import functions as sf

    makers = facts.made.groupBy("cluster", "product").agg(sf.count("*").alias("makers"))
    inside = facts.others.where("product is not null").select("source", "target", "product")
    buyers = facts.members.withColumnRenamed("actor", "target")
    sellers = facts.members.withColumnRenamed("actor", "source")
    supplied = (
        inside.join(buyers, "target")
        .join(sellers, ["source", "cluster"])
        .join(facts.above, "product")
        .select("cluster", sf.col("target").alias("actor"), sf.col("broader").alias("product"))
        .distinct()
    )
    key = ["cluster", "actor", "product"]
    served = facts.served.withColumn("served", sf.lit(True))
    found = (
        facts.needs.join(makers, ["cluster", "product"])
        .join(facts.made, key, "left_anti")
        .join(supplied, key, "left_anti")
        .join(served, ["actor", "product"], "left")
        .join(facts.essential, "product", "left")
        .join(facts.all_needs, "cluster")
        .join(facts.coverage, "cluster")
    )
    stops = sf.col("essential") & sf.col("served").isNull()
    return _finding(
        "G1b", found, sf.when(stops, 1.0).otherwise(1 / sf.col("all_needs")), ("makers",)
    )


def single_sources(facts: Facts) -> DataFrame:
    """G2: products that a cluster, or some buyers in it, take from one supplier only, or nearly so."""
    from pyspark.sql import functions as sf

    scoped = _concentration(facts).join(facts.members, "actor", "left")
    narrow = scoped.where(sf.col("herfindahl") > CONCENTRATED)
    groups = scoped.groupBy("cluster", "product").agg(
        sf.count("*").alias("buyers"),
        sf.count_if(sf.col("herfindahl") > CONCENTRATED).alias("buyers_concerned"),
        sf.max("herfindahl").alias("herfindahl"),
    )
    everyone = facts.exported.rows("actors")
    named = _first(narrow, ["cluster", "product"])
    same = sf.col("groups.cluster").eqNullSafe(sf.col("named.cluster")) & (
        sf.col("groups.product") == sf.col("named.product")
    )
    found = (
        groups.where("buyers_concerned > 0")
        .alias("groups")
        .join(named.alias("named"), same)
        .select("groups.*", "named.actors")
        .join(facts.sizes, "cluster", "left")
        .join(facts.coverage, "cluster", "left")
        .join(facts.essential, "product", "left")
        .withColumn("coverage", sf.coalesce("coverage", sf.lit(facts.overall_coverage)))
    )
    weight = sf.when(sf.col("essential"), 1.0).otherwise(0.5)
    size = sf.coalesce("members", sf.lit(everyone))
    severity = sf.col("herfindahl") * weight * sf.col("buyers_concerned") / size
    return _finding("G2", found, severity, ("herfindahl", "buyers", "buyers_concerned"))


def _concentration(facts: Facts) -> DataFrame:
    """Return how concentrated each buyer's suppliers of a product are (``herfindahl``).

    Suppliers without a recorded share have equal parts of what is left.
    """
    from pyspark.sql import functions as sf

    each = (
        facts.others.where("product is not null")
        .groupBy(sf.col("target").alias("actor"), "product", "source")
        .agg(
            sf.coalesce(sf.sum("share"), sf.lit(0.0)).alias("share"),
            sf.count("share").alias("known"),
        )
    )
    sums = each.groupBy("actor", "product").agg(
        sf.count("*").alias("suppliers"),
        sf.sum("share").alias("recorded"),
        sf.sum(sf.pow("share", sf.lit(2))).alias("squares"),
        sf.count_if(sf.col("known") == 0).alias("unknown"),
    )
    left = sf.greatest(1 - sf.col("recorded"), sf.lit(0.0))
    part = sf.when(sf.col("unknown") > 0, left / sf.col("unknown")).otherwise(0.0)
    total = sf.col("recorded") + part * sf.col("unknown")
    index = (sf.col("squares") + part * part * sf.col("unknown")) / sf.when(
        total > 0, total * total
    ).otherwise(1.0)
    one = sf.when(sf.col("suppliers") == 1, 1.0).otherwise(index)
    return sums.select("actor", "product", one.alias("herfindahl"))


def common_sources(facts: Facts) -> DataFrame:
    """G3: buyers whose suppliers of a product have one source of an essential input in common."""
    from pyspark.sql import functions as sf

    recipes = facts.recipes.where("essential").distinct()
    inputs = recipes.select(sf.col("product").alias("output"), "input")
    links = facts.others.where("product is not null").select(
        sf.col("target").alias("actor"),
        sf.col("product").alias("output"),
        sf.col("source").alias("supplier"),
    )
    links = links.distinct()
    upstream = (
        links.join(facts.above, sf.col("output") == sf.col("product"))
        .select(
            sf.col("actor").alias("supplier"),
            sf.col("broader").alias("input"),
            sf.col("supplier").alias("origin"),
        )
        .join(inputs.select("input").distinct(), "input", "left_semi")
        .distinct()
    )
    sources = upstream.groupBy("supplier", "input").agg(sf.count("*").alias("sources"))
    several = links.groupBy("actor", "output").agg(sf.count("*").alias("suppliers"))
    pairs = (
        links.join(several.where("suppliers > 1"), ["actor", "output"])
        .join(inputs, "output")
        .join(sources, ["supplier", "input"])
    )
    group = ["actor", "output", "input"]
    common = (
        pairs.join(upstream, ["supplier", "input"])
        .groupBy(*group, "origin")
        .agg(
            sf.count("*").alias("reached"),
            sf.first("suppliers").alias("suppliers"),
            sf.avg(1 / sf.col("sources")).alias("share"),
        )
        .where("reached = suppliers")
    )
    only = common.groupBy(*group).agg(sf.count("*").alias("in_common"))
    found = common.join(only.where("in_common = 1"), group).select(
        *("actor", "output", "suppliers", "share"),
        sf.col("origin").alias("source"),
        sf.col("input").alias("product"),
    )
    return _finding("G3", facts.coverage_of(found), sf.col("share"), ("suppliers", "share"))


def weakly_integrated(facts: Facts) -> DataFrame:
    """G6: members without a recorded link, or whose every link leads out of the cluster."""
    from pyspark.sql import functions as sf

    actors = facts.exported.table("actors").select(sf.col("id").alias("actor"))
    everyone = facts.exported.rows("actors")
    theirs = (
        facts.members.join(facts.sizes, "cluster")
        .join(facts.coverage, "cluster")
        .groupBy("actor")
        .agg(
            sf.min("members").alias("members"),
            sf.min_by("coverage", "cluster").alias("coverage"),
            sf.min("cluster").alias("cluster"),
        )
    )
    alone = (
        actors.join(facts.pairs.select("actor").distinct(), "actor", "left_anti")
        .join(theirs, "actor", "left")
        .withColumn("members", sf.coalesce("members", sf.lit(everyone)))
        .withColumn("coverage", sf.coalesce("coverage", sf.lit(facts.overall_coverage)))
        .withColumn("links", sf.lit(0))
    )
    partners = facts.members.withColumnRenamed("actor", "partner")
    inner = facts.pairs.join(facts.members, "actor").join(
        partners, ["partner", "cluster"], "left_semi"
    )
    outside = (
        facts.members.join(
            inner.select("actor", "cluster").distinct(), ["actor", "cluster"], "left_anti"
        )
        .join(facts.pairs, "actor")
        .groupBy("actor", "cluster")
        .agg(sf.countDistinct("record").alias("links"))
        .join(facts.sizes, "cluster")
        .join(facts.coverage, "cluster")
    )
    columns = ["cluster", "actor", "links", "members", "coverage"]
    found = alone.select(*columns).unionByName(outside.select(*columns))
    return _finding("G6", found, 1 / sf.col("members"), ("links", "members"))


def missing_roles(facts: Facts) -> DataFrame:
    """G7: clusters in which a helix role is played by no member and no partner of a member."""
    from pyspark.sql import functions as sf

    partners = facts.members.join(facts.pairs, "actor").select(
        sf.col("partner").alias("actor"), "cluster"
    )
    around = facts.members.unionByName(partners).distinct()
    present = around.join(facts.helix, "actor").select("cluster", "role").distinct()
    roles = sf.explode(sf.array(*map(sf.lit, HELIX))).alias("role")
    expected = facts.sizes.select("cluster", "members", roles)
    missing = expected.join(present, ["cluster", "role"], "left_anti")
    found = missing.join(facts.coverage, "cluster")
    return _finding("G7", found, sf.lit(1 / len(HELIX)), ("members",))


def _first(rows: DataFrame, group: list[str]) -> DataFrame:
    """Return the first few actors of each group (``actors``), by their numbers."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sf

    turn = sf.row_number().over(Window.partitionBy(*group).orderBy("actor"))
    few = rows.select(*group, "actor").withColumn("turn", turn).where(sf.col("turn") <= SHOWN)
    return few.groupBy(*group).agg(sf.array_sort(sf.collect_list("actor")).alias("actors"))


def _finding(rule: str, found: DataFrame, severity: Column, numbers: tuple[str, ...]) -> DataFrame:
    """Return findings in the columns that all have; data of unknown coverage make none severe."""
    from pyspark.sql import functions as sf

    told = [word for name in numbers for word in (sf.lit(name), sf.col(name).cast("double"))]
    lowered = sf.when(sf.col("coverage") == "unknown", 0.0).otherwise(severity)
    given = found.withColumns(
        {"rule": sf.lit(rule), "severity": lowered, "numbers": sf.create_map(*told)}
    )
    return given.select(
        *(
            (sf.col(name) if name in given.columns else sf.lit(None))
            .cast(_TYPES.get(name, "bigint"))
            .alias(name)
            for name in COLUMNS
        )
    )


_TYPES: Final = {
    "rule": "string",
    "severity": "double",
    "coverage": "string",
    "role": "string",
    "actors": "array<bigint>",
    "numbers": "map<string,double>",
}

RULES: Final[dict[str, Callable[[Facts], DataFrame]]] = {
    "G1": uncovered_inputs,
    "G1b": unmatched_inputs,
    "G2": single_sources,
    "G3": common_sources,
    "G6": weakly_integrated,
    "G7": missing_roles,
}


def find_gaps(exported: Exported) -> DataFrame:
    """Return the findings of all rules, with the IRIs and names of what they are about."""
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as sf

    facts = Facts(exported)
    found = reduce(DataFrame.unionByName, (rule(facts) for rule in RULES.values()))
    for column, table in (("cluster", "clusters"), ("actor", "actors"), ("product", "products")):
        names = exported.table(table).select(
            sf.col("id").alias(column),
            sf.col("iri").alias(f"{column}_iri"),
            sf.col("label").alias(f"{column}_label"),
        )
        found = found.join(names, column, "left")
    named = [
        f"{column}_{part}"
        for column in ("cluster", "actor", "product")
        for part in ("iri", "label")
    ]
    return found.select(*COLUMNS[:6], *named, *COLUMNS[6:])
