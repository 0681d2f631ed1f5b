"""The section "Scale" of RESULTS.md, written from what the stages recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import answers
import gaps
import measures
import projection
import quads
import store
import whole
from growth import PICTURES, by_size, drawings, growth, links_of

KEPT: Final = Path(__file__).parents[1] / "scale.json"
HEADING: Final = "## Scale"
TITLES: Final = {
    "quads": "Tables to statements",
    "store": "Tables to a store",
    "projection": "Graph to network",
    "gaps": "Missing inputs",
    "measures": "Linear measures",
    "whole": "The whole pipeline",
    "answers": "Every command",
}
EXPLAINED: Final = {
    "quads": quads.EXPLAINED,
    "store": store.EXPLAINED,
    "projection": projection.EXPLAINED,
    "gaps": gaps.EXPLAINED,
    "measures": measures.EXPLAINED,
    "whole": whole.EXPLAINED,
    "answers": answers.EXPLAINED,
}
_COUNTED: Final = {
    "quads": "statements",
    "store": "statements",
    "projection": "edges",
    "gaps": "found",
}
_BESIDE: Final = {
    "quads": ("klaster",),
    "store": ("klaster", "klaster, without findings"),
    "projection": ("klaster",),
    "gaps": ("klaster: the question", "klaster: rule G1 with evidence"),
}
"""What each row of a stage is held against."""
Row = dict[str, Any]
Runs = dict[str, dict[str, Any]]


def read() -> Runs:
    """Return what was recorded: by stage, then by number of firms."""
    return json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}


def draw(runs: Runs) -> None:
    """Draw the charts of the pipeline beside RESULTS.md, where there are two sizes or more."""
    for name, drawn in drawings(by_size(runs.get("whole", {}))).items():
        KEPT.with_name(name).write_text(drawn, "utf-8")


def record(stage: str, firms: int, about: Mapping[str, Any], rows: list[Row]) -> None:
    """Keep the rows of a stage at once; engines that were not run again keep their rows, marked."""
    runs = read()
    before = runs.get(stage, {}).get(str(firms), {})
    again = {row["engine"] for row in rows}
    earlier = [
        {"earlier": before["date"], **row}
        for row in before.get("rows", ())
        if row["engine"] not in again
    ]
    entry = {**about, "rows": [*rows, *earlier]}
    runs.setdefault(stage, {})[str(firms)] = entry
    ordered = {name: runs[name] for name in TITLES if name in runs}
    text = json.dumps(ordered, indent=1, sort_keys=False)
    scratch = KEPT.with_suffix(".part")
    scratch.write_text(f"{text}\n", "utf-8")
    scratch.replace(KEPT)


def section(runs: Runs) -> str:
    """Return the section as Markdown."""
    lines = [
        HEADING,
        "",
        "Written by `python benchmarks/scale STAGE --firms N`, from `scale.json`. Networks are made up (`benchmarks/generate.py`):",
        "heavy-tailed degrees, regions, industries, recipes, clusters, policies, ten supply links a firm. Each piece of work runs in a",
        "process of its own; CPU seconds are user and system, without imports; peak memory is that process's, imports included.",
    ]
    for stage, title in TITLES.items():
        if stage in runs:
            sizes = by_size(runs[stage])
            lines += ["", f"### {title}", "", EXPLAINED[stage], "", *_BODY[stage](stage, sizes)]
            lines += ["", *_about(sizes)]
    lines += ["", *(f"{line}." for line in _versions(runs))]
    return "\n".join(lines) + "\n"


def _about(sizes: Mapping[str, Any]) -> list[str]:
    """Say when and on what each size was run; the same is said once."""
    told: dict[str, list[str]] = {}
    for firms, entry in sizes.items():
        told.setdefault(f"{entry['date']}, {entry['about']}", []).append(f"{int(firms):,}")
    return [f"{' and '.join(firms)} firms: {about}." for about, firms in told.items()]


def _versions(runs: Runs) -> list[str]:
    """Say with which versions each stage was run; the same is said once."""
    told: dict[str, list[str]] = {}
    for stage, sizes in runs.items():
        for firms, entry in sizes.items():
            told.setdefault(entry["versions"], []).append(f"{stage} {int(firms):,}")
    if len(told) == 1:
        return [*told]
    return [f"{', '.join(where)}: {versions}" for versions, where in told.items()]


def _compared(stage: str, sizes: Mapping[str, Any]) -> list[str]:
    beside = _BESIDE[stage]
    heads = ["firms", "engine", _COUNTED[stage], "CPU s", "wall s", "peak MB"]
    heads += [f"{what} to {name}" for name in beside for what in _SPENT.values()] + ["result"]
    lines = [f"| {' | '.join(heads)} |", "| ---: | --- |" + " ---: |" * (len(heads) - 3) + " --- |"]
    for firms, entry in sizes.items():
        rows = entry["rows"]
        own = {row["engine"]: row for row in rows}
        for row in rows:
            ratios = [_ratio(row, own.get(name), what) for name in beside for what in _SPENT]
            cells = [f"{int(firms):,}", row["engine"], _number(row, "count", ",.0f")]
            cells += [_number(row, "cpu", ",.3f"), _number(row, "wall", ",.2f")]
            cells += [_number(row, "peak_mb", ",.0f"), *ratios, _result(row)]
            lines.append(f"| {' | '.join(cells)} |")
    laps = [
        f"{int(firms):,} firms, {row['engine']}, CPU s: "
        + ", ".join(
            f"{name} {seconds:,.2f}" for name, seconds in row["laps"].items() if seconds >= 0.005
        )
        for firms, entry in sizes.items()
        for row in entry["rows"]
        if row.get("laps") and row["status"] == "ok" and row["engine"] != "maplib"
    ]
    return [*lines, *([""] if laps else []), *(f"- {line}." for line in laps)]


def _number(row: Row, name: str, form: str) -> str:
    return format(row[name], form) if name in row and row["status"] == "ok" else "–"


_SPENT = {"cpu": "CPU", "wall": "clock"}


def _ratio(row: Row, beside: Row | None, what: str) -> str:
    """Return how many times the seconds of another row this one took; for a part, a statement."""
    if beside is None or row is beside or row["status"] != "ok" or beside["status"] != "ok":
        return "–"
    if what not in row or what not in beside:
        return "–"
    theirs, ours = row[what], max(beside[what], 1e-4)
    if row.get("share", 1.0) < 1:
        return f"{theirs / row['count'] / (ours / _whole_count(beside)):,.1f} a statement"
    return f"{theirs / ours:,.1f}"


def _whole_count(row: Row) -> int:
    """Return of how many statements a row's time is: of the source, where more is stored."""
    return row.get("of source", row["count"])


def _result(row: Row) -> str:
    said = []
    if row["status"] != "ok":
        said.append(row["status"])
    elif "agrees" in row:
        said.append("the same" if row["agrees"] else "**DIFFERS**")
    if row.get("share", 1.0) < 1:
        said.append(f"on {row['share']:.0%} of the rows")
    if "disk_mb" in row:
        said.append(f"{row['disk_mb']:,.0f} MB on disk")
    if "earlier" in row:
        said.append(f"from a run of {row['earlier']}")
    return ", ".join(said) or "–"


def _measured(_: str, sizes: Mapping[str, Any]) -> list[str]:
    names = measures.NAMES
    lines = [
        f"| firms | library | {' | '.join(names)} | linear | largest difference | peak MB |",
        "| ---: | --- |" + " ---: |" * (len(names) + 3),
    ]
    for firms, entry in sizes.items():
        for row in entry["rows"]:
            cells = [f"{int(firms):,}", row["engine"]]
            if row["status"] != "ok":
                lines.append(f"| {' | '.join(cells)} | {row['status']} |" + " |" * (len(names) + 2))
                continue
            for name in names:
                cell = f"{row['laps'][name]:.4f}" if name in row["laps"] else "–"
                if name in row.get("ratios", {}):
                    cell += f" ({row['ratios'][name]:.1f})"
                cells.append(cell)
            gaps_of = row.get("differences", {}).values()
            worst = (
                "differ" if "differ" in gaps_of else f"{max(map(float, gaps_of), default=0):.0e}"
            )
            linear = f"{row['linear']:.0f}" if "linear" in row else "–"
            cells += [linear, worst if gaps_of else "–", _number(row, "peak_mb", ",.0f")]
            lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", "In brackets how many times klaster's seconds."]


def _pipeline(_: str, sizes: Mapping[str, Any]) -> list[str]:
    lines = [
        "| firms | links | step | CPU s | wall s | goal at 1 M, s | peak MB | bytes a link | disk MB | bytes a link | result |",
        "| ---: | ---: | --- |" + " ---: |" * 7 + " --- |",
    ]
    for firms, entry in sizes.items():
        links = links_of(entry)
        for row in entry["rows"]:
            per = [_number(row, name, ",.0f") for name in ("peak_mb", "disk_mb")]
            each = [
                f"{row[name] * 1024**2 / links:,.0f}" if name in row and links else "–"
                for name in ("peak_mb", "disk_mb")
            ]
            goal = f"{whole.GOALS[row['engine']]:,}" if row["engine"] in whole.GOALS else "–"
            cells = [f"{int(firms):,}", f"{links:,}", whole.TOLD[row["engine"]]]
            cells += [_number(row, "cpu", ",.1f"), _number(row, "wall", ",.1f"), goal]
            cells += [per[0], each[0], per[1], each[1], _done(row)]
            lines.append(f"| {' | '.join(cells)} |")
    growing = [f"- {line}" for line in growth(sizes)]
    shown = {title: KEPT.with_name(name) for name, title in PICTURES.items()}
    pictures = [f"![{title}]({path.name})" for title, path in shown.items() if path.exists()]
    return [*lines, "", *growing, "", *pictures] if growing else lines


def _asked(_: str, sizes: Mapping[str, Any]) -> list[str]:
    """Return a row a command, and of each size what it took."""
    heads = [
        f"{int(firms):,} firms: {what}" for firms in sizes for what in ("CPU s", "wall s", "MB")
    ]
    asked = dict.fromkeys(row["engine"] for entry in sizes.values() for row in entry["rows"])
    lines = [f"| `klaster …` | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    of_sizes = [{row["engine"]: row for row in entry["rows"]} for entry in sizes.values()]
    for engine in asked:
        cells = [f"`{engine}`"]
        for rows in of_sizes:
            row = rows.get(engine, {"status": "–"})
            if row["status"] == "ok":
                cells += [f"{row['cpu']:,.1f}", f"{row['wall']:,.1f}", f"{row['peak_mb']:,.0f}"]
            else:
                cells += [row["status"].replace("|", "/"), "–", "–"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _done(row: Row) -> str:
    said = [row["status"]] if row["status"] != "ok" else ["ok"]
    if "count" in row:
        said.append(f"{row['count']:,} rows")
    if "earlier" in row:
        said.append(f"from a run of {row['earlier']}")
    return ", ".join(said)


_BODY: Final = {
    **dict.fromkeys(_BESIDE, _compared),
    "measures": _measured,
    "whole": _pipeline,
    "answers": _asked,
}
