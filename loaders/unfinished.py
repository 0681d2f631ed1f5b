"""What a load that was killed had read of long tables, so that the next need not read it again.

Beside the folder of a long table stand a note of what it was read from and how, written when all
of it was read, and the addresses that it cites. Where the note says the same as what is asked
for now, the table is taken over as it stands; else all of it is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from klaster.loaders.long_tables import Typed
from klaster.ontology.tables import LongTable


@dataclass(frozen=True)
class Unfinished:
    """The long tables in a folder, as far as they were read from ``origin``.

    ``origin`` tells apart all that decides what a table becomes: the bytes of the source, how it
    is read and by which program, what the graph knew. Without one nothing is kept.
    """

    folder: Path
    origin: str

    def table(self, name: str) -> Path:
        """Return where a table is written."""
        return self.folder / name

    def found(self, name: str) -> Typed | None:
        """Return a table that was read whole, or nothing, with what there is of it removed."""
        try:
            note = json.loads(self._note(name).read_bytes())
            if self.origin and note["origin"] == self._digest():
                table = LongTable(self.table(name), note["height"])
                files = sorted(table.folder.glob("*.parquet"))
                # After a power cut the note may be there and the rows not.
                rows = pl.scan_parquet(files, glob=False).select(pl.len()).collect().item()
                # Read as bytes: a file that is mapped into memory cannot be replaced everywhere.
                cited = pl.read_ipc(self._addresses(name).read_bytes())
                if rows == table.height:
                    unread = tuple(note["unread"])
                    return Typed(table, unread=unread, addresses=[cited], resumed=True)
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            pass
        self._note(name).unlink(missing_ok=True)
        shutil.rmtree(self.table(name), ignore_errors=True)
        return None

    def keep(self, name: str, typed: Typed) -> None:
        """Note that a table was read whole; one of which rows were skipped is read again."""
        if not self.origin or typed.table is None or typed.faults:
            return
        none = pl.DataFrame(schema={"iri": pl.String, "url": pl.String})
        pl.concat([none, *typed.addresses]).write_ipc(self._addresses(name))
        note = {
            "origin": self._digest(),
            "height": typed.table.height,
            "unread": list(typed.unread),
        }
        written = self.folder / f"{name}.new"
        written.write_text(json.dumps(note), "utf-8")
        written.replace(self._note(name))

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _addresses(self, name: str) -> Path:
        return self.folder / f"{name}.arrow"

    def _digest(self) -> str:
        return hashlib.sha256(self.origin.encode()).hexdigest()
