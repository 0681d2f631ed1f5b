"""Countries as sources write them: by two letters, three letters, a number or a name."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import polars as pl

from klaster.ontology.codes import codes
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
    found: dict[str, str] = {}
    for code, entry in codes("country").items():
        for spelling in (code, *entry.labels.values()):
            found[fold(spelling)] = code
    path = files("klaster.loaders.registries").joinpath("country.csv")
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            number = row["numeric"]
            for spelling in (row["alpha3"], number, number.zfill(3), *row["also"].split(";")):
                if spelling:
                    found.setdefault(fold(spelling), row["code"])
    return pl.DataFrame(sorted(found.items()), schema=["spelling", "code"], orient="row")
