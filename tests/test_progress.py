"""What takes long at the size of a nation says on a terminal that it is at work, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from klaster.ontology.labels import phrase

PROGRAM = """
import sys
from klaster.cli import main
for line in sys.argv[1:]:
    main(line.split(), standalone_mode=False)
"""


def stderr_of_terminal(lines: list[str]) -> str:
    """Run commands with a terminal as stderr, one after another, and return what stood there."""
    reading, writing = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *lines],
        stderr=writing,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(writing)
        found = b""
        while True:
            try:
                part = os.read(reading, 65536)
            except OSError:
                # So a terminal on Linux ends.
                break
            if not part:
                break
            found += part
        os.close(reading)
    assert process.returncode == 0, found.decode()
    return found.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no terminals to make")
@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_what_may_take_minutes_says_on_a_terminal_what_it_does(small_graph, tmp_path, language):
    graph = small_graph.path
    stages = {
        f"info {graph}": "count",
        f"central {graph} --roles kind": "measure",
        f"risk {graph}": "measure",
        f"missing {graph} --card": "find",
        f"policy {graph}": "reach",
        f"potential {graph} --show claims": "potential",
        f"export {graph} -o {tmp_path / 'g.graphml'}": "export",
    }
    lines = [f"{line} --lang {language}" for line in stages]
    told = stderr_of_terminal(lines)
    for stage in set(stages.values()):
        assert phrase(f"stage.{stage}", language) in told, stage
    silent = subprocess.run(
        [sys.executable, "-c", PROGRAM, *lines[:-1], f"{lines[-1]} --quiet"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(tmp_path),
    )
    for stage in set(stages.values()):
        assert phrase(f"stage.{stage}", language) not in silent.stderr
