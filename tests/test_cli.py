"""The commands as a user types them."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up import SMALL, write_tables

import klaster
from klaster.cli import main

ROOT = Path(__file__).parents[1]


def run(*args, columns: int | None = None, **environment):
    variables = {"LANG": "C.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "COLUMNS": None}
    variables |= {"COLUMNS": str(columns)} if columns else {}
    return CliRunner(env=variables | environment).invoke(main, [str(arg) for arg in args])


def done(*args, **options):
    result = run(*args, **options)
    assert result.exit_code == 0, result.output
    return result


def test_load_then_ask(tmp_path, small_source) -> None:
    graph = tmp_path / "g.klaster"
    result = done("load", small_source, "--into", graph)
    assert "small: loaded" in result.stderr
    assert result.stdout == ""
    assert "not changed" in done("load", small_source, "--into", graph).stderr
    count = "SELECT (COUNT(?a) AS ?n) WHERE { ?a a kl:Actor }"
    assert done("query", graph, count).stdout == "n\n5\n"
    assert json.loads(done("query", graph, count, "--format", "json").stdout) == [{"n": 5}]
    query = tmp_path / "q.rq"
    query.write_text("ASK { ?a a kl:Cluster }", "utf-8")
    assert done("query", graph, "-f", query).stdout == "answer\ntrue\n"


def test_central_prints_the_json_of_the_documentation(small_graph) -> None:
    rows = json.loads(
        done("central", small_graph.path, "--by", "degree", "--format", "json").stdout
    )
    assert list(rows[0])[:5] == ["actor", "label", "kind", "rank", "degree"]
    assert set(rows[0]) == {
        "actor", "label", "kind", "rank", "degree", "betweenness", "in_degree", "out_degree",
        "pagerank", "core", "cut", "constraint", "harmonic_upstream", "harmonic_downstream",
        "dominated", "participation", "pagerank_upstream", "in_strength", "out_strength",
        "percentile",
    }  # fmt: skip
    assert [(row["label"], row["rank"], row["degree"]) for row in rows] == [
        ("Spinner", 1, 2), ("Weaver", 1, 2), ("Ginner", 3, 1), ("Institute", 3, 1), ("Bank", 5, 0),
    ]  # fmt: skip
    assert rows[0]["actor"] == f"{small_graph.base}actor/small/spin"


def test_central_on_the_florentine_families(florentine_graph) -> None:
    command = (
        "central",
        florentine_graph.path,
        "--by",
        "degree",
        "--format",
        "json",
        "--top",
        "16",
    )
    rows = json.loads(done(*command).stdout)
    assert len(rows) == 16
    assert (rows[0]["label"], rows[0]["degree"]) == ("Medici", 6)
    assert rows[0]["betweenness"] == pytest.approx(0.452381, abs=1e-6)


def test_missing_prints_the_json_of_the_documentation(small_graph) -> None:
    rows = json.loads(done("missing", small_graph.path, "--format", "json", "--lang", "uz").stdout)
    assert set(rows[0]) == {
        "rule",
        "severity",
        "subjects",
        "numbers",
        "evidence",
        "text",
        "confidence",
    }
    assert len(rows) == len(small_graph.missing())
    assert any("qayd etil" in row["text"] for row in rows)


def test_a_pipe_gets_csv_and_a_terminal_a_table(small_graph) -> None:
    piped = done("missing", small_graph.path).stdout
    rows = list(csv.DictReader(io.StringIO(piped)))
    assert rows[0]["rule"] == "G4"
    table = done("missing", small_graph.path, "--format", "table").stdout
    assert table.startswith("severity")
    assert done("missing", small_graph.path, "--format", "md").stdout.startswith("| severity |")


def test_a_wider_terminal_shows_more_measures(demo_graph) -> None:
    command = ("central", demo_graph.path, "--format", "table")
    assert "constraint" not in done(*command, columns=80).stdout
    wide = done(*command, columns=200)
    assert "constraint" in wide.stdout.partition("─")[0]
    assert "constraint: How much its partners are linked" in wide.stderr


def test_ties_are_shown_as_ties(demo_graph) -> None:
    command = ("central", demo_graph.path, "--no-interval", "--format", "table")
    lines = done(*command).stdout.splitlines()
    assert lines[2].split()[0] == "1"
    assert lines[3].split()[0] == "2="


def test_the_language_comes_from_the_locale_or_the_option(small_graph) -> None:
    asked = ("check", small_graph.path, "--format", "table")
    assert "соответствует" in done(*asked, LANG="ru_RU.UTF-8").stderr
    assert "mos" in done(*asked, LC_ALL="uz_UZ.UTF-8", LANG="ru_RU").stderr
    assert "conforms" in done(*asked, LANG="de_DE.UTF-8").stderr
    assert "conforms" in done(*asked, "--lang", "en", LANG="ru_RU.UTF-8").stderr


def test_quiet_prints_results_only(tmp_path, small_source, small_graph) -> None:
    result = done("load", small_source, "--into", tmp_path / "g.klaster", "--quiet")
    assert result.output == ""
    assert done("central", small_graph.path, "--quiet", "--format", "table").stderr == ""


def test_check_exits_with_1_where_the_graph_does_not_conform(tmp_path) -> None:
    tables = SMALL | {"supplies": [{"supplier": "gin", "buyer": "gin", "product": "yarn"}]}
    graph = tmp_path / "g.klaster"
    done("load", write_tables(tmp_path / "t", tables), "--into", graph)
    result = run("check", graph)
    assert result.exit_code == 1
    (row,) = [
        row for row in csv.DictReader(io.StringIO(result.stdout)) if row["severity"] == "violation"
    ]
    assert (row["source"], row["row"]) == ("t", "supplies.csv!2")


def test_faults_go_to_stderr_in_the_language_with_exit_code_1(tmp_path) -> None:
    source = write_tables(tmp_path / "t", {"actors": [{"id": "a", "name": "", "kind": "firma"}]})
    result = run("load", source, "--into", tmp_path / "g.klaster", "--lang", "ru")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "t: ничего не загружено. Найдено ошибок: 2",
        "  actors.csv, строка 2, столбец name: ячейка пуста, а должна быть заполнена",
        "  actors.csv, строка 2, столбец kind: «firma» нет в списке кодов actor-kind",
    ]
    assert not (tmp_path / "g.klaster").exists()


def test_rows_left_out_are_listed_even_in_quiet(tmp_path) -> None:
    rows = [{"id": "a", "name": "A", "kind": "support"}, {"id": "b", "name": "", "kind": "support"}]
    source = write_tables(tmp_path / "t", {"actors": rows})
    graph = tmp_path / "g.klaster"
    result = done("load", source, "--into", graph, "--skip-bad-rows", "--quiet")
    assert "row 3" in result.stderr
    assert done("query", graph, "SELECT (COUNT(*) AS ?n) { ?a a kl:Actor }").stdout == "n\n1\n"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("central", "nowhere.klaster"), 1),
        (("query", "nowhere.klaster", "ASK {}"), 1),
        (("central", "https://example.org/sparql"), 1),
        (("load", "nowhere.xlsx", "--into", "x.klaster"), 1),
        (("central",), 2),
        (("central", "x", "--top", "0"), 2),
        (("central", "x", "--lang", "de"), 2),
        (("charm", "x"), 2),
    ],
)
def test_wrong_usage_is_2_and_faulty_data_1(tmp_path, monkeypatch, args, code) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert result.exit_code == code
    assert result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless_in_csv(tmp_path) -> None:
    name = '=HYPERLINK("http://x")'
    source = write_tables(
        tmp_path / "t", {"actors": [{"id": "a", "name": name, "kind": "support"}]}
    )
    graph = tmp_path / "g.klaster"
    done("load", source, "--into", graph)
    (row,) = csv.DictReader(io.StringIO(done("central", graph).stdout))
    assert row["label"] == "'" + name
    (row,) = json.loads(done("central", graph, "--format", "json").stdout)
    assert row["label"] == name


def test_the_demonstration_names_what_it_made_and_does_nothing_twice(tmp_path) -> None:
    first = done("demo", tmp_path / "out", columns=100)
    assert "71 actors" in first.stdout.splitlines()[-1]
    for text in ("BCT Cluster", "Raw cotton", "debt rescheduling", "Who is central"):
        assert text in first.stdout
    page = tmp_path / "out" / "uzbekistan.html"
    files = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert page in files
    second = done("demo", tmp_path / "out", columns=100)
    assert "Nothing had changed" in second.stdout.splitlines()[-1]
    after = {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()
    }
    assert after == files
    assert "Hech narsa" not in second.stdout
    third = done("demo", tmp_path / "out", "--lang", "uz", columns=100)
    assert "Yaratildi" in third.stdout.splitlines()[-1]


def test_the_page_is_written_where_it_was_asked_for(small_graph, tmp_path) -> None:
    target = tmp_path / "new" / "page.html"
    result = done("page", small_graph.path, "-o", target, "--lang", "ru")
    assert str(target) in result.stderr
    text = target.read_text("utf-8")
    assert '<html lang="ru"' in text
    assert "Spinner" in text


def test_info_says_what_the_data_cannot_answer(small_graph) -> None:
    rows = list(csv.DictReader(io.StringIO(done("info", small_graph.path).stdout)))
    found = {(row["section"], row["item"]): row["count"] for row in rows}
    assert found["tables", "actors"] == "5"
    assert found["tables", "cooperations"] == "1"
    assert found["links", "supply"] == "2"
    assert found["kinds", "enterprise"] == "3"
    assert found["answers", "awards"] == "yes"
    assert found["languages", "uz"] == "0"


def test_every_command_has_help_and_stands_in_the_documentation() -> None:
    text = (ROOT / "docs/cli.md").read_text("utf-8")
    for name, command in main.commands.items():
        assert command.help, name
        assert f"klaster {name} " in text, name


def test_output_that_is_closed_early_is_no_crash(demo_graph) -> None:
    command = f"{sys.executable} -m klaster missing {demo_graph.path} | head -1"
    ended = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        env=os.environ | {"LANG": "C.UTF-8"},
        check=False,
    )
    assert ended.stdout.startswith("rule,")
    assert "Traceback" not in ended.stderr


def test_sources_are_listed_and_one_can_be_dropped(tmp_path, small_source) -> None:
    graph = tmp_path / "g.klaster"
    done("load", small_source, "--into", graph)
    other = {"actors": [{"id": "o", "name": "Other", "kind": "support"}]}
    done("load", write_tables(tmp_path / "other", other), "--into", graph)
    rows = json.loads(done("sources", graph, "--format", "json").stdout)
    assert [(row["name"], row["kind"], row["rows"]) for row in rows] == [
        ("other", "folder", 1),
        ("small", "folder", sum(map(len, SMALL.values()))),
    ]
    assert "taken out" in done("drop", graph, "other").stderr
    assert len(json.loads(done("sources", graph, "--format", "json").stdout)) == 1
    assert run("drop", graph, "other").exit_code == 1
    grown = SMALL | {"actors": [*SMALL["actors"], other["actors"][0]]}
    source = write_tables(tmp_path / "grown", grown)
    told = done("load", source, "--into", graph, "--name", "small", "--lang", "ru").stderr
    assert "actors: добавлено 1, изменено 0, исчезло 0" in told


@pytest.fixture(scope="module")
def cyrillic_locale(tmp_path_factory) -> dict[str, str]:
    """Make a locale of Windows' Cyrillic encoding, as a system of twenty years ago had."""
    folder = tmp_path_factory.mktemp("locales")
    if not shutil.which("localedef") or not Path("/usr/share/i18n/charmaps/CP1251.gz").exists():
        pytest.skip("no localedef with the charmap CP1251 (Debian: locales)")
    command = ["localedef", "-i", "ru_RU", "-f", "CP1251", folder / "ru_RU.CP1251"]
    subprocess.run(command, check=False, capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": "ru_RU.CP1251", "PYTHONUTF8": "0"}


def loads_under(locale: dict[str, str], folder: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    write_tables(folder / "Кластеры Фарғона", SMALL)
    command = [sys.executable, "-m", "klaster", "load", "Кластеры Фарғона", "--into", "Ғ.klaster"]
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, env=environment | locale, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode("utf-8", "replace")
    loaded = klaster.open(folder / "Ғ.klaster")
    assert [entry.name for entry in loaded.sources()] == ["кластеры-фарғона"]
    assert loaded.table("actors").height == len(SMALL["actors"])


def test_loading_runs_in_a_cyrillic_locale(cyrillic_locale, tmp_path) -> None:
    ask = "import locale; print(locale.getpreferredencoding())"
    told = subprocess.run(
        [sys.executable, "-c", ask],
        env=os.environ | cyrillic_locale,
        capture_output=True,
        check=True,
    )
    assert told.stdout.strip().upper() == b"CP1251"
    loads_under(cyrillic_locale, tmp_path)


@pytest.mark.parametrize("coerced", ["0", "1"])
def test_loading_runs_in_the_locale_c(tmp_path, coerced) -> None:
    loads_under({"LC_ALL": "C", "PYTHONCOERCECLOCALE": coerced, "PYTHONUTF8": coerced}, tmp_path)


@pytest.mark.parametrize("encoding", ["cp1251", "ascii"])
def test_names_in_any_script_are_written_whatever_the_locale(demo_graph, encoding) -> None:
    command = [sys.executable, "-m", "klaster", "missing", demo_graph.path, "--lang", "uz"]
    ended = subprocess.run(
        command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding}, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Paxta-toʻqimachilik klasteri" in ended.stdout.decode("utf-8")
