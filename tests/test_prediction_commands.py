"""Predicted links and their backtest as a user asks for them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from made_up import write_tables

import klaster
from klaster.cli import main


def circles() -> dict[str, list[dict[str, str]]]:
    """Four circles of sixteen firms who work together in threes, the last projects the latest."""
    groups = [[f"a{circle}{who:02}" for who in range(16)] for circle in range(4)]
    rng = np.random.default_rng(0)
    return {
        "actors": [
            {"id": who, "name": who.upper(), "kind": "enterprise"}
            for group in groups
            for who in group
        ],
        "cooperations": [
            {
                "id": f"p{number}",
                "kind": "joint-rd",
                "participant": who,
                "valid_from": f"{2010 + number // 20}-01-01",
            }
            for number in range(160)
            for who in rng.choice(groups[number % 4], 3, replace=False)
        ],
    }


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp("circles")
    made = klaster.open(folder / "g.klaster")
    made.load(write_tables(folder / "t", circles()))
    return made


def run(*args):
    ended = CliRunner().invoke(main, [str(arg) for arg in args])
    assert not ended.exception or isinstance(ended.exception, SystemExit), ended.output
    return ended


def test_suggestions_are_printed_with_evidence_and_the_audit_beside_them(graph) -> None:
    ended = run("missing", graph.path, "--predict", "--top", 5, "--format", "json", "--lang", "en")
    rows = json.loads(ended.stdout)
    assert len(rows) == 5
    keys = ["source", "target", "source_label", "target_label", "score", "evidence", "text"]
    assert list(rows[0])[:7] == keys
    assert all(row["evidence"] and row["text"] for row in rows)
    assert all(row["source_label"][:2] == row["target_label"][:2] for row in rows)
    assert "cooperation: " in ended.stderr
    audit = json.loads(run("missing", graph.path, "--audit", "--format", "json").stdout)
    assert [row["predictable"] for row in audit] == [True]
    assert audit[0]["auc_degree_low"] > 0.6


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_stack_is_asked_for_and_its_lack_of_links_told(graph, language) -> None:
    order = ("--predict", "--model", "stack", "--top", 3, "--format", "json", "--lang", language)
    ended = run("missing", graph.path, *order)
    plain = run("missing", graph.path, *order[:1], *order[3:])
    assert json.loads(ended.stdout) == json.loads(plain.stdout)
    told = {"en": "usual weights", "ru": "обычные веса", "uz": "odatdagi vaznlar"}[language]
    assert told in ended.stderr
    assert told not in plain.stderr


def test_a_stack_is_told_evidence_by_evidence(tmp_path) -> None:
    tables = circles()
    # Four circles of sixty in ten years: of the last ones over five hundred pairs are new.
    rng = np.random.default_rng(1)
    big = [f"b{at:03}" for at in range(240)]
    tables["actors"] = [{"id": who, "name": who, "kind": "enterprise"} for who in big]
    tables["cooperations"] = [
        {
            "id": f"q{number}",
            "kind": "joint-rd",
            "participant": who,
            "valid_from": f"{2010 + number // 160}",
        }
        for number in range(1600)
        for who in rng.choice(big[number % 4 * 60 : number % 4 * 60 + 60], 3, replace=False)
    ]
    made = klaster.open(tmp_path / "g.klaster")
    made.load(write_tables(tmp_path / "t", tables))
    found = made.predict(layers=["cooperation"], count=5, model="stack")
    assert [row["model"] for row in found.audit_rows("en")] == ["stack"]
    for item in found.suggestions:
        assert item.score == pytest.approx(sum(item.parts.values()))
        assert item.text["en"]


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_table_of_suggestions_says_that_they_are_no_facts(graph, language) -> None:
    order = ("--predict", "--top", 3, "--format", "table", "--lang", language)
    ended = run("missing", graph.path, *order)
    assert " → " in ended.stdout
    told = {"en": "not a fact", "ru": "а не факт", "uz": "fakt emas"}[language]
    assert told in " ".join(ended.stderr.split())


def test_a_backtest_by_day_and_by_a_file_of_later_links_agree(graph, tmp_path) -> None:
    by_day = json.loads(
        run("backtest", graph.path, "--cut", "2017-01-01", "--format", "json").stdout
    )
    assert [row["method"] for row in by_day] == ["ensemble"]
    assert by_day[0]["auc_random"] > 0.8
    later = [row for row in circles()["cooperations"] if row["valid_from"] >= "2017"]
    projects: dict[str, list[str]] = {}
    for row in later:
        projects.setdefault(row["id"], []).append(row["participant"])
    pairs = [(a, b) for who in projects.values() for a in who for b in who if a < b]
    truth = tmp_path / "truth.csv"
    truth.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in pairs), "utf-8")
    order = ("--cut", "2017-01-01", "--truth", truth, "--format", "json")
    by_file = json.loads(run("backtest", graph.path, *order).stdout)
    assert by_file[0]["positives"] == by_day[0]["positives"]
    assert by_file[0]["auc_random"] == pytest.approx(by_day[0]["auc_random"], abs=0.05)
    several = run("backtest", graph.path, "--cut", "2017-01-01", "--all-methods", "--format", "csv")
    assert len(several.stdout.splitlines()) > 3


@pytest.mark.parametrize("content", ["", "one\na\n"])
def test_a_file_that_holds_no_pairs_is_refused_in_words(graph, tmp_path, content) -> None:
    (tmp_path / "truth.csv").write_text(content, "utf-8")
    ended = run("backtest", graph.path, "--truth", tmp_path / "truth.csv", "--lang", "en")
    assert ended.exit_code == 1
    assert "two columns" in ended.stderr


def test_nothing_to_foretell_is_said_in_words(small_graph) -> None:
    ended = run("backtest", small_graph.path, "--cut", "1990-01-01")
    assert ended.exit_code == 1
    assert len(ended.stderr.splitlines()) == 1


def test_an_audit_alone_looks_for_no_suggestions(graph, monkeypatch) -> None:
    whole = graph.predict()
    monkeypatch.setattr("klaster.graph.findings.predicted.suggest", None)
    found = graph.predict(count=0)
    assert found.audit_rows("en") == whole.audit_rows("en")
    assert found.suggestions == ()
    assert json.loads(run("missing", graph.path, "--audit", "--format", "json").stdout)


def test_how_far_the_search_is_told_as_it_goes(graph) -> None:
    told: list[float] = []
    assert graph.predict(count=3, share=told.append).suggestions
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1
    # Cooperation, the second of three layers, is gone through to its end; then the third begins.
    assert [done for done in told if done == pytest.approx(2 / 3)] == told[-2:]
