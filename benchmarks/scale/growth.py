"""How the time of each step of the pipeline grows with the links, in words and as charts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import whole
from charts import Points, chart, exponent

PICTURES: Final = {
    "scale-steps.svg": "CPU seconds of each step",
    "scale-load.svg": "CPU seconds of each part of a load",
}
_PARTS: Final = {"": "", "load": "load, ", "rules": "rule "}
"""The steps of which the parts are told too, and how those are called."""
_LEAST: Final = 0.05
"""What takes less at the largest size has no shape."""

Sizes = Mapping[str, Any]


def by_size(sizes: Sizes) -> dict[str, Any]:
    """Return what was recorded of a stage, small networks first."""
    return dict(sorted(sizes.items(), key=lambda entry: int(entry[0])))


def links_of(entry: Mapping[str, Any]) -> int:
    """Return how many supply links the tables hold."""
    rows = [row["rows"] for row in entry["rows"] if "rows" in row]
    return int(rows[0]["supplies"]) if rows else 0


def series(sizes: Sizes, *, parts_of: str = "") -> dict[str, list[tuple[float, float]]]:
    """Return CPU seconds by links: of each step, or of each part of one step."""
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in sizes.values():
        links = links_of(entry)
        for row in entry["rows"]:
            if row["status"] != "ok" or not links:
                continue
            if not parts_of:
                found.setdefault(whole.TOLD[row["engine"]], []).append((links, row["cpu"]))
            elif row["engine"] == parts_of:
                for name, seconds in row["laps"].items():
                    found.setdefault(name, []).append((links, seconds))
    return found


def growth(sizes: Sizes) -> Iterator[str]:
    """Say with which power of the links each step and each part of the long ones grows."""
    for parts_of, prefix in _PARTS.items():
        for name, points in series(sizes, parts_of=parts_of).items():
            if len(points) > 1 and points[-1][1] >= _LEAST:
                power = f"CPU grows as links^{exponent(points):.2f}"
                yield f"{prefix}{name}: {power}{_last(points)}{_beyond(points)}."


def _last(points: Points) -> str:
    """Tell the power between the two largest sizes, in which fixed costs count least."""
    if len(points) < 3:
        return ""
    return f", from the last size but one to the last as links^{exponent(points[-2:]):.2f}"


def _beyond(points: Points) -> str:
    limit = exponent([(links, links * math.log(links)) for links, _ in points])
    said = f" (n log n: {limit:.2f})"
    steepest = max(exponent(points), exponent(points[-2:]))
    return said if steepest <= limit else f"{said}, **faster than n log n**"


def drawings(sizes: Sizes) -> dict[str, str]:
    """Return the charts by the names of their files; of a single size there is none."""
    found = {}
    for (name, title), parts_of in zip(PICTURES.items(), ("", "load"), strict=True):
        lines = {
            line.replace("`", ""): points
            for line, points in series(sizes, parts_of=parts_of).items()
            if len(points) > 1 and points[-1][1] >= _LEAST
        }
        if lines:
            found[name] = chart(lines, across="supply links", up="CPU s", title=title)
    return found
