"""Which findings would appear or vanish if a link, actor or instrument came or went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.findings.gaps import find_gaps
from klaster.graph.store.columns import Columns
from klaster.ontology.faults import Fault
from klaster.ontology.schemas import schema
from klaster.ontology.tables import Column, tables

WHOLE_UP_TO: Final = 2_000_000
"""Up to so many rows all findings are compared; of more, there are millions, those on a cluster."""
_PLANNED: Final = "planned"
"""What a candidate link is until somebody confirms it: it then joins nobody."""


@dataclass(frozen=True)
class Change:
    """A finding that appears or vanishes."""

    change: str
    finding: Finding

    def row(self, language: str) -> dict[str, object]:
        """Return the change as a row of a table or an object of JSON."""
        return {"change": self.change, **self.finding.row(language)}


def what_if(
    columns: Columns,
    *,
    added: Mapping[str, pl.DataFrame] | None = None,
    without: str = "",
    cluster: str | None = None,
) -> list[Change]:
    """Return the findings that appear and those that vanish, each in its order.

    Parameters
    ----------
    added
        Further rows, by table, as a loaded source has them.
    without
        IRI of a thing to be left out, with all records of it.

    Raises
    ------
    Fault
        If the tables have more than ``WHOLE_UP_TO`` rows and no cluster is named.
    """
    rows = sum(columns.height(name) for name in tables())
    if rows > WHOLE_UP_TO and not cluster:
        raise Fault("fault.what-if-large", rows=rows, most=WHOLE_UP_TO)
    changed = Changed(columns, added or {}, without)
    # All of them: what is no longer among the gravest has not vanished.
    old, new = (find_gaps(tables, cluster=cluster, most=None) for tables in (columns, changed))
    before = {_identity(found): found for found in old}
    after = {_identity(found): found for found in new}
    vanish = [found for key, found in before.items() if key not in after]
    appear = [found for key, found in after.items() if key not in before]
    changes = [Change("appears", found) for found in appear]
    return changes + [Change("vanishes", found) for found in vanish]


def _identity(found: Finding) -> tuple[object, ...]:
    """Return what makes a finding the same one, whatever its numbers."""
    kind = found.numbers.get("kind", "")
    return found.rule, frozenset(found.subjects), found.product, found.role, kind


class Changed(Columns):
    """The tables of a graph with further rows, and without a thing and all records of it."""

    def __init__(self, columns: Columns, added: Mapping[str, pl.DataFrame], without: str) -> None:
        super().__init__(())
        self._all, self._added, self._without = columns, added, without

    def links(self, name: str, *columns: str) -> pl.DataFrame:
        """Return some columns of the records, of which no others are read."""
        table = tables()[name]
        if table.key or name in self._read:
            return self.table(name).select(columns)
        needed = [column.name for column in table.columns if column.refers]
        wanted = [*dict.fromkeys(["iri", *columns, *needed])]
        return self._changed(name, self._all.links(name, *wanted)).select(columns)

    def _merged(self, name: str) -> pl.DataFrame:
        return self._changed(name, self._all.table(name)).sort("iri", "row")

    def _changed(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return rows, all columns or some, as they would be."""
        table = tables()[name]
        if name in self._added:
            types = schema(table) | {"origin": pl.String()}
            given = self._added[name].with_columns(origin=pl.lit(""))
            more = given.select(pl.col(key).cast(types[key]) for key in frame.columns)
            frame = pl.concat([frame, more])
            if table.key:
                frame = frame.unique("iri", keep="first", maintain_order=True)
        if self._without:
            frame = frame.filter(pl.col("iri") != self._without)
            for column in table.columns:
                if column.refers:
                    frame = _forget(frame, column, self._without)
        return frame


def _forget(frame: pl.DataFrame, column: Column, iri: str) -> pl.DataFrame:
    """Leave out the rows that need the thing, and its mention in those that only name it."""
    cell = pl.col(column.name)
    if column.is_list:
        kept = cell.list.eval(pl.element().filter(pl.element() != iri))
        return frame.with_columns(kept.alias(column.name))
    if column.required or column.name == "cluster":
        return frame.filter((cell != iri) | cell.is_null())
    return frame.with_columns(pl.when(cell != iri).then(cell).alias(column.name))


def candidate_links(findings: list[Finding], language: str) -> dict[str, pl.DataFrame]:
    """Return the links that would close findings as tables to fill in and load.

    Each stands with the status ``planned`` and the finding as its note. Whoever confirms one
    gives it another status; a row that is struck out, or keeps its status, joins nobody.
    """
    supplies: list[tuple[str, ...]] = []
    cooperations: list[tuple[str, ...]] = []
    for found in findings:
        text = found.text[language]
        if found.rule == "G1b":
            supplies += [(supplier, found.subjects[1], found.product, _PLANNED, text) for supplier in found.candidates]  # fmt: skip
        elif found.rule == "G13" and len(found.candidates) == 2:
            key = f"candidate-{len(cooperations) // 2 + 1}"
            cooperations += [(key, "unspecified", actor, _PLANNED, text) for actor in found.candidates]  # fmt: skip
    return {
        "actors": _sheet(("id", "name", "kind"), []),
        "supplies": _sheet(("supplier", "buyer", "product", "status", "note"), supplies),
        "cooperations": _sheet(("id", "kind", "participant", "status", "note"), cooperations),
    }


def _sheet(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
