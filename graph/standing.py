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

    def columns(self) -> Columns:
        """Return the typed tables of the graph."""
        return self._columns

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
        from klaster.graph.store.merging import things
        from klaster.loaders.sources import read_source

        before = self.supplies(given, **slices)
        frames = None
        if added:
            loaded = read_source(
                added,
                base=self.base,
                name="what-if",
                known=things(self._columns.folders),
            )
            frames = loaded.tables.frames
        gone = [find_thing(self._columns, "actors", actor) for actor in without]
        columns = changed_columns(self._columns, frames, gone)
        network = self.projected(columns, **{**slices, "links": ("supply",)})
        same = replace(before.given, market=before.markets.by, tolerance=before.tolerance)
        return before, Supplies.of(columns, network, same)

    def brokers(self, *, by: str = "kind", **slices: Any) -> Answer:  # noqa: ANN401
        """Return who is how often a broker between or within groups, the busiest first.

        Groups are by ``kind``, ``sector``, ``region``, ``cluster`` or ``community``. The columns
        are those of ``klaster.graph.network.positions.brokers``: the roles of Gould and Fernandez
        (coordinator, gatekeeper, representative, itinerant, liaison) and the E-I index.

        References
        ----------
        Gould and Fernandez (1989), https://doi.org/10.2307/270949
        """
        from klaster.graph.network.positions import brokers

        return _answer(brokers(self._columns, self.network(**slices), by))

    def key_players(self, count: int, **slices: Any) -> Answer:  # noqa: ANN401
        """Return which few actors together break the network up most, and which reach most of it.

        A row an actor chosen: ``goal`` (``remove`` or ``reach``), ``actor, label, kind``,
        ``value`` of the whole set, ``bound`` (no set of as many is worth more) and ``exact``
        (this set is proven the best).

        References
        ----------
        Borgatti (2006), https://doi.org/10.1007/s10588-006-7084-x
        """
        import polars as pl

        from klaster.graph.network.key_players import key_players_to_reach, key_players_to_remove

        network = self.network(**slices)
        chosen = {"remove": key_players_to_remove, "reach": key_players_to_reach}
        frames = []
        for goal, choose in chosen.items():
            found = choose(network, count)
            known = {"value": found.value, "bound": found.bound, "exact": found.exact}
            rows = network.actors[found.actors.tolist()].select("actor", "label", "kind")
            told = rows.with_columns(pl.lit(value).alias(name) for name, value in known.items())
            frames.append(told.select(pl.lit(goal).alias("goal"), pl.all()))
        return _answer(pl.concat(frames))

    def helix(self, **slices: Any) -> Answer:  # noqa: ANN401
        """Return for each cluster how complete its triple helix is, and the synergy T in bits.

        The columns are those of ``klaster.graph.network.positions.helices``.

        References
        ----------
        Leydesdorff (2003), https://doi.org/10.1023/A:1026253130577
        """
        from klaster.graph.network.positions import helices

        return _answer(helices(self._columns, self.network(**slices)))


def _answer(frame: Any) -> Answer:  # noqa: ANN401
    from klaster.graph.answer import Answer

    return Answer(tuple(frame.columns), tuple(frame.rows()))
