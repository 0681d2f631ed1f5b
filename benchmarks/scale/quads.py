"""The stage ``quads``: tables to statements as text, by klaster and its peers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import building
import measuring
import peers
from statements import Table, digest, expected, read_tables, write_tables
from workroom import BASE, Given, Row, tell

ENGINES = ("klaster", "rdflib", "maplib", "morph-kgc", "kglab")
EXPLAINED = """\
From tables to statements as text. klaster begins with the Parquet tables as a user has them: it reads, checks and
names everything, then writes N-Quads. Its peers begin where that is done, with tables of IRIs and checked values
(no peer checks anything here), and write N-Triples. rdflib and kglab add one statement at a time; maplib maps
tables by OTTR templates; morph-kgc runs an RML mapping over CSV files, as a whole command with one process.
Every file is compared with what klaster wrote: how many different statements, and a digest of the sorted set."""


def for_peers(_: measuring.Clock, statements: str, folder: str, base: str) -> Row:
    """Make the tables for peers, in a process of its own for its memory."""
    return {"tables": len(write_tables(Path(statements), Path(folder), base=base))}


def compared(_: measuring.Clock, path: str) -> Row:
    """Count and digest a file, in a process of its own for its memory."""
    count, mark = digest(Path(path))
    return {"count": count, "digest": mark}


def marked(given: Given, row: Row, path: Path) -> Row:
    """Add to a row how many statements its file holds, and their digest."""
    return row | {
        name: found
        for name, found in given.aside("quads:compared", path=str(path)).items()
        if name in ("count", "digest")
    }


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run every engine, and record the rows after each."""
    text = given.room / "klaster.nq"
    tell("quads: klaster")
    work = {"tables": str(given.tables), "target": str(text), "base": BASE}
    ours = {"engine": "klaster", **measuring.work("building:klaster_text", given.limits, **work)}
    if ours["status"] != "ok":
        record([ours])
        return [ours]
    rows = [{**marked(given, ours, text), "share": 1.0, "disk_mb": measuring.disk(text)}]
    record(rows)
    wanted = [engine for engine in ENGINES[1:] if given.wants(engine)]
    tables = tables_for_peers(given, text) if wanted else []
    truths = {}
    for engine in wanted:
        share = given.share if engine in ("rdflib", "kglab") else 1.0
        if share not in truths:
            truths[share] = _truth(given, tables, share)
            if share == 1 and truths[share] != (rows[0]["count"], rows[0]["digest"]):
                message = "the tables for the peers do not say what klaster's text says"
                raise AssertionError(message)
        tell(f"quads: {engine}")
        target = given.room / f"{engine}.nt"
        row = {"engine": engine, **_ENGINES[engine](given, tables, target, share), "share": share}
        if row["status"] == "ok":
            row = marked(given, row, target)
            row["agrees"] = (row["count"], row["digest"]) == truths[share]
        if row.get("agrees", True):
            target.unlink(missing_ok=True)
        rows.append(row)
        record(rows)
    clear(given)
    return rows


def clear(given: Given) -> None:
    """Remove klaster's text, and the tables made of it for the peers."""
    (given.room / "klaster.nq").unlink(missing_ok=True)
    shutil.rmtree(given.room / "statements", ignore_errors=True)


def tables_for_peers(given: Given, text: Path) -> list[Table]:
    """Make of klaster's text the tables with which peers begin."""
    folder = given.room / "statements"
    shutil.rmtree(folder, ignore_errors=True)
    tell("tables for the peers")
    given.aside("quads:for_peers", statements=str(text), folder=str(folder), base=BASE)
    return read_tables(folder)


def _truth(given: Given, tables: list[Table], share: float) -> tuple[int, str]:
    target = given.room / "expected.nt"
    expected(tables, target, share=share)
    found = marked(given, {}, target)
    target.unlink()
    return found["count"], found["digest"]


def _rdflib(given: Given, _: list[Table], target: Path, share: float) -> Row:
    folder = str(given.room / "statements")
    work = {"folder": folder, "target": str(target), "share": share}
    return measuring.work("building:rdflib_text", given.limits, **work)


def _maplib(given: Given, _: list[Table], target: Path, __: float) -> Row:
    if lacking := peers.missing("maplib"):
        return {"status": lacking}
    folder = str(given.room / "statements")
    return measuring.work("building:maplib_text", given.limits, folder=folder, target=str(target))


def _morph(given: Given, tables: list[Table], target: Path, _: float) -> Row:
    python, lacking = peers.python_of("morph-kgc", given.folder)
    if lacking:
        return {"status": lacking}
    folder = given.room / "rml"
    folder.mkdir(exist_ok=True)
    config = building.write_rml(tables, folder, target)
    start = measuring.command([python, "-c", "import morph_kgc"], given.limits)
    row = measuring.command([python, "-m", "morph_kgc", str(config)], given.limits, cwd=folder)
    shutil.rmtree(folder)
    row["laps"] = {"start of the program": start["cpu"]}
    # The measures of the others leave the start of the program out.
    return row | {"cpu": row["cpu"] - start["cpu"], "wall": row["wall"] - start["wall"]}


def _kglab(given: Given, tables: list[Table], target: Path, share: float) -> Row:
    lines = given.room / "kglab.csv"
    building.write_csv_rows(tables, lines, share=share)
    row = peers.kglab(given.folder, given.limits, lines, str(target))
    lines.unlink()
    return row


_ENGINES = {"rdflib": _rdflib, "maplib": _maplib, "morph-kgc": _morph, "kglab": _kglab}
