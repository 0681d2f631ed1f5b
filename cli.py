"""The command line: one command a question, options to call to print."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klaster import KlasterError
from klaster.options import Output, default_language, sliced
from klaster.options import cluster_option as _cluster
from klaster.options import graph_argument as _graph
from klaster.options import printed as _printed
from klaster.options import questions_folder as _questions
from klaster.options import spoken as _spoken

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.loading import LoadReport


class Commands(click.Group):
    """Commands that tell the user's faults in one message and leave bugs their traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Turn a KlasterError into its message, in the language asked for, and exit code 1."""
        ctx.ensure_object(dict)
        _name_any_file()
        _write_any_script()
        try:
            return super().invoke(ctx)
        except KlasterError as fault:
            tell = getattr(fault, "text", None)
            click.echo(tell(ctx.obj["lang"]) if tell else str(fault), err=True)
            ctx.exit(1)


def _name_any_file() -> None:
    """Begin anew in UTF-8 where the locale has another encoding of file names.

    The libraries below know UTF-8 only, and such a locale cannot write every name.
    """
    if sys.getfilesystemencoding().lower() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def _write_any_script() -> None:
    """Let names in any script be written, whatever the encoding of the system is.

    What goes to a file or another program is UTF-8; a terminal that lacks a letter shows a
    question mark in its place.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="klaster")
def main() -> None:
    """Knowledge graph of clusters, actors and policies."""


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="klaster-demo")
@_spoken
def demo(folder: Path, output: Output) -> None:
    """Build the graph of Uzbekistan's clusters in FOLDER, and show what it tells."""
    from importlib.resources import as_file, files

    from klaster.graph.central import central
    from klaster.graph.views.report import missing_sheet, policy_sheet, verdict
    from klaster.ontology.labels import phrase

    output = Output(output.language, output.quiet)
    language = output.language
    path, page_path = folder / "uzbekistan.klaster", folder / "uzbekistan.html"
    graph = _open(path)
    with as_file(files("klaster.loaders").joinpath("demo")) as tables:
        reports = _load(graph, [tables], output, name="demo")
    drawn = _write_page(graph, page_path, language, only_if_changed=True)
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


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@_spoken
def init(target: Path, output: Output) -> None:
    """Make blank tables to fill in: TARGET is a workbook (.xlsx) or a new folder of CSV files."""
    from klaster.loaders.template import write_template
    from klaster.ontology.labels import phrase

    write_template(target, language=output.language)
    output.tell(phrase("cli.blank", output.language, path=target))


@main.command()
@click.argument("sources", nargs=-1, required=True)
@click.option(
    "--into",
    "graph",
    required=True,
    type=click.Path(path_type=Path),
    help="The graph, a folder NAME.klaster; it is made if it is not there.",
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
@_spoken
def load(
    sources: tuple[str, ...],
    graph: Path,
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
    _load(
        _open(graph),
        sources,
        output,
        name=name,
        registry=registry,
        mapping=mapping,
        queries=dict(map(_setting, queries)),
        skip_bad_rows=skip_bad_rows,
    )


@main.command()
@_graph
@_printed
def sources(graph: Path, output: Output) -> None:
    """List what was loaded into GRAPH: from where, when, how much."""
    from klaster.graph.views.report import sources_sheet

    found = [vars(entry) for entry in _existing(graph).sources()]
    output.show(sources_sheet(found, language=output.language, for_people=output.for_people))


@main.command()
@_graph
@click.argument("name")
@_spoken
def drop(graph: Path, name: str, output: Output) -> None:
    """Take the source NAME out of GRAPH, with all that it stated."""
    from klaster.ontology.labels import phrase

    _existing(graph).drop(name)
    output.tell(phrase("cli.dropped", output.language, name=name))


@main.command()
@_graph
@_printed
def info(graph: Path, output: Output) -> None:
    """Count what is in GRAPH, and say what the data can and cannot answer."""
    from klaster.graph.views.report import info_sheet

    counts = _existing(graph).info()
    output.show(info_sheet(counts, language=output.language, for_people=output.for_people))


@main.command()
@_graph
@_printed
def check(graph: Path, output: Output) -> None:
    """Check GRAPH against the shapes; exit code 1 if it does not conform."""
    from klaster.graph.views.report import check_sheet, verdict

    opened = _existing(graph)
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


@main.command(cls=QueryCommand)
@_graph
@click.argument("sparql", metavar="SPARQL-or-QUESTION", required=False)
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the query from a file.",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@_questions
@_printed
def query(
    graph: Path,
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

    opened = _existing(graph)
    text = path.read_text("utf-8") if path else sparql
    if text is None:
        raise Fault("fault.no-query")
    if re.fullmatch(r"[\w-]+", text.strip()):
        found = opened.ask(text.strip(), folder=folder, **dict(map(_setting, settings)))
    else:
        found = opened.query(text)
    output.show(answer_sheet(found.columns, found.rows))


@main.command()
@_questions
@_printed
def questions(folder: Path | None, output: Output) -> None:
    """List the question library, in the language asked for."""
    from klaster.graph.views.report import questions_sheet
    from klaster.ontology.questions import questions as library

    for_people = output.for_people
    output.show(questions_sheet(library(folder), language=output.language, for_people=for_people))


@main.command("central")
@_graph
@click.option("--by", default="degree", show_default=True, help="Measure to rank by.")
@sliced
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Show what changed from that day to --date.",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--no-interval", "sure", is_flag=True, help="Take incomplete data for complete.")
@click.option("--explain", is_flag=True, help="Tell each measure's formula and source.")
@_printed
def central_command(
    graph: Path,
    by: str,
    slices: dict[str, Any],
    since: dt.datetime | None,
    top: int,
    sure: bool,
    explain: bool,
    output: Output,
) -> None:
    """Rank the actors of GRAPH: who is central, who stands between others.

    Where the data do not claim to hold every link, a rank has an interval, and actors that
    cannot be told apart share one.
    """
    from klaster.graph.central import central, central_changes

    opened = _existing(graph)
    manner = {"by": by, "top": top, "explain": explain, **output.manner, **slices}
    if since:
        sheet = central_changes(opened, since=since.date(), **manner)
    else:
        sheet = central(opened, interval=not sure, **manner)
    output.show(sheet, always=explain)


@main.command()
@_graph
@click.option("--rules", is_flag=True, help="Gaps by rule (the default).")
@_cluster
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="How many findings to show; by default 40 in a table, else all.",
)
@click.option("--predict", is_flag=True, help="Likely links that are not recorded, with evidence.")
@click.option("--audit", is_flag=True, help="With --predict: how well hidden links are foretold.")
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
@click.option("--without", metavar="ACTOR", help="What would change if this actor were gone.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the candidate links as a workbook (.xlsx) to confirm and load.",
)
@_printed
def missing(
    graph: Path,
    rules: bool,
    predict: bool,
    audit: bool,
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
    from klaster.graph.views.report import cards_sheet, changes_sheet, missing_sheet
    from klaster.ontology.labels import phrase

    language, for_people = output.language, output.for_people
    opened = _existing(graph)
    if predict or audit:
        _predict(opened, output, cluster=cluster, top=top or 20, audit=audit)
        return
    if path:
        count = opened.write_candidates(path, cluster=cluster, language=language)
        output.tell(phrase("cli.candidates", language, path=path, count=count))
        return
    if card:
        day = date.date() if date else None
        cards = opened.cards(cluster=cluster, date=day).to_polars()
        output.show(cards_sheet(cards, language=language, for_people=for_people))
        return
    if added or without:
        changes = opened.what_if(added=added, without=without, cluster=cluster, language=language)
        output.show(changes_sheet(changes.to_polars(), language=language, for_people=for_people))
        return
    found = opened.missing(cluster=cluster)
    output.show(
        missing_sheet(found, top=top, language=output.language, for_people=output.for_people)
    )


@main.command()
@_graph
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
@_printed
def backtest(
    graph: Path,
    layer: str,
    cut: dt.datetime | None,
    truth: Path | None,
    all_methods: bool,
    output: Output,
) -> None:
    """Say how well the links of GRAPH are foretold from those before them."""
    from klaster.graph.views.prediction_sheets import backtest_sheet

    day = cut.date() if cut else None
    opened = _existing(graph)
    rows = opened.backtest(layer=layer, cut=day, truth=truth, all_methods=all_methods)
    output.show(backtest_sheet(rows, language=output.language, for_people=output.for_people))


@main.command()
@_graph
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only instruments in force that day, and what holds then.",
)
@click.option("--mechanisms", is_flag=True, help="The mechanisms recorded in no form, by cluster.")
@_printed
def policy(graph: Path, date: dt.datetime | None, mechanisms: bool, output: Output) -> None:
    """Say whom each instrument of GRAPH is meant for and whom it has reached."""
    from klaster.graph.views.report import mechanisms_sheet, policy_sheet

    day = date.date() if date else None
    opened, language = _existing(graph), output.language
    if mechanisms:
        found = opened.mechanisms(date=day).to_polars()
        output.show(mechanisms_sheet(found, language=language, for_people=output.for_people))
        return
    reached = opened.policy(date=day).to_polars()
    output.show(policy_sheet(reached, language=language, for_people=output.for_people))


@main.command()
@_graph
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a table to decide upon: a new workbook (.xlsx) or a file matches.csv.",
)
@click.option("--top", type=click.IntRange(min=1), help="How many pairs; by default all.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.75,
    show_default=True,
    help="The lowest score to propose.",
)
@_printed
def match(
    graph: Path, path: Path | None, top: int | None, threshold: float, output: Output
) -> None:
    """Propose actors of GRAPH that may be one, with reasons; a reviewed table is loaded back."""
    from klaster.graph.matching.blocking import MOST
    from klaster.graph.matching.review import write_review
    from klaster.graph.views.report import match_sheet
    from klaster.ontology.labels import phrase

    language = output.language
    found = _existing(graph).match(threshold=threshold, top=top, language=language)
    if path:
        write_review(found, path, language=language)
        output.tell(phrase("cli.review", language, path=path, count=len(found), graph=graph))
        return
    counts = {"compared": found.compared, "common": found.too_common, "most": MOST}
    notes = [phrase("note.compared", language, **counts)]
    output.show(match_sheet(found, language=language, for_people=output.for_people, notes=notes))


@main.command()
@_graph
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The HTML file to write.",
)
@_spoken
def page(graph: Path, path: Path, output: Output) -> None:
    """Draw GRAPH as one interactive HTML file that needs no internet."""
    from klaster.ontology.labels import phrase

    _write_page(_existing(graph), path, output.language)
    output.tell(phrase("cli.page", output.language, path=path))


@main.command()
@_graph
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="The file to write: .xlsx, .ttl, .nt, .nq, .trig, .rdf or .jsonld, or a new folder for CSV.",
)
@click.option("--rdf12", is_flag=True, help="Let links reify their direct edges (RDF 1.2).")
@_spoken
def export(graph: Path, path: Path, rdf12: bool, output: Output) -> None:
    """Write GRAPH as a workbook, a folder of CSV files or an RDF file."""
    from klaster.ontology.labels import phrase

    _existing(graph).export(path, rdf12=rdf12)
    output.tell(phrase("cli.exported", output.language, path=path))


def _open(path: Path) -> KnowledgeGraph:
    from klaster.graph.knowledge_graph import KnowledgeGraph

    return KnowledgeGraph(path)


def _existing(path: Path) -> KnowledgeGraph:
    from klaster.ontology.faults import Fault

    graph = _open(path)
    if not graph.sources():
        raise Fault("fault.no-graph", path=path)
    return graph


def _setting(text: str) -> tuple[str, str]:
    from klaster.ontology.faults import Fault

    name, sign, value = text.partition("=")
    if not sign or not name:
        raise Fault("fault.setting", found=text)
    return name, value


def _load(
    graph: KnowledgeGraph,
    sources: Sequence[str | Path],
    output: Output,
    **manner: Any,  # noqa: ANN401
) -> list[LoadReport]:
    from rich.console import Console

    from klaster.ontology.labels import phrase

    language = output.language
    console = Console(stderr=True, quiet=output.quiet or not sys.stderr.isatty())
    with console.status("") as status:
        reports = graph.load(
            *sources,
            **manner,
            progress=lambda stage: status.update(phrase(f"stage.{stage}", language)),
        )
    for report in reports:
        key = "cli.unchanged" if report.unchanged else "cli.loaded"
        rows = sum(report.rows.values())
        output.tell(phrase(key, language, name=report.name, rows=rows, path=report.path))
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
        # What was left out is said even in quiet: it is a loss that was asked for.
        if report.skipped:
            lines = [phrase("cli.skipped", language)]
            lines += [f"  {fault.text(language)}" for fault in report.skipped]
            click.echo("\n".join(lines), err=True)
    return reports


def _predict(
    graph: KnowledgeGraph, output: Output, *, cluster: str | None, top: int, audit: bool
) -> None:
    from klaster.graph.views.prediction_sheets import audit_sheet, audit_text, suggestions_sheet
    from klaster.ontology.labels import phrase

    language, for_people = output.language, output.for_people
    found = graph.predict(cluster=cluster, count=top)
    if audit:
        output.show(
            audit_sheet(found.audit_rows(language), language=language, for_people=for_people)
        )
        return
    output.show(suggestions_sheet(found.rows(language), language=language, for_people=for_people))
    told = audit_text(found.audit_rows(language), language=language)
    output.tell(told or phrase("cli.nothing-audited", language))


def _in(language: str, note: str) -> str:
    """Return a note in one language, as far as it knows more than one."""
    text = getattr(note, "text", None)
    return text(language) if text else note


def _write_page(
    graph: KnowledgeGraph, path: Path, language: str, *, only_if_changed: bool = False
) -> bool:
    """Write the page, and say whether that was needed."""
    from klaster.ontology.faults import Fault

    if only_if_changed and path.exists():
        with path.open(encoding="utf-8", errors="replace") as stream:
            head = stream.read(8192)
        if f'content="{graph.revision}"' in head and f'<html lang="{language}"' in head:
            return False
    from klaster.graph.views.page import render_page

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_page(graph.picture(language=language)), "utf-8")
    except OSError as reason:
        raise Fault("fault.unwritable", path=path, reason=reason) from reason
    return True
