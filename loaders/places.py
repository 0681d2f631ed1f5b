"""Countries and regions as sources write them: by codes, numbers and names."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import polars as pl

from klaster.ontology.codes import spellings
from klaster.ontology.names import fold


@cache
def country_spellings() -> pl.DataFrame:
    """Return every known spelling of a country in small letters, with its code.

    A mapping reads it as ``klaster.country (spelling, code)``.

    Examples
    --------
    >>> known = dict(country_spellings().rows())
    >>> known["uzb"], known["860"], known["viet nam"], known["el"], known["узбекистан"]
    ('UZ', 'UZ', 'VN', 'GR', 'UZ')
    """
    return _spellings("country")


@cache
def region_spellings() -> pl.DataFrame:
    """Return every known spelling of a bundled region in small letters, with its code.

    A mapping reads it as ``klaster.region (spelling, code)``. A city that gave its name to the
    region around it is meant by the name alone.

    Examples
    --------
    >>> known = dict(region_spellings().rows())
    >>> known["xorazm region"], known["fergana"], known["tashkent"], known["tashkent region"]
    ('UZ-XO', 'UZ-FA', 'UZ-TK', 'UZ-TO')
    """
    return _spellings("region")


def _spellings(scheme: str) -> pl.DataFrame:
    """Return what the labels of a code list and the file beside the mappings accept."""
    found = dict(spellings(scheme))
    path = files("klaster.loaders.registries").joinpath(f"{scheme}.csv")
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            for spelling in _written(row):
                found.setdefault(fold(spelling), row["code"])
    return pl.DataFrame(sorted(found.items()), schema=["spelling", "code"], orient="row")


def _written(row: dict[str, str]) -> Iterator[str]:
    number = row.get("numeric", "")
    for spelling in (row.get("alpha3", ""), number, number.zfill(3), *row["also"].split(";")):
        if spelling.strip("0"):
            yield spelling
