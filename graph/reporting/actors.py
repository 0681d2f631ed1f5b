"""Who is central, how sure that is and what it means, and without whom others would be cut off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from klaster.graph.network.centrality import ranking
from klaster.graph.network.connectivity import dominated
from klaster.graph.network.uncertainty import DROPPED, ROUNDS, is_quick, rank_intervals
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.risk import Assumptions
from klaster.graph.risk_answers import risk_answer
from klaster.graph.views.document import (
    Bar,
    Bars,
    Block,
    Figure,
    Grid,
    Heading,
    Points,
    Prose,
    Section,
)
from klaster.graph.views.report import Sheet, central_sheet
from klaster.graph.views.table import shown
from klaster.graph.views.wording import counted, first_capital, joined, percent
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import code_label, phrase

TOP = 15
RISK_UP_TO = 5_000
"""Up to so many supplies are failures followed unasked: beyond that it takes minutes."""
BESIDE = {
    "degree": ("in-degree", "out-degree", "betweenness"),
    "betweenness": ("degree", "core", "cut"),
}
"""The measures by which the report ranks, each with those that are told beside it."""


def actors_section(gathered: Gathered) -> Section:
    """Return the section on the central actors."""
    language = gathered.language
    title = phrase("report.central", language)
    if not gathered.network.links.height:
        return Section("central", title, (Prose((phrase("report.no-links", language),)),))
    blocks: list[Block] = []
    for measure in BESIDE:
        blocks += _ranked(gathered, measure)
    blocks += _cuts(gathered)
    blocks += _risk(gathered)
    return Section("central", title, tuple(blocks))


def leaders(gathered: Gathered, measure: str, *, most: int = 3) -> tuple[list[str], float, int]:
    """Return the names of those who come first by a measure, their figure, and how many they are."""
    figures = np.nan_to_num(gathered.figures(measure), nan=-np.inf)
    best = float(figures.max(initial=0.0))
    if best <= 0:
        return [], 0.0, 0
    first = np.flatnonzero(figures >= best * (1 - 1e-10))
    actors = gathered.network.actors["actor"].gather(first[:most]).to_list()
    return gathered.names(actors), best, len(first)


def _ranked(gathered: Gathered, measure: str) -> list[Block]:
    """Return a ranking by a measure: what it means, bars with intervals, the table."""
    language, network = gathered.language, gathered.network
    also = BESIDE[measure]
    found = ranking(
        network,
        measure,
        also=also,
        known={name: gathered.measured(name) for name in (measure, *also)},
    )
    found, notes = _sure(gathered, found, measure)
    entry = codes("measure")[measure]
    first = found.head(TOP)
    rests_on = _links_of(gathered, first["actor"].head(10))
    origin = gathered.origin("central", "--by", measure, sliced=True, dated=True, rests_on=rests_on)
    label = first_capital(entry.labels[language])
    bars = [
        Bar(
            gathered.name(row["actor"]),
            row[measure] or 0.0,
            _told(measure, row[measure], language),
            row.get("rank_low") or 0,
            row.get("rank_high") or 0,
        )
        for row in first.iter_rows(named=True)
        if row[measure]
    ]
    told = tuple(
        f"{bar.label}: {bar.shown}"
        + (f" ({phrase('head.interval', language)} {bar.low}–{bar.high})" if bar.high else "")
        for bar in bars
    )
    interval = first_capital(phrase("head.interval", language))
    return [
        Heading(label),
        Prose((entry.meanings[language], _leading(gathered, measure))),
        Figure(
            phrase("report.ranked", language, measure=label),
            Bars(tuple(bars), interval),
            told,
            origin,
        ),
        Grid(
            phrase("report.ranked-table", language, measure=label),
            _sheet(gathered, found, first, notes),
            origin,
        ),
    ]


def _told(measure: str, value: float | None, language: str) -> str:
    if value is None:
        return "–"
    if measure != "betweenness":
        return shown(value, language)
    return percent(value, language, places=1 if value < 0.1 else 0)


def _sheet(gathered: Gathered, found: pl.DataFrame, first: pl.DataFrame, notes: list[str]) -> Sheet:
    language = gathered.language
    sheet = central_sheet(found, top=TOP, language=language, for_people=True, notes=notes)
    rows = [
        {
            **row,
            "label": gathered.name(known["actor"]),
            "betweenness": _told("betweenness", known["betweenness"], language),
            "cut": phrase(f"card.{bool(known.get('cut'))}", language),
        }
        for row, known in zip(sheet.rows, first.iter_rows(named=True), strict=True)
    ]
    headings = [
        replace(heading, label=first_capital(heading.label))
        for heading in sheet.headings
        if heading.key != "percentile"
    ]
    return Sheet(rows, headings, [*notes, phrase("cli.ties", language)])


def _sure(gathered: Gathered, found: pl.DataFrame, measure: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a ranking with rank intervals where the data may lack links, and a note on them."""
    language, network = gathered.language, gathered.network
    notes = []
    known = gathered.measured(measure)
    if known.samples:
        words = {"measure": gathered.measure(measure), "samples": shown(known.samples, language)}
        sure = {"error": f"{known.error:.2g}", "confidence": percent(known.confidence, language)}
        notes.append(phrase("cli.sampled", language, **words, **sure))
    if gathered.coverage == "census":
        return found, [*notes, phrase("report.census", language)]
    coverage = code_label("coverage", gathered.coverage, language)
    if not is_quick(network, measure):
        return found, [*notes, phrase("cli.no-interval", language, coverage=coverage)]
    try:
        intervals = rank_intervals(network, measure)
    except Fault:
        words = {"measure": gathered.measure(measure), "coverage": coverage}
        return found, [*notes, phrase("cli.unstable", language, **words)]
    words = {"coverage": coverage, "dropped": percent(DROPPED, language), "rounds": str(ROUNDS)}
    return intervals.beside(found, network), [*notes, phrase("report.interval", language, **words)]


def _links_of(gathered: Gathered, actors: pl.Series) -> list[str]:
    """Return the records of the links of some actors."""
    network = gathered.network
    places = network.actors.with_row_index("place").filter(pl.col("actor").is_in(actors.implode()))
    own = places["place"].cast(pl.Int64).implode()
    touching = pl.col("source").is_in(own) | pl.col("target").is_in(own)
    return network.links.filter(touching)["iri"].unique(maintain_order=True).to_list()


def _leading(gathered: Gathered, measure: str) -> str:
    """Return in a sentence who comes first by a measure, and what that does not mean."""
    language = gathered.language
    names, best, many = leaders(gathered, measure)
    if not names:
        return phrase("report.nobody-first", language)
    told = _told(measure, best, language)
    if many > len(names):
        more = counted("more", many - len(names), language)
        names = [*names, more]
    key = "report.first" if many == 1 else "report.first-together"
    caution = phrase("cli.central-not-good", language)
    return f"{phrase(key, language, actors=joined(names, language), figure=told)} {caution}"


def _cuts(gathered: Gathered) -> list[Block]:
    """Return without whom others would be cut off, by the findings and by the chains."""
    language = gathered.language
    blocks: list[Block] = [Heading(phrase("report.depend", language))]
    cut = np.flatnonzero(gathered.figures("cut") > 0)
    names = gathered.names(gathered.network.actors["actor"].gather(cut[:TOP]).to_list())
    lines = [_counted_names("report.cut", names, len(cut), language)]
    chains = dominated(gathered.supply)
    order = [at for at in np.argsort(-chains, kind="stable")[:5].tolist() if chains[at] > 0]
    for at in order:
        actor = gathered.name(gathered.network.actors["actor"][at])
        behind = counted("actors", int(chains[at]), language)
        lines.append(phrase("report.dominated", language, actor=actor, behind=behind))
    if not order:
        lines.append(phrase("report.no-dominated", language))
    # The network of supplies has all actors, as the network has.
    blocks.append(Points(tuple(lines)))
    return blocks


def _risk(gathered: Gathered) -> list[Block]:
    """Return whose failure would cost most, where supplies are recorded."""
    language = gathered.language
    blocks: list[Block] = [Heading(phrase("report.risk", language))]
    if not gathered.supply.weights.nnz:
        return [*blocks, Prose((phrase("report.no-supplies", language),))]
    if gathered.supply.links.height > RISK_UP_TO:
        command = gathered.origin("risk", sliced=True, dated=True).command
        most = shown(RISK_UP_TO, language)
        told = phrase("report.too-many-supplies", language, most=most, command=command)
        return [*blocks, Prose((told,))]
    sheet = risk_answer(
        gathered.graph,
        given=Assumptions(),
        top=TOP,
        language=language,
        for_people=True,
        cluster=gathered.cluster or None,
        date=gathered.date,
    )
    if not sheet.rows:
        return [*blocks, Prose((phrase("report.no-risk", language),))]
    rows = [{**row, "label": gathered.name(str(row["actor"]))} for row in sheet.rows]
    headings = [
        replace(one, label=first_capital(one.label)) for one in sheet.headings if one.key != "kind"
    ]
    notes = [*sheet.notes, *(f"{one.label}: {one.meaning}" for one in headings if one.meaning)]
    rests_on = _links_of(gathered, pl.Series([row["actor"] for row in rows], dtype=pl.String))
    origin = gathered.origin("risk", sliced=True, dated=True, rests_on=rests_on)
    return [
        *blocks,
        Grid(phrase("report.risk-table", language), Sheet(rows, headings, notes), origin),
    ]


def _counted_names(key: str, names: list[str], many: int, language: str) -> str:
    if not many:
        return phrase(f"{key}-none", language)
    told = "; ".join(names)
    if many > len(names):
        told += "; " + counted("more", many - len(names), language)
    return phrase(key, language, count=shown(many, language), actors=told)
