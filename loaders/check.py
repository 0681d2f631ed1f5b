"""The cells of a table, checked and typed: every fault is found before anything is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

import polars as pl
from rapidfuzz import process

from klaster.loaders.citations import numbers
from klaster.loaders.raw import RawTable
from klaster.ontology.codes import spellings
from klaster.ontology.faults import CellFault
from klaster.ontology.labels import LANGUAGES, phrase_words, term_words
from klaster.ontology.names import fold
from klaster.ontology.periods import day, first_day, first_day_after
from klaster.ontology.tables import Column, Table, tables
from klaster.ontology.terms import CODE, KL, code_iri

_YES: Final = frozenset({"true", "1", "yes", "да", "ha"})
_NO: Final = frozenset({"false", "0", "no", "нет", "yo'q"})
_OF_A_SOURCE: Final = r"^[\w.-]+:"
"""In a decision the name of a source may stand before an id."""
_PERSONAL: Final = r"^(?:[\w.-]+:)?[0-9][0-9 \-]{12,}[0-9]$"
_NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_ISO_REGION: Final = re.compile("[A-Z]{2}-[A-Z0-9]{1,3}")
# A suggestion further off than this would mislead more than help.
_NEAR: Final = 75


@dataclass(frozen=True)
class CheckedTable:
    """A table after checking: the typed frame, the faults, and what was left aside."""

    frame: pl.DataFrame
    faults: list[CellFault]
    unread_columns: tuple[str, ...]


def nearest(found: str, known: list[str]) -> str:
    """Return the known spelling nearest to the one found, or nothing where none is near."""
    best = process.extractOne(found, known, score_cutoff=_NEAR)
    return best[0] if best else ""


OwnCodes = Mapping[str, Mapping[str, str]]
"""The codes that a source brings itself: lists by name, each from spelling (folded) to code."""
# A code that the bundled lists know by what it does (a kind, a role) means nothing if it is new.
_EXTENDED: Final = frozenset({"country"})


def own_codes(raw: RawTable) -> OwnCodes:
    """Return the codes of a source's own table of codes that its other tables may hold.

    A country that is no more, or a group of countries, is such a code.
    """
    names, _, _ = match_headers(raw, tables()["codes"])
    spelled = [names[name] for name in _SPELLED if name in names]
    found: dict[str, dict[str, str]] = {scheme: {} for scheme in _EXTENDED}
    if "scheme" not in names or "code" not in names:
        return found
    own = raw.frame.filter(pl.col(names["scheme"]).is_in(list(_EXTENDED)))
    for scheme, code, *spellings_of_code in own.select(
        names["scheme"], names["code"], *spelled
    ).rows():
        for spelling in (code, *spellings_of_code):
            if code and spelling:
                found[scheme].setdefault(fold(spelling), code)
    return found


_SPELLED: Final = ("name", "name_en", "name_ru", "name_uz")


def check_table(raw: RawTable, table: Table, own: OwnCodes | None = None) -> CheckedTable:
    """Check one table by itself: columns, cells, codes, dates, keys. References come later.

    ``own`` are the codes that the source brings beside the bundled lists. The frame has every
    column of the table (null where the source has none), ``row`` and ``locator``. A cell with a
    fault is null in it.
    """
    names, faults, unread = match_headers(raw, table)
    frame = raw.frame.select(
        "row",
        *(
            pl.col(names[column.name]).alias(column.name)
            if column.name in names
            else pl.lit(None, dtype=pl.String).alias(column.name)
            for column in table.columns
        ),
    )
    if table.name in ("actors", "matches"):
        frame, refused = _refuse_personal_numbers(frame, raw, table)
        faults += refused
    # No column's cells depend on another's: two cores take a column each.
    with ThreadPoolExecutor() as beside:
        typed = beside.map(
            lambda column: _typed(frame.select("row", column.name), raw, column, own or {}),
            table.columns,
        )
        columns = []
        for column, (cells, found) in zip(table.columns, typed, strict=True):
            if column.name not in names:
                if column.required:
                    faults.append(CellFault(raw.place, 1, column.name, "fault.missing-column"))
            elif column.required:
                faults += _missing_cells(frame, raw, column, faults)
            faults += found
            columns.append(cells[column.name])
    frame = frame.with_columns(columns)
    faults += _repeated_keys(frame, raw, table)
    faults += _ids_of_the_ontology(frame, raw)
    faults += _periods(frame, raw)
    return CheckedTable(_located(frame, raw), faults, unread)


def _located(frame: pl.DataFrame, raw: RawTable) -> pl.DataFrame:
    """Add where each row stands, or where what it was made from stands."""
    own = pl.concat_str(pl.lit(f"{raw.locator}!"), pl.col("row").cast(pl.String))
    if raw.origins is None:
        return frame.with_columns(locator=own)
    found = raw.origins.select("row", "locator")
    located = frame.join(found, on="row", how="left", maintain_order="left")
    return located.with_columns(pl.col("locator").fill_null(own))


def match_headers(
    raw: RawTable, table: Table
) -> tuple[dict[str, str], list[CellFault], tuple[str, ...]]:
    """Find which header is which column, by its name or the ontology's label of it."""
    accepted: dict[str, str] = {}
    for column in table.columns:
        if column.term in TERMS_OF_ONE_COLUMN[table.name]:
            words = term_words(column.term)
            accepted |= {fold(words[language]): column.name for language in LANGUAGES}
    accepted |= {fold(column.name): column.name for column in table.columns}
    names: dict[str, str] = {}
    faults = [CellFault(raw.place, 1, header, "fault.repeated-column") for header in raw.repeated]
    unread = []
    for header in raw.frame.columns[1:]:
        name = accepted.get(fold(header))
        if name and name in names:
            faults.append(CellFault(raw.place, 1, header, "fault.repeated-column"))
        elif name:
            names[name] = header
        else:
            near = process.extractOne(fold(header), list(accepted), score_cutoff=85)
            if near:
                values: dict[str, object] = {"nearest": accepted[near[0]]}
                faults.append(CellFault(raw.place, 1, header, "fault.unknown-column", values))
            else:
                unread.append(header)
    return names, faults, tuple(unread)


def _terms_of_one_column(table: Table) -> frozenset[str]:
    terms = [column.term for column in table.columns]
    ours = "https://w3id.org/klaster/ontology#"
    return frozenset(term for term in terms if term.startswith(ours) and terms.count(term) == 1)


TERMS_OF_ONE_COLUMN: Final = {
    table.name: _terms_of_one_column(table) for table in tables().values()
}


def _refuse_personal_numbers(
    frame: pl.DataFrame, raw: RawTable, table: Table
) -> tuple[pl.DataFrame, list[CellFault]]:
    """Null every cell that looks like a PINFL, so that no later step can show or store it."""
    faults = []
    for column in table.columns:
        if column.type != "string":
            continue
        looking = frame.filter(pl.col(column.name).str.contains(_PERSONAL))
        digits = pl.col(column.name).str.replace(_OF_A_SOURCE, "").str.replace_all("[^0-9]", "")
        rows = looking.filter(digits.str.len_chars() == 14)["row"]
        faults += [CellFault(raw.place, row, column.name, "fault.personal") for row in rows]
        if len(rows):
            frame = frame.with_columns(
                pl.when(~pl.col("row").is_in(rows.implode())).then(column.name).alias(column.name)
            )
    return frame, faults


def _missing_cells(
    frame: pl.DataFrame, raw: RawTable, column: Column, known: list[CellFault]
) -> list[CellFault]:
    """Return the empty cells of a required column that are not refused for another reason."""
    refused = {fault.row for fault in known if fault.column == column.name}
    return [
        CellFault(raw.place, row, column.name, "fault.missing-cell")
        for row in frame.filter(pl.col(column.name).is_null())["row"]
        if row not in refused
    ]


def _typed(
    frame: pl.DataFrame, raw: RawTable, column: Column, own: OwnCodes
) -> tuple[pl.DataFrame, list[CellFault]]:
    """Turn the text of one column into its type."""
    if column.is_list:
        frame = frame.with_columns(
            pl.col(column.name)
            .str.split(";")
            .list.eval(pl.element().str.strip_chars())
            .list.eval(pl.element().filter(pl.element() != ""))
            .alias(column.name)
        )
    if column.codes:
        return _coded(frame, raw, column, own)
    turn = _TYPES.get(column.type)
    if turn:
        return turn(frame, raw, column)
    if column.pattern:
        return frame, _misshapen(frame, raw, column)
    return frame, []


def _faulty(
    frame: pl.DataFrame, raw: RawTable, column: Column, wrong: pl.Expr, key: str, **values: object
) -> list[CellFault]:
    """Return a fault for each row in which ``wrong`` holds."""
    rows = frame.filter(wrong).select("row", column.name).rows()
    return [
        CellFault(raw.place, row, column.name, key, {"found": str(found), **values})
        for row, found in rows
    ]


def _lei_holds(lei: str) -> bool:
    """Say whether the check digits of a LEI are right (ISO 17442, ISO 7064 MOD 97-10)."""
    return int("".join(str(int(sign, 36)) for sign in lei)) % 97 == 1


def _ror_holds(ror: str) -> bool:
    """Say whether the check digits of a ROR identifier are right.

    The part before them is a number in Crockford's base 32.
    """
    key = ror.removeprefix("https://ror.org/")
    number = 0
    for sign in key[:-2]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(sign)
    return 98 - number * 100 % 97 == int(key[-2:])


_CHECK_DIGITS: Final = {"lei": _lei_holds, "ror": _ror_holds}


def _misshapen(frame: pl.DataFrame, raw: RawTable, column: Column) -> list[CellFault]:
    wrong = ~pl.col(column.name).str.contains(f"^(?:{column.pattern})$")
    faults = _faulty(frame, raw, column, wrong, "fault.pattern", pattern=column.pattern)
    holds = _CHECK_DIGITS.get(column.name)
    if holds:
        shaped = frame.filter(~wrong)[column.name].drop_nulls().unique()
        mistyped = [text for text in shaped if not holds(text)]
        wrong = pl.col(column.name).is_in(mistyped)
        faults += _faulty(frame, raw, column, wrong, "fault.checksum")
    return faults


def _numeric(
    frame: pl.DataFrame, raw: RawTable, column: Column
) -> tuple[pl.DataFrame, list[CellFault]]:
    cell, number = pl.col(column.name), pl.col("number")
    shaped = pl.when(cell.str.contains(_NUMBER)).then(cell).otherwise(None)
    # Read once: each question below would read all cells again.
    read = frame.with_columns(number=shaped.cast(pl.Float64))
    faults = _faulty(read, raw, column, cell.is_not_null() & number.is_null(), "fault.number")
    if column.type in ("integer", "year"):
        broken = number.is_not_null() & (number != number.round())
        faults += _faulty(read, raw, column, broken, f"fault.{column.type}")
        number = pl.when(number == number.round()).then(number).otherwise(None)
    low = -float("inf") if column.minimum is None else column.minimum
    high = float("inf") if column.maximum is None else column.maximum
    if column.type == "year":
        low, high = 1000, 2999
    elif column.type == "integer":
        # More could not be kept to the digit.
        high = min(high, 2.0**53)
    inside = number.is_between(low, high)
    limits = {"minimum": _limit(low), "maximum": _limit(high)}
    faults += _faulty(read, raw, column, ~inside, "fault.range", **limits)
    whole = pl.Int64 if column.type in ("integer", "year") else pl.Float64
    kept = pl.when(inside).then(number).otherwise(None).cast(whole)
    return read.select("row", kept.alias(column.name)), faults


def _limit(value: float) -> str:
    return "∞" if value == float("inf") else f"{value:g}"


def _dated(
    frame: pl.DataFrame, raw: RawTable, column: Column
) -> tuple[pl.DataFrame, list[CellFault]]:
    """Check dates; a year or a month alone stays as it was written (see ``period``)."""
    cell = pl.col(column.name)
    # Of millions of cells few dates differ.
    written = frame.select(cell).drop_nulls().unique()
    good = (
        cell.str.contains(r"^[0-9]{4}$")
        | (cell.str.contains(r"^[0-9]{4}-[0-9]{2}$") & day(cell + "-01").is_not_null())
        | (cell.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$") & day(cell).is_not_null())
    )
    bad = written.filter(~good)[column.name]
    if bad.is_empty():
        return frame, []
    faults = _faulty(frame, raw, column, cell.is_in(bad.implode()), "fault.date")
    kept = pl.when(~cell.is_in(bad.implode())).then(cell)
    return frame.with_columns(kept.alias(column.name)), faults


def _periods(frame: pl.DataFrame, raw: RawTable) -> list[CellFault]:
    if "valid_from" not in frame.columns:
        return []
    both = frame.drop_nulls(["valid_from", "valid_to"])
    wrong = both.filter(first_day_after("valid_to") <= first_day("valid_from"))
    return [
        CellFault(raw.place, row, "valid_to", "fault.period", {"start": start, "to": to})
        for row, start, to in wrong.select("row", "valid_from", "valid_to").rows()
    ]


def _boolean(
    frame: pl.DataFrame, raw: RawTable, column: Column
) -> tuple[pl.DataFrame, list[CellFault]]:
    meanings = {
        found: True if fold(found) in _YES else False if fold(found) in _NO else None
        for found in frame[column.name].drop_nulls().unique()
    }
    strange = [found for found, meaning in meanings.items() if meaning is None]
    faults = _faulty(frame, raw, column, pl.col(column.name).is_in(strange), "fault.boolean")
    typed = pl.col(column.name).replace_strict(meanings, default=None, return_dtype=pl.Boolean)
    return frame.with_columns(typed.alias(column.name)), faults


def _coded(
    frame: pl.DataFrame, raw: RawTable, column: Column, own: OwnCodes
) -> tuple[pl.DataFrame, list[CellFault]]:
    """Turn codes and labels into codes.

    A column with one list holds bare codes; a column that mixes lists, or lists and ids, holds
    IRIs where a list knew the cell, and the cell itself where it may still be an id.
    """
    cells = frame[column.name].explode() if column.is_list else frame[column.name]
    meanings: dict[str, str | None] = {}
    for found in cells.drop_nulls().unique():
        meanings[found] = meaning_of(found, column, own)
    nowhere = {cell for cell, known in meanings.items() if known is None}
    unknown = set() if column.refers else nowhere
    faults = _unknown_codes(frame, raw, column, unknown)
    known = {cell: meaning or cell for cell, meaning in meanings.items() if cell not in unknown}
    turn = pl.element() if column.is_list else pl.col(column.name)
    typed = turn.replace_strict(known, default=None, return_dtype=pl.String)
    if column.is_list:
        typed = pl.col(column.name).list.eval(typed)
    return frame.with_columns(typed.alias(column.name)), faults


def meaning_of(found: str, column: Column, own: OwnCodes = MappingProxyType({})) -> str | None:
    """Return the code that a cell stands for, or its IRI where the column mixes lists, or nothing."""
    mixed = len(column.codes) > 1 or bool(column.refers)
    for scheme in column.codes:
        written = fold(_code_in(scheme, found))
        code = spellings(scheme).get(written) or own.get(scheme, {}).get(written)
        if code is None and scheme == "region" and _foreign_region(found):
            code = found
        if code is not None:
            return code_iri(scheme, code) if mixed else code
    return None


def _code_in(scheme: str, found: str) -> str:
    """Return the code that a code's IRI ends with, or the cell as it is."""
    start = code_iri(scheme, "")
    return unquote(found.removeprefix(start)) if found.startswith(start) else found


def _foreign_region(found: str) -> bool:
    """Say whether a cell is the ISO 3166-2 code of a region outside the bundled list."""
    return bool(_ISO_REGION.fullmatch(found)) and not found.startswith("UZ-")


def _unknown_codes(
    frame: pl.DataFrame, raw: RawTable, column: Column, unknown: set[str]
) -> list[CellFault]:
    if not unknown:
        return []
    known = {
        spelling: code for scheme in column.codes for spelling, code in spellings(scheme).items()
    }
    choices = list(known)
    near = {found: known.get(nearest(fold(found), choices), "") for found in unknown}
    cells = frame.select("row", column.name)
    if column.is_list:
        cells = cells.explode(column.name)
    return [
        CellFault(
            raw.place,
            row,
            column.name,
            "fault.unknown-code",
            {
                "found": found,
                "scheme": ", ".join(column.codes),
                "nearest": nearest_words(near[found]),
            },
        )
        for row, found in cells.filter(pl.col(column.name).is_in(list(unknown))).rows()
    ]


def nearest_words(near: str) -> Mapping[str, str] | str:
    """Return the words that offer a suggestion, or nothing where there is none."""
    return phrase_words("fault.nearest", nearest=near) if near else ""


def _repeated_keys(frame: pl.DataFrame, raw: RawTable, table: Table) -> list[CellFault]:
    keys = [table.key] if table.key else []
    if table.name == "actors":
        keys += ["stir", "lei", "ror"]
    faults = [fault for key in keys for fault in _repeated(frame, raw, key)]
    if table.name == "policies":
        acts = frame.select("row", numbers(frame).alias("number"))
        faults += _repeated(acts, raw, "number")
    if table.composite:
        whole = pl.concat_str(table.composite, separator=" / ").alias(table.composite[-1])
        faults += _repeated(frame.select("row", whole), raw, table.composite[-1])
    return faults


def _ids_of_the_ontology(frame: pl.DataFrame, raw: RawTable) -> Iterator[CellFault]:
    """Yield the ids that are IRIs of klaster's terms or codes: what is said would change these."""
    if "id" not in frame.columns:
        return
    ours = pl.col("id").str.starts_with(KL.rstrip("#")) | pl.col("id").str.starts_with(CODE)
    for row, found in frame.filter(ours).select("row", "id").rows():
        yield CellFault(raw.place, row, "id", "fault.own-iri", {"found": found})


def _repeated(frame: pl.DataFrame, raw: RawTable, key: str) -> Iterator[CellFault]:
    again = (
        frame.select("row", key)
        .filter(pl.col(key).is_not_null())
        .with_columns(first=pl.col("row").first().over(key))
        .filter(pl.col("row") != pl.col("first"))
    )
    # Rows made from others are told by what they were made from.
    origins = {} if raw.origins is None else dict(raw.origins.select("row", "locator").rows())
    for row, found, number in again.rows():
        first = origins.get(number, number)
        yield CellFault(raw.place, row, key, "fault.duplicate", {"found": found, "first": first})


_Turn = Callable[[pl.DataFrame, RawTable, Column], tuple[pl.DataFrame, list[CellFault]]]
_TYPES: Final[dict[str, _Turn]] = {
    "number": _numeric,
    "integer": _numeric,
    "year": _numeric,
    "date": _dated,
    "boolean": _boolean,
}
