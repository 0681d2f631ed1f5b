"""What is not recorded: found before all else, and a reason to trust less what rests on it.

A link or an award that nobody recorded is no gap of the network. What a rule would need to know
and the data do not tell is said once for each kind of thing, and every other finding that rests
on such things has a lower confidence and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, Words, make_finding
from klaster.graph.store.force import with_status
from klaster.graph.store.holding import GOODS, counted
from klaster.ontology.codes import codes
from klaster.ontology.labels import LANGUAGES, phrase_words

SHOWN: Final = 100
"""So many of the things that lack something are named as evidence; the numbers count all."""
_LINKS: Final = ("supplies", "cooperations", "ownerships")
_RESTS_ON: Final = {
    "G1": ("link-product",),
    "G1b": ("link-product",),
    "G2": ("link-product", "link-date", "link-source"),
    "G3": ("link-product",),
    "G6": ("link-date", "link-source"),
    "G7": ("actor-role",),
    "G8": ("actor-role",),
    "G9": ("actor-role",),
    "G13": ("actor-role",),
    "G14": ("product-code",),
}


@dataclass(frozen=True)
class Lack:
    """Things of a kind of which something is not recorded, of how many.

    ``things`` has a column ``iri``; ``touched`` are the things whose findings rest on it, the
    same ones unless others are named.
    """

    kind: str
    things: pl.DataFrame
    total: int
    touching: pl.DataFrame | None = None

    def touched(self, among: Iterable[str]) -> frozenset[str]:
        """Return which of some things are known less well for it."""
        found = self.things if self.touching is None else self.touching
        asked = pl.Series(list(among), dtype=pl.String)
        return frozenset(found["iri"].filter(found["iri"].is_in(asked.implode())))


@dataclass(frozen=True)
class Gaps:
    """What is not recorded in a graph, or of one cluster's members."""

    facts: Facts
    cluster: str = ""

    @cached_property
    def lacks(self) -> dict[str, Lack]:
        """What is lacking, by kind; kinds of which nothing lacks are left out."""
        found = [*self._of_actors(), *self._of_things(), *self._of_links(), *self._of_support()]
        return {lack.kind: lack for lack in found if not lack.things.is_empty()}

    @cached_property
    def _actors(self) -> pl.DataFrame:
        actors = self.facts.columns.table("actors")
        if self.cluster:
            inside = self.facts.members.filter(pl.col("cluster") == self.cluster)
            actors = actors.join(inside, left_on="iri", right_on="actor", how="semi")
        return actors

    def _of_actors(self) -> Iterator[Lack]:
        actors, facts = self._actors, self.facts
        count = actors.height
        member = facts.members.select(iri="actor").unique()
        yield Lack(
            "actor-sector",
            actors.filter(pl.col("activity").is_null()).join(member, on="iri", how="anti"),
            count,
        )
        # Abroad the country is place enough; the regions are those of the countries listed.
        divided = sorted({code.partition("-")[0] for code in codes("region") if "-" in code})
        undivided = pl.col("country").is_not_null() & ~pl.col("country").is_in(divided)
        yield Lack("actor-region", actors.filter(pl.col("region").is_null() & ~undivided), count)
        yield Lack("actor-role", self._without_role(), count)

    def _without_role(self) -> pl.DataFrame:
        """Return the actors of which nothing says what they do: no role, product or supply."""
        known = self.facts.numbered
        roles = self.facts.columns.table("memberships").drop_nulls("role")["actor"]
        said = pl.concat(
            [
                known.actors.places(roles.unique()),
                known.makers["actor"],
                known.supplies["supplier"],
                self.facts.played.filter(pl.col("role") != "firm")["actor"],
            ]
        ).unique()
        silent = pl.col("roles").list.len().fill_null(0) == 0
        places = known.actors.places(self._actors["iri"])
        return self._actors.filter(silent & ~places.is_in(said.implode()))

    def _of_things(self) -> Iterator[Lack]:
        known = self.facts.numbered
        products = self.facts.columns.table("products")
        if self.cluster:
            used = pl.concat([known.makers, known.needers])
            own = known.actors.places(self._actors["iri"])
            mine = used.filter(pl.col("actor").is_in(own.implode()))["product"].unique()
            products = products.filter(known.products.places(products["iri"]).is_in(mine.implode()))
        coded = pl.col("hs").is_not_null() | pl.col("cpc").is_not_null()
        yield Lack("product-code", products.filter(~coded), products.height)

    def _of_links(self) -> Iterator[Lack]:
        known = self.facts.numbered
        goods = known.supplies.filter(GOODS)
        if self.cluster:
            own = known.actors.places(self._actors["iri"]).implode()
            goods = goods.filter(pl.col("supplier").is_in(own) | pl.col("buyer").is_in(own))
        unnamed = goods.filter(pl.col("product").is_null())
        buyers = known.actors.iris(unnamed["buyer"].unique())
        yield Lack("link-product", unnamed.select("iri"), goods.height, buyers.to_frame("iri"))
        links = _once(pl.concat([self._records(name) for name in _LINKS]))
        yield Lack("link-date", links.filter(pl.col("valid_from").is_null()), links.height)
        yield Lack("link-source", links.filter(~pl.col("sourced")), links.height)

    def _records(self, name: str) -> pl.DataFrame:
        """Return of the links of a table that hold when each began and whether it has a source."""
        ends = _ENDS[name] if self.cluster else ()
        wanted = ("iri", "status", "valid_from", "source", *ends)
        links = counted(self.facts.columns.links(name, *wanted))
        return self._touching(links, name).select("iri", "valid_from", _sourced())

    def _touching(self, links: pl.DataFrame, table: str) -> pl.DataFrame:
        if not self.cluster:
            return links
        own = self._actors["iri"].implode()
        return links.filter(pl.any_horizontal(pl.col(end).is_in(own) for end in _ENDS[table]))

    def _of_support(self) -> Iterator[Lack]:
        columns = self.facts.columns
        instruments = with_status(columns).filter(pl.col("status").fill_null("") != "proposed")
        unrecorded = instruments if columns.table("awards").is_empty() else instruments.clear()
        yield Lack("award", unrecorded, instruments.height)
        known, actors = self.facts.eligibility, self._actors
        doubtful = np.zeros(len(known.actors), dtype=bool)
        for instrument in known.instruments:
            doubtful |= known.may_meet(instrument)
        who = known.actors.filter(pl.Series(doubtful))
        yield Lack("criterion", actors.filter(pl.col("iri").is_in(who.implode())), actors.height)

    def doubted(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return findings with the confidence that the data allow, and the reason in words."""
        touched = {kind: self._touched(kind, findings) for kind in self.lacks}
        return [self._lowered(found, self._doubts(found, touched)) for found in findings]

    def _touched(self, kind: str, findings: Sequence[Finding]) -> frozenset[str]:
        """Return what findings rest on and is known less well."""
        resting = (found for found in findings if kind in _RESTS_ON.get(found.rule, ()))
        things = {thing for found in resting for thing in (*found.subjects, *found.evidence)}
        return self.lacks[kind].touched(things) if things else frozenset()

    def _lowered(self, finding: Finding, doubts: dict[str, float]) -> Finding:
        if not doubts:
            return finding
        confidence = 1 - max(doubts.values())
        what = [phrase_words(f"data-gap.{kind}") for kind in doubts]
        reasons = {language: "; ".join(words[language] for words in what) for language in LANGUAGES}
        lowered = phrase_words(
            "finding.confidence", confidence=f"{confidence:.0%}", reasons=reasons
        )
        text: Words = {
            language: f"{finding.text[language]} {lowered[language]}" for language in LANGUAGES
        }
        return replace(finding, confidence=confidence, text=text)

    def _doubts(self, finding: Finding, touched: Mapping[str, frozenset[str]]) -> dict[str, float]:
        """Return, by kind, what share of what a finding rests on lacks something."""
        things = {*finding.subjects, *finding.evidence}
        found = {}
        for kind in _RESTS_ON.get(finding.rule, ()):
            if some := things & touched.get(kind, frozenset()):
                found[kind] = len(some) / len(things)
        if finding.rule in ("G10", "G11"):
            instrument = finding.subjects[0]
            if "award" in self.lacks:
                found["award"] = 1.0
            if doubtful := int(self.facts.eligibility.may_meet(instrument).sum()):
                found["criterion"] = doubtful / (doubtful + int(finding.numbers["eligible"]))
        return found


def _once(records: pl.DataFrame) -> pl.DataFrame:
    """Return each record once; what one of its rows tells is known.

    Only rows whose IRIs may be the same, by a number in place of each, are looked at together.
    """
    again = records["iri"].hash().is_duplicated()
    if not again.any():
        return records
    several = records.filter(again).group_by("iri").agg(pl.col("valid_from", "sourced").max())
    return pl.concat([records.filter(~again), several])


_ENDS: Final = {
    "supplies": ("supplier", "buyer"),
    "cooperations": ("participant",),
    "ownerships": ("owner", "owned"),
}


def _sourced() -> pl.Expr:
    return (pl.col("source").list.len().fill_null(0) > 0).alias("sourced")


def unrecorded(gaps: Gaps) -> Iterator[Finding]:
    """G15: what the other rules would need to know and the data do not tell, a finding a kind.

    Severity is the share of the things of the kind that lack it, whatever the coverage: that
    something is not recorded is certain. To an analyst: what to ask for next.
    """
    facts = gaps.facts
    for kind, lack in gaps.lacks.items():
        count = lack.things.height
        things = tuple(lack.things["iri"].bottom_k(SHOWN).sort())
        found = make_finding(
            "G15",
            0,
            subjects=(gaps.cluster,) if gaps.cluster else (),
            numbers={"kind": kind, "lacking": count, "all": lack.total},
            evidence=things,
            coverage=facts.coverage_of_scope(gaps.cluster),
            words={"what": phrase_words(f"data-gap.{kind}"), "count": count, "all": lack.total},
        )
        yield replace(found, severity=count / lack.total)
