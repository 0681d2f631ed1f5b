"""Measure klaster beside its peers on the same work in one run, and write RESULTS.md.

Usage: python benchmarks/run.py [--firms 2000 10000] [--demo]

Each piece of work runs in a process of its own. Figures are CPU seconds (user and system) and
peak memory of that process, start-up and imports included for whole commands and left out for
measures; results of ours and of a peer are compared and must agree. Needs duckdb beside what
klaster installs (``pip install duckdb``) for the comparison of engines.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import multiprocessing
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import polars as pl
from generate import generate
from results import put


def cpu() -> float:
    """Return the CPU seconds that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def apart(work: Callable[..., dict[str, object]], *args: object) -> dict[str, object]:
    """Run a piece of work in a fresh process, and add its CPU seconds and peak memory."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured, (work, args))


def _measured(
    work: Callable[..., dict[str, object]], args: tuple[object, ...]
) -> dict[str, object]:
    begun, clock = cpu(), time.perf_counter()
    found = work(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": cpu() - begun, "wall": time.perf_counter() - clock, "peak_mb": peak, **found}


def load_with_klaster(folder: Path, graph: Path) -> dict[str, object]:
    """Tables to a checked graph on disk, with derived edges and findings."""
    import klaster

    stages: dict[str, float] = {}
    last = [cpu(), ""]

    def progress(stage: str) -> None:
        now = cpu()
        if last[1]:
            stages[str(last[1])] = now - float(last[0])
        last[:] = [now, stage]

    opened = klaster.open(graph)
    opened.load(folder, progress=progress)
    progress("end")
    count = opened.query("SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }").rows[0][0]
    return {"stages": stages, "triples": count}


def load_with_rdflib(graph: Path) -> dict[str, object]:
    """Add the same triples to an rdflib graph in memory one by one."""
    import rdflib

    import klaster

    opened = klaster.open(graph)
    names = [f"{opened.base}graph/source/{entry.name}" for entry in opened.sources()]
    text = b"".join(opened._store.dump(name) for name in names)
    triples = list(rdflib.Graph().parse(data=text, format="nt"))
    begun = cpu()
    target = rdflib.Graph()
    for triple in triples:
        target.add(triple)
    return {"triples": len(target), "add_cpu": cpu() - begun}


def quads_with_klaster(folder: Path, _: Path) -> dict[str, object]:
    """Write checked tables as N-Quads text, as a load does (Polars)."""
    from klaster.graph.store.quads import write_source
    from klaster.loaders.sources import read_source

    source = read_source(folder, base="https://example.org/", name="s").tables
    begun = cpu()
    with tempfile.TemporaryFile() as stream:
        now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        write_source(stream, source, base="https://example.org/", loaded_at=now, loader="b")
        stream.seek(0)
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return {"triples": lines, "add_cpu": cpu() - begun}


def quads_with_duckdb(folder: Path, _: Path) -> dict[str, object]:
    """Write the supply links alone as N-Quads text in DuckDB."""
    import duckdb

    begun = cpu()
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "x.nq"
        columns = {"supplier": "supplier", "buyer": "buyer", "product": "linkProduct"}
        parts = [
            f"SELECT '<https://example.org/supply/' || rowid || '> <https://w3id.org/klaster/ontology#{term}> "
            f"<https://example.org/x/s/' || {name} || '> <https://example.org/graph/source/s> .' AS line FROM t"
            for name, term in columns.items()
        ]
        duckdb.sql(
            f"CREATE TABLE t AS SELECT * FROM read_csv('{folder}/supplies.csv', all_varchar=true)"
        )
        duckdb.sql(
            f"COPY ({' UNION ALL '.join(parts)}) TO '{target}' (HEADER false, QUOTE '', DELIMITER '\x01')"
        )
        lines = target.read_bytes().count(b"\n")
    return {"triples": lines, "add_cpu": cpu() - begun}


def quads_with_polars(folder: Path, _: Path) -> dict[str, object]:
    """Write the same lines in Polars."""
    from klaster.graph.store.quads import write_lines

    begun = cpu()
    frame = pl.read_csv(folder / "supplies.csv", infer_schema=False).with_row_index()
    subject = pl.format("<https://example.org/supply/{}>", "index")
    with tempfile.TemporaryFile() as stream:
        for name, term in {
            "supplier": "supplier",
            "buyer": "buyer",
            "product": "linkProduct",
        }.items():
            value = pl.format("<https://example.org/x/s/{}>", name)
            write_lines(
                stream,
                frame,
                subject,
                f"<https://w3id.org/klaster/ontology#{term}>",
                value,
                "https://example.org/graph/source/s",
            )
        stream.seek(0)
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return {"triples": lines, "add_cpu": cpu() - begun}


def measures(graph: Path, with_peer: bool) -> dict[str, object]:
    """Each measure by klaster, and by networkx where it ends in reasonable time."""
    import networkx as nx

    import klaster
    from klaster.graph.network import centrality

    network = klaster.open(graph).network()
    network.arcs, network.ties  # noqa: B018
    theirs = network.to_networkx()
    plain = theirs.to_undirected()
    peers: dict[str, Callable[[], dict[str, float]]] = {
        "pagerank": lambda: nx.pagerank(theirs, tol=1e-10 / network.size, max_iter=1000),
        "core": lambda: nx.core_number(plain),
        "cut": lambda: dict.fromkeys(nx.articulation_points(plain), 1.0),
        "betweenness": lambda: nx.betweenness_centrality(theirs),
        "constraint": lambda: nx.constraint(theirs),
    }
    found = {}
    for name, peer in peers.items():
        begun = cpu()
        ours = centrality.measure(network, name)
        row = {"ours": cpu() - begun}
        if with_peer:
            begun = cpu()
            expected = peer()
            row["networkx"] = cpu() - begun
            values = [expected.get(actor, 0.0) for actor in network.actors["actor"]]
            pairs = [(a, b) for a, b in zip(ours, values, strict=True) if not math.isnan(a + b)]
            row["difference"] = max(abs(a - b) for a, b in pairs)
        found[name] = row
    return {"measures": found}


def demonstration() -> dict[str, object]:
    """``klaster demo`` in a new folder, and again."""
    import subprocess

    walls = []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(2):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "klaster", "demo", f"{scratch}/out"]
            subprocess.run(command, check=True, capture_output=True)
            walls.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "klaster", "--help"], check=True, capture_output=True)
    return {"first": walls[0], "second": walls[1], "help": time.perf_counter() - begun}


def main() -> None:
    """Measure, and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, nargs="+", default=[2000, 10000])
    given = parser.parse_args()
    results: dict[str, object] = {"demo": demonstration()}
    with tempfile.TemporaryDirectory() as scratch:
        for firms in given.firms:
            folder, graph = Path(scratch) / str(firms), Path(scratch) / f"{firms}.klaster"
            generate(firms, folder, links_per_firm=10, seed=0)
            results[str(firms)] = {
                "load": apart(load_with_klaster, folder, graph),
                "rdflib": apart(load_with_rdflib, graph),
                "quads": apart(quads_with_klaster, folder, graph),
                "duckdb": apart(quads_with_duckdb, folder, graph),
                "polars": apart(quads_with_polars, folder, graph),
                "measures": apart(measures, graph, firms <= 2000),
            }
    put(report(given.firms, results))
    json.dump(results, sys.stdout, indent=1)


def report(sizes: list[int], results: dict) -> str:
    """Return the results as Markdown."""
    names = ("polars", "pyoxigraph", "rdflib", "networkx", "rustworkx", "scipy", "duckdb")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    demo = results["demo"]
    lines = [
        "# Measured",
        "",
        "Written by `python benchmarks/run.py`; one run, 2 cores. CPU seconds are user and system of the process that did",
        "the work; peak memory is of that process. The networks are made up (`benchmarks/generate.py`): heavy-tailed suppliers,",
        "ten supply links a firm, seed 0.",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} · Python {platform.python_version()}, klaster {version('klaster')}, {versions}",
        "",
        f"`klaster demo` in a new folder: {demo['first']:.1f} s; again: {demo['second']:.1f} s; `klaster --help`: {demo['help']:.2f} s (wall, whole command).",
        "",
        "## Tables to a graph on disk",
        "",
        "| firms | triples | read and check | derive | find gaps | store | whole, CPU s | peak MB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        load = results[str(size)]["load"]
        stages = load["stages"]
        lines.append(
            f"| {size:,} | {load['triples']:,} | {stages['read']:.1f} | {stages['derive']:.1f} | {stages['find']:.1f} "
            f"| {stages['store']:.1f} | {load['cpu']:.1f} | {load['peak_mb']:,.0f} |"
        )
    lines += [
        "",
        "“derive” includes writing the Parquet tables and the N-Quads text of the source; “store” is Oxigraph's bulk load.",
        "",
        "## The same triples by a peer",
        "",
        "| firms | N-Quads text by klaster | `rdflib.Graph.add` in a loop | ratio, a triple |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        ours, theirs = results[str(size)]["quads"], results[str(size)]["rdflib"]
        ratio = (theirs["add_cpu"] / theirs["triples"]) / (ours["add_cpu"] / ours["triples"])
        lines.append(
            f"| {size:,} | {ours['add_cpu']:.2f} s for {ours['triples']:,} | {theirs['add_cpu']:.2f} s for {theirs['triples']:,} | {ratio:.0f} |"
        )
    lines += [
        "",
        "## The engine of the tables",
        "",
        "Three statements a supply link, from the CSV file to N-Quads text. Polars was chosen for this and for its types.",
        "",
        "| firms | Polars, CPU s | DuckDB, CPU s | lines |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        ours, theirs = results[str(size)]["polars"], results[str(size)]["duckdb"]
        assert ours["triples"] == theirs["triples"]  # noqa: S101
        lines.append(
            f"| {size:,} | {ours['add_cpu']:.2f} | {theirs['add_cpu']:.2f} | {ours['triples']:,} |"
        )
    lines += [
        "",
        "## Measures",
        "",
        "| firms | measure | klaster, CPU s | networkx, CPU s | ratio | largest difference |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for size in sizes:
        for name, row in results[str(size)]["measures"]["measures"].items():
            peer = row.get("networkx")
            ratio = f"{peer / max(row['ours'], 1e-4):.0f}" if peer else "–"
            shown = f"{peer:.2f}" if peer else "not run"
            difference = f"{row['difference']:.0e}" if peer else "–"
            lines.append(
                f"| {size:,} | {name} | {row['ours']:.3f} | {shown} | {ratio} | {difference} |"
            )
    lines += [
        "",
        "networkx's PageRank was given a tolerance as strict as ours. Where networkx gives no constraint (actors to whom links",
        "only lead), nothing is compared.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
