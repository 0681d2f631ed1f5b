"""Which actors may be one: match."""

from __future__ import annotations

from pathlib import Path

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, printed
from klaster.commands.progress import working


@click.command()
@graph_argument
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
@printed
def match(
    graph: Path | str, path: Path | None, top: int | None, threshold: float, output: Output
) -> None:
    """Propose actors of GRAPH that may be one, with reasons; a reviewed table is loaded back."""
    from klaster.graph.matching.blocking import MOST
    from klaster.graph.matching.review import write_review
    from klaster.graph.views.report import match_sheet
    from klaster.ontology.labels import phrase

    language = output.language
    opened = existing(graph)
    with working(output) as step:
        step(phrase("stage.match", language))
        found = opened.match(threshold=threshold, top=top, language=language)
    if path:
        write_review(found, path, language=language)
        output.tell(phrase("cli.review", language, path=path, count=len(found), graph=opened.place))
        return
    counts = {"compared": found.compared, "common": found.too_common, "most": MOST}
    notes = [phrase("note.compared", language, **counts)]
    output.show(match_sheet(found, language=language, for_people=output.for_people, notes=notes))
