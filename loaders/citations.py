"""Acts cited by their number where the id of a policy is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from klaster.loaders.raw import RawTable
from klaster.ontology.acts import ActNumber, act_number
from klaster.ontology.faults import CellFault
from klaster.ontology.tables import tables


def with_ids_of_acts(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables with the ids of policies where an act's number stands in their place.

    A number in any of its forms is known where exactly one policy of the source bears it; a day
    beside it tells acts of one number apart. Other cells stay as they are.
    """
    named = dict(frames)
    policies = frames.get("policies")
    if policies is None:
        return named
    ids = set(policies["id"].drop_nulls())
    numbered: dict[ActNumber, list[tuple[str, str]]] = {}
    for key, number, date in policies.select("id", "number", "date").rows():
        if key and number and (act := act_number(number)):
            numbered.setdefault(act, []).append((date or act.adopted, key))
    for name, frame in frames.items():
        for column in tables()[name].columns:
            if column.refers != ("policies",):
                continue
            cited = {
                cell: key
                for cell in frame[column.name].drop_nulls().unique()
                if cell not in ids and (key := _cited(cell, numbered))
            }
            if cited:
                turned = pl.col(column.name).replace(cited)
                named[name] = named[name].with_columns(turned.alias(column.name))
    return named


def _cited(cell: str, numbered: Mapping[ActNumber, Sequence[tuple[str, str]]]) -> str:
    """Return the id of the only policy that a cell cites, or nothing."""
    act = act_number(cell)
    if act is None:
        return ""
    # A policy without a day, or with its year or month alone, may be the one of that day.
    near = numbered.get(act, ())
    found = [key for date, key in near if not act.adopted or act.adopted.startswith(date)]
    return found[0] if len(found) == 1 else ""


def forms(policies: pl.DataFrame) -> list[str]:
    """Return the numbers of the acts among some policies, in every form."""
    acts = [act_number(number) for number in policies["number"].drop_nulls().unique().sort()]
    return [form for act in acts if act for form in act.aliases]


def repeals_of_themselves(
    frames: Mapping[str, pl.DataFrame], raws: Mapping[str, RawTable]
) -> list[CellFault]:
    """Return a fault for each policy that is said to be repealed by itself."""
    if "policies" not in frames:
        return []
    wrong = frames["policies"].filter(pl.col("repealed_by") == pl.col("id"))
    return [
        CellFault(raws["policies"].place, row, "repealed_by", "fault.repeals-itself")
        for row in wrong["row"]
    ]


def numbers(policies: pl.DataFrame) -> pl.Series:
    """Return the canonical number and day of each policy's act (``PF-60/2022-01-28``).

    It is null where the number is none of an Uzbek act or the day is not known.
    """
    found = [
        f"{act}/{day}" if act and len(day := date or act.adopted) == len("2022-01-28") else None
        for number, date in policies.select("number", "date").rows()
        for act in [act_number(number) if number else None]
    ]
    return pl.Series("act", found, dtype=pl.String)
