"""What is not recorded: found before all else, and a reason to trust less what rests on it.

A link or an award that nobody recorded is no gap of the network. What a rule would need to know
and the data do not tell is said once for each kind of thing, and every other finding that rests
on such things has a lower confidence and says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import polars as pl

from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding, Words, make_finding
from klaster.graph.store.eligibility import undetermined
from klaster.graph.store.force import with_status
from klaster.graph.store.holding import counted
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

    @cached_property
    def touched(self) -> frozenset[str]:
        """The IRIs of what is known less well for it."""
        found = self.things if self.touching is None else self.touching
        return frozenset(found["iri"])


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
        facts = self.facts
        said = pl.concat(
            [
                facts.columns.table("memberships").drop_nulls("role").select(iri="actor"),
                facts.makers.select(iri="actor"),
                facts.supplies.select(iri="supplier"),
                facts.helix.filter(pl.col("role") != "firm").select(iri="actor"),
            ]
        ).unique()
        silent = pl.col("roles").list.len().fill_null(0) == 0
        return self._actors.filter(silent).join(said, on="iri", how="anti")

    def _of_things(self) -> Iterator[Lack]:
        products = self.facts.columns.table("products")
        if self.cluster:
            used = pl.concat([self.facts.makers, self.facts.needers])
            own = used.join(self._actors.select(actor="iri"), on="actor", how="semi")
            products = products.join(own, left_on="iri", right_on="product", how="semi")
        coded = pl.col("hs").is_not_null() | pl.col("cpc").is_not_null()
        yield Lack("product-code", products.filter(~coded), products.height)

    def _of_links(self) -> Iterator[Lack]:
        goods = self._touching(
            self.facts.supplies.filter(pl.col("kind").fill_null("goods") == "goods"), "supplies"
        )
        unnamed = goods.filter(pl.col("product").is_null())
        yield Lack("link-product", unnamed, goods.height, unnamed.select(iri="buyer").unique())
        links = pl.concat(
            [
                self._touching(counted(self.facts.columns.table(name)), name)
                .select("iri", "valid_from", _sourced())
                .group_by("iri")
                .agg(pl.col("valid_from", "sourced").max())
                for name in _LINKS
            ]
        )
        yield Lack("link-date", links.filter(pl.col("valid_from").is_null()), links.height)
        yield Lack("link-source", links.filter(~pl.col("sourced")), links.height)

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
        doubtful = self.undetermined.select(iri="actor").unique()
        actors = self._actors
        yield Lack("criterion", actors.join(doubtful, on="iri", how="semi"), actors.height)

    @cached_property
    def undetermined(self) -> pl.DataFrame:
        """Who may be eligible for what, were all recorded (``instrument``, ``actor``)."""
        return undetermined(self.facts.columns)

    @cached_property
    def _doubtful(self) -> dict[str, int]:
        return dict(self.undetermined.group_by("instrument").len().rows())

    def doubted(self, finding: Finding) -> Finding:
        """Return a finding with the confidence that the data allow, and the reason in words."""
        doubts = self._doubts(finding)
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

    def _doubts(self, finding: Finding) -> dict[str, float]:
        """Return, by kind, what share of what a finding rests on lacks something."""
        things = {*finding.subjects, *finding.evidence}
        found = {}
        for kind in _RESTS_ON.get(finding.rule, ()):
            if kind in self.lacks and (touched := things & self.lacks[kind].touched):
                found[kind] = len(touched) / len(things)
        if finding.rule in ("G10", "G11"):
            instrument = finding.subjects[0]
            if "award" in self.lacks:
                found["award"] = 1.0
            if instrument in self._doubtful:
                doubtful = self._doubtful[instrument]
                found["criterion"] = doubtful / (doubtful + int(finding.numbers["eligible"]))
        return found


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
        things = tuple(lack.things["iri"].sort().head(SHOWN))
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
