"""Public registries and data sets that come with a mapping: a file of SQL each, in this folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from klaster.loaders.mapping import SqlMapping, bound, sql_mapping
from klaster.loaders.raw import RawTable


@cache
def registries() -> dict[str, SqlMapping]:
    """Return the mappings by the names under which ``klaster load --as`` knows them."""
    found = {
        entry.name.removesuffix(".sql"): sql_mapping(entry.name, entry.read_text("utf-8"))
        for entry in files("klaster.loaders.registries").iterdir()
        if entry.name.endswith(".sql")
    }
    return dict(sorted(found.items()))


def recognised(raws: Sequence[RawTable]) -> list[str]:
    """Return the registries to which tables belong, by their columns: one, none or several.

    Of those that fit, the ones that read the most columns are meant.
    """
    fitting = {
        name: sum(len(read.columns) for read in mapping.reads if tables_found.get(read.name))
        for name, mapping in registries().items()
        for tables_found in [bound(mapping, raws)]
        if tables_found is not None
    }
    most = max(fitting.values(), default=0)
    return [name for name, columns in fitting.items() if columns == most]
