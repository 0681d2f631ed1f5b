"""Questions in SPARQL: query, questions."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final

import click

from klaster.commands.completion import question_names, questions_of, settings_of, themes
from klaster.commands.environment import default_language, own_questions
from klaster.commands.opening import existing, setting
from klaster.commands.options import (
    Output,
    graph_argument,
    printed,
    questions_folder,
    spoken,
)

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph
    from klaster.graph.solutions import Batch
    from klaster.graph.store.guard import Guarded, Limits

SECONDS: Final = 600
"""After how many seconds a query is ended, unless told otherwise."""
SHOWN: Final = 1000
"""How many rows are shown to people."""

# What the engine writes itself, for solutions and for triples.
_OF_ROWS: Final = {
    "tsv": "text/tab-separated-values",
    "srj": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
}
_OF_GRAPHS: Final = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
}
# What is made here of either.
_OF_BOTH: Final = ("table", "csv", "json", "md", "parquet")
FORMATS: Final = (*_OF_BOTH, *_OF_ROWS, *_OF_GRAPHS)


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


def _bytes(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Return a size such as 500MB or 4G in bytes."""
    from klaster.ontology.faults import Fault

    if value is None:
        return None
    found = re.fullmatch(r"(?i)\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", value)
    if not found:
        raise Fault("fault.size", found=value)
    return int(float(found[1]) * 1024 ** ("KMGT".find(found[2].upper() or "-") + 1))


@click.command(cls=QueryCommand)
@graph_argument
@click.argument(
    "sparql",
    metavar="SPARQL-or-QUESTION",
    required=False,
    shell_complete=questions_of,
)
@click.option(
    "-f",
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Read the query from a file (- is the standard input).",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of a question.",
    shell_complete=settings_of,
)
@questions_folder
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the answer into a file; its suffix gives the format.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="End the query after so long; 0 is never.",
)
@click.option(
    "--limit-memory",
    "memory",
    callback=_bytes,
    metavar="SIZE",
    help="End the query when it takes more memory, e.g. 4GB; by default half of the machine's.",
)
@click.option(
    "--format",
    "chosen",
    type=click.Choice(FORMATS),
    help="Format of the answer; by default that of the file, else a table on a terminal, csv in"
    " a pipe. tsv, srj (JSON) and xml are SPARQL's own for rows; ttl, nt, rdf and jsonld are for"
    " the triples of a CONSTRUCT or DESCRIBE.",
)
@spoken
def query(
    graph: Path | str,
    sparql: str | None,
    path: Path | None,
    settings: tuple[str, ...],
    folder: Path | None,
    target: Path | None,
    timeout: float,
    memory: int | None,
    chosen: str | None,
    output: Output,
) -> None:
    """Ask GRAPH a query in SPARQL or a named question.

    The prefixes kl:, code:, d: (this graph's things), rdfs:, skos:, xsd:, prov: … are given.
    The rows come as they are found; a table shows the first 1000.
    """
    from klaster.graph.store.guard import Limits
    from klaster.ontology.faults import Fault
    from klaster.ontology.labels import phrase

    form = chosen or (_form_of(target) if target else output.form)
    if form == "parquet" and not target and sys.stdout.isatty():
        raise Fault("fault.binary", format=form)
    opened = existing(graph)
    given = _text(sparql, path)
    text, values = _asked(opened, given, dict(map(setting, settings)), folder)
    _warn(opened, text, output, counts=text == given)
    limits = Limits(seconds=timeout or None, memory=memory or _half_of_the_memory())
    with closing(_answer(opened, text, values, form, limits)) as answer:
        if form in ("table", "md"):
            _show(opened, answer, form, target, output)
        else:
            _write(answer, form, target)
        if target:
            output.tell(phrase("cli.exported", output.language, path=target))


def _text(sparql: str | None, path: Path | None) -> str:
    """Return what is asked: a query, or the name of a question."""
    from klaster.ontology.faults import Fault

    if path:
        try:
            read = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
            return read.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as reason:
            raise Fault("fault.unreadable-query", path=path, reason=reason) from reason
    if not (sparql or "").strip():
        raise Fault("fault.no-query")
    return sparql or ""


def _asked(
    graph: KnowledgeGraph, text: str, settings: dict[str, str], folder: Path | None
) -> tuple[str, dict[str, Any]]:
    """Return a query and the terms of its parameters."""
    from klaster.ontology.faults import Fault

    if re.fullmatch(r"\s*[\w-]+\s*", text):
        return graph.question(text.strip(), folder=own_questions(folder), **settings)
    if settings:
        raise Fault("fault.no-parameters", found=next(iter(settings)))
    return text, {}


def _form_of(path: Path) -> str:
    """Return the format that the suffix of a file names."""
    from klaster.ontology.faults import Fault

    form = path.suffix.lower().removeprefix(".")
    known = [name for name in FORMATS if name != "table"]
    if form not in known:
        raise Fault("fault.suffix", path=path, known=", ".join(f".{name}" for name in known))
    return form


def _half_of_the_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().total) // 2


def _warn(graph: KnowledgeGraph, text: str, output: Output, *, counts: bool) -> None:
    """Tell what may make the answer mislead; with ``counts`` also what is counted repeatedly."""
    from klaster.ontology.labels import phrase
    from klaster.ontology.sparql_text import adds_up_repetitions

    for term in graph.unknown_terms(text):
        output.tell(term.text(output.language))
    if counts and len(graph.sources()) > 1 and adds_up_repetitions(text):
        output.tell(phrase("query.repetitions", output.language))


def _answer(
    graph: KnowledgeGraph, text: str, values: dict[str, Any], form: str, limits: Limits
) -> Guarded:
    from klaster.graph.querying import N_TRIPLES, TSV

    answer = graph.stream(
        text,
        values=values,
        media_type=_OF_ROWS.get(form, TSV),
        graph_type=_OF_GRAPHS.get(form, N_TRIPLES),
        limits=limits,
    )
    _require(answer.form, form)
    return answer


def _require(found: str, form: str) -> None:
    """Refuse a format that cannot hold an answer of this kind."""
    from klaster.ontology.faults import Fault

    if found == "graph" and form in _OF_ROWS:
        raise Fault("fault.not-of-graphs", format=form, known=", ".join((*_OF_GRAPHS, *_OF_BOTH)))
    if found != "graph" and form in _OF_GRAPHS:
        raise Fault("fault.not-of-rows", format=form, known=", ".join((*_OF_ROWS, *_OF_BOTH)))


def _show(
    graph: KnowledgeGraph, answer: Guarded, form: str, target: Path | None, output: Output
) -> None:
    """Show the first rows to people, with the labels of what they name."""
    from klaster.graph.views.answers import answer_sheet, iris_of
    from klaster.ontology.labels import phrase
    from klaster.ontology.terms import PREFIXES

    rows, more = _first(answer)
    notes = [phrase("query.first-rows", output.language, count=SHOWN)] if more else []
    if not rows.height:
        notes.append(phrase("query.no-rows", output.language))
    sheet = answer_sheet(
        rows,
        graph.labels(iris_of(rows)),
        prefixes={**PREFIXES, "d": graph.base},
        language=output.language,
        width=output.width if form == "table" else None,
        notes=notes,
    )
    if not target:
        replace(output, form=form).show(sheet)
        return
    with _file(target) as stream:
        text = sheet.text(form, language=output.language, width=output.width)
        stream.write(f"{text}\n".encode())
    output.tell("\n".join(notes))


def _first(answer: Guarded) -> tuple[Batch, bool]:
    """Return the first rows, and whether there are more."""
    from klaster.graph.solutions import batches, joined

    found: list[Batch] = []
    rows = 0
    for batch in batches(answer, answer.form, size=1 << 16):
        found.append(batch)
        rows += batch.height
        if rows > SHOWN:
            break
    return joined(found).head(SHOWN), rows > SHOWN


def _write(answer: Guarded, form: str, target: Path | None) -> None:
    """Write an answer into a file or to stdout, as it comes."""
    if form == "parquet":
        _write_parquet(answer, target)
        return
    with _file(target) if target else nullcontext(sys.stdout.buffer) as stream:
        for piece in _pieces(answer, form):
            stream.write(piece)
        stream.flush()


def _pieces(answer: Guarded, form: str) -> Iterable[bytes]:
    from klaster.graph.solutions import batches
    from klaster.graph.views.streams import csv_pieces, json_pieces

    if form == "csv":
        return csv_pieces(batches(answer, answer.form))
    if form == "json":
        return json_pieces(batches(answer, answer.form))
    return answer


def _write_parquet(answer: Guarded, target: Path | None) -> None:
    from klaster.graph.solutions import batches
    from klaster.graph.views.streams import write_parquet

    if target:
        with _unfinished(target) as part:
            write_parquet(batches(answer, answer.form), part)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "answer.parquet"
        write_parquet(batches(answer, answer.form), path)
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)


@contextmanager
def _file(target: Path) -> Iterator[IO[bytes]]:
    with _unfinished(target) as part, part.open("wb") as stream:
        yield stream


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Lend a path that becomes the file if all goes well, so that no half of one is left."""
    from klaster.ontology.faults import Fault

    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(target)
    except OSError as reason:
        raise Fault("fault.unwritable", path=target, reason=reason) from reason
    finally:
        part.unlink(missing_ok=True)


@click.command()
@click.argument("name", metavar="[QUESTION]", required=False, shell_complete=question_names)
@click.option("--about", metavar="WORD", help="Only questions whose title or query has this word.")
@click.option("--theme", shell_complete=themes, help="Only questions of this theme.")
@questions_folder
@printed
def questions(
    name: str | None, about: str | None, theme: str | None, folder: Path | None, output: Output
) -> None:
    """List the question library, or show one QUESTION.

    The text of a QUESTION is a file that can be kept in a folder of one's own and changed; what
    its parameters take is told beside it.
    """
    from klaster.graph.asking import find_question, find_theme
    from klaster.graph.views.answers import question_object, questions_sheet, told_question
    from klaster.ontology.questions import questions as library

    folder = own_questions(folder)
    if name:
        question = find_question(name, folder)
        if output.form == "json":
            click.echo(json.dumps([question_object(question)], ensure_ascii=False, indent=1))
        else:
            output.tell(told_question(question, output.language) + "\n")
            click.echo(question.sparql, nl=False)
        return
    code = find_theme(theme) if theme else ""
    chosen = {
        slug: question
        for slug, question in library(folder).items()
        if code in ("", question.theme) and question.is_about(about or "")
    }
    output.show(questions_sheet(chosen, **output.manner))
