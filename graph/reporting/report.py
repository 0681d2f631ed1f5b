"""The report as a whole: its sections in order, and its two forms."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from klaster.graph.reporting.actors import actors_section
from klaster.graph.reporting.clusters import clusters_section
from klaster.graph.reporting.exports import exports_section
from klaster.graph.reporting.gaps import gaps_section, suggestions_section
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.reporting.methods import methods_section
from klaster.graph.reporting.network import network_section
from klaster.graph.reporting.quality import quality_section
from klaster.graph.reporting.records import records_of
from klaster.graph.reporting.summary import summary_section
from klaster.graph.reporting.support import support_section
from klaster.graph.store.columns import Columns
from klaster.graph.views.document import Document
from klaster.graph.views.document_html import render_html
from klaster.graph.views.document_markdown import render_markdown
from klaster.graph.views.wording import dated
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase

if TYPE_CHECKING:
    from collections.abc import Callable

    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.views.document import Section

SECTIONS: dict[str, Callable[[Gathered], Section]] = {
    "summary": summary_section,
    "network": network_section,
    "clusters": clusters_section,
    "central": actors_section,
    "gaps": gaps_section,
    "suggestions": suggestions_section,
    "support": support_section,
    "exports": exports_section,
    "quality": quality_section,
    "methods": methods_section,
}


@dataclass(frozen=True)
class Report:
    """A report: ``document`` is what it says, ``html`` and ``markdown`` are how it is written."""

    document: Document

    @cached_property
    def html(self) -> str:
        """The report as one HTML file that needs no other file and no script; write it as UTF-8."""
        return render_html(self.document)

    @cached_property
    def markdown(self) -> str:
        """The report as Markdown, its charts in words."""
        return render_markdown(self.document)


def write_up(
    graph: KnowledgeGraph,
    columns: Columns,
    *,
    language: str,
    cluster: str = "",
    date: dt.date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Return the report on a graph, or on one cluster of it.

    Parameters
    ----------
    cluster
        IRI of a cluster: what is not of it or its members is left out.
    date
        A day: only what holds then counts in the network, the cards and the support.
    progress
        Called with the key of each section before it is worked out.
    """
    gathered = Gathered(graph, columns, language, cluster, date)
    sections = []
    for key, section in SECTIONS.items():
        progress(key)
        sections.append(section(gathered))
    document = Document(
        _title(gathered), tuple(_about(gathered)), language, graph.revision, tuple(sections)
    )
    rested = {iri for origin in document.origins() for iri in origin.rests_on}
    return Report(replace(document, records=records_of(columns, rested)))


def _title(gathered: Gathered) -> str:
    if gathered.cluster:
        cluster = gathered.name(gathered.cluster)
        return phrase("report.title-of-cluster", gathered.language, cluster=cluster)
    name = gathered.graph.path.name.removesuffix(".klaster")
    return phrase("report.title", gathered.language, name=name)


def _about(gathered: Gathered) -> list[str]:
    """Return of when the data are, and how complete they are said to be."""
    language = gathered.language
    loaded = max((entry.loaded_at for entry in gathered.graph.sources()), default="")
    lines = [phrase("report.as-loaded", language, date=dated(loaded, language))]
    cited = gathered.columns.table("sources")["date"].drop_nulls().max()
    if isinstance(cited, str):
        lines.append(phrase("report.newest-source", language, date=dated(cited, language)))
    if gathered.date:
        day = dated(gathered.date.isoformat(), language)
        lines.append(phrase("report.on-day", language, date=day))
    coverage = codes("coverage")[gathered.coverage].labels[language]
    lines.append(phrase("report.coverage", language, coverage=coverage))
    return lines
