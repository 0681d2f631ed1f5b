"""The report that is handed on and printed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, cluster_option, graph_argument, spoken


@click.command()
@graph_argument
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: .html or .md.",
)
@cluster_option
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Network, cards and support as they were that day.",
)
@spoken
def report(
    graph: Path | str, path: Path, cluster: str | None, date: dt.datetime | None, output: Output
) -> None:
    """Write all that GRAPH tells as one document to read, hand on and print.

    Each figure comes with its query and sources. The document needs no other file, no script and
    no internet.
    """
    from klaster.commands.progress import working
    from klaster.graph.reporting.report import SECTIONS
    from klaster.ontology.faults import Fault
    from klaster.ontology.labels import phrase

    if path.suffix.lower() not in (".html", ".htm", ".md"):
        raise Fault("fault.report-suffix", path=path)
    opened, language = existing(graph), output.language
    with working(output, steps=len(SECTIONS)) as step:
        found = opened.report(
            language=language,
            cluster=cluster,
            date=date.date() if date else None,
            progress=lambda section: step(phrase(f"report.{section}", language)),
        )
    text = found.markdown if path.suffix.lower() == ".md" else found.html
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    except OSError as reason:
        raise Fault("fault.unwritable", path=path, reason=reason) from reason
    output.tell(phrase("report.written", language, path=path))
