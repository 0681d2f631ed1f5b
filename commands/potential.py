"""What a cluster, region or country could export next: potential."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, printed
from klaster.commands.progress import working

if TYPE_CHECKING:
    import polars as pl

    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.potential import Potential
    from klaster.graph.views.report import Sheet

_SHOWN: Final = (
    *("exporters", "products", "next", "markets", "concentration", "growth", "near"),
    *("linkages", "claims"),
)


@click.command()
@graph_argument
@click.option(
    "--show",
    type=click.Choice(_SHOWN),
    help="What to show: exporters (the default), products, next products, next markets, "
    "concentration over the years, where growth comes from, products near to one, linkages of "
    "sectors, claimed effects with their indicators.",
)
@click.option("--of", "exporter", metavar="NAME", help="Of this cluster, region, country or actor.")
@click.option("--product", metavar="NAME", help="With --show near: the product.")
@click.option(
    "--level",
    type=click.Choice(["actor", "cluster", "region", "country"]),
    help="Whose exports; by default the level with the most exporters.",
)
@click.option("--year", type=int, help="By default the latest year with exports.")
@click.option("--since", type=int, help="With --show growth: compare with this year.")
@click.option("--currency", help="By default that of most export flows.")
@click.option(
    "--least", type=click.FloatRange(min=0), help="Leave out exporters that export less in a year."
)
@click.option(
    "--order",
    type=click.Choice(["nearness", "complexity", "gain"]),
    default="nearness",
    show_default=True,
    help="Of next products: the nearest, or among the nearer half the most complex or the best "
    "stepping stones.",
)
@click.option("--top", type=click.IntRange(min=1), help="How many rows; by default 20 in a table.")
@printed
def potential(
    graph: Path | str,
    show: str | None,
    exporter: str | None,
    top: int | None,
    output: Output,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Tell what GRAPH exports, how complex and concentrated that is, and what is near to it."""
    from klaster.graph.views.potential_sheets import claims_sheet
    from klaster.ontology.labels import phrase

    opened = existing(graph)
    show = show or ("products" if exporter else "exporters")
    with working(output) as step:
        step(phrase("stage.potential", output.language))
        if show in ("next", "markets"):
            sheet = _prospects(opened, show, exporter, output, asked, top=top)
        elif show == "claims":
            sheet = claims_sheet(opened.claims(cluster=exporter), **output.manner)
        else:
            sheet = _table(opened, show, exporter, output, asked, top=top)
    output.show(sheet)


def _chosen(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return which exports are looked at."""
    empty = {"level": "", "currency": "", "least": 0.0, "year": None}
    return {name: asked[name] or missing for name, missing in empty.items()}


def _table(
    graph: KnowledgeGraph,
    show: str,
    exporter: str | None,
    output: Output,
    asked: Mapping[str, Any],
    *,
    top: int | None,
) -> Sheet:
    from klaster.graph.views.potential_sheets import potential_sheet
    from klaster.ontology.faults import Fault

    manner = {**output.manner, "top": top or (20 if output.for_people else None)}
    if show == "linkages":
        return potential_sheet("linkages", graph.linkages(), **manner)
    if show == "near" and not asked["product"]:
        raise Fault("fault.which-product")
    if show == "growth" and not asked["since"]:
        raise Fault("fault.since-of-growth")
    found = graph.potential(of=exporter, **_chosen(asked), language=output.language)
    whose = found.exporter(exporter) if exporter else ""
    tables: dict[str, Callable[[], pl.DataFrame]] = {
        "exporters": found.exporters,
        "products": lambda: found.goods(whose),
        "near": lambda: found.near(asked["product"]),
        "concentration": lambda: found.over_time(whose),
        "growth": lambda: found.growth(asked["since"]),
    }
    rows = tables[show]()
    if whose and show in ("exporters", "growth"):
        rows = rows.filter(rows["location"] == whose)
    shown = "goods" if whose and show == "products" else show
    years = (asked["since"] or 0, found.year)
    notes = _notes(found, output.language)
    return potential_sheet(shown, rows, notes=notes, years=years, **manner)


def _prospects(
    graph: KnowledgeGraph,
    show: str,
    exporter: str | None,
    output: Output,
    asked: Mapping[str, Any],
    *,
    top: int | None,
) -> Sheet:
    from klaster.graph.views.potential_sheets import prospects_sheet
    from klaster.ontology.labels import phrase

    language, count = output.language, top or (10 if exporter else 3)
    notes = []
    if show == "next":
        found = graph.next_products(of=exporter, count=count, order=asked["order"])
        if found:
            notes.append(phrase(f"note.basis.{found[0].numbers['basis']}", language))
    else:
        found = graph.next_markets(of=exporter, count=count, **_chosen(asked))
    if not found:
        notes.append(phrase(f"note.nothing-near-{show}", language))
    names = graph.names([one.product or one.evidence[0] for one in found], language=language)
    return prospects_sheet(found, names, notes=notes, **output.manner)


def _notes(found: Potential, language: str) -> list[str]:
    from klaster.ontology.labels import phrase

    exporters = found.flows.rows["exporter"].n_unique()
    words = {
        "level": phrase(f"trade-level.{found.flows.level}", language),
        "exporters": exporters,
        "products": len(found.traded.columns),
        "year": found.year,
        "currency": found.flows.currency,
    }
    notes = [phrase("note.potential", language, **words)]
    if found.flows.left_out:
        notes.append(phrase("note.potential-left-out", language, count=found.flows.left_out))
    if found.flows.summed:
        notes.append(phrase("note.potential-summed", language, count=found.flows.summed))
    if not found.complexity.defined:
        notes.append(phrase("note.potential-undefined", language))
    elif found.complexity.left_out:
        notes.append(phrase("note.potential-parts", language, count=found.complexity.left_out))
    if exporters < 10:
        notes.append(phrase("note.potential-few", language))
    return notes
