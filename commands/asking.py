"""What a graph says: info, check, query, questions, export."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from klaster.commands.opening import existing, setting
from klaster.commands.options import (
    Output,
    default_language,
    graph_argument,
    printed,
    questions_folder,
    spoken,
)


@click.command()
@graph_argument
@printed
def info(graph: Path | str, output: Output) -> None:
    """Count what is in GRAPH, and say what the data can and cannot answer."""
    from klaster.graph.views.report import info_sheet

    counts = existing(graph).info()
    output.show(info_sheet(counts, language=output.language, for_people=output.for_people))


@click.command()
@graph_argument
@printed
def check(graph: Path | str, output: Output) -> None:
    """Check GRAPH against the shapes; exit code 1 if it does not conform."""
    from klaster.graph.views.report import check_sheet, verdict

    opened = existing(graph)
    results = opened.check()
    for_people = output.for_people
    output.show(
        check_sheet(results, base=opened.base, language=output.language, for_people=for_people)
    )
    output.tell(verdict(results, output.language))
    if any(result.severity == "Violation" for result in results):
        sys.exit(1)


class QueryCommand(click.Command):
    """The query command, whose help ends with the questions in the user's language."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the named questions."""
        from klaster.ontology.labels import phrase
        from klaster.ontology.questions import questions

        language = (ctx.find_root().obj or {}).get("lang") or default_language()
        with formatter.section(phrase("questions.heading", language)):
            formatter.write_dl(
                [(slug, question.title(language)) for slug, question in questions().items()]
            )


@click.command(cls=QueryCommand)
@graph_argument
@click.argument("sparql", metavar="SPARQL-or-QUESTION", required=False)
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the query from a file.",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@questions_folder
@printed
def query(
    graph: Path | str,
    sparql: str | None,
    path: Path | None,
    settings: tuple[str, ...],
    folder: Path | None,
    output: Output,
) -> None:
    """Ask GRAPH a query in SPARQL or a named question.

    The prefixes kl:, code:, d: (this graph's things), rdfs:, skos:, xsd:, prov: … are given.
    """
    from klaster.graph.views.report import answer_sheet
    from klaster.ontology.faults import Fault

    opened = existing(graph)
    text = path.read_text("utf-8") if path else sparql
    if text is None:
        raise Fault("fault.no-query")
    if re.fullmatch(r"[\w-]+", text.strip()):
        found = opened.ask(text.strip(), folder=folder, **dict(map(setting, settings)))
    else:
        found = opened.query(text)
    output.show(answer_sheet(found.columns, found.rows))


@click.command()
@questions_folder
@printed
def questions(folder: Path | None, output: Output) -> None:
    """List the question library, in the language asked for."""
    from klaster.graph.views.report import questions_sheet
    from klaster.ontology.questions import questions as library

    for_people = output.for_people
    output.show(questions_sheet(library(folder), language=output.language, for_people=for_people))


@click.command()
@graph_argument
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write: .xlsx, .ttl, .nt, .nq, .trig, .rdf or .jsonld, or a new folder for CSV.",
)
@click.option("--rdf12", is_flag=True, help="Let links reify their direct edges (RDF 1.2).")
@click.option("--ontology", is_flag=True, help="Write the terms and code lists, too.")
@spoken
def export(graph: Path | str, path: Path, rdf12: bool, ontology: bool, output: Output) -> None:
    """Write GRAPH as a workbook, a folder of CSV files or an RDF file."""
    from klaster.ontology.labels import phrase

    existing(graph).export(path, rdf12=rdf12, ontology=ontology)
    output.tell(phrase("cli.exported", output.language, path=path))
