"""The same rows load alike from every format, and nothing broken does more than say so."""

from __future__ import annotations

import datetime as dt
import json
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest
from made_up import SMALL, write_workbook
from made_up_workbooks import ODS, ods_cell, write_ods, write_xls, zip_ods

import klaster
from klaster.loaders.given import fingerprint, source_kind
from klaster.loaders.sources import read_source
from klaster.ontology.faults import Fault, SourceError

BASE = "https://example.org/"
HEADER = "id,name,kind"
ROWS = f"{HEADER}\na,Пахта,enterprise\nb,Ғўза,enterprise\n"


def load(path):
    return read_source(path, base=BASE, name="s")


def fault_of(path):
    with pytest.raises(Fault) as caught:
        load(path)
    return caught.value


def keys_of(path) -> list[str]:
    fault = fault_of(path)
    return [one.key for one in fault.faults] if isinstance(fault, SourceError) else [fault.key]


def folder_of(path: Path, **files: bytes | str) -> Path:
    path.mkdir()
    for name, content in files.items():
        found = content.encode() if isinstance(content, str) else content
        (path / name.replace("_", ".")).write_bytes(found)
    return path


def write_again(source: Path, folder: Path, suffix: str, encoding: str, separator: str) -> Path:
    folder.mkdir()
    for path in source.glob("*.csv"):
        table = pl.read_csv(path, infer_schema=False)
        text = table.write_csv(separator=separator)
        (folder / f"{path.stem}{suffix}").write_bytes(text.encode(encoding))
    return folder


def write_parquet(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in source.glob("*.csv"):
        pl.read_csv(path).write_parquet(folder / f"{path.stem}.parquet")
    return folder


def write_json_lines(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in source.glob("*.csv"):
        pl.read_csv(path).write_ndjson(folder / f"{path.stem}.jsonl")
    return folder


def write_format(kind: str, tmp_path: Path, source: Path) -> Path:
    place = tmp_path / kind
    if kind == "ods":
        return write_ods(tmp_path / "small.ods", SMALL)
    if kind == "xls":
        return write_xls(tmp_path / "small.xls", SMALL)
    if kind == "xlsm":
        return write_workbook(tmp_path / "small.xlsm", SMALL)
    if kind == "parquet":
        return write_parquet(source, place)
    if kind == "jsonl":
        return write_json_lines(source, place)
    suffix, encoding, separator = {
        "tsv": (".tsv", "utf-8", "\t"),
        "txt": (".txt", "utf-8-sig", "|"),
        "semicolons": (".csv", "utf-8", ";"),
        "utf-16": (".csv", "utf-16", ","),
    }[kind]
    return write_again(source, place, suffix, encoding, separator)


KINDS = ["ods", "xls", "xlsm", "parquet", "jsonl", "tsv", "txt", "semicolons", "utf-16"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_load_alike_from_every_format(tmp_path, small_source, kind) -> None:
    expected = load(small_source).tables.frames
    found = load(write_format(kind, tmp_path, small_source)).tables.frames
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        assert found[name].drop("locator").equals(frame.drop("locator")), name


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8-sig", b"", "UTF-8 with a mark (BOM)"),
        ("utf-16-le", b"\xff\xfe", "UTF-16 LE"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 BE"),
        ("cp1251", b"", "cp1251"),
    ],
)
def test_an_encoding_is_guessed_and_told(tmp_path, encoding, mark, name) -> None:
    text = ROWS.replace("Ғўза", "Пряжа")
    loaded = load(folder_of(tmp_path / "t", actors_csv=mark + text.encode(encoding)))
    assert loaded.tables.frames["actors"]["name"].to_list() == ["Пахта", "Пряжа"]
    assert loaded.guessed == [f"actors.csv: {name}, ,"]


def test_nothing_is_told_of_what_needed_no_guess(small_source) -> None:
    assert load(small_source).guessed == []


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode() + b"\xff",
        ROWS.encode("utf-16-le"),
        f"{HEADER}\na,A,enterprise\n".encode() + b"\x98",
        f"{HEADER}\na,\x07A,enterprise\n".encode() + b"\xe0",
        b"\xe0\x00\xe0",
        b"\xff\xfe\x00",
    ],
    ids=["damaged UTF-8", "UTF-16 without mark", "0x98", "bell", "NUL", "half a sign"],
)
def test_what_cannot_be_told_is_refused(tmp_path, content) -> None:
    assert keys_of(folder_of(tmp_path / "t", actors_csv=content)) == ["fault.not-utf8"]


def with_numbers(separator: str, *cells: str) -> str:
    lines = [separator.join(["id", "name", "kind", "revenue", "currency"])]
    lines += [
        separator.join([f"a{number}", "A", "enterprise", cell, "UZS" if cell else ""])
        for number, cell in enumerate(cells)
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolons", "tabs"])
def test_a_decimal_comma_is_read_where_every_number_may_have_one(tmp_path, separator) -> None:
    text = with_numbers(separator, "1234,5", "1 234,5", "1\u00a0234\u00a0567,25", "", "7")
    loaded = load(folder_of(tmp_path / "t", actors_csv=text))
    revenue = loaded.tables.frames["actors"]["revenue"].to_list()
    assert revenue == [1234.5, 1234.5, 1234567.25, None, 7]
    sign = "tab" if separator == "\t" else separator
    assert loaded.guessed == [f"actors.csv: UTF-8, {sign}, decimal comma, spaces between thousands"]


@pytest.mark.parametrize(
    ("separator", "cells"),
    [
        (";", ("1234,5", "1234.5")),
        (";", ("1,234", "22,500")),
        (";", ("12 34,5",)),
        ("|", ("1234,5",)),
    ],
    ids=["a point too", "two readings", "odd thousands", "no semicolon"],
)
def test_other_commas_in_numbers_are_faults(tmp_path, separator, cells) -> None:
    path = folder_of(tmp_path / "t", actors_csv=with_numbers(separator, *cells))
    assert set(keys_of(path)) == {"fault.number"}


def test_one_file_is_a_source(tmp_path) -> None:
    path = tmp_path / "actors.csv"
    path.write_text(ROWS, "utf-8")
    assert source_kind(path) == "file"
    loaded = load(path)
    assert loaded.tables.kind == "file"
    assert loaded.tables.frames["actors"]["locator"].to_list() == ["actors.csv!2", "actors.csv!3"]
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(path)
    assert graph.load(path)[0].unchanged
    assert keys_of(path.rename(tmp_path / "weather.csv")) == ["fault.no-actors"]


def test_typed_values_are_written_as_one_would_type_them(tmp_path) -> None:
    frame = pl.DataFrame(
        {
            "id": [7, 8],
            "name": ["Seven", "Eight"],
            "kind": ["enterprise", "finance"],
            "region": [["UZ-FA", "UZ-TK"], None],
            "employees": [12.0, None],
            "revenue": pl.Series([1.5, 1e17]),
            "currency": ["UZS", "UZS"],
            "valid_from": [dt.date(2024, 5, 31), None],
            "valid_to": [dt.datetime(2025, 1, 2, tzinfo=dt.UTC), None],
        }
    )
    path = tmp_path / "actors.parquet"
    frame.write_parquet(path)
    actors = load(path).tables.frames["actors"]
    columns = ("id", "region", "employees", "revenue", "valid_from", "valid_to", "row")
    assert actors.select(columns).rows() == [
        ("7", ["UZ-FA", "UZ-TK"], 12, 1.5, "2024-05-31", "2025-01-02", 2),
        ("8", None, None, 1e17, None, None, 3),
    ]
    lines = tmp_path / "actors.jsonl"
    rows = [
        {"id": 7, "name": "Seven", "kind": "enterprise", "region": ["UZ-FA", "UZ-TK"]},
        {"id": 8.0, "name": "Eight", "employees": 3, "kind": "finance"},
    ]
    lines.write_text("\n\n".join(map(json.dumps, rows)), "utf-8")
    actors = load(lines).tables.frames["actors"]
    assert actors.select("id", "region", "employees", "row").rows() == [
        ("7", ["UZ-FA", "UZ-TK"], None, 2),
        ("8", None, 3, 3),
    ]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("[1]", "fault.json"),
        ('{"id": 1, "id": 2}', "fault.json"),
        ('{"id": NaN}', "fault.json"),
        ('{"id": "\\ud800"}', "fault.json"),
        ('{"id":', "fault.json"),
        ("[" * 100_000, "fault.json"),
        ('{"id": {"a": 1}}', "fault.no-cells"),
        ('{"id": "\\u0000"}', "fault.nul"),
    ],
    ids=["list", "twice", "NaN", "surrogate", "half", "deep", "object", "NUL"],
)
def test_a_line_that_is_no_record_is_named(tmp_path, line, key) -> None:
    path = tmp_path / "actors.jsonl"
    path.write_text('{"id": "a", "name": "A", "kind": "enterprise"}\n' + line, "utf-8")
    fault = fault_of(path)
    assert [(one.key, one.row) for one in fault.faults] == [(key, 3)]


def test_a_column_of_parquet_that_holds_no_cells_is_named(tmp_path) -> None:
    frame = pl.DataFrame({"id": ["a"], "name": [{"en": "A"}], "kind": [b"x"]})
    frame.write_parquet(tmp_path / "actors.parquet")
    fault = fault_of(tmp_path / "actors.parquet")
    assert [(one.key, one.column) for one in fault.faults] == [
        ("fault.no-cells", "name"),
        ("fault.no-cells", "kind"),
    ]


def test_a_folder_may_mix_formats_and_its_fingerprint_covers_them(tmp_path, small_source) -> None:
    expected = load(small_source).tables.frames
    folder = write_again(small_source, tmp_path / "mixed", ".csv", "utf-8", ";")
    write_parquet(small_source, tmp_path / "parquet")
    write_json_lines(small_source, tmp_path / "jsonl")
    for table, suffix in (("supplies", "parquet"), ("makes", "parquet"), ("policies", "jsonl")):
        (folder / f"{table}.csv").unlink()
        (tmp_path / suffix / f"{table}.{suffix}").rename(folder / f"{table}.{suffix}")
    (folder / "memberships.csv").unlink()
    write_ods(folder / "more.ods", {"memberships": SMALL["memberships"]})
    (folder / "README.txt").write_text("Where, these\ncome, from, all of them", "utf-8")
    loaded = load(folder)
    for name, frame in expected.items():
        assert loaded.tables.frames[name].drop("locator").equals(frame.drop("locator")), name
    assert loaded.unread == ["README.txt"]
    assert loaded.tables.frames["memberships"]["locator"][0] == "[more.ods]memberships!2"
    for changed in ("actors.csv", "makes.parquet", "policies.jsonl", "more.ods"):
        before = fingerprint(folder)
        with (folder / changed).open("ab") as stream:
            stream.write(b"\n")
        assert fingerprint(folder) != before


def test_two_files_for_one_table_are_a_fault_that_names_both(tmp_path) -> None:
    folder = folder_of(tmp_path / "t", actors_csv=ROWS, actors_tsv=ROWS.replace(",", "\t"))
    (fault,) = fault_of(folder).faults
    assert fault.key == "fault.two-places"
    assert "actors.csv" in fault.text("en")
    assert "actors.tsv" in fault.text("en")


def test_what_is_no_file_is_refused_in_words(tmp_path) -> None:
    folder = folder_of(tmp_path / "t")
    (folder / "actors.csv").mkdir()
    assert keys_of(folder) == ["fault.no-file"]
    (folder / "actors.csv").rmdir()
    (folder / "actors.csv").symlink_to(folder / "actors.csv")
    assert keys_of(folder) == ["fault.unreadable"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no FIFO")
@pytest.mark.parametrize("name", ["actors.csv", "actors.parquet", "actors.jsonl", "actors.xlsx"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name) -> None:
    os.mkfifo(tmp_path / name)
    assert keys_of(tmp_path) == ["fault.no-file"]
    assert keys_of(tmp_path / name) == ["fault.no-file"]


@pytest.mark.parametrize("name", ["actors.csv", "actors.parquet", "actors.jsonl", "actors.xlsx"])
def test_a_file_that_may_not_be_read_is_told_in_words(tmp_path, monkeypatch, name) -> None:
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    (tmp_path / name).write_text(ROWS, "utf-8")
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert keys_of(tmp_path) == ["fault.unreadable"]
    with pytest.raises(Fault) as caught:
        fingerprint(tmp_path)
    assert caught.value.key == "fault.unreadable"


@pytest.mark.parametrize("suffix", [".ods", ".xlsm", ".xls"])
def test_a_workbook_that_cannot_be_read_is_refused_in_words(tmp_path, monkeypatch, suffix) -> None:
    path = tmp_path / f"book{suffix}"
    path.write_bytes(b"")
    assert keys_of(path) == ["fault.empty-file"]
    path.write_text("hello", "utf-8")
    assert keys_of(path) == ["fault.no-workbook"]
    if suffix == ".ods":
        zip_ods(path, "?", "<manifest:encryption-data/>")
        assert keys_of(path) == ["fault.password"]
    elif suffix != ".xls":
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))
        assert keys_of(path) == ["fault.password"]
    if suffix != ".xls":
        monkeypatch.setattr("klaster.loaders.cells.UNPACKED_LIMIT", 2 << 20)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("content.xml", bytes(3 << 20))
        assert keys_of(path) == ["fault.too-large"]


def test_a_cell_without_end_is_refused_before_it_is_laid_out(tmp_path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "actors"
    book.active["A1"] = "id"
    book.active["XFD1048576"] = "x"
    book.save(tmp_path / "far.xlsx")
    assert keys_of(tmp_path / "far.xlsx") == ["fault.too-large"]
    cell = ods_cell("id").replace("cell ", 'cell table:number-columns-repeated="4000000000" ', 1)
    sheet = (
        f'<table:table table:name="actors"><table:table-row>{cell}</table:table-row></table:table>'
    )
    assert keys_of(zip_ods(tmp_path / "far.ods", ODS.format(sheet))) == ["fault.too-large"]


def test_a_cell_of_ten_megabytes_is_a_fault_with_its_row(tmp_path) -> None:
    text = f'{ROWS}c,"{"x" * 10_000_000}",enterprise\n'
    (fault,) = fault_of(folder_of(tmp_path / "t", actors_csv=text)).faults
    assert (fault.key, fault.row) == ("fault.long-cell", 4)
    assert len(fault.text("en")) < 200


def test_ten_thousand_columns_are_read_and_told(tmp_path) -> None:
    more = ",".join(f"q{number}" for number in range(10_000))
    text = f"{HEADER},{more}\na,A,enterprise{',1' * 10_000}\n"
    loaded = load(folder_of(tmp_path / "t", actors_csv=text))
    assert loaded.tables.frames["actors"].height == 1
    assert len(loaded.unread) == 10_000


def test_a_table_with_a_header_only_is_empty(tmp_path) -> None:
    folder = folder_of(tmp_path / "t", actors_csv=f"{HEADER}\n")
    assert keys_of(folder) == ["fault.no-rows"]
    (folder / "supplies.csv").write_text("supplier,buyer\n", "utf-8")
    (folder / "actors.csv").write_text(ROWS, "utf-8")
    assert set(load(folder).tables.frames) == {"actors"}


def test_all_scripts_and_a_column_called_row_are_kept_as_they_are(tmp_path) -> None:
    names = ["شركة القطن", "a\u0301e\u0308", "棉花", "🧵"]
    text = "row,id,name,kind\n" + "".join(
        f"{number},a{number},{name},enterprise\n" for number, name in enumerate(names)
    )
    loaded = load(folder_of(tmp_path / "t", actors_csv=text))
    assert loaded.tables.frames["actors"]["name"].to_list() == names
    assert loaded.unread == ["actors.csv: “row”"]
