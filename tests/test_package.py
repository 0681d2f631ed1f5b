"""What goes into the wheel, and what runs of itself."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import klaster
from klaster.ontology.questions import questions

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODULES = [
    module.name
    for module in pkgutil.walk_packages(klaster.__path__, "klaster.")
    if module.name.split(".")[1] in ("graph", "loaders", "ontology", "commands", "cli")
]


@pytest.mark.parametrize("name", ["klaster", *MODULES])
def test_examples_in_docstrings(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_package_is_named_in_pyproject() -> None:
    found = {"klaster"} | {
        ".".join(("klaster", *path.parent.relative_to(ROOT).parts))
        for top in ("commands", "graph", "loaders", "ontology")
        for path in (ROOT / top).rglob("__init__.py")
    }
    others = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")}
    assert others == {"commands", "graph", "loaders", "ontology"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_every_data_file_is_named_in_pyproject() -> None:
    named = PROJECT["tool"]["setuptools"]["package-data"]
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        if folder == ROOT:
            continue
        own = {path for pattern in named.get(package, ()) for path in folder.glob(pattern)}
        inside = {
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc")
        }
        below = {
            path
            for path in inside
            if any(
                (p / "__init__.py").exists()
                for p in path.parents
                if p.is_relative_to(folder) and p != folder
            )
        }
        assert inside - below == {path for path in own if path.is_file()}, package


def test_no_stray_module_at_the_root() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {
        "__init__.py", "__main__.py", "cli.py",
    }  # fmt: skip


def test_each_module_tells_one_story() -> None:
    for path in [
        *ROOT.glob("*.py"),
        *(
            p
            for top in ("commands", "graph", "loaders", "ontology")
            for p in (ROOT / top).rglob("*.py")
        ),
    ]:
        assert len(path.read_text("utf-8").splitlines()) <= 480, path
        assert path.stem not in ("utils", "helpers", "common", "base", "manager")


def test_the_readme_tells_how_many_questions_there_are() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"One of (\d+) named questions", readme) == [str(len(questions()))]


def test_the_module_of_the_command_runs_by_its_name_too() -> None:
    argv = [sys.executable, "-m", "klaster.cli", "--help"]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert "Knowledge graph of clusters" in told


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    code = "import sys, klaster.cli; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = (
        "polars",
        "pyoxigraph",
        "rdflib",
        "networkit",
        "networkx",
        "numpy",
        "scipy",
        "pyvis",
        "rich",
        "rustworkx",
    )
    assert not [name for name in heavy if f"'{name}'" in done.stdout]


def test_every_dependency_is_told_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    project = PROJECT["project"]
    listed = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    for requirement in listed:
        name = requirement.split(">=")[0].split("[")[0]
        assert f"`{name}`" in text or name == "klaster", name
