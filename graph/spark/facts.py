"""What the rules look at, worked out on Spark from the tables of an exported graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from klaster.graph.findings.facts import WORST_FIRST, role_of_kinds, role_of_roles
from klaster.graph.spark.exported import Exported

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Facts:
    """The facts of one graph; tables that several rules read are kept in memory."""

    exported: Exported

    @cached_property
    def members(self) -> DataFrame:
        """Who belongs to which cluster (``actor``, ``cluster``)."""
        return self.exported.table("memberships").select("actor", "cluster").distinct().cache()

    @cached_property
    def sizes(self) -> DataFrame:
        """How many members each cluster has that has any (``cluster``, ``members``)."""
        from pyspark.sql import functions as sf

        return self.members.groupBy("cluster").agg(sf.count("*").alias("members"))

    @cached_property
    def coverage(self) -> DataFrame:
        """How complete the data on each cluster are said to be (``cluster``, ``coverage``)."""
        from pyspark.sql import functions as sf

        said = self.exported.table("clusters").select(
            sf.col("id").alias("cluster"),
            sf.coalesce("coverage", sf.lit("unknown")).alias("coverage"),
        )
        return said.join(self.sizes.select("cluster"), "cluster", "left_semi").cache()

    @cached_property
    def overall_coverage(self) -> str:
        """The least complete coverage of any cluster."""
        rows = self.coverage.select("coverage").distinct().collect()
        found = {row["coverage"] for row in rows}
        return next((code for code in WORST_FIRST if code in found), "unknown")

    @cached_property
    def supplies(self) -> DataFrame:
        """The supplies, those of an actor to itself included (``source`` to ``target``)."""
        return self.exported.links(("supply",))

    @cached_property
    def others(self) -> DataFrame:
        """The supplies of one actor to another."""
        return self.supplies.where("source <> target")

    @cached_property
    def above(self) -> DataFrame:
        """Each product with itself and all it is a kind of (``product``, ``broader``)."""
        return self.exported.table("product_kinds").cache()

    @cached_property
    def recipes(self) -> DataFrame:
        """What is made of what (``product``, ``input``, ``essential``)."""
        return self.exported.table("recipes").cache()

    @cached_property
    def essential(self) -> DataFrame:
        """The products that some recipe calls essential (``product``, ``essential``: true)."""
        from pyspark.sql import functions as sf

        named = self.recipes.where("essential").select(sf.col("input").alias("product"))
        return named.distinct().withColumn("essential", sf.lit(True))

    @cached_property
    def makers(self) -> DataFrame:
        """Who makes what: as stated, or because they sell it (``actor``, ``product``)."""
        from pyspark.sql import functions as sf

        goods = self.supplies.where(sf.coalesce("subkind", sf.lit("goods")) == "goods")
        sold = goods.select(sf.col("source").alias("actor"), "product")
        stated = self.exported.table("makes")
        return stated.unionByName(sold).dropna().distinct().cache()

    @cached_property
    def needers(self) -> DataFrame:
        """Who needs what: stated, bought, or an input of what they make (``actor``, ``product``)."""
        from pyspark.sql import functions as sf

        bought = self.supplies.select(sf.col("target").alias("actor"), "product")
        inputs = self.recipes.select("product", "input").distinct()
        by_recipe = (
            self.makers.join(inputs, "product")
            .select("actor", sf.col("input").alias("product"))
            .join(self.makers, ["actor", "product"], "left_anti")
        )
        stated = self.exported.table("needs").unionByName(bought).unionByName(by_recipe)
        return stated.dropna().distinct()

    @cached_property
    def needs(self) -> DataFrame:
        """What the members of each cluster need (``cluster``, ``actor``, ``product``)."""
        found = self.needers.join(self.members, "actor")
        return found.select("cluster", "actor", "product").cache()

    @cached_property
    def all_needs(self) -> DataFrame:
        """How many needs of members of each cluster there are (``cluster``, ``all_needs``)."""
        from pyspark.sql import functions as sf

        return self.needs.groupBy("cluster").agg(sf.count("*").alias("all_needs"))

    @cached_property
    def made(self) -> DataFrame:
        """Who in a cluster makes what, or a kind of it (``cluster``, ``actor``, ``product``)."""
        from pyspark.sql import functions as sf

        found = self.makers.join(self.members, "actor").join(self.above, "product")
        wanted = found.select("cluster", "actor", sf.col("broader").alias("product"))
        return wanted.distinct().cache()

    @cached_property
    def served(self) -> DataFrame:
        """Who is supplied with what, or with a kind of it (``actor``, ``product``)."""
        from pyspark.sql import functions as sf

        bought = self.others.where("product is not null").select(
            sf.col("target").alias("actor"), "product"
        )
        found = bought.join(self.above, "product")
        return found.select("actor", sf.col("broader").alias("product")).distinct().cache()

    @cached_property
    def pairs(self) -> DataFrame:
        """Who has a recorded link with whom, both ways (``actor``, ``partner``, ``record``)."""
        from pyspark.sql import functions as sf

        links = self.exported.links(("supply", "cooperation", "ownership"))
        links = links.where("source <> target").select("source", "target", "record")
        there = links.toDF("actor", "partner", "record")
        back = there.select(
            sf.col("partner").alias("actor"), sf.col("actor").alias("partner"), "record"
        )
        return there.unionByName(back).distinct().cache()

    @cached_property
    def helix(self) -> DataFrame:
        """Which of the helix roles an actor plays, by its kind or a coded role."""
        from pyspark.sql import functions as sf

        actors, kinds = self.exported.table("actors"), _lookup(role_of_kinds())
        roles = _lookup(role_of_roles())
        by_kind = actors.select(
            sf.col("id").alias("actor"), sf.try_element_at(kinds, sf.col("kind")).alias("role")
        )
        own = actors.select(sf.col("id").alias("actor"), sf.explode("roles").alias("role"))
        given = self.exported.table("memberships").select("actor", "role")
        coded = own.unionByName(given).select(
            "actor", sf.try_element_at(roles, sf.col("role")).alias("role")
        )
        return by_kind.unionByName(coded).dropna().distinct()

    def coverage_of(self, actors: DataFrame) -> DataFrame:
        """Return actors with the least complete coverage of a cluster of theirs (``coverage``)."""
        from pyspark.sql import functions as sf

        order = _lookup({code: place for place, code in enumerate(WORST_FIRST)})
        worst = (
            self.members.join(self.coverage, "cluster")
            .groupBy("actor")
            .agg(
                sf.min_by("coverage", sf.try_element_at(order, sf.col("coverage"))).alias(
                    "coverage"
                )
            )
        )
        overall = sf.lit(self.overall_coverage)
        found = actors.join(worst, "actor", "left")
        return found.withColumn("coverage", sf.coalesce("coverage", overall))


def _lookup(table: dict[str, str] | dict[str, int]) -> Column:
    from pyspark.sql import functions as sf

    return sf.create_map(*(sf.lit(word) for pair in table.items() for word in pair))
