"""The report: what it says, that it is whole without anything else, and that it prints."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from made_up import CHAIN, LOADED_AT, SMALL, write_tables

import klaster
from klaster.cli import main
from klaster.graph.findings.export_concentration import concentration
from klaster.graph.views.document import Drawing, Figure, Grid, Points, Prose, Remarks, Trend

EVIL = (
    "</style></script><svg onload=alert(1)><img src=x onerror=alert(2)>|`*[a](javascript:alert(3))"
)
LANGUAGES = ("en", "ru", "uz")
SECTIONS = [
    "summary",
    "network",
    "clusters",
    "central",
    "gaps",
    "suggestions",
    "support",
    "exports",
    "quality",
    "methods",
]


def made(folder, tables):
    graph = klaster.open(folder / "made.klaster")
    graph.load(write_tables(folder / "tables", tables), loaded_at=LOADED_AT)
    return graph


@pytest.fixture(scope="module")
def demo_report(demo_graph):
    return demo_graph.report()


@pytest.fixture(scope="module")
def small_reports(small_graph):
    return {language: small_graph.report(language=language) for language in LANGUAGES}


def prose(report, key: str) -> str:
    (section,) = [section for section in report.document.sections if section.key == key]
    blocks = [block for block in section.blocks if isinstance(block, Prose)]
    return " ".join(line for block in blocks for line in block.paragraphs)


def block_of(report, key: str, kind: type, number: int = 0):
    (section,) = [section for section in report.document.sections if section.key == key]
    return [block for block in section.blocks if isinstance(block, kind)][number]


def test_the_summary_of_a_small_cluster_is_told_in_sentences(small_reports) -> None:
    # Ginner → Spinner → Weaver – Institute, and a bank that is linked with nobody.
    told = prose(small_reports["en"], "summary")
    assert (
        "The graph holds 5 actors, 1 cluster, 3 recorded links and 2 support instruments." in told
    )
    assert "the network consists of 2 separate parts; 1 actor (20%) have no" in told
    assert "The most recorded partners, 2 partners each, have Spinner and Weaver." in told
    assert "Of 2 support instruments, 2 have recorded conditions" in told
    assert "The data are “census”." in told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "as loaded on 2 January 2026"),
        ("ru", "на загрузку 2 января 2026 г."),
        ("uz", "yuklangan sana: 2026-yil 2-yanvar"),
    ],
)
def test_a_report_is_whole_in_each_language(small_reports, language, told) -> None:
    report = small_reports[language]
    assert [section.key for section in report.document.sections] == SECTIONS
    assert told in report.html
    assert told in report.markdown
    assert f'<html lang="{language}">' in report.html
    assert not re.search(r"\{\w+\}|&lt;built-in|None\b", report.markdown)


def test_the_same_graph_gives_the_same_bytes(small_graph, small_reports) -> None:
    first, second = small_reports["uz"], small_graph.report(language="uz")
    assert (first.html, first.markdown) == (second.html, second.markdown)


def test_every_figure_names_its_command_and_the_rows_and_documents_behind_it(demo_report) -> None:
    html = demo_report.html
    sections = demo_report.document.sections
    blocks = [block for section in sections for block in section.blocks]
    figures = [block for block in blocks if isinstance(block, Figure | Grid | Remarks)]
    assert len(figures) > 20
    assert all(figure.origin.command.startswith("klaster ") for figure in figures)
    assert html.count("<details") >= len(figures)
    # A named question stands with its SPARQL; a gap with its rows and what they cite.
    assert "SELECT ?cluster (MIN(?cn) AS ?clusterName) ?role ?roleCode ?score" in html
    gap = block_of(demo_report, "gaps", Remarks).entries[0]
    records = [demo_report.document.records[iri] for iri in gap.origin.rests_on]
    assert ("products.csv", "2") in {place for record in records for place in record.places}
    assert any(one.address.startswith("http") for record in records for one in record.references)
    assert "actors.csv: " in html
    assert "https://doi.org/10.2307/3033543" in html


def test_a_command_under_a_figure_runs_as_it_stands(demo_report, demo_graph, monkeypatch) -> None:
    import shlex

    monkeypatch.chdir(demo_graph.path.parent)
    commands = {shlex.split(origin.command)[1]: origin for origin in demo_report.document.origins()}
    assert set(commands) >= {"central", "missing", "policy", "query", "check", "info", "sources"}
    for origin in commands.values():
        result = CliRunner().invoke(main, shlex.split(origin.command)[1:])
        assert (result.exit_code, bool(result.stdout)) == (0, True), origin.command


EXPORTS = [
    {"exporter": "weave", "product": "cloth", "destination": "KZ", "year": "2024", "value": "60"},
    {"exporter": "weave", "product": "cloth", "destination": "RU", "year": "2024", "value": "20"},
    {"exporter": "weave", "product": "yarn", "destination": "KZ", "year": "2024", "value": "20"},
    {"exporter": "spin", "product": "yarn", "destination": "", "year": "2024", "value": "5"},
]


def test_the_concentration_of_exports_worked_out_by_hand(tmp_path) -> None:
    rows = [{**row, "currency": "USD"} for row in EXPORTS]
    graph = made(tmp_path, {**SMALL, "exports": rows})
    (weaver, spinner) = concentration(graph._columns).to_dicts()
    # Products 80 and 20 of 100: 0.64 + 0.04; markets the same 80 and 20.
    assert (weaver["products"], weaver["markets"], weaver["value"]) == (2, 2, 100)
    assert weaver["product_index"] == pytest.approx(0.68)
    assert weaver["market_index"] == pytest.approx(0.68)
    assert spinner["product_index"] == 1
    assert (spinner["markets"], spinner["market_index"]) == (0, None)
    report = graph.report()
    assert (
        "those of Weaver (2024): 100 USD; recorded products: 2, concentration by product 0.68"
        in (prose(report, "exports"))
    )
    curve = block_of(report, "exports", Figure)
    assert curve.told == ("1. Cloth: 80%", "2. Yarn: 100%")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_actor_alone_gives_a_report_that_says_what_is_lacking(tmp_path, language) -> None:
    graph = made(tmp_path, {"actors": [{"id": "a", "name": "Alone", "kind": "enterprise"}]})
    report = graph.report(language=language)
    assert [section.key for section in report.document.sections] == SECTIONS
    if language == "en":
        for key, told in {
            "summary": "The graph holds 1 actor and 0 recorded links.",
            "clusters": "No cluster with a member is recorded",
            "central": "No link between actors is recorded",
            "support": "No support instrument is recorded.",
            "exports": "No export of a value is recorded",
        }.items():
            assert told in prose(report, key)


def test_a_report_on_a_cluster_and_a_day_is_of_that_cluster_and_day(demo_graph) -> None:
    report = demo_graph.report(cluster="livestock", date=dt.date(2020, 1, 1))
    document = report.document
    assert document.title == "Livestock cluster: actors, gaps and support"
    assert "as of 1 January 2020" in " ".join(document.about)
    (card,) = [block for block in document.sections[2].blocks if isinstance(block, Grid)]
    assert [heading.label for heading in card.sheet.headings] == ["Item", "Livestock cluster"]
    assert "--date 2020-01-01" in card.origin.command
    assert "--cluster" in card.origin.command


def test_what_takes_minutes_is_left_to_its_command(small_graph, monkeypatch) -> None:
    monkeypatch.setattr("klaster.graph.findings.predicted.UNASKED_UP_TO", 1)
    monkeypatch.setattr("klaster.graph.reporting.gathered.CHECKED_UP_TO", 1)
    report = small_graph.report()
    assert "klaster missing small.klaster --predict" in prose(report, "suggestions")
    assert "klaster check small.klaster" in prose(report, "quality")


def test_a_large_network_is_drawn_by_clusters_and_counted_by_partners(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("klaster.graph.reporting.network.MOST_DRAWN", 4)
    two = [{"id": "d", "name": "Other", "sector": "cotton-textile", "coverage": "news"}]
    joined = [{"actor": "bank", "cluster": "d"}]
    apart = [row for row in SMALL["memberships"] if row["actor"] != "bank"]
    graph = made(
        tmp_path,
        {**SMALL, "clusters": SMALL["clusters"] + two, "memberships": apart + joined},
    )
    report = graph.report()
    picture = block_of(report, "network", Figure)
    assert picture.told == ("Cotton: 4 actors", "Other: 1 actor")
    # Partners: none 1 (bank), one 2 (ginner, institute), two or three 2 (spinner, weaver).
    partners = block_of(report, "network", Figure, 2)
    assert partners.told == ("0: 1", "1: 2", "2–3: 2")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append((tag, dict(attrs)))


def evil_report(folder):
    tables = {name: [dict(row) for row in rows] for name, rows in SMALL.items()}
    for row in tables["actors"]:
        row |= {"name": EVIL + row["name"], "place": EVIL, "note": EVIL, "source": "s"}
    tables["clusters"][0] |= {"name": EVIL, "name_uz": EVIL, "note": EVIL, "coverage": "news"}
    for row in [*tables["products"], *tables["instruments"], *tables["policies"]]:
        row["name" if "name" in row else "title"] = EVIL
    tables["exports"] = [{**row, "currency": "USD", "note": EVIL} for row in EXPORTS]
    tables["claims"] = [
        {"cause": "cluster-policy", "effect": "export-potential", "quote": EVIL, "language": "en"}
    ]
    tables["sources"] = [
        {"id": "s", "title": EVIL, "publisher": EVIL, "url": "javascript:alert(1)//" + EVIL}
    ]
    graph = klaster.open(folder / "evil.klaster")
    graph.load(write_tables(folder / "t", tables), loaded_at=LOADED_AT)
    # The title has the name of the folder, which anybody may give another.
    renamed = graph.path.rename(folder / 'e<svg onload=alert(9)>";}*{content:"x.klaster')
    return klaster.open(renamed).report(language="uz")


def test_hostile_text_stays_text_in_both_forms(tmp_path) -> None:
    report = evil_report(tmp_path)
    tags = Tags(report.html).seen
    names = {tag for tag, _ in tags}
    assert not names & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert not [key for _, given in tags for key in given if key.startswith("on") or key == "style"]
    assert not [given for tag, given in tags if tag == "a" and "script" in (given["href"] or "")]
    assert report.html.count("</style>") == 1
    # Without what is escaped, and what stands in code, neither a tag nor a link is left.
    unescaped = re.sub(r"\\.", "", report.markdown)
    outside = re.sub(r"(?s)```.*?```|`[^`]*`", "", unescaped)
    assert set(re.findall(r"<[^>]*>", outside)) == {
        "<details>", "</details>", "<summary>", "</summary>",
    }  # fmt: skip
    assert "](" not in outside


def run(*args):
    return CliRunner(env={"LANG": "C.UTF-8"}).invoke(main, [str(arg) for arg in args])


def test_the_command_writes_what_the_suffix_says(tmp_path, small_graph) -> None:
    for name, start in (("r.html", "<!DOCTYPE html>"), ("sub/r.md", "# Кластеры")):
        result = run("report", small_graph.path, "-o", tmp_path / name, "--lang", "ru")
        assert (result.exit_code, result.stdout) == (0, ""), result.output
        assert (tmp_path / name).read_text("utf-8").startswith(start)
    refused = run("report", small_graph.path, "-o", tmp_path / "r.pdf", "--lang", "en")
    assert refused.exit_code == 1
    assert refused.stderr.strip().endswith("a report is written as .html or .md")
    assert run("report", small_graph.path, "-o", "/proc/r.md", "--lang", "en").exit_code == 1


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a report and watches what it does."""
    context = browser.new_context(viewport={"width": 900, "height": 1000})

    def open_report(report):
        path = tmp_path / "report.html"
        path.write_text(report.html, "utf-8")
        page = context.new_page()
        page.seen = []
        page.on("console", lambda message: page.seen.append(message.text))
        page.on("pageerror", lambda error: page.seen.append(str(error)))
        page.on("dialog", lambda dialog: (page.seen.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda asked: page.seen.append(asked.url) if asked.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        return page

    yield open_report
    context.close()


# Boxes of the words of each chart: those that cover each other, and those that stick out.
WORDS = """() => [...document.querySelectorAll('svg.chart')].flatMap(chart => {
  const frame = chart.getBoundingClientRect();
  const words = [...chart.querySelectorAll('text')].map(e => [e.textContent, e.getBoundingClientRect()]);
  const out = words.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1
    || b.top < frame.top - 1 || b.bottom > frame.bottom + 1).map(([t]) => 'out: ' + t);
  // Letters do not fill their box: a quarter of its height is air.
  words.forEach(([a, p], i) => words.slice(i + 1).forEach(([b, q]) => {
    const air = 0.25 * p.height;
    if (p.left < q.right - 1 && q.left < p.right - 1 && p.top + air < q.bottom && q.top + air < p.bottom)
      out.push(a + ' | ' + b);
  }));
  return out;
})"""


def test_the_report_opens_without_a_request_and_no_word_covers_another(opened, demo_report) -> None:
    page = opened(demo_report)
    assert page.seen == []
    assert page.evaluate("document.scripts.length + document.images.length") == 0
    assert page.evaluate(WORDS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    named = page.evaluate(
        "[...document.querySelectorAll('svg.chart')].every(c => c.querySelector('title').textContent"
        " && c.querySelector('desc').textContent)"
    )
    assert named


def test_the_report_prints_on_pages_of_a4(opened, demo_report) -> None:
    page = opened(demo_report)
    page.emulate_media(media="print")
    # The text of an A4 page is 174 mm wide: nothing may be wider, or it would be cut off.
    page.set_viewport_size({"width": 657, "height": 972})
    wide = page.evaluate(
        "[...document.querySelectorAll('table, svg, pre, p')].filter(e =>"
        " e.getBoundingClientRect().right > 658).map(e => e.textContent.slice(0, 60))"
    )
    assert wide == []
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert len(boxes) > 5
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}


def test_nothing_hostile_runs_in_a_browser(opened, tmp_path) -> None:
    page = opened(evil_report(tmp_path))
    assert page.seen == []
    assert page.evaluate("document.images.length") == 0
    assert EVIL in page.inner_text("main")
    assert page.evaluate(WORDS) == []


def test_the_policy_allows_one_style_sheet_and_nothing_else(small_reports) -> None:
    html = small_reports["en"].html
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "script-src" not in policy
    assert not re.findall(r'(?:src|srcset|href)="(?!#|https?://)', html)


def test_names_of_several_sources_are_told_apart(tmp_path, small_source) -> None:
    graph = klaster.open(tmp_path / "two.klaster")
    other = {"actors": [{"id": "x", "name": "X", "kind": "enterprise", "employees": "3"}]}
    graph.load(small_source, write_tables(tmp_path / "other", other), loaded_at=LOADED_AT)
    report = graph.report()
    assert "small: supplies.csv: " in report.markdown
    assert "do not disagree on any fact" in prose(report, "quality")


def test_what_could_come_next_and_the_product_space_are_reported(tmp_path) -> None:
    report = made(tmp_path, CHAIN).report()
    (points,) = [block for block in blocks_of(report, "exports") if isinstance(block, Points)]
    assert points.statements[0].startswith("Cluster 1: Dress is not recorded as made there")
    drawings = [
        block
        for block in blocks_of(report, "exports")
        if isinstance(block, Figure) and isinstance(block.chart, Drawing)
    ]
    (space,) = drawings
    # The cluster that makes the most of those that do not make all.
    assert space.caption == "Products around what Cluster 1 makes"
    assert {(dot.label, dot.style) for dot in space.chart.dots} == {
        ("Fibre", "made"), ("Yarn", "made"), ("Cloth", "made"), ("Dress", "near"),
    }  # fmt: skip
    # Three links hold four products together; fibre and yarn, yarn and cloth are near besides.
    assert len(space.chart.links) >= 3
    assert "klaster potential made.klaster --show next --of" in space.origin.command
    assert "Dress" in report.html


def test_the_concentration_of_the_years_is_drawn_where_years_are_known(tmp_path) -> None:
    report = made(tmp_path, CHAIN).report()
    trends = [
        block
        for block in blocks_of(report, "exports")
        if isinstance(block, Figure) and isinstance(block.chart, Trend)
    ]
    (trend,) = trends
    assert trend.chart.ticks == ("2022", "2023")
    assert [figures for _, figures in trend.chart.series] == [(0.25, 0.25), (0.25, 0.25)]
    assert trend.told[0] == "by product (Herfindahl index), 2022: 0.2500"


def blocks_of(report, key):
    return next(section.blocks for section in report.document.sections if section.key == key)
