"""The notebook runs, and shows what it shows."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples/clusters.ipynb"


@pytest.mark.filterwarnings("ignore")
def test_the_notebook_says_what_it_is_kept_with() -> None:
    nbformat = pytest.importorskip("nbformat")
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    kept = nbformat.read(NOTEBOOK, as_version=4)
    run = nbformat.read(NOTEBOOK, as_version=4)
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    manager = AsyncKernelManager(kernel_name="python3")
    if sys.platform != "win32":
        manager.transport = "ipc"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        NotebookClient(run, km=manager, timeout=300).execute()
    for before, after in zip(kept.cells, run.cells, strict=True):
        if before.cell_type == "code":
            assert after.outputs == before.outputs, before.source
            assert after.outputs
