"""What could be exported next: the nearest products with their reasons, and where they stand."""

from __future__ import annotations

from typing import Final

from klaster.graph.findings.export_potential import Prospects
from klaster.graph.findings.finding import Finding
from klaster.graph.findings.neighbourhood import neighbourhood
from klaster.graph.findings.product_spaces import ProductSpace, product_space
from klaster.graph.network.layout import lay_out
from klaster.graph.potential import Made
from klaster.graph.reporting.gathered import Gathered
from klaster.graph.views.document import (
    Block,
    Dot,
    Drawing,
    Figure,
    Heading,
    Points,
    Prose,
    Trend,
)
from klaster.graph.views.table import shown
from klaster.graph.views.wording import percent
from klaster.ontology.labels import phrase

NEXT = 3
"""So many products are told of each cluster, the nearest first."""
CLUSTERS = 6
"""Of so many clusters at most; the rest by their command."""
DRAWN = 15
"""So many products that are not made are drawn around those that are."""


def prospects(gathered: Gathered) -> list[Block]:
    """Return what is near to what clusters make, with the product space around the richest."""
    language = gathered.language
    space = product_space(gathered.facts)
    if space is None:
        return []
    clusters = [gathered.cluster] if gathered.cluster else sorted(gathered.facts.clusters)
    told = Prospects(gathered.facts, space)
    made = Made(gathered.facts)
    own = {cluster: made.by(cluster) for cluster in clusters}
    known = [cluster for cluster in clusters if told.any_near(own[cluster])]
    if not known:
        return []
    chief = max(known, key=lambda cluster: len(own[cluster]))
    blocks: list[Block] = [
        Heading(phrase("report.prospects", language)),
        Prose((phrase("report.prospects-told", language),)),
        Points(
            tuple(
                _sentence(one, language)
                for cluster in known[:CLUSTERS]
                for one in told.products(cluster, own[cluster], count=NEXT)
            )
        ),
        _drawing(gathered, space, chief, own[chief]),
    ]
    if len(known) > CLUSTERS:
        count = shown(len(known) - CLUSTERS, language)
        blocks.append(Prose((phrase("report.more", language, count=count),), small=True))
    return blocks


def _sentence(found: Finding, language: str) -> str:
    return found.text[language]


def _drawing(gathered: Gathered, space: ProductSpace, cluster: str, own: list[str]) -> Figure:
    """Return the products of a cluster and those nearest to them, joined where they are near."""
    language = gathered.language
    around = neighbourhood(gathered.facts, space, own, near=DRAWN)
    places = lay_out(len(around.products), around.links)
    names = [gathered.name(product) for product in around.products]
    dots = tuple(
        Dot(name, "made" if made else "near", float(x), float(y), weight=dense, size=1.2)
        for name, made, dense, (x, y) in zip(
            names, around.made, around.density, places.tolist(), strict=True
        )
    )
    links = tuple(
        (int(a), int(b), 1 + 20 * float(near))
        for (a, b), near in zip(around.links, around.proximities, strict=True)
    )
    styles = tuple(
        (style, phrase(f"report.product-{style}", language)) for style in ("made", "near")
    )
    told = tuple(
        f"{name}: {phrase(f'report.product-{dot.style}', language)}, {percent(dense, language)}"
        for name, dot, dense in sorted(
            zip(names, dots, around.density, strict=True), key=lambda row: (-row[2], row[0])
        )
    )
    caption = phrase("report.product-space", language, cluster=gathered.name(cluster))
    origin = gathered.origin("potential", "--show", "next", "--of", cluster, rests_on=own)
    return Figure(caption, Drawing(dots, links, styles), told, origin)


def concentration_over_years(gathered: Gathered) -> list[Block]:
    """Return how the concentration of the largest exporter's exports changed, if years are known."""
    language = gathered.language
    row = gathered.exports.row(0, named=True)
    top, currency = row["exporter"], row["currency"] or ""
    found = gathered.graph.potential(of=top, currency=currency).over_time(top)
    if found.height < 2:
        return []
    years = found["year"].to_list()
    series, told = [], []
    for part, column in _PARTS.items():
        figures = found[column].to_list()
        if not any(figures):
            continue
        words = phrase(f"report.trend-{part}", language)
        series.append((words, tuple(figures)))
        told += [
            f"{words}, {year}: {shown(round(figure, 2), language)}"
            for year, figure in zip(years, figures, strict=True)
            if figure is not None
        ]
    caption = phrase("report.trend", language, exporter=gathered.name(top))
    origin = gathered.origin("potential", "--show", "concentration", "--of", top)
    return [Figure(caption, Trend(tuple(map(str, years)), tuple(series)), tuple(told), origin)]


_PARTS: Final = {"product": "product_concentration", "destination": "market_concentration"}
