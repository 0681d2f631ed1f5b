"""RML and YARRRML mappings, carried out by morph-kgc in an environment of its own.

morph-kgc needs older releases of libraries that klaster needs newer, so it is run as a program of
another Python environment, which the variable ``KLASTER_MORPH_KGC`` names. It runs in a folder
that holds the source's files and nothing else, and is stopped when it opens others or connects to
anything.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from klaster.loaders.cells import refuse_what_is_no_file, shown, unreadable
from klaster.ontology.faults import Fault

RML_FILES: Final = frozenset({".ttl", ".yml", ".yaml"})
VARIABLE: Final = "KLASTER_MORPH_KGC"
_TIME_LIMIT: Final = 3600

# Run by the other environment's Python before morph-kgc: what is opened must lie in the folder,
# or belong to that Python.
_GUARDED: Final = """
import os, sys, tempfile
import morph_kgc.__main__  # what it imports is read before the guard stands
import pandas.io.parsers, pandas.io.json
inside = os.path.realpath(os.getcwd())
own = tuple({os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, os.__file__ + '/..')})
def guard(event, args):
    if event in ('socket.connect', 'socket.getaddrinfo', 'subprocess.Popen', 'os.system'):
        print('KLASTER-REFUSED', event, file=sys.stderr); os._exit(3)
    if event == 'open' and isinstance(args[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(args[0]))
        if not path.startswith((inside, *own, '/usr/', '/proc/', '/sys/', '/dev/')):
            print('KLASTER-REFUSED', path, file=sys.stderr); os._exit(3)
sys.addaudithook(guard)
sys.argv = ['morph_kgc', 'config.ini']
import runpy
runpy.run_module('morph_kgc', run_name='__main__', alter_sys=True)
"""


@contextmanager
def rdf_by_rml(mapping: Path, source: Path) -> Iterator[Path]:
    """Carry out a mapping on a file or the files of a folder, and give the RDF that it makes.

    In the mapping, files are named as they are named in the folder, without a path.

    Raises
    ------
    Fault
        If morph-kgc is not there, fails, reaches for another file, or makes nothing.
    """
    program = os.environ.get(VARIABLE)
    if not program or not Path(program).exists():
        raise Fault("fault.no-morph-kgc", variable=VARIABLE)
    refuse_what_is_no_file(mapping)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _lay_out(source, folder)
        rules = folder / f"klaster-mapping{mapping.suffix.lower()}"
        made = folder / "klaster-made.nt"
        try:
            rules.write_bytes(mapping.read_bytes())
        except OSError as reason:
            raise unreadable(mapping, reason) from reason
        (folder / "config.ini").write_text(
            "[CONFIGURATION]\noutput_format=N-TRIPLES\nlogging_level=ERROR\nnumber_of_processes=1\n"
            f"output_file={made.name}\n[DataSource1]\nmappings={rules.name}\n",
            "utf-8",
        )
        _run(program, folder, mapping)
        if not made.exists() or not made.stat().st_size:
            raise Fault("fault.rml-nothing", mapping=shown(mapping.name))
        yield made


def _lay_out(source: Path, folder: Path) -> None:
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    inside = (source if source.is_dir() else source.parent).resolve()
    for file in files:
        if file.is_file() and file.resolve().is_relative_to(inside):
            (folder / file.name).write_bytes(file.read_bytes())


def _run(program: str, folder: Path, mapping: Path) -> None:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("PYTHON")
    } | {"PYTHONUTF8": "1", "TMPDIR": str(folder)}
    try:
        # The program is the one that the user named.
        ended = subprocess.run(  # noqa: S603
            [program, "-c", _GUARDED],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=_TIME_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as reason:
        raise Fault("fault.rml", mapping=shown(mapping.name), reason=str(reason)) from reason
    if ended.returncode:
        told = ended.stderr.decode("utf-8", "replace")
        refused = [line for line in told.splitlines() if line.startswith("KLASTER-REFUSED")]
        if refused:
            found = refused[0].removeprefix("KLASTER-REFUSED ")
            raise Fault("fault.rml-outside", mapping=shown(mapping.name), found=found)
        last = (told.strip().splitlines() or ["-"])[-1]
        raise Fault("fault.rml", mapping=shown(mapping.name), reason=last[:300])
