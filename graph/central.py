"""Who is central: the ranking with how sure it is, as a sheet with what it rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from klaster.graph.network.centrality import (
    COSTLY,
    DEFAULT,
    EXACT_LIMIT,
    each_measured,
    parts,
    ranking,
)
from klaster.graph.network.change import ranks_changed
from klaster.graph.network.projection import LINK_KINDS
from klaster.graph.network.uncertainty import DROPPED, ROUNDS, is_quick, rank_intervals
from klaster.graph.views.report import Sheet, central_sheet, rank_changes_sheet
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import code_label, phrase

if TYPE_CHECKING:
    from klaster.graph.findings.facts import Facts
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.network.network import Network

_WORST_FIRST = ("unknown", "news", "survey", "census")
_HARMONIC = {"closeness": "harmonic-upstream", "closeness-downstream": "harmonic-downstream"}


def coverage_of(facts: Facts, actors: pl.Series) -> str:
    """Return the least complete coverage of any cluster to which some actors belong."""
    theirs = facts.members.filter(pl.col("actor").is_in(actors.implode()))
    found = {facts.coverage(cluster) for cluster in theirs["cluster"].unique()}
    return next((code for code in _WORST_FIRST if code in found), "unknown")


def told_network(network: Network, links: Iterable[str], language: str) -> str:
    """Return in a sentence of which links and how many actors a network is."""
    kinds = ", ".join(code_label("link-kind", kind, language) for kind in links)
    counts = {"actors": network.size, "count": network.links.height, "parts": parts(network)}
    return phrase("cli.network", language, links=kinds, **counts)


def central(
    graph: KnowledgeGraph,
    *,
    by: str,
    top: int,
    language: str,
    for_people: bool,
    interval: bool = True,
    explain: bool = False,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return the most central actors by a measure, with the others that are quickly had.

    ``slices`` are those of ``KnowledgeGraph.network``. With ``interval``, ranks in data that do
    not claim to hold every link have the interval in which they stand.
    """
    network = graph.network(**slices, records=False)
    names = [by, *(name for name in DEFAULT if network.size <= EXACT_LIMIT or name not in COSTLY)]
    known = each_measured(network, names)
    notes = [told_network(network, slices.get("links") or LINK_KINDS, language)]
    left_out = [_label(name, language) for name in DEFAULT if name not in known]
    if left_out:
        words = {"limit": EXACT_LIMIT, "measures": ", ".join(left_out)}
        notes.append(phrase("cli.left-out", language, **words))
    for name, figures in known.items():
        if figures.samples:
            words = {"measure": _label(name, language), "samples": figures.samples}
            sure = {"error": f"{figures.error:.2g}", "confidence": f"{figures.confidence:.0%}"}
            notes.append(phrase("cli.sampled", language, **words, **sure))
    found = ranking(network, by, also=tuple(known), known=known)
    if for_people:
        first = graph.names(found["actor"].head(top), language=language)
        found = found.with_columns(label=pl.col("actor").replace_strict(first, default="label"))
    notes += _undefined(found, by, language)
    if by in _HARMONIC and parts(network) > 1:
        words = {"measure": _label(by, language), "other": _HARMONIC[by]}
        notes.append(phrase("cli.in-parts", language, **words))
    if interval:
        coverage = graph.coverage(cluster=slices.get("cluster"), network=network)
        found, told = _unsure(found, network, by, coverage, language)
        notes += told
    return central_sheet(
        found, top=top, language=language, for_people=for_people, notes=notes, explain=explain
    )


def _label(name: str, language: str) -> str:
    return codes("measure")[name].labels[language]


def _undefined(found: pl.DataFrame, by: str, language: str) -> list[str]:
    """Say of how many actors the measure by which they are ranked is not defined."""
    count = found[by].null_count()
    words = {"measure": _label(by, language), "count": count}
    return [phrase("cli.undefined", language, **words)] if count else []


def _unsure(
    found: pl.DataFrame, network: Network, by: str, coverage: str, language: str
) -> tuple[pl.DataFrame, list[str]]:
    """Return a ranking with its intervals, where the data may lack links, and say so."""
    if coverage == "census":
        return found, []
    words = {"coverage": code_label("coverage", coverage, language)}
    if not is_quick(network, by):
        return found, [phrase("cli.no-interval", language, **words)]
    try:
        intervals = rank_intervals(network, by)
    except Fault:
        # The measure is defined on the whole network, but not on every thinner one.
        return found, [phrase("cli.unstable", language, measure=_label(by, language), **words)]
    told = phrase("cli.interval", language, dropped=f"{DROPPED:.0%}", rounds=ROUNDS, **words)
    return intervals.beside(found, network), [told]


def central_changes(
    graph: KnowledgeGraph,
    *,
    by: str,
    since: dt.date,
    top: int,
    language: str,
    for_people: bool,
    explain: bool = False,
    **slices: Any,  # noqa: ANN401
) -> Sheet:
    """Return whose figures changed most between two days.

    Raises
    ------
    Fault
        If the later day (``date``) is not given or is not later.
    """
    date = slices.get("date")
    if date is None or date <= since:
        raise Fault("fault.since", since=since)
    then, now = graph.network(**{**slices, "date": since}), graph.network(**slices)
    links = slices.get("links") or LINK_KINDS
    notes = [
        f"{day}: {told_network(network, links, language)}"
        for day, network in ((since, then), (date, now))
    ]
    return rank_changes_sheet(
        ranks_changed(then, now, by),
        by,
        top=top,
        language=language,
        for_people=for_people,
        notes=notes,
        explain=explain,
    )
