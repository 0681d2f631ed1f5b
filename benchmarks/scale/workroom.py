"""What a stage works on: the made-up tables, the graph loaded from them, the folder they are in."""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import measuring
from measuring import Limits

BASE: Final = "https://w3id.org/klaster/id/network/"
"""With this the IRIs of things begin in a graph in a folder called ``network.klaster``."""
ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 7_200
_MODEL: Final = ("generate", "economy", "supply", "setting", "cells")
_CODE: Final = ("graph", "loaders", "ontology")

Row = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """What a stage was asked for.

    ``only`` names engines (all if empty), ``share`` is the part of the rows that rdflib and what
    is built on it is given.
    """

    firms: int
    folder: Path
    limits: Limits
    seed: int = 0
    only: tuple[str, ...] = ()
    share: float = 1.0

    def wants(self, engine: str) -> bool:
        """Say whether an engine is to be run."""
        return not self.only or engine in self.only

    @property
    def patient(self) -> Limits:
        """What klaster's whole pipeline, and what is not compared, may take: time, and all cores."""
        return Limits(max(self.limits.seconds, PATIENCE), self.limits.gigabytes)

    def aside(self, place: str, **work: object) -> Row:
        """Do what is not compared in a process of its own, on all threads; it must succeed."""
        found = measuring.work(place, self.patient, **work)
        if found["status"] != "ok":
            message = f"{place}: {found['status']}"
            raise RuntimeError(message)
        return found

    @cached_property
    def room(self) -> Path:
        """The folder of this size, by what makes its tables."""
        code = "".join((ROOT / "benchmarks" / f"{name}.py").read_text("utf-8") for name in _MODEL)
        mark = hashlib.sha256(f"{code}{self.seed}".encode()).hexdigest()[:8]
        return self.folder / f"{self.firms}-{mark}"

    @property
    def tables(self) -> Path:
        """The folder of tables, which are made if need be."""
        target = self.room / "tables"
        if not (target / "made").exists():
            self.make_tables(target)
        return target

    def make_tables(self, target: Path) -> Row:
        """Make the tables anew, and return what that took."""
        shutil.rmtree(target, ignore_errors=True)
        tell(f"making tables of {self.firms:,} firms")
        found = self.aside("pipeline:make", firms=self.firms, folder=str(target), seed=self.seed)
        (target / "made").touch()
        return found

    @cached_property
    def graph(self) -> Path:
        """Where the graph is loaded, by the code that loads it."""
        files = sorted(file for part in _CODE for file in (ROOT / part).rglob("*.py"))
        mark = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
        return self.room / f"code-{mark}" / "network.klaster"

    def loaded(self) -> Path:
        """Return the graph, loaded if need be; graphs that other code loaded are removed."""
        target = self.graph
        if not target.exists():
            tell(f"loading {self.firms:,} firms")
            found = self.load()
            if found["status"] != "ok":
                message = f"the graph could not be loaded: {found['status']}"
                raise RuntimeError(message)
        return target

    def load(self) -> Row:
        """Load the graph anew, with time and on all cores, and return what that took."""
        return self.built("pipeline:load", self.patient, tables=str(self.tables))

    def built(self, place: str, limits: Limits, **work: object) -> Row:
        """Do work that makes the graph anew, and return what that took."""
        for old in self.room.glob("code-*"):
            shutil.rmtree(old)
        self.graph.parent.mkdir(parents=True)
        found = measuring.work(place, limits, graph=str(self.graph), **work)
        if found["status"] != "ok":
            shutil.rmtree(self.graph.parent)
        return found


def tell(what: str) -> None:
    """Say on stderr what is being done."""
    print(f"{time.strftime('%X')} {what}", file=sys.stderr, flush=True)
