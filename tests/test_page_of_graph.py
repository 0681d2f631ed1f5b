"""The page of a loaded graph in a browser: nothing that a table holds runs or leaves."""

from __future__ import annotations

import shutil

import pytest
from made_up import SMALL, write_tables

import klaster
from klaster.graph.views.page import render_page

EVIL = "</script><img src=x onerror=alert(1)>"
BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=BROWSER, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a graph's page and watches what it does."""
    context = browser.new_context()

    def open_page(graph, language="en"):
        path = tmp_path / "page.html"
        path.write_text(render_page(graph.picture(language=language)), "utf-8")
        page = context.new_page()
        page.seen = []
        page.on("console", lambda message: page.seen.append(message.text))
        page.on("pageerror", lambda error: page.seen.append(str(error)))
        page.on("dialog", lambda dialog: (page.seen.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: page.seen.append(request.url) if request.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        page.wait_for_function("window.klasterPage !== undefined")
        return page

    yield open_page
    context.close()


def evil_graph(tmp_path):
    """The small graph with hostile text in every cell that may hold text."""
    tables = {name: [dict(row) for row in rows] for name, rows in SMALL.items()}
    for row in tables["actors"]:
        row |= {"name": EVIL + row["name"], "place": EVIL, "note": EVIL, "source": "s"}
    tables["clusters"][0] |= {"name": EVIL, "name_uz": EVIL, "note": EVIL}
    for row in tables["products"] + tables["instruments"]:
        row["name" if "name" in row else "title"] = EVIL
    tables["sources"] = [{"id": "s", "title": EVIL, "url": f"javascript:alert(1)//{EVIL}"}]
    graph = klaster.open(tmp_path / "evil.klaster")
    graph.load(write_tables(tmp_path / "t", tables))
    return graph


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_hostile_cells_are_shown_as_text(opened, tmp_path, language) -> None:
    page = opened(evil_graph(tmp_path), language)
    assert page.seen == []
    assert page.evaluate("document.images.length") == 0
    page.fill("#search", "Weaver")
    page.keyboard.press("Enter")
    panel = page.inner_text("#panel")
    assert f"{EVIL}Weaver" in panel
    assert page.locator("#panel a").count() == 0
    page.click("#show-table")
    assert f"{EVIL}Weaver" in page.inner_text("#table")
    assert page.evaluate("document.images.length") == 0
    assert page.seen == []


def test_the_demonstration_opens_without_a_request_or_an_error(opened, demo_graph) -> None:
    page = opened(demo_graph)
    assert page.seen == []
    assert page.title() == "Clusters and their actors: uzbekistan"
    assert "109" in page.inner_text("#counts")
    page.fill("#search", "Paxtasanoat")
    page.keyboard.press("Enter")
    panel = page.inner_text("#panel")
    for text in (
        "JSC Paxtasanoat Ilmiy Markazi",
        "research organisation",
        "BEK Cluster",
        "actors.csv!35",
    ):
        assert text in panel
    assert page.locator("#panel a[href^='http']").count() >= 1
    page.select_option("#language", "uz")
    assert "tadqiqot" in page.inner_text("#panel")
    assert page.seen == []


def test_what_is_missing_is_dashed_and_can_be_hidden(demo_graph) -> None:
    picture = demo_graph.picture()
    (finding,) = [kind for kind in picture.link_kinds if kind.dashed]
    assert finding.code == "finding"
    ghosts = [node for node in picture.nodes if node.kind == "missing"]
    assert "logistics partner: none recorded" in {ghost.names["en"] for ghost in ghosts}
    instruments = [node for node in picture.nodes if node.kind == "instrument"]
    assert len(instruments) == 15
    assert len(picture.remarks) == len(demo_graph.missing())


def test_the_same_graph_gives_the_same_page(demo_graph) -> None:
    assert render_page(demo_graph.picture()) == render_page(demo_graph.picture())


def test_too_many_actors_are_cut_off_and_counted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.views.drawing.DRAWN", 2)
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", SMALL))
    picture = graph.picture()
    kinds = [node.kind for node in picture.nodes]
    assert kinds.count("enterprise") == 2
    assert "not drawn: 3" in picture.note["en"]
