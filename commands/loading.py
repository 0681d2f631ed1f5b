"""What goes into a graph: demo, init, load, sources, drop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klaster.commands import completion
from klaster.commands.opening import existing, open_graph, setting
from klaster.commands.options import GRAPH, Output, graph_argument, printed, spoken
from klaster.commands.page import write_page
from klaster.commands.progress import working

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.loading import LoadReport


STAGES = ("read", "write", "derive", "find", "store")
"""What a load does, in this order."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="klaster-demo")
@spoken
def demo(folder: Path, output: Output) -> None:
    """Build the graph of Uzbekistan's clusters in FOLDER, and show what it tells."""
    from importlib.resources import as_file, files

    from klaster.graph.central import central
    from klaster.graph.views.report import missing_sheet, policy_sheet, verdict
    from klaster.ontology.labels import phrase

    output = Output(output.language, output.quiet)
    language = output.language
    path, page_path = folder / "uzbekistan.klaster", folder / "uzbekistan.html"
    graph = open_graph(path)
    with as_file(files("klaster.loaders").joinpath("demo")) as tables:
        reports = load_sources(graph, [tables], output, name="demo")
    drawn = write_page(graph, page_path, language, only_if_changed=True)
    if not output.quiet:
        output.tell(verdict(graph.check(), language))
        click.echo(f"\n{phrase('demo.central', language)}")
        output.show(central(graph, by="degree", top=10, **output.manner))
        click.echo(f"\n{phrase('demo.missing', language)}")
        output.show(missing_sheet(graph.missing(), top=15, language=language, for_people=True))
        click.echo(f"\n{phrase('demo.policy', language)}")
        output.show(policy_sheet(graph.policy().to_polars(), language=language, for_people=True))
        click.echo("")
    kept = all(report.unchanged for report in reports) and not drawn
    actors = graph.table("actors").height
    key = "demo.kept" if kept else "demo.made"
    click.echo(phrase(key, language, graph=path, actors=actors, page=page_path))


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@spoken
def init(target: Path, output: Output) -> None:
    """Make blank tables to fill in: TARGET is a workbook (.xlsx) or a new folder of CSV files."""
    from klaster.loaders.template import write_template
    from klaster.ontology.labels import phrase

    write_template(target, language=output.language)
    output.tell(phrase("cli.blank", output.language, path=target))


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--into",
    "graph",
    required=True,
    type=GRAPH,
    help="The graph, a folder NAME.klaster or an address; it is made if it is not there.",
)
@click.option("--name", help="Name to keep the source under; by default its file name.")
@click.option(
    "--as",
    "registry",
    default="",
    metavar="KIND",
    help="What the sources are, where they do not tell: a registry, or the links of a network.",
)
@click.option(
    "--map",
    "mapping",
    type=click.Path(path_type=Path),
    help="A mapping: SQL (.sql), CONSTRUCT queries (.rq) or RML (.ttl, .yml).",
)
@click.option(
    "--query",
    "queries",
    multiple=True,
    metavar="TABLE=SQL",
    help="Ask a database: what this SELECT yields is the table TABLE.",
)
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows with faults, and list them.")
@spoken
def load(
    sources: tuple[str, ...],
    graph: Path | str,
    name: str | None,
    registry: str,
    mapping: Path | None,
    queries: tuple[str, ...],
    skip_bad_rows: bool,
    output: Output,
) -> None:
    """Load SOURCES into a graph, all or none.

    A source is a workbook, a file or folder of tables, an RDF or network file, or the address
    of a database or SPARQL endpoint.
    """
    load_sources(
        open_graph(graph),
        sources,
        output,
        name=name,
        registry=registry,
        mapping=mapping,
        queries=dict(map(setting, queries)),
        skip_bad_rows=skip_bad_rows,
    )


@click.command()
@graph_argument
@printed
def sources(graph: Path | str, output: Output) -> None:
    """List what was loaded into GRAPH: from where, when, how much."""
    from klaster.graph.views.report import sources_sheet

    found = [vars(entry) for entry in existing(graph).sources()]
    output.show(sources_sheet(found, language=output.language, for_people=output.for_people))


@click.command()
@graph_argument
@click.argument("name", shell_complete=completion.sources)
@spoken
def drop(graph: Path | str, name: str, output: Output) -> None:
    """Take the source NAME out of GRAPH, with all that it stated."""
    from klaster.ontology.labels import phrase

    existing(graph).drop(name)
    output.tell(phrase("cli.dropped", output.language, name=name))


def load_sources(
    graph: KnowledgeGraph,
    sources: Sequence[str | Path],
    output: Output,
    **manner: Any,  # noqa: ANN401
) -> list[LoadReport]:
    """Load sources, and tell what became of each."""
    from klaster.ontology.labels import phrase

    language = output.language
    with working(output, steps=len(STAGES)) as step:
        reports = graph.load(
            *sources,
            **manner,
            progress=lambda stage: step(phrase(f"stage.{stage}", language), STAGES.index(stage)),
            share=step.within,
        )
    for report in reports:
        key = "cli.unchanged" if report.unchanged else "cli.loaded"
        rows = sum(report.rows.values())
        output.tell(phrase(key, language, name=report.name, rows=rows, path=report.path))
        if report.resumed:
            output.tell(phrase("cli.resumed", language))
        if report.mapping:
            output.tell(phrase("cli.mapped", language, mapping=report.mapping))
        for table, counts in (report.changes or {}).items():
            output.tell(phrase("cli.changed", language, table=table, **vars(counts)))
        if report.guessed:
            guesses = "; ".join(_in(language, note) for note in report.guessed)
            output.tell(phrase("cli.guessed", language, guesses=guesses))
        if report.unread:
            output.tell(phrase("cli.unread", language, names=", ".join(report.unread)))
        if report.unknown:
            told = ", ".join(report.unknown[:5]) + (", …" if len(report.unknown) > 5 else "")
            output.tell(phrase("cli.unknown-actors", language, references=told))
        if report.without_findings:
            output.tell(phrase("cli.without-findings", language))
        # What was left out is said even in quiet: it is a loss that was asked for.
        if report.skipped:
            lines = [phrase("cli.skipped", language)]
            lines += [f"  {fault.text(language)}" for fault in report.skipped]
            click.echo("\n".join(lines), err=True)
    return reports


def _in(language: str, note: str) -> str:
    """Return a note in one language, as far as it knows more than one."""
    text = getattr(note, "text", None)
    return text(language) if text else note
