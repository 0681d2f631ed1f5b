"""Slices of the actors of a graph: of a region, of a sector, of a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.codes import narrower


@dataclass(frozen=True)
class Among:
    """Which actors are wanted, each by a code; what is None leaves all in.

    Narrower codes are meant too: an actor of a region of a country is in the country. An actor
    is of a sector if it belongs to a cluster of that sector.
    """

    region: str | None = None
    sector: str | None = None
    kind: str | None = None

    def of(self, actors: pl.DataFrame, columns: Columns) -> pl.DataFrame:
        """Return those of the actors that are wanted, by the memberships in ``columns``."""
        if self.region is not None:
            wanted = sorted(narrower("region", self.region) - {self.region})
            here = pl.col("region").list.eval(pl.element().is_in([self.region, *wanted])).list.any()
            actors = actors.filter(here.fill_null(value=False))
        if self.kind is not None:
            actors = actors.filter(pl.col("kind").is_in(sorted(narrower("actor-kind", self.kind))))
        if self.sector is not None:
            sectors = sorted(narrower("sector", self.sector))
            clusters = columns.table("clusters").filter(pl.col("sector").is_in(sectors))
            members = columns.table("memberships").join(
                clusters.select(cluster="iri"), on="cluster", how="semi"
            )
            actors = actors.join(members.select(iri="actor"), on="iri", how="semi")
        return actors


EVERYBODY: Final = Among()
