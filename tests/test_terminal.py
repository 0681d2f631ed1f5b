"""What a terminal shows: within its width, in line, coloured only where colours are wanted."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence

import pytest
from click.testing import CliRunner
from made_up import LOADED_AT, SMALL, write_tables
from rich.cells import cell_len

import klaster
from klaster.cli import main
from klaster.commands.options import Output
from klaster.commands.progress import Steps
from klaster.graph.views.severity import graded
from klaster.graph.views.table import Heading, Toned, render
from klaster.ontology.labels import phrase

NAMES = ("Toʻqimachi Gʻiloss", "Хлопкопром", "経済圏株式会社", "A\u0301e\u0301 Ltd", "b\u0303")
COMMANDS = {
    "central": ("central", "GRAPH", "--top", "8"),
    "central-explained": ("central", "GRAPH", "--top", "3", "--explain"),
    "central-since": ("central", "GRAPH", "--since", "2018-01-01", "--date", "2025-01-01"),
    "brokers": ("central", "GRAPH", "--roles", "cluster"),
    "risk": ("risk", "GRAPH"),
    "missing": ("missing", "GRAPH"),
    "card": ("missing", "GRAPH", "--card"),
    "without": ("missing", "GRAPH", "--without", "BCT Cluster"),
    "predict": ("missing", "GRAPH", "--predict"),
    "audit": ("missing", "GRAPH", "--audit"),
    "policy": ("policy", "GRAPH"),
    "mechanisms": ("policy", "GRAPH", "--mechanisms"),
    "info": ("info", "GRAPH"),
    "check": ("check", "GRAPH"),
    "match": ("match", "GRAPH", "--threshold", "0.5"),
    "questions": ("questions",),
    "query-wide": ("query", "GRAPH", "claimed-causes"),
    "query-members": ("query", "GRAPH", "cluster-members"),
    "query-empty": ("query", "GRAPH", "exports-of-cluster"),
    "sources": ("sources", "GRAPH"),
}


def printed(*command: str, width: int, language: str = "en"):
    environment = {"LANG": "C.UTF-8", "LC_ALL": "", "COLUMNS": str(width), "NO_COLOR": None}
    asked = [*command, "--format", "table", "--lang", language]
    result = CliRunner(env=environment).invoke(main, asked)
    assert result.exit_code == 0, result.output
    return result


def starts(line: str) -> list[int]:
    """Return at which columns of the terminal the parts of a line begin."""
    return [cell_len(line[: found.start()]) for found in re.finditer(r"(?<!\S)\S", line)]


# English has the shortest words: what fits in Russian and Uzbek fits in it.
@pytest.mark.parametrize(
    ("name", "language"),
    [*((name, language) for name in COMMANDS for language in ("ru", "uz")), ("missing", "en")],
)
def test_every_command_stays_within_the_terminal(demo_graph, monkeypatch, name, language) -> None:
    shown = []
    show = Output.show

    def watched(self, sheet, **given):
        shown.append(sheet)
        show(self, sheet, **given)

    monkeypatch.setattr(Output, "show", watched)
    command = [str(demo_graph.path) if part == "GRAPH" else part for part in COMMANDS[name]]
    result = printed(*command, width=80, language=language)
    assert max(map(cell_len, result.output.splitlines())) <= 80
    assert "\x1b" not in result.output
    for sheet in shown:
        for width in (60, 80, 200):
            text = sheet.text("table", language=language, width=width)
            told = sheet.explanation(language=language, width=width)
            assert max(map(cell_len, [*text.splitlines(), *told.splitlines()])) <= width
            # What a column holds is folded, never cut off.
            assert "…" not in text.replace("…", "", sum(str(row).count("…") for row in sheet.rows))


def test_names_of_any_script_stand_in_line() -> None:
    rows = [{"name": name, "n": 10**at, "kind": "firm"} for at, name in enumerate(NAMES)]
    headings = [Heading("name", "name"), Heading("n", "n", number=True), Heading("kind", "kind")]
    lines = render(rows, headings, "table", width=80).splitlines()
    assert {starts(line)[-1] for line in lines[2:]} == {starts(lines[0])[-1]}
    assert len({cell_len(line) for line in lines[2:]}) == 1


@pytest.mark.parametrize("width", [60, 80, 200])
def test_names_are_whole_however_narrow_the_terminal(width) -> None:
    names = ["Association of fruit and vegetable agroclusters", "経済圏" * 12, "ЧПКХ" * 9]
    rows = [{"name": name, "text": "a " * 90, "n": 1} for name in names]
    headings = [Heading("name", "name"), Heading("text", "text"), Heading("n", "n", number=True)]
    text = render(rows, headings, "table", width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    letters = re.sub(r"[\s1a─]", "", text)
    assert all(re.sub(r"[\sa]", "", name) in letters for name in names)


def test_more_columns_than_a_terminal_holds_make_records() -> None:
    row = {f"variable{number}": "value " * 4 for number in range(9)}
    headings = [Heading(key, key) for key in row]
    wide = render([row], headings, "table", width=300)
    assert wide.splitlines()[0].split() == list(row)
    narrow = render([row, row], headings, "table", width=80)
    first = narrow.splitlines()[0]
    assert first.split() == ["variable0", *["value"] * 4]
    assert narrow.count("\n\n") == 1
    assert max(map(cell_len, narrow.splitlines())) <= 80


def test_no_rows_are_said_to_be_none() -> None:
    assert render([], [Heading("a", "a")], "table", language="uz") == "qatorlar yoʻq"
    assert render([], [Heading("a", "a")], "csv") == "a"


def test_a_repeated_group_is_written_once() -> None:
    rows = [{"g": "one", "v": "a"}, {"g": "one", "v": "b"}, {"g": "two", "v": "b"}]
    lines = render(rows, [Heading("g", "g", grouped=True), Heading("v", "v")], "table").splitlines()
    assert [line.split() for line in lines[2:]] == [["one", "a"], ["b"], ["two", "b"]]


def test_severity_is_told_by_a_word_and_by_a_colour() -> None:
    rows = [{"s": graded(figure, "en")} for figure in (1, 0.5, 0.1, 0)]
    heading = [Heading("s", "severity")]
    plain = render(rows, heading, "table").splitlines()[2:]
    assert plain == ["high 1.00", "medium 0.50", "low 0.10", "worth knowing 0.00"]
    coloured = render(rows, heading, "table", coloured=True)
    assert "\x1b[1;31mhigh 1.00" in coloured
    assert "\x1b[33mmedium 0.50" in coloured
    bare = re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()
    assert [line.rstrip() for line in bare] == render(rows, heading, "table").splitlines()
    assert render(rows, heading, "csv").splitlines()[1] == "high 1.00"


def test_no_cell_moves_the_cursor_or_colours_the_terminal() -> None:
    rows = [{"a": "\x1b[31mred\x1b]0;title\x07\u202egnp.exe", "b": Toned("ok", "low")}]
    text = render(rows, [Heading("a", "a"), Heading("b", "b")], "table")
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "red" in text


KLASTER = ("-m", "klaster")


def on_terminal(*command: str, program: Sequence[str] = KLASTER, **environment: str) -> str:
    """Run a command with a terminal as its output and its errors, and return what it wrote."""
    variables = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    variables.pop("NO_COLOR", None)
    master, slave = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, *program, *command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=variables | environment,
    )
    os.close(slave)
    written = b""
    while True:
        try:
            some = os.read(master, 65536)
        except OSError:
            break
        if not some:
            break
        written += some
    os.close(master)
    assert running.wait() == 0, written.decode()
    return written.decode()


LONG = (
    ("info {graph}", "count"),
    ("central {graph} --roles kind", "measure"),
    ("central {graph} --helix", "measure"),
    ("risk {graph}", "measure"),
    ("missing {graph}", "find"),
    ("missing {graph} --card", "find"),
    ("policy {graph}", "reach"),
    ("potential {graph} --show claims", "potential"),
    ("export {graph} -o {out}", "export"),
)
"""What may take minutes of a nation's graph, and the stage that is told meanwhile."""
ONE_BY_ONE = """
import sys
from klaster.cli import main
for line in sys.argv[1:]:
    print("== next", file=sys.stderr, flush=True)
    main(line.split(), standalone_mode=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_may_take_minutes_says_on_a_terminal_only_what_it_does(
    small_graph, tmp_path, language
) -> None:
    places = {"graph": small_graph.path, "out": tmp_path / "g.graphml"}
    lines = [f"{line.format(**places)} --lang {language}" for line, _ in LONG]
    program = ("-c", ONE_BY_ONE)
    _, *told = on_terminal(*lines, program=program).split("== next")
    piped = subprocess.run(
        [sys.executable, *program, *lines], capture_output=True, text=True, check=True
    )
    _, *silent = piped.stderr.split("== next")
    for (line, stage), shown, quiet in zip(LONG, told, silent, strict=True):
        # A spinner stands before the words, as before nothing that is a result.
        words = re.compile(rf"[\u2800-\u28ff]\S* {re.escape(phrase(f'stage.{stage}', language))}")
        assert words.search(shown), line
        assert not words.search(quiet), line


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_colours_on_a_terminal_unless_it_asks_for_none(small_graph) -> None:
    command = ("missing", str(small_graph.path), "--lang", "en")
    coloured = on_terminal(*command)
    assert re.search(r"\x1b\[(1;31|33|36|2)m(high|medium|low|worth knowing) ", coloured)
    plain = on_terminal(*command, NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*[13]\d?m(high|medium|low)", plain)
    assert "severity" in plain


def test_steps_that_are_left_out_count_as_done() -> None:
    shown: list[tuple[str, float]] = []
    step = Steps(lambda words, done: shown.append((words, done)))
    step("read")
    step.within(0.5)
    step("write")
    step("store", 4)
    step.within(1.0)
    assert shown == [("read", 0), ("read", 0.5), ("write", 1), ("store", 4), ("store", 5)]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_load_tells_its_stages_on_a_terminal_only(tmp_path) -> None:
    source = write_tables(tmp_path / "s", SMALL)
    written = on_terminal(
        "load", str(source), "--into", str(tmp_path / "t.klaster"), "--lang", "en"
    )
    stages = ("reading and checking", "writing and indexing", "deriving links", "storing")
    for stage in (*stages, "looking for gaps"):
        assert stage in written
    # Four of five stages are done as the last begins.
    assert "80%" in written
    assert re.search(r"\d:\d\d:\d\d", written)
    piped = CliRunner().invoke(
        main, ["load", str(source), "--into", str(tmp_path / "p.klaster"), "--lang", "en"]
    )
    assert piped.stdout == ""
    assert piped.stderr.startswith("s: loaded 30 rows from ")
    assert piped.stderr.count("\n") == 1


def test_names_are_in_the_language_asked_for(tmp_path) -> None:
    tables = {name: [dict(row) for row in rows] for name, rows in SMALL.items()}
    tables["actors"][1]["name_uz"] = "Yigiruvchi"
    tables["clusters"][0]["name_uz"] = "Paxta"
    graph = klaster.open(tmp_path / "g.klaster")
    graph.load(write_tables(tmp_path / "t", tables), loaded_at=LOADED_AT)
    path = str(graph.path)
    assert "Yigiruvchi" in printed("central", path, width=80, language="uz").stdout
    assert "Spinner" in printed("central", path, width=80, language="ru").stdout
    assert "Paxta" in printed("missing", path, "--card", width=80, language="uz").stdout
