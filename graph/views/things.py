"""Actors, clusters and instruments as nodes, with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.views.canvas import Canvas, Results, crowded, joined, label, names, same, texts
from klaster.graph.views.picture import Node, Rank, Words
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase_words, term_words
from klaster.ontology.tables import tables

Fact = tuple[Words, Words]

_ACTOR_FACTS: Final = ("country", "region", "place", "roles", "employees", "revenue", "stir")
_FACT_TERMS: Final = {"country": "Country", "region": "Region"}


def add_actors(canvas: Canvas, results: Results) -> None:
    """Add the actors of the network."""
    shown = results.network.actors.select(iri="actor")
    actors = results.tables["actors"].join(shown, on="iri", how="semi").sort("iri")
    ranks = _ranks(results)
    memberships = results.tables["memberships"].select("actor", "cluster")
    clusters = dict(memberships.group_by("actor").agg(pl.col("cluster").sort()).rows())
    if crowded(results):
        # Members of a cluster beside each other: where links lead then takes less room.
        main = pl.col("iri").replace_strict(
            {actor: own[0] for actor, own in clusters.items()}, default="", return_dtype=pl.String
        )
        actors = actors.sort(main, "iri")
    known = {row["iri"]: label(row) for row in results.tables["clusters"].iter_rows(named=True)}
    levels = _levels(results)
    told = _Told()
    for row in actors.iter_rows(named=True):
        facts = told.facts(row)
        inside = [known[cluster] for cluster in clusters.get(row["iri"], []) if cluster in known]
        if inside:
            facts.append((_term("memberOf"), inside[0] if len(inside) == 1 else joined(inside)))
        canvas.add(
            Node(
                iri=row["iri"],
                label=row["name"],
                names=names(row),
                kind=row["kind"],
                x=0.0,
                y=0.0,
                facts=tuple(facts),
                ranks=ranks.get(row["iri"], ()),
                references=canvas.sources.of(row["source"], row["locator"]),
                level=levels.get(row["iri"], -1),
            )
        )


def _ranks(results: Results) -> dict[str, tuple[Rank, ...]]:
    found: dict[str, list[Rank]] = {}
    for measure, frame in results.rankings.items():
        for actor, value, rank in frame.select("actor", measure, "rank").rows():
            if value is not None:
                found.setdefault(actor, []).append(Rank(measure, value, rank))
    return {actor: tuple(ranks) for actor, ranks in found.items()}


def _levels(results: Results) -> dict[str, int]:
    found = results.levels
    told = np.flatnonzero(~np.isnan(found))
    actors = results.network.actors["actor"].gather(told)
    return dict(zip(actors, np.rint(found[told]).astype(int).tolist(), strict=True))


@cache
def _term(name: str) -> Words:
    return term_words(name)


class _Told:
    """Facts in words; the same words for the same value, however many actors have it."""

    def __init__(self) -> None:
        own = tables()["actors"]
        self._columns = [(name, own.column(name)) for name in _ACTOR_FACTS]
        self._words: dict[tuple[str, str], Words] = {}
        self._note = phrase_words("drawing.note-label")

    def facts(self, row: Mapping[str, object]) -> list[Fact]:
        """Return what is known of an actor, under the ontology's words for it."""
        found: list[Fact] = []
        for name, column in self._columns:
            value = row[name]
            if value is None or value == []:
                continue
            key = (name, str(value))
            if key not in self._words:
                scheme = column.codes[0] if column.codes else ""
                self._words[key] = _value(value, scheme)
            found.append((_term(_FACT_TERMS.get(name, column.term)), self._words[key]))
        if row["note"]:
            found.append((self._note, same(row["note"])))
        return found


def _value(value: object, scheme: str) -> Words:
    if not scheme:
        return same(_grouped(value) if isinstance(value, int | float) else value)
    known = codes(scheme)
    listed = texts(value) or [str(value)]
    return joined(known[code].labels if code in known else same(code) for code in listed)


def _grouped(value: float) -> str:
    """Return a number with its digits in threes, as it is written in every language (ISO 80000-1)."""
    whole = round(value) if abs(value) >= 1000 else value
    return f"{whole:,}".replace(",", "\u202f") if whole == int(whole) else f"{whole:g}"


def add_clusters(canvas: Canvas, results: Results) -> None:
    """Add the clusters."""
    sizes = dict(results.tables["memberships"].group_by("cluster").len().rows())
    for row in results.tables["clusters"].sort("iri").iter_rows(named=True):
        facts: list[Fact] = [(_term("specialisesIn"), codes("sector")[row["sector"]].labels)]
        if row["coverage"]:
            facts.append((_term("coverage"), codes("coverage")[row["coverage"]].labels))
        facts.append((phrase_words("drawing.members"), same(sizes.get(row["iri"], 0))))
        if row["note"]:
            facts.append((phrase_words("drawing.note-label"), same(row["note"])))
        canvas.add(
            Node(
                iri=row["iri"],
                label=row["name"],
                names=names(row),
                kind="cluster",
                x=0.0,
                y=0.0,
                facts=tuple(facts),
                references=canvas.sources.of(row["source"], row["locator"]),
            )
        )


def add_instruments(canvas: Canvas, results: Results) -> None:
    """Add the instruments of support, each with its policy and how many are eligible."""
    policies = {row["iri"]: row for row in results.tables["policies"].iter_rows(named=True)}
    eligible = dict(results.eligible.group_by("instrument").len().rows())
    reached = results.tables["awards"].group_by("instrument")
    given = dict(reached.agg(pl.col("beneficiary").n_unique()).rows())
    for row in results.tables["instruments"].sort("iri").iter_rows(named=True):
        kind = codes("instrument-type")[row["kind"]].labels
        facts: list[Fact] = [(_term("instrumentType"), kind)]
        if row["policy"] in policies:
            facts.append((_term("Policy"), same(policies[row["policy"]]["title"])))
        if row["status"]:
            status = codes("instrument-status")[row["status"]].labels
            facts.append((_term("instrumentStatus"), status))
        facts.append((phrase_words("drawing.eligible"), same(eligible.get(row["iri"], 0))))
        facts.append((phrase_words("drawing.reached"), same(given.get(row["iri"], 0))))
        canvas.add(
            Node(
                iri=row["iri"],
                label=row["title"] or kind["en"],
                names={} if row["title"] else kind,
                kind="instrument",
                x=0.0,
                y=0.0,
                facts=tuple(facts),
                references=canvas.sources.of(row["source"], row["locator"]),
            )
        )
