"""Blank tables to fill in: they show what may stand where, and load once they are filled in."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
from made_up import SMALL, folder_bytes, write_tables
from openpyxl import load_workbook
from polars.testing import assert_frame_equal
from python_calamine import CalamineWorkbook

from klaster.loaders.sources import read_source
from klaster.loaders.template import LISTS, example, write_template
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault
from klaster.ontology.labels import LANGUAGES, phrase
from klaster.ontology.tables import tables
from klaster.ontology.term_tables import terms
from klaster.ontology.terms import KL

BASE = "https://example.org/"
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
HEADERS = {name: [column.name for column in table.columns] for name, table in tables().items()}


@pytest.fixture(scope="module")
def templates(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("templates")
    for language in LANGUAGES:
        write_template(folder / f"{language}.xlsx", language=language)
    return {language: folder / f"{language}.xlsx" for language in LANGUAGES}


def filled(template: Path, target: Path, rows: dict[str, list[dict[str, str]]]) -> Path:
    book = load_workbook(template)
    for name, added in rows.items():
        for row in added:
            book[name].append([row.get(title) for title in HEADERS[name]])
    book.save(target)
    return target


def loaded(path: Path):
    return read_source(path, base=BASE, name="s")


def assert_same_tables(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    assert list(found) == list(expected)
    for name, frame in found.items():
        assert_frame_equal(frame.drop("locator"), expected[name].drop("locator"))


def choices(book, sheet, column: str):
    """Return what the drop-down list of a column offers, with the rule, or nothing."""
    letter = next(cell.column_letter for cell in sheet[1] if cell.value == column)
    for rule in sheet.data_validations.dataValidation:
        if str(rule.sqref) == f"{letter}2:{letter}1048576":
            if rule.formula1.startswith('"'):
                return rule.formula1.strip('"').split(","), rule
            [(place, cells)] = book.defined_names[rule.formula1].destinations
            return [cell.value for (cell,) in book[place][cells]], rule
    return None


@EVERY_LANGUAGE
def test_a_template_has_a_sheet_for_each_table_with_its_columns(templates, language) -> None:
    names = [phrase("template.sheet", language), *tables(), LISTS]
    book = load_workbook(templates[language])
    assert book.sheetnames == names
    read = CalamineWorkbook.from_path(templates[language])
    assert read.sheet_names == names
    for name in tables():
        assert list(book[name].values) == [tuple(HEADERS[name])]
        assert read.get_sheet_by_name(name).to_python() == [HEADERS[name]]
        assert book[name].freeze_panes == "A2"
        assert all(cell.font.bold for cell in book[name][1])
    assert [sheet.title for sheet in book if sheet.sheet_state == "hidden"] == [LISTS]


def test_the_colour_of_a_header_tells_whether_the_column_is_required(templates) -> None:
    book = load_workbook(templates["en"])
    colours: dict[bool, set[str]] = {True: set(), False: set()}
    for name, table in tables().items():
        for cell, column in zip(book[name][1], table.columns, strict=True):
            colours[column.required].add(cell.fill.fgColor.rgb)
    assert colours == {True: {"FFFFD966"}, False: {"FFE7E6E6"}}
    legend = {cell.fill.fgColor.rgb for row in book.worksheets[0]["A3:A11"] for cell in row}
    assert "FFFFD966" in legend


@EVERY_LANGUAGE
def test_every_header_has_a_note_with_the_words_of_the_ontology(templates, language) -> None:
    book = load_workbook(templates[language])
    for name, table in tables().items():
        for cell, column in zip(book[name][1], table.columns, strict=True):
            note = cell.comment.text
            must = "template.required" if column.required else "template.optional"
            assert phrase(must, language) in note
            if column.term.startswith(KL):
                term = terms()[column.term.removeprefix(KL)]
                assert note.startswith(f"{term.label[language]}\n{term.definition[language]}\n")
    assert codes("actor-kind")["finance"].labels[language] in book["actors"]["G1"].comment.text


@EVERY_LANGUAGE
def test_drop_down_lists_hold_exactly_the_codes(templates, language) -> None:
    book = load_workbook(templates[language])
    found = {
        (name, column.name): choices(book, book[name], column.name)
        for name, table in tables().items()
        for column in table.columns
    }
    offered = {place: choice[0] for place, choice in found.items() if choice}
    assert offered == {
        (name, column.name): [code for scheme in column.codes for code in codes(scheme)]
        or ["yes", "no"]
        for name, table in tables().items()
        for column in table.columns
        if column.codes or column.type == "boolean"
    }
    assert offered["exports", "exporter"] == [*codes("region"), *codes("country")]


def test_only_a_column_for_one_code_and_nothing_else_insists_on_its_list(templates) -> None:
    book = load_workbook(templates["en"])

    def insists(table: str, column: str) -> bool:
        rule = choices(book, book[table], column)[1]
        # A rule that names no style stops whoever types something else.
        return rule.showErrorMessage and (rule.errorStyle or "stop") == "stop"

    assert insists("actors", "kind")
    assert insists("exports", "destination")
    assert insists("recipes", "essential")
    assert not insists("actors", "roles"), "several may stand there, as a;b"
    assert not insists("exports", "exporter"), "an id may stand there"
    assert not insists("criteria", "region"), "a region abroad may stand there"


def test_numbers_that_are_names_and_months_are_kept_as_text(templates) -> None:
    book = load_workbook(templates["en"])
    formats = {
        (name, HEADERS[name][position - 1]): columns.number_format
        for name in tables()
        for columns in book[name].column_dimensions.values()
        for position in range(columns.min, columns.max + 1)
    }
    for name, table in tables().items():
        for column in table.columns:
            kept = column.type in ("string", "date")
            assert formats[name, column.name] == ("@" if kept else "General")
    assert formats["actors", "stir"] == formats["products", "hs"] == "@"


@EVERY_LANGUAGE
def test_a_filled_template_loads_as_the_csv_files_do(templates, tmp_path, language) -> None:
    path = filled(templates[language], tmp_path / "filled.xlsx", SMALL)
    found = loaded(path)
    expected = loaded(write_tables(tmp_path / "small", SMALL))
    assert_same_tables(found.tables.frames, expected.tables.frames)
    assert found.unread == [], "the template's own sheets are not told of"
    assert found.skipped == []


@EVERY_LANGUAGE
def test_the_example_rows_load_where_they_belong(templates, tmp_path, language) -> None:
    frames = loaded(filled(templates[language], tmp_path / "e.xlsx", example(language)))
    assert frames.tables.frames["supplies"]["share"].to_list() == [0.5]
    shown = list(load_workbook(templates[language]).worksheets[0].values)
    for name, rows in example(language).items():
        assert set(rows[0]) <= set(HEADERS[name])
        for row in rows:
            assert any(cells[: len(row)] == tuple(row.values()) for cells in shown)


@EVERY_LANGUAGE
@pytest.mark.parametrize("name", ["blank.xlsx", "blank"])
def test_an_untouched_template_is_refused_because_it_has_no_rows(tmp_path, name, language) -> None:
    write_template(tmp_path / name, language=language)
    with pytest.raises(Fault) as caught:
        loaded(tmp_path / name)
    assert caught.value.key == "fault.no-rows"


@EVERY_LANGUAGE
def test_a_template_has_the_same_bytes_each_time(templates, tmp_path, language) -> None:
    write_template(tmp_path / "again.xlsx", language=language)
    assert (tmp_path / "again.xlsx").read_bytes() == templates[language].read_bytes()


def test_csv_files_have_headers_only_and_load_once_filled_in(tmp_path) -> None:
    folder = tmp_path / "new" / "tables"
    write_template(folder, language="uz")
    assert sorted(folder_bytes(folder)) == sorted(f"{name}.csv" for name in tables())
    for name, header in HEADERS.items():
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            assert list(csv.reader(stream)) == [header]
    for name, rows in SMALL.items():
        with (folder / f"{name}.csv").open("a", encoding="utf-8", newline="") as stream:
            csv.DictWriter(stream, HEADERS[name], restval="").writerows(rows)
    found = loaded(folder)
    expected = loaded(write_tables(tmp_path / "small", SMALL))
    assert_same_tables(found.tables.frames, expected.tables.frames)
    assert found.unread == []


def test_nothing_that_exists_is_overwritten(tmp_path) -> None:
    workbook, folder, empty = tmp_path / "mine.XLSX", tmp_path / "mine", tmp_path / "empty"
    workbook.write_text("kept")
    write_tables(folder, SMALL)
    empty.mkdir()
    before = folder_bytes(tmp_path)
    for target in (workbook, folder, empty, workbook / "below.xlsx"):
        with pytest.raises(Fault) as caught:
            write_template(target, language="en")
        assert caught.value.key == "fault.exists"
    assert folder_bytes(tmp_path) == before


def test_a_place_that_cannot_be_written_is_told(tmp_path) -> None:
    with pytest.raises(Fault) as caught:
        write_template(tmp_path / f"{'n' * 300}.xlsx", language="en")
    assert caught.value.key == "fault.unwritable"


@pytest.fixture
def libreoffice(tmp_path):
    program = shutil.which("soffice")
    if not program:
        pytest.skip("no LibreOffice (Debian: libreoffice-calc)")

    def saved_as(path: Path, form: str) -> Path:
        folder = tmp_path / "saved"
        command = [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        command += ["--convert-to", form, "--outdir", str(folder), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return folder / f"{path.stem}.{form}"

    return saved_as


@EVERY_LANGUAGE
def test_libreoffice_opens_the_blank_workbook_with_its_lists_and_notes(
    templates, libreoffice, language
) -> None:
    def help_in(path: Path) -> tuple[list[str], list[int], list[str]]:
        book = load_workbook(path)
        rules = [len(sheet.data_validations.dataValidation) for sheet in book]
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        notes = [f"{cell.parent.title}!{cell.coordinate}" for cell in cells if cell.comment]
        return book.sheetnames, rules, notes

    blank = templates[language]
    assert help_in(libreoffice(blank, "xlsx")) == help_in(blank)


@pytest.mark.parametrize("form", ["ods", "xlsx", "xls"])
def test_a_workbook_filled_in_and_saved_by_libreoffice_loads_the_same(
    templates, libreoffice, tmp_path, form
) -> None:
    full = filled(templates["uz"], tmp_path / "full.xlsx", SMALL)
    saved = loaded(libreoffice(full, form)).tables.frames
    assert_same_tables(saved, loaded(full).tables.frames)
