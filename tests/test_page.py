"""The page: what it shows, that it asks for nothing, and that hostile text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from pictures import EVIL, LANGUAGES, build_hostile_picture, build_picture, words
from unpacking import unpack

from klaster.graph.views.model import as_pyvis
from klaster.graph.views.page import SCRIPTS, render_page
from klaster.graph.views.picture import Link, Rank


class Reader(HTMLParser):
    """Collects what a document is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def read(html: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(html)
    return reader.tags


# ---- the document, without a browser


def test_the_same_picture_gives_the_same_bytes():
    assert render_page(build_picture()).encode() == render_page(build_picture()).encode()


def test_the_document_names_the_revision_of_its_data():
    tags = read(render_page(build_picture()))
    assert ("meta", {"name": "klaster-revision", "content": "3f2a9c1"}) in tags


def test_the_policy_allows_two_hashed_scripts_and_no_address():
    tags = read(render_page(build_picture()))
    found = [a["content"] for _, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    policy = str(found[0])
    assert policy.startswith("default-src 'none';")
    assert len(re.findall(r"script-src[^;]*", policy)[0].split("'sha256-")) == 3
    assert "base-uri 'none'" in policy
    assert "form-action 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_element_of_the_document_loads_another_file():
    for _, attributes in read(render_page(build_picture())):
        assert "src" not in attributes
        assert attributes.get("href", "data:,") == "data:,"


def test_hostile_text_makes_no_element():
    tags = read(render_page(build_hostile_picture()))
    assert [tag for tag, _ in tags].count("script") == 5
    assert not [tag for tag, _ in tags if tag == "img"]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


def test_embedded_data_is_text_without_the_characters_that_end_a_script():
    html = render_page(build_hostile_picture())
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert not set(block) & set("<>&\u2028\u2029")
        json.loads(block)
    data = unpack(html)
    assert data["texts"][data["column"]["label"][0]] == EVIL + "0"


def test_columns_hold_what_the_picture_holds():
    picture = build_picture()
    data = unpack(render_page(picture))
    column = data["column"]

    def said(place):
        text = data["texts"][place]
        return text if isinstance(text, str) else text[1]

    for at, node in enumerate(picture.nodes):
        assert said(column["name"][at]) == node.names["ru"]
        start, local = data["iris"][at]
        assert data["starts"][start] + local == node.iri
        assert (column["x"][at], column["y"][at]) == (round(node.x), round(node.y))
        facts = range(column["factStart"][at], column["factStart"][at + 1])
        values = [column["factValue"][fact] for fact in facts]
        assert [
            (said(column["factLabel"][fact]), local if value < 0 else said(value))
            for fact, value in zip(facts, values, strict=True)
        ] == [(label["ru"], value["ru"]) for label, value in node.facts]
        ranks = {rank.measure: rank for rank in node.ranks}
        for number, measure in enumerate(picture.measures):
            rank = ranks.get(measure.code)
            assert column[f"rank{number}"][at] == (rank.rank if rank else 0)
            if rank:
                assert column[f"value{number}"][at] == pytest.approx(rank.value, rel=1e-6)
    for at, link in enumerate(picture.links):
        assert (column["source"][at], column["target"][at]) == (link.source, link.target)
        assert said(column["detail"][at]) == link.detail["ru"]
        assert column["since"][at] == (link.since or 0)
        cited = range(column["linkCitedStart"][at], column["linkCitedStart"][at + 1])
        rows = [
            said(data["references"][column["linkCited"][c]][2])
            + str(column["linkCitedRow"][c] or "")
            for c in cited
        ]
        assert rows == [reference.row for reference in link.references]
    for number, grouping in enumerate(picture.groupings):
        main = [own[0] + 1 if own else 0 for own in grouping.of]
        assert column[f"group{number}"].tolist() == main


def test_a_reader_without_scripts_gets_every_node_and_finding():
    html = render_page(replace(build_picture(), language="ru"))
    plain = html[html.index("<noscript>") : html.index("</noscript>")]
    assert plain.count("<tr>") == 1 + 62
    assert "ООО «Ташкент текстиль №1»" in plain
    assert plain.count("<li>") == 3
    assert plain.index("Отсутствие партнёра") < plain.index("Недостающая связь")


def test_a_text_without_the_language_falls_back_to_english_then_to_any():
    picture = build_picture(24)
    picture = replace(picture, language="uz", title={"en": "Only English"}, note={"ru": "Только"})
    html = render_page(picture)
    assert "<title>Only English</title>" in html
    assert "Только</p>" in html


def test_a_picture_of_nothing_is_a_page():
    picture = replace(build_picture(), nodes=(), links=(), remarks=(), measures=())
    assert "<noscript>" in render_page(picture)


def test_figures_that_json_cannot_hold_are_left_out():
    picture = build_picture(24)
    rank = Rank("betweenness", float("nan"), 1)
    odd = replace(picture.nodes[9], ranks=(rank,), x=float("inf"))
    html = render_page(
        replace(picture, nodes=(*picture.nodes[:9], odd, *picture.nodes[10:]), links=())
    )
    assert unpack(html)["column"]["x"][9] == 0
    assert "nan" in str(unpack(html)["column"]["value0"][9])


def test_the_opening_is_a_pyvis_network_whose_parallel_links_do_not_cover_each_other():
    picture = build_picture(24)
    twice = (Link(2, 3, "supplies", {}), Link(2, 3, "cooperates", {}), Link(3, 2, "supplies", {}))
    net = as_pyvis(replace(picture, links=twice))
    assert len(net.nodes) == 24
    first, *others = net.edges
    assert "smooth" not in first
    assert len({(e["smooth"]["type"], e["smooth"]["roundness"], e["from"]) for e in others}) == 2


def test_the_page_says_every_phrase_in_three_languages_with_the_same_placeholders():
    table = files("klaster.ontology") / "phrases" / "page.csv"
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        holes = {code: sorted(re.findall(r"\{\w+\}", row[code])) for code in LANGUAGES}
        assert all(row[code].strip() for code in LANGUAGES), row
        assert holes["en"] == holes["ru"] == holes["uz"], row
        assert not set(row["uz"]) & set("'‘’`"), row


def test_every_phrase_the_page_asks_for_is_in_the_table_and_every_one_in_it_is_used():
    templates = files("klaster.graph.views") / "templates"
    script = "".join((templates / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    frame = (templates / "page.html").read_text(encoding="utf-8")
    asked = set(re.findall(r'phrase\("(\w+)"', script)) | set(re.findall(r'"(help_\w+)"', script))
    asked |= set(re.findall(r'data-(?:phrase|label|placeholder)="(\w+)"', frame))
    asked |= set(re.findall(r"phrases\.(\w+)", frame))
    asked |= {"language_name", "page_before", "page_after"}
    table = files("klaster.ontology") / "phrases" / "page.csv"
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    assert asked == {row["key"] for row in rows}


def test_our_own_script_and_style_stay_small_and_every_script_is_used():
    html = render_page(build_picture())
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0]
    script = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)[0]
    assert len((style + script).encode()) <= 112 * 1024
    templates = files("klaster.graph.views") / "templates"
    own = {item.name for item in templates.iterdir() if item.name.endswith(".js")}
    assert own == {f"{name}.js" for name in SCRIPTS}
    for name in own:
        assert len((templates / name).read_text(encoding="utf-8").splitlines()) <= 300, name


# ---- the page in a browser


def test_a_page_of_sixty_nodes_asks_for_nothing_and_complains_of_nothing(open_page):
    opened = open_page()
    opened.page.click("#show-table")
    opened.page.click("#show-network")
    opened.page.keyboard.press("n")
    opened.page.select_option("#language", "ru")
    opened.frames()
    assert len(opened.requests) == 1
    assert opened.requests[0].startswith("file://")
    assert opened.troubles == []


def test_hostile_text_is_shown_as_text_everywhere_in_every_language(open_page):
    opened = open_page(build_hostile_picture())
    page = opened.page
    before = page.locator("script, img").count()
    for language in LANGUAGES:
        page.select_option("#language", language)
        assert page.title().startswith("</script><img")
        page.click("#zoom-fit")
        place = opened.ask("place(0)")
        box = page.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + place["x"], box["y"] + place["y"])
        page.wait_for_selector("#tip:not([hidden])")
        assert "<img src=x" in opened.text("#tip")
        page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
        assert opened.ask("selected()") == [0]
        assert "<img src=x" in opened.text("#panel")
        page.click("#show-table")
        assert "<img src=x" in opened.text("#table")
        page.fill("#search", "onerror")
        assert "<img src=x" in opened.text("#results")
        page.keyboard.press("Enter")
        page.click("#show-network")
        assert any("<img" in label["text"] for label in opened.ask("labelBoxes()"))
        page.click("#panel .clear")
        assert "<img src=x" in opened.text("#panel")
        assert "<img src=x" in opened.text("#node-kinds")
        assert "<img src=x" in opened.text("#note")
        page.click(".finding button >> nth=0")
        page.click("#panel .clear")
    assert page.locator("script, img").count() == before
    assert opened.troubles == []
    assert len(opened.requests) == 1


def test_only_a_web_address_becomes_a_link(open_page):
    opened = open_page(build_hostile_picture())
    opened.page.keyboard.press("n")
    anchors = opened.page.locator("a").evaluate_all("all => all.map(a => [a.href, a.rel])")
    assert anchors
    for address, relation in anchors:
        assert address.startswith("https://example.org/")
        assert relation == "noopener noreferrer"


def test_an_injected_inline_script_is_blocked(open_page):
    opened = open_page()
    opened.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.injected = 1'}))"
    )
    opened.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i onclick=injected=1>')")
    opened.page.evaluate("document.querySelector('body > i').click()")
    assert opened.page.evaluate("window.injected") is None
    assert any("Content Security Policy" in trouble for trouble in opened.troubles)


def test_the_language_switch_changes_title_legend_remarks_names_and_numbers(open_page):
    opened = open_page()
    page = opened.page
    seen = {}
    for language in LANGUAGES:
        page.select_option("#language", language)
        assert page.evaluate("document.documentElement.lang") == language
        opened.frames()
        seen[language] = [
            page.title(),
            opened.text("#counts"),
            opened.text("#node-kinds"),
            opened.text("#link-kinds"),
            opened.text("#panel"),
            opened.text("#meaning"),
            opened.text("#note"),
            page.get_attribute("#search", "placeholder"),
            page.get_attribute("#zoom-in", "aria-label"),
            str(sorted(label["text"] for label in opened.ask("labelBoxes()"))),
        ]
    for one, other in zip(seen["en"], seen["ru"], strict=True):
        assert one != other
    for one, other in zip(seen["ru"], seen["uz"], strict=True):
        assert one != other
    assert "Отсутствие партнёра" in seen["ru"][4]
    assert "0,31" in seen["ru"][4]
    assert "0.31" in seen["en"][4]


def test_the_page_opens_in_the_language_of_the_picture(open_page):
    opened = open_page(replace(build_picture(24), language="uz"))
    assert opened.page.title() == "Oʻzbekiston klasterlari tarmogʻi"
    assert opened.page.input_value("#language") == "uz"


def test_a_legend_filter_hides_nodes_and_the_counts_follow(open_page):
    opened = open_page()
    assert opened.text("#counts") == "Nodes: 60 of 60 · Links: 120 of 120"
    opened.page.locator("#node-kinds .row", has_text="Enterprise").locator("input").uncheck()
    kinds = [node.kind for node in build_picture().nodes[:60]]
    assert opened.ask("visible()") == [i for i, kind in enumerate(kinds) if kind != "enterprise"]
    assert opened.text("#counts").startswith("Nodes: 20 of 60")


def test_dashed_findings_can_be_switched_off(open_page):
    opened = open_page()
    opened.page.locator("#link-kinds .row", has_text="suggested").locator("input").uncheck()
    assert opened.text("#counts") == "Nodes: 60 of 60 · Links: 116 of 120"


def test_the_slider_keeps_nodes_with_enough_links(open_page):
    opened = open_page()
    opened.page.locator("#minimum").fill("5")
    links = [link for link in build_picture().links if link.kind != "eligible"]
    ends = [end for link in links for end in (link.source, link.target)]
    assert opened.ask("visible()") == [i for i in range(60) if ends.count(i) >= 5]


@pytest.mark.parametrize(
    "spelling", ["to'qima", "toʻqima", "TO‘QIMA", "to`qima", "тўқима", "текстиль №1»", "textiles"]
)
def test_search_finds_a_name_in_any_spelling(open_page, spelling):
    opened = open_page()
    opened.page.fill("#search", spelling)
    assert "Tashkent textiles №1" in opened.text("#results")
    assert "leather" not in opened.text("#results")


def test_search_is_worked_by_keys(open_page):
    opened = open_page()
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("textiles")
    assert page.get_attribute("#search", "aria-activedescendant") == "result-0"
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#results [aria-selected=true] .grow").inner_text()
    page.keyboard.press("Enter")
    assert opened.text("#panel .name") == chosen
    page.keyboard.press("Escape")
    assert page.input_value("#search") == ""
    page.keyboard.press("Escape")
    assert opened.ask("selected()") == []


def test_the_network_is_worked_by_keys(open_page):
    opened = open_page()
    page = opened.page
    page.keyboard.press("n")
    first = opened.ask("selected()")
    page.keyboard.press("n")
    second = opened.ask("selected()")
    page.keyboard.press("p")
    assert opened.ask("selected()") == first != second
    assert opened.text("#readout").startswith(
        "Fergana leather and footwear cluster, Cluster, links:"
    )
    page.keyboard.press("0")
    whole = opened.ask("scale()")
    page.keyboard.press("+")
    assert opened.ask("scale()") > whole
    page.keyboard.press("-")
    assert opened.ask("scale()") == pytest.approx(whole)
    page.locator(".vis-network").focus()
    before = opened.ask("place(0)")
    page.keyboard.down("ArrowLeft")
    page.wait_for_timeout(200)
    page.keyboard.up("ArrowLeft")
    assert opened.ask("place(0)")["x"] != before["x"]


def test_the_table_has_a_row_for_each_visible_node_and_sorts(open_page):
    opened = open_page()
    page = opened.page
    page.click("#show-table")
    assert page.locator("#table tbody tr").count() == 60
    page.locator("#node-kinds .row", has_text="Enterprise").locator("input").uncheck()
    assert page.locator("#table tbody tr").count() == len(opened.ask("visible()")) == 20
    page.click("#table thead th:nth-child(3) button")
    counts = page.locator("#table tbody td:nth-child(3)").all_inner_texts()
    assert counts == sorted(counts, key=int, reverse=True)
    assert page.get_attribute("#table thead th:nth-child(3)", "aria-sort") == "descending"
    page.click("#table thead th:nth-child(3) button")
    counts = page.locator("#table tbody td:nth-child(3)").all_inner_texts()
    assert counts == sorted(counts, key=int)


@pytest.mark.parametrize(
    ("size", "width", "height"), [(60, 1440, 900), (60, 1000, 700), (400, 1280, 800)]
)
def test_no_two_labels_overlap_and_none_is_cut_off(open_page, size, width, height):
    opened = open_page(build_picture(size), width=width, height=height)
    page = opened.page
    stage = page.locator("#stage").bounding_box()
    steps = [
        lambda: None,
        lambda: page.click("#zoom-in"),
        lambda: page.select_option("#language", "ru"),
    ]
    for act in [*steps, lambda: page.keyboard.press("n"), lambda: page.keyboard.press("0")]:
        act()
        boxes = opened.ask("labelBoxes()")
        assert boxes
        for at, box in enumerate(boxes):
            assert len(box["text"]) <= 40
            assert box["left"] >= 0
            assert box["left"] + box["width"] <= stage["width"]
            assert box["top"] >= 0
            assert box["top"] + box["height"] <= stage["height"]
            for other in boxes[:at]:
                assert (
                    box["left"] >= other["left"] + other["width"]
                    or other["left"] >= box["left"] + box["width"]
                    or box["top"] >= other["top"] + other["height"]
                    or other["top"] >= box["top"] + box["height"]
                ), (box, other)


def test_the_whole_network_is_in_view_on_load_and_after_a_resize(open_page):
    opened = open_page()
    for size in ({"width": 1280, "height": 800}, {"width": 900, "height": 600}):
        opened.page.set_viewport_size(size)
        opened.page.wait_for_timeout(300)
        stage = opened.page.locator("#stage").bounding_box()
        for index in range(60):
            place = (
                opened.ask(f"place({index})")
                if index in {0, 30, 59}
                else opened.page.evaluate(f"window.klasterPage.place({index})")
            )
            assert 15 <= place["x"] <= stage["width"] - 15
            assert 15 <= place["y"] <= stage["height"] - 15


def test_equal_figures_share_a_rank_and_say_so(open_page):
    opened = open_page()
    opened.page.select_option("#measure", label="Partners")
    places = opened.page.locator("#panel .place").all_inner_texts()
    assert len(places) == 10
    assert set(places) == {"1"}
    opened.page.click("#panel .top button >> nth=0")
    assert "tied with" in opened.text("#panel")
    assert "#1" in opened.text("#panel")


def test_a_finding_selects_its_subjects_and_the_gravest_comes_first(open_page):
    opened = open_page()
    titles = opened.page.locator("#panel .finding b").all_inner_texts()
    assert titles == ["Partner gap", "Single point of failure", "Missing link"]
    opened.page.click(".finding button >> nth=0")
    assert opened.ask("selected()") == list(build_picture().remarks[1].subjects)
    assert "The cluster has no testing laboratory." in opened.text("#panel")


def test_a_node_shows_its_partners_by_kind_with_direction_and_sources(open_page):
    opened = open_page()
    opened.page.fill("#search", "Fergana textiles №2")
    opened.page.keyboard.press("Enter")
    panel = opened.text("#panel")
    assert "→" in panel
    assert "Cotton yarn, 120 t a year" in panel
    assert "Register of enterprises 2025 · row actors:2" in panel


def test_an_address_with_a_node_opens_at_that_node(open_page):
    opened = open_page()
    iri = build_picture().nodes[7].iri
    opened.page.evaluate("iri => { location.hash = 'n=' + encodeURIComponent(iri) }", iri)
    opened.page.wait_for_selector("#panel .name")
    assert opened.ask("selected()") == [7]
    opened.page.reload()
    opened.page.wait_for_selector("#page[data-ready]")
    assert opened.ask("selected()") == [7]


def test_a_hidden_node_that_is_asked_for_is_brought_back(open_page):
    opened = open_page()
    opened.page.locator("#node-kinds .row", has_text="Cluster").locator("input").uncheck()
    assert 0 not in opened.ask("visible()")
    opened.page.fill("#search", "Tashkent textiles cluster")
    opened.page.keyboard.press("Enter")
    assert 0 in opened.ask("visible()")
    assert opened.ask("selected()") == [0]


def test_a_reader_whose_browser_runs_no_scripts_sees_the_tables(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(render_page(build_picture()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator(".plain tbody tr").count() == 62
    assert page.locator("#page").is_hidden()
    context.close()


@pytest.mark.parametrize("size", [0, 1])
def test_a_picture_of_next_to_nothing_opens_without_complaint(open_page, size):
    fair = build_picture(24)
    bare = replace(fair, nodes=fair.nodes[:size], links=(), remarks=(), measures=(), note={})
    opened = open_page(bare)
    opened.page.keyboard.press("n")
    opened.page.click("#show-table")
    assert opened.page.locator("#table tbody tr").count() == size
    assert opened.text("#counts") == f"Nodes: {size} of {size} · Links: 0 of 0"
    assert opened.troubles == []


def test_a_link_under_the_pointer_says_what_it_is(open_page):
    nodes = build_picture(24).nodes[1:3]
    link = Link(0, 1, "supplies", words("Cotton yarn"))
    opened = open_page(replace(build_picture(24), nodes=nodes, links=(link,), remarks=()))
    one, other = opened.ask("place(0)"), opened.ask("place(1)")
    box = opened.page.locator("#stage").bounding_box()
    opened.page.mouse.move(
        box["x"] + (one["x"] + other["x"]) / 2, box["y"] + (one["y"] + other["y"]) / 2
    )
    opened.page.wait_for_selector("#tip:not([hidden])")
    assert "→" in opened.text("#tip")
    assert "Cotton yarn" in opened.text("#tip")
    opened.page.mouse.move(5, 5)
    opened.page.wait_for_selector("#tip", state="hidden")


def test_every_control_has_a_name(open_page):
    opened = open_page()
    opened.page.keyboard.press("n")
    nameless = opened.page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(control =>"
        " !(control.textContent.trim() || control.ariaLabel || control.labels?.length)).map(c => c.id)"
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_stand_out_from_the_paper(open_page, scheme):
    opened = open_page(color_scheme=scheme)
    fills = opened.page.locator("#node-kinds svg *, #link-kinds svg polygon").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    paper = "#14171b" if scheme == "dark" else "#ffffff"
    assert fills
    assert min(contrast(fill, paper) for fill in fills) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it."""

    def luminance(colour: str) -> float:
        shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
            for share in shares
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
