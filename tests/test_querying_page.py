"""The page on asking a graph: its examples give what it says."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up import LOADED_AT

import klaster
from klaster.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/querying.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```console\n(.*?)^```$", PAGE)
EXAMPLES = [
    example
    for block in BLOCKS
    for example in re.findall(r"(?ms)^\$ (.*?)\n(.*?)(?=^\$ |\Z)", block)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("page")
    graph = klaster.open(found / "uzbekistan.klaster")
    graph.load(ROOT / "loaders/demo", name="demo", loaded_at=LOADED_AT)
    return found


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 7


@pytest.mark.parametrize(("command", "told"), EXAMPLES, ids=[row[0][:60] for row in EXAMPLES])
def test_a_command_of_the_page_says_what_stands_there(folder, monkeypatch, command, told) -> None:
    monkeypatch.chdir(folder)
    program, *args = shlex.split(command)
    assert program == "klaster"
    environment = {"LANG": "C.UTF-8", "LC_ALL": "", "KLASTER_QUESTIONS": ""}
    result = CliRunner(env=environment).invoke(main, args)
    assert result.stdout + result.stderr == told


# rdflib warns of what it does itself.
@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
def test_the_python_of_the_page_says_what_stands_there(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    (python,) = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE)
    test = doctest.DocTestParser().get_doctest(python, {}, "page", "docs/querying.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_every_format_and_option_is_told() -> None:
    from klaster.commands.querying import FORMATS, query

    for name in FORMATS:
        assert f"`{name}`" in PAGE
    for option in ("--timeout", "--limit-memory", "--set", "--questions", "-o", "-f", "--format"):
        assert any(option in parameter.opts for parameter in query.params)
        assert f"`{option}" in PAGE or f"({option}" in PAGE.replace("`", "")
