"""The notebook runs, and shows what it shows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples/clusters.ipynb"

# In a process of its own: the library leaves sockets behind, of which pytest would complain.
RUN = """
import sys
import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs = []
manager = AsyncKernelManager(kernel_name="python3")
if sys.platform != "win32":
    manager.transport = "ipc"
NotebookClient(notebook, km=manager, timeout=300).execute()
nbformat.write(notebook, sys.argv[2])
"""


def outputs(path: Path) -> list[object]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_says_what_it_is_kept_with(tmp_path) -> None:
    pytest.importorskip("nbclient")
    done = tmp_path / "done.ipynb"
    result = subprocess.run(
        [sys.executable, "-c", RUN, NOTEBOOK, done], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert outputs(done) == outputs(NOTEBOOK)
    assert all(outputs(done))
