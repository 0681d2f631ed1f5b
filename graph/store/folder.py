"""A graph on disk: one folder, changed in one step.

``NAME.klaster/`` holds ``klaster.toml`` and one folder a state: ``gNNNNNN/store`` (Oxigraph) and
``gNNNNNN/tables/SOURCE`` (Parquet). A change is made on a copy in ``.staging-*`` and becomes the
graph when ``klaster.toml`` is replaced; until then, and if it is killed, the old state stands.
The state before is kept until the next change, since someone may still be reading it.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import uuid4

import tomli_w
from filelock import FileLock, Timeout
from psutil import pid_exists

from klaster.graph.store.begun import Begun
from klaster.graph.store.files import keep_files, room_on
from klaster.ontology.faults import Fault

if TYPE_CHECKING:
    from klaster.graph.store.embedded import EmbeddedStore, StagedStore

FORMAT: Final = 1
MANIFEST: Final = "klaster.toml"
_LOCK: Final = ".lock"
_DERIVED: Final = "derived-pairs"
_STORE: Final = "store"
_BEGUN: Final = "begun"


@dataclass(frozen=True)
class SourceEntry:
    """A source that was loaded: its file, the loader that read it, when, and how much it held.

    ``manner`` is a digest of how it was read, if that was asked for (a mapping, queries).
    """

    name: str
    kind: str
    path: str
    sha256: str
    loader: str
    loaded_at: str
    rows: Mapping[str, int]
    manner: str = ""


@dataclass(frozen=True)
class Manifest:
    """What ``klaster.toml`` says."""

    base: str
    language: str = "en"
    generation: str = ""
    sources: tuple[SourceEntry, ...] = ()
    format: int = FORMAT
    extra: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> SourceEntry | None:
        """Return the source of a name, if there is one."""
        return next((entry for entry in self.sources if entry.name == name), None)


class GraphFolder:
    """The folder of one graph."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        """The folder as it may be shown."""
        return str(self.path)

    @property
    def name(self) -> str:
        """What the graph is called."""
        return self.path.name.removesuffix(".klaster")

    def exists(self) -> bool:
        """Say whether a graph stands in the folder."""
        return (self.path / MANIFEST).is_file()

    def require(self) -> None:
        """Do nothing if a graph stands in the folder.

        Raises
        ------
        Fault
            If not.
        """
        if not self.exists():
            raise Fault("fault.no-graph", path=self.path)

    def reread(self) -> None:
        """Do nothing: what is in a folder is always read anew."""

    def manifest(self) -> Manifest:
        """Read ``klaster.toml``; a folder without one is an empty graph.

        Raises
        ------
        Fault
            If the file cannot be read or is of a newer format.
        """
        if not self.exists():
            name = self.path.name.removesuffix(".klaster") or "graph"
            return Manifest(base=f"https://w3id.org/klaster/id/{name}/")
        try:
            held = tomllib.loads((self.path / MANIFEST).read_text("utf-8"))
            if held["format"] > FORMAT:
                raise Fault("fault.format", path=self.path, found=held["format"], known=FORMAT)
            sources = tuple(SourceEntry(**entry) for entry in held.pop("sources", ()))
            return Manifest(sources=sources, **held)
        except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as reason:
            raise Fault("fault.damaged", path=self.path, reason=reason) from reason

    def store(self, manifest: Manifest) -> Path:
        """Return where the store of a state lies."""
        return self.path / manifest.generation / _STORE

    def opened(self, manifest: Manifest) -> EmbeddedStore:
        """Return the store of a state, to be queried."""
        from klaster.graph.store.embedded import EmbeddedStore

        return EmbeddedStore(self.store(manifest))

    def merges(self, _: Manifest) -> Mapping[str, str] | None:
        """Return nothing: which actors gave way to which is told by the tables."""
        return None

    def table_folders(self, manifest: Manifest) -> list[Path]:
        """Return where the tables of each source of a state lie."""
        return [self.tables(manifest, entry.name) for entry in manifest.sources]

    def tables(self, manifest: Manifest, name: str) -> Path:
        """Return where the tables of one source of a state lie."""
        return _tables_folder(self.path / manifest.generation, name)

    def derived(self, manifest: Manifest) -> Path | None:
        """Return where what is derived of a state is kept beside its store, if it was much."""
        kept = self.path / manifest.generation / _DERIVED
        return kept if manifest.generation and kept.is_dir() else None

    @contextmanager
    def reading(self) -> Iterator[Path]:
        """Give a folder for what is read of long tables, on the disk on which the graph stands.

        It is gone when the block ends. The last that a killed load left is taken over by the
        next, with what is in it; others are removed.
        """
        start = f".{self.path.name}-reading-"
        beside = self.path.with_name(f"{start}{os.getpid()}-{uuid4().hex[:8]}")
        left = [
            folder
            for folder in self.path.parent.glob(f"{start}*")
            if (process := folder.name.removeprefix(start).partition("-")[0]).isdigit()
            and not pid_exists(int(process))
        ]
        for folder in sorted(left, key=_changed, reverse=True):
            if not beside.exists():
                # Another load may have been quicker.
                with suppress(OSError):
                    folder.rename(beside)
            shutil.rmtree(folder, ignore_errors=True)
        try:
            with room_on(self.path):
                yield beside
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    @contextmanager
    def change(self) -> Iterator[Staging]:
        """Make a change: what is staged becomes the graph if the block ends without an error.

        Raises
        ------
        Fault
            If another change is under way or the folder cannot hold a graph.
        """
        if self.path.exists() and not self.exists() and any(self._foreign()):
            raise Fault("fault.not-a-graph-folder", path=self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path / _LOCK, timeout=0):
                manifest = self.manifest()
                left = self._clear(manifest)
                staging = Staging(self.path / f".staging-{uuid4().hex[:12]}", self, manifest, left)
                staging.path.mkdir()
                try:
                    with room_on(self.path):
                        yield staging
                        self._commit(staging)
                except BaseException:
                    shutil.rmtree(staging.path, ignore_errors=True)
                    raise
                finally:
                    if left:
                        shutil.rmtree(left, ignore_errors=True)
        except Timeout as reason:
            raise Fault("fault.busy", path=self.path) from reason
        except PermissionError as reason:
            raise Fault("fault.unwritable", path=self.path, reason=reason) from reason

    def _foreign(self) -> Iterator[Path]:
        return (entry for entry in self.path.iterdir() if not entry.name.startswith("."))

    def _clear(self, manifest: Manifest) -> Path | None:
        """Remove what a killed change left, and states older than the one before this.

        Returns the last that was filling a store, of which that and its note are kept.
        """
        left = sorted(self.path.glob(f".staging-*/{_BEGUN}"), key=_changed)
        last = left[-1].parent if left and (left[-1].with_name(_STORE)).is_dir() else None
        for entry in self.path.iterdir():
            state = entry.name.startswith("g") and entry.name[1:].isdigit()
            if entry == last:
                for part in entry.iterdir():
                    if part.is_dir() and part.name != _STORE:
                        shutil.rmtree(part, ignore_errors=True)
            elif entry.name.startswith(".staging-") or (
                state and entry.name != manifest.generation
            ):
                shutil.rmtree(entry, ignore_errors=True)
        return last

    def _commit(self, staging: Staging) -> None:
        number = int(staging.before.generation[1:] or 0) + 1
        generation = f"g{number:06d}"
        os.replace(staging.path, self.path / generation)  # noqa: PTH105
        after = asdict(staging.after) | {"generation": generation}
        written = self.path / f".{MANIFEST}.new"
        with written.open("wb") as stream:
            tomli_w.dump(after, stream)
            stream.flush()
            os.fsync(stream.fileno())
        # The one step that makes the change: before it the old state is the graph, after it the
        # new one.
        written.replace(self.path / MANIFEST)


def _changed(folder: Path) -> float:
    """Return when a folder was changed last; one that is gone meanwhile is the oldest."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _tables_folder(state: Path, name: str) -> Path:
    # In letters that every file system and locale can write.
    return state / "tables" / quote(name, safe="")


class Staging:
    """A change in the making; ``after`` is the manifest that it will have.

    ``left`` is the folder of a change that was killed while it filled a store, if there is one.
    """

    tells_places = False
    parts = ("source",)
    may_start_empty = True

    def __init__(
        self, path: Path, folder: GraphFolder, before: Manifest, left: Path | None = None
    ) -> None:
        self.path = path
        self.before = before
        self.after = before
        self._folder = folder
        self._left = left
        self._begun: Begun | None = None
        self._resumed = False

    def take_over(self, after: Manifest) -> str | None:
        """Go on with the store that the same change was filling when it was killed, if it was.

        Returns when it had begun. The store is gone on with if this change begins one with nothing
        too; what another change left is removed.
        """
        if self._left:
            self._begun = Begun.left(self._left / _BEGUN, _origin(after))
            if not self._begun:
                shutil.rmtree(self._left, ignore_errors=True)
        return self._begun.at if self._begun else None

    @property
    def store(self) -> Path:
        """Where the store of the new state is made."""
        return self.path / _STORE

    def tables(self, name: str) -> Path:
        """Return where the tables of a source are made."""
        return _tables_folder(self.path, name)

    @property
    def derived(self) -> Path:
        """Where what is derived is kept, if it is much."""
        return self.path / _DERIVED

    @property
    def derived_before(self) -> Path | None:
        """Where what was derived of the state before is kept, if it was much."""
        return self._folder.derived(self.before)

    def tables_before(self, name: str) -> Path:
        """Return where the tables of a source are in the state before, if they are there."""
        return self._folder.tables(self.before, name)

    def keep_tables(self, name: str) -> None:
        """Take over the tables of a source that does not change, without copying the bytes."""
        keep_files(self.tables_before(name), self.tables(name))

    def open_store(self, *, empty: bool = False) -> StagedStore:
        """Return the store of the new state: so far a copy of the one before, or ``empty``."""
        from klaster.graph.store.embedded import StagedStore

        if self.before.generation and not empty:
            return StagedStore(self.store, self._folder.store(self.before))
        note = self.path / _BEGUN
        if self._begun and self._left:
            (self._left / _STORE).rename(self.store)
            self._begun.moved(note)
            # What the disk has lost since is filled in anew.
            with suppress(OSError, RuntimeError):
                store = StagedStore(self.store, None, self._begun)
                self._resumed = True
                return store
            self.forget()
        # What is written of the change is of one moment.
        at = max((entry.loaded_at for entry in self.after.sources), default="")
        self._begun = Begun(note, _origin(self.after), at)
        return StagedStore(self.store, None, self._begun)

    @property
    def resumed(self) -> bool:
        """Whether the store was begun by a change that was killed."""
        return self._resumed

    def forget(self) -> None:
        """Remove what was taken over from a killed change, and all that was made of it."""
        self._begun, self._resumed = None, False
        for entry in (self.store, self.derived, self.path / "network"):
            shutil.rmtree(entry, ignore_errors=True)
        (self.path / _BEGUN).unlink(missing_ok=True)


def _origin(manifest: Manifest) -> str:
    """Return what tells apart the text that a store of these sources is filled with."""
    sources = [
        (
            entry.name,
            entry.kind,
            entry.sha256,
            entry.manner,
            entry.loader,
            sorted(entry.rows.items()),
        )
        for entry in manifest.sources
    ]
    # A source of which nobody can tell whether it is the same is read, and loaded, anew.
    known = all(entry.sha256 for entry in manifest.sources)
    return repr((manifest.base, sources)) if known else ""
