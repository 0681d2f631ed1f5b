"""The stage ``answers``: what every command that asks a graph takes, the same as with 50 actors."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace

import measuring
from workroom import Given, Row, tell

COMMANDS = (
    "info {graph}",
    "sources {graph}",
    "query {graph} 'SELECT (COUNT(*) AS ?n) {{ ?actor kl:memberOf ?cluster }}'",
    "query {graph} cluster-members --set cluster=C1",
    "central {graph}",
    "central {graph} --cluster C1",
    "central {graph} --by betweenness",
    "central {graph} --roles region",
    "central {graph} --key 3",
    "central {graph} --helix",
    "risk {graph}",
    "missing {graph}",
    "missing {graph} --cluster C1",
    "missing {graph} --card",
    "missing {graph} --card --cluster C1",
    "missing {graph} --without F1 --cluster C1",
    "missing {graph} --audit",
    "missing {graph} --predict",
    "missing {graph} --predict --cluster C1",
    "backtest {graph} --layer supply",
    "match {graph} --top 20",
    "policy {graph}",
    "policy {graph} --mechanisms",
    "potential {graph}",
    "potential {graph} --show next --of C1",
    "page {graph} -o {out}.html",
    "page {graph} --cluster C1 -o {out}.html",
    "report {graph} -o {out}.html",
    "report {graph} --cluster C1 -o {out}.html",
    "check {graph}",
    "export {graph} -o {out}.parquet",
    "export {graph} -o {out}.csv",
    "export {graph} -o {out}.graphml",
    "export {graph} -o {out}.nq",
    "export {graph} -o {out}.nt",
    "export {graph} -o {out}.parquet --spark",
)
"""Everything that is asked of a graph; what they print is thrown away."""
EXPLAINED = """\
Every command that asks a graph, on the graph of the pipeline: a process each, on all cores, from its start to its end. C1 is a
cluster, F1 an actor. `check` is told as failed where the data do not conform."""


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run the commands one after another, and record the rows after each."""
    graph = given.loaded()
    limits = replace(given.limits, threads=0)
    out = given.room / "out"
    rows: list[Row] = []
    for asked in COMMANDS:
        told = shlex.join(shlex.split(asked.format(graph="GRAPH", out="OUT")))
        if not given.wants(shlex.split(asked)[0]):
            continue
        tell(f"answers: {told}")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        argv = shlex.split(asked.format(graph=graph, out=out / "out"))
        row = measuring.command([sys.executable, "-m", "klaster", *argv, "--quiet"], limits)
        written = [*out.iterdir()]
        if written:
            row["disk_mb"] = sum(measuring.disk(path) for path in written)
        rows.append({"engine": told, **row})
        record(rows)
    shutil.rmtree(out, ignore_errors=True)
    return rows
