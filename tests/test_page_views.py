"""The views of a page: overview, chain, surroundings, paths, layers, exports, keys, themes."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.resources import files
from itertools import combinations
from typing import Any

import networkx as nx
import pytest
from pictures import EVIL, build_hostile_picture, build_picture

from klaster.graph.views.model import as_pyvis
from klaster.graph.views.page import render_page
from klaster.graph.views.palette import (
    ACTORS,
    CLUSTER,
    DARK,
    DARK_RAMP,
    FINDING,
    GROUPS,
    INSTRUMENT,
    LIGHT,
    LIGHT_RAMP,
    SUGGESTED,
)
from klaster.graph.views.palette import LINKS as LINK_COLOURS
from klaster.graph.views.picture import Group, Grouping, Link


def saved(opened, what):
    opened.page.click(".menu summary")
    with opened.page.expect_download() as download:
        opened.page.click(f"#save-{what}")
    return download.value.path().read_bytes()


def large_picture(size=3000, groups=20):
    """More nodes than are drawn at once: actors in rows, a group for each row of them."""
    small = build_picture(24)
    actor = small.nodes[5]
    nodes = tuple(
        replace(
            actor,
            iri=f"https://example.org/{at}",
            label=f"Actor {at}",
            names={},
            x=90 * (at % 150),
            y=90 * (at // 150),
            facts=(),
            references=(),
            ranks=tuple(replace(rank, value=1 / (at + 1), rank=at + 1) for rank in actor.ranks),
        )
        for at in range(size)
    )
    links = tuple(
        Link(at, (at * 7 + step) % size, "supplies", {}) for at in range(size) for step in (1, 150)
    )
    per = size // groups
    grouping = Grouping(
        "cluster",
        {"en": "Cluster"},
        tuple(
            Group({"en": f"Row {g}"}, 400 * (g % 5), 400 * (g // 5), 120.0) for g in range(groups)
        ),
        tuple((min(at // per, groups - 1),) for at in range(size)),
    )
    return replace(small, nodes=nodes, links=links, remarks=(), groupings=(grouping,), layers=())


def test_a_large_network_opens_on_its_groups_and_a_group_opens_on_its_members(open_page, tmp_path):
    opened = open_page(large_picture())
    page = opened.page
    assert opened.ask("scene()")["kind"] == "overview"
    assert opened.ask("groups()") == [{"group": g, "count": 150} for g in range(20)]
    opened.shot("overview", tmp_path)
    place = opened.ask("groupPlace(3)")
    box = page.locator("#stage").bounding_box()
    page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
    assert opened.text("#panel .name") == "Row 3"
    assert "150" in opened.text("#panel")
    page.keyboard.press("o")
    assert opened.ask("visible()") == list(range(450, 600))
    assert "Row 3" in opened.text("#crumbs")
    page.click("#crumbs button")
    assert opened.ask("scene()")["kind"] == "overview"
    assert opened.troubles == []


def test_lines_reach_their_arrow_heads_after_zooming(open_page):
    picture = build_picture()
    opened = open_page(picture)
    before = opened.ask("scale()")
    box = opened.page.locator("#stage").bounding_box()
    away = box["x"] + 4, box["y"] + box["height"] / 2
    opened.page.mouse.move(*away)
    supplier = next(link.source for link in picture.links if link.kind == "supplies")
    opened.page.fill("#search", picture.nodes[supplier].label)
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_timeout(400)
    assert opened.ask("selected()") == [supplier]
    assert opened.ask("scale()") > 1.5 * before
    # vis-network draws a line to where its arrow head began in the frame before. So whatever is
    # drawn once more must look as it does already.
    drawn = "document.querySelector('#stage canvas').toDataURL()"
    after_zooming = opened.page.evaluate(drawn)
    places = [opened.ask(f"place({node})") for node in opened.ask("visible()")]
    place = next(at for at in places if 50 < at["x"] < box["width"] - 50 and 50 < at["y"] < 400)
    # Pointing at an actor, and away from it, draws all anew.
    opened.page.mouse.move(box["x"] + place["x"], box["y"] + place["y"])
    opened.frames()
    assert opened.page.locator("#tip").is_visible()
    opened.page.mouse.move(*away)
    opened.frames()
    assert opened.page.evaluate(drawn) == after_zooming
    assert opened.troubles == []


def test_no_more_than_the_limit_is_drawn_and_a_line_says_what_is_not(open_page):
    opened = open_page(large_picture())
    opened.page.click("#show-network")
    assert opened.ask("visible()") == list(range(2000))
    assert "Not drawn: 1,000" in opened.text("#notice")
    opened.page.fill("#search", "Actor 2999")
    opened.page.keyboard.press("Enter")
    assert opened.ask("visible()") == list(range(2850, 3000))
    assert opened.ask("selected()") == [2999]
    opened.page.click("#show-table")
    assert opened.page.locator("#table tbody tr").count() == 150
    opened.page.click("#crumbs button")
    opened.page.click("#show-table")
    assert "1–200 of 3,000" in opened.text(".pager")
    opened.page.click(".page_after")
    assert "201–400 of 3,000" in opened.text(".pager")


def test_the_pyvis_model_holds_no_more_than_is_drawn():
    net = as_pyvis(large_picture())
    assert [node["label"] for node in net.nodes] == [f"Row {g}" for g in range(20)]
    assert 0 < len(net.edges) <= 20 * 19 / 2


def test_links_between_groups_are_counted_as_they_are(open_page):
    opened = open_page()
    picture = build_picture()
    opened.page.click("#show-overview")
    first, *_ = opened.ask("groups()")
    counts: dict[tuple[int, int], int] = {}
    members = [own for own in picture.groupings[0].of if 0 in own]
    assert first == {"group": 0, "count": len(members)}
    dark = {"eligible"}
    for link in picture.links:
        ends = [picture.groupings[0].of[at][:1] for at in (link.source, link.target)]
        if all(ends) and ends[0] != ends[1] and link.kind not in dark:
            low, high = sorted((ends[0][0], ends[1][0]))
            counts[low, high] = counts.get((low, high), 0) + 1
    assert sorted(tie["count"] for tie in opened.ask("ties()")) == sorted(counts.values())


def test_the_chain_stands_from_left_to_right(open_page, tmp_path):
    opened = open_page()
    opened.page.click("#show-chain")
    picture = build_picture()
    levels = {at: node.level for at, node in enumerate(picture.nodes) if node.level >= 0}
    assert opened.ask("visible()") == sorted(levels)
    places = {at: opened.page.evaluate(f"klasterPage.place({at})")["x"] for at in levels}
    for one, other in combinations(levels, 2):
        if levels[one] < levels[other]:
            assert places[one] < places[other]
    assert any(box["text"].startswith("Layer 1 ·") for box in opened.ask("labelBoxes()"))
    opened.shot("chain", tmp_path)


def drawn_graph():
    links = [link for link in build_picture().links if link.kind != "eligible"]
    return nx.Graph([(link.source, link.target) for link in links])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_surroundings_are_those_within_so_many_steps(open_page, steps):
    opened = open_page()
    opened.page.keyboard.press("n")
    (centre,) = opened.ask("selected()")
    for _ in range(steps):
        opened.page.keyboard.press("e")
    near = nx.single_source_shortest_path_length(drawn_graph(), centre, cutoff=steps)
    assert opened.ask("visible()") == sorted(near)
    opened.page.keyboard.press("u")
    assert len(opened.ask("visible()")) == 60


def test_a_path_between_two_actors_is_a_shortest_one(open_page):
    opened = open_page()
    page = opened.page
    start, end = 7, 50
    page.evaluate(
        "iri => { location.hash = 'n=' + encodeURIComponent(iri) }",
        build_picture().nodes[start].iri,
    )
    page.wait_for_selector("#panel .name")
    page.keyboard.press("w")
    page.fill("#search", build_picture().nodes[end].names["en"])
    page.keyboard.press("Enter")
    graph = drawn_graph()
    solid = [
        (k.source, k.target)
        for k in build_picture().links
        if k.kind not in ("eligible", "suggested")
    ]
    graph = nx.Graph(solid)
    assert len(opened.ask("selected()")) == nx.shortest_path_length(graph, start, end) + 1
    assert {start, end} <= set(opened.ask("selected()"))
    assert "Path:" in opened.text("#crumbs")
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    assert {start, end} <= set(opened.ask("selected()"))


def test_a_layer_brings_instruments_and_whom_they_reach(open_page):
    opened = open_page()
    assert max(opened.ask("visible()")) == 59
    opened.page.locator("#layers .row", has_text="Policies and their reach").locator(
        "input"
    ).check()
    assert opened.ask("visible()") == list(range(62))
    assert opened.text("#counts").startswith("Nodes: 62 of 62")
    opened.page.click("#show-overview")
    assert opened.ask("visible()") == [60, 61]


def test_a_year_keeps_the_links_that_hold_in_it(open_page):
    opened = open_page()
    opened.page.locator("#year").fill("1")
    links = [link for link in build_picture().links if link.kind != "eligible"]
    holding = [link for link in links if (link.since or 0) <= 2018]
    assert f"Links: {len(holding)} of {len(links)}" in opened.text("#counts")
    assert opened.text("#year-shown") == "2018"


def test_colours_by_group_and_by_measure_have_a_legend(open_page):
    opened = open_page()
    opened.page.select_option("#colour", label="Cluster")
    assert "Fergana leather" in opened.text("#colour-legend")
    opened.page.select_option("#colour", label="Betweenness")
    assert "0.31" in opened.text("#colour-legend")
    opened.page.select_option("#outline", label="Cluster")
    assert opened.ask("scene()")["hulls"] == 4


def test_what_is_not_shown_is_said(open_page):
    opened = open_page()
    assert "too few links to suggest more" in opened.text("#panel")


def test_a_view_is_saved_as_png_svg_csv_and_gexf(open_page):
    opened = open_page()
    assert saved(opened, "png").startswith(b"\x89PNG")
    svg = ET.fromstring(saved(opened, "svg"))  # noqa: S314 - our own
    name = "{http://www.w3.org/2000/svg}"
    marks = [el for el in svg if el.tag in (f"{name}circle", f"{name}polygon")]
    assert len(marks) == 60
    assert len(svg.findall(f"{name}path")) == 120
    gexf = ET.fromstring(saved(opened, "gexf"))  # noqa: S314
    assert len(list(gexf.iter("{http://gexf.net/1.3}node"))) == 60
    assert len(list(gexf.iter("{http://gexf.net/1.3}edge"))) == 120
    rows = list(csv.reader(io.StringIO(saved(opened, "csv").decode("utf-8-sig"))))
    assert len(rows) == 1 + 60
    assert {row[0] for row in rows[1:]} == {node.iri for node in build_picture().nodes[:60]}
    opened.page.click("#show-overview")
    rows = list(csv.reader(io.StringIO(saved(opened, "csv").decode("utf-8-sig"))))
    assert [row[0] for row in rows] == [
        "Name",
        *(g.label["en"] for g in build_picture().groupings[0].groups),
    ]
    assert opened.troubles == []
    assert len(opened.requests) == 1 + 4 + 1 or all(
        url.startswith(("file://", "blob:")) for url in opened.requests
    )


def test_no_spreadsheet_takes_a_saved_cell_for_a_formula(open_page):
    picture = build_picture(24)
    node = replace(picture.nodes[4], label="=cmd|' /C calc'!A0", names={})
    opened = open_page(replace(picture, nodes=(*picture.nodes[:4], node, *picture.nodes[5:])))
    rows = list(csv.reader(io.StringIO(saved(opened, "csv").decode("utf-8-sig"))))
    assert [row[1] for row in rows if "cmd|" in row[1]] == ["'=cmd|' /C calc'!A0"]


def test_hostile_text_stays_text_in_every_view_and_every_file(open_page):
    opened = open_page(build_hostile_picture())
    page = opened.page
    for view in ("overview", "chain", "network", "table"):
        page.click(f"#show-{view}")
        opened.frames()
    page.select_option("#outline", "0")
    page.select_option("#colour", "group 0")
    page.click("#show-network")
    svg = ET.fromstring(saved(opened, "svg"))  # noqa: S314
    assert not [el for el in svg.iter() if el.tag.endswith(("img", "script"))]
    gexf = ET.fromstring(saved(opened, "gexf"))  # noqa: S314
    labels = [el.attrib["label"] for el in gexf.iter("{http://gexf.net/1.3}node")]
    assert EVIL + "0" in labels
    page.keyboard.press("n")
    page.keyboard.press("e")
    page.click("#show-overview")
    page.keyboard.press("n")
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    assert page.locator("img").count() == 0
    assert opened.troubles == []


def test_the_address_brings_the_same_view_back(open_page):
    opened = open_page()
    page = opened.page
    page.select_option("#colour", label="Cluster")
    page.select_option("#measure", label="Partners")
    page.locator("#node-kinds .row", has_text="Finance").locator("input").uncheck()
    page.select_option("#language", "ru")
    page.click("#show-overview")
    page.keyboard.press("n")
    page.keyboard.press("o")
    shown, crumbs = opened.ask("visible()"), opened.text("#crumbs")
    page.reload()
    page.wait_for_selector("#page[data-ready]")
    assert opened.ask("visible()") == shown
    assert opened.text("#crumbs") == crumbs
    assert page.evaluate("document.documentElement.lang") == "ru"
    assert page.evaluate("document.querySelector('#measure').selectedOptions[0].text") == "Партнёры"


@pytest.mark.parametrize(
    "address",
    ["v=nonsense&g=999&by=x&c=group%2099&n=%E0%A4%A", "g=-5&b=1e9&m=-1&y=99&d=9&s=<b>", "p=a%20b"],
)
def test_an_address_that_says_nothing_sensible_opens_all_the_same(open_page, address):
    opened = open_page(build_picture(24), address=address)
    assert opened.ask("visible()")
    assert opened.troubles == []


def test_everything_is_reached_by_keys(open_page):
    opened = open_page()
    page = opened.page
    for key, kind in (("1", "overview"), ("3", "chain"), ("2", "network")):
        page.keyboard.press(key)
        assert opened.ask("scene()")["kind"] == kind
    page.keyboard.press("4")
    assert page.locator("#table").is_visible()
    page.keyboard.press("2")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    for key in ("search", "overview, network", "path from"):
        assert key in opened.text("#help")
    page.keyboard.press("Escape")
    assert page.locator("#help").is_hidden()
    page.keyboard.press("s")
    assert page.evaluate("document.querySelector('#measure').selectedIndex") == 1
    page.keyboard.press("c")
    assert page.evaluate("document.querySelector('#colour').selectedIndex") == 1
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("l")
    assert page.evaluate("document.documentElement.lang") == "ru"
    page.keyboard.press("1")
    page.keyboard.press("n")
    page.locator(".vis-network").focus()
    page.keyboard.press("Enter")
    assert "Всё" in opened.text("#crumbs")
    page.keyboard.press("Backspace")
    assert page.locator("#crumbs").is_hidden()
    assert opened.troubles == []


def test_labels_in_the_overview_do_not_cover_each_other(open_page):
    for picture in (large_picture(), build_picture(200)):
        opened = open_page(picture, width=1000, height=700)
        opened.page.click("#show-overview")
        boxes = opened.ask("labelBoxes()")
        assert boxes
        for one, other in combinations(boxes, 2):
            assert (
                one["left"] >= other["left"] + other["width"]
                or other["left"] >= one["left"] + one["width"]
                or one["top"] >= other["top"] + other["height"]
                or other["top"] >= one["top"] + one["height"]
            ), (one, other)


def test_a_narrow_window_holds_everything_without_sideways_scrolling(open_page, tmp_path):
    opened = open_page(width=400, height=800)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 400
    opened.shot("narrow", tmp_path)


def test_an_independent_checker_finds_no_serious_fault(open_page):
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe-core is not installed")
    opened = open_page()
    script = axe.AXE_FILE_PATH.read_text("utf-8") if hasattr(axe, "AXE_FILE_PATH") else ""
    assert script
    for act in ("1", "2", "n", "4", "?"):
        opened.page.keyboard.press(act)
        opened.page.evaluate(script)
        found: dict[str, Any] = opened.page.evaluate("axe.run()")
        grave = [v for v in found["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in grave] == [], act


# ---- colours, computed


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_texts_and_marks_stand_out_in_both_themes() -> None:
    marks = [colour for colour, _ in (*ACTORS.values(), *LINK_COLOURS.values())]
    marks += [CLUSTER, FINDING, INSTRUMENT, SUGGESTED, *GROUPS]
    for colour in marks:
        assert contrast(colour, LIGHT["paper"]) >= 3, colour
    for colours, ramp in ((LIGHT, LIGHT_RAMP), (DARK, DARK_RAMP)):
        for text in ("ink", "quiet", "accent"):
            for ground in ("paper", "panel"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for colour in ramp:
            assert contrast(colour, colours["paper"]) >= 3


def test_the_style_has_the_colours_of_the_palette() -> None:
    style = (files("klaster.graph.views") / "templates" / "page.css").read_text("utf-8")
    light, *darks = re.findall(r"--paper: .*?--accent: #\w+", style, re.DOTALL)[:3]
    for colours, blocks in ((LIGHT, [light]), (DARK, darks)):
        for block in blocks:
            for name in ("paper", "panel", "ink", "quiet", "accent"):
                assert f"--{name}: {colours[name]};" in block + ";"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_of_a_group_stands_out_as_drawn(open_page, scheme, tmp_path):
    opened = open_page(color_scheme=scheme)
    opened.page.select_option("#colour", label="Cluster")
    paper = DARK["paper"] if scheme == "dark" else LIGHT["paper"]
    fills = opened.page.locator("#colour-legend svg *").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    assert len(fills) == 4
    assert min(contrast(fill, paper) for fill in fills) >= 3
    opened.shot(f"network-{scheme}", tmp_path)


def test_no_two_kinds_of_actor_share_both_colour_and_shape() -> None:
    assert len(set(ACTORS.values())) == len(ACTORS)


def test_a_page_of_many_nodes_stays_small() -> None:
    assert len(render_page(large_picture()).encode()) < 1_000_000
