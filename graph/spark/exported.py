"""A graph that ``klaster export --spark`` wrote, as tables on Spark."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from klaster.graph.spark.files import exists, read_text
from klaster.graph.store.partition_columns import LINK_KINDS
from klaster.graph.store.partitioned import FORMAT, MANIFEST
from klaster.ontology.faults import Fault

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LINKS_A_PART = 1_000_000
"""So many links are a piece of work for one core, of some tens of megabytes."""


@dataclass(frozen=True)
class Exported:
    """The tables below a folder, which may be of any file system that Spark reads."""

    spark: SparkSession
    folder: str

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the folder says of itself.

        Raises
        ------
        Fault
            If there is none, or of another format.
        """
        place = f"{self.folder}/{MANIFEST}"
        if not exists(self.spark, place):
            raise Fault("fault.not-exported", path=self.folder, reason=MANIFEST)
        try:
            told: dict[str, Any] = json.loads(read_text(self.spark, place))
            found = told["format"]
        except (ValueError, KeyError, TypeError) as reason:
            raise Fault("fault.not-exported", path=self.folder, reason=reason) from reason
        if found != FORMAT:
            raise Fault("fault.exported-format", path=self.folder, found=found, known=FORMAT)
        return told

    def rows(self, name: str) -> int:
        """Return how many rows a table has."""
        return int(self.manifest["tables"][name]["rows"])

    @property
    def parts(self) -> int:
        """Into how many parts the links are divided for work: a million each, or one a core."""
        cores = int(self.spark.sparkContext.defaultParallelism)
        return max(cores, -(-self.rows("links") // LINKS_A_PART))

    def table(self, name: str) -> DataFrame:
        """Return one table."""
        return self.spark.read.parquet(f"{self.folder}/{name}")

    def links(self, kinds: Sequence[str] = LINK_KINDS, *, date: dt.date | None = None) -> DataFrame:
        """Return the links of some kinds, of all days or of those that hold on one."""
        from pyspark.sql import functions as sf

        found = self.table("links").where(sf.col("kind").isin(*kinds))
        if date is None:
            return found
        day = sf.lit(date)
        begun = sf.col("valid_from").isNull() | (sf.col("valid_from") <= day)
        return found.where(begun & (sf.col("valid_to").isNull() | (sf.col("valid_to") > day)))
