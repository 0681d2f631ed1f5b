"""How the figures of a report are worked out, and who defined them."""

from __future__ import annotations

from klaster.graph.reporting.actors import BESIDE
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import Block, Grid, Points, Prose, Section
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading
from klaster.graph.views.wording import first_capital
from klaster.ontology.codes import codes
from klaster.ontology.labels import phrase

NOTES = (
    "links",
    "intervals",
    "gaps",
    "coverage",
    "card",
    "predictions",
    "reach",
    "index",
    "layout",
)


def methods_section(gathered: Gathered) -> Section:
    """Return the notes on methods: each measure with its formula and source."""
    language = gathered.language
    names = dict.fromkeys(name for by, also in BESIDE.items() for name in (by, *also))
    rows = [
        {
            "measure": first_capital(codes("measure")[name].labels[language]),
            "meaning": codes("measure")[name].meanings[language],
            "formula": codes("measure")[name].formula,
            "reference": codes("measure")[name].reference,
        }
        for name in (*names, "dominated")
    ]
    headings = [
        Heading(key, phrase(f"head.method.{key}", language))
        for key in ("measure", "meaning", "formula", "reference")
    ]
    table = Sheet(rows, headings, [phrase("cli.signs", language)])
    blocks: list[Block] = [
        Points(tuple(phrase(f"method.{note}", language) for note in NOTES)),
        Grid(phrase("report.measures", language), table, gathered.origin("central", "--explain")),
        Prose(
            (phrase("report.repeatable", language, revision=gathered.graph.revision),), small=True
        ),
    ]
    return Section("methods", phrase("report.methods", language), tuple(blocks))
