"""Export potential as sheets: exporters, products, what is near, growth, sectors, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from klaster.graph.findings.finding import Finding
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading
from klaster.ontology.codes import codes
from klaster.ontology.labels import code_label, phrase

# The columns that people see, in their order; those after the bar go first where there is no room.
_SHOWN: Final[Mapping[str, str]] = {
    "exporters": "label value complexity products product_concentration | markets "
    "market_concentration outlook diversity effective_products effective_markets",
    "goods": "label value rca density | complexity share ubiquity",
    "products": "label value complexity ubiquity | exporters share",
    "near": "label proximity complexity",
    "concentration": "label year value growth products product_concentration | markets "
    "market_concentration effective_products effective_markets",
    "growth": "label then now change | entered grew shrank left world products markets own",
    "linkages": "label dispersion sensitivity key backward forward | local output",
}
_MEANT: Final = (
    *("rca", "density", "complexity", "outlook", "diversity", "ubiquity", "product_concentration"),
    *("effective_products", "proximity", "entered", "world", "dispersion", "local"),
)
_WORDS: Final = {"label": "location", "then": "", "now": ""}
_LABELS: Final = {
    "goods": "product",
    "products": "product",
    "near": "product",
    "linkages": "sector",
}


def potential_sheet(
    show: str,
    rows: pl.DataFrame,
    *,
    top: int | None,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
    years: tuple[int, int] = (0, 0),
) -> Sheet:
    """Return one of the tables of ``klaster.graph.potential.Potential``.

    ``years`` are those between which ``growth`` compares.
    """
    shown = rows.head(top) if top else rows
    if not for_people:
        return Sheet(_rows(shown), [Heading(key, key) for key in rows.columns], notes)
    first, _, optional = _SHOWN[show].partition("|")
    headings = [
        _heading(key, show, language, years, optional=key in optional.split())
        for key in [*first.split(), *optional.split()]
    ]
    return Sheet(_rows(shown, for_people=True), headings, notes)


def _rows(frame: pl.DataFrame, *, for_people: bool = False) -> list[dict[str, Any]]:
    if for_people and "year" in frame.columns:
        # A year is no number to be grouped by thousands.
        frame = frame.with_columns(pl.col("year").cast(pl.String))
    return list(frame.iter_rows(named=True))


def _heading(
    key: str, show: str, language: str, years: tuple[int, int], *, optional: bool
) -> Heading:
    if key in ("then", "now"):
        return Heading(key, str(years[key == "now"]), number=True)
    word = _LABELS.get(show, "location") if key == "label" else key.replace("_", "-")
    meaning = phrase(f"trade-meaning.{word}", language) if key in _MEANT else ""
    number = key not in ("label", "key")
    label = phrase(f"trade.{word}", language)
    return Heading(key, label, number=number, optional=optional, meaning=meaning)


def prospects_sheet(
    findings: Sequence[Finding],
    names: Mapping[str, str],
    *,
    language: str,
    for_people: bool,
    notes: Sequence[str] = (),
) -> Sheet:
    """Return what is near: ``location, product, density, numbers, evidence, text``.

    A next market stands under ``destination``, the first piece of its evidence.
    """
    rows = []
    for found in findings:
        near = "product" if found.product else "destination"
        rows.append(
            {
                "location": found.subjects[0],
                "product": found.product or None,
                "destination": None if found.product else found.evidence[0],
                "density": found.numbers["density"],
                "complexity": found.numbers.get("complexity"),
                "numbers": dict(found.numbers),
                "evidence": list(found.evidence),
                "candidates": list(found.candidates),
                "text": found.text[language],
                "near": names[str(found.product or found.evidence[0])],
                "kind": near,
            }
        )
    keys = ("location", "product", "destination", "density", "complexity", "numbers", "evidence")
    if not for_people:
        return Sheet(rows, [Heading(key, key) for key in (*keys, "candidates", "text")], notes)
    meaning = phrase("trade-meaning.density", language)
    worth = phrase("trade-meaning.complexity", language)
    known = any(row["complexity"] is not None for row in rows)
    headings = [
        Heading("near", phrase("trade.product", language), widest=30),
        Heading("density", phrase("trade.density", language), number=True, meaning=meaning),
        Heading(
            "complexity",
            phrase("trade.complexity", language),
            number=True,
            optional=True,
            meaning=worth,
        ),
        Heading("text", phrase("trade.potential-text", language)),
    ]
    if not known:
        del headings[2]
    return Sheet(rows, headings, notes)


def claims_sheet(rows: pl.DataFrame, *, language: str, for_people: bool) -> Sheet:
    """Return claimed effects with their indicators: values, or what would have to be recorded."""
    notes = [phrase("note.claims", language)]
    if not for_people:
        return Sheet(_rows(rows), [Heading(key, key) for key in rows.columns], notes)
    told = []
    for row in _rows(rows, for_people=True):
        scheme = "mechanism" if row["cause"] in codes("mechanism") else "instrument-type"
        told.append(
            {
                "cause": code_label(scheme, row["cause"], language),
                "effect": code_label("effect", row["effect"], language),
                "indicator": code_label("indicator", row["indicator"], language),
                "value": row["value"],
                "year": row["year"],
                "lacking": phrase(f"trade-lack.{row['lacking']}", language)
                if row["lacking"]
                else None,
            }
        )
    headings = [
        Heading("cause", phrase("trade.cause", language), widest=22),
        Heading("effect", phrase("trade.effect", language), widest=22),
        Heading("indicator", phrase("trade.indicator", language), widest=26),
        Heading("value", phrase("trade.value", language), number=True),
        Heading("year", phrase("trade.year", language), number=True, optional=True),
        Heading("lacking", phrase("trade.lacking", language), widest=30),
    ]
    return Sheet(told, headings, notes)
