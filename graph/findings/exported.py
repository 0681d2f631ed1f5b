"""What actors are recorded to have exported."""

from __future__ import annotations

import polars as pl

from klaster.graph.store.columns import Columns


def exported_values(columns: Columns) -> pl.DataFrame:
    """Return what each actor is recorded to have exported (``actor``, ``value``).

    Sums in different currencies cannot be added: where there is more than one currency, the
    values are left out.
    """
    actors = columns.table("actors").select(exporter="iri")
    exports = columns.table("exports").join(actors, on="exporter", how="semi")
    if exports["currency"].n_unique() > 1:
        exports = exports.clear()
    return exports.group_by(actor="exporter").agg(pl.col("value").sum())
