"""What a graph tells of gaps, reach and health, as data frames; a part of ``KnowledgeGraph``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from klaster.graph.answer import Answer, Records
    from klaster.graph.findings.finding import Finding
    from klaster.graph.findings.what_if import Change
    from klaster.graph.store.columns import Columns


class Diagnosis:
    """The questions of what is missing, whom support reaches, and how clusters fare."""

    if TYPE_CHECKING:

        @property
        def base(self) -> str:
            """The IRI with which the IRIs of things in this graph begin."""

        @property
        def _columns(self) -> Columns: ...

        def cluster(self, name: str) -> str:
            """Return the IRI of a cluster."""

    def missing(self, *, cluster: str | None = None, language: str = "en") -> Records[Finding]:
        """Return the missing links by rule, most severe first.

        ``language`` is that of the sentences where the findings are turned into a data frame.
        """
        from klaster.graph.answer import Records
        from klaster.graph.findings.gaps import find_gaps

        found = find_gaps(self._columns, cluster=self.cluster(cluster) if cluster else None)
        return Records(found, lambda finding: finding.row(language))

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
            An actor (IRI, id or name) that would be gone.
        """
        from klaster.graph.answer import Records
        from klaster.graph.asking import find_thing
        from klaster.graph.findings.what_if import what_if
        from klaster.loaders.sources import read_source

        frames = None
        if added:
            loaded = read_source(
                added,
                base=self.base,
                name="what-if",
                known=lambda table: self._columns.table(table)["iri"].to_list(),
            )
            frames = loaded.tables.frames
        changes = what_if(
            self._columns,
            added=frames,
            without=find_thing(self._columns, "actors", without) if without else "",
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
