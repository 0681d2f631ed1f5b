"""Graphs loaded from small made-up sources and from a classic network."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from browsing import BROWSER, SWITCHES, Opened
from made_up import LOADED_AT, SHARED, SMALL, write_tables
from made_up_production import production
from pictures import build_picture

import klaster
from klaster.graph.views.page import render_page


@pytest.fixture(scope="session")
def small_source(tmp_path_factory) -> Path:
    return write_tables(tmp_path_factory.mktemp("small") / "small", SMALL)


@pytest.fixture(scope="session")
def small_graph(small_source, tmp_path_factory):
    graph = klaster.open(tmp_path_factory.mktemp("graph") / "small.klaster")
    graph.load(small_source, loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="session")
def florentine_graph(tmp_path_factory):
    """The Florentine families' marriages as cooperation links in the project's tables."""
    folder = SHARED / "florentine-families"
    if not folder.exists():
        pytest.skip("the Florentine families are not beside this checkout")
    with (folder / "families.csv").open(encoding="utf-8") as stream:
        families = [row["family"] for row in csv.DictReader(stream)]
    with (folder / "links.csv").open(encoding="utf-8") as stream:
        links = [row for row in csv.DictReader(stream) if row["relation"] == "marriage"]
    tables = {
        "actors": [{"id": name, "name": name, "kind": "enterprise"} for name in families],
        "cooperations": [
            {"id": f"{link['a']}-{link['b']}", "kind": "agreement", "participant": link[end]}
            for link in links
            for end in ("a", "b")
        ],
    }
    source = write_tables(tmp_path_factory.mktemp("florence") / "florence", tables)
    graph = klaster.open(tmp_path_factory.mktemp("florence-graph") / "florence.klaster")
    graph.load(source, loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="session")
def demo_graph(tmp_path_factory):
    """The demonstration graph."""
    graph = klaster.open(tmp_path_factory.mktemp("demo") / "uzbekistan.klaster")
    graph.load(Path(__file__).parents[1] / "loaders/demo", name="demo", loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="session")
def production_graph(tmp_path_factory):
    """A made-up production network of every kind of link, with values in one currency."""
    folder = tmp_path_factory.mktemp("production")
    graph = klaster.open(folder / "production.klaster")
    graph.load(write_tables(folder / "tables", production()), name="made", loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests of pages."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=BROWSER, args=SWITCHES)
        yield started
        started.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """A function that opens a picture in a browser window of its own."""
    contexts: list[Any] = []

    def open_picture(picture=None, width=1280, height=800, address="", **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(render_page(picture or build_picture()), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        return Opened(context.new_page(), path, address)

    yield open_picture
    for context in contexts:
        context.close()
