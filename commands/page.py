"""The page that an analyst opens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, spoken
from klaster.commands.progress import working

if TYPE_CHECKING:
    from klaster.graph.knowledge_graph import KnowledgeGraph


@click.command()
@graph_argument
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The HTML file to write.",
)
@click.option("--cluster", help="Only this cluster (IRI, id or name) and its members.")
@click.option(
    "--suggestions/--no-suggestions",
    default=None,
    help="Look for likely links, after an audit; by default up to 400 actors of a graph "
    "of up to 20,000 links.",
)
@spoken
def page(
    graph: Path | str, path: Path, cluster: str | None, suggestions: bool | None, output: Output
) -> None:
    """Draw GRAPH as one interactive HTML file that needs no internet."""
    from klaster.ontology.labels import phrase

    with working(output) as step:
        step(phrase("stage.draw", output.language))
        write_page(existing(graph), path, output.language, cluster=cluster, suggestions=suggestions)
    output.tell(phrase("cli.page", output.language, path=path))


def write_page(
    graph: KnowledgeGraph,
    path: Path,
    language: str,
    *,
    cluster: str | None = None,
    suggestions: bool | None = None,
    only_if_changed: bool = False,
) -> bool:
    """Write the page, and say whether that was needed."""
    from klaster.ontology.faults import Fault

    if only_if_changed and path.exists():
        with path.open(encoding="utf-8", errors="replace") as stream:
            head = stream.read(8192)
        if f'content="{graph.revision}"' in head and f'<html lang="{language}"' in head:
            return False
    from klaster.graph.views.page import render_page

    picture = graph.picture(language=language, cluster=cluster, suggestions=suggestions)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_page(picture), "utf-8")
    except OSError as reason:
        raise Fault("fault.unwritable", path=path, reason=reason) from reason
    return True
