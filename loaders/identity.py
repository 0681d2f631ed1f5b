"""The IRIs of things: their own, else by an official identifier, else by the source's key.

An id that is itself an ``http`` or ``https`` IRI, as of everything that came as RDF, is the thing's
IRI: two sources that give the same IRI speak of one thing. For other ids, two sources speak of one
actor where they give the same LEI, STIR or ROR identifier. To join the two ways, write the IRI as
the id in the table, or let the mapping construct the IRI that klaster gives the actor.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import polars as pl

from klaster.loaders.citations import numbers
from klaster.loaders.references import Known, nothing_known, references
from klaster.ontology.tables import Table, tables
from klaster.ontology.terms import code_iri, mint

_ROR = "https://ror.org/"
_DIGITS = 16
_PLAIN = r"^[A-Za-z0-9_.~-]+$"
"""Of an id that is made of these signs alone an IRI has each as it is."""
_OF_A_SOURCE = r"^[\w.-]+:[^/]"


def name_things(
    frames: Mapping[str, pl.DataFrame],
    *,
    base: str,
    source: str,
    elsewhere: Known = nothing_known,
) -> dict[str, pl.DataFrame]:
    """Add ``iri`` to every frame and turn every reference into an IRI.

    An id that is an IRI is kept. Else an actor's IRI rests on its LEI, else STIR, else ROR
    identifier, else the source's key, so that the same firm in two sources is one; a policy's on
    the number and day of its act, where both are known. A record's rests on what it says, so that
    loading a file again changes nothing.
    """
    named = dict(frames)
    for name, frame in frames.items():
        table = tables()[name]
        if "id" in frame.columns:
            named[name] = frame.with_columns(iri=_thing_iri(frame, table, base, source))
        elif name == "codes":
            named[name] = frame.with_columns(iri=_code_iris(frame))
    known = known_things(named)
    for name, frame in named.items():
        resolved = resolve(frame, tables()[name], known, base, elsewhere)
        if "iri" not in resolved.columns:
            keys = record_keys(resolved, tables()[name])
            resolved = resolved.with_columns(record_iris(keys, _copies(keys), tables()[name], base))
        named[name] = resolved
    return named


def known_things(named: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the ids of things with their IRIs (``id``, ``iri``), by table."""
    return {name: frame.select("id", "iri") for name, frame in named.items() if "id" in frame}


def _thing_iri(frame: pl.DataFrame, table: Table, base: str, source: str) -> pl.Series:
    # Nearly all ids stand in an IRI as they are: only the others are looked at one by one.
    plain = pl.col("id").str.contains(_PLAIN)
    keys = frame.filter(~plain)["id"].unique().to_list()
    own = {key: key for key in keys if is_iri(key)}
    local = {key: mint(base, table.prefix, source, key) for key in keys if key not in own}
    given = pl.col("id").replace_strict(own, default=None, return_dtype=pl.String)
    start = pl.lit(mint(base, table.prefix, source) + "/")
    iri = pl.coalesce(
        pl.when(plain).then(start + pl.col("id")),
        pl.col("id").replace_strict(local, default=None, return_dtype=pl.String),
    )
    if table.name == "actors":
        prefix = mint(base, table.prefix)
        iri = pl.coalesce(
            given,
            pl.lit(f"{prefix}/lei/") + pl.col("lei"),
            pl.lit(f"{prefix}/stir/") + pl.col("stir"),
            pl.lit(f"{prefix}/ror/") + pl.col("ror").str.strip_prefix(_ROR),
            iri,
        )
    elif table.name == "policies":
        prefix = mint(base, table.prefix)
        frame = frame.with_columns(act=numbers(frame).str.replace_all("ʻ", ""))
        iri = pl.coalesce(pl.lit(f"{prefix}/act/") + pl.col("act"), iri)
    return frame.select(pl.coalesce(given, iri).alias("iri"))["iri"]


def is_iri(key: str) -> bool:
    """Say whether an id is an ``http`` or ``https`` IRI, by the rules of the store's own parser.

    Examples
    --------
    >>> is_iri("https://example.org/firm/1"), is_iri("https://example.org/firm 1"), is_iri("A1")
    (True, False, False)
    """
    from pyoxigraph import NamedNode

    if not re.match("https?://[^/]", key):
        return False
    try:
        NamedNode(key)
    except ValueError:
        return False
    return True


def _code_iris(frame: pl.DataFrame) -> pl.Series:
    pairs = frame.select("scheme", "code").rows()
    return pl.Series("iri", [code_iri(scheme, code) for scheme, code in pairs], dtype=pl.String)


def resolve(
    frame: pl.DataFrame,
    table: Table,
    known: Mapping[str, pl.DataFrame],
    base: str,
    elsewhere: Known,
) -> pl.DataFrame:
    """Return a table with IRIs in place of the ids of things, here and in other sources.

    What is no id is an IRI already; references of decisions are left as they are.
    """
    resolved = []
    for column in table.columns:
        if not column.refers:
            continue
        cells = references(frame, column).select("reference").unique()
        things = [known[name] for name in column.refers if name in known]
        if not column.beyond and cells["reference"].str.contains(_OF_A_SOURCE).any():
            things = [*map(elsewhere, column.refers), *things]
        found = _irix(cells, things)
        own = found.filter(pl.col("iri").is_null())["reference"]
        if "sources" in column.refers:
            addresses_of = {cell: _address_iri(cell, base) for cell in own}
            own = own.replace_strict(addresses_of, return_dtype=pl.String) if len(own) else own
        rest = found.filter(pl.col("iri").is_null()).with_columns(iri=own)
        whole = pl.concat([found.drop_nulls("iri"), rest])
        turn = pl.element() if column.is_list else pl.col(column.name)
        turned = turn.replace_strict(
            whole["reference"], whole["iri"], default=None, return_dtype=pl.String
        )
        if column.is_list:
            turned = pl.col(column.name).list.eval(turned)
        resolved.append(turned.alias(column.name))
    # All at once, so that columns of millions of rows are turned beside each other.
    return frame.with_columns(resolved)


def _irix(cells: pl.DataFrame, known: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return references with the IRIs of the things of which they are ids, as far as they are.

    Where things of two tables bear one id, the later table counts.
    """
    found = cells.with_columns(iri=pl.lit(None, dtype=pl.String))
    for things in known:
        joined = found.join(things, left_on="reference", right_on=things.columns[0], how="left")
        found = joined.select("reference", iri=pl.coalesce("iri_right", "iri"))
    return found


def _address_iri(address: str, base: str) -> str:
    digest = hashlib.sha256(address.encode()).hexdigest()[:_DIGITS]
    return mint(base, "source", "address", digest)


def addresses(frames: Mapping[str, pl.DataFrame], *, base: str) -> pl.DataFrame:
    """Return the web addresses given in place of sources, with their IRIs (``iri``, ``url``).

    One that is the id of a source is no other source.
    """
    known = set(frames["sources"]["id"]) if "sources" in frames else set()
    found: set[str] = set()
    for name, frame in frames.items():
        for column in tables()[name].columns:
            if "sources" in column.refers:
                cells = references(frame, column)["reference"]
                found |= set(cells.filter(cells.str.contains("^https?://")))
    rows = [
        {"iri": _address_iri(address, base), "url": address} for address in sorted(found - known)
    ]
    return pl.DataFrame(rows, schema={"iri": pl.String, "url": pl.String})


def record_keys(frame: pl.DataFrame, table: Table) -> pl.Series:
    """Return what identifies each record: its references, codes and beginning, not its amounts."""
    identifying = [
        column.name
        for column in table.columns
        if (column.refers or column.codes or column.name in ("valid_from", "year", "quote"))
        and column.name not in ("source", "status", "decision", "reasons")
    ]
    text = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in identifying], separator="\x1f"
    )
    return frame.select(text.alias("key"))["key"]


def record_iris(keys: pl.Series, copies: pl.Series, table: Table, base: str) -> pl.Series:
    """Return the IRIs of records: those that say the same are told apart by their order."""
    prefix = mint(base, quote(table.prefix, safe=""))
    texts = pl.select(pl.concat_str(keys, pl.lit("\x1f"), copies.cast(pl.String))).to_series()
    digest = hashlib.sha256
    # One pass without a call of our own for each: there are millions of records.
    digests = [digest(text).hexdigest()[:_DIGITS] for text in texts.cast(pl.Binary)]
    return pl.select(iri=pl.lit(f"{prefix}/") + pl.Series(digests, dtype=pl.String)).to_series()


def _copies(keys: pl.Series) -> pl.Series:
    """Return how many records before each say the same."""
    if keys.n_unique() == len(keys):
        return pl.zeros(len(keys), pl.Int64, eager=True)
    return keys.to_frame().select(copy=pl.int_range(pl.len()).over("key"))["copy"]
