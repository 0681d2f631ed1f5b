"""The stage ``store``: tables to a store that answers queries, by klaster and its peers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import measuring
import peers
from quads import clear, tables_for_peers
from statements import expected
from workroom import BASE, Given, Row, tell

ALONE = ("klaster, source alone", "klaster, source alone, in memory")
ENGINES = ("klaster", *ALONE, "rdflib add", "rdflib parse", "oxrdflib parse", "maplib", "kglab")
EXPLAINED = """\
From tables to a store that answers queries. klaster's is `klaster load`: read, checked, derived edges, findings by all
rules and measures, a store on disk that is there the next day; "without findings" leaves out the stage in which gaps are
looked for, which no peer does. "Source alone" is what peers do too, with reading and checking: its statements on disk, as
a load puts them there, or in memory, where klaster itself does not keep them. Peers hold in memory the statements of
the source alone, from tables or N-Triples that klaster checked. Compared are the number of statements and what each
store says of 20 actors."""


def run(given: Given, record: Callable[[list[Row]], None]) -> list[Row]:
    """Run every engine, and record the rows after each."""
    tables = given.tables
    tell("store: klaster")
    ours = given.built("storing:klaster_store", given.limits, tables=str(tables), base=BASE)
    rows = [{"engine": "klaster", "share": 1.0, **ours}]
    record(rows)
    wanted = [engine for engine in ENGINES[1:] if given.wants(engine)]
    if ours["status"] != "ok" or not wanted:
        return rows
    finding = ours["laps"].get("find", 0.0)
    rows.append(
        {
            "engine": "klaster, without findings",
            **{
                name: ours[name] for name in ("status", "count", "peak_mb", "share") if name in ours
            },
            "cpu": ours["cpu"] - finding,
            "share": 1.0,
        }
    )
    text = given.room / "klaster.nq"
    work = {"tables": str(tables), "target": str(text), "base": BASE}
    given.aside("building:klaster_text", **work)
    listed = tables_for_peers(given, text)
    files = {}
    for share in {1.0, given.share}:
        files[share] = given.room / f"source-{share:g}.nt"
        counted = expected(listed, files[share], share=share)
        tell(f"store: {counted:,} statements")
    counts = {
        share: given.aside("quads:compared", path=str(file))["count"]
        for share, file in files.items()
    }
    rows[0]["agrees"] = ours["of source"] == counts[1.0]
    for engine in wanted:
        tell(f"store: {engine}")
        share = given.share if engine in ("rdflib add", "rdflib parse", "kglab") else 1.0
        row = {"engine": engine, **_one(given, engine, files[share], share, ours["asked"])}
        row["share"] = share
        if row["status"] == "ok":
            known = [row["count"] == counts[share]]
            if engine != "kglab":
                known.append(row["answers"] == ours["answers"])
            row["agrees"] = all(known)
        rows.append(row)
        record(rows)
    for file in files.values():
        file.unlink()
    clear(given)
    return rows


def _one(given: Given, engine: str, text: Path, share: float, asked: list[str]) -> Row:
    folder = str(given.room / "statements")
    if engine in ALONE:
        place = given.room / "alone"
        place.mkdir(exist_ok=True)
        on_disk = "" if engine.endswith("memory") else str(place)
        work = {"tables": str(given.tables), "folder": on_disk, "base": BASE, "asked": asked}
        row = measuring.work("storing:klaster_alone", given.limits, **work)
        if on_disk and row["status"] == "ok":
            row["disk_mb"] = measuring.disk(place)
        shutil.rmtree(place)
        return row
    if engine == "rdflib add":
        work = {"folder": folder, "share": share, "asked": asked}
        return measuring.work("storing:rdflib_add", given.limits, **work)
    if engine in ("rdflib parse", "oxrdflib parse"):
        store, form = ("default", "nt") if engine == "rdflib parse" else ("Oxigraph", "ox-nt")
        work = {"text": str(text), "asked": asked, "store": store, "form": form}
        return measuring.work("storing:rdflib_parse", given.limits, **work)
    if engine == "maplib":
        if lacking := peers.missing("maplib"):
            return {"status": lacking}
        return measuring.work("storing:maplib_store", given.limits, folder=folder, asked=asked)
    return peers.kglab(given.folder, given.limits, text, "-")
