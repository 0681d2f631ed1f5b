"""Measure klaster beside its peers at a size, one stage after another, and write RESULTS.md.

Usage: python benchmarks/scale STAGE... --firms 10000 [--only klaster] [--rdflib-share 0.1]

Stages: quads, store, projection, gaps, measures, whole, answers, or all. Results are kept in
scale.json after every piece of work, so that a later failure loses nothing; the section "Scale" of
RESULTS.md is written from it after every stage, and by the stage ``report`` alone. The command fails where an
engine's result differs from klaster's.

Peers are installed by ``pip install -r benchmarks/requirements.txt``; morph-kgc and kglab get
environments of their own below the folder of work. A peer that is not there is reported so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import measuring

STAGES = ("quads", "store", "projection", "gaps", "measures", "whole", "answers")


def main() -> int:
    """Run the stages."""
    if sys.argv[1:2] == ["--work"]:
        measuring.answer(*sys.argv[2:])
        return 0
    import report
    import results
    from workroom import Given, tell

    asked = _asked()
    report.KEPT = asked.results / "scale.json"
    wanted = STAGES if "all" in asked.stage else [name for name in STAGES if name in asked.stage]
    differing: list[str] = []
    for firms in asked.firms:
        for stage in wanted:
            limits = measuring.Limits(asked.limit, asked.memory, asked.threads)
            given = Given(
                firms, asked.work_folder, limits, asked.seed, tuple(asked.only), asked.rdflib_share
            )
            given.room.mkdir(parents=True, exist_ok=True)
            try:
                rows = _stage(stage, given, asked)
            except (RuntimeError, AssertionError, OSError) as reason:
                tell(f"{stage}, {firms:,} firms: {reason}")
                differing.append(f"{stage} at {firms:,} firms did not end: {reason}")
                continue
            differing += [
                f"{stage} at {firms:,} firms: what {row['engine']} found differs"
                for row in rows
                if not row.get("agrees", True)
            ]
            _write(report, results)
    if "report" in asked.stage:
        _write(report, results)
    for trouble in differing:
        print(f"FAILED: {trouble}", file=sys.stderr)
    return 1 if differing else 0


def _stage(stage: str, given: Any, asked: argparse.Namespace) -> list[dict[str, Any]]:  # noqa: ANN401
    import importlib

    import peers
    import report

    module = importlib.import_module(stage)
    load = os.getloadavg()[0]
    threads = (
        "all threads" if stage in ("whole", "answers") or not given.limits.threads else "one thread"
    )
    about = {
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "about": f"{os.cpu_count()} cores, {threads}, load {load:.1f} at the start",
        "versions": f"Python {platform.python_version()}, klaster {version('klaster')}, {peers.versions()}",
    }

    def record(rows: list[dict[str, Any]]) -> None:
        report.record(stage, given.firms, about, rows)
        print(_line(stage, given.firms, rows[-1]), flush=True)

    if stage == "whole":
        return module.run(given, record, steps=tuple(asked.steps))
    return module.run(given, record)


def _line(stage: str, firms: int, row: dict[str, Any]) -> str:
    told = [f"{stage} {firms:,} {row['engine']}: {row['status']}"]
    for name, form in (("cpu", "{:,.2f} CPU s"), ("wall", "{:,.2f} s"), ("peak_mb", "{:,.0f} MB")):
        if name in row:
            told.append(form.format(row[name]))
    names = ("count", "digest", "agrees", "linear", "laps")
    told += [f"{name} {row[name]}" for name in names if name in row]
    return ", ".join(told)


def _write(report: Any, results: Any) -> None:  # noqa: ANN401
    runs = report.read()
    report.draw(runs)
    results.put(report.section(runs), report.KEPT.with_name("RESULTS.md"))


def _asked() -> argparse.Namespace:
    import tempfile

    import whole

    parser = argparse.ArgumentParser(
        prog="python benchmarks/scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", nargs="+", choices=[*STAGES, "all", "report"])
    parser.add_argument("--firms", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="engines to run beside klaster")
    parser.add_argument("--steps", nargs="+", default=list(whole.STEPS), choices=whole.STEPS)
    parser.add_argument(
        "--limit",
        type=float,
        default=1_200,
        help="seconds that a piece may take; 7,200 at least in whole",
    )
    parser.add_argument("--memory", type=float, default=20, help="gigabytes that a piece may take")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of each engine (0: all); whole has all"
    )
    parser.add_argument(
        "--rdflib-share",
        type=float,
        default=1.0,
        help="the part of the rows that rdflib and kglab are given in quads and store",
    )
    parser.add_argument(
        "--work-folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "klaster-scale",
        help="where tables, graphs and environments are kept for the next stage",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=HERE.parent,
        help="the folder of scale.json and RESULTS.md; another one for a trial",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
