"""Who is central."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from klaster.commands.completion import measures
from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, printed, sliced
from klaster.commands.progress import working


@click.command("central")
@graph_argument
@click.option(
    "--by",
    default="degree",
    show_default=True,
    shell_complete=measures,
    help="Measure to rank by.",
)
@sliced
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Show what changed from that day to --date.",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--no-interval", "sure", is_flag=True, help="Take incomplete data for complete.")
@click.option(
    "--roles",
    type=click.Choice(["kind", "sector", "region", "cluster", "community"]),
    help="Who is a broker between which groups, by role.",
)
@click.option(
    "--key",
    type=click.IntRange(min=1),
    metavar="K",
    help="Which K actors together matter most: to hold the network, and to reach it.",
)
@click.option("--helix", is_flag=True, help="How complete each cluster's triple helix is.")
@click.option("--explain", is_flag=True, help="Tell each measure's formula and source.")
@printed
def central_command(
    graph: Path | str,
    by: str,
    slices: dict[str, Any],
    since: dt.datetime | None,
    top: int,
    sure: bool,
    roles: str | None,
    key: int | None,
    helix: bool,
    explain: bool,
    output: Output,
) -> None:
    """Rank the actors of GRAPH: who is central, who stands between others.

    Where the data do not claim to hold every link, a rank has an interval, and actors that
    cannot be told apart share one.
    """
    from klaster.graph.brokers import brokers_answer, helix_answer, key_players_answer
    from klaster.graph.central import central, central_changes
    from klaster.ontology.faults import Fault
    from klaster.ontology.labels import phrase

    opened = existing(graph)
    if sum(map(bool, (roles, key, helix, since))) > 1:
        raise Fault("fault.central-options")
    manner = {**output.manner, **slices}
    ranked = {"by": by, "top": top, "explain": explain, **manner}
    with working(output) as step:
        step(phrase("stage.measure", output.language))
        if roles:
            sheet = brokers_answer(opened, by=roles, top=top, **manner)
        elif key:
            sheet = key_players_answer(opened, count=key, **manner)
        elif helix:
            sheet = helix_answer(opened, **manner)
        elif since:
            sheet = central_changes(opened, since=since.date(), **ranked)
        else:
            sheet = central(opened, interval=not sure, **ranked)
    output.show(sheet, always=explain)
