"""Who is central."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, printed, sliced


@click.command("central")
@graph_argument
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
@printed
def central_command(
    graph: Path | str,
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

    opened = existing(graph)
    manner = {"by": by, "top": top, "explain": explain, **output.manner, **slices}
    if since:
        sheet = central_changes(opened, since=since.date(), **manner)
    else:
        sheet = central(opened, interval=not sure, **manner)
    output.show(sheet, always=explain)
