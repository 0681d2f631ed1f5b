"""What a graph tells of gaps, reach, health and exports; a part of ``KnowledgeGraph``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import polars as pl

    from klaster.graph.answer import Answer, Records
    from klaster.graph.findings.finding import Finding
    from klaster.graph.findings.predicted import Predicted
    from klaster.graph.findings.what_if import Change
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.potential import Potential
    from klaster.graph.reporting.report import Report
    from klaster.graph.store.columns import Columns


class Diagnosis:
    """The questions of what is missing, whom support reaches, how clusters fare and export."""

    if TYPE_CHECKING:

        @property
        def base(self) -> str:
            """The IRI with which the IRIs of things in this graph begin."""

        @property
        def _columns(self) -> Columns: ...

        def cluster(self, name: str) -> str:
            """Return the IRI of a cluster."""

    def long_tables(self) -> dict[str, int]:
        """Return how many rows stand in tables too long to be held at once: see docs/scale.md."""
        from klaster.graph.store.columns import long_tables

        found: dict[str, int] = {}
        for folder in self._columns.folders:
            for name, table in long_tables(folder).items():
                found[name] = found.get(name, 0) + table.height
        return found

    def missing(self, *, cluster: str | None = None, language: str = "en") -> Records[Finding]:
        """Return the missing links by rule, most severe first.

        Of a rule that finds more than ``klaster.graph.findings.gaps.MOST`` the gravest are
        there; ``counts`` of what is returned tells how many each rule finds in all. ``language`` is that of the sentences where the findings are turned into a data frame.
        """
        from klaster.graph.answer import Records
        from klaster.graph.findings.gaps import find_gaps

        found = find_gaps(self._columns, cluster=self.cluster(cluster) if cluster else None)
        return Records(found, lambda finding: finding.row(language), found.counts)

    def predict(
        self,
        *,
        cluster: str | None = None,
        layers: Sequence[str] = (),
        count: int = 20,
        model: str = "ensemble",
        share: Callable[[float], None] = lambda _: None,
    ) -> Predicted:
        """Return the likeliest links that are not recorded, with the audit of each layer.

        A layer (``supply``, ``cooperation``, ``actor-product``) is first audited on links of its
        own that are hidden; one that cannot foretell them has no suggestions, and says why.

        Parameters
        ----------
        count
            How many suggestions a layer; with 0 the layers are audited alone.
        model
            ``ensemble``, or ``stack``: the weight of each evidence learnt from the layer's own
            past, against it where it speaks against a link.
        share
            Is told how much of the work is done, from 0 to 1: of a nation it takes minutes.
        """
        from klaster.graph.findings.layer import LAYERS
        from klaster.graph.findings.predicted import predict

        return predict(
            self._columns,
            layers=tuple(layers) or LAYERS,
            cluster=self.cluster(cluster) if cluster else None,
            count=count,
            model=model,
            share=share,
        )

    def backtest(
        self,
        *,
        layer: str = "cooperation",
        cut: dt.date | None = None,
        truth: str | Path | None = None,
        all_methods: bool = False,
        seed: int = 0,
    ) -> list[dict[str, Any]]:
        """Return how well the graph's own links are foretold, a row a method.

        Parameters
        ----------
        cut
            What was recorded before this day is known, what came later is to be foretold.
        truth
            A CSV file, packed or not, of the links that came later: two columns of ids or IRIs.
            Without either, the latest tenth of the dated links is hidden, or a tenth at random.
        """
        from klaster.graph.findings.backtest import backtest
        from klaster.graph.findings.layer import layer_of

        found = layer_of(self._columns, layer)
        later = self._pairs(Path(truth), layer) if truth else None
        return backtest(found, cut=cut, truth=later, all_methods=all_methods, seed=seed)

    def _pairs(self, path: Path, layer: str) -> pl.DataFrame:
        """Read pairs of ids or IRIs from the first two columns of a file, as IRIs."""
        import polars as pl

        from klaster.ontology.faults import Fault

        try:
            rows = pl.read_csv(path, infer_schema=False)
            first, second, *_ = rows.columns
        except (OSError, ValueError, pl.exceptions.PolarsError) as reason:
            raise Fault("fault.truth", path=path, reason=str(reason)[:200]) from reason
        others = "products" if layer == "actor-product" else "actors"
        return rows.select(
            pl.col(name).replace(dict(self._columns.table(table).select("id", "iri").rows()))
            for name, table in ((first, "actors"), (second, others))
        )

    def what_if(
        self,
        *,
        added: str | Path | None = None,
        without: str | None = None,
        cluster: str | None = None,
        language: str = "en",
    ) -> Records[Change]:
        """Return which findings appear and vanish; the graph itself stays as it is.

        Parameters
        ----------
        added
            A source with what would be added: it may refer to things of the graph by IRI.
        without
            An actor or instrument (IRI, id or name), or a link (IRI), that would be gone.
        """
        from klaster.graph.answer import Records
        from klaster.graph.asking import find_for_removal
        from klaster.graph.findings.what_if import what_if
        from klaster.graph.store.merging import things
        from klaster.loaders.sources import read_source

        frames = None
        if added:
            loaded = read_source(
                added,
                base=self.base,
                name="what-if",
                known=things(self._columns.folders),
            )
            frames = loaded.tables.frames
        changes = what_if(
            self._columns,
            added=frames,
            without=find_for_removal(self._columns, without) if without else "",
            cluster=self.cluster(cluster) if cluster else None,
        )
        return Records(changes, lambda change: change.row(language))

    def cards(self, *, cluster: str | None = None, date: dt.date | None = None) -> Answer:
        """Return the health card of a cluster, or of all: see ``klaster.graph.findings.card``."""
        from klaster.graph.answer import Answer
        from klaster.graph.findings.card import cards

        frame = cards(self._columns, cluster=self.cluster(cluster) if cluster else None, date=date)
        return Answer(tuple(frame.columns), tuple(frame.rows()))

    def mechanisms(self, *, date: dt.date | None = None) -> Answer:
        """Return which mechanisms of the founding article are recorded in which cluster."""
        from klaster.graph.answer import Answer
        from klaster.graph.findings.card import mechanisms

        frame = mechanisms(self._columns, date=date)
        return Answer(tuple(frame.columns), tuple(frame.rows()))

    def write_candidates(
        self, path: str | Path, *, cluster: str | None = None, language: str = "en"
    ) -> int:
        """Write the links that would close findings as a workbook to fill in, and count them."""
        from klaster.graph.findings.what_if import candidate_links
        from klaster.graph.store.tabular import write_workbook

        frames = candidate_links(list(self.missing(cluster=cluster)), language)
        write_workbook(frames, Path(path))
        return frames["supplies"].height + frames["cooperations"].height // 2

    def policy(self, *, date: dt.date | None = None) -> Answer:
        """Return whom each instrument is meant for and whom it is recorded to have reached."""
        from klaster.graph.answer import Answer
        from klaster.graph.findings.policy_reach import reach

        frame = reach(self._columns, date=date)
        return Answer(tuple(frame.columns), tuple(frame.rows()))

    def potential(
        self,
        *,
        of: str | None = None,
        level: str = "",
        year: int | None = None,
        currency: str = "",
        least: float = 0.0,
        language: str = "en",
    ) -> Potential:
        """Return what is exported: see ``klaster.graph.potential.Potential``.

        Parameters
        ----------
        of
            An exporter that is to be among those compared.
        level
            Whose exports: ``actor``, ``cluster``, ``region`` or ``country``; by default the level
            of the exporter that is named, or else that with the most exporters.
        year, currency
            By default the latest year and the currency of most flows.
        least
            Leave out exporters that export less in a year.
        language
            Of the names.

        Raises
        ------
        Fault
            If there are no exports, or none in that year.
        """
        from klaster.graph.potential import Potential, level_of

        level = level or (level_of(self._columns, of) if of else "")
        chosen = {"level": level, "currency": currency, "language": language}
        return Potential(self._columns, year=year, least=least, **chosen)

    def next_products(
        self,
        *,
        of: str | None = None,
        count: int = 10,
        order: str = "nearness",
        language: str = "en",
    ) -> Records[Finding]:
        """Return the products nearest to what is made, of one exporter or of every cluster.

        Each is a finding with who makes something close, which inputs no member makes, and which
        instruments would support it.

        Parameters
        ----------
        of
            A cluster, actor, region or country, by IRI, id, code or name.
        count
            How many products an exporter.
        order
            ``nearness``, or ``complexity`` or ``gain`` among the nearer half.

        Raises
        ------
        Fault
            If nothing tells which products are near to which.
        """
        from klaster.graph.answer import Records
        from klaster.graph.potential import every_cluster, find_exporter, next_products

        exporters = [find_exporter(self._columns, of)] if of else every_cluster(self._columns)
        found = next_products(self._columns, exporters, count=count, order=order, strict=bool(of))
        return Records(found, lambda finding: finding.row(language))

    def next_markets(
        self,
        *,
        of: str | None = None,
        count: int = 10,
        language: str = "en",
        level: str = "",
        year: int | None = None,
        currency: str = "",
        least: float = 0.0,
    ) -> Records[Finding]:
        """Return the destinations nearest to where an exporter, or each, sells already."""
        from klaster.graph.answer import Records

        potential = self.potential(of=of, level=level, year=year, currency=currency, least=least)
        exporters = [potential.exporter(of)] if of else potential.traded.exporters
        found = [
            market
            for exporter in exporters
            for market in potential.next_markets(exporter, count=count)
        ]
        return Records(found, lambda finding: finding.row(language))

    def linkages(self) -> pl.DataFrame:
        """Return the linkages of sectors: see ``klaster.graph.findings.sectors``."""
        from klaster.graph.findings.facts import Facts
        from klaster.graph.findings.sectors import sector_linkages

        return sector_linkages(Facts(self._columns))

    def claims(self, *, cluster: str | None = None) -> pl.DataFrame:
        """Return claimed effects with their indicators: see ``klaster.graph.findings.claims``."""
        from klaster.graph.findings.claims import claimed_effects
        from klaster.graph.findings.facts import Facts

        of = self.cluster(cluster) if cluster else ""
        return claimed_effects(Facts(self._columns), cluster=of)

    def names(self, iris: Iterable[str], *, language: str = "en") -> dict[str, str]:
        """Return the names of things, countries and regions in a language, by IRI."""
        from klaster.graph.findings.facts import Facts

        facts = Facts(self._columns)
        return {iri: facts.name(iri)[language] for iri in iris}

    def report(
        self,
        *,
        language: str = "en",
        cluster: str | None = None,
        date: dt.date | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Report:
        """Return the whole report: its ``html`` and ``markdown`` are documents to hand on.

        Parameters
        ----------
        cluster
            IRI, id or name: only what concerns this cluster.
        date
            Only what holds that day counts in the network, the cards and the support.
        progress
            Called with the key of each section before it is worked out.
        """
        from klaster.graph.reporting.report import write_up

        return write_up(
            cast("KnowledgeGraph", self),
            self._columns,
            language=language,
            cluster=self.cluster(cluster) if cluster else "",
            date=date,
            progress=progress,
        )
