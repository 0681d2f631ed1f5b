"""The stage ``whole``: klaster's own pipeline at one size, each step in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import measuring
from workroom import Given, Row, tell

STEPS = ("make", "load", "open", "central", "rules", "reach", "page", "month")
TOLD = {
    "make": "make up the tables",
    "load": "load: tables to a graph on disk",
    "open": "open the graph, its network in arrays",
    "central": "`klaster central`",
    "rules": "gaps by all rules",
    "reach": "policy reach",
    "page": "`klaster page`",
    "month": "load a month's new links, 1 % of all, into the graph",
}
GOALS = {
    "load": 1_500,
    "open": 10,
    "central": 180,
    "rules": 300,
    "reach": 120,
    "page": 180,
    "month": 75,
}
"""Seconds by the clock within which a step is to be done for a million firms."""
MEMORY_GOAL = 8.0
"""Gigabytes that loading a million firms is to stay under."""
EXPLAINED = f"""\
klaster's own work from tables to page, each step in a process of its own on all cores: CPU seconds, seconds by the clock, peak
memory. Steps called as a command count from the start of the program, about a second of which is imports; the others
from after that. The goals are those for a million firms, for which loading is to stay under {MEMORY_GOAL:g} GB."""


def run(given: Given, record: Callable[[list[Row]], None], *, steps: tuple[str, ...]) -> list[Row]:
    """Run the steps, and record the rows after each; a step that fails does not stop the others."""
    whole = replace(given, limits=given.patient)
    rows: list[Row] = []
    for step in steps:
        tell(f"whole: {TOLD[step]}, {given.firms:,} firms")
        row = {"engine": step, **_STEPS[step](whole)}
        tell(f"whole: {row['status']}, {row.get('cpu', 0):.1f} CPU s, {row.get('wall', 0):.1f} s")
        rows.append(row)
        record(rows)
        if step in ("make", "load") and row["status"] != "ok":
            break
    return rows


def _make(given: Given) -> Row:
    return given.make_tables(given.room / "tables")


def _load(given: Given) -> Row:
    return given.load()


def _month(given: Given) -> Row:
    return measuring.work(
        "pipeline:month",
        given.limits,
        graph=str(given.loaded()),
        tables=str(given.tables),
        folder=str(given.room / "month"),
    )


def _in_python(name: str) -> Callable[[Given], Row]:
    def step(given: Given) -> Row:
        return measuring.work(f"pipeline:{name}", given.limits, graph=str(given.loaded()))

    return step


def _command(*argv: str) -> Callable[[Given], Row]:
    def step(given: Given) -> Row:
        graph = given.loaded()
        page = given.room / "page.html"
        asked = [part.format(graph=graph, page=page) for part in argv]
        row = measuring.command([sys.executable, "-m", "klaster", *asked], given.limits)
        if page.exists():
            row["disk_mb"] = measuring.disk(page)
            page.unlink()
        return row

    return step


_STEPS: dict[str, Callable[[Given], Row]] = {
    "make": _make,
    "load": _load,
    "open": _in_python("open_network"),
    "central": _command("central", "{graph}", "--quiet"),
    "rules": _in_python("rules"),
    "reach": _in_python("reach"),
    "page": _command("page", "{graph}", "-o", "{page}", "--quiet"),
    "month": _month,
}
