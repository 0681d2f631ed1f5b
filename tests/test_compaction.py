"""The store's own tidying waits while it is filled, and goes on afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pyoxigraph import Store

from klaster.graph.store.compaction import put_off

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are scheduled on Linux")


@pytest.fixture
def threads(tmp_path: Path) -> list[int]:
    """The threads that merge files; they are there once a store was opened."""
    Store(str(tmp_path / "store"))
    found = [
        int(task.name)
        for task in Path("/proc/self/task").iterdir()
        if (task / "comm").read_text().startswith("rocksdb:low")
    ]
    assert found
    return found


def test_threads_that_merge_files_wait_while_a_store_is_filled(threads: list[int]) -> None:
    with put_off():
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_IDLE}
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}


def test_they_go_on_after_what_went_wrong(threads: list[int]) -> None:
    def fail() -> None:
        with put_off():
            message = "the disk is full"
            raise OSError(message)

    with pytest.raises(OSError, match="full"):
        fail()
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}


def test_a_store_is_filled_where_threads_may_not_be_scheduled(threads, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused)
    with put_off():
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
