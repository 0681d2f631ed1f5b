"""What a shell offers while a command is typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from klaster.cli import main
from klaster.commands.completion import WholeWords
from klaster.ontology.codes import codes
from klaster.ontology.questions import THEMES, questions

MAIN = "from klaster.cli import main; main(prog_name='klaster')"


def offered(*args, incomplete="") -> dict[str, str | None]:
    found = ShellComplete(main, {}, "klaster", "_KLASTER_COMPLETE").get_completions(
        [str(arg) for arg in args], incomplete
    )
    return {item.value: item.help for item in found}


def test_commands_are_completed() -> None:
    assert {"query", "questions"} == set(offered(incomplete="que"))


def test_questions_are_completed_with_their_titles(small_graph) -> None:
    found = offered("query", small_graph.path, incomplete="single")
    assert found["single-sourced"] == questions()["single-sourced"].titles["en"]
    assert set(found) == {slug for slug in questions() if slug.startswith("single")}
    in_uzbek = offered("query", "--lang", "uz", small_graph.path, incomplete="single")
    assert in_uzbek["single-sourced"] == questions()["single-sourced"].titles["uz"]
    assert set(offered("questions")) == set(questions())


def test_ones_own_questions_are_completed(small_graph, tmp_path, monkeypatch) -> None:
    (tmp_path / "mine.rq").write_text("# en: Mine?\n# param since (date): 2020-01-01\nASK {}")
    assert offered("query", small_graph.path, "--questions", tmp_path, incomplete="min") == {
        "mine": "Mine?"
    }
    monkeypatch.setenv("KLASTER_QUESTIONS", str(tmp_path))
    assert offered("query", small_graph.path, incomplete="min") == {"mine": "Mine?"}
    assert offered("query", small_graph.path, "mine", "--set") == {"since=": "2020-01-01"}
    assert list(offered("query", small_graph.path, "mine", "--set", incomplete="since=")) == [
        "since=2020-01-01"
    ]


def test_clusters_come_from_the_graph(small_graph) -> None:
    assert offered("central", small_graph.path, "--cluster") == {"c": "Cotton"}
    assert offered("missing", small_graph.path, "--cluster", incomplete="x") == {}


@pytest.mark.parametrize(
    ("args", "incomplete", "values"),
    [
        (("single-sourced", "--set"), "", ["cluster=", "date="]),
        (("single-sourced", "--set"), "c", ["cluster="]),
        (("single-sourced", "--set"), "cluster=", ["cluster=c"]),
        (("single-sourced", "--set"), "date=", ["date=2025-06-01"]),
        (("makers-of-product", "--set"), "product=y", ["product=yarn"]),
        (("instrument-take-up", "--set"), "instrument=", ["instrument=grant", "instrument=loan"]),
        (("owners", "--set"), "actor=w", ["actor=weave"]),
        (("clusters-without-role", "--set"), "role=exp", ["role=exporter"]),
        (("members-in-region", "--set"), "region=UZ-F", ["region=UZ-FA"]),
        (("single-sourced", "--set"), "colour=", []),
        (("no-such-question", "--set"), "", []),
        (("ASK {}", "--set"), "", []),
    ],
)  # fmt: skip
def test_settings_are_completed_by_the_kind_of_parameter(
    small_graph, args, incomplete, values
) -> None:
    found = offered("query", small_graph.path, *args, incomplete=incomplete)
    assert sorted(found) == values


def test_measures_themes_codes_and_sources_are_completed(small_graph) -> None:
    assert set(offered("central", small_graph.path, "--by")) == set(codes("measure"))
    assert set(offered("questions", "--theme")) == set(THEMES)
    assert offered("central", small_graph.path, "--region", incomplete="UZ-FA")
    assert set(offered("central", small_graph.path, "--kind")) == set(codes("actor-kind"))
    assert list(offered("drop", small_graph.path)) == ["small"]


@pytest.mark.parametrize("where", ["missing.klaster", "file", "https://example.org/sparql", ""])
def test_where_there_is_no_graph_nothing_is_offered(tmp_path, where) -> None:
    (tmp_path / "file").write_text("no graph")
    graph = where if "//" in where else tmp_path / where
    assert offered("central", graph, "--cluster") == {}
    assert offered("query", graph, "single-sourced", "--set", incomplete="cluster=") == {}
    assert offered("drop", graph) == {}


def in_bash(*words: str, at: int | None = None) -> list[str]:
    """Return what bash is told for words as it divides them."""
    place = len(words) - 1 if at is None else at
    environment = {
        "COMP_WORDS": "\n".join(("klaster", *words)),
        "COMP_CWORD": str(place + 1),
    }
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        told = WholeWords(main, {}, "klaster", "_KLASTER_COMPLETE").complete()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return told.splitlines()


def test_bash_gets_what_follows_the_sign_at_which_it_divides(small_graph) -> None:
    graph = str(small_graph.path)
    asked = ("query", graph, "single-sourced", "--set")
    assert in_bash(*asked, "clu") == ["plain,cluster="]
    assert in_bash(*asked, "cluster", "=") == ["plain,c"]
    assert in_bash(*asked, "cluster", "=", "c") == ["plain,c"]
    assert in_bash(*asked, "cluster=c") == ["plain,cluster=c"]
    assert in_bash("central", graph, "--cluster", "=", "c") == ["plain,c"]
    assert in_bash("query", graph, "--lang", "=", "uz", "single-sourced", "--set", "date", "=", "2") == [
        "plain,2025-06-01"
    ]  # fmt: skip
    # A word that is not begun yet.
    assert in_bash("central", graph, "--cluster", at=3) == ["plain,c"]


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_itself_completes(small_graph, tmp_path) -> None:
    klaster = tmp_path / "klaster"
    klaster.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{MAIN}" "$@"\n')
    klaster.chmod(0o755)
    script = f"""
        PATH={tmp_path}:$PATH
        compopt() {{ echo "compopt $1 $2"; }}
        eval "$(_KLASTER_COMPLETE=bash_source klaster)"
        COMP_WORDS=(klaster query {small_graph.path} single-sourced --set clu); COMP_CWORD=5
        _klaster_completion klaster; echo "${{COMPREPLY[@]}}"
        COMPREPLY=()
        COMP_WORDS=(klaster query {small_graph.path} single-sourced --set cluster = c); COMP_CWORD=7
        _klaster_completion klaster; echo "${{COMPREPLY[@]}}"
    """
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert found.stdout.splitlines() == ["compopt -o nospace", "cluster=", "c"], found.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_their_script(shell) -> None:
    environment = {**os.environ, "_KLASTER_COMPLETE": f"{shell}_source"}
    script = subprocess.run(
        [sys.executable, "-c", MAIN],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert f"_KLASTER_COMPLETE={shell}_complete" in script


def test_nothing_slow_is_imported_for_a_completion(small_graph) -> None:
    """The libraries of tables and measures take longer than somebody who types waits."""
    code = f"""
import sys, time
from click.shell_completion import ShellComplete
from klaster.cli import main
shell = ShellComplete(main, {{}}, "klaster", "_KLASTER_COMPLETE")
found = shell.get_completions(["central", {str(small_graph.path)!r}, "--cluster"], "")
assert [item.value for item in found] == ["c"]
found = shell.get_completions(["query", {str(small_graph.path)!r}], "single")
assert found
print([name for name in ("polars", "numpy", "rdflib", "scipy", "duckdb") if name in sys.modules], time.process_time())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow, seconds = told.stdout.rsplit(maxsplit=1)
    assert slow == "[]"
    # Of the processor's time, which other programs do not lengthen much.
    assert float(seconds) < 1
