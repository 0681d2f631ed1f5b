"""Measures and gaps on Spark, of a graph that no single machine holds: spark."""

from __future__ import annotations

import datetime as dt

import click

from klaster.commands.options import LINK_KINDS, Output, printed
from klaster.commands.progress import working


@click.command()
@click.argument("folder")
@click.option(
    "-o",
    "--output",
    "results",
    required=True,
    help="A new folder for the results: actors and gaps, as Parquet.",
)
@click.option(
    "--links",
    multiple=True,
    type=click.Choice(LINK_KINDS),
    help="Kind of link that the measures count; may be given several times.",
)
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Let the measures count only links that hold that day.",
)
@click.option(
    "--only", type=click.Choice(["measures", "gaps"]), help="Only measure, or only look for gaps."
)
@click.option(
    "--by",
    type=click.Choice(["pagerank", "degree", "in_degree", "out_degree"]),
    default="pagerank",
    show_default=True,
    help="Measure by which the first actors are shown.",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option(
    "--master",
    help="Where Spark runs, by default local[*]: all cores of this machine. Under spark-submit it"
    " is told there.",
)
@printed
def spark(
    folder: str,
    results: str,
    links: tuple[str, ...],
    date: dt.datetime | None,
    only: str | None,
    by: str,
    top: int,
    master: str | None,
    output: Output,
) -> None:
    """Measure a graph exported by klaster export --spark into FOLDER, and find its gaps.

    Degree, PageRank and components, and the rules that go over tables. FOLDER and the results
    may be on any file system that Spark reads, e.g. hdfs:// or s3a://.
    """
    from klaster.graph.spark.run import first_actors, run
    from klaster.graph.spark.session import begin
    from klaster.graph.views.spark_sheets import actors_sheet, gaps_sheet, told_measures
    from klaster.ontology.labels import phrase

    with working(output) as step:
        step(phrase("stage.spark", output.language))
        session = begin(master)
        outcome = run(
            session,
            folder,
            results,
            links=links or LINK_KINDS,
            date=date.date() if date else None,
            measures=only != "gaps",
            gaps=only != "measures",
            step=lambda key: step(phrase(key, output.language)),
        )
    if only == "gaps":
        output.show(gaps_sheet(outcome.gaps, **output.manner))
        return
    first = first_actors(session, results, by=by, top=top)
    notes = told_measures(outcome, output.language)
    output.show(actors_sheet(first, by=by, notes=notes, **output.manner))
    output.tell(phrase("cli.exported", output.language, path=results))
