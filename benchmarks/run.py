"""Measure the demonstration, and the two engines that tables could have, and write the beginning of RESULTS.md.

Usage: python benchmarks/run.py [--firms 2000 10000]

Polars and DuckDB each write the supply links of a made-up network as N-Quads text, in a process of
its own: figures are CPU seconds (user and system); both must write as many lines. What else is
measured beside peers is in ``benchmarks/scale`` and ``benchmarks/networks.py``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
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


def quads_with_duckdb(folder: Path) -> dict[str, object]:
    """Write the supply links alone as N-Quads text in DuckDB."""
    import duckdb

    begun = cpu()
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "x.nq"
        columns = {"supplier": "supplier", "buyer": "buyer", "product": "linkProduct"}
        parts = [
            f"SELECT '<https://example.org/supply/' || rowid || '> <https://w3id.org/klaster/ontology#{term}> "
            f"<https://example.org/x/s/' || {name} || '> <https://example.org/graph/source/s> .' AS line FROM t WHERE {name} IS NOT NULL"
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


def quads_with_polars(folder: Path) -> dict[str, object]:
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
            folder = Path(scratch) / str(firms)
            generate(firms, folder, links_per_firm=10, seed=0)
            results[str(firms)] = {
                "duckdb": apart(quads_with_duckdb, folder),
                "polars": apart(quads_with_polars, folder),
            }
    put(report(given.firms, results))
    json.dump(results, sys.stdout, indent=1)


def report(sizes: list[int], results: dict) -> str:
    """Return the results as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "duckdb"))
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
    return "\n".join(lines)


if __name__ == "__main__":
    main()
