"""What is given as a source: a path or an address; what it is, what to call it, whether it changed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from klaster.loaders.cells import (
    format_suffix,
    refuse_what_is_no_file,
    shown,
    table_stem,
    unreadable,
)
from klaster.loaders.databases.database import address_without_secrets, database_name, is_database
from klaster.loaders.networks.files import NETWORK_FILES
from klaster.loaders.rdf.files import rdf_suffix
from klaster.loaders.table_files import ARCHIVE, TABLE_FILES, table_files
from klaster.loaders.workbook import WORKBOOKS
from klaster.ontology.faults import Fault
from klaster.ontology.protocol import is_endpoint


def is_address(source: str | Path) -> bool:
    """Say whether a source is not a path but the address of a database or an endpoint."""
    return "://" in str(source) or str(source).lower().startswith(("sqlite:", "duckdb:"))


def source_kind(source: str | Path) -> str:
    """Return what a source is.

    One of ``workbook``, ``folder``, ``archive``, ``file`` (which holds one table), ``rdf``,
    ``network``, ``database`` and ``endpoint``.

    Raises
    ------
    Fault
        If the path leads nowhere or to something else.
    """
    text = str(source)
    if is_endpoint(text):
        return "endpoint"
    if is_database(text):
        return "database"
    path = Path(source)
    try:
        if path.is_dir():
            return "folder"
        if not path.exists():
            raise Fault("fault.not-there", path=shown(path))
    except (OSError, ValueError) as reason:
        raise unreadable(path, reason) from reason
    kind = "rdf" if rdf_suffix(path) else _KINDS.get(format_suffix(path))
    if not kind:
        raise Fault("fault.kind", path=shown(path))
    refuse_what_is_no_file(path)
    return kind


_KINDS = {
    **dict.fromkeys(WORKBOOKS, "workbook"),
    **dict.fromkeys(TABLE_FILES, "file"),
    **dict.fromkeys(NETWORK_FILES, "network"),
    ARCHIVE: "archive",
}


def source_name(source: str | Path) -> str:
    """Return the name under which a source is kept, made simple.

    That is the name of its file or database, or the host of an endpoint.

    Examples
    --------
    >>> source_name(Path("data/Klaster 2024.xlsx")), source_name("https://data.example/sparql")
    ('klaster-2024', 'data.example')
    """
    text = str(source)
    if is_endpoint(text):
        found = urlsplit(text).hostname or ""
    elif is_address(text):
        found = database_name(text)
    else:
        found = shown(table_stem(Path(source).resolve()))
    return re.sub(r"[^\w.-]+", "-", found.casefold()).strip("-.") or "source"


def source_place(source: str | Path) -> str:
    """Return what is kept and shown of where a source is: a full path, an address without secrets."""
    text = str(source)
    if is_endpoint(text):
        return re.sub(r"^(\w+://)[^/]*@", r"\1", text.partition("?")[0])
    return address_without_secrets(text) if is_address(text) else str(Path(source).resolve())


def fingerprint(source: str | Path) -> str:
    """Return the SHA-256 of a file, or of all table files in a folder, with their names.

    What stands behind an address is known only once it is read; for it, nothing is returned.
    """
    if is_address(source):
        return ""
    path = Path(source)
    if not path.is_dir():
        return _sha256(path)
    lines = [f"{shown(file.name)} {_sha256(file)}\n" for file in table_files(path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    refuse_what_is_no_file(path)
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as reason:
        raise unreadable(path, reason) from reason
