"""Whom support is meant for and whom it reached, and which mechanisms a cluster lacks."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import Block, Figure, Grid, Matrix, Prose, Section
from klaster.graph.views.report import Sheet, policy_sheet
from klaster.graph.views.table import shown
from klaster.graph.views.wording import counted, first_capital
from klaster.ontology.labels import code_label, phrase

SHOWN = 40
"""So many instruments are listed: first those whose eligible are the most and not reached."""
CLUSTERS = 24
_KEPT = (
    "label",
    "status",
    "eligible",
    "reached",
    "unreached",
    "leakage",
    "coverage",
    "undetermined",
)


def support_section(gathered: Gathered) -> Section:
    """Return the section on the reach of support and on its mechanisms."""
    language = gathered.language
    title = phrase("report.support", language)
    if gathered.reach.is_empty():
        key = "report.no-instruments-here" if gathered.cluster else "report.no-instruments"
        blocks: list[Block] = [Prose((phrase(key, language),))]
    else:
        blocks = [Prose(tuple(told_reach(gathered))), _reach(gathered)]
    if not gathered.mechanisms.is_empty():
        blocks.append(_mechanisms(gathered))
    return Section("support", title, tuple(blocks))


def told_reach(gathered: Gathered) -> list[str]:
    """Return in sentences how far support reaches, and what cannot be told of it."""
    language, reach = gathered.language, gathered.reach
    if reach.is_empty():
        return [phrase("report.no-instruments", language)]
    instruments = counted("instruments", reach.height, language)
    ruled = reach["eligible"].is_not_null()
    told = [
        phrase(
            "report.sum-instruments",
            language,
            instruments=instruments,
            ruled=shown(int(ruled.sum()), language),
            unruled=shown(int((~ruled).sum()), language),
        )
    ]
    if not int(reach["reached"].sum()):
        told.append(phrase("report.no-awards", language))
        return told
    empty = reach.filter((pl.col("eligible") > 0) & (pl.col("unreached") == pl.col("eligible")))
    told.append(
        phrase(
            "report.sum-reach",
            language,
            beneficiaries=shown(int(reach["reached"].sum()), language),
            nobody=shown(empty.height, language),
        )
    )
    leaking = int(reach["leakage"].fill_null(0).sum())
    if leaking:
        told.append(phrase("report.sum-leakage", language, count=shown(leaking, language)))
    return told


def _reach(gathered: Gathered) -> Block:
    language = gathered.language
    first = gathered.reach.sort(
        pl.col("unreached").fill_null(-1), "label", descending=[True, False]
    ).head(SHOWN)
    sheet = policy_sheet(first, language=language, for_people=True)
    headings = [
        replace(heading, label=first_capital(heading.label))
        for heading in sheet.headings
        if heading.key in _KEPT
    ]
    notes = [*sheet.notes]
    notes += [f"{one.label}: {one.meaning}" for one in headings if one.meaning]
    if gathered.cluster:
        notes.append(phrase("report.reach-of-all", language))
    more = gathered.reach.height - first.height
    if more:
        notes.append(phrase("report.more", language, count=shown(more, language)))
    origin = gathered.origin("policy", dated=True, rests_on=first["instrument"].to_list())
    rows = [{**row, "label": gathered.name(str(row["instrument"]))} for row in sheet.rows]
    return Grid(phrase("report.reach", language), Sheet(rows, headings, notes), origin)


def _mechanisms(gathered: Gathered) -> Block:
    """Return which mechanisms of support are recorded in which cluster."""
    language, found = gathered.language, gathered.mechanisms
    mechanisms = found["mechanism"].unique().sort().to_list()
    of_cell = {
        (cluster, mechanism): (instruments, facilities)
        for cluster, mechanism, instruments, facilities in found.select(
            "cluster", "mechanism", "instruments", "facilities"
        ).rows()
    }
    clusters = sorted({cluster for cluster, _ in of_cell}, key=gathered.name)[:CLUSTERS]
    rows = []
    for cluster in clusters:
        cells = []
        for mechanism in mechanisms:
            count = sum(of_cell.get((cluster, mechanism), (0, 0)))
            cells.append(("linked" if count else "missing", shown(count, language)))
        rows.append(tuple(cells))
    labels = [code_label("mechanism", mechanism, language) for mechanism in mechanisms]
    told = tuple(
        f"{gathered.name(cluster)}: "
        + ", ".join(f"{label} {text}" for label, (_, text) in zip(labels, cells, strict=True))
        for cluster, cells in zip(clusters, rows, strict=True)
    )
    states = (
        ("linked", phrase("report.mechanism-there", language)),
        ("missing", phrase("report.mechanism-missing", language)),
    )
    matrix = Matrix(
        tuple(gathered.names(clusters)), tuple(map(first_capital, labels)), tuple(rows), states
    )
    origin = gathered.origin("policy", "--mechanisms", dated=True, rests_on=clusters)
    return Figure(phrase("report.mechanisms", language), matrix, told, origin)
