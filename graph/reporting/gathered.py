"""What a report says, gathered once: the network, the findings, the reach, the state of the data."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from klaster.graph.findings.export_concentration import concentration
from klaster.graph.findings.facts import Facts
from klaster.graph.findings.finding import Finding
from klaster.graph.findings.predicted import is_quick
from klaster.graph.network.centrality import measured
from klaster.graph.network.network import Figures, Measured, Network
from klaster.graph.store.columns import Columns
from klaster.graph.views.document import Origin
from klaster.ontology.codes import codes
from klaster.ontology.questions import questions

if TYPE_CHECKING:
    from klaster.graph.answer import Check, Count, Records
    from klaster.graph.findings.predicted import Predicted
    from klaster.graph.knowledge_graph import KnowledgeGraph

SUGGESTED = 10
"""So many suggestions a layer are reported."""
CHECKED_UP_TO = 50_000
"""Up to so many rows is the graph checked unasked: beyond that it takes minutes."""
LOOKED_UP = 500
"""Of so many records behind one figure are the rows looked up; a part of them is shown."""


@dataclass(frozen=True)
class Gathered:
    """A graph, the part of it that is asked for, and all that is worked out of it.

    ``cluster`` is an IRI, or empty for the whole graph; ``date`` a day, of which only what holds
    then counts in the network, the cards and the support.
    """

    graph: KnowledgeGraph
    columns: Columns
    language: str
    cluster: str = ""
    date: dt.date | None = None

    @cached_property
    def facts(self) -> Facts:
        """What holds on the day, or all that is recorded."""
        return Facts(self.columns if self.date is None else self.columns.on(self.date))

    @cached_property
    def network(self) -> Network:
        """The network of every kind of link."""
        return self.graph.network(cluster=self.cluster or None, date=self.date)

    @cached_property
    def supply(self) -> Network:
        """The network of supplies alone, of the same actors."""
        return self.graph.network(links=["supply"], cluster=self.cluster or None, date=self.date)

    @cached_property
    def coverage(self) -> str:
        """How complete the data are said to be."""
        return self.graph.coverage(cluster=self.cluster or None)

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """The gaps by rule, most severe first, without what is not recorded."""
        return [found for found in self._found if found.rule != "G15"]

    @cached_property
    def data_gaps(self) -> Sequence[Finding]:
        """What is not recorded though rules ask for it."""
        return [found for found in self._found if found.rule == "G15"]

    @cached_property
    def gaps_of_rules(self) -> dict[str, int]:
        """How many gaps each rule finds in all; ``findings`` are the gravest of very many."""
        return {rule: count for rule, count in self._found.counts.items() if rule != "G15"}

    @cached_property
    def _found(self) -> Records[Finding]:
        return self.graph.missing(cluster=self.cluster or None)

    @cached_property
    def predicted(self) -> Predicted | None:
        """The suggested links and the audit of each layer; nothing where that takes too long."""
        if not is_quick(self.columns):
            return None
        return self.graph.predict(cluster=self.cluster or None, count=SUGGESTED)

    @cached_property
    def cards(self) -> pl.DataFrame:
        """The health cards."""
        return self.graph.cards(cluster=self.cluster or None, date=self.date).to_polars()

    @cached_property
    def card_values(self) -> dict[tuple[str, str], float]:
        """The figures of the cards by cluster and item."""
        if self.cards.is_empty():
            return {}
        rows = self.cards.select("cluster", "item", "value").rows()
        return {(cluster, item): value for cluster, item, value in rows}

    @cached_property
    def mechanisms(self) -> pl.DataFrame:
        """The mechanisms of support that are recorded in each cluster."""
        found = self.graph.mechanisms(date=self.date).to_polars()
        if self.cluster and not found.is_empty():
            found = found.filter(pl.col("cluster") == self.cluster)
        return found

    @cached_property
    def reach(self) -> pl.DataFrame:
        """The reach of each instrument; with a cluster, of those meant for a member of it."""
        found = self.graph.policy(date=self.date).to_polars()
        if not self.cluster or found.is_empty():
            return found
        members = self.facts.members.filter(pl.col("cluster") == self.cluster)
        meant = self.facts.eligible.join(members, on="actor", how="semi")
        return found.join(meant, on="instrument", how="semi", maintain_order="left")

    @cached_property
    def exports(self) -> pl.DataFrame:
        """How concentrated recorded exports are; with a cluster, its own and its members'."""
        found = concentration(self.columns)
        return found if not self.cluster else found.filter(pl.col("exporter").is_in(self.own))

    @cached_property
    def own(self) -> list[str]:
        """The IRIs of the cluster and its members."""
        return [self.cluster, *self.facts.members_of.get(self.cluster, ())]

    @cached_property
    def checks(self) -> Sequence[Check] | None:
        """What does not conform to the shapes; nothing where the check takes too long."""
        rows = sum(sum(entry.rows.values()) for entry in self.graph.sources())
        return self.graph.check() if rows <= CHECKED_UP_TO else None

    @cached_property
    def counts(self) -> Sequence[Count]:
        """The counts of what is in the graph, and what its tables can answer."""
        return self.graph.info()

    def figures(self, measure: str) -> Figures:
        """Return the figures of a measure, an actor each."""
        return self.measured(measure).figures

    def measured(self, measure: str) -> Measured:
        """Return the figures of a measure and how sure they are; each is worked out once."""
        known: dict[str, Measured] = self._measured
        if measure not in known:
            known[measure] = measured(self.network, measure)
        return known[measure]

    @cached_property
    def _measured(self) -> dict[str, Measured]:
        return {}

    def name(self, iri: str) -> str:
        """Return a thing's name in the language of the report, as far as it is given."""
        return self.facts.name(iri)[self.language]

    def names(self, iris: Iterable[str]) -> list[str]:
        """Return the names of several things."""
        return [self.name(iri) for iri in iris]

    def measure(self, name: str) -> str:
        """Return what a measure is called."""
        return codes("measure")[name].labels[self.language]

    def origin(
        self,
        command: str,
        *options: str,
        question: str = "",
        rests_on: Iterable[str] = (),
        sliced: bool = False,
        dated: bool = False,
    ) -> Origin:
        """Return how a figure is had again: the command that prints it, and a named question.

        ``sliced`` commands take the cluster of the report, ``dated`` ones its day.
        """
        words = ["klaster", command, self.graph.path.name, *options]
        if sliced and self.cluster:
            words += ["--cluster", self.cluster]
        if dated and self.date:
            words += ["--date", self.date.isoformat()]
        asked = questions().get(question)
        if asked and self.cluster and "cluster" in {one.name for one in asked.parameters}:
            words += ["--set", f"cluster={self.cluster}"]
        words += ["--lang", self.language]
        return Origin(
            shlex.join(words),
            question=f"{question}: {asked.title(self.language)}" if asked else "",
            sparql=asked.sparql.strip() if asked else "",
            rests_on=tuple(dict.fromkeys(rests_on))[:LOOKED_UP],
        )
