"""Actors that may be one are proposed with reasons, reviewed, and decided by a table."""

from __future__ import annotations

import csv
import json

import polars as pl
import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SHARED, write_tables
from openpyxl import load_workbook

import klaster
from klaster.cli import main
from klaster.graph.matching.blocking import MOST
from klaster.graph.matching.proposals import THRESHOLD
from klaster.graph.matching.review import write_review
from klaster.ontology.faults import Fault
from klaster.ontology.labels import LANGUAGES

EMPTY = dict.fromkeys(
    ("name_uz", "name_ru", "name_en", "aliases", "country", "region", "stir", "lei", "ror", "website"),
    "",
)  # fmt: skip


def graph_of(tmp_path, *rows: dict[str, str], source: str = "t"):
    """Return a graph of actors with the ids a, b, c …, enterprises unless said otherwise."""
    filled = [
        EMPTY | {"id": chr(ord("a") + number), "kind": "enterprise"} | row
        for number, row in enumerate(rows)
    ]
    graph = klaster.open(tmp_path / f"{source}.klaster")
    path = write_tables(tmp_path / source, {"actors": filled})
    graph.load(path, loaded_at=LOADED_AT)
    return graph


def matched(tmp_path, *rows: dict[str, str], **options: float):
    found = graph_of(tmp_path, *rows).match(**options)
    return {(one.actor[2:], one.same_as[2:]): (one.score, list(one.reasons)) for one in found}


def test_the_same_name_in_another_script_and_legal_form_is_proposed(tmp_path) -> None:
    found = matched(tmp_path, {"name": "“Paxta Teks” MChJ"}, {"name": "ООО «ПАХТА ТЕКС»"})
    assert found == {("a", "b"): (0.95, ["same-name"])}


def test_names_in_three_languages_and_aliases_are_all_compared(tmp_path) -> None:
    found = matched(
        tmp_path,
        {"name": "BCT", "name_ru": "Самаркандский государственный университет"},
        {"name": "Samarqand davlat universiteti"},
        {"name": "Something else", "aliases": "Other;BCT Cluster;bct"},
    )
    assert found == {("a", "b"): (0.92, ["sounds-alike"]), ("a", "c"): (0.95, ["same-name"])}


@pytest.mark.parametrize(
    ("one", "other", "score", "reasons"),
    [
        # 1 - 0.05 · 0.8
        ({"region": "UZ-FA"}, {"region": "UZ-AN;UZ-FA"}, 0.96, ["same-name", "same-region"]),
        # 1 - 0.05 · 0.4
        ({"website": "http://www.x.uz/"}, {"website": "https://X.uz"}, 0.98, ["same-name", "same-website"]),
        ({"region": "UZ-FA"}, {"region": "UZ-AN"}, 0.808, ["same-name", "other-region"]),
        ({"kind": "enterprise"}, {"kind": "research"}, 0.902, ["same-name", "other-kind"]),
        ({"country": "UZ"}, {"country": "UZ"}, 0.95, ["same-name"]),
        ({"name": "Paxta Teks MChJ"}, {"name": "Paxta Teks AJ"}, 0.808, ["same-name", "other-legal-form"]),
        ({"name": "Paxta Teks MChJ"}, {"name": "Paxta Teks"}, 0.95, ["same-name"]),
    ],
)  # fmt: skip
def test_what_else_is_known_speaks_for_or_against(tmp_path, one, other, score, reasons) -> None:
    name = {"name": "Paxta Teks"}
    assert matched(tmp_path, name | one, name | other) == {("a", "b"): (score, reasons)}


def test_another_country_takes_a_namesake_off_the_list(tmp_path) -> None:
    rows = [{"name": "Indorama", "country": country} for country in ("UZ", "SG")]
    assert matched(tmp_path, *rows) == {}
    assert matched(tmp_path, *rows, threshold=0.5) == {
        ("a", "b"): (0.57, ["same-name", "other-country"])
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"stir": "301234567"}, {"stir": "301234568"}),
        ({"lei": "5493001KJTIIGC8Y1R12"}, {"lei": "529900T8BM49AURSDO55"}),
        ({"ror": "https://ror.org/000vpa912"}, {"ror": "https://ror.org/03yrm5c26"}),
    ],
)
def test_different_identifiers_exclude_whatever_the_names_are(tmp_path, one, other) -> None:
    name = {"name": "Paxta Teks", "website": "x.uz"}
    assert matched(tmp_path, name | one, name | other, threshold=0) == {}


def test_one_identifier_is_enough_whatever_the_names_are(tmp_path) -> None:
    lei = "5493001KJTIIGC8Y1R12"
    graph = graph_of(tmp_path, {"name": "Spinner", "stir": "301234567", "lei": lei})
    other = {"id": "z", "name": "Yigiruvchi", "kind": "enterprise", "stir": "301234567"}
    graph.load(write_tables(tmp_path / "other", {"actors": [other]}))
    (found,) = graph.match()
    assert found.score == 0.99
    assert found.reasons["same-identifier"] == "STIR 301234567"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zarafshon Teks", "Zarafshn Teks"),
        ("Oqdaryo Savdo", "Oqdrayo Savdo"),
        ("Agro Servis", "Agroservis"),
        ("Chirchiq Kabel", "Chirchiq Kbael"),
    ],
)
def test_a_slip_of_the_finger_or_a_space_is_seen_through(tmp_path, one, other) -> None:
    fill = [{"name": f"Firma {name}"} for name in ("Lola", "Bahor", "Quyosh", "Olmos", "Sharq")]
    found = matched(tmp_path, {"name": one}, {"name": other}, *fill)
    assert list(found) == [("a", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maktab 1", "Maktab 2"),
        ("Toshkent paxta tozalash zavodi", "Andijon paxta tozalash zavodi"),
        ("Buxoro davlat universiteti", "Namangan davlat universiteti"),
        ("Indorama", "Indorama Kokand Textile"),
        ("Xalq banki", "Asaka banki"),
    ],
)
def test_names_that_share_only_common_words_are_not_proposed(tmp_path, one, other) -> None:
    fill = [
        {"name": f"{place} {rest}"}
        for place in ("Xiva", "Nukus", "Termiz")
        for rest in ("paxta tozalash zavodi", "davlat universiteti", "banki", "maktab")
    ]
    found = matched(tmp_path, {"name": one}, {"name": other}, *fill)
    assert ("a", "b") not in found


def test_a_name_that_many_bear_tells_less(tmp_path) -> None:
    three = matched(tmp_path, *[{"name": "Nur"}] * 3)
    # 0.95 / (1 + 0.1 · log2(2))
    assert list(three.values()) == [(0.864, ["same-name", "common-name"])] * 3


def test_names_that_too_many_bear_are_not_compared_and_that_is_told(tmp_path) -> None:
    found = graph_of(tmp_path, *[{"id": str(n), "name": "Nur"} for n in range(MOST + 1)]).match()
    assert len(found) == 0
    assert found.too_common > 0


def test_no_actor_is_proposed_to_itself_nor_a_pair_twice(tmp_path) -> None:
    row = {"name": "Paxta Teks", "name_uz": "Paxta Teks", "name_ru": "Пахта Текс", "aliases": "Pahta Teks"}  # fmt: skip
    assert list(matched(tmp_path, row, row)) == [("a", "b")]
    assert len(graph_of(tmp_path, {"name": "–"}, {"name": "«»"}, source="u").match()) == 0


def test_the_same_graph_gives_the_same_proposals(tmp_path) -> None:
    names = ["Paxta Teks", "Teks Paxta", "Пахта Текс", "Paxta-Teks MChJ", "Zar Paxta Teks", "Pahta"]
    graph = graph_of(tmp_path, *[{"name": name} for name in names])
    first = graph.match(threshold=0.3).rows
    assert len(first) > 5
    assert all(graph.match(threshold=0.3).rows == first for _ in range(5))


def test_the_reasons_are_told_in_three_languages(tmp_path) -> None:
    graph = graph_of(
        tmp_path,
        {"name": "Paxta MChJ", "kind": "enterprise", "region": "UZ-FA"},
        {"name": "Paxta AJ", "kind": "finance", "region": "UZ-FA"},
    )
    (found,) = graph.match()
    words = {
        "en": ("limited liability company ≠ joint-stock company", "Fergana region"),
        "ru": ("общество с ограниченной ответственностью ≠ акционерное общество", "Ферганская область"),
        "uz": ("masʼuliyati cheklangan jamiyat ≠ aksiyadorlik jamiyati", "Fargʻona viloyati"),
    }  # fmt: skip
    for language in LANGUAGES:
        told = found.explanation(language)
        assert all(word in told for word in words[language]), told
        assert "{" not in told


def decided(path, decision: str):
    book = load_workbook(path)
    sheet = book["matches"]
    headers = [cell.value for cell in sheet[1]]
    sheet.cell(2, headers.index("decision") + 1).value = decision
    book.save(path)
    return path


def test_a_reviewed_workbook_merges_and_its_pairs_are_not_proposed_again(tmp_path) -> None:
    graph = graph_of(tmp_path, {"name": "Paxta MChJ"}, {"name": "ООО Пахта"})
    before = graph.table("actors")
    write_review(graph.match(), tmp_path / "review.xlsx", language="uz")
    graph.load(decided(tmp_path / "review.xlsx", "same"))
    assert graph.table("actors")["name"].to_list() == ["Paxta MChJ"]
    assert len(graph.match()) == 0
    graph.drop("review")
    assert graph.table("actors").equals(before)
    graph.load(decided(tmp_path / "review.xlsx", "different"))
    assert graph.table("actors").equals(before)
    assert len(graph.match(threshold=0)) == 0


def test_a_pair_left_undecided_is_proposed_again(tmp_path) -> None:
    graph = graph_of(tmp_path, {"name": "Paxta MChJ"}, {"name": "ООО Пахта"})
    write_review(graph.match(), tmp_path / "matches.csv", language="en")
    graph.load(tmp_path / "matches.csv")
    assert len(graph.match()) == 1


def test_what_is_different_from_one_is_different_from_all_that_it_was_merged_with(tmp_path) -> None:
    graph = graph_of(tmp_path, {"name": "Paxta"}, {"name": "Пахта"}, {"name": "PAXTA"})
    rows = [
        {"actor": "t:a", "same_as": "t:b", "decision": "same"},
        {"actor": "t:b", "same_as": "t:c", "decision": "different"},
    ]
    graph.load(write_tables(tmp_path / "review", {"matches": rows}))
    assert len(graph.match()) == 0


def test_a_review_table_is_never_written_over_nor_under_a_name_that_does_not_load(tmp_path) -> None:
    graph = graph_of(tmp_path, {"name": "=1+1 Paxta"}, {"name": "=1+1 Пахта"})
    for path, key in (("review.csv", "fault.review-name"), ("review.docx", "fault.review-name")):
        with pytest.raises(Fault) as caught:
            write_review(graph.match(), tmp_path / path, language="en")
        assert caught.value.key == key
    for path in ("matches.csv", "review.xlsx"):
        write_review(graph.match(), tmp_path / path, language="en")
        with pytest.raises(Fault) as caught:
            write_review(graph.match(), tmp_path / path, language="en")
        assert caught.value.key == "fault.exists"
    with (tmp_path / "matches.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["actor_name"] == "'=1+1 Paxta"
    cells = load_workbook(tmp_path / "review.xlsx")["matches"][2]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s", "n"}


def run(*args):
    return CliRunner(env={"LANG": "C", "LC_ALL": ""}).invoke(main, [str(arg) for arg in args])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_prints_pairs_and_writes_the_table_that_loads_back(tmp_path, language) -> None:
    graph = graph_of(tmp_path, {"name": "Paxta MChJ"}, {"name": "ООО Пахта"}, {"name": "Suv"})
    printed = run("match", graph.path, "--format", "json", "--lang", language)
    (row,) = json.loads(printed.stdout)
    assert (row["actor"], row["same_as"], row["score"], row["decision"]) == ("t:a", "t:b", 0.95, "")
    assert run("match", graph.path, "--format", "csv", "--top", "1").stdout.count("\n") == 2
    table = run("match", graph.path, "--format", "md", "--lang", language)
    assert "0.95" in table.stdout.replace(",", ".")
    assert "| ООО Пахта |" in table.stdout
    assert "1" in table.stderr
    assert run("match", graph.path, "--threshold", "1", "--format", "csv").stdout.count("\n") <= 1
    review = tmp_path / "review.xlsx"
    written = run("match", graph.path, "-o", review, "--lang", language)
    assert written.exit_code == 0
    assert f"klaster load {review}" in written.stderr
    assert run("load", decided(review, "same"), "--into", graph.path).exit_code == 0
    assert klaster.open(graph.path).table("actors").height == 2


def test_the_threshold_of_the_command_is_that_of_the_graph() -> None:
    (option,) = [option for option in main.commands["match"].params if option.name == "threshold"]
    assert option.default == THRESHOLD


def test_info_counts_facts_that_sources_disagree_on_and_names_the_question(tmp_path) -> None:
    graph = klaster.open(tmp_path / "g.klaster")
    one = {"id": "x", "name": "One", "kind": "enterprise", "stir": "301234567", "employees": "5"}
    more = {"id": "y", "name": "Mill", "kind": "enterprise", "stir": "", "employees": "7"}
    graph.load(write_tables(tmp_path / "one", {"actors": [one, more]}))

    def counted() -> dict[str, object]:
        return {line.key: line.count for line in graph.info() if line.section == "identity"}

    assert counted() == {"merged": 0, "disagreeing-facts": 0}
    two = one | {"id": "z", "name": "Two", "kind": "finance", "employees": "6"}
    mill = {"id": "m", "name": "Mill", "kind": "enterprise", "stir": "", "employees": "8"}
    graph.load(write_tables(tmp_path / "two", {"actors": [two, mill]}))
    assert counted() == {"merged": 0, "disagreeing-facts": 2}
    assert sorted(row[3] for row in graph.ask("disagreeing-facts").rows) == [
        "actorKind",
        "employees",
    ]
    same = {"actor": "one:y", "same_as": "two:m", "decision": "same"}
    graph.load(write_tables(tmp_path / "review", {"matches": [same]}))
    assert counted() == {"merged": 1, "disagreeing-facts": 3}
    told = run("info", graph.path, "--format", "md").stdout
    assert "klaster query GRAPH disagreeing-facts" in told


@pytest.mark.skipif(
    not (SHARED / "ror-uzbekistan").exists(),
    reason="the ROR records are not beside this checkout",
)
def test_names_of_research_organisations_in_three_languages_meet_and_others_do_not(
    tmp_path,
) -> None:
    names = pl.read_csv(SHARED / "ror-uzbekistan/names.csv", infer_schema=False)
    names = names.filter(~pl.col("kinds").str.contains("acronym")).with_row_index("id")
    rows = [{"id": str(key), "name": name} for key, name in names.select("id", "name").rows()]
    owner = {str(key): ror for key, ror in names.select("id", "ror_id").rows()}
    found = graph_of(tmp_path, *rows).match()
    right = [one for one in found if owner[one.actor[2:]] == owner[one.same_as[2:]]]
    assert len(right) >= 100
    assert len(right) / len(found) >= 0.95
