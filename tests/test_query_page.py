"""The query page: YASGUI with the question library, and that it asks nobody but the server."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from served import serving

from klaster.graph.serving.pages import STATIC
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.questions import questions

EVIL = "<img src=x onerror=window.ran=1>"


@pytest.fixture(scope="module")
def server(small_graph):
    with serving(small_graph.path, "--workers", "1") as started:
        yield started


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


# Without a browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_language_asked_for(server, language) -> None:
    reply = server.get("/", Accept_Language=language)
    assert reply.headers["content-language"] == language
    assert f'<html lang="{language}">' in reply.text
    assert server.get(f"/?lang={language}", Accept_Language="de").text == reply.text
    slugs = [a["data-slug"] for tag, a in Reader(reply.text).found if "data-slug" in a]
    assert slugs == list(questions())
    assert f"{server.address}sparql" in reply.text


def test_the_page_allows_nothing_from_elsewhere(server) -> None:
    reply = server.get("/")
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "script-src" not in policy  # which default-src then is
    assert "http" not in policy
    for tag, attributes in Reader(reply.text).found:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert "//" not in (attributes.get(name) or ""), (tag, attributes)


def test_the_files_of_the_page_are_sent_as_what_they_are(server) -> None:
    for name, kind in STATIC.items():
        reply = server.get(f"/static/{name}")
        assert (reply.status, reply.kind) == (200, kind)
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_yasgui_is_what_its_makers_published() -> None:
    folder = files("klaster.graph.serving") / "static"
    lines = (folder / "yasgui.LICENSE.txt").read_text("utf-8").splitlines()
    told = {line.split()[2]: line.split()[1] for line in lines if line.startswith("sha256 ")}
    assert set(told) == {"yasgui.min.js", "yasgui.min.css"}
    for name, digest in told.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_library_is_listed_and_each_question_is_answered(server) -> None:
    listed = json.loads(server.get("/questions?lang=ru").body)
    assert [question["slug"] for question in listed] == list(questions())
    for question in listed:
        reply = server.get(f"/questions/{question['slug']}?format=csv")
        assert reply.status == 200, (question["slug"], reply.text)


def test_a_question_takes_names_and_tells_which_it_does_not_know(server) -> None:
    whole = server.get("/questions/cluster-members?format=csv&cluster=Cotton").text
    assert len(list(csv.reader(io.StringIO(whole)))) > 5
    unknown = server.get("/questions/cluster-members?cluster=Coton&lang=en")
    assert (unknown.status, "cotton" in unknown.text.lower()) == (400, True)
    assert server.get("/questions/cluster-members?nothing=1").status == 400
    values = json.loads(server.get("/questions/cluster-members/values?cluster=Cotton").body)
    assert values["cluster"].endswith("cluster/small/c>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ontology_is_documented(server, language) -> None:
    reply = server.get(f"/ontology/{language}.html")
    assert (reply.status, reply.kind) == (200, "text/html")
    assert f'<html lang="{language}">' in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert server.get("/ontology/de.html").status == 404


def test_the_network_is_drawn_when_it_is_asked_for_and_kept(server) -> None:
    first = server.get("/network?lang=ru")
    assert (first.status, 'http-equiv="refresh"' in first.text) == (202, True)
    start = time.monotonic()
    while (reply := server.get("/network?lang=ru")).status == 202:
        # Queries are answered meanwhile.
        assert server.query("ASK {}").status == 200
        assert time.monotonic() - start < 120
        time.sleep(0.1)
    assert reply.status == 200
    assert '<html lang="ru"' in reply.text
    assert "Ginner" in reply.text or "picture" in reply.text


# In a browser


@pytest.fixture
def opened(browser, server):
    page = browser.new_page(viewport={"width": 1280, "height": 850})
    page.set_default_timeout(60_000)
    requests: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(server.address + "?lang=en")
    until(page, "Boolean(window.klasterQuery)")
    yield page, troubles
    assert {url for url in requests if not url.startswith((server.address, "data:"))} == set()
    page.close()


def until(page, expression: str) -> None:
    """Wait until an expression holds; the page's policy lets no text be run in it to wait there."""
    for _ in range(600):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def cells(page) -> list[str]:
    page.click(".yasqe_queryButton")
    page.wait_for_selector(".yasr table.dataTable tbody td div")
    return page.locator(".yasr table.dataTable tbody td").all_inner_texts()


def write(page, sparql: str) -> None:
    page.evaluate("text => window.klasterQuery.yasgui.getTab().setQuery(text)", sparql)


def test_yasgui_asks_the_endpoint_and_nobody_else(opened) -> None:
    page, troubles = opened
    assert any("Ginner" in cell for cell in cells(page))
    assert troubles == []


def test_a_question_goes_into_the_editor_with_its_parameters(opened) -> None:
    page, troubles = opened
    page.fill("#filter", "SINGLE-sourced")
    assert page.locator("#questions li:visible").count() == 1
    page.fill("#filter", "")
    page.click("#questions button[data-slug=cluster-members]")
    page.wait_for_selector("#fields input[name=cluster]")
    title = questions()["cluster-members"].title("en")
    assert page.inner_text("#asked") == title
    text = page.evaluate("window.klasterQuery.yasgui.getTab().getQuery()")
    assert questions()["cluster-members"].sparql.strip() in text
    with page.expect_response("**/values?*Cotton*"):
        page.fill("#fields input[name=cluster]", "Cotton")
    until(
        page,
        "window.klasterQuery.yasgui.getTab().getRequestConfig().args.some("
        "given => given.value.endsWith('cluster/small/c>'))",
    )
    assert any("Ginner" in cell for cell in cells(page))
    assert troubles == []
    with page.expect_response("**/values?*Coton*"):
        page.fill("#fields input[name=cluster]", "Coton")
    page.wait_for_selector("#fault:not(:empty)")
    assert "Coton" in page.inner_text("#fault")


def test_terms_of_the_ontology_are_completed(opened) -> None:
    page, troubles = opened
    write(page, "SELECT * { ?a a kl:Enterp")
    page.evaluate(
        "() => { const editor = window.klasterQuery.yasgui.getTab().getYasqe();"
        " editor.focus(); editor.setCursor({line: 0, ch: 100}); }"
    )
    page.keyboard.type("r")
    page.keyboard.press("Control+Space")
    until(
        page,
        "window.klasterQuery.yasgui.getTab().getQuery().includes('kl:Enterprise')"
        " || Boolean(document.querySelector('.CodeMirror-hints'))",
    )
    assert troubles == []


def test_hostile_text_in_an_answer_is_shown_as_text(opened) -> None:
    page, troubles = opened
    write(
        page,
        f'SELECT * {{ VALUES ?x {{ "{EVIL}" <https://e.example/{EVIL.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")}> }} }}',
    )
    assert any(EVIL in cell for cell in cells(page))
    assert page.evaluate("window.ran") is None
    assert page.locator(".yasr img[src=x]").count() == 0
    assert troubles == []
