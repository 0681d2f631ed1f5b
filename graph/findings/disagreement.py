"""Which facts sources state differently: the question ``disagreeing-facts``, from the tables."""

from __future__ import annotations

from typing import Final

import polars as pl

from klaster.graph.store.columns import Columns
from klaster.ontology.tables import Table, tables
from klaster.ontology.terms import KL

QUESTION: Final = "disagreeing-facts"
"""The question that lists them with what each source states."""
_FIGURES: Final = (
    "employees", "revenue", "equityShare", "inputShare", "value", "amount", "actorKind",
    "ownershipForm", "lei", "stir", "ror",
)  # fmt: skip
_OF_WHOM: Final = ("owner", "supplier", "awardBeneficiary", "linkActor", "exporterOf")


def disagreements(columns: Columns) -> pl.DataFrame:
    """Return what is stated differently (``thing``, ``figure``), each once.

    A fact is a figure of an actor, or of a record of what an actor owns, supplies, received,
    makes or exports. Records of long tables, which stand in no graph of their source, are not
    looked at. Two sources disagree where each gives a value and these differ; a source cannot
    disagree with itself.
    """
    actors = columns.stated("actors", ["iri"], long=False).select(actor="iri").unique()
    found = [_of_table(columns, table, actors) for table in tables().values()]
    schema = {"thing": pl.String, "figure": pl.String}
    return pl.concat([pl.DataFrame(schema=schema), *found]).unique().sort("thing", "figure")


def _of_table(columns: Columns, table: Table, actors: pl.DataFrame) -> pl.DataFrame:
    named = {column.term.removeprefix(KL): column.name for column in table.columns}
    figures = {figure: named[figure] for figure in _FIGURES if figure in named}
    whom = "iri" if table.name == "actors" else next((named[t] for t in _OF_WHOM if t in named), "")
    if not figures or not whom:
        return pl.DataFrame(schema={"thing": pl.String, "figure": pl.String})
    wanted = [*{"iri", whom, *figures.values()}]
    rows = columns.stated(table.name, wanted, long=False)
    shared = rows.group_by("iri").agg(pl.col("origin").n_unique()).filter(pl.col("origin") > 1)
    rows = rows.join(shared, on="iri", how="semi").join(
        actors, left_on=whom, right_on="actor", how="semi"
    )
    told = [
        rows.drop_nulls(name)
        .group_by(thing="iri")
        .agg(pl.col("origin").n_unique(), values=pl.col(name).n_unique())
        .filter(pl.col("origin") > 1, pl.col("values") > 1)
        .select("thing", figure=pl.lit(figure))
        for figure, name in figures.items()
    ]
    return pl.concat(told)
