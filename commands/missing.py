"""What is missing and whom support does not reach: missing, backtest, policy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, cluster_option, graph_argument, printed
from klaster.commands.progress import working

if TYPE_CHECKING:
    import polars as pl

    from klaster.graph.knowledge_graph import KnowledgeGraph


@click.command()
@graph_argument
@click.option("--rules", is_flag=True, help="Gaps by rule (the default).")
@cluster_option
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="How many findings to show; by default 40 in a table, else all.",
)
@click.option("--predict", is_flag=True, help="Likely links that are not recorded, with evidence.")
@click.option("--audit", is_flag=True, help="With --predict: how well hidden links are foretold.")
@click.option(
    "--model",
    type=click.Choice(["ensemble", "stack"]),
    default="ensemble",
    show_default=True,
    help="With --predict: weigh evidence as usual, or as this graph's own links teach.",
)
@click.option("--card", is_flag=True, help="The health card of the cluster, or of each.")
@click.option(
    "--date", type=click.DateTime(["%Y-%m-%d"]), help="With --card: only what holds that day."
)
@click.option(
    "--with",
    "added",
    type=click.Path(path_type=Path),
    help="What would change if this source were added.",
)
@click.option(
    "--without",
    metavar="THING",
    help="What would change if this actor, instrument or link (by its IRI) were gone.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the candidate links as a workbook (.xlsx) to confirm and load.",
)
@printed
def missing(
    graph: Path | str,
    rules: bool,
    predict: bool,
    audit: bool,
    model: str,
    cluster: str | None,
    top: int | None,
    card: bool,
    date: dt.datetime | None,
    added: Path | None,
    without: str | None,
    path: Path | None,
    output: Output,
) -> None:
    """Say what is missing in GRAPH, by rule, with the evidence."""
    from klaster.graph.views.report import cards_sheet, changes_sheet, missing_sheet, told_left_out
    from klaster.ontology.labels import phrase

    language, for_people = output.language, output.for_people
    opened = existing(graph)
    if predict or audit:
        _predict(opened, output, cluster=cluster, top=top or 20, audit=audit, model=model)
        return
    sheet, told = None, []
    with working(output) as step:
        step(phrase("stage.find", language))
        if path:
            count = opened.write_candidates(path, cluster=cluster, language=language)
            told = [phrase("cli.candidates", language, path=path, count=count)]
        elif card:
            day = date.date() if date else None
            cards = _named(opened, opened.cards(cluster=cluster, date=day).to_polars(), output)
            sheet = cards_sheet(cards, language=language, for_people=for_people)
        elif added or without:
            changes = opened.what_if(
                added=added, without=without, cluster=cluster, language=language
            )
            sheet = changes_sheet(changes.to_polars(), language=language, for_people=for_people)
        else:
            found = opened.missing(cluster=cluster)
            sheet = missing_sheet(found, top=top, counts=found.counts, **output.manner)
            told = [] if for_people else told_left_out(found, found.counts, language)
    if sheet:
        output.show(sheet)
    output.tell("\n".join(told))


@click.command()
@graph_argument
@click.option(
    "--layer",
    type=click.Choice(["supply", "cooperation", "actor-product"]),
    default="cooperation",
    show_default=True,
    help="What kind of link is foretold.",
)
@click.option(
    "--cut", type=click.DateTime(["%Y-%m-%d"]), help="Known is what was recorded before that day."
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="A CSV file with the links that came later: two columns of ids or IRIs.",
)
@click.option("--all-methods", is_flag=True, help="Measure each evidence by itself, too.")
@printed
def backtest(
    graph: Path | str,
    layer: str,
    cut: dt.datetime | None,
    truth: Path | None,
    all_methods: bool,
    output: Output,
) -> None:
    """Say how well the links of GRAPH are foretold from those before them."""
    from klaster.graph.views.prediction_sheets import backtest_sheet
    from klaster.ontology.labels import phrase

    day = cut.date() if cut else None
    opened = existing(graph)
    with working(output) as step:
        step(phrase("stage.audit", output.language))
        rows = opened.backtest(layer=layer, cut=day, truth=truth, all_methods=all_methods)
    output.show(backtest_sheet(rows, language=output.language, for_people=output.for_people))


@click.command()
@graph_argument
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only instruments in force that day, and what holds then.",
)
@click.option("--mechanisms", is_flag=True, help="The mechanisms recorded in no form, by cluster.")
@printed
def policy(graph: Path | str, date: dt.datetime | None, mechanisms: bool, output: Output) -> None:
    """Say whom each instrument of GRAPH is meant for and whom it has reached."""
    from klaster.graph.views.report import mechanisms_sheet, policy_sheet
    from klaster.ontology.labels import phrase

    day = date.date() if date else None
    opened, language, for_people = existing(graph), output.language, output.for_people
    with working(output) as step:
        step(phrase("stage.reach", language))
        if mechanisms:
            found = _named(opened, opened.mechanisms(date=day).to_polars(), output)
            sheet = mechanisms_sheet(found, language=language, for_people=for_people)
        else:
            reached = opened.policy(date=day).to_polars()
            sheet = policy_sheet(reached, language=language, for_people=for_people)
    output.show(sheet)


def _named(graph: KnowledgeGraph, rows: pl.DataFrame, output: Output) -> pl.DataFrame:
    """Return rows on clusters with the clusters' names in the language, for people."""
    import polars as pl

    if rows.is_empty() or not output.for_people:
        return rows
    names = graph.names(rows["cluster"].unique(), language=output.language)
    return rows.with_columns(label=pl.col("cluster").replace_strict(names, default="label"))


def _predict(
    graph: KnowledgeGraph,
    output: Output,
    *,
    cluster: str | None,
    top: int,
    audit: bool,
    model: str,
) -> None:
    from klaster.graph.views.prediction_sheets import audit_sheet, audit_text, suggestions_sheet
    from klaster.ontology.labels import phrase

    language, for_people = output.language, output.for_people
    with working(output, steps=1) as step:
        step(phrase("stage.audit", language))
        count = 0 if audit else top
        found = graph.predict(cluster=cluster, count=count, model=model, share=step.within)
    if audit:
        output.show(
            audit_sheet(found.audit_rows(language), language=language, for_people=for_people)
        )
        return
    output.show(suggestions_sheet(found.rows(language), language=language, for_people=for_people))
    told = audit_text(found.audit_rows(language), language=language)
    output.tell(told or phrase("cli.nothing-audited", language), wrapped=for_people)
