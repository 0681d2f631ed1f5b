"""Who holds the network together, and whose failure costs most, as data frames.

A part of ``KnowledgeGraph``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from klaster.graph.answer import Answer
    from klaster.graph.network.network import Network, Places
    from klaster.graph.risk import Assumptions, Supplies
    from klaster.graph.store.columns import Columns


class Standing:
    """The questions of risk over supplies, of brokers, and of which few actors matter together."""

    if TYPE_CHECKING:

        @property
        def base(self) -> str:
            """The IRI with which the IRIs of things in this graph begin."""

        @property
        def _columns(self) -> Columns: ...

        def network(
            self,
            *,
            links: Sequence[str] | None = None,
            cluster: str | None = None,
            date: dt.date | None = None,
            region: str | None = None,
            sector: str | None = None,
            kind: str | None = None,
        ) -> Network:
            """Return the network of some kinds of link."""

        def projected(
            self,
            columns: Columns,
            *,
            links: Sequence[str] | None = None,
            cluster: str | None = None,
            date: dt.date | None = None,
            region: str | None = None,
            sector: str | None = None,
            kind: str | None = None,
        ) -> Network:
            """Return the network of some tables."""

    def supplies(self, given: Assumptions | None = None, **slices: Any) -> Supplies:  # noqa: ANN401
        """Return the supply network with what is known of its economy: see ``klaster.graph.risk``.

        ``slices`` are those of ``network`` but for ``links``: cluster, region, date and so on.

        Raises
        ------
        Fault
            If no supply is recorded in that part of the graph.
        """
        from klaster.graph.risk import Assumptions, Supplies
        from klaster.ontology.faults import Fault

        network = self.network(**{**slices, "links": ("supply",)})
        if not network.weights.nnz:
            raise Fault("fault.no-supplies")
        return Supplies.of(self._columns, network, given or Assumptions())

    def risk(self, *, given: Assumptions | None = None, **slices: Any) -> Answer:  # noqa: ANN401
        """Return whose failure would cost most of all recorded output, first (ESRI).

        The columns are those of ``klaster.graph.risk.at_risk``: a lowest and a highest share of
        output, as far as it is not known which inputs are essential; how many are hit; who is
        cut off behind an actor; who buys most of its inputs from it.

        Parameters
        ----------
        given
            What is assumed beside what the tables tell: ``klaster.graph.risk.Assumptions``.

        References
        ----------
        Diem, Borsos, Reisch, Kertész and Thurner (2022),
        https://doi.org/10.1038/s41598-022-11522-z
        """
        from klaster.graph.risk import at_risk

        return _answer(at_risk(self.supplies(given, **slices)))

    def cascade(
        self,
        *actors: str,
        given: Assumptions | None = None,
        **slices: Any,  # noqa: ANN401
    ) -> Answer:
        """Return step by step who loses how much when some actors stop at once.

        Actors are given by IRI, id or name in any language. The columns are ``step, actor,
        label, kind``, ``supply`` and ``demand`` (what is left for want of inputs and of buyers)
        and ``lost``, in the gravest case that the data allow.
        """
        from klaster.graph.risk import failure

        supplies = self.supplies(given, **slices)
        return _answer(failure(supplies, self.places(supplies.network, actors)).steps)

    def places(self, network: Network, actors: Sequence[str]) -> Places:
        """Return where actors, given by IRI, id or name, stand in a network."""
        from klaster.graph.asking import find_thing
        from klaster.ontology.faults import Fault

        iris = [find_thing(self._columns, "actors", actor) for actor in actors]
        outside = set(iris) - set(network.actors["actor"])
        if outside:
            raise Fault("fault.not-in-network", found=", ".join(sorted(outside)))
        return network.places(iris)

    def difference(
        self,
        *,
        added: str | Path | None = None,
        without: Sequence[str] = (),
        by: str = "betweenness",
        given: Assumptions | None = None,
        **slices: Any,  # noqa: ANN401
    ) -> Answer:
        """Return how the network of supplies would differ; the graph itself stays as it is.

        Parameters
        ----------
        added
            A source with what would be added: it may refer to things of the graph by IRI.
        without
            Actors (IRI, id or name) that would be gone.
        by
            A measure of which changed ranks are told beside those of systemic risk.
        """
        from klaster.graph.risk import differences

        before, after = self.both(added=added, without=without, given=given, **slices)
        return _answer(differences(before, after, by))

    def both(
        self,
        *,
        added: str | Path | None,
        without: Sequence[str],
        given: Assumptions | None = None,
        **slices: Any,  # noqa: ANN401
    ) -> tuple[Supplies, Supplies]:
        """Return the economy as it is and as it would be, judged by the same markets."""
        from klaster.graph.asking import find_thing
        from klaster.graph.risk import Supplies, changed_columns
        from klaster.loaders.sources import read_source

        before = self.supplies(given, **slices)
        frames = None
        if added:
            loaded = read_source(
                added,
                base=self.base,
                name="what-if",
                known=lambda table: self._columns.table(table)["iri"].to_list(),
            )
            frames = loaded.tables.frames
        gone = [find_thing(self._columns, "actors", actor) for actor in without]
        columns = changed_columns(self._columns, frames, gone)
        network = self.projected(columns, **{**slices, "links": ("supply",)})
        same = replace(before.given, market=before.markets.by, tolerance=before.tolerance)
        return before, Supplies.of(columns, network, same)


def _answer(frame: Any) -> Answer:  # noqa: ANN401
    from klaster.graph.answer import Answer

    return Answer(tuple(frame.columns), tuple(frame.rows()))
