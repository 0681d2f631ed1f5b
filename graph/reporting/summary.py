"""The summary: in sentences, what an adviser has to know who reads one page only."""

from __future__ import annotations

import numpy as np

from klaster.graph.network.connectivity import parts
from klaster.graph.reporting.actors import leaders
from klaster.graph.reporting.exports import told_exports
from klaster.graph.reporting.gaps import most_severe, summary_of_gaps, told_too_many
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.reporting.quality import told_coverage, unanswered
from klaster.graph.reporting.support import told_reach
from klaster.graph.views.document import Block, Heading, Points, Prose, Section
from klaster.graph.views.table import shown
from klaster.graph.views.wording import counted, first_capital, joined, percent
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase

SEVERE = 5


def summary_section(gathered: Gathered) -> Section:
    """Return the summary."""
    language = gathered.language
    blocks: list[Block] = [Prose((_holds(gathered), _connected(gathered)))]
    blocks.append(Prose((_central(gathered),)))
    blocks.append(Prose(tuple(summary_of_gaps(gathered))))
    severe = most_severe(gathered.findings, most=SEVERE)
    if severe:
        blocks.append(Points(tuple(finding.text[language] for finding in severe)))
    blocks.append(Prose((" ".join(told_reach(gathered)),)))
    blocks.append(Prose((_suggested(gathered), _exported(gathered))))
    blocks.append(Heading(phrase("report.cannot", language)))
    blocks.append(Prose((" ".join(told_coverage(gathered)),)))
    lacking = [*unanswered(gathered), *(one.text[language] for one in gathered.data_gaps[:3])]
    if lacking:
        blocks.append(Points(tuple(lacking)))
    return Section("summary", phrase("report.summary", language), tuple(blocks))


def _holds(gathered: Gathered) -> str:
    """Return what the data hold, of what kind most of it is."""
    language, network = gathered.language, gathered.network
    if not network.size:
        return phrase("report.no-actors", language)
    things = [counted("actors", network.size, language)]
    if not gathered.cluster and gathered.facts.clusters:
        things.append(counted("clusters", len(gathered.facts.clusters), language))
    things.append(counted("links", network.links.height, language))
    if gathered.reach.height:
        things.append(counted("instruments", gathered.reach.height, language))
    kinds = network.actors.group_by("kind").len().sort("len", "kind", descending=[True, False])
    words = codes("actor-kind")
    common = [
        f"{words[kind].labels[language]} ({shown(count, language)})"
        for kind, count in kinds.head(3).rows()
        if kind in words
    ]
    scope = gathered.name(gathered.cluster) if gathered.cluster else ""
    key = "report.holds-of-cluster" if scope else "report.holds"
    told = phrase(key, language, things=joined(things, language), cluster=scope)
    if common:
        told += " " + phrase("report.common", language, kinds=joined(common, language))
    return told


def _connected(gathered: Gathered) -> str:
    language, network = gathered.language, gathered.network
    if not network.size:
        return phrase("report.nothing-to-say", language)
    if not network.links.height:
        return phrase("report.no-links", language)
    alone = int(np.sum(gathered.figures("degree") == 0))
    return phrase(
        "report.connected",
        language,
        parts=counted("parts", parts(network), language),
        alone=counted("actors", alone, language),
        share=percent(alone / network.size, language),
    )


def _central(gathered: Gathered) -> str:
    """Return who is central and what that means."""
    language = gathered.language
    if not gathered.network.links.height:
        return phrase("report.nobody-central", language)
    told = []
    names, best, many = leaders(gathered, "degree")
    key = "report.sum-degree" if many == 1 else "report.sum-degree-together"
    if many > len(names):
        names = [*names, counted("more", many - len(names), language)]
    partners = counted("partners", int(best), language)
    told.append(phrase(key, language, actors=joined(names, language), partners=partners))
    names, best, many = leaders(gathered, "betweenness")
    if names:
        if many > len(names):
            names = [*names, counted("more", many - len(names), language)]
        share = percent(best, language, places=1 if best < 0.1 else 0)
        key = "report.sum-between" if many == 1 else "report.sum-between-together"
        told.append(phrase(key, language, actors=joined(names, language), share=share))
    cut = int(np.sum(gathered.figures("cut") > 0))
    if cut:
        told.append(phrase("report.sum-cut", language, actors=counted("actors", cut, language)))
    told.append(phrase("cli.central-not-good", language))
    return " ".join(told)


def _suggested(gathered: Gathered) -> str:
    language, found = gathered.language, gathered.predicted
    if found is None:
        return told_too_many(gathered)
    if found.suggestions:
        count = counted("suggestions", len(found.suggestions), language)
        layers = dict.fromkeys(one.layer for one in found.suggestions)
        told = joined([phrase(f"layer.{layer}", language) for layer in layers], language)
        return phrase("report.sum-suggestions", language, count=count, layers=told)
    return phrase("report.sum-no-suggestions" if found.audits else "cli.nothing-audited", language)


def _exported(gathered: Gathered) -> str:
    language = gathered.language
    if gathered.exports.is_empty():
        return phrase("report.no-exports", language)
    return first_capital(told_exports(gathered))
