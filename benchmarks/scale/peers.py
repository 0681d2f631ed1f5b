"""The peers: which are there, and environments of their own for those that need one."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import measuring
from measuring import Limits

APART: Final = {"morph-kgc": "morph-kgc==2.10.0", "kglab": "kglab==1.0.1"}
"""Peers whose requirements contradict klaster's, with what is installed for each."""
MEASURED: Final = (
    "polars", "pyoxigraph", "rdflib", "oxrdflib", "maplib", "networkx", "igraph", "networkit",
    "rustworkx", "scipy",
)  # fmt: skip
_PATIENCE: Final = 1_800


def missing(module: str) -> str:
    """Return why a peer cannot be run, or nothing."""
    if importlib.util.find_spec(module):
        return ""
    return f"not run: {module} is not installed (pip install -r benchmarks/requirements.txt)"


def python_of(name: str, folder: Path) -> tuple[str, str]:
    """Return the interpreter of a peer's own environment, made if need be, or why there is none."""
    place = folder / "environments" / name
    python = place / "bin" / "python"
    done = place / "installed"
    if done.exists():
        return str(python), ""
    print(f"making an environment for {name}", file=sys.stderr, flush=True)
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", APART[name]],
    )
    for step in steps:
        try:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            return "", f"not run: installing {name} took longer than {_PATIENCE} s"
        except subprocess.CalledProcessError as reason:
            said = (reason.stderr or "").strip().splitlines()[-1:] or ["?"]
            return "", f"not run: {name} could not be installed: {said[0][:200]}"
    done.touch()
    return str(python), ""


def kglab(folder: Path, limits: Limits, source: Path, target: str) -> dict[str, Any]:
    """Have kglab do its work in its own environment: see ``kglab_work``."""
    python, lacking = python_of("kglab", folder)
    if lacking:
        return {"status": lacking}
    program = Path(__file__).with_name("kglab_work.py")
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        row = measuring.command([python, str(program), str(source), target, str(answer)], limits)
        return row | (json.loads(answer.read_text("utf-8")) if row["status"] == "ok" else {})


def versions() -> str:
    """Return the versions of what is measured, as far as it is installed."""
    found = []
    for name in MEASURED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, *(spec.replace("==", " ") for spec in APART.values())])
