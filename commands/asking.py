"""What a graph says: info, check, export."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, printed, spoken
from klaster.commands.progress import working


@click.command()
@graph_argument
@printed
def info(graph: Path | str, output: Output) -> None:
    """Count what is in GRAPH, and say what the data can and cannot answer."""
    from klaster.graph.views.report import info_sheet
    from klaster.ontology.labels import phrase

    opened = existing(graph)
    with working(output) as step:
        step(phrase("stage.count", output.language))
        counts = opened.info()
    output.show(info_sheet(counts, language=output.language, for_people=output.for_people))


@click.command()
@graph_argument
@printed
def check(graph: Path | str, output: Output) -> None:
    """Check GRAPH against the shapes; exit code 1 if it does not conform."""
    from klaster.graph.views.report import check_sheet, verdict
    from klaster.ontology.labels import phrase

    opened = existing(graph)
    with working(output) as step:
        step(phrase("stage.check", output.language))
        results = opened.check()
    for_people = output.for_people
    output.show(
        check_sheet(results, base=opened.base, language=output.language, for_people=for_people)
    )
    output.tell(verdict(results, output.language))
    if long := opened.long_tables():
        tables = ", ".join(f"{name} ({rows:,})" for name, rows in sorted(long.items()))
        output.tell(phrase("cli.long-unchecked", output.language, tables=tables))
    if any(result.severity == "Violation" for result in results):
        sys.exit(1)


@click.command()
@graph_argument
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="What to write: .xlsx or a new folder, .csv or .parquet, of tables; .ttl, .nt, .nq, .trig, "
    ".rdf or .jsonld of RDF; .graphml or .gexf of the network.",
)
@click.option("--rdf12", is_flag=True, help="Let links reify their direct edges (RDF 1.2).")
@click.option("--ontology", is_flag=True, help="Write the terms and code lists, too.")
@click.option(
    "--spark",
    is_flag=True,
    help="Write a new folder of partitioned Parquet, for klaster spark and other engines.",
)
@spoken
def export(
    graph: Path | str, path: Path, rdf12: bool, ontology: bool, spark: bool, output: Output
) -> None:
    """Write GRAPH as tables, as RDF, as a network for Gephi and others, or for Spark."""
    from klaster.ontology.labels import phrase

    opened = existing(graph)
    with working(output) as step:
        step(phrase("stage.export", output.language))
        opened.export(path, rdf12=rdf12, ontology=ontology, spark=spark)
    output.tell(phrase("cli.exported", output.language, path=path))
