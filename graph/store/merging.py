"""Which actors are one: reviewers' decisions, and the IRI that stands for those decided the same.

Nothing on disk is changed by a decision: tables stay as they were loaded, and the IRIs that give
way are replaced whenever tables are read or written as statements. So a decision that is taken
back leaves everything as it was.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import polars as pl

from klaster.ontology.faults import Fault
from klaster.ontology.tables import LongTable, Table, tables

_COMPARED: Final = ("actor", "same_as")
_SHOWN: Final = 5


def read_tables(folders: Iterable[Path], name: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns of a table over all sources, with the source in ``origin``."""
    frames = [
        pl.read_parquet(
            path / "*.parquet" if path.is_dir() else path, columns=list(columns)
        ).with_columns(origin=pl.lit(unquote(folder.name)))
        for folder in folders
        if (path := folder / f"{name}.parquet").exists()
    ]
    empty = dict.fromkeys([*columns, "origin"], pl.String())
    return pl.concat(frames) if frames else pl.DataFrame(schema=empty)


def things(folders: Sequence[Path]) -> Callable[[str], pl.DataFrame]:
    """Return what tells the things of a table: ``reference`` and the ``iri`` that it means.

    A reference is an IRI, or the name of a source and the id there: ``tax-list:17``.
    """

    @cache
    def of_table(name: str) -> pl.DataFrame:
        rows = read_tables(folders, name, ["iri", "id"])
        by_id = rows.select(reference=pl.col("origin") + ":" + pl.col("id"), iri="iri")
        return pl.concat([by_id, rows.select(reference="iri", iri="iri")]).unique("reference")

    return of_table


def known_references(decisions: pl.DataFrame, folders: Sequence[Path]) -> dict[str, str]:
    """Return the IRI that each reference of the table ``matches`` means, where the graph has it.

    A reference is the IRI of an actor, or its source and its id there: ``tax-list:17``.
    """
    asked = pl.concat([decisions[name] for name in _COMPARED]).drop_nulls().unique()
    if asked.is_empty():
        return {}
    actors = read_tables(folders, "actors", ["iri", "id"])
    by_id = actors.select(reference=pl.col("origin") + ":" + pl.col("id"), iri="iri")
    by_iri = actors.select(reference="iri", iri="iri")
    found = pl.concat([by_id, by_iri]).unique("reference", maintain_order=True)
    return dict(found.filter(pl.col("reference").is_in(asked.implode())).rows())


def unknown_references(folders: Sequence[Path], source: str) -> tuple[str, ...]:
    """Return the references of a source's decisions that lead to no actor, with their rows."""
    rows = read_tables(folders, "matches", [*_COMPARED, "locator"])
    rows = rows.filter(pl.col("origin") == source)
    known = known_references(rows, folders)
    return tuple(
        f"{locator}: {reference}"
        for *references, locator, _ in rows.rows()
        for reference in references
        if reference not in known
    )


def merges(folders: Sequence[Path]) -> dict[str, str]:
    """Return for each IRI that gives way the one that stands for it.

    Of actors decided to be the same, the one with a LEI stands, else with a STIR, else with a
    ROR identifier, else the first by its IRI.

    Raises
    ------
    Fault
        If decisions contradict each other, naming their rows.
    """
    decided = _decided(folders)
    if decided.is_empty():
        return {}
    same = [row for row in decided.rows(named=True) if row["decision"] == "same"]
    different = [row for row in decided.rows(named=True) if row["decision"] == "different"]
    neighbours: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in same:
        neighbours[row["actor"]].append((row["same_as"], row["row"]))
        neighbours[row["same_as"]].append((row["actor"], row["row"]))
    _refuse_contradictions(different, neighbours)
    ranks = _ranks(folders, set(neighbours))
    found: dict[str, str] = {}
    for group in _groups(neighbours):
        known = sorted((ranks[iri], iri) for iri in group if iri in ranks)
        found |= {iri: known[0][1] for _, iri in known[1:]}
    return found


def separated(folders: Sequence[Path], merged: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the pairs that were decided to be different, smaller IRI first."""
    rows = _decided(folders).filter(pl.col("decision") == "different")
    pairs = rows.select("actor", "same_as").rows()
    return {
        (min(one, other), max(one, other))
        for pair in pairs
        for one, other in [tuple(merged.get(iri, iri) for iri in pair)]
    }


def _decided(folders: Sequence[Path]) -> pl.DataFrame:
    """Return the rows with a decision, their references as IRIs where they are known."""
    columns = [*_COMPARED, "decision", "locator"]
    rows = read_tables(folders, "matches", columns).drop_nulls("decision")
    return resolved(rows, known_references(rows, folders)).with_columns(
        row=pl.col("origin") + ": " + pl.col("locator")
    )


def resolved(matches: pl.DataFrame, known: Mapping[str, str]) -> pl.DataFrame:
    """Return the table ``matches`` with IRIs for the references that are known."""
    if not known:
        return matches
    return matches.with_columns(
        pl.col(name).replace(list(known), list(known.values())) for name in _COMPARED
    )


def standing(frame: pl.DataFrame, table: Table, merged: Mapping[str, str]) -> pl.DataFrame:
    """Return a table with the IRIs that stand in place of those that give way.

    The table of decisions keeps the IRIs of which it speaks.
    """
    if not merged or table.name == "matches":
        return frame
    old, new = list(merged), list(merged.values())
    turned = []
    if table.name == "actors" and "iri" in frame.columns:
        turned.append(pl.col("iri").replace(old, new))
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        if "actors" in column.refers and column.is_list:
            turned.append(pl.col(column.name).list.eval(pl.element().replace(old, new)))
        elif "actors" in column.refers:
            turned.append(pl.col(column.name).replace(old, new))
    return frame.with_columns(turned)


@dataclass(frozen=True)
class StandingTable(LongTable):
    """A long table with the IRIs that stand in place of those that give way."""

    table: Table
    merged: Mapping[str, str]

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield the rows, a file after the other."""
        for piece in super().pieces():
            yield standing(piece, self.table, self.merged)


def as_stated(
    frames: Mapping[str, pl.DataFrame], folders: Sequence[Path], merged: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """Return the tables of a source as its statements are written.

    References of decisions to actors that the graph does not have are null: no statement is
    made of them.
    """
    found = {name: standing(frame, tables()[name], merged) for name, frame in frames.items()}
    if "matches" in found:
        known = known_references(found["matches"], folders)
        found["matches"] = found["matches"].with_columns(
            pl.col(name).replace_strict(known, default=None, return_dtype=pl.String)
            for name in _COMPARED
        )
    return found


def _ranks(folders: Sequence[Path], iris: set[str]) -> dict[str, int]:
    """Return how good a name each actor's IRI is: 0 with a LEI, 1 with a STIR, 2 with a ROR."""
    actors = read_tables(folders, "actors", ["iri", "lei", "stir", "ror"])
    chosen = actors.filter(pl.col("iri").is_in(sorted(iris)))
    rank = pl.lit(3)
    for position, column in ((2, "ror"), (1, "stir"), (0, "lei")):
        rank = pl.when(pl.col(column).is_not_null()).then(position).otherwise(rank)
    return dict(chosen.group_by("iri").agg(rank.min()).rows())


def _groups(neighbours: Mapping[str, list[tuple[str, str]]]) -> list[list[str]]:
    seen: set[str] = set()
    groups = []
    for start in neighbours:
        if start in seen:
            continue
        seen.add(start)
        group, waiting = [], [start]
        while waiting:
            here = waiting.pop()
            group.append(here)
            fresh = {there for there, _ in neighbours[here]} - seen
            seen |= fresh
            waiting += fresh
        groups.append(group)
    return groups


def _refuse_contradictions(
    different: Iterable[Mapping[str, str]], neighbours: Mapping[str, list[tuple[str, str]]]
) -> None:
    lines = []
    for row in different:
        rows = _joining(row["actor"], row["same_as"], neighbours)
        if rows is not None:
            said = f"  {row['row']}: {row['actor']} ≠ {row['same_as']}"
            lines.append(said + "".join(f"\n    {joined}" for joined in rows))
    if lines:
        shown = "\n".join(lines[:_SHOWN])
        raise Fault("fault.contradiction", count=len(lines), shown=shown)


def _joining(
    start: str, end: str, neighbours: Mapping[str, list[tuple[str, str]]]
) -> list[str] | None:
    """Return the decisions by which one actor is the same as another, shortest way, if any."""
    ways: dict[str, list[str]] = {start: []}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here == end:
            return ways[here]
        for there, row in neighbours.get(here, ()):
            if there not in ways:
                ways[there] = [*ways[here], f"{row}: {here} = {there}"]
                waiting.append(there)
    return None
