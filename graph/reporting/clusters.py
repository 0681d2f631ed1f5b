"""The clusters: their health cards, and which roles of the helix are there, apart or missing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from klaster.graph.findings.card import REQUIRED
from klaster.graph.findings.facts import HELIX
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import Bar, Bars, Block, Figure, Grid, Matrix, Prose, Section
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading, shown
from klaster.graph.views.wording import counted, first_capital, percent
from klaster.ontology.labels import code_label, phrase

SHOWN = 12
"""So many clusters are shown, those with the most members."""
STATES = ("linked", "apart", "near", "missing")
BESIDE = 4
"""So many cards stand beside each other on a page."""
_SHARES = frozenset({"helix-completeness", "local-sourcing", "dependence"})
_ITEMS = (
    "members",
    "kinds",
    "public-ties",
    "roles",
    "helix-completeness",
    "local-sourcing",
    "single-sources",
    "dependence",
)


def clusters_section(gathered: Gathered) -> Section:
    """Return the section on the clusters."""
    language = gathered.language
    title = phrase("report.clusters", language)
    clusters = _largest(gathered)
    if not clusters:
        return Section("clusters", title, (Prose((phrase("report.no-clusters", language),)),))
    blocks: list[Block] = [_sizes(gathered, clusters), _roles(gathered, clusters)]
    shown_clusters = clusters[:SHOWN]
    blocks += [
        _cards(gathered, shown_clusters[start : start + BESIDE])
        for start in range(0, len(shown_clusters), BESIDE)
    ]
    notes = [phrase("report.card-note", language)]
    if len(clusters) > SHOWN:
        more = counted("clusters", len(clusters) - SHOWN, language)
        notes.insert(0, phrase("report.more-clusters", language, clusters=more))
    return Section("clusters", title, (*blocks, Prose(tuple(notes), small=True)))


def _largest(gathered: Gathered) -> list[str]:
    """Return the clusters with a member, those with the most members first."""
    cards = gathered.cards
    if cards.is_empty():
        return []
    members = cards.filter(pl.col("item") == "members").select("cluster", "value").rows()
    return [
        cluster
        for cluster, _ in sorted(members, key=lambda row: (-row[1], gathered.name(row[0]), row[0]))
    ]


def _value(gathered: Gathered, cluster: str, item: str) -> float | None:
    return gathered.card_values.get((cluster, item))


def _sizes(gathered: Gathered, clusters: Sequence[str]) -> Block:
    language = gathered.language
    bars = []
    for cluster in clusters[: 2 * SHOWN]:
        count = int(_value(gathered, cluster, "members") or 0)
        bars.append(Bar(gathered.name(cluster), count, shown(count, language)))
    origin = gathered.origin(
        "query", "cluster-members", question="cluster-members", rests_on=clusters[: 2 * SHOWN]
    )
    told = tuple(f"{bar.label}: {bar.shown}" for bar in bars)
    return Figure(phrase("report.sizes", language), Bars(tuple(bars)), told, origin)


def _roles(gathered: Gathered, clusters: Sequence[str]) -> Block:
    """Return which role of the helix a cluster has linked, has but apart, or lacks."""
    language, facts = gathered.language, gathered.facts
    played = facts.members.join(facts.helix, on="actor").group_by("cluster", "role")
    counts = {(cluster, role): number for cluster, role, number in played.len().rows()}
    apart = {(found.subjects[0], found.role) for found in gathered.findings if found.rule == "G8"}
    lacking = {(found.subjects[0], found.role) for found in gathered.findings if found.rule == "G7"}
    words = {role: phrase(f"helix.{role}", language) for role in HELIX}
    states = {state: phrase(f"report.role-{state}", language) for state in STATES}
    rows, told = [], []
    shown_clusters = list(clusters[: 2 * SHOWN])
    for cluster in shown_clusters:
        cells = []
        for role in HELIX:
            count = counts.get((cluster, role), 0)
            here = "apart" if (cluster, role) in apart else "linked"
            elsewhere = "missing" if (cluster, role) in lacking else "near"
            cells.append((here if count else elsewhere, shown(count, language)))
        rows.append(tuple(cells))
        told.append(
            f"{gathered.name(cluster)}: "
            + ", ".join(
                f"{words[role]} {text} ({states[state]})"
                for role, (state, text) in zip(HELIX, cells, strict=True)
            )
        )
    matrix = Matrix(
        tuple(gathered.names(shown_clusters)),
        tuple(first_capital(words[role]) for role in HELIX),
        tuple(rows),
        tuple(states.items()),
    )
    origin = gathered.origin(
        "query", "missing-roles", question="missing-roles", rests_on=shown_clusters
    )
    return Figure(phrase("report.roles", language), matrix, tuple(told), origin)


def _cards(gathered: Gathered, clusters: Sequence[str]) -> Block:
    language = gathered.language
    rows = []
    for item in _ITEMS:
        row: dict[str, object] = {"item": _item(item, language)}
        for number, cluster in enumerate(clusters):
            row[str(number)] = _figure(item, _value(gathered, cluster, item), language)
        rows.append(row)
    coverage: dict[str, object] = {"item": first_capital(phrase("head.data-coverage", language))}
    for number, cluster in enumerate(clusters):
        coverage[str(number)] = code_label("coverage", gathered.facts.coverage(cluster), language)
    headings = [Heading("item", first_capital(phrase("head.item", language)))]
    headings += [
        Heading(str(at), name, number=True) for at, name in enumerate(gathered.names(clusters))
    ]
    origin = gathered.origin("missing", "--card", sliced=True, dated=True, rests_on=clusters)
    return Grid(phrase("report.cards", language), Sheet([*rows, coverage], headings), origin)


def _item(item: str, language: str) -> str:
    words = first_capital(phrase(f"card.{item}", language))
    if item not in REQUIRED:
        return words
    return f"{words} ({phrase('head.required', language)}: {REQUIRED[item]})"


def _figure(item: str, value: float | None, language: str) -> str:
    if value is None:
        return "–"
    if item in _SHARES:
        return percent(value, language)
    figure = shown(int(value), language)
    if item not in REQUIRED:
        return figure
    return f"{figure} {'✓' if value >= REQUIRED[item] else '✗'}"
