"""Broken and hostile files: each loads or is refused in words; nothing is written, run or fetched."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import networkx as nx
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up import SMALL, folder_bytes, write_tables
from made_up_workbooks import write_ods, write_xls

import klaster
from klaster.loaders.reading import Manner
from klaster.loaders.sources import read_source
from klaster.ontology.faults import Fault
from klaster.ontology.labels import LANGUAGES
from klaster.ontology.tables import tables

MEGABYTE = 1 << 20
ACTORS = "id,name,kind\na,A,enterprise\nb,B,enterprise\n"
SHARE = 1 if os.environ.get("KLASTER_ALL_INPUTS") else 5
"""One in so many of the ten thousand broken inputs is tried: all of them take ten minutes of a core."""
# The same examples every time: a failure is then anybody's to see.
EXAMPLES = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def loads_or_is_refused(path: Path, **how) -> bool:
    """Say whether a source loads; if it does not, its message must be there in every language."""
    try:
        read_source(path, base="https://example.org/", name="s", **how)
    except Fault as refusal:
        texts = [refusal.text(language) for language in LANGUAGES]
        assert all(text.strip() and "Traceback" not in text for text in texts)
        return False
    return True


@pytest.fixture(scope="module")
def good_files(tmp_path_factory) -> dict[str, bytes]:
    """Make a small good file of each format."""
    folder = write_tables(tmp_path_factory.mktemp("good"), SMALL)
    text = (folder / "actors.csv").read_bytes()
    table = pl.read_csv(folder / "actors.csv")
    table.write_parquet(folder / "a.parquet", compression="uncompressed")
    table.write_ndjson(folder / "a.jsonl")
    table.write_json(folder / "a.json")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("actors.csv", text)
    with closing(sqlite3.connect(folder / "a.sqlite")) as connection:
        connection.execute("CREATE TABLE actors (id, name, kind)")
        connection.execute("INSERT INTO actors VALUES ('a', 'A', 'enterprise')")
        connection.commit()
    network = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "c")])
    nx.write_graphml(network, folder / "a.graphml")
    nx.write_gexf(network, folder / "a.gexf")
    nx.write_pajek(network, folder / "a.net")
    graph = klaster.open(folder / "g.klaster")
    graph.load(folder / "actors.csv")
    for form in ("ttl", "rdf", "jsonld"):
        graph.export(folder / f"a.{form}")
    graph.export(folder / "a.xlsx")
    write_ods(folder / "a.ods", {"actors": SMALL["actors"]})
    write_xls(folder / "a.xls", {"actors": SMALL["actors"]})
    return {
        **{f"a.{form}": (folder / f"a.{form}").read_bytes() for form in OTHERS},
        "actors.csv": text,
        "actors.tsv": text.decode().replace(",", "\t").encode("utf-16"),
        "actors.txt": text.replace(b",", b";").decode().encode("cp1251", "replace"),
        "actors.csv.gz": gzip.compress(text, mtime=0),
        "actors.zip": (folder / "a.zip").read_bytes(),
        "actors.parquet": (folder / "a.parquet").read_bytes(),
        "actors.jsonl": (folder / "a.jsonl").read_bytes(),
        "actors.json": (folder / "a.json").read_bytes(),
    }


# RDF, networks, databases and workbooks.
OTHERS = ("ttl", "rdf", "jsonld", "graphml", "gexf", "net", "sqlite", "xlsx", "ods", "xls")
FORMATS = (
    *(f"a.{form}" for form in OTHERS),
    "actors.csv",
    "actors.tsv",
    "actors.txt",
    "actors.csv.gz",
    "actors.zip",
    "actors.parquet",
    "actors.jsonl",
    "actors.json",
)


@st.composite
def damage(draw, good: bytes) -> bytes:
    """Draw random bytes, or a good file with bytes changed, cut out, doubled or put in."""
    way = draw(st.sampled_from(["other", "cut", "out", "twice", "in", "changed"]))
    if way == "other":
        return draw(st.binary(max_size=400))
    at, to = sorted((draw(st.integers(0, len(good))), draw(st.integers(0, len(good)))))
    if way == "cut":
        return good[:at]
    if way == "out":
        return good[:at] + good[to:]
    if way == "twice":
        return good[:to] + good[at:]
    if way == "in":
        return good[:at] + draw(st.binary(min_size=1, max_size=9)) + good[at:]
    changed = bytearray(good)
    for place in draw(st.lists(st.integers(0, len(good) - 1), min_size=1, max_size=12)):
        changed[place] = draw(st.integers(0, 255))
    return bytes(changed)


PER_FORMAT = 6_000 // SHARE // len(FORMATS) + 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_of_each_format_loads_or_is_refused_in_words(
    tmp_path, good_files, name
) -> None:
    path = tmp_path / name
    refused = []

    @settings(EXAMPLES, max_examples=PER_FORMAT)
    @given(st.data())
    def check(data) -> None:
        path.write_bytes(data.draw(damage(good_files[name])))
        refused.append(not loads_or_is_refused(path))

    check()
    assert len(refused) >= PER_FORMAT
    assert sum(refused) > PER_FORMAT / 10
    assert [file.name for file in tmp_path.iterdir()] == [name]


HEADERS = sorted({column.name for table in tables().values() for column in table.columns})
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["a", "b", "enterprise", "2024-02-30", "1e400", "-1", "0", "1;2", "=1+1", "UZ-FA", "NaN"]
    ),
    st.floats().map(str),
    st.integers().map(str),
)


@settings(EXAMPLES, max_examples=4_000 // SHARE)
@given(
    st.sampled_from(list(tables())),
    st.lists(st.one_of(st.sampled_from(HEADERS), st.text(max_size=8)), max_size=8),
    st.lists(st.lists(CELLS, max_size=9), max_size=5),
    st.booleans(),
)
def test_any_cells_under_any_headers_load_or_are_refused_in_words(
    tmp_path_factory, table, headers, rows, skip
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-cells"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    (folder / "actors.csv").write_text(ACTORS, "utf-8")
    lines = [",".join(_quoted(cell) for cell in row) for row in [headers, *rows]]
    (folder / f"{table}.csv").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    loads_or_is_refused(folder, skip_bad_rows=skip)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@settings(EXAMPLES, max_examples=300 // SHARE)
@given(st.text(max_size=60) | st.sampled_from(["SELECT", "CREATE TABLE actors AS "]))
def test_any_text_as_a_mapping_loads_or_is_refused_in_words(tmp_path_factory, sql) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "firms.csv").write_text(ACTORS, "utf-8")
    (folder / "any.sql").write_bytes(sql.encode("utf-8", "surrogatepass"))
    assert not loads_or_is_refused(folder / "firms.csv", manner=Manner(mapping=folder / "any.sql"))


MEASURED = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], capture_output=True, timeout=100)
sys.stdout.buffer.write(ended.stdout); sys.stderr.buffer.write(ended.stderr)
print('\\nMEMORY', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(ended.returncode)
"""


def load_by_command(folder: Path, *given: object) -> tuple[int, str]:
    """Load as a user does; return the exit code and what was said, and hold the bounds."""
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "klaster", "load"]
    ended = subprocess.run(
        [*command, *map(str, given), "--into", "g.klaster", "--lang", "en"],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
    told, memory = ended.stderr.decode().rsplit("\nMEMORY ", 1)
    assert "Traceback" not in told
    assert len(told) < 4_000
    assert int(memory) < MEGABYTE, "more than 1 GB of memory"
    return ended.returncode, told


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


PIECE = bytes(16 * MEGABYTE)


def packed_bomb(folder: Path) -> Path:
    """Write a small gzip file that unpacks to eight gigabytes."""
    path = folder / "actors.csv.gz"
    path.write_bytes(gzip.compress(PIECE, mtime=0) * 512)
    return path


def workbook_bomb(folder: Path) -> Path:
    """Write a small workbook with a sheet of more than a gigabyte."""
    path = folder / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet,
    ):
        for _ in range(70):
            sheet.write(PIECE)
    return path


def text_file(name: str, content: str | bytes):
    def write(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


ENTITIES = """<?xml version="1.0"?>
<!DOCTYPE x [{entities}]>
{root}
"""
# A thousand million letters from ten lines, and the letters of a file that was not given.
LAUGHS = '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)
OUTSIDE = '<!ENTITY a9 SYSTEM "file:///etc/passwd">'
ROOTS = {
    "graphml": (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
        '<node id="&a9;"/></graph></graphml>'
    ),
    "gexf": (
        '<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph><nodes>'
        '<node id="1" label="&a9;"/></nodes></graph></gexf>'
    ),
    "rdf": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:kl="https://w3id.org/klaster/ontology#" '
        'xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">'
        '<kl:Enterprise rdf:about="https://example.org/a"><rdfs:label>&a9;</rdfs:label>'
        "</kl:Enterprise></rdf:RDF>"
    ),
}


def with_entities(form: str, entities: str):
    return text_file(f"net.{form}", ENTITIES.format(entities=entities, root=ROOTS[form]))


REFUSED = {
    **{
        f"{what} in {form}": (with_entities(form, entities), "")
        for form in ROOTS
        for what, entities in (("entities without end", LAUGHS), ("a file by entity", OUTSIDE))
    },
    "a document type elsewhere in RDF/XML": (
        text_file(
            "x.rdf",
            '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x">'
            + ROOTS["rdf"].replace("&a9;", "&z;"),
        ),
        "",
    ),
    "a context elsewhere in JSON-LD": (
        text_file("x.jsonld", '{"@context": "http://127.0.0.1:9/context.jsonld", "@id": "urn:a"}'),
        "",
    ),
    "a Pajek file that claims a million million vertices": (
        text_file("x.net", "*Vertices 1000000000000\n1 a\n*Arcs\n1 2\n"),
        "",
    ),
    "a damaged database": (
        text_file("x.sqlite", b"SQLite format 3\0" + bytes(range(256)) * 64),
        "",
    ),
    "a workbook that unpacks to gigabytes": (workbook_bomb, "limit"),
    "a packed table that unpacks to gigabytes": (packed_bomb, "limit"),
    "an archive with one name twice": (
        lambda folder: zipped(
            folder / "t.zip", {"a/actors.csv": ACTORS.encode(), "b/actors.csv": b"id\n"}
        ),
        "two files named actors.csv",
    ),
    "a NUL byte in a cell": (text_file("actors.csv", "id,name,kind\na,A\0B,enterprise\n"), ""),
    "a cell of 10 MB": (
        text_file("actors.csv", f'id,name,kind\na,"{"x" * 10_000_000}",enterprise\n'),
        "row 2",
    ),
    "a header twice": (text_file("actors.csv", "id,name,name,kind\na,A,B,enterprise\n"), "name"),
    "two encodings in one file": (
        text_file(
            "actors.csv", "id,name,kind\na,Ғўза,enterprise\n".encode() + "b,Хлопок".encode("cp1251")
        ),
        "",
    ),
    "JSON nested without end": (text_file("actors.json", "[" * 200_000), ""),
    "a quotation mark that never closes": (
        text_file("actors.csv", 'id,name,kind\na,"A,enterprise\n' + "b,B,enterprise\n" * 200_000),
        "",
    ),
    "a link to a file elsewhere": (
        lambda folder: _linked(folder),
        "",
    ),
}


def _linked(folder: Path) -> Path:
    inside = folder / "tables"
    inside.mkdir()
    (inside / "actors.csv").symlink_to("/etc/passwd")
    return inside


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_file_gets_one_message_and_nothing_is_written(tmp_path, case) -> None:
    make, said = REFUSED[case]
    path = make(tmp_path)
    before = folder_bytes(tmp_path) if path.stat().st_size < 64 * MEGABYTE else {}
    code, told = load_by_command(tmp_path, path)
    assert code == 1
    assert told.strip()
    assert said in told
    assert "root:" not in told
    assert not (tmp_path / "g.klaster").exists()
    assert not before or folder_bytes(tmp_path) == before


def test_a_refused_file_leaves_the_graph_as_it_was(tmp_path) -> None:
    write_tables(tmp_path / "good", SMALL)
    assert load_by_command(tmp_path, "good")[0] == 0
    before = folder_bytes(tmp_path / "g.klaster")
    for make, _ in [
        REFUSED[case] for case in ("a header twice", "a damaged database", "a NUL byte in a cell")
    ]:
        assert load_by_command(tmp_path, make(tmp_path))[0] == 1
        assert folder_bytes(tmp_path / "g.klaster") == before


def test_a_name_without_a_letter_in_an_archive_harms_nothing(tmp_path) -> None:
    path = zipped(tmp_path / "t.zip", {"actors.csv": ACTORS.encode(), "x": b"1"})
    found = bytearray(path.read_bytes())
    last = found.rindex(b"PK\x01\x02")
    # The only letter of the last name becomes a byte of what stands beside it.
    found[last + 28 : last + 32] = b"\x00\x00\x01\x00"
    path.write_bytes(bytes(found))
    with zipfile.ZipFile(path) as archive:
        assert "" in archive.namelist()
    code, told = load_by_command(tmp_path, path)
    assert code == 0, told


def test_an_archive_writes_nowhere_but_where_it_is_unpacked(tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    entries = {
        "../../evil.csv": b"id\n",
        f"{elsewhere}/evil-too.csv": b"id\n",
        "actors.csv": ACTORS.encode(),
    }
    code, _ = load_by_command(tmp_path, zipped(tmp_path / "t.zip", entries))
    assert code == 0
    assert not list(elsewhere.iterdir())
    assert not list(tmp_path.parent.glob("**/evil*.csv"))


def test_letters_of_any_script_and_signs_that_combine_are_kept(tmp_path) -> None:
    names = [
        "شركة القطن \u202e",
        "a\u0301e\u0308\u0323",
        "Oʻzpaxta “Fargʻona”",
        "棉花 🧵",
        "=1+1",
        "@x",
    ]
    rows = "".join(f'{number},"{name}",enterprise\n' for number, name in enumerate(names))
    text_file("actors.csv", f"id,name,kind\n{rows}")(tmp_path)
    assert load_by_command(tmp_path, "actors.csv")[0] == 0
    assert klaster.open(tmp_path / "g.klaster").table("actors")["name"].to_list() == names


def test_cells_that_a_spreadsheet_would_run_come_out_unable_to(tmp_path) -> None:
    formulas = ["=cmd|'/c calc'!A1", "+1+1", "-2", "@SUM(A1)", "\t=1"]
    rows = [{"id": str(n), "name": cell, "kind": "enterprise"} for n, cell in enumerate(formulas)]
    (tmp_path / "actors.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert load_by_command(tmp_path, "actors.jsonl")[0] == 0
    graph = klaster.open(tmp_path / "g.klaster")
    graph.export(tmp_path / "out")
    graph.export(tmp_path / "out.xlsx")
    written = pl.read_csv(tmp_path / "out" / "actors.csv", infer_schema=False)["name"].to_list()
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for cell in written)
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist() if "worksheets/sheet" in name]
    assert sheets and all(b"<f" not in sheet for sheet in sheets)
