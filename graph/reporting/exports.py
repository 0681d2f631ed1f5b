"""What is exported, and how concentrated it is on products and markets."""

from __future__ import annotations

from functools import partial

import polars as pl

from klaster.graph.findings.export_concentration import flows
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.reporting.prospects import concentration_over_years, prospects
from klaster.graph.views.document import Block, Curve, Figure, Grid, Prose, Section
from klaster.graph.views.report import Sheet
from klaster.graph.views.table import Heading, shown
from klaster.graph.views.wording import first_capital, percent
from klaster.ontology.labels import code_label, phrase

SHOWN = 20
PARTS = 40
_COUNTRY = "/code/country/"
_REGION = "/code/region/"


def exports_section(gathered: Gathered) -> Section:
    """Return the section on exports, as far as they are recorded."""
    language = gathered.language
    title = phrase("report.exports", language)
    if gathered.exports.is_empty():
        blocks: list[Block] = [Prose((phrase("report.no-exports", language),))]
        return Section("exports", title, (*blocks, *prospects(gathered)))
    blocks = [Prose((told_exports(gathered), phrase("report.index", language)))]
    blocks.append(_concentration(gathered))
    for part in ("product", "destination"):
        blocks += _curve(gathered, part)
    blocks += concentration_over_years(gathered)
    return Section("exports", title, (*blocks, _flows(gathered), *prospects(gathered)))


def told_exports(gathered: Gathered) -> str:
    """Return in a sentence what the largest recorded exports are and how concentrated."""
    language = gathered.language
    row = gathered.exports.row(0, named=True)
    words = {
        "exporter": _exporter(gathered, row["exporter"]),
        "year": row["year"] or phrase("report.no-year", language),
        "value": f"{shown(float(row['value']), language)} {row['currency'] or ''}".strip(),
        "products": shown(row["products"], language),
        "index": shown(round(row["product_index"], 2), language),
    }
    return phrase("report.sum-exports", language, **words)


def _exporter(gathered: Gathered, iri: str) -> str:
    for marker, scheme in ((_COUNTRY, "country"), (_REGION, "region")):
        if marker in iri:
            return code_label(scheme, iri.rpartition("/")[2], gathered.language)
    return gathered.name(iri)


def _concentration(gathered: Gathered) -> Block:
    language = gathered.language
    rows = [
        {
            **row,
            "exporter": _exporter(gathered, row["exporter"]),
            "year": str(row["year"] or "–"),
            "value": shown(float(row["value"]), language),
            "product_index": _rounded(row["product_index"]),
            "market_index": _rounded(row["market_index"]),
            "markets": row["markets"] or None,
        }
        for row in gathered.exports.head(SHOWN).iter_rows(named=True)
    ]
    columns = (
        "exporter",
        "year",
        "value",
        "currency",
        "products",
        "product_index",
        "markets",
        "market_index",
    )
    text = ("exporter", "currency")
    headings = [
        Heading(key, first_capital(phrase(f"head.export.{key}", language)), number=key not in text)
        for key in columns
    ]
    more = gathered.exports.height - len(rows)
    notes = [phrase("report.more", language, count=shown(more, language))] if more > 0 else []
    origin = gathered.origin(
        "query",
        "export-diversification",
        question="export-diversification",
        rests_on=_records(gathered),
    )
    return Grid(phrase("report.concentration", language), Sheet(rows, headings, notes), origin)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _records(gathered: Gathered) -> list[str]:
    frame = gathered.columns.table("exports")
    if gathered.cluster:
        frame = frame.filter(pl.col("exporter").is_in(gathered.own))
    return frame["iri"].head(200).to_list()


def _curve(gathered: Gathered, part: str) -> list[Block]:
    """Return how much the largest products or markets make up of the largest recorded exports."""
    language = gathered.language
    top = gathered.exports.row(0, named=True)
    own = flows(gathered.columns).filter(
        pl.col(key).eq_missing(pl.lit(top[key])) for key in ("exporter", "year", "currency")
    )
    parts = own.drop_nulls(part).group_by(part).agg(pl.col("value").sum())
    parts = parts.sort("value", part, descending=[True, False])
    if parts.height < 2:
        return []
    shares = (parts["value"].cum_sum() / parts["value"].sum()).to_list()
    called = gathered.name if part == "product" else partial(_place, language=language)
    names = [called(iri) for iri in parts[part].head(PARTS).to_list()]
    told = tuple(
        f"{place}. {name}: {percent(share, language)}"
        for place, (name, share) in enumerate(zip(names, shares, strict=False), start=1)
    )
    chart = Curve(
        tuple(shares[:PARTS]),
        phrase(f"report.axis-{part}", language),
        phrase("report.axis-share", language),
    )
    caption = phrase(
        f"report.cumulative-{part}", language, exporter=_exporter(gathered, top["exporter"])
    )
    origin = gathered.origin(
        "query", "exports-of-cluster", question="exports-of-cluster", rests_on=_records(gathered)
    )
    return [Figure(caption, chart, told, origin)]


def _flows(gathered: Gathered) -> Block:
    """Return the largest recorded flows, as the question on them answers."""
    language = gathered.language
    found = flows(gathered.columns).sort("value", descending=True, maintain_order=True)
    if gathered.cluster:
        found = found.filter(pl.col("exporter").is_in(gathered.own))
    rows = [
        {
            "exporter": _exporter(gathered, row["exporter"]),
            "product": gathered.name(row["product"]) if row["product"] else None,
            "destination": _place(row["destination"] or "–", language),
            "year": str(row["year"] or "–"),
            "value": shown(float(row["value"]), language),
            "currency": row["currency"],
        }
        for row in found.head(SHOWN).iter_rows(named=True)
    ]
    keys = ("exporter", "product", "destination", "year", "value", "currency")
    headings = [
        Heading(
            key,
            first_capital(phrase(f"head.export.{key}", language)),
            number=key in ("year", "value"),
        )
        for key in keys
    ]
    more = found.height - len(rows)
    notes = [phrase("report.more", language, count=shown(more, language))] if more > 0 else []
    origin = gathered.origin(
        "query", "exports-of-cluster", question="exports-of-cluster", rests_on=_records(gathered)
    )
    return Grid(phrase("report.flows", language), Sheet(rows, headings, notes), origin)


def _place(code: str, language: str) -> str:
    return code_label("country", code.rpartition("/")[2], language)
