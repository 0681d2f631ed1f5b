"""The page of a loaded graph in a browser: nothing that a table holds runs or leaves."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from made_up import CHAIN, SMALL, write_tables

import klaster
from klaster.graph.views.page import render_page
from klaster.ontology.faults import Fault

LEI = "529900T8BM49AURSDO55"
EVIL = "</script><img src=x onerror=alert(1)>"


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
        page.wait_for_selector("#page[data-ready]")
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
    assert "94" in page.inner_text("#counts")
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
    dashed = {kind.code for kind in picture.link_kinds if kind.dashed}
    assert dashed == {"finding", "eligible"}
    ghosts = [node for node in picture.nodes if node.kind == "missing"]
    assert "logistics partner: none recorded" in {ghost.names["en"] for ghost in ghosts}
    assert len(picture.remarks) == len(demo_graph.missing())


def test_instruments_are_a_layer_with_whom_they_are_for_and_whom_they_reached(small_graph) -> None:
    picture = small_graph.picture()
    place = {node.iri: at for at, node in enumerate(picture.nodes)}
    reach = {row[0]: row for row in small_graph.policy().rows}
    columns = small_graph.policy().columns
    for node in picture.nodes:
        if node.kind != "instrument":
            continue
        told = dict(zip(columns, reach[node.iri], strict=True))
        links = [link.kind for link in picture.links if link.source == place[node.iri]]
        assert links.count("award") == told["reached"]
        assert links.count("eligible") == (told["unreached"] or 0)
    (layer,) = [layer for layer in picture.layers if layer.code == "policy"]
    assert not layer.shown


def test_no_link_is_suggested_where_the_audit_fails_and_the_page_says_why(demo_graph) -> None:
    picture = demo_graph.picture()
    assert not [link for link in picture.links if link.kind.startswith("suggested")]
    said = " ".join(words["en"] for words in picture.asides)
    assert "supply: Predicted links are not shown" in said
    assert "cooperation: Predicted links are not shown" in said
    silent = demo_graph.picture(suggestions=False)
    assert [words["en"] for words in silent.asides] == [
        "Likely links were not looked for on this page."
    ]


def test_suggestions_that_pass_the_audit_are_dashed_with_their_evidence_and_accuracy(
    tmp_path,
) -> None:
    # Five rounds of ten, in which each works with the three next to it on either side.
    pairs = [
        (f"a{10 * ring + at}", f"a{10 * ring + (at + step) % 10}")
        for ring in range(5)
        for at in range(10)
        for step in (1, 2, 3)
    ]
    tables = {
        "actors": [{"id": f"a{at}", "name": f"A{at}", "kind": "enterprise"} for at in range(50)],
        "cooperations": [
            {"id": f"c{number}", "kind": "agreement", "participant": end}
            for number, pair in enumerate(pairs)
            for end in pair
        ],
    }
    graph = klaster.open(tmp_path / "rings.klaster")
    graph.load(write_tables(tmp_path / "rings", tables))
    predicted, picture = graph.predict(), graph.picture()
    suggested = [link for link in picture.links if link.kind == "suggested-cooperation"]
    assert len(suggested) == len(predicted.suggestions) == 20
    (audit,) = predicted.audits
    told = "cooperation: Checked on this network's own links (10% of the links hidden at random"
    assert [words["en"].startswith(told) for words in picture.asides] == [True]
    assert picture.asides[0]["uz"].endswith(audit.text["uz"])
    for link, found in zip(suggested, predicted.suggestions, strict=True):
        assert picture.nodes[link.source].iri == found.source
        assert found.text["en"] in link.detail["en"]


def test_every_actor_stands_in_the_groups_of_its_clusters(demo_graph) -> None:
    picture = demo_graph.picture()
    grouping = next(grouping for grouping in picture.groupings if grouping.code == "cluster")
    pairs = set(demo_graph.table("memberships").select("actor", "cluster").rows())
    found = {
        (picture.nodes[at].iri, picture.nodes[grouping.groups[group].node].iri)
        for at, own in enumerate(grouping.of)
        for group in own
    }
    assert found == pairs


def test_a_page_of_one_cluster_holds_its_members_only(demo_graph) -> None:
    memberships = demo_graph.table("memberships")
    cluster = memberships["cluster"].value_counts(sort=True)["cluster"][0]
    picture = demo_graph.picture(cluster=cluster)
    members = memberships.filter(cluster=cluster)["actor"]
    actors = [n.iri for n in picture.nodes if n.kind not in ("cluster", "missing", "instrument")]
    assert sorted(actors) == sorted(set(members))
    assert len([node for node in picture.nodes if node.kind == "cluster"]) == 1


def test_the_same_graph_gives_the_same_page(demo_graph) -> None:
    assert render_page(demo_graph.picture()) == render_page(demo_graph.picture())


def test_a_cluster_too_large_for_one_page_is_a_fault_that_says_what_would_do(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("klaster.graph.views.drawing.MOST", 2)
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", SMALL))
    with pytest.raises(Fault, match="--cluster"):
        graph.picture(cluster=graph.table("clusters")["iri"][0])


def test_a_page_loads_nothing_that_it_does_not_need(florentine_graph) -> None:
    code = (
        "import sys, klaster; from klaster.graph.views.page import render_page\n"
        f"html = render_page(klaster.open({str(florentine_graph.path)!r}).picture())\n"
        "print([name for name in ('IPython', 'scipy.stats', 'klaster.loaders.sources') "
        "if name in sys.modules], len(html))\n"
        "from pyvis.network import IFrame; print(IFrame('page.html', 100, 50).src)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ")
    assert done.stdout.endswith("\npage.html\n")


def test_only_the_gravest_findings_stand_on_a_page_and_it_says_so(demo_graph, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.views.ties.REMARKS", 3)
    monkeypatch.setattr("klaster.graph.views.drawing.REMARKS", 3)
    picture = demo_graph.picture()
    assert [r.text for r in picture.remarks] == [f.text for f in list(demo_graph.missing())[:3]]
    assert any("the gravest 3 of" in words["en"] for words in picture.asides)


def test_a_cluster_shows_what_is_near_to_what_it_makes_and_its_exports(opened, tmp_path) -> None:
    named = [{**row, "name": EVIL} if row["id"] == "dress" else row for row in CHAIN["products"]]
    graph = klaster.open(tmp_path / "chain.klaster")
    graph.load(write_tables(tmp_path / "chain", {**CHAIN, "products": named}))
    picture = graph.picture()
    shown = {picture.nodes[at].label: found for at, found in picture.prospects.items()}
    # The first makes everything, so that nothing is near to it.
    assert shown["Cluster 0"].products == ()
    assert shown["Cluster 2"].made.count(True) == 2
    assert [(year.year, year.products) for year in shown["Cluster 2"].years] == [
        (2022, 0.5),
        (2023, 0.5),
    ]
    page = opened(graph)
    page.fill("#search", "Cluster 2")
    page.keyboard.press("Enter")
    spaces = page.locator("#panel svg.space")
    assert spaces.count() == 2
    titles = page.locator("#panel svg.space title").all_text_contents()
    assert sorted(titles) == sorted(["Fibre", "Yarn", "Cloth", EVIL])
    assert "(not recorded as made here)" in spaces.first.get_attribute("aria-label")
    assert "2023: by product 0.5, by market 0.5" in page.locator("#panel").inner_text()
    assert page.seen == []


def test_a_page_of_very_many_links_tells_less_of_each_and_says_so(demo_graph, monkeypatch) -> None:
    usual = demo_graph.picture()
    monkeypatch.setattr("klaster.graph.views.canvas.LOCATED", 10)
    crowded = demo_graph.picture()
    rows = [reference.row for link in crowded.links for reference in link.references]
    assert set(rows) == {""}
    assert any(reference.row for link in usual.links for reference in link.references)
    assert any(reference.row for node in crowded.nodes for reference in node.references)
    (aside,) = (words for words in crowded.asides if "In which row" in words["en"])
    assert aside not in usual.asides

    def told(picture):
        return sorted(
            (picture.nodes[link.source].iri, picture.nodes[link.target].iri, link.kind)
            for link in picture.links
        )

    assert told(crowded) == told(usual)
    assert sorted(node.iri for node in crowded.nodes) == sorted(node.iri for node in usual.nodes)
    clusters = next(at for at, group in enumerate(crowded.groupings) if group.code == "cluster")
    actors = [at for at, node in enumerate(crowded.nodes) if node.kind != "cluster"]
    main = [crowded.groupings[clusters].of[at][:1] for at in actors[: len(actors) // 2]]
    assert sum(one != other for one, other in itertools.pairwise(main)) <= len(set(main))


def test_numbers_and_identifiers_of_an_actor_are_told_in_the_panel(opened, tmp_path) -> None:
    actors = [
        {"id": "a", "name": "Alpha", "kind": "enterprise", "stir": "301234567", "revenue": "23458100"},
        {"id": "b", "name": "Beta", "kind": "enterprise", "employees": "12500", "revenue": "12.5"},
        {"id": "c", "name": "Gamma", "kind": "enterprise", "stir": "301234575", "lei": LEI},
    ]  # fmt: skip
    graph = klaster.open(tmp_path / "facts.klaster")
    links = [{"supplier": "a", "buyer": "b"}, {"supplier": "b", "buyer": "c"}]
    graph.load(write_tables(tmp_path / "t", {"actors": actors, "supplies": links}))
    page = opened(graph)

    def panel(name):
        page.fill("#search", name)
        page.keyboard.press("Enter")
        return page.locator("#panel dd").all_text_contents()

    assert panel("Alpha") == ["23\u202f458\u202f100", "301234567"]
    assert panel("Beta") == ["12\u202f500", "12.5"]
    assert panel("Gamma") == ["301234575"]
    assert page.seen == []


def test_the_page_of_a_cluster_in_a_large_graph_reads_its_own_links_alone(
    small_graph, monkeypatch
) -> None:
    cluster = small_graph.table("clusters")["id"][0]
    whole = render_page(small_graph.picture(cluster=cluster, suggestions=False))
    monkeypatch.setattr("klaster.graph.picturing.ROWS", 1)
    again = klaster.open(small_graph.path)
    assert render_page(again.picture(cluster=cluster, suggestions=False)) == whole
    assert "supplies" not in again.columns()._read


def test_a_large_graph_is_not_audited_unasked_for_the_page_of_a_small_cluster(
    small_graph, monkeypatch
) -> None:
    cluster = small_graph.table("clusters")["id"][0]
    asked = []
    monkeypatch.setattr(
        type(small_graph), "predict", lambda *_, **__: asked.append(True), raising=True
    )
    small_graph.picture(cluster=cluster)
    assert asked == [True]
    monkeypatch.setattr("klaster.graph.findings.predicted.UNASKED_UP_TO", 1)
    small_graph.picture(cluster=cluster)
    assert asked == [True]
