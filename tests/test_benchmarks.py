"""The benchmarks' made-up networks, and how their results are compared, kept and shown."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from klaster.loaders.sources import read_source

FOLDER = Path(__file__).parents[1] / "benchmarks"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not beside the tests", allow_module_level=True)
# At the end, so that they hide no other module.
sys.path += [str(FOLDER), str(FOLDER / "scale")]
economy, supply, generator, results, statements, charts, measuring, report, growth = map(
    importlib.import_module,
    (
        "economy",
        "supply",
        "generate",
        "results",
        "statements",
        "charts",
        "measuring",
        "report",
        "growth",
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    generator.generate(600, folder, seed=1)
    return folder


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_seed_makes_the_same_bytes(tmp_path: Path, form: str) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        generator.generate(300, tmp_path / name, seed=seed, form=form)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert f"supplies.{form}" in files
    assert len(files) == 15
    for name in files:
        one, again = ((tmp_path / folder / name).read_bytes() for folder in ("one", "again"))
        assert one == again
    names = [tmp_path / folder / f"supplies.{form}" for folder in ("one", "other")]
    assert names[0].read_bytes() != names[1].read_bytes()


def test_every_row_can_be_loaded_from_both_forms(made: Path, tmp_path: Path) -> None:
    rows = generator.generate(600, tmp_path, seed=1, form="parquet")
    for folder in (made, tmp_path):
        loaded = read_source(folder, base="https://example.org/", name="made-up")
        assert (loaded.skipped, loaded.unread) == ([], [])
        assert {name: frame.height for name, frame in loaded.tables.frames.items()} == rows


def test_too_few_firms_are_refused(tmp_path: Path) -> None:
    generator.generate(10, tmp_path)
    with pytest.raises(ValueError, match="9 firms"):
        generator.generate(9, tmp_path)


def test_links_are_as_many_as_asked_for_and_each_is_another(made: Path) -> None:
    links = pl.read_csv(made / "supplies.csv", infer_schema=False)
    assert links.height == 6_000
    assert links.select("supplier", "buyer", "product", "kind").is_unique().all()
    assert (links["supplier"] != links["buyer"]).all()


def test_a_supplier_makes_what_it_sells_and_a_buyer_mostly_needs_it() -> None:
    chance = np.random.default_rng(0)
    products = economy.make_products(chance, 2_000)
    firms = economy.make_firms(chance, 2_000, 8, products)
    links = supply.make_supplies(chance, firms, products, 20_000, len(economy.REGIONS))
    made = pl.DataFrame({"actor": firms.maker, "product": firms.product})
    assert set(made.group_by("actor").len()["len"]) == {1, 2, 3}
    goods = pl.DataFrame(
        {"actor": links.supplier, "buyer": links.buyer, "product": links.product},
        schema={"actor": pl.Int64, "buyer": pl.Int64, "product": pl.Int64},
    ).filter(pl.col("product") >= 0)
    assert goods.join(made, on=["actor", "product"], how="anti").is_empty()
    recipes = pl.DataFrame({"product": products.made, "input": products.input})
    needs = made.join(recipes, on="product").select(buyer="actor", product="input").unique()
    needed = goods.join(needs, on=["buyer", "product"], how="semi").height / goods.height
    assert 0.6 < needed < 0.95
    # No industry makes what is another's.
    assert (products.industry[firms.product] == firms.industry[firms.maker]).all()


def test_a_few_sell_to_very_many_and_half_the_trade_is_near() -> None:
    chance = np.random.default_rng(0)
    products = economy.make_products(chance, 5_000)
    firms = economy.make_firms(chance, 5_000, 20, products)
    links = supply.make_supplies(chance, firms, products, 50_000, len(economy.REGIONS))
    for ends in (links.supplier, links.buyer):
        degrees = np.bincount(ends)
        assert degrees.max() > 20 * np.median(degrees[degrees > 0])
    near = (firms.region[links.supplier] == firms.region[links.buyer]).mean()
    assert 0.35 < near < 0.6


def test_a_link_is_drawn_by_weight_within_its_span_alone() -> None:
    reach = economy.running(np.array([1.0, 3.0, 0.0, 5.0]))
    start, end = np.repeat([0, 2, 2], 4_000), np.repeat([2, 3, 4], 4_000)
    at, there = economy.draw_within(np.random.default_rng(0), reach, start, end)
    first, empty, last = at.reshape(3, -1)
    assert abs((first == 1).mean() - 0.75) < 0.03
    assert set(first) == {0, 1}
    assert set(last) == {3}
    assert set(empty) == {2}
    assert there.reshape(3, -1).all(axis=1).tolist() == [True, False, True]


def test_a_section_takes_the_place_of_the_one_it_replaces_and_all_else_stays(
    tmp_path: Path,
) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text(
        "# All\n\n## One\n\n1\n\n### Part\n\n## Two\n\n```\n## no heading\n```\n", "utf-8"
    )
    results.put("## One\n\nnew\n", path)
    results.put("## Three\n3", path)
    expected = "# All\n\n## One\n\nnew\n\n## Two\n\n```\n## no heading\n```\n\n## Three\n3\n"
    assert path.read_text("utf-8") == expected
    results.put("# Other\n\n## Three\n\n4\n", path)
    assert path.read_text("utf-8") == expected.replace("# All", "# Other").replace(
        "\n3\n", "\n\n4\n"
    )
    with pytest.raises(ValueError, match="One"):
        results.put("## One\n\n## One\n", path)


TEXT = r"""<https://e.org/actor/1> <https://e.org/name> "A \"q\" \\n b" <https://e.org/g> .
<https://e.org/actor/1> <https://e.org/value> "1.50"^^<http://www.w3.org/2001/XMLSchema#decimal> <https://e.org/g> .
<https://e.org/actor/1> <https://e.org/in> <https://e.org/actor/2> <https://e.org/g> .
<https://e.org/actor/2> <https://e.org/name> "Б"@ru <https://e.org/g> .
<https://e.org/actor/2> <https://e.org/knows> <https://e.org/actor/1> <https://e.org/g> .
<https://e.org/actor/2> <https://e.org/knows> <https://e.org/actor/2> <https://e.org/g> .
"""


def test_tables_for_peers_say_what_the_text_says(tmp_path: Path) -> None:
    text = tmp_path / "text.nq"
    text.write_text(TEXT, "utf-8")
    tables = statements.write_tables(text, tmp_path / "tables", base="https://e.org/")
    assert tables == statements.read_tables(tmp_path / "tables")
    first = tables[-1].frame().row(0, named=True)
    assert 'A "q" \\n b' in first.values()
    again = tmp_path / "again.nt"
    assert statements.expected(tables, again) == 6
    assert statements.digest(again) == statements.digest(text)
    part = tmp_path / "part.nt"
    assert statements.expected(tables, part, share=0.5) < 6


def test_a_digest_sees_every_change_but_not_how_a_statement_is_written(tmp_path: Path) -> None:
    path = tmp_path / "text"

    def digest(text: str) -> tuple[int, str]:
        path.write_text(text, "utf-8")
        found: tuple[int, str] = statements.digest(path)
        return found

    lines = TEXT.replace(" <https://e.org/g>", "").splitlines()
    triples = "\n".join([*reversed(lines), lines[0]])
    same = triples.replace('"1.50"', '"1.5"').replace(
        r'\\n b"', r'\\n b"^^<http://www.w3.org/2001/XMLSchema#string>'
    )
    assert digest(TEXT) == digest(triples) == digest(same)
    assert digest(TEXT)[0] == 6
    for old, new in (("1.50", "1.51"), ("@ru", "@uz"), ("actor/2> .", "actor/3> .")):
        assert old in triples
        assert digest(triples.replace(old, new)) != digest(TEXT)
    assert digest("\n".join(lines[1:]))[0] == 5


def test_work_is_measured_and_ended_where_it_takes_too_much(tmp_path: Path) -> None:
    limits = measuring.Limits(seconds=1, gigabytes=1)
    begin = [sys.executable, "-c"]
    assert measuring.command([*begin, "pass"], limits)["status"] == "ok"
    slow = measuring.command([*begin, "import time; time.sleep(60)"], limits)
    assert slow["status"] == "ended after 1 s"
    assert slow["wall"] < 10
    wrong = measuring.command([*begin, "raise ValueError('no such thing')"], limits)
    assert wrong["status"] == "failed: ValueError: no such thing"
    # What this process holds is no memory of another's.
    ours = bytearray(300_000_000)
    small = measuring.command([*begin, "import time; time.sleep(0.5)"], limits)
    assert 5 < small["peak_mb"] < 100
    del ours
    much = "x = bytearray(400_000_000)\nimport time; time.sleep(60)"
    little = measuring.Limits(seconds=30, gigabytes=0.2)
    assert measuring.command([*begin, much], little)["status"] == "ended at 0.2 GB"


def test_growth_is_the_slope_of_the_logarithms_and_the_chart_shows_each_line() -> None:
    lines = {"a < b": [(1e4, 1.0), (1e5, 10.0), (1e6, 100.0)], "c": [(1e4, 0.02), (1e6, 2e2)]}
    assert charts.exponent(lines["a < b"]) == pytest.approx(1)
    assert charts.exponent(lines["c"]) == pytest.approx(2)
    drawn = charts.chart(lines, across="links", up="CPU s", title="a & b")
    root = ET.fromstring(drawn)  # noqa: S314
    names = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "c", "10,000", "1,000,000", "0.01", "1,000"} <= set(names)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 5


def test_results_are_kept_and_a_row_that_was_not_run_again_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path / "scale.json")
    ours = {
        "engine": "klaster",
        "status": "ok",
        "cpu": 2.0,
        "wall": 2.0,
        "count": 1_000,
        "share": 1.0,
    }
    theirs = {
        "engine": "rdflib",
        "status": "ok",
        "cpu": 3.0,
        "wall": 3.0,
        "count": 100,
        "share": 0.1,
    }
    other = {"engine": "maplib", "status": "ended after 5 s"}
    differs = {"engine": "kglab", "status": "ok", "cpu": 5.0, "count": 9, "agrees": False}
    about = {"date": "2026-01-01", "about": "one thread", "versions": "Python 3"}
    report.record("quads", 1_000, about, [ours, theirs, other, differs])
    report.record("quads", 1_000, {**about, "date": "2026-02-02"}, [{**ours, "cpu": 4.0}])
    text = report.section(report.read())
    # 3 s for 100 statements are 7.5 times 4 s for 1,000, and 15 times 2 s by the clock.
    assert (
        "7.5 a statement | 15.0 a statement | on 10% of the rows, from a run of 2026-01-01 |"
        in text
    )
    assert "ended after 5 s, from a run of 2026-01-01" in text
    assert "| kglab | 9 | 5.000 | – | – | 1.2 | – | **DIFFERS**" in text
    assert "1,000 firms: 2026-02-02, one thread." in text


def test_the_exponent_of_each_step_is_told_and_what_grows_too_fast_is_marked() -> None:
    def size(links: int, load: float, rules: float) -> dict[str, object]:
        rows = [
            {"engine": "load", "status": "ok", "cpu": load, "laps": {"read": load / 2}, "rows": {"supplies": links}},
            {"engine": "rules", "status": "ok", "cpu": rules, "laps": {}},
        ]  # fmt: skip
        return {"date": "2026-01-01", "about": "", "rows": rows}

    sizes = {"1000": size(10_000, 1.0, 0.5), "10000": size(100_000, 10.0, 50.0)}
    told = list(growth.growth(sizes))
    assert any(
        line.startswith("load: tables to a graph on disk: CPU grows as links^1.00") for line in told
    )
    assert any(line.startswith("load, read: CPU grows as links^1.00") for line in told)
    (fast,) = [line for line in told if "faster" in line]
    assert fast.startswith("gaps by all rules: CPU grows as links^2.00 (n log n: 1.10)")


def test_a_stage_compares_what_the_engines_write_and_tells_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = [sys.executable, str(FOLDER / "scale"), "quads", "--firms", "60", "--only", "rdflib"]
    asked = [*argv, "--work-folder", str(tmp_path / "work"), "--results", str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours, theirs = json.loads((tmp_path / "scale.json").read_text("utf-8"))["quads"]["60"]["rows"]
    assert theirs["agrees"]
    assert theirs["digest"] == ours["digest"]
    assert ours["count"] > 5_000
    assert "| 60 | rdflib |" in (tmp_path / "RESULTS.md").read_text("utf-8")

    quads, workroom = importlib.import_module("quads"), importlib.import_module("workroom")

    def forgetful(given: Any, tables: Any, target: Path, share: float) -> dict[str, Any]:
        statements.expected(tables, target, share=share)
        target.write_bytes(target.read_bytes().partition(b"\n")[2])
        return {"status": "ok", "cpu": 1.0}

    monkeypatch.setitem(quads._ENGINES, "rdflib", forgetful)
    limits = measuring.Limits(seconds=60, gigabytes=4)
    given = workroom.Given(60, tmp_path / "work", limits, only=("rdflib",))
    *_, row = quads.run(given, lambda _: None)
    assert not row["agrees"]
    assert row["count"] == ours["count"] - 1


def test_what_peers_are_given_is_what_klaster_answers_from(tmp_path: Path) -> None:
    engines = ["rdflib to arrays", "Oxigraph", "rdflib", "info", "query"]
    argv = [sys.executable, str(FOLDER / "scale"), "projection", "gaps", "answers", "--firms", "80"]
    asked = [*argv, "--work-folder", str(tmp_path / "work"), "--results", str(tmp_path)]
    done = subprocess.run([*asked, "--only", *engines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "scale.json").read_text("utf-8"))
    edges = {row["engine"]: row for row in found["projection"]["80"]["rows"]}
    assert edges["rdflib to arrays"]["agrees"]
    assert edges["klaster"]["count"] > 500
    gaps = {row["engine"]: row for row in found["gaps"]["80"]["rows"]}
    assert gaps["Oxigraph MINUS"]["agrees"]
    assert gaps["rdflib MINUS"]["agrees"]
    assert gaps["klaster: the question"]["count"] > 10
    answered = {row["engine"]: row["status"] for row in found["answers"]["80"]["rows"]}
    assert [*answered.values()] == ["ok", "ok", "ok"], answered
    told = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "| `info GRAPH` |" in told
