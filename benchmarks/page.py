"""Measure the page: bytes, seconds to make it, seconds until it can be used, smoothness.

Usage: python benchmarks/page.py [--actors 60 500 2000 10000] [--runs 5] [--stock 60 500]

Networks are made up (``generate.py``, three supply links a firm). Making a page is measured in a
process of its own, in CPU seconds: of the layout and the writing of the page, and of the whole
process with its imports, measures, findings and the audit of likely links; ``klaster load`` is
not part of it. In headless Chromium without a GPU, a page is *interactive* when it is loaded,
drawn, and six frames in a row came within 150 ms; while the picture is then zoomed six times and
dragged fifteen steps, the gaps between frames are counted. Stock pyvis draws the same actors and
links with its defaults. Writes the section "Page" of RESULTS.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import generate
from results import put

PATIENCE = 60_000
"""Milliseconds after which a page that is not interactive counts as never so."""

WATCH = """() => {
  window.frames_ = [];
  const note = (now) => { window.frames_.push(now); requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""
CALM = """() => new Promise((done) => {
  let [last, row] = [performance.now(), 0];
  const look = (now) => {
    row = now - last < 150 ? row + 1 : 0;
    last = now;
    if (row >= 6) done(now); else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""


def make(graph: Path, page: Path, *, stock: bool) -> None:
    """Make a page, and print CPU seconds, those of drawing among them, and peak memory."""
    import klaster

    drawing = 0.0
    opened = klaster.open(graph)
    if stock:
        from pyvis.network import Network

        network = opened.network()
        net = Network(directed=True, cdn_resources="in_line")
        for place, label in enumerate(network.actors["label"]):
            net.add_node(place, label=label)
        for source, target in network.links.select("source", "target").rows():
            net.add_edge(source, target)
        page.write_text(net.generate_html(), "utf-8")
    else:
        from klaster.graph.views import drawing as views
        from klaster.graph.views.page import render_page

        draw = views.draw

        def timed(*given: object, **more: object) -> object:
            nonlocal drawing
            begun = time.process_time()
            drawn = draw(*given, **more)
            drawing += time.process_time() - begun
            return drawn

        views.draw = timed
        picture = opened.picture()
        begun = time.process_time()
        page.write_text(render_page(picture), "utf-8")
        drawing += time.process_time() - begun
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([usage.ru_utime + usage.ru_stime, drawing, usage.ru_maxrss / 1024]))


def watch(page: Path, runs: int, *, stock: bool) -> dict[str, list[float]]:
    """Open a page in new browsers, and return what each run measured."""
    from playwright.sync_api import Error, sync_playwright

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    found: dict[str, list[float]] = {"interactive": [], "p50": [], "p95": []}
    for _ in range(runs):
        with sync_playwright() as driver:
            started = driver.chromium.launch(
                executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
            )
            tab = started.new_page(viewport={"width": 1280, "height": 800})
            tab.set_default_timeout(PATIENCE)
            # Stock pages ask for style sheets from elsewhere; there is no elsewhere here.
            tab.route(re.compile("^https?:"), lambda route: route.abort())
            try:
                tab.goto(page.as_uri(), wait_until="commit")
                drawn = "#mynetwork canvas" if stock else "#page[data-ready]"
                tab.wait_for_selector(drawn, state="attached")
                if stock:
                    tab.wait_for_function(
                        "() => !network.physics.physicsEnabled || network.physics.stabilized"
                    )
                found["interactive"].append(tab.evaluate(CALM) / 1000)
                tab.evaluate(WATCH)
                move(tab)
                times = tab.evaluate("() => window.frames_")
                gaps = sorted(b - a for a, b in itertools.pairwise(times))
                found["p50"].append(gaps[len(gaps) // 2])
                found["p95"].append(gaps[int(len(gaps) * 0.95)])
            except Error as trouble:
                print(page.name, str(trouble).splitlines()[0], file=sys.stderr)
            finally:
                started.close()
    return found


def move(tab: object) -> None:
    """Zoom six times and drag fifteen steps."""
    box = tab.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    for turn in range(6):
        tab.mouse.wheel(0, -120 if turn < 3 else 120)
        tab.wait_for_timeout(60)
    tab.mouse.move(x + 40, y - 90)
    tab.mouse.down()
    for step in range(15):
        tab.mouse.move(x + 40 + 8 * step, y - 90 + 5 * step)
        tab.wait_for_timeout(16)
    tab.mouse.up()
    tab.wait_for_timeout(200)


def measure(graph: Path, page: Path, runs: int, *, stock: bool) -> list[str]:
    """Return the cells of a row."""
    command = [sys.executable, __file__, "--make", str(graph), str(page)]
    made = subprocess.run(
        command + ["--as-pyvis"] * stock, check=True, capture_output=True, text=True
    )
    cpu, drawing, peak = json.loads(made.stdout.splitlines()[-1])
    found = watch(page, runs, stock=stock)

    def middle(name: str, form: str) -> str:
        return form.format(statistics.median(found[name])) if found[name] else "never"

    size = page.stat().st_size / 1e6
    return [
        "stock pyvis" if stock else "klaster",
        f"{size:.2f} MB",
        "–" if stock else f"{drawing:.2f} s",
        f"{cpu:.1f} s",
        f"{peak:.0f} MB",
        middle("interactive", "{:.2f} s"),
        middle("p50", "{:.0f} ms"),
        middle("p95", "{:.0f} ms"),
    ]


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actors", type=int, nargs="+", default=[60, 500, 2000, 10000])
    parser.add_argument("--stock", type=int, nargs="*", default=[60, 500])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--graphs", type=Path, help="a folder of NUMBER.klaster to use again")
    parser.add_argument("--make", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--as-pyvis", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(*given.make, stock=given.as_pyvis)
        return
    import klaster

    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for actors in given.actors:
            graph = (given.graphs or Path(scratch)) / f"{actors}.klaster"
            if not graph.exists():
                generate(actors, Path(scratch) / str(actors), links_per_firm=3, seed=0)
                klaster.open(graph).load(Path(scratch) / str(actors))
            for stock in [False] + [True] * (actors in given.stock):
                page = Path(scratch) / f"{actors}-{'pyvis' if stock else 'klaster'}.html"
                rows.append([f"{actors:,}", *measure(graph, page, given.runs, stock=stock)])
                print(rows[-1], time.strftime("%X"), file=sys.stderr)
    write(rows, given.runs)


def write(rows: list[list[str]], runs: int) -> None:
    """Put the section into RESULTS.md, in place of an older one."""
    heads = [
        "actors",
        "page by",
        "file",
        "layout and page (CPU)",
        "whole process (CPU)",
        "peak",
        "interactive",
        "frame p50",
        "frame p95",
    ]
    load = Path("/proc/loadavg").read_text("utf-8").split()[0]
    lines = [
        "## Page",
        "",
        f"`benchmarks/page.py`: medians of {runs}, headless Chromium without a GPU, 1280 x 800, 2 cores;",
        f"load average at the end {load} (figures of a busy machine are pessimistic). Frame gaps are those while zooming and",
        'dragging. Above 2,000 nodes klaster opens on groups; "never": not interactive in 60 s.',
        "",
        "| " + " | ".join(heads) + " |",
        "|" + " --- |" * len(heads),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    put("\n".join(lines))


if __name__ == "__main__":
    main()
