"""Whose failure would cost most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, narrowed, printed
from klaster.commands.progress import working

_MARKETS = ("activity", "product", "sector")
_NEEDS = ("essential", "replaceable", "negligible")


@click.command("risk")
@graph_argument
@click.option(
    "--fail",
    "failing",
    multiple=True,
    metavar="ACTOR",
    help="How the failure of this actor spreads; may be given several times.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="ACTOR",
    help="What changes if this actor is gone; may be given several times.",
)
@click.option(
    "--with",
    "added",
    type=click.Path(path_type=Path),
    help="What changes if this source is added.",
)
@click.option(
    "--by",
    default="betweenness",
    show_default=True,
    help="With --with or --without: measure of which changed ranks are told, too.",
)
@click.option(
    "--market",
    type=click.Choice(_MARKETS),
    help="Who can stand in for whom; by default what is known of most suppliers.",
)
@click.option(
    "--essential",
    type=click.Path(path_type=Path),
    help="A CSV file of supplier_sector, buyer_sector, need (0, 1 or 2).",
)
@click.option(
    "--unknown",
    type=click.Choice(_NEEDS),
    help="What inputs are taken for of which it is not known; by default both extremes.",
)
@click.option("--no-substitution", is_flag=True, help="Nobody replaces a supplier that fails.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    help="A shock ends when nobody loses more in a step; by default by the size.",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    help="How many actors are tried; by default all, or as many as take some seconds.",
)
@narrowed
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--explain", is_flag=True, help="Tell each figure's formula and source.")
@printed
def risk_command(
    graph: Path | str,
    failing: tuple[str, ...],
    without: tuple[str, ...],
    added: Path | None,
    by: str,
    market: str | None,
    essential: Path | None,
    unknown: str | None,
    no_substitution: bool,
    tolerance: float | None,
    candidates: int | None,
    slices: dict[str, Any],
    top: int,
    explain: bool,
    output: Output,
) -> None:
    """Say whose failure in GRAPH would cost most, whom it would hit, and what a change does.

    Only recorded supplies count. Where it is not known which inputs are essential, a figure is
    given from the lowest to the highest that is possible.
    """
    from klaster.graph.risk import Assumptions
    from klaster.graph.risk_answers import difference_answer, failure_answer, risk_answer
    from klaster.ontology.faults import Fault
    from klaster.ontology.labels import phrase

    if failing and (without or added):
        raise Fault("fault.risk-options")
    given = Assumptions(market, essential, unknown, not no_substitution, tolerance, candidates)
    opened = existing(graph)
    manner = {"given": given, "top": top, **output.manner, **slices}
    with working(output) as step:
        step(phrase("stage.measure", output.language))
        if failing:
            sheet = failure_answer(opened, failing, **manner)
        elif without or added:
            sheet = difference_answer(opened, added=added, without=without, by=by, **manner)
        else:
            sheet = risk_answer(opened, explain=explain, **manner)
    output.show(sheet, always=explain)
